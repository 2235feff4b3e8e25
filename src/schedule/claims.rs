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
            Claim::Held => held(store, leases, job),
        }
    };
    ask().unwrap_or_else(|error| Answer::Unable(class_of(&error), error.to_string()))
}

/// What follows for a lease that is ours: unless the trial is to be run, it is
/// given back, also where the store cannot say. One that stayed would beat on,
/// and no other process could do the trial.
fn held(store: &Store, leases: &Leases, job: &Job) -> Result<Answer, StoreError> {
    let run = job.training.run_id();
    match is_done(store, job) {
        Ok(false) => Ok(Answer::Held),
        Ok(true) => {
            leases.release(run)?;
            Ok(Answer::Done)
        }
        Err(error) => {
            // That this fails too is not worse news.
            let _ = leases.release(run);
            Err(error)
        }
    }
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

/// Checks that `job`, which its worker says is finished, has left its result.
///
/// # Errors
/// With what is missing, in words.
pub fn check_result(store: &Store, job: &Job) -> Result<(), String> {
    match is_done(store, job) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!(
            "it was said to be finished, but {} has no whole manifest of its run {}",
            store.root().display(),
            job.evaluation.run_id().short()
        )),
        Err(error) => Err(error.to_string()),
    }
}

/// The class of what the store said no to.
fn class_of(error: &StoreError) -> FailureClass {
    match error {
        StoreError::Full { .. } => FailureClass::DiskFull,
        StoreError::Denied { .. } => FailureClass::StoreClosed,
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
pub(super) mod tests {
    use std::fs;
    use std::time::Duration;

    use jem_core::id::RunParts;
    use jem_core::plan::Plan;
    use jem_core::store::Holder;

    use super::*;

    pub fn job(store: &Store) -> Job {
        let text = "question = \"?\"\ndata.train = \"digits\"\n\
                    data.validation = 100\nevaluate.ood = [\"rotated\"]\n";
        let plan = Plan::parse("claims", "claims.toml", text).unwrap();
        let trial = &plan.trials[0];
        let parts =
            |of| RunParts { of, fingerprint: of, environment: "cpu".to_owned(), data: Vec::new() };
        let provenance = serde_json::json!({
            "source": null, "command": [], "version": "0", "libtorch": null, "started": "now",
            "host": {
                "name": "box", "cpu": "one", "cpus": 1, "memory": 1, "gpus": [], "driver": null,
                "kernel": "one",
            },
        });
        Job {
            cell: trial.cell,
            trial: trial.id,
            eval: trial.eval,
            seed: trial.seed,
            spec: plan.spec_of(trial),
            training: parts(trial.id.digest()),
            evaluation: parts(trial.eval.digest()),
            store: store.root().to_owned(),
            data: "data".into(),
            base: ".".into(),
            own: Default::default(),
            provenance: serde_json::from_value(provenance).unwrap(),
        }
    }

    /// The leases of another machine, which looks once.
    fn others(store: &Store) -> Leases {
        let holder = Holder { boot: "another".to_owned(), ..Holder::me() };
        Leases::with(store, holder, Duration::from_secs(3600), Duration::from_secs(3600))
    }

    #[test]
    fn a_lease_is_given_back_where_the_store_cannot_say_whether_the_trial_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let (job, leases) = (job(&store), Leases::new(&store));
        let run = job.training.run_id();
        assert!(matches!(claim(&store, &leases, &job), Answer::Held));
        assert!(matches!(others(&store).claim(run).unwrap(), Claim::Busy(_)));
        // Between the two looks of a claim a manifest comes that nobody can read.
        let manifest = store.run_path(job.evaluation.run_id()).join("manifest.json");
        fs::create_dir_all(manifest.parent().unwrap()).unwrap();
        fs::write(&manifest, "no manifest").unwrap();
        assert!(held(&store, &leases, &job).is_err());
        assert!(matches!(others(&store).claim(run).unwrap(), Claim::Held));
        // A claim that finds it at its first look takes no lease.
        let Answer::Unable(class, _) = claim(&store, &leases, &job) else { panic!("it was able") };
        assert_eq!(class, FailureClass::Store);
    }
}
