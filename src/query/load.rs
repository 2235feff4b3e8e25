//! Every evaluated trial of a store as values by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use jem_core::digest::Digest;
use jem_core::id::RunId;
use jem_core::provenance::{Fingerprints, Hardware, NO_COMMIT, Provenance, commit_name};
use jem_core::results::{EVALUATE, METRICS, Metrics, Outcome, SPEC};
use jem_core::spec::{Evaluate, Training, field_values};
use jem_core::store::{Manifest, RunKind, Store, StoreError};
use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// One whole evaluation of a trial. A trial has several where it was evaluated
/// again, with further parts, other settings or other code.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// What is known of it, by full name; what it has not is absent.
    pub values: BTreeMap<String, Value>,
    /// Metrics that have no value, with the reason.
    pub undefined: BTreeMap<String, String>,
}

/// What a store holds.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Every whole evaluation: the oldest first, then by cell, seed and run.
    pub runs: Vec<Run>,
    /// Why others could not be read, one line each.
    pub unreadable: Vec<String>,
}

/// Reads every run of `store` that evaluated a trial. What cannot be read is
/// told and left out. All bytes are hashed as they are read.
///
/// # Errors
/// When the store's folder of runs cannot be listed.
pub fn load(store: &Store) -> Result<Found, StoreError> {
    let ids = run_ids(store)?;
    let read: Vec<Result<Option<Manifest>, String>> =
        ids.par_iter().map(|run| manifest(store, *run)).collect();
    let mut found = Found::default();
    let (mut trainings, mut evaluations) = (BTreeMap::new(), Vec::new());
    for one in read {
        match one {
            Ok(Some(manifest)) if manifest.kind == RunKind::Training => {
                trainings.insert(manifest.run, manifest);
            }
            // The whole evaluation has the numbers of its parts too.
            Ok(Some(manifest)) if manifest.part.is_some() => {}
            Ok(Some(manifest)) => evaluations.push(manifest),
            Ok(None) => {}
            Err(why) => found.unreadable.push(why),
        }
    }
    let runs: Vec<Result<Run, String>> = evaluations
        .par_iter()
        .map(|evaluation| {
            let training = evaluation.training.and_then(|run| trainings.get(&run));
            let run = training.ok_or_else(|| "its training run is not whole".to_owned());
            let run = run.and_then(|training| run_of(store, training, evaluation));
            run.map_err(|why| format!("run {}: {why}", evaluation.run.short()))
        })
        .collect();
    for run in runs {
        match run {
            Ok(run) => found.runs.push(run),
            Err(why) => found.unreadable.push(why),
        }
    }
    found.runs.sort_by_cached_key(place);
    found.count_runs();
    Ok(found)
}

fn place(run: &Run) -> (String, String, u64, String) {
    let text = |name: &str| run.values.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let seed = run.values.get("seed").and_then(Value::as_u64).unwrap_or(0);
    (text("started"), text("cell"), seed, text("run"))
}

/// The folders of `runs/` that are named by a run's id.
fn run_ids(store: &Store) -> Result<Vec<RunId>, StoreError> {
    let path = store.root().join("runs");
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StoreError::Io { path, source }),
    };
    let id = |name: &str| Digest::parse(name).ok().map(RunId::from_digest);
    let names = entries.flatten().map(|entry| entry.file_name());
    Ok(names.filter_map(|name| id(name.to_str()?)).collect())
}

/// The manifest of `run`; none where it is not done.
fn manifest(store: &Store, run: RunId) -> Result<Option<Manifest>, String> {
    let there = store.run_path(run).join("manifest.json").exists();
    match store.done(run) {
        Ok(None) if there => Err(format!("run {}: files it names are missing", run.short())),
        done => done.map_err(|error| format!("run {}: {error}", run.short())),
    }
}

fn run_of(store: &Store, training: &Manifest, evaluation: &Manifest) -> Result<Run, String> {
    let (spec, _): (Training, u64) = json_of(store, training, SPEC)?;
    let settings: Evaluate = json_of(store, evaluation, EVALUATE)?;
    let metrics: Metrics = json_of(store, evaluation, METRICS)?;
    let trained: Provenance = json_of(store, training, "provenance.json")?;
    let evaluated: Provenance = json_of(store, evaluation, "provenance.json")?;
    let mut run = Run::of(facts(training, evaluation, &metrics.outcome));
    run.values.extend(origin(&trained, &evaluated));
    let settings = field_values(&spec, &settings).into_iter();
    run.values.extend(settings.map(|(path, value)| (path.to_owned(), value)));
    run.values.extend(environment(&training.parts.environment));
    let hardware = Hardware::of(
        (&trained, &training.parts.environment),
        (&evaluated, &evaluation.parts.environment),
    );
    run.values.insert("hardware".to_owned(), json!(hardware.text()));
    run.values.extend(metrics.metrics.into_iter().map(|(path, value)| (path, json!(value))));
    run.undefined = metrics.undefined;
    Ok(run)
}

fn json_of<T: DeserializeOwned>(
    store: &Store,
    manifest: &Manifest,
    name: &str,
) -> Result<T, String> {
    let artifact = manifest.results.get(name).or_else(|| manifest.records.get(name));
    let artifact = artifact.ok_or_else(|| format!("it has no `{name}`"))?;
    let bytes = store.get(artifact.digest).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| format!("`{name}`: {error}"))
}

type Named = (String, Value);

fn facts(training: &Manifest, evaluation: &Manifest, outcome: &Outcome) -> Vec<Named> {
    let id = |digest: Digest| json!(digest.to_hex());
    let mut facts = vec![
        ("trial", id(evaluation.trial.digest())),
        ("cell", id(evaluation.cell.digest())),
        ("run", id(evaluation.run.digest())),
        ("training_run", id(training.run.digest())),
        ("training_code", id(training.parts.fingerprint)),
        ("evaluation_code", id(evaluation.parts.fingerprint)),
        ("seed", json!(evaluation.seed)),
        ("restarts", json!(outcome.restarts().len())),
    ];
    facts.extend(evaluation.eval.map(|eval| ("evaluation", id(eval.digest()))));
    match outcome {
        Outcome::Finished { steps, .. } => {
            facts.extend([("outcome", json!("finished")), ("steps", json!(steps))]);
        }
        Outcome::Diverged(divergence) => facts.extend([
            ("outcome", json!("diverged")),
            ("steps", json!(divergence.step)),
            ("reason", json!(divergence.reason)),
        ]),
    }
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Where and by what it was made. `dirty` is asked of both commits.
fn origin(trained: &Provenance, evaluated: &Provenance) -> Vec<Named> {
    // Where there is no commit there is no value; where it is not known there is.
    let commit = |from: &Provenance| {
        Some(commit_name(from.source.as_ref()).to_owned()).filter(|name| name != NO_COMMIT)
    };
    let dirty = |from: &Provenance| from.source.as_ref().is_some_and(|source| source.dirty);
    let mut facts = vec![
        ("dirty", json!(dirty(trained) || dirty(evaluated))),
        ("started", json!(evaluated.started)),
        ("host", json!(trained.host.name)),
        ("command", json!(evaluated.command.join(" "))),
    ];
    facts.extend(commit(trained).map(|commit| ("commit", json!(commit))));
    facts.extend(commit(evaluated).map(|commit| ("evaluation_commit", json!(commit))));
    facts.extend(trained.libtorch.as_ref().map(|version| ("libtorch", json!(version))));
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// `device` and `threads` of an environment key.
fn environment(key: &str) -> Vec<Named> {
    let words = key.split(' ').filter_map(|word| word.split_once('='));
    words
        .filter_map(|(name, value)| match name {
            "device" => Some(("resources.device".to_owned(), json!(value))),
            "threads" => Some(("resources.threads".to_owned(), json!(value.parse::<u64>().ok()?))),
            _ => None,
        })
        .collect()
}

impl Run {
    /// The id of its trial.
    fn trial(&self) -> &str {
        self.values.get("trial").and_then(Value::as_str).unwrap_or_default()
    }

    /// A run with these values.
    pub fn of(values: impl IntoIterator<Item = (String, Value)>) -> Self {
        Self { values: values.into_iter().collect(), undefined: BTreeMap::new() }
    }
}

impl Found {
    /// Gives every run the fact `runs`: how many its trial has.
    fn count_runs(&mut self) {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for run in &self.runs {
            *counts.entry(run.trial().to_owned()).or_default() += 1;
        }
        for run in &mut self.runs {
            let n = counts.get(run.trial()).copied().unwrap_or(1);
            run.values.insert("runs".to_owned(), json!(n));
        }
    }

    /// Of the runs of each trial the newest: one row a trial, so that no seed is
    /// counted twice.
    pub fn into_trials(self) -> Self {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let newest_first = self.runs.into_iter().rev();
        let mut newest: Vec<Run> =
            newest_first.filter(|run| seen.insert(run.trial().to_owned())).collect();
        newest.reverse();
        Self { runs: newest, unreadable: self.unreadable }
    }

    /// Every name that some run has a value of.
    pub fn names(&self) -> BTreeSet<&str> {
        self.runs.iter().flat_map(|run| run.values.keys()).map(String::as_str).collect()
    }

    /// Every metric that some run has, or should have and says why not.
    pub fn metrics(&self) -> BTreeSet<&str> {
        let runs = self.runs.iter();
        let names = runs.flat_map(|run| run.values.keys().chain(run.undefined.keys()));
        names.map(String::as_str).filter(|name| name.contains('/')).collect()
    }

    /// Gives every run the fact `stale`: whether it was trained or evaluated
    /// by code of other fingerprints than `now`.
    pub fn mark_stale(&mut self, now: &Fingerprints) {
        let (training, both) = (json!(now.training.to_hex()), json!(now.both().to_hex()));
        for run in &mut self.runs {
            let is = |name: &str, value: &Value| run.values.get(name) == Some(value);
            let stale = !(is("training_code", &training) && is("evaluation_code", &both));
            run.values.insert("stale".to_owned(), json!(stale));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(trial: &str, run: &str) -> Run {
        let values = [("trial", json!(trial)), ("run", json!(run))];
        Run::of(values.map(|(name, value)| (name.to_owned(), value)))
    }

    #[test]
    fn of_the_runs_of_a_trial_the_newest_stands_for_it() {
        let runs = vec![run("a", "1"), run("b", "2"), run("a", "3"), run("c", "4")];
        let mut found = Found { runs, unreadable: Vec::new() };
        found.count_runs();
        let trials = found.into_trials();
        let shown: Vec<_> =
            trials.runs.iter().map(|run| (&run.values["run"], &run.values["runs"])).collect();
        let expected = [(json!("2"), json!(1)), (json!("3"), json!(2)), (json!("4"), json!(1))];
        assert_eq!(shown, expected.iter().map(|(run, n)| (run, n)).collect::<Vec<_>>());
    }
}
