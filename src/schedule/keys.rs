//! What each trial's runs are called, and which of them are done.

use std::collections::HashMap;
use std::path::Path;

use jem_core::dataset::{DatasetError, Source, Split, expected_digests};
use jem_core::digest::Digest;
use jem_core::id::RunParts;
use jem_core::plan::{Plan, Trial};
use jem_core::provenance::Fingerprints;
use jem_core::results::Outcome;
use jem_core::spec::{OodSet, Spec};
use jem_core::store::{Manifest, Store, StoreError};
use rayon::prelude::*;

/// The parts of both runs of a trial.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// Of the training run.
    pub training: RunParts,
    /// Of the evaluation run.
    pub evaluation: RunParts,
}

/// Where a trial stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing is known of it.
    New,
    /// It is trained, and will only be evaluated.
    Trained,
    /// It is done.
    Cached,
    /// It is done: it diverged.
    Diverged,
}

/// Names the runs of trials: what they rest on beside the trial itself.
pub struct Keys<'a> {
    plan: &'a Plan,
    fingerprints: Fingerprints,
    data: &'a Path,
    /// Digests by source and split; reading them for every trial would hash a
    /// user's own files thousands of times.
    digests: HashMap<String, Vec<(String, Digest)>>,
    /// Whether every trial reads the same data, as it does unless `data` or
    /// `evaluate` is swept.
    shared: Option<DataDigests>,
}

#[derive(Clone, Debug)]
struct DataDigests {
    training: Vec<(String, Digest)>,
    evaluation: Vec<(String, Digest)>,
}

impl<'a> Keys<'a> {
    /// Looks up the digests of all data that the plan's trials read.
    ///
    /// # Errors
    /// When a file of the user's own cannot be read.
    pub fn new(
        plan: &'a Plan,
        fingerprints: Fingerprints,
        data: &'a Path,
    ) -> Result<Self, DatasetError> {
        let mut keys = Self { plan, fingerprints, data, digests: HashMap::new(), shared: None };
        let sweeps_data =
            |path: &String| path.starts_with("data.") || path.starts_with("evaluate.");
        if plan.axes.iter().any(sweeps_data) {
            for trial in &plan.trials {
                keys.look_up(&plan.spec_of(trial))?;
            }
        } else if let Some(trial) = plan.trials.first() {
            keys.shared = Some(keys.look_up(&plan.spec_of(trial))?);
        }
        Ok(keys)
    }

    /// The plan whose trials are named.
    pub fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// The folder of the experiment's file.
    pub fn base(&self) -> &'a Path {
        self.plan.experiment.file.parent().unwrap_or(Path::new(""))
    }

    fn look_up(&mut self, spec: &Spec) -> Result<DataDigests, DatasetError> {
        let train = &spec.training.data.train;
        let training = self.digests_of(train, Split::Train)?;
        let mut evaluation = self.digests_of(train, Split::Test)?;
        for set in &spec.evaluate.ood {
            if let OodSet::Test(source) = set {
                evaluation.extend(self.digests_of(source, Split::Test)?);
            }
        }
        Ok(DataDigests { training, evaluation })
    }

    fn digests_of(
        &mut self,
        source: &Source,
        split: Split,
    ) -> Result<Vec<(String, Digest)>, DatasetError> {
        let key = format!("{source:?} {split}");
        if let Some(known) = self.digests.get(&key) {
            return Ok(known.clone());
        }
        let found = expected_digests(&source.based_on(self.base()), split, self.data)?;
        self.digests.insert(key, found.clone());
        Ok(found)
    }

    fn data_of(&self, trial: &Trial) -> DataDigests {
        let spec = match &self.shared {
            Some(shared) => return shared.clone(),
            None => self.plan.spec_of(trial),
        };
        let known = |source: &Source, split: Split| {
            self.digests.get(&format!("{source:?} {split}")).cloned().unwrap_or_default()
        };
        let train = &spec.training.data.train;
        let mut evaluation = known(train, Split::Test);
        for set in &spec.evaluate.ood {
            if let OodSet::Test(source) = set {
                evaluation.extend(known(source, Split::Test));
            }
        }
        DataDigests { training: known(train, Split::Train), evaluation }
    }

    /// The parts of the runs of `trial`.
    pub fn of(&self, trial: &Trial) -> Keyed {
        let data = self.data_of(trial);
        let environment = trial.resources.environment_key();
        // An evaluation rests on all that the weights rest on: code and data.
        let evaluated = data.training.iter().chain(&data.evaluation).cloned().collect();
        Keyed {
            training: RunParts {
                of: trial.id.digest(),
                fingerprint: self.fingerprints.training,
                environment: environment.clone(),
                data: data.training,
            },
            evaluation: RunParts {
                of: trial.eval.digest(),
                fingerprint: self.fingerprints.both(),
                environment,
                data: evaluated,
            },
        }
    }

    /// Where every trial of the plan stands, in the plan's order.
    ///
    /// # Errors
    /// When a manifest is there and cannot be read.
    pub fn statuses(&self, store: &Store) -> Result<Vec<Status>, StoreError> {
        let status = |trial: &Trial| {
            let keyed = self.of(trial);
            // A number is worth no more than what it rests on: without a whole
            // training run an evaluation does not count.
            if store.done(keyed.training.run_id())?.is_none() {
                return Ok(Status::New);
            }
            Ok(match store.done(keyed.evaluation.run_id())? {
                Some(Manifest { outcome: Outcome::Diverged(_), .. }) => Status::Diverged,
                Some(_) => Status::Cached,
                None => Status::Trained,
            })
        };
        self.plan.trials.par_iter().map(status).collect()
    }
}

impl Status {
    /// Whether there is nothing to run.
    pub fn done(&self) -> bool {
        matches!(self, Self::Cached | Self::Diverged)
    }

    /// What `jem plan` calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Trained => "evaluate",
            Self::Cached => "cached",
            Self::Diverged => "diverged",
        }
    }
}
