//! `jem plan`: every trial and what would be done with it.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jem_core::plan::Plan;
use jem_core::store::Store;

use super::open::{self, Folders};
use super::{CliError, Exit};
use crate::progress::human;
use crate::schedule::{Calibration, Keys, Status, recorded_cost, slots};

/// Trials whose recorded time is read to estimate the others'.
const CALIBRATED_BY: usize = 12;

/// What `jem plan` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct PlanArgs {
    /// The experiment's file
    pub spec: PathBuf,
    /// Only the counts and the time
    #[arg(long)]
    pub summary: bool,
}

/// Lists the trials of an experiment.
///
/// # Errors
/// When the spec or the store cannot be read.
pub fn run(args: &PlanArgs, folders: &Folders) -> Result<(), CliError> {
    let plan = open::plan(&args.spec)?;
    let (_, fingerprints) = open::worker()?;
    let data = folders.data();
    let results = folders.results();
    let keys = Keys::new(&plan, fingerprints, &data)?;
    let statuses = open::statuses(&keys, &results)?;
    let printed = print(&plan, &statuses, &keys, &results, args.summary);
    // A reader that has seen enough, as `head`, is no error.
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::new(Exit::Machine, error.to_string()))
        }
        _ => Ok(()),
    }
}

fn print(
    plan: &Plan,
    statuses: &[Status],
    keys: &Keys<'_>,
    results: &Path,
    summary: bool,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let experiment = &plan.experiment;
    writeln!(out, "{}: {}", experiment.name, experiment.question)?;
    if !summary {
        for (trial, status) in plan.trials.iter().zip(statuses) {
            let label = open::label(plan, trial);
            writeln!(out, "  {}  {:<9} {label}", trial.id.short(), status.name())?;
        }
    }
    let count = |wanted: &Status| statuses.iter().filter(|status| *status == wanted).count();
    let counted: Vec<String> = [Status::New, Status::Trained, Status::Cached, Status::Diverged]
        .iter()
        .filter(|status| count(status) > 0)
        .map(|status| format!("{} {}", count(status), status.name()))
        .collect();
    writeln!(out, "{} trials: {}", statuses.len(), counted.join(", "))?;
    writeln!(out, "{}", estimate(plan, statuses, keys, results))?;
    out.flush()
}

/// The time that what is missing would take.
fn estimate(plan: &Plan, statuses: &[Status], keys: &Keys<'_>, results: &Path) -> String {
    // The work of a trial depends on its cell alone, so one seed stands for
    // all that follow it.
    let mut known = None;
    let mut work = |trial: &jem_core::plan::Trial| match known {
        Some((cell, work)) if cell == trial.cell => work,
        _ => {
            let work = open::work(&plan.spec_of(trial));
            known = Some((trial.cell, work));
            work
        }
    };
    let mut missing = 0.0;
    for (trial, status) in plan.trials.iter().zip(statuses) {
        missing += if *status == Status::New { work(trial) } else { 0.0 };
    }
    if missing == 0.0 {
        return "nothing to train".to_owned();
    }
    let mut calibration = Calibration::default();
    if let Ok(store) = Store::open(results) {
        let done =
            plan.trials.iter().zip(statuses).filter(|(_, status)| **status == Status::Cached);
        for (trial, _) in done.take(CALIBRATED_BY) {
            let manifest = store.done(keys.of(trial).training.run_id()).ok().flatten();
            let events = manifest
                .and_then(|manifest| store.get(manifest.records.get("events.jsonl")?.digest).ok());
            let cost = events.and_then(|events| recorded_cost(&events));
            calibration.learn(work(trial), cost.map_or(0.0, |(seconds, _)| seconds));
        }
    }
    let places = plan
        .trials
        .first()
        .and_then(|trial| slots(&jem_core::provenance::host(), &trial.resources, None).ok());
    let n = places.map_or(1, |slots| slots.len());
    let seconds = calibration.seconds(missing) / n as f64;
    let time = human(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    let basis = if calibration.is_guess() {
        "a guess: no trial of this experiment is done yet"
    } else {
        "from the trials that are done"
    };
    format!("about {time} with {n} workers ({basis})")
}
