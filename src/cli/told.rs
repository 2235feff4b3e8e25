//! What `jem explain` says of a trial and of a run.

use std::fmt::Write;
use std::path::Path;

use jem_core::digest::Digest;
use jem_core::plan::Trial;
use jem_core::provenance::{Code, NO_COMMIT, Provenance, SourceState};
use jem_core::results::Outcome;
use jem_core::spec::show_value;
use jem_core::store::{Manifest, RunKind, Store};
use serde_json::Value;

use super::CliError;
use super::open;
use super::plan::{name, why};
use crate::schedule::{Keys, Known, Rests, Stage, Stale, Status, differences};
use crate::verify::{Recovered, recover};

/// How much is shown.
#[derive(Clone, Copy, Debug)]
pub struct Detail {
    /// Every part of the code, and digests in full.
    pub all: bool,
}

/// What the current build makes runs of.
#[derive(Clone, Copy, Debug)]
pub struct Build<'a> {
    /// Its code, part by part where that is known.
    pub code: &'a Code,
    /// The folder of datasets.
    pub data: &'a Path,
}

/// Hexadecimal characters of a digest.
const SHORT: usize = 10;

impl Detail {
    fn digest(self, digest: Digest) -> String {
        if self.all { digest.to_hex() } else { digest.short(SHORT) }
    }

    fn leaves(self, text: &mut String, leaves: &[(String, Value)]) {
        for (path, value) in leaves {
            let _ = writeln!(text, "  {path} = {}", show_value(value));
        }
    }

    fn files(self, text: &mut String, stage: Stage, files: &[(String, Digest)]) {
        let _ = writeln!(text, "data read by {stage}");
        for (name, digest) in files {
            let _ = writeln!(text, "  {name}  {}", self.digest(*digest));
        }
    }

    /// The fingerprint of a stage and the modules and crates under it.
    fn code(self, text: &mut String, code: &Code, stage: Stage) {
        let fingerprint = self.digest(stage.fingerprint(code));
        let Some(parts) = stage.parts(code) else {
            let _ = writeln!(text, "{stage} code {fingerprint}, its modules not recorded");
            return;
        };
        let crates = parts.keys().filter(|name| name.contains(' ')).count();
        let modules = parts.len() - crates;
        let _ = writeln!(text, "{stage} code {fingerprint}: {modules} modules, {crates} crates");
        if self.all {
            for (name, digest) in parts {
                let _ = writeln!(text, "  {name}  {}", self.digest(*digest));
            }
        }
    }
}

/// Every part of the key of `trial`, where it stands, and against the nearest
/// runs that there are each part that differs.
pub fn told_trial(
    keys: &Keys<'_>,
    trial: &Trial,
    (status, known): (&Status, Option<&Known>),
    nearest: Option<&Stale>,
    store: &Store,
    build: &Build<'_>,
    detail: Detail,
) -> Result<String, CliError> {
    let (plan, keyed) = (keys.plan(), keys.of(trial));
    let spec = plan.spec_of(trial);
    let mut text = String::new();
    let file = plan.experiment.file.display();
    let _ = writeln!(text, "trial {}\n  {} of {file}", trial.id, open::label(plan, trial));
    let _ = writeln!(text, "cell {}", trial.cell);
    detail.leaves(&mut text, &spec.training.leaves());
    let _ = writeln!(text, "seed {}", trial.seed);
    let _ = writeln!(text, "evaluation {}", trial.eval);
    detail.leaves(&mut text, &spec.evaluate.leaves());
    detail.code(&mut text, build.code, Stage::Training);
    detail.code(&mut text, build.code, Stage::Evaluation);
    let _ = writeln!(text, "environment {}", keyed.training.environment);
    detail.files(&mut text, Stage::Training, &keyed.training.data);
    let trained = &keyed.training.data;
    let own = keyed.evaluation.data.strip_prefix(&trained[..]).unwrap_or_default();
    detail.files(&mut text, Stage::Evaluation, own);
    let runs = keyed.runs();
    for (stage, run) in [(Stage::Training, runs.training), (Stage::Evaluation, runs.evaluation)] {
        let made = match store.done(run)? {
            Some(manifest) => format!("done, {}", made(store, &manifest)),
            None => "not done".to_owned(),
        };
        let _ = writeln!(text, "{stage} run {run}\n  {made}");
    }
    let said = why(status, known);
    let _ = writeln!(
        text,
        "status: {}{}{said}",
        name(status, known),
        if said.is_empty() { "" } else { " " }
    );
    if let Some(stale) = nearest.filter(|_| !matches!(status, Status::Cached | Status::Diverged)) {
        let last = stale.evaluation.as_ref().unwrap_or(&stale.training);
        let _ = writeln!(text, "nearest run {}\n  {}", last.run, made(store, last));
        for difference in &stale.differs {
            let _ = writeln!(text, "  {}", difference.in_full());
        }
    }
    Ok(text)
}

/// Every part of the id of `run`, who made it, and what the current build
/// would make otherwise.
pub fn told_run(
    run: &Manifest,
    store: &Store,
    build: &Build<'_>,
    detail: Detail,
) -> Result<String, CliError> {
    let kind = if run.kind == RunKind::Training { Stage::Training } else { Stage::Evaluation };
    let mut text = format!("{kind} run {}\n", run.run);
    let whole = store.done(run.run)?.is_some();
    let outcome = match &run.outcome {
        Outcome::Finished { steps, .. } => format!("finished, {steps} steps"),
        Outcome::Diverged(found) => format!("diverged at step {}: {}", found.step, found.reason),
    };
    let missing =
        if whole { "" } else { "; some of its objects are missing, so it does not count" };
    let _ = writeln!(text, "  {outcome}; attempt {}{missing}", run.attempt);
    let recovered = recovered(run, store);
    let _ = writeln!(text, "cell {}", run.cell);
    if let Some(recovered) = &recovered {
        detail.leaves(&mut text, &recovered.training.leaves());
    }
    let _ = writeln!(text, "trial {}\nseed {}", run.trial, run.seed);
    if let Some(eval) = run.eval {
        let _ = writeln!(text, "evaluation {eval}");
        if let Some(evaluate) = recovered.as_ref().and_then(|found| found.evaluate.as_ref()) {
            detail.leaves(&mut text, &evaluate.leaves());
        }
    }
    let record = record(store, run);
    let code = record.as_ref().and_then(|record| Code::parse(&store.get(record.code?).ok()?).ok());
    match &code {
        Some(code) => {
            detail.code(&mut text, code, Stage::Training);
            if run.eval.is_some() {
                detail.code(&mut text, code, Stage::Evaluation);
            }
        }
        None => {
            let _ = writeln!(text, "code {}, its modules not recorded", run.parts.fingerprint);
        }
    }
    let _ = writeln!(text, "environment {}", run.parts.environment);
    detail.files(&mut text, kind, &run.parts.data);
    if let Some(training) = run.training {
        let _ = writeln!(text, "training run {training}");
    }
    match &record {
        Some(record) => origin(&mut text, record, detail),
        None => text += "made by: its record cannot be read\n",
    }
    against(&mut text, run, store, build, (code.as_ref(), recovered.as_ref()));
    Ok(text)
}

/// What the run consists of, from its results and those of its training.
fn recovered(run: &Manifest, store: &Store) -> Option<Recovered> {
    let training = match run.training {
        Some(training) => store.manifest(training).ok()??,
        None => run.clone(),
    };
    recover(store, &training, run.eval.map(|_| run)).ok()
}

fn record(store: &Store, run: &Manifest) -> Option<Provenance> {
    let bytes = store.get(run.records.get("provenance.json")?.digest).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// `made at 0123456-dirty on here (AMD …), 2026-01-01T00:00:00Z`
fn made(store: &Store, run: &Manifest) -> String {
    let Some(record) = record(store, run) else { return "its record cannot be read".to_owned() };
    let commit = record.source.as_ref().map_or_else(|| NO_COMMIT.to_owned(), SourceState::short);
    format!("made at {commit} on {} ({}), {}", record.host.name, record.host.cpu, record.started)
}

fn origin(text: &mut String, record: &Provenance, detail: Detail) {
    let Provenance { source, host, command, version, libtorch, started, binaries, .. } = record;
    let commit = match source {
        None => "outside a git checkout".to_owned(),
        Some(SourceState { error: Some(error), .. }) => error.clone(),
        Some(source) => {
            let commit = source.commit.as_deref().unwrap_or("no commit yet");
            format!("at {commit}{}", if source.dirty { ", dirty" } else { "" })
        }
    };
    let _ = writeln!(text, "made {commit}");
    if let Some(source) = source {
        if let Some(diff) = source.diff {
            let _ = writeln!(text, "  difference to the commit: object {}", detail.digest(diff));
        }
        for file in &source.untracked {
            let digest = detail.digest(file.digest);
            let _ = match file.unkept {
                None => writeln!(text, "  untracked {}: object {digest}", file.path),
                Some(size) => {
                    writeln!(text, "  untracked {}: {digest}, its {size} bytes not kept", file.path)
                }
            };
        }
        if let Some(lock) = source.cargo_lock {
            let _ = writeln!(text, "  Cargo.lock: object {}", detail.digest(lock));
        }
    }
    let _ = writeln!(
        text,
        "  by {} (jem {version}, libtorch {})",
        command.join(" "),
        libtorch.as_deref().unwrap_or("unknown")
    );
    for (name, digest) in binaries {
        let _ = writeln!(text, "  binary {name}  {}", detail.digest(*digest));
    }
    let gpus: String = host.gpus.iter().map(|gpu| format!(", {gpu}")).collect();
    let _ = writeln!(
        text,
        "  on {} ({}, {} processors{gpus}), {started}",
        host.name, host.cpu, host.cpus
    );
}

/// Each part that the current build would make otherwise.
fn against(
    text: &mut String,
    run: &Manifest,
    store: &Store,
    build: &Build<'_>,
    (code, recovered): (Option<&Code>, Option<&Recovered>),
) {
    let mut wanted = run.parts.clone();
    let evaluates = run.eval.is_some();
    wanted.fingerprint =
        if evaluates { build.code.fingerprints.both() } else { build.code.fingerprints.training };
    let data = recovered.and_then(|recovered| recovered.data(build.data).ok());
    if let Some((training, evaluation)) = &data {
        wanted.data = training.clone();
        if evaluates {
            wanted.data.extend(evaluation.iter().cloned());
        }
    }
    let training = run.training.and_then(|training| store.manifest(training).ok()?);
    let trained = training.as_ref().map_or(&run.parts, |training| &training.parts);
    let mut train_now = trained.clone();
    train_now.fingerprint = build.code.fingerprints.training;
    let old = Rests {
        training: trained,
        evaluation: evaluates.then_some(&run.parts),
        trained_by: code,
        evaluated_by: code,
    };
    // The training's data stand in the evaluation's as well.
    let new = Rests {
        training: if evaluates { &train_now } else { &wanted },
        evaluation: evaluates.then_some(&wanted),
        trained_by: Some(build.code),
        evaluated_by: Some(build.code),
    };
    let differs = differences(old, new);
    if differs.is_empty() {
        let known = if data.is_none() { "as far as is known, " } else { "" };
        *text += &format!("{known}this build would make the same run\n");
    } else {
        *text += "this build would make another run\n";
        for difference in &differs {
            let _ = writeln!(text, "  {}", difference.in_full());
        }
    }
    if data.is_none() {
        let trial = run.trial.short();
        let _ = writeln!(
            text,
            "  whether its data changed is not known without the experiment's file: jem explain \
             {trial} SPEC"
        );
    }
}
