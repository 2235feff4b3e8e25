//! The data a worker has read, kept from trial to trial.

use std::collections::HashMap;
use std::rc::Rc;

use jem_core::dataset::{LabelledImages, Loaded, Source, Split, load};
use jem_core::digest::Digest;
use jem_core::event::{FailureClass, Job};

use super::Failure;

/// Sets by source and split.
#[derive(Default)]
pub struct Inputs {
    sets: HashMap<(String, Split), Rc<Loaded>>,
}

impl Inputs {
    /// The set that `job` names as `source`, read on first use, its digests
    /// appended to `seen`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn get(
        &mut self,
        job: &Job,
        source: &Source,
        split: Split,
        seen: &mut Vec<(String, Digest)>,
    ) -> Result<Rc<Loaded>, Failure> {
        let source = source.based_on(&job.base);
        let key = (serde_json::to_string(&source)?, split);
        if !self.sets.contains_key(&key) {
            let loaded = Rc::new(load(&job.data, &source, split)?);
            self.sets.insert(key.clone(), loaded);
        }
        let loaded = Rc::clone(&self.sets[&key]);
        seen.extend(loaded.digests.iter().cloned());
        Ok(loaded)
    }
}

/// The data read must be the data that the run's id was made of.
///
/// # Errors
/// When a digest differs: a file changed since the plan was made.
pub fn same_data(planned: &[(String, Digest)], seen: &[(String, Digest)]) -> Result<(), Failure> {
    if planned == seen {
        return Ok(());
    }
    let differs = seen.iter().find(|file| !planned.contains(file));
    let name = differs.map_or("a file", |(name, _)| name.as_str());
    let message = format!("{name} changed after the run was planned; start the same command again");
    Err(Failure::new(FailureClass::BadInput, message))
}

/// The first `limit` examples of `set` (all, if unset).
pub fn first(set: &LabelledImages, limit: Option<u64>) -> LabelledImages {
    let n = limit.map_or(set.len(), |limit| set.len().min(limit as usize));
    let size: usize = set.shape.iter().product();
    LabelledImages {
        pixels: set.pixels[..n * size].to_vec(),
        labels: set.labels[..n].to_vec(),
        ..*set
    }
}
