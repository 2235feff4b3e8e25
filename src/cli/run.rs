//! `jem run`: runs what is missing.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use jem_core::dataset::{Source, catalogue, is_present};
use jem_core::event::Job;
use jem_core::plan::{Plan, Trial};
use jem_core::provenance::{Provenance, host, now};
use jem_core::spec::{OodSet, Spec};
use jem_core::store::Store;

use super::open::{self, Folders};
use super::{CliError, Exit};
use crate::progress::{Bars, Lines, TrialLine, human};
use crate::schedule::{Dispatch, Ended, Keys, Observer, OnFailure, Slot, Status, dispatch, slots};

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
    let plan = open::plan(&args.spec)?;
    let (binary, fingerprints) = open::worker()?;
    let (data, results) = (folders.data(), folders.results());
    let keys = Keys::new(&plan, fingerprints, &data)?;
    let statuses = open::statuses(&keys, &results)?;
    let missing: Vec<&Trial> = plan
        .trials
        .iter()
        .zip(&statuses)
        .filter(|(_, status)| !status.done())
        .map(|(trial, _)| trial)
        .collect();
    let cached = plan.trials.len() - missing.len();
    if missing.is_empty() {
        println!("{}: all {cached} trials are done; nothing to run", plan.experiment.name);
        return Ok(());
    }
    let specs: Vec<Spec> = missing.iter().map(|trial| plan.spec_of(trial)).collect();
    data_is_there(&specs, &data)?;
    let store = Store::create(&results)?;
    let provenance = provenance(&store, folders)?;
    let places = places(&missing, args.workers)?;
    let lines = trial_lines(&plan, &missing, &specs);
    let jobs: Vec<Job> = missing
        .iter()
        .zip(specs)
        .map(|(trial, spec)| job(trial, spec, &keys, &results, &data, &provenance))
        .collect();
    eprintln!(
        "{}: {} trials to run, {cached} done already; {} workers ({})",
        plan.experiment.name,
        jobs.len(),
        places.len().min(jobs.len()),
        places.iter().take(jobs.len()).map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ")
    );
    let begun = Instant::now();
    let slots = places;
    let (on_failure, stop) = (args.on_failure(), stop_flag()?);
    let ended = {
        let order =
            Dispatch { binary: &binary, fingerprints, slots, jobs: &jobs, on_failure, stop };
        // The observer draws until it is dropped, before the summary.
        let mut observer: Box<dyn Observer> = if std::io::stderr().is_terminal() {
            Box::new(Bars::new(lines.clone()))
        } else {
            Box::new(Lines::new(lines.clone()))
        };
        dispatch(&order, observer.as_mut())
    };
    let after = open::statuses(&keys, &results)?;
    let diverged = after.iter().filter(|status| **status == Status::Diverged).count();
    conclude(&plan, &ended, &lines, cached, diverged, human(begun.elapsed()))
}

/// Says how it ended: failures once more, then the counts.
fn conclude(
    plan: &Plan,
    ended: &Ended,
    lines: &[TrialLine],
    cached: usize,
    diverged: usize,
    time: String,
) -> Result<(), CliError> {
    for (trial, failed) in &ended.failed {
        let TrialLine { id, label, .. } = &lines[*trial];
        eprintln!("failed: {id} {label}  ({:?}) {}", failed.class, failed.message);
        if let Some(log) = &failed.log {
            eprintln!("    log: {}", log.display());
        }
    }
    let done = cached + ended.finished;
    let file = plan.experiment.file.display();
    println!(
        "{}: {done} of {} trials done ({cached} were before, {diverged} diverged), {} failed, in {time}",
        plan.experiment.name,
        plan.trials.len(),
        ended.failed.len(),
    );
    if ended.interrupted {
        return Err(CliError::new(Exit::Interrupted, "stopped; what is done is kept")
            .hint(format!("jem run {file}, which goes on with what is missing")));
    }
    if ended.failed.is_empty() && ended.waiting == 0 {
        return Ok(());
    }
    let waiting = match ended.waiting {
        0 => String::new(),
        n => format!(", {n} were not begun"),
    };
    Err(CliError::new(Exit::Failed, format!("{} trials failed{waiting}", ended.failed.len()))
        .hint(format!("jem run {file}, which runs only what is missing")))
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

fn job(
    trial: &Trial,
    spec: Spec,
    keys: &Keys<'_>,
    results: &std::path::Path,
    data: &std::path::Path,
    provenance: &Provenance,
) -> Job {
    let keyed = keys.of(trial);
    Job {
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
        provenance: provenance.clone(),
    }
}

fn trial_lines(plan: &Plan, missing: &[&Trial], specs: &[Spec]) -> Vec<TrialLine> {
    let line = |(trial, spec): (&&Trial, &Spec)| TrialLine {
        id: trial.id.short(),
        label: open::label(plan, trial),
        work: open::work(spec),
    };
    missing.iter().zip(specs).map(line).collect()
}

/// Catalogue sets that the trials read must have been fetched.
fn data_is_there(specs: &[Spec], data: &std::path::Path) -> Result<(), CliError> {
    let mut absent: Vec<String> = Vec::new();
    for spec in specs {
        let ood = spec.evaluate.ood.iter().filter_map(|set| match set {
            OodSet::Test(source) => Some(source),
            _ => None,
        });
        for source in std::iter::once(&spec.training.data.train).chain(ood) {
            if let Source::Catalogue(name) = source
                && !absent.contains(name)
                && !is_present(catalogue().entry(name)?, data)
            {
                absent.push(name.clone());
            }
        }
    }
    if absent.is_empty() {
        return Ok(());
    }
    let message = format!("not fetched yet: {}", absent.join(", "));
    Err(CliError::new(Exit::BadInput, message).hint(format!("jem data fetch {}", absent.join(" "))))
}

/// What is known here of code and machine, the bytes it names put into the
/// store.
fn provenance(store: &Store, folders: &Folders) -> Result<Provenance, CliError> {
    let mut source = None;
    if let Some((state, bytes)) = folders.source() {
        for piece in bytes {
            store.put(&piece)?;
        }
        source = Some(state);
    }
    Ok(Provenance {
        source,
        host: host(),
        command: std::env::args().collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        libtorch: None,
        started: now(),
        code: None,
        binaries: Default::default(),
    })
}

/// A flag that Ctrl-C, or a polite kill, sets. A second Ctrl-C ends the
/// process as if there were no handler.
fn stop_flag() -> Result<Arc<AtomicBool>, CliError> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        let registered = flag::register_conditional_default(signal, Arc::clone(&stop))
            .and_then(|_| flag::register(signal, Arc::clone(&stop)));
        registered.map_err(|error| CliError::new(Exit::Machine, error.to_string()))?;
    }
    Ok(stop)
}
