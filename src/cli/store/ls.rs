//! `jem store ls`.

use jem_core::results::Outcome;
use jem_core::store::{Listing, RunKind, RunLine, Store};
use serde_json::{Value, json};

use super::words;
use crate::cli::CliError;
use crate::cli::open::print;

/// What `jem store ls` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct LsArgs {
    /// As JSON, with whole ids
    #[arg(long)]
    json: bool,
}

/// Lists the runs of `store`.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &LsArgs, store: &Store) -> Result<(), CliError> {
    let listing = Listing::of(store);
    if args.json {
        let runs: Vec<Value> = listing.runs.iter().map(as_json).collect();
        return print(&words::json(&Value::Array(runs)));
    }
    let row = |run: &RunLine| {
        let whole = if run.whole { "" } else { "not whole" };
        vec![
            run.manifest.run.short(),
            kind(run.manifest.kind).to_owned(),
            run.label.clone(),
            outcome(&run.manifest.outcome),
            words::bytes(run.bytes),
            run.commit(),
            whole.to_owned(),
        ]
    };
    let mut text = match listing.runs.is_empty() {
        true => format!("no run is recorded in {}\n", store.root().display()),
        false => words::table(
            &["run", "kind", "trial", "outcome", "size", "commit", ""],
            listing.runs.iter().map(row).collect(),
        ),
    };
    for (_, path, reason) in &listing.unreadable {
        text += &format!("cannot be believed: {path}: {reason} (jem store fsck)\n");
    }
    print(&text)
}

/// `training` or `evaluation`.
pub fn kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Training => "training",
        RunKind::Evaluation => "evaluation",
    }
}

/// How a run ended, in a few words.
pub fn outcome(outcome: &Outcome) -> String {
    let restarts = match outcome.restarts().len() {
        0 => String::new(),
        n => format!(", {}", words::count(n as u64, "restart")),
    };
    match outcome {
        Outcome::Finished { steps, .. } => format!("finished {steps} steps{restarts}"),
        Outcome::Diverged(divergence) => format!("diverged at step {}{restarts}", divergence.step),
    }
}

fn as_json(run: &RunLine) -> Value {
    let manifest = &run.manifest;
    json!({
        "run": manifest.run,
        "kind": manifest.kind,
        "cell": manifest.cell,
        "trial": manifest.trial,
        "eval": manifest.eval,
        "training": manifest.training,
        "seed": manifest.seed,
        "label": run.label,
        "outcome": manifest.outcome,
        "bytes": run.bytes,
        "whole": run.whole,
        "commit": run.commit(),
        "results_digest": manifest.results_digest(),
    })
}
