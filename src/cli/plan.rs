//! `jem plan`: every trial and what would be done with it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use jem_core::plan::Plan;
use jem_core::store::Store;

use super::CliError;
use super::notes::notes;
use super::open::{self, Folders};
use super::origin::unbuilt_at_once;
use super::planned;
use crate::progress::human;
use crate::report::counted;
use crate::schedule::{Calibration, Keys, Known, Stale, Status, look, recorded_cost, slots};

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
    let plan = planned::plan(&args.spec, folders)?;
    let (worker, code, _) = open::worker_with_code()?;
    unbuilt_at_once(&worker, &code);
    let data = folders.data();
    let keys = plan.keys(code.fingerprints, &data)?;
    let store = Store::open(&folders.results())?;
    let statuses = keys.statuses(&store)?;
    let known = look(&keys, &store, &statuses, &code)?;
    let standing = Standing { statuses, known };
    open::print(&text(&plan, &standing, &keys, &store, args.summary))
}

/// Where every trial stands, in the plan's order, and why.
struct Standing {
    statuses: Vec<Status>,
    known: Vec<Option<Known>>,
}

/// What a trial can be called, in the order in which they are counted.
const NAMES: [&str; 8] =
    ["new", "evaluate", "cached", "diverged", "stale", "running", "failed", "accepted"];

/// What the trial is called.
pub(super) fn name(status: &Status, known: Option<&Known>) -> &'static str {
    match known {
        Some(Known::Running(_)) => "running",
        Some(Known::Failed(..)) => "failed",
        Some(Known::Stale(_)) => "stale",
        None => status.name(),
    }
}

/// Why it is called so; nothing where the name says it all.
pub(super) fn why(status: &Status, known: Option<&Known>) -> String {
    match (status, known) {
        (_, Some(Known::Running(place))) => format!("on {place}"),
        (_, Some(Known::Failed(class, message))) => {
            let first = message.lines().next().unwrap_or_default();
            format!("{}: {first}", class.name())
        }
        (_, Some(Known::Stale(stale))) => format!("because {}", because(status, stale)),
        (Status::Accepted(word), None) => {
            format!("because “{}” ({})", word.because, word.differs.join("; "))
        }
        _ => String::new(),
    }
}

fn because(status: &Status, stale: &Stale) -> String {
    let parts: Vec<String> = stale.differs.iter().map(ToString::to_string).collect();
    let only = if *status == Status::Trained { "; it is only evaluated again" } else { "" };
    format!("{}{only}", parts.join("; "))
}

fn text(plan: &Plan, standing: &Standing, keys: &Keys<'_>, store: &Store, summary: bool) -> String {
    let mut out = String::new();
    let experiment = &plan.experiment;
    let _ = writeln!(out, "{}: {}", experiment.name, experiment.question);
    let each = || standing.statuses.iter().zip(standing.known.iter().map(Option::as_ref));
    if !summary {
        for (trial, (status, known)) in plan.trials.iter().zip(each()) {
            let (label, why) = (open::label(plan, trial), why(status, known));
            let gap = if why.is_empty() { "" } else { "  " };
            let _ = writeln!(
                out,
                "  {}  {:<9} {label}{gap}{why}",
                trial.id.short(),
                name(status, known)
            );
        }
    }
    for note in notes(plan) {
        let _ = writeln!(out, "note: {note}");
    }
    let mut counts = [0usize; NAMES.len()];
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for (status, known) in each() {
        let place = NAMES.iter().position(|known_name| *known_name == name(status, known));
        counts[place.unwrap_or_default()] += 1;
        if let Some(Known::Stale(stale)) = known {
            *reasons.entry(because(status, stale)).or_default() += 1;
        }
    }
    let called: Vec<String> = NAMES
        .iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let _ = writeln!(out, "{}: {}", counted(plan.trials.len(), "trial"), called.join(", "));
    for (reason, count) in reasons {
        let _ = writeln!(out, "  {count} stale because {reason}");
    }
    let _ = writeln!(out, "{}", estimate(plan, &standing.statuses, keys, store));
    out
}

/// The time that what is missing would take.
fn estimate(plan: &Plan, statuses: &[Status], keys: &Keys<'_>, store: &Store) -> String {
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
    let done = plan.trials.iter().zip(statuses).filter(|(_, status)| **status == Status::Cached);
    for (trial, _) in done.take(CALIBRATED_BY) {
        let manifest = store.done(keys.of(trial).training.run_id()).ok().flatten();
        let events = manifest
            .and_then(|manifest| store.get(manifest.records.get("events.jsonl")?.digest).ok());
        let cost = events.and_then(|events| recorded_cost(&events));
        calibration.learn(work(trial), cost.map_or(0.0, |(seconds, _)| seconds));
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
    format!("about {time} with {} ({basis})", counted(n, "worker"))
}
