//! `jem run`: runs what is missing.

use std::path::PathBuf;
use std::time::Instant;

use jem_core::event::{FailureClass, Job};
use jem_core::plan::{Plan, Trial};
use jem_core::provenance::{Provenance, host};
use jem_core::spec::Spec;
use jem_core::store::{Leases, Store};

use super::conclusion::{Conclusion, tell_setbacks};
use super::notes::notes;
use super::open::{self, Folders};
use super::origin::Origin;
use super::planned::{self, data_is_there};
use super::signals;
use super::wanted::count_on;
use super::{CliError, Exit};
use crate::progress::{Bars, Detached, Lines, TrialLine};
use crate::report::counted;
use crate::schedule::{
    Dispatch, End, Ended, Keys, Observer, OnFailure, Slot, Space, Status, Timing, dispatch, slots,
    space, withheld,
};
use crate::terminal;

/// What `jem run` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    /// The experiment's file
    pub spec: PathBuf,
    /// Trials at once [default: what the machine holds]; changes no result
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
    /// Start nothing new after the first failure
    #[arg(long, conflicts_with_all = ["max_fail", "keep_going"])]
    pub fail_fast: bool,
    /// Start nothing new after N failures
    #[arg(long, value_name = "N", conflicts_with = "keep_going")]
    pub max_fail: Option<usize>,
    /// Run every trial whatever fails [the default]
    #[arg(long)]
    pub keep_going: bool,
    /// Refuse to run unless all of the source is in a commit
    #[arg(long)]
    pub require_clean: bool,
}

impl RunArgs {
    fn on_failure(&self) -> OnFailure {
        match (self.fail_fast, self.max_fail) {
            (true, _) => OnFailure::StopAfter(1),
            (_, Some(n)) => OnFailure::StopAfter(n.max(1)),
            _ => OnFailure::KeepGoing,
        }
    }
}

/// Runs the trials of an experiment that have no result yet.
///
/// # Errors
/// When the spec or the data cannot be read, a trial fails, or the user stops
/// it.
pub fn run(args: &RunArgs, folders: &Folders) -> Result<(), CliError> {
    run_where(args, folders, Wanted::Everything)
}

/// Evaluates the trials that are trained and not yet evaluated as the file
/// says, and trains none.
///
/// # Errors
/// As [`run`].
pub fn evaluate(args: &RunArgs, folders: &Folders) -> Result<(), CliError> {
    run_where(args, folders, Wanted::Evaluations)
}

/// What of a plan is to be run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Everything,
    Evaluations,
}

impl Wanted {
    /// Whether a trial that stands so is to be run.
    fn takes(self, status: &Status) -> bool {
        match self {
            Self::Everything => !status.done(),
            Self::Evaluations => *status == Status::Trained,
        }
    }
}

fn run_where(args: &RunArgs, folders: &Folders, wanted: Wanted) -> Result<(), CliError> {
    let plan = planned::plan(&args.spec, folders)?;
    let (binary, code, described) = open::worker_with_code()?;
    let fingerprints = code.fingerprints;
    let origin = Origin::look(folders, &binary, code, described);
    if args.require_clean {
        origin.require_clean()?;
    }
    let (data, results) = (folders.data(), folders.results());
    let keys = plan.keys(fingerprints, &data)?;
    // Before it is looked what is done: gc takes nothing of it from now on.
    let _counted_on = count_on(&keys, (&results, &data), |status| wanted.takes(status))?;
    let statuses = open::statuses(&keys, &results)?;
    let missing: Vec<&Trial> = plan
        .trials
        .iter()
        .zip(&statuses)
        .filter(|(_, status)| wanted.takes(status))
        .map(|(trial, _)| trial)
        .collect();
    let cached = statuses.iter().filter(|status| status.done()).count();
    let untrained = plan.trials.len() - cached - missing.len();
    if untrained > 0 {
        terminal::note(&format!(
            "{untrained} trials are not trained and are left out: jem run {}",
            args.spec.display()
        ));
    }
    let accepted = statuses.iter().filter(|status| matches!(status, Status::Accepted(_))).count();
    if accepted > 0 {
        terminal::note(&format!(
            "{accepted} trials are accepted by hand and not run; jem accept --list says why"
        ));
    }
    if missing.is_empty() {
        // Runs of this build name the bytes that it was made from.
        Store::create(&results).map(|store| origin.keep_what_is_known(&store)).ok();
        // No result rests on it.
        let _ = plan.record();
        let name = &plan.experiment.name;
        return match untrained {
            0 => open::print(&format!("{name}: all {cached} trials are done; nothing to run\n")),
            _ => {
                let done = "every trial that is trained is evaluated; nothing to run";
                open::print(&format!("{name}: {done}\n"))
            }
        };
    }
    for note in notes(&plan) {
        terminal::note(&format!("note: {note}"));
    }
    let specs: Vec<Spec> = missing.iter().map(|trial| plan.spec_of(trial)).collect();
    data_is_there(&specs, &data)?;
    let store = Store::create(&results)?;
    plan.record()?;
    let provenance = origin.provenance(&store)?;
    origin.record_commit(&store);
    let places = places(&missing, args.workers)?;
    let lines = trial_lines(&plan, &missing, &specs);
    let jobs: Vec<Job> = missing
        .iter()
        .map(|trial| job(trial, &keys, &results, &data, &provenance))
        .collect::<Result<_, _>>()?;
    plan.files_are_there(&jobs)?;
    terminal::note(&format!(
        "{}: {} to run, {cached} done already; {} ({})",
        plan.experiment.name,
        counted(jobs.len(), "trial"),
        counted(places.len().min(jobs.len()), "worker"),
        places.iter().take(jobs.len()).map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ")
    ));
    let begun = Instant::now();
    let signals = signals::in_order();
    let order = Dispatch {
        binary: &binary,
        fingerprints,
        slots: places,
        jobs: &jobs,
        store: &store,
        // Dropped, and so released, when this function ends.
        leases: &Leases::new(&store),
        on_failure: args.on_failure(),
        timing: Timing::from_environment(),
        stop: signals.wishes.clone(),
    };
    // The observer draws until it is dropped, before the summary.
    let ended = dispatch(&order, observer(&lines).as_mut());
    // What runs is over; nothing that follows must be ended in order.
    drop(signals);
    tell_setbacks(&ended, &lines);
    let after = open::statuses(&keys, &results)?;
    let kept = |(before, after): &(&Status, &Status)| before.done() && after.done();
    Conclusion {
        plan: &plan,
        ended: &ended,
        cached: statuses.iter().zip(&after).filter(kept).count(),
        lost: lost(&plan, (&statuses, &after), &ended, &lines),
        store: &results,
        diverged: after.iter().filter(|status| **status == Status::Diverged).count(),
        time: begun.elapsed(),
        space: room(&ended, &keys, &after, &store)?,
    }
    .say()
}

/// The trials that had a result, before or in this run, of which nothing is in
/// the store at its end; each with what is there.
fn lost(
    plan: &Plan,
    (before, after): (&[Status], &[Status]),
    ended: &Ended,
    lines: &[TrialLine],
) -> Vec<String> {
    let of_this_run = ended.lost.iter().map(|(trial, why)| {
        let TrialLine { id, label, .. } = &lines[*trial];
        format!("{id} {label}  {why}")
    });
    let each = plan.trials.iter().zip(before.iter().zip(after));
    let gone = each.filter(|(_, (before, after))| before.done() && !after.done());
    let of_before = gone.map(|(trial, _)| {
        let (id, label) = (trial.id.short(), open::label(plan, trial));
        format!("{id} {label}  its result was there when this run began")
    });
    of_this_run.chain(of_before).collect()
}

/// Bars where a person looks on, lines otherwise.
pub(super) fn observer(lines: &[TrialLine]) -> Box<dyn Observer> {
    let withheld = withheld();
    if !withheld.is_empty() {
        let names: Vec<_> = withheld.iter().map(|name| name.to_string_lossy()).collect();
        terminal::note(&format!(
            "not given to the workers, where they could change numbers under the same ids: {}",
            names.join(", ")
        ));
    }
    let lines = lines.to_vec();
    Box::new(Detached::new(move || -> Box<dyn Observer> {
        match terminal::watched() {
            true => Box::new(Bars::new(lines)),
            false => Box::new(Lines::new(lines)),
        }
    }))
}

/// Room in the store, where the disk is full and it is known what a trial
/// takes.
fn room(
    ended: &Ended,
    keys: &Keys<'_>,
    after: &[Status],
    store: &Store,
) -> Result<Option<Space>, CliError> {
    if !matches!(ended.end, Some(End::Machine(FailureClass::DiskFull, _))) {
        return Ok(None);
    }
    let trials = keys.plan().trials.iter().zip(after);
    let done: Vec<_> = trials.filter(|(_, s)| s.done()).map(|(trial, _)| keys.of(trial)).collect();
    Ok(space(store, done.iter(), ended.waiting)?)
}

/// All trials of one run share their slots, so they must want the same.
fn places(missing: &[&Trial], workers: Option<usize>) -> Result<Vec<Slot>, CliError> {
    let host = host();
    let first = missing[0].resources;
    if missing.iter().any(|trial| trial.resources.device != first.device) {
        let message = "the missing trials ask for different devices";
        return Err(CliError::new(Exit::BadInput, message)
            .hint("one spec for each of resources.device = \"cpu\" and \"cuda\""));
    }
    // Where threads are swept, every slot holds the widest trial.
    let widest = missing.iter().map(|trial| trial.resources).max_by_key(|r| r.threads);
    Ok(slots(&host, &widest.unwrap_or(first), workers)?)
}

/// The job of `trial`, whose results go into the store at `results`.
///
/// # Errors
/// When a file of the user's own that it reads can neither be read nor is
/// remembered.
pub(super) fn job(
    trial: &Trial,
    keys: &Keys<'_>,
    results: &std::path::Path,
    data: &std::path::Path,
    provenance: &Provenance,
) -> Result<Job, CliError> {
    let keyed = keys.of(trial);
    let (spec, own) = keys.plan().for_worker(trial)?;
    Ok(Job {
        cell: trial.cell,
        trial: trial.id,
        eval: trial.eval,
        seed: trial.seed,
        spec,
        training: keyed.training,
        evaluation: keyed.evaluation,
        store: results.to_owned(),
        data: data.to_owned(),
        base: std::path::absolute(keys.base()).unwrap_or_else(|_| keys.base().to_owned()),
        own,
        provenance: provenance.clone(),
    })
}

fn trial_lines(plan: &Plan, missing: &[&Trial], specs: &[Spec]) -> Vec<TrialLine> {
    let line = |(trial, spec): (&&Trial, &Spec)| TrialLine {
        id: trial.id.short(),
        label: open::label(plan, trial),
        work: open::work(spec),
    };
    missing.iter().zip(specs).map(line).collect()
}
