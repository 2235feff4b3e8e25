//! Runs: manifests that cannot be believed, evaluations without their
//! training, and results that contradict their manifest.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde_json::Value;

use super::super::StoreError;
use super::super::attempt::{FAILED, parse_failure};
use super::super::known::{Bad, EVENTS};
use super::super::manifest::{Manifest, RunKind};
use super::super::survey::Place;
use super::cost::training_spec;
use super::finding::{Finding, Kind, Repair, Severity};
use super::whole::Look;
use crate::digest::{Canonical, Digest};
use crate::durable;
use crate::event::Event;
use crate::id::{CellId, EvalId, RunId};
use crate::results::{EVALUATE, METRICS, Metrics, OUTCOME, Outcome, SPEC};

pub(super) fn check(look: &Look<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = look.known.bad.iter().map(|bad| told(look, bad)).collect();
    let manifests: Vec<&Manifest> = look.known.manifests.values().collect();
    let each = |manifest: &&Manifest| {
        let mut found = Vec::new();
        found.extend(without_training(look, manifest));
        if !look.options.quick {
            found.extend(contradiction(look, manifest));
        }
        found
    };
    found.par_extend(manifests.par_iter().flat_map_iter(each));
    found.extend(logs(look));
    found.extend(failures(look));
    found
}

fn told(look: &Look<'_>, bad: &Bad) -> Finding {
    if bad.newer {
        let finding =
            Finding::new(Severity::Repairable, Kind::NewerRecord, &bad.path, bad.reason.clone());
        return finding
            .costs("nothing, but this version cannot use the run")
            .mended_by("a newer jem");
    }
    let runs = BTreeSet::from([bad.run]);
    let trial = look.known.evaluations(bad.run).next().map(|m| m.trial.short());
    let trial = trial.or_else(|| trial_in_logs(look, bad.run));
    let cost = match (look.known.evaluations(bad.run).next(), trial) {
        (None, Some(trial)) => {
            format!("trial {trial} will be made again, as far as this run goes")
        }
        _ => look.cost_of(&runs),
    };
    Finding::new(Severity::Loss, Kind::BadManifest, &bad.path, bad.reason.clone())
        .costs(cost)
        .mended_by(look.command_for(&runs))
        .repaired(Repair::Aside, Some(look.covered_by(bad.run)))
}

/// The trial that the attempts at `run` say they are of.
fn trial_in_logs(look: &Look<'_>, run: RunId) -> Option<String> {
    let mut logs = look.survey.each(move |place| match place {
        Place::Log(of, _, name) if *of == run && name == EVENTS => Some(()),
        _ => None,
    });
    logs.find_map(|(file, ())| {
        let log = durable::read(&look.store.root().join(&file.path)).ok()?;
        log.split(|byte| *byte == b'\n').find_map(|line| match serde_json::from_slice(line) {
            Ok(Event::TrialStarted { trial, .. }) => Some(trial.short()),
            _ => None,
        })
    })
}

fn manifest_path(run: RunId) -> String {
    format!("runs/{run}/manifest.json")
}

/// A number is worth no more than what it rests on.
fn without_training(look: &Look<'_>, manifest: &Manifest) -> Option<Finding> {
    let training = manifest.training?;
    let found = look.known.manifests.get(&training);
    let finding = |what: String| {
        Finding::new(Severity::Loss, Kind::NoTraining, manifest_path(manifest.run), what)
    };
    if let Some(found) = found {
        let same =
            (found.cell, found.trial, found.seed) == (manifest.cell, manifest.trial, manifest.seed);
        if found.kind != RunKind::Training || !same {
            let what = format!("its training run {} is of another trial", training.short());
            let runs = BTreeSet::from([manifest.run]);
            return Some(
                finding(what)
                    .costs(look.cost_of(&runs))
                    .mended_by(look.command_for(&runs))
                    .repaired(Repair::Aside, Some(training)),
            );
        }
    }
    if look.known.trained(training) {
        return None;
    }
    let why = if found.is_some() { "is not whole" } else { "is not there" };
    let what = format!("its training run {} {why}", training.short());
    let runs = BTreeSet::from([training, manifest.run]);
    Some(finding(what).costs(look.cost_of(&runs)).mended_by(look.command_for(&runs)))
}

/// What small results say must be what the manifest says: their digests make
/// the ids, and the outcome stands in both.
fn contradiction(look: &Look<'_>, manifest: &Manifest) -> Option<Finding> {
    let what = match manifest.kind {
        RunKind::Training => training_differs(look, manifest),
        RunKind::Evaluation => evaluation_differs(look, manifest),
    }?;
    let runs = BTreeSet::from([manifest.run]);
    let path = manifest_path(manifest.run);
    let covered = look.covered_by(manifest.run);
    Some(
        Finding::new(Severity::Loss, Kind::BadManifest, path, what)
            .costs(look.cost_of(&runs))
            .mended_by(look.command_for(&runs))
            .repaired(Repair::Aside, Some(covered)),
    )
}

/// The digest of a result; altered and missing ones are told elsewhere.
fn digest_of(manifest: &Manifest, name: &str) -> Option<Digest> {
    manifest.results.get(name).map(|artifact| artifact.digest)
}

fn training_differs(look: &Look<'_>, manifest: &Manifest) -> Option<String> {
    let outcome = look.store.get(digest_of(manifest, OUTCOME)?).ok();
    let outcome: Option<Outcome> = outcome.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if outcome.is_some_and(|outcome| outcome != manifest.outcome) {
        return Some(format!("its outcome is not the one in `{OUTCOME}`"));
    }
    let spec = training_spec(look.store, digest_of(manifest, SPEC)?)?;
    let cell = CellId::new(&Canonical::of(&spec), &[]);
    (cell != manifest.cell).then(|| format!("`{SPEC}` makes the cell {}", cell.short()))
}

fn evaluation_differs(look: &Look<'_>, manifest: &Manifest) -> Option<String> {
    let metrics = look.store.get(digest_of(manifest, METRICS)?).ok();
    let metrics: Option<Metrics> = metrics.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if metrics.is_some_and(|metrics| metrics.outcome != manifest.outcome) {
        return Some(format!("its outcome is not the one in `{METRICS}`"));
    }
    let bytes = look.store.get(digest_of(manifest, EVALUATE)?).ok()?;
    let evaluate: Value = serde_json::from_slice(&bytes).ok()?;
    let eval = EvalId::new(manifest.trial, &Canonical::of(&evaluate), &[]);
    (Some(eval) != manifest.eval)
        .then(|| format!("`{EVALUATE}` makes the evaluation {}", eval.short()))
}

/// Logs of attempts: of the one that won the run has its own copy.
fn logs(look: &Look<'_>) -> Vec<Finding> {
    let logs: Vec<_> = look
        .survey
        .each(|place| match place {
            Place::Log(run, number, name) if name == EVENTS => Some((*run, *number)),
            _ => None,
        })
        .collect();
    let told = |(file, (run, number)): &(&super::super::survey::File, (RunId, u32))| {
        let log = durable::read(&look.store.root().join(&file.path)).ok()?;
        let won = look.known.manifests.get(run).filter(|m| m.attempt == *number);
        let kept = won.and_then(|m| look.store.get(m.records.get(EVENTS)?.digest).ok());
        let what = match kept {
            Some(kept) if !log.starts_with(&kept) => "it does not begin with what its run recorded",
            _ if broken(&log) => "a line in it cannot be read",
            _ => return None,
        };
        Some(
            Finding::new(Severity::Harmless, Kind::AlteredLog, &file.path, what)
                .costs("nothing: no result rests on a log; a time may be estimated less well"),
        )
    };
    if look.options.quick { Vec::new() } else { logs.par_iter().filter_map(told).collect() }
}

/// What the dispatcher recorded of attempts that failed.
fn failures(look: &Look<'_>) -> Vec<Finding> {
    let records = look.survey.each(|place| match place {
        Place::Log(_, _, name) if name == FAILED => Some(()),
        _ => None,
    });
    let told = |(file, ()): (&super::super::survey::File, ())| {
        let path = look.store.root().join(&file.path);
        // It may be gone meanwhile.
        let why = parse_failure(&path, &durable::read(&path).ok()?).err()?;
        let what = match why {
            StoreError::Unreadable { reason, .. } => reason,
            other => other.to_string(),
        };
        Some(
            Finding::new(Severity::Harmless, Kind::AlteredLog, &file.path, what)
                .costs("nothing: no result rests on it; how an attempt failed is told less well"),
        )
    };
    if look.options.quick { Vec::new() } else { records.filter_map(told).collect() }
}

/// Whether a line is no JSON. The last may be cut off by a kill.
fn broken(log: &[u8]) -> bool {
    let mut lines: Vec<&[u8]> = log.split(|byte| *byte == b'\n').collect();
    lines.pop();
    lines.iter().any(|line| serde_json::from_slice::<Value>(line).is_err())
}
