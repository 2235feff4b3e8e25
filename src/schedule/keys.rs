//! What each trial's runs are called, and which of them are done.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use jem_core::dataset::{DatasetError, Source, Split, digests_by, expected_digests};
use jem_core::digest::Digest;
use jem_core::id::{RunId, RunParts};
use jem_core::plan::{Plan, Trial};
use jem_core::provenance::Fingerprints;
use jem_core::results::Outcome;
use jem_core::spec::Spec;
use jem_core::store::{Accepted, Manifest, RunPair, Store, StoreError};
use rayon::prelude::*;

/// The parts of both runs of a trial.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// Of the training run.
    pub training: RunParts,
    /// Of the evaluation run.
    pub evaluation: RunParts,
}

impl Keyed {
    /// The runs with these parts.
    pub fn runs(&self) -> RunPair {
        RunPair { training: self.training.run_id(), evaluation: self.evaluation.run_id() }
    }
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
    /// It is not done, but a person accepted runs with other parts for it.
    Accepted(Box<Accepted>),
}

/// The fingerprints that the runs of a trial bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stages {
    /// Of the training run.
    pub training: Digest,
    /// Of the evaluation run: [`Fingerprints::both`].
    pub evaluation: Digest,
}

impl From<Fingerprints> for Stages {
    fn from(fingerprints: Fingerprints) -> Self {
        Self { training: fingerprints.training, evaluation: fingerprints.both() }
    }
}

/// Names the runs of trials: what they rest on beside the trial itself.
pub struct Keys<'a> {
    plan: &'a Plan,
    stages: Stages,
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
        fingerprints: impl Into<Stages>,
        data: &'a Path,
    ) -> Result<Self, DatasetError> {
        let stages = fingerprints.into();
        let mut keys = Self { plan, stages, data, digests: HashMap::new(), shared: None };
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
        let data = &spec.training.data;
        let mut training = Vec::new();
        for source in data.sources() {
            training.extend(self.digests_of(source, Split::Train)?);
        }
        let mut evaluation = self.digests_of(&data.train, Split::Test)?;
        for source in spec.evaluate.sources() {
            evaluation.extend(self.digests_of(source, Split::Test)?);
        }
        let inception = self.inception(spec);
        if !inception.is_empty() {
            self.digests.insert(format!("{:?}", spec.evaluate.inception()), inception.clone());
        }
        evaluation.extend(inception);
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
        let based = source.based_on(self.base());
        let found = match self.plan.contents() {
            Some(contents) => digests_by(contents, &based, split, self.data)?,
            None => expected_digests(&based, split, self.data)?,
        };
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
        let data = &spec.training.data;
        let training = data.sources().flat_map(|source| known(source, Split::Train)).collect();
        let mut evaluation = known(&data.train, Split::Test);
        evaluation.extend(spec.evaluate.sources().flat_map(|source| known(source, Split::Test)));
        evaluation.extend(self.inception(&spec));
        DataDigests { training, evaluation }
    }

    /// The Inception extractor that `spec` asks for, where it is there.
    fn inception(&self, spec: &Spec) -> Vec<(String, Digest)> {
        let Some(asked) = spec.evaluate.inception() else { return Vec::new() };
        match self.plan.contents() {
            Some(contents) => asked.digests_by(contents, self.data, self.base()),
            None => asked.digests(self.data, self.base()),
        }
    }

    /// Name and digest of every data file that some trial reads, sorted.
    pub fn data_files(&self) -> Vec<(String, Digest)> {
        let mut files: Vec<(String, Digest)> = match &self.shared {
            Some(shared) => shared.training.iter().chain(&shared.evaluation).cloned().collect(),
            None => self.digests.values().flatten().cloned().collect(),
        };
        files.sort();
        files.dedup();
        files
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
                fingerprint: self.stages.training,
                environment: environment.clone(),
                data: data.training,
            },
            evaluation: RunParts {
                of: trial.eval.digest(),
                fingerprint: self.stages.evaluation,
                environment,
                data: evaluated,
            },
        }
    }

    /// Where every trial of the plan stands, in the plan's order.
    ///
    /// # Errors
    /// When a manifest or a person's word is there and cannot be read.
    pub fn statuses(&self, store: &Store) -> Result<Vec<Status>, StoreError> {
        let accepted = store.accepted()?;
        let status = |trial: &Trial| {
            let keyed = self.of(trial);
            let status = status_of(&keyed, store)?;
            if status.done() || accepted.is_empty() {
                return Ok(status);
            }
            let used = used(trial, keyed.runs(), store, &accepted)?;
            Ok(used.map_or(status, |(accepted, _)| Status::Accepted(Box::new(accepted.clone()))))
        };
        self.plan.trials.par_iter().map(status).collect()
    }
}

fn status_of(keyed: &Keyed, store: &Store) -> Result<Status, StoreError> {
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
}

/// What a person accepted in the place of the runs `wanted` of `trial`, with
/// the evaluation run that counts; none where nothing was accepted, or what
/// was is no longer whole or is of another trial.
///
/// # Errors
/// When a manifest is there and cannot be read.
pub fn used<'b>(
    trial: &Trial,
    wanted: RunPair,
    store: &Store,
    accepted: &'b BTreeMap<RunId, Accepted>,
) -> Result<Option<(&'b Accepted, Manifest)>, StoreError> {
    let Some(accepted) = accepted.get(&wanted.evaluation) else { return Ok(None) };
    let RunPair { training, evaluation } = accepted.used;
    let (training, evaluation) = (store.done(training)?, store.done(evaluation)?);
    Ok(match (training, evaluation) {
        (Some(trained), Some(run))
            if trained.trial == trial.id
                && run.eval == Some(trial.eval)
                && run.training == Some(trained.run) =>
        {
            Some((accepted, run))
        }
        _ => None,
    })
}

impl Status {
    /// Whether there is nothing to run.
    pub fn done(&self) -> bool {
        matches!(self, Self::Cached | Self::Diverged | Self::Accepted(_))
    }

    /// What `jem plan` calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Trained => "evaluate",
            Self::Cached => "cached",
            Self::Diverged => "diverged",
            Self::Accepted(_) => "accepted",
        }
    }
}
