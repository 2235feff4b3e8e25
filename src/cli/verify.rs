//! `jem verify`: finished trials run again in a scratch store and compared.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use jem_core::id::RunId;
use jem_core::provenance::{Provenance, UNKNOWN_PROCESSOR, host};
use jem_core::random::{At, Stream};
use jem_core::spec::{Device, Spec};
use jem_core::store::{Leases, Manifest, Store};
use serde::Serialize;

use super::again::{self, Case};
use super::open::{self, Folders};
use super::origin::Origin;
use super::planned::data_is_there;
use super::run::observer;
use super::signals;
use super::{CliError, Exit};
use crate::progress::TrialLine;
use crate::report::counted;
use crate::schedule::{Dispatch, End, OnFailure, Slot, StopFlags, Timing, dispatch, slots};
use crate::terminal;
use crate::verify::{Expectation, RunVerdict, Summary, TrialVerdict, expected, judge};

/// What `jem verify` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct VerifyArgs {
    /// The experiment's file [default: every finished trial in the store]
    pub spec: Option<PathBuf>,
    /// Only N of the finished trials, drawn by --seed
    #[arg(long, value_name = "N")]
    pub sample: Option<NonZeroUsize>,
    /// The seed of the sample
    #[arg(long, default_value_t = 0, value_name = "S")]
    pub seed: u64,
    /// Keep what is made again in DIR, which must be empty or absent
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Trials at once [default: what the machine holds]; changes no result
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
    /// Print the verdict as JSON
    #[arg(long)]
    pub json: bool,
}

/// All that `--json` prints.
#[derive(Debug, Serialize)]
struct Verdict<'a> {
    experiment: Option<String>,
    finished: usize,
    sample: Option<NonZeroUsize>,
    seed: u64,
    skipped: &'a [String],
    summary: Summary,
    trials: &'a [TrialVerdict],
}

/// Runs finished trials again and compares every result.
///
/// # Errors
/// When nothing is finished, the user stops it, or something did not come out
/// as expected.
pub fn run(args: &VerifyArgs, folders: &Folders) -> Result<(), CliError> {
    let (binary, code, described) = open::worker_with_code()?;
    let fingerprints = code.fingerprints;
    let store = Store::open(&folders.results())?;
    let origin = Origin::look(folders, &binary, code, described);
    // Before the scratch store is made, which is removed also where it is stopped.
    let signals = signals::in_order();
    let (scratch, _removed_at_the_end) = scratch(args.keep.as_deref())?;
    let again = Store::create(&scratch)?;
    let provenance = origin.provenance(&again)?;
    let place = again::Place { scratch: &scratch, data: &folders.data(), provenance: &provenance };
    let (mut cases, skipped) = match &args.spec {
        Some(file) => again::of_experiment(file, &store, fingerprints, &place, folders)?,
        None => again::of_store(&store, fingerprints, &place)?,
    };
    for why in &skipped {
        terminal::note(&format!("not verified: {why}"));
    }
    let finished = cases.len();
    if finished == 0 {
        let of = args.spec.as_ref().map_or("the store".to_owned(), |f| f.display().to_string());
        let message = format!("no finished trial of {of} can be made again by this build");
        return Err(CliError::new(Exit::BadInput, message)
            .hint("jem plan SPEC, which says where each trial stands"));
    }
    if let Some(n) = args.sample {
        draw(&mut cases, n.get(), args.seed);
    }
    let specs: Vec<Spec> = cases.iter().map(|case| case.job.spec.clone()).collect();
    data_is_there(&specs, &folders.data())?;
    if !args.json {
        let drawn = args.sample.map(|_| format!(", drawn by seed {}", args.seed));
        let drawn = drawn.unwrap_or_default();
        let n = cases.len();
        open::print(&format!("{n} of {finished} finished trials are run again{drawn}\n"))?;
    }
    let failed = run_again(&cases, &again, &binary, &origin, args.workers, &signals.wishes)?;
    let verdict = |case: &Case| verdict(case, &store, &again, &failed);
    let trials: Vec<TrialVerdict> = cases.iter().map(verdict).collect::<Result<_, _>>()?;
    let summary = Summary::of(&trials);
    if args.json {
        let experiment = args.spec.as_ref().map(|file| file.display().to_string());
        let (sample, seed, skipped) = (args.sample, args.seed, &skipped[..]);
        let all = Verdict { experiment, finished, sample, seed, skipped, summary, trials: &trials };
        let text = serde_json::to_string_pretty(&all)
            .map_err(|error| CliError::new(Exit::Machine, error.to_string()))?;
        open::print(&format!("{text}\n"))?;
    } else {
        open::print(&told(&trials, summary))?;
    }
    if args.keep.is_some() {
        terminal::note(&format!("what was made again: {}", scratch.display()));
    }
    if summary.holds() {
        return Ok(());
    }
    Err(unmet(summary))
}

/// Why a verification did not succeed.
fn unmet(summary: Summary) -> CliError {
    let Summary { failed, different, beyond, .. } = summary;
    let mut why = Vec::new();
    if different > 0 {
        let are = if different == 1 { "artifact is" } else { "artifacts are" };
        why.push(format!("{different} {are} not what was expected"));
    }
    if beyond > 0 {
        let were = if beyond == 1 { "artifact was" } else { "artifacts were" };
        why.push(format!(
            "{beyond} {were} made on another model of processor and differ by more than the \
             tolerance between models, which neither confirms nor refutes them"
        ));
    }
    if failed > 0 {
        why.push(format!("{} could not be made again", counted(failed, "trial")));
    }
    let hint = match (different, beyond) {
        (0, 1..) => "jem verify on the model of processor that made them",
        _ => "jem verify --keep DIR, to look at both",
    };
    CliError::new(Exit::Failed, why.join("; ")).hint(hint)
}

/// A folder for a store of its own: `keep`, or one that is removed when the
/// second value is dropped.
fn scratch(keep: Option<&Path>) -> Result<(PathBuf, Option<tempfile::TempDir>), CliError> {
    let failed = |path: &Path, error: std::io::Error| {
        CliError::new(Exit::Machine, format!("{}: {error}", path.display()))
    };
    let Some(folder) = keep else {
        let temporary = tempfile::Builder::new().prefix("jem-verify-").tempdir();
        let temporary = temporary.map_err(|error| failed(&std::env::temp_dir(), error))?;
        return Ok((temporary.path().to_owned(), Some(temporary)));
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let mut entries = std::fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    if entries.next().is_some() {
        let message =
            format!("{} is not empty: what is there would not be run again", folder.display());
        return Err(CliError::new(Exit::BadInput, message).hint("--keep with a new folder"));
    }
    let folder = std::path::absolute(folder).map_err(|error| failed(folder, error))?;
    Ok((folder, None))
}

/// Leaves `n` of the cases, chosen by the stream `verify sample` of `seed`, in
/// their order.
fn draw(cases: &mut Vec<Case>, n: usize, seed: u64) {
    let chosen = Stream::new(seed, "verify sample").distinct(At::step(0), n, cases.len());
    let mut place = 0;
    cases.retain(|_| {
        place += 1;
        chosen.contains(&(place - 1))
    });
}

/// Runs the cases, each kind of device by itself; says why trials failed, by
/// their evaluation run.
fn run_again(
    cases: &[Case],
    again: &Store,
    binary: &Path,
    origin: &Origin,
    workers: Option<usize>,
    wishes: &StopFlags,
) -> Result<HashMap<RunId, String>, CliError> {
    let mut failed = HashMap::new();
    for device in [Device::Cpu, Device::Cuda] {
        let on = |case: &&Case| case.job.spec.resources.device == device;
        let cases: Vec<&Case> = cases.iter().filter(on).collect();
        let widest = cases.iter().map(|case| case.job.spec.resources).max_by_key(|r| r.threads);
        let Some(widest) = widest else { continue };
        let slots: Vec<Slot> = slots(&host(), &widest, workers)?;
        let jobs: Vec<_> = cases.iter().map(|case| case.job.clone()).collect();
        let order = Dispatch {
            binary,
            fingerprints: origin.code.fingerprints,
            slots,
            jobs: &jobs,
            store: again,
            leases: &Leases::new(again),
            on_failure: OnFailure::KeepGoing,
            timing: Timing::from_environment(),
            stop: wishes.clone(),
        };
        // The observer draws until it is dropped, before the verdict.
        let ended = dispatch(&order, observer(&lines(&cases)).as_mut());
        if let Some(end) = &ended.end {
            return Err(stopped(end));
        }
        failed.extend(ended.failed.into_iter().map(|(place, setback)| {
            let why = format!("{}: {}", setback.class.name(), setback.message);
            (cases[place].evaluation.run, why)
        }));
    }
    Ok(failed)
}

fn stopped(end: &End) -> CliError {
    match end {
        End::Interrupted => CliError::new(Exit::Interrupted, "stopped; nothing was compared"),
        End::Preempted => CliError::new(Exit::Preempted, "stopped; nothing was compared"),
        End::Machine(class, message) => {
            CliError::new(Exit::Machine, format!("{}: {message}", class.name()))
                .hint("--keep DIR, where there is more room than in the temporary folder")
        }
    }
}

fn lines(cases: &[&Case]) -> Vec<TrialLine> {
    let line = |case: &&Case| TrialLine {
        id: case.job.trial.short(),
        label: case.label.clone(),
        work: open::work(&case.job.spec),
    };
    cases.iter().map(line).collect()
}

fn verdict(
    case: &Case,
    store: &Store,
    again: &Store,
    failed: &HashMap<RunId, String>,
) -> Result<TrialVerdict, CliError> {
    let mut verdict = TrialVerdict {
        trial: case.job.trial,
        label: case.label.clone(),
        runs: Vec::new(),
        failed: failed.get(&case.evaluation.run).cloned(),
    };
    for old in [&case.training, &case.evaluation] {
        match again.done(old.run)? {
            Some(new) => {
                let expected = expected_of((store, old), (again, &new), verdict.runs.last());
                verdict.runs.push(judge((store, old), (again, &new), expected));
            }
            None if verdict.failed.is_none() => {
                verdict.failed = Some("it left no whole run".to_owned());
            }
            None => {}
        }
    }
    Ok(verdict)
}

/// What is expected of the run `new` against `old`, and why. `training` is
/// the verdict on the training that an evaluation measured: of other weights
/// the same bytes cannot be expected.
fn expected_of(
    (before, old): (&Store, &Manifest),
    (after, new): (&Store, &Manifest),
    training: Option<&RunVerdict>,
) -> (Expectation, String) {
    match training {
        Some(training) if training.expected == Expectation::Close && !training.is_identical() => {
            (Expectation::Close, format!("its training was {}", training.because))
        }
        _ => {
            let environment = &old.parts.environment;
            expected(environment, &made_on(before, old), &made_on(after, new))
        }
    }
}

/// The models of processor that made `run`, as its record says.
fn made_on(store: &Store, run: &Manifest) -> Vec<String> {
    let record = || -> Option<Provenance> {
        let bytes = store.get(run.records.get("provenance.json")?.digest).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    record().map_or_else(
        || vec![UNKNOWN_PROCESSOR.to_owned()],
        |record| record.made_on(&run.parts.environment),
    )
}

fn told(trials: &[TrialVerdict], summary: Summary) -> String {
    let mut text = String::new();
    let mut last = None;
    for trial in trials {
        let now = expectations(&trial.runs);
        if last.as_ref() != Some(&now) {
            text += &now;
            last = Some(now);
        }
        text += &format!("  {}  {}\n", trial.trial.short(), trial.label);
        for artifact in trial.runs.iter().flat_map(|run| &run.artifacts) {
            text += &format!("    {artifact}\n");
        }
        if let Some(why) = &trial.failed {
            text += &format!("    could not be made again: {why}\n");
        }
    }
    text + &format!("{summary}\n")
}

/// What was expected of the runs of a trial, a line for both where it is the
/// same.
fn expectations(runs: &[RunVerdict]) -> String {
    let line = |what: &str, run: &RunVerdict| {
        let bytes = match run.expected {
            Expectation::Identical => "the same bytes",
            Expectation::Close => "numbers within the tolerance of each artifact",
        };
        format!("expected{what}: {bytes}; {}\n", run.because)
    };
    match runs {
        [training, evaluation]
            if (training.expected, &training.because)
                == (evaluation.expected, &evaluation.because) =>
        {
            line("", training)
        }
        runs => {
            let kinds = [" of training", " of evaluation"];
            kinds.iter().zip(runs).map(|(what, run)| line(what, run)).collect()
        }
    }
}
