//! What is known of trials that are not done: who runs them, how the last
//! attempt failed, or which runs of the same trial there are with other parts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jem_core::digest::Digest;
use jem_core::event::FailureClass;
use jem_core::id::{RunId, TrialId};
use jem_core::plan::Trial;
use jem_core::provenance::{Code, Provenance};
use jem_core::store::{Manifest, RunKind, RunPair, Store, StoreError};
use rayon::prelude::*;

use super::{Difference, Keyed, Keys, Rests, Status, differences};

/// How long leases of other machines are watched: some of their beats.
const WATCH: Duration = Duration::from_secs(5);

/// What is known of a trial that is not done, beside that.
#[derive(Clone, Debug)]
pub enum Known {
    /// A process works on it: its place, `host:pid`.
    Running(String),
    /// Its last attempt failed so.
    Failed(FailureClass, String),
    /// There are runs of it with other parts.
    Stale(Box<Stale>),
}

/// Runs of a trial that would be its own if some parts were not others.
#[derive(Clone, Debug)]
pub struct Stale {
    /// The training run.
    pub training: Arc<Manifest>,
    /// The evaluation run on it; none where that was never done.
    pub evaluation: Option<Arc<Manifest>>,
    /// The parts that differ, old → new; never empty.
    pub differs: Vec<Difference>,
}

/// What is known beside `statuses` of each trial of the plan, in its order.
/// `code` is that of the worker. The store's manifests are looked through only
/// where a trial is not done.
///
/// # Errors
/// When the store's folders cannot be read.
pub fn look(
    keys: &Keys<'_>,
    store: &Store,
    statuses: &[Status],
    code: &Code,
) -> Result<Vec<Option<Known>>, StoreError> {
    let trials = &keys.plan().trials;
    if statuses.iter().all(Status::done) {
        return Ok(vec![None; trials.len()]);
    }
    let holders = store.live_holders(WATCH)?;
    let runs: HashSet<RunId> = store.runs()?.into_iter().collect();
    if runs.is_empty() && holders.is_empty() {
        return Ok(vec![None; trials.len()]);
    }
    let open = trials.iter().zip(statuses).filter(|(_, status)| !status.done());
    let past = Past::read(store, &runs, &open.map(|(trial, _)| trial.id).collect());
    let known = |(trial, status): (&Trial, &Status)| {
        if status.done() {
            return None;
        }
        let keyed = keys.of(trial);
        let RunPair { training, evaluation } = keyed.runs();
        if let Some(holder) = holders.get(&training) {
            return Some(Known::Running(holder.place()));
        }
        let failed = runs.contains(&evaluation).then(|| store.last_failure(evaluation)).flatten();
        failed
            .map(|failure| Known::Failed(failure.class, failure.message))
            .or_else(|| Some(Known::Stale(Box::new(past.nearest(trial, &keyed, code)?))))
    };
    Ok(trials.par_iter().zip(statuses).map(known).collect())
}

/// Where a run came from, as far as it can be read.
#[derive(Clone, Debug, Default)]
struct Origin {
    started: String,
    code: Option<Arc<Code>>,
}

/// The whole runs of some trials.
#[derive(Debug, Default)]
pub struct Past {
    runs: HashMap<TrialId, Vec<Arc<Manifest>>>,
    /// By the digest of the record, which runs made together share.
    origins: HashMap<Digest, Origin>,
}

impl Past {
    /// Everything the store holds of `trials`.
    ///
    /// # Errors
    /// When the store's folders cannot be read.
    pub fn of(store: &Store, trials: &HashSet<TrialId>) -> Result<Self, StoreError> {
        Ok(Self::read(store, &store.runs()?.into_iter().collect(), trials))
    }

    fn read(store: &Store, runs: &HashSet<RunId>, trials: &HashSet<TrialId>) -> Self {
        // A run that cannot be read is no run of ours: what it concerns says
        // so itself when it is asked for.
        let read = |run: &RunId| {
            let manifest = store.manifest(*run).ok()??;
            let ours = trials.contains(&manifest.trial) && whole(store, &manifest);
            ours.then(|| Arc::new(manifest))
        };
        let found: Vec<Arc<Manifest>> = runs.par_iter().filter_map(read).collect();
        let digests: HashSet<Digest> = found.iter().filter_map(|run| provenance(run)).collect();
        let origins = digests.par_iter().map(|digest| (*digest, origin(store, *digest))).collect();
        let mut past = Self { runs: HashMap::new(), origins };
        for manifest in found {
            past.runs.entry(manifest.trial).or_default().push(manifest);
        }
        past
    }

    /// The runs of `trial` that differ least from those wanted, the latest
    /// where several do; none where there is nothing that `keyed` would
    /// replace.
    pub fn nearest(&self, trial: &Trial, keyed: &Keyed, code: &Code) -> Option<Stale> {
        let runs = self.runs.get(&trial.id)?;
        let by_id: BTreeMap<RunId, &Arc<Manifest>> =
            runs.iter().map(|run| (run.run, run)).collect();
        let (training, evaluation) = (keyed.training.run_id(), keyed.evaluation.run_id());
        let evaluated = runs.iter().filter(|run| run.eval == Some(trial.eval));
        let mut pairs: Vec<Stale> = evaluated
            .filter(|run| run.run != evaluation)
            .filter_map(|run| {
                let trained = by_id.get(&run.training?)?;
                Some(self.stale(trained, Some(run), keyed, code))
            })
            .collect();
        if pairs.is_empty() && !by_id.contains_key(&training) {
            let trained = runs.iter().filter(|run| run.kind == RunKind::Training);
            pairs = trained.map(|run| self.stale(run, None, keyed, code)).collect();
        }
        pairs.retain(|pair| !pair.differs.is_empty());
        pairs.into_iter().min_by_key(|pair| {
            let weight: usize = pair.differs.iter().map(Difference::weight).sum();
            let last = pair.evaluation.as_ref().unwrap_or(&pair.training);
            let started = self.origin(last).map(|origin| origin.started.clone());
            (pair.differs.len(), weight, std::cmp::Reverse((started, last.run)))
        })
    }

    fn stale(
        &self,
        training: &Arc<Manifest>,
        evaluation: Option<&Arc<Manifest>>,
        keyed: &Keyed,
        code: &Code,
    ) -> Stale {
        let code_of = |run: &Manifest| self.origin(run)?.code.as_deref();
        let old = Rests {
            training: &training.parts,
            evaluation: evaluation.map(|run| &run.parts),
            trained_by: code_of(training),
            evaluated_by: evaluation.and_then(|run| code_of(run)),
        };
        let new = Rests {
            training: &keyed.training,
            evaluation: Some(&keyed.evaluation),
            trained_by: Some(code),
            evaluated_by: Some(code),
        };
        Stale {
            training: Arc::clone(training),
            evaluation: evaluation.cloned(),
            differs: differences(old, new),
        }
    }

    fn origin(&self, run: &Manifest) -> Option<&Origin> {
        self.origins.get(&provenance(run)?)
    }
}

fn whole(store: &Store, manifest: &Manifest) -> bool {
    manifest.results.values().chain(manifest.records.values()).all(|file| store.holds(*file))
}

fn provenance(run: &Manifest) -> Option<Digest> {
    run.records.get("provenance.json").map(|artifact| artifact.digest)
}

fn origin(store: &Store, digest: Digest) -> Origin {
    let read = |digest: Digest| store.get(digest).ok();
    let record: Option<Provenance> =
        read(digest).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    record.map_or_else(Origin::default, |record| Origin {
        code: record.code.and_then(read).and_then(|bytes| Code::parse(&bytes).ok()).map(Arc::new),
        started: record.started,
    })
}
