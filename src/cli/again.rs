//! Finished trials as jobs to run once more elsewhere.

use std::path::{Path, PathBuf};

use jem_core::event::Job;
use jem_core::id::RunParts;
use jem_core::provenance::{Fingerprints, Provenance};
use jem_core::spec::Places;
use jem_core::store::{Manifest, RunKind, Store};

use super::CliError;
use super::open::{self, Folders};
use super::planned;
use super::run::job;
use crate::schedule::Status;
use crate::verify::{Unrecoverable, recover};

/// A finished trial and the job that makes it again.
pub struct Case {
    /// `lambda=0.1 seed=2`
    pub label: String,
    /// The job, which writes into the scratch store.
    pub job: Job,
    /// Its training run.
    pub training: Manifest,
    /// Its evaluation run.
    pub evaluation: Manifest,
}

/// Where trials are made again.
pub struct Place<'a> {
    /// The folder of the scratch store.
    pub scratch: &'a Path,
    /// The folder of datasets.
    pub data: &'a Path,
    /// What stands beside the runs made there.
    pub provenance: &'a Provenance,
}

/// The finished trials of the experiment at `file`, and why others that are
/// done are left out.
///
/// # Errors
/// When the spec or the store cannot be read.
pub fn of_experiment(
    file: &Path,
    store: &Store,
    fingerprints: Fingerprints,
    place: &Place<'_>,
    folders: &Folders,
) -> Result<(Vec<Case>, Vec<String>), CliError> {
    let plan = planned::plan(file, folders)?;
    let keys = plan.keys(fingerprints, place.data)?;
    let statuses = keys.statuses(store)?;
    let (mut cases, mut skipped) = (Vec::new(), Vec::new());
    for (trial, status) in plan.trials.iter().zip(statuses) {
        let label = open::label(&plan, trial);
        if let Status::Accepted(_) = status {
            let id = trial.id.short();
            skipped.push(format!("{id} {label}: accepted by hand, this build makes another run"));
            continue;
        }
        let runs = keys.of(trial).runs();
        let done = if status.done() { store.done(runs.evaluation)? } else { None };
        let Some((evaluation, training)) = done.zip(store.done(runs.training)?) else { continue };
        let job = job(trial, &keys, place.scratch, place.data, place.provenance)?;
        cases.push(Case { label, job, training, evaluation });
    }
    let jobs: Vec<Job> = cases.iter().map(|case: &Case| case.job.clone()).collect();
    plan.files_are_there(&jobs)?;
    Ok((cases, skipped))
}

/// Every finished trial of the store that this build makes in the same way,
/// read back from its results, and why others are left out.
///
/// # Errors
/// When the store cannot be read.
pub fn of_store(
    store: &Store,
    fingerprints: Fingerprints,
    place: &Place<'_>,
) -> Result<(Vec<Case>, Vec<String>), CliError> {
    let (mut cases, mut skipped) = (Vec::new(), Vec::new());
    for run in store.runs()? {
        let Some(evaluation) = store.done(run)?.filter(|run| run.kind == RunKind::Evaluation)
        else {
            continue;
        };
        let training = evaluation.training.map(|run| store.done(run)).transpose()?.flatten();
        let Some(training) = training else { continue };
        let label = format!("seed={} run {}", evaluation.seed, evaluation.run.short());
        match recovered(store, &training, &evaluation, fingerprints, place) {
            Ok(job) => cases.push(Case { label, job, training, evaluation }),
            Err(why) => skipped.push(format!("run {}: {why}", evaluation.run.short())),
        }
    }
    Ok((cases, skipped))
}

/// The job of a run of the store, where this build gives it the same id.
fn recovered(
    store: &Store,
    training: &Manifest,
    evaluation: &Manifest,
    fingerprints: Fingerprints,
    place: &Place<'_>,
) -> Result<Job, String> {
    let found = recover(store, training, Some(evaluation)).map_err(|why| why.to_string())?;
    let spec = found.spec().ok_or_else(|| Unrecoverable::OtherId.to_string())?;
    let (trained_on, measured_on) = found.data(place.data).map_err(|why| why.to_string())?;
    let parts = |old: &RunParts, fingerprint, data| RunParts { fingerprint, data, ..old.clone() };
    let train = parts(&training.parts, fingerprints.training, trained_on.clone());
    let all = trained_on.into_iter().chain(measured_on).collect();
    let evaluate = parts(&evaluation.parts, fingerprints.both(), all);
    if (train.run_id(), evaluate.run_id()) != (training.run, evaluation.run) {
        return Err("it was made by other code or on other data".to_owned());
    }
    Ok(Job {
        cell: training.cell,
        trial: training.trial,
        eval: evaluation.eval.ok_or_else(|| Unrecoverable::OtherId.to_string())?,
        seed: found.seed,
        spec,
        training: train,
        evaluation: evaluate,
        store: place.scratch.to_owned(),
        data: place.data.to_owned(),
        // No file of the user's own is read.
        base: PathBuf::new(),
        own: Places::new(),
        provenance: place.provenance.clone(),
    })
}
