//! What losing runs costs: which trials are made again, and how long they
//! took the last time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::known::{EVENTS, Known, PROVENANCE, recorded_seconds};
use super::super::manifest::{Manifest, RunKind};
use super::super::object::Store;
use crate::digest::{Canonical, Digest};
use crate::durable;
use crate::id::{CellId, RunId, TrialId};
use crate::results;
use crate::spec::show_value;

/// Swept values in a label, at most.
const VALUES: usize = 4;
/// Trials that a finding names, at most.
const NAMED: usize = 3;
/// The value that a trial is first known by.
const LAMBDA: &str = "objective.lambda";

/// Labels and times of the trials of a store.
pub(crate) struct Trials<'a> {
    store: &'a Store,
    known: &'a Known,
    /// The values that differ between cells, and λ, by cell.
    values: BTreeMap<CellId, BTreeMap<String, String>>,
    shown: Vec<String>,
}

impl<'a> Trials<'a> {
    pub(crate) fn of(store: &'a Store, known: &'a Known) -> Self {
        let mut values = BTreeMap::new();
        for manifest in known.manifests.values().filter(|m| m.kind == RunKind::Training) {
            if let std::collections::btree_map::Entry::Vacant(place) = values.entry(manifest.cell)
                && let Some(found) = values_of(store, manifest)
            {
                place.insert(found);
            }
        }
        let mut told: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
        for (path, value) in values.values().flatten() {
            told.entry(path).or_default().insert(value);
        }
        let differ = told.iter().filter(|(path, told)| told.len() > 1 || **path == LAMBDA);
        let mut shown: Vec<String> = differ.map(|(path, _)| (*path).clone()).collect();
        shown.sort_by_key(|path| (path != LAMBDA, path.clone()));
        shown.truncate(VALUES);
        Self { store, known, values, shown }
    }

    /// `lambda=0.5 seed=1 (trial 0123456789)`
    pub(crate) fn label(&self, cell: CellId, trial: TrialId, seed: u64) -> String {
        let mut words = self.cell_label(cell);
        words.push(format!("seed={seed}"));
        format!("{} (trial {})", words.join(" "), trial.short())
    }

    /// The values of a cell, each as `lambda=0.5`; none where they are lost.
    pub(crate) fn cell_label(&self, cell: CellId) -> Vec<String> {
        let Some(values) = self.values.get(&cell) else { return Vec::new() };
        let word = |path: &String| {
            let name = path.rsplit('.').next().unwrap_or(path);
            values.get(path).map(|value| format!("{name}={value}"))
        };
        self.shown.iter().filter_map(word).collect()
    }

    /// What it costs that `runs` count no more: words such as "… will be
    /// trained and evaluated again: about 20 s".
    pub(crate) fn again(&self, runs: &BTreeSet<RunId>) -> String {
        let mut trained: BTreeMap<TrialId, &Manifest> = BTreeMap::new();
        let mut evaluated = BTreeMap::new();
        let mut unknown = Vec::new();
        for run in runs {
            match self.known.manifests.get(run) {
                Some(m) if m.kind == RunKind::Training => drop(trained.insert(m.trial, m)),
                Some(m) => drop(evaluated.insert(m.trial, m)),
                None => match self.known.evaluations(*run).next() {
                    Some(m) => drop(trained.insert(m.trial, m)),
                    None => unknown.push(format!("run {} will be made again", run.short())),
                },
            }
        }
        evaluated.retain(|trial, _| !trained.contains_key(trial));
        let mut words = Vec::new();
        words.extend(self.words(&trained, "trained and evaluated again", true));
        words.extend(self.words(&evaluated, "evaluated again", false));
        words.extend(unknown.into_iter().take(NAMED));
        words.join("; ")
    }

    fn words(
        &self,
        trials: &BTreeMap<TrialId, &Manifest>,
        how: &str,
        training: bool,
    ) -> Option<String> {
        if trials.is_empty() {
            return None;
        }
        let label = |m: &&Manifest| self.label(m.cell, m.trial, m.seed);
        let mut names: Vec<String> = trials.values().take(NAMED).map(label).collect();
        if trials.len() > NAMED {
            names.push(format!("{} more trials", trials.len() - NAMED));
        }
        let seconds: Option<f64> =
            trials.values().map(|manifest| self.seconds(manifest, training)).sum();
        let time = seconds.map_or_else(|| "time not recorded".to_owned(), about);
        Some(format!("{} will be {how}: {time}", names.join(", ")))
    }

    /// Seconds that the evaluation of the trial of `manifest` took, and its
    /// training where `training`.
    fn seconds(&self, manifest: &Manifest, training: bool) -> Option<f64> {
        let same = |m: &&Manifest| m.trial == manifest.trial;
        let mut trained = None;
        let mut evaluated = None;
        for run in self.known.manifests.values().filter(same) {
            let log = durable::read(
                &self.store.run_path(run.run).join(format!("attempts/{}/{EVENTS}", run.attempt)),
            );
            let kept = run.records.get(EVENTS).and_then(|a| self.store.get(a.digest).ok());
            for log in log.into_iter().chain(kept) {
                let (training, whole) = recorded_seconds(&log);
                trained = longer(trained, training);
                if let (Some(training), Some(whole)) = (training, whole) {
                    evaluated = longer(evaluated, Some(whole - training));
                }
            }
        }
        match training {
            true => Some(trained? + evaluated.unwrap_or(0.0)),
            false => evaluated,
        }
    }

    /// The command that made `manifest`, as it is typed to make it again, and
    /// at which commit.
    pub(crate) fn command(&self, manifest: &Manifest) -> String {
        let unknown = "jem run with its experiment's file".to_owned();
        let Some(told) = provenance(self.store, manifest) else { return unknown };
        let words = told["command"].as_array().into_iter().flatten().skip(1);
        let words: Vec<&str> = words.filter_map(Value::as_str).collect();
        if !words.contains(&"run") {
            return unknown;
        }
        let commit = told["source"]["commit"].as_str().map(|commit| {
            let dirty = told["source"]["dirty"] == true;
            let dirty = if dirty { " with its recorded changes" } else { "" };
            format!(" (at commit {}{dirty})", commit.get(..7).unwrap_or(commit))
        });
        format!("jem {}{}", words.join(" "), commit.unwrap_or_default())
    }
}

/// The longer of two times: training that was reused is recorded as none.
fn longer(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

/// The provenance that `manifest` records, as it was written.
pub(crate) fn provenance(store: &Store, manifest: &Manifest) -> Option<Value> {
    let artifact = manifest.records.get(PROVENANCE)?;
    serde_json::from_slice(&store.get(artifact.digest).ok()?).ok()
}

/// The leaves of the spec that `manifest`, of a training run, was trained by.
fn values_of(store: &Store, manifest: &Manifest) -> Option<BTreeMap<String, String>> {
    let spec = training_spec(store, manifest.results.get(results::SPEC)?.digest)?;
    let cell = CellId::new(&Canonical::of(&spec), &[]);
    let mut leaves = BTreeMap::new();
    if cell == manifest.cell {
        flatten("", &spec, &mut leaves);
    }
    (!leaves.is_empty()).then_some(leaves)
}

/// The resolved training values out of [`results::SPEC`].
pub(super) fn training_spec(store: &Store, digest: Digest) -> Option<Value> {
    let value: Value = serde_json::from_slice(&store.get(digest).ok()?).ok()?;
    value.get(0).cloned()
}

fn flatten(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, inner) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, inner, leaves);
            }
        }
        leaf => drop(leaves.insert(path.to_owned(), show_value(leaf))),
    }
}

/// `about 20 s`, `about 3 min`, `about 2.5 h`.
pub(super) fn about(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "about a second".to_owned(),
        s if s < 90.0 => format!("about {s:.0} s"),
        s if s < 5400.0 => format!("about {:.0} min", s / 60.0),
        s => format!("about {:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let told: Vec<String> = [0.2, 20.4, 200.0, 9000.0].map(about).to_vec();
        assert_eq!(told, ["about a second", "about 20 s", "about 3 min", "about 2.5 h"]);
    }
}
