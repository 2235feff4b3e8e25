//! What a training run leaves.

use jem_core::arrays::Arrays;
use jem_core::random::{At, Stream};
use jem_core::results;
use tch::Tensor;

use super::Course;
use crate::jem::{Chains, to_host};

/// A result file: its name and its bytes.
pub type File = (&'static str, Vec<u8>);

impl Course {
    /// The result files of a training that is over, by name; none while it
    /// goes on. A training that diverged for good leaves no weights.
    ///
    /// # Errors
    /// When a file cannot be written as JSON or arrays, which is a fault.
    pub fn results(&self) -> Result<Vec<File>, Box<dyn std::error::Error>> {
        let Some(outcome) = self.outcome() else { return Ok(Vec::new()) };
        let mut files = vec![
            (results::SPEC, serde_json::to_vec_pretty(&(self.spec(), self.seed()))?),
            (results::EPOCHS, serde_json::to_vec_pretty(self.epochs())?),
            (results::OUTCOME, serde_json::to_vec_pretty(outcome)?),
        ];
        if !outcome.diverged() {
            let trainer = self.trainer();
            files.push((results::WEIGHTS, trainer.evaluated().to_arrays().to_bytes()?));
            // Of 0 Langevin steps the buffer holds noise, no samples.
            if let Some(chains) = trainer.chains().filter(|_| self.spec().runs_chains()) {
                let sample = buffer_sample(chains, self.seed(), self.spec().replay_buffer.kept());
                files.push((results::BUFFER, sample.to_bytes()?));
            }
        }
        Ok(files)
    }
}

/// `kept` of the buffer's chains, or all, chosen by the stream `kept samples`,
/// never by their energy or looks; and their classes, where they have any.
fn buffer_sample(chains: &Chains, seed: u64, kept: u64) -> Arrays {
    let states = chains.buffer().chains();
    let stream = Stream::new(seed, "kept samples");
    let rows = stream.distinct(At::step(0), kept as usize, states.size()[0] as usize);
    let chosen = Tensor::from_slice(&rows).to_device(states.device());
    let (shape, data) = to_host(&states.index_select(0, &chosen));
    let mut arrays = Arrays::default();
    arrays.insert_f32("samples", &shape, data);
    if let Some(classes) = chains.classes() {
        arrays.insert_i64("classes", rows.iter().map(|&row| classes[row as usize]).collect());
    }
    arrays
}
