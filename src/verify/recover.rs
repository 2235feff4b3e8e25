//! What a run of the store was asked, read back from its results.

use std::path::Path;

use jem_core::dataset::{Source, Split, expected_digests};
use jem_core::digest::Digest;
use jem_core::results::{EVALUATE, SPEC};
use jem_core::spec::{Checkpoints, Device, Evaluate, Resources, Spec, Training};
use jem_core::store::{Manifest, Store};

/// What a run was asked.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// What was trained.
    pub training: Training,
    /// What was measured, of an evaluation.
    pub evaluate: Option<Evaluate>,
    /// What it ran on.
    pub resources: Resources,
    /// The trial's seed.
    pub seed: u64,
}

/// Why a run cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrecoverable {
    /// A result that says what was asked is missing or unreadable.
    #[error("what it was asked cannot be read: {0}")]
    Results(String),
    /// What was read back has another id.
    #[error("what it was asked is of another version of the spec")]
    OtherId,
    /// An environment that this version does not make.
    #[error("its environment `{0}` is not one that this version makes")]
    Environment(String),
    /// Data that are named from the experiment's folder.
    #[error(
        "it reads files of the user's own, which only the experiment's file says where to find"
    )]
    OwnFiles,
    /// A set that the catalogue does not have.
    #[error("{0}")]
    Data(String),
}

/// Names and digests of data files, in the order read.
pub type DataFiles = Vec<(String, Digest)>;

/// What the training run, and the evaluation of it where one is given, were
/// asked.
///
/// # Errors
/// When it cannot be read back, or does not have the ids of the manifests.
pub fn recover(
    store: &Store,
    training: &Manifest,
    evaluation: Option<&Manifest>,
) -> Result<Recovered, Unrecoverable> {
    let (spec, seed): (Training, u64) = json(store, training, SPEC)?;
    let evaluate = evaluation.map(|run| json::<Evaluate>(store, run, EVALUATE)).transpose()?;
    let resources = resources(&training.parts.environment)?;
    let recovered = Recovered { training: spec, evaluate, resources, seed };
    let same = match (recovered.spec(), evaluation) {
        (Some(spec), Some(run)) => {
            spec.trial_id(seed) == training.trial && Some(spec.eval_id(seed)) == run.eval
        }
        // Without its evaluation only the seed can be checked.
        _ => seed == training.seed,
    };
    if same { Ok(recovered) } else { Err(Unrecoverable::OtherId) }
}

fn json<T: serde::de::DeserializeOwned>(
    store: &Store,
    run: &Manifest,
    name: &str,
) -> Result<T, Unrecoverable> {
    let bytes = store.result(run, name).map_err(|e| Unrecoverable::Results(e.to_string()))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Unrecoverable::Results(format!("`{name}` of run {}: {e}", run.run.short())))
}

/// The resources with this environment key.
fn resources(environment: &str) -> Result<Resources, Unrecoverable> {
    let unknown = || Unrecoverable::Environment(environment.to_owned());
    let word = |name: &str| environment.split(' ').find_map(|word| word.strip_prefix(name));
    let threads = word("threads=").and_then(|n| n.parse().ok()).ok_or_else(unknown)?;
    let device = match word("device=") {
        Some("cpu") => Device::Cpu,
        Some("cuda") => Device::Cuda,
        _ => return Err(unknown()),
    };
    let checkpoints = Checkpoints { steps: None, seconds: None, kept: 1 };
    let resources = Resources { device, threads, timeout: None, checkpoints };
    if resources.environment_key() == environment { Ok(resources) } else { Err(unknown()) }
}

impl Recovered {
    /// All of it as a spec; none without an evaluation.
    pub fn spec(&self) -> Option<Spec> {
        Some(Spec {
            training: self.training.clone(),
            evaluate: self.evaluate.clone()?,
            resources: self.resources,
        })
    }

    /// The data files that training and evaluation read, as they are now:
    /// those of catalogue sets, in the data folder `folder`.
    ///
    /// # Errors
    /// When some are files of the user's own, or a set is not known.
    pub fn data(&self, folder: &Path) -> Result<(DataFiles, DataFiles), Unrecoverable> {
        let digests = |source: &Source, split| match source {
            Source::Files(_) => Err(Unrecoverable::OwnFiles),
            Source::Catalogue(_) | Source::Reshaped(_) => expected_digests(source, split, folder)
                .map_err(|error| Unrecoverable::Data(error.to_string())),
        };
        let data = &self.training.data;
        let mut training = Vec::new();
        for source in data.sources() {
            training.extend(digests(source, Split::Train)?);
        }
        let mut evaluation = digests(&data.train, Split::Test)?;
        for source in self.evaluate.iter().flat_map(Evaluate::sources) {
            evaluation.extend(digests(source, Split::Test)?);
        }
        if let Some(asked) = self.evaluate.as_ref().and_then(Evaluate::inception) {
            if asked.path.is_some() {
                return Err(Unrecoverable::OwnFiles);
            }
            evaluation.extend(asked.digests(folder, Path::new("")));
        }
        Ok((training, evaluation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_read_back_only_where_it_gives_the_same_key() {
        let key = "device=cuda threads=2 isa=avx2 precision=f32";
        assert!(
            resources(key).is_ok_and(|found| found.threads == 2 && found.device == Device::Cuda)
        );
        for other in ["", "device=tpu threads=1", &key.replace("avx2", "avx512")] {
            assert!(resources(other).is_err(), "{other}");
        }
    }
}
