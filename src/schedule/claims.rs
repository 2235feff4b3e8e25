//! Leases and the store, as the dispatcher asks them about one trial.

use std::collections::HashMap;

use jem_core::event::{FailureClass, Job};
use jem_core::id::RunId;
use jem_core::store::{Claim, Leases, Store, StoreError};

/// The answer to a claim.
#[derive(Debug)]
pub enum Answer {
    /// The lease is ours, and the trial is not done.
    Held,
    /// Another process holds it, at this place.
    Taken(String),
    /// The trial is done.
    Done,
    /// The store says no.
    Unable(FailureClass, String),
}

/// Claims the lease of the training run of `job`. Whoever held it before may
/// have done the trial between our last look and now, so the store is asked
/// again once the lease is ours.
pub fn claim(store: &Store, leases: &Leases, job: &Job) -> Answer {
    let run = job.training.run_id();
    let ask = || -> Result<Answer, StoreError> {
        if is_done(store, job)? {
            return Ok(Answer::Done);
        }
        match leases.claim(run)? {
            Claim::Busy(holder) => Ok(Answer::Taken(holder.place())),
            Claim::Held if is_done(store, job)? => {
                leases.release(run)?;
                Ok(Answer::Done)
            }
            Claim::Held => Ok(Answer::Held),
        }
    };
    ask().unwrap_or_else(|error| Answer::Unable(class_of(&error), error.to_string()))
}

/// Whether both runs of `job` are in the store, whole.
///
/// # Errors
/// When a manifest is there and cannot be read.
pub fn is_done(store: &Store, job: &Job) -> Result<bool, StoreError> {
    // The evaluation comes last, so most answers need one look.
    Ok(store.done(job.evaluation.run_id())?.is_some()
        && store.done(job.training.run_id())?.is_some())
}

/// The class of what the store said no to.
fn class_of(error: &StoreError) -> FailureClass {
    match error {
        StoreError::Full { .. } => FailureClass::DiskFull,
        _ => FailureClass::Store,
    }
}

/// The number of each job's training run, in the order of first sight.
pub fn groups(jobs: &[Job]) -> Vec<usize> {
    let mut numbers: HashMap<RunId, usize> = HashMap::new();
    let number = |job: &Job| {
        let next = numbers.len();
        *numbers.entry(job.training.run_id()).or_insert(next)
    };
    jobs.iter().map(number).collect()
}
