//! `jem store gc`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jem_core::store::{GcError, GcOptions, GcPlan, Outside, RunKind, Store, sweep};

use super::{reports, words};
use crate::cli::open::{self, Folders, print};
use crate::cli::{CliError, Exit};
use crate::schedule::Keys;

/// What `jem store gc` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct GcArgs {
    /// Only show what would go [the default]
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Sweep
    #[arg(long)]
    yes: bool,
    /// Sweep also where no report or tag keeps anything
    #[arg(long)]
    all: bool,
    /// Keep the runs of this experiment's plan; may be given several times
    #[arg(long, value_name = "SPEC")]
    keep_experiment: Vec<PathBuf>,
    /// Sweep logs and checkpoints of runs that are not done, too
    #[arg(long)]
    unfinished: bool,
    /// Sweep what fsck --repair has put aside, too
    #[arg(long)]
    quarantine: bool,
    /// Keep what was written this short a time ago
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    grace: u64,
    /// The folder of reports [default: reports, beside the store]
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
}

/// Shows what would go of `store`, or sweeps it.
///
/// # Errors
/// When nothing would be kept, or what is kept is not known.
pub fn run(args: &GcArgs, store: &Store, folders: &Folders) -> Result<(), CliError> {
    let options = GcOptions {
        all: args.all,
        unfinished: args.unfinished,
        quarantine: args.quarantine,
        grace: Duration::from_secs(args.grace),
        ..GcOptions::default()
    };
    let outside = || kept_outside(args, store, folders);
    if !args.yes {
        let plan = GcPlan::of(store, &options, &outside()?)?;
        return print(&told(&plan, args));
    }
    let swept = sweep(store, &options, &outside)?;
    let mut text = format!(
        "swept {} and {}: {} are free\n",
        words::count(swept.runs, "run"),
        words::count(swept.objects, "object"),
        words::bytes(swept.bytes)
    );
    if swept.busy > 0 {
        text += &format!("{} stay: they are being run\n", words::count(swept.busy, "trial"));
    }
    print(&text)
}

/// What reports, and the plans of experiments, keep.
fn kept_outside(args: &GcArgs, store: &Store, folders: &Folders) -> Result<Outside, CliError> {
    let mut kept = reports::shown(args.reports.as_deref(), store.root())?;
    if args.keep_experiment.is_empty() {
        return Ok(kept);
    }
    let (_, fingerprints) = open::worker()?;
    let data = folders.data();
    for file in &args.keep_experiment {
        let plan = open::plan(file)?;
        let keys = Keys::new(&plan, fingerprints, &data)?;
        for trial in &plan.trials {
            let keyed = keys.of(trial);
            for run in [keyed.training.run_id(), keyed.evaluation.run_id()] {
                let name = format!("experiment {}", plan.experiment.name);
                kept.entry(run).or_insert_with(Vec::new).push(name);
            }
        }
    }
    Ok(kept)
}

/// What would go, and what stays and why.
fn told(plan: &GcPlan, args: &GcArgs) -> String {
    let mut rows = Vec::new();
    let kinds = [
        ("evaluation runs", Some(RunKind::Evaluation)),
        ("training runs", Some(RunKind::Training)),
        ("runs that are not done", None),
    ];
    let row = |name: &str, sizes: Vec<u64>| {
        let (n, size) = (sizes.len().to_string(), words::bytes(sizes.iter().sum()));
        (!sizes.is_empty()).then(|| vec![name.to_owned(), n, size])
    };
    for (name, kind) in kinds {
        let of = plan.runs.iter().filter(|run| run.kind == kind);
        rows.extend(row(name, of.map(|run| run.bytes).collect()));
    }
    rows.extend(row("objects", plan.objects.iter().map(|object| object.size).collect()));
    let files = "checkpoints and quarantine";
    rows.extend(row(files, plan.files.iter().map(|(_, size)| *size).collect()));
    let mut text = match rows.is_empty() {
        true => "nothing would go\n".to_owned(),
        false => words::table(&["would go", "", ""], rows) + "\n",
    };
    text += &format!("{} would be free\n", words::bytes(plan.bytes()));
    text += &stays(plan, args);
    if !plan.runs.is_empty() || !plan.objects.is_empty() || !plan.files.is_empty() {
        text += "jem store gc --yes, with the same options, sweeps\n";
    }
    text
}

fn stays(plan: &GcPlan, args: &GcArgs) -> String {
    let mut text = String::new();
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for why in plan.kept.values() {
        *reasons.entry(why).or_default() += 1;
    }
    for (why, runs) in reasons {
        text += &format!("kept by {why}: {}\n", words::count(runs, "run"));
    }
    let grace = args.grace;
    let kept = [
        (plan.young, format!("written within the last {grace} s: --grace")),
        (
            plan.waiting,
            format!("until nobody has worked here for {grace} s and every record can be read"),
        ),
    ];
    for ((n, size), why) in kept.into_iter().filter(|((n, _), _)| *n > 0) {
        let size = words::bytes(size);
        text += &format!("kept {why}: {}, {size}\n", words::count(n, "object"));
    }
    if plan.unfinished.0 > 0 {
        let (n, size) = (words::count(plan.unfinished.0, "run"), words::bytes(plan.unfinished.1));
        text += &format!("kept, logs and checkpoints of {n} not done: {size} (--unfinished)\n");
    }
    text
}

impl From<GcError> for CliError {
    fn from(error: GcError) -> Self {
        match error {
            GcError::Store(error) => error.into(),
            error @ GcError::Denied { .. } => Self::new(Exit::Machine, error.to_string()),
            error => Self::new(Exit::BadInput, error.to_string()),
        }
    }
}
