//! What `jem run` counts on while it goes on: `gc` keeps it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use jem_core::id::RunId;
use jem_core::spec::Spec;
use jem_core::store::{Leases, Store, Wanted};

use super::planned::data_is_there;
use super::{CliError, open};
use crate::schedule::{Keys, Status};
use crate::terminal;

/// How often it is looked whether a `gc` is over.
const LOOK: Duration = Duration::from_millis(100);

/// Says that every run of the plan is counted on in the store at `results`,
/// until what is returned is dropped, and waits for a `gc` that is sweeping one
/// of them: only what is looked at after that is sure to stay. None, and nothing
/// is done, where no trial `is_to_run`.
///
/// # Errors
/// When data are missing, or the store cannot be written: then no result could
/// be kept, and it is said before the first trial.
pub fn count_on(
    keys: &Keys<'_>,
    (results, data): (&Path, &Path),
    is_to_run: impl Fn(&Status) -> bool,
) -> Result<Option<Wanted>, CliError> {
    let (plan, statuses) = (keys.plan(), open::statuses(keys, results)?);
    let to_run = plan.trials.iter().zip(&statuses).filter(|(_, status)| is_to_run(status));
    let specs: Vec<Spec> = to_run.map(|(trial, _)| plan.spec_of(trial)).collect();
    if specs.is_empty() {
        return Ok(None);
    }
    data_is_there(&specs, data)?;
    let runs: BTreeSet<RunId> = plan
        .trials
        .iter()
        .map(|trial| keys.of(trial))
        .flat_map(|keyed| [keyed.training.run_id(), keyed.evaluation.run_id()])
        .collect();
    let store = Store::create(results)?;
    store.check_writable(&runs.iter().copied().collect::<Vec<_>>())?;
    let wanted = store.want(runs.clone())?;
    let mut told = BTreeSet::new();
    loop {
        let sweeping = store.sweepers(&runs, Leases::stale_after())?;
        if sweeping.is_empty() {
            return Ok(Some(wanted));
        }
        for place in sweeping.difference(&told) {
            terminal::note(&format!(
                "waiting for jem store gc at {place}, which sweeps runs of this experiment"
            ));
        }
        told.extend(sweeping);
        std::thread::sleep(LOOK);
    }
}
