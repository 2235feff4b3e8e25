//! The runs of a store as people list them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::check::{Trials, provenance};
use super::known::{Known, artifacts};
use super::manifest::{Manifest, RunKind};
use super::object::Store;
use super::survey::Survey;
use crate::digest::Digest;
use crate::id::RunId;
use crate::provenance::{NO_COMMIT, UNKNOWN_COMMIT};

/// Runs as `ls` and `show` tell of them.
#[derive(Clone, Debug)]
pub struct RunLine {
    /// The manifest.
    pub manifest: Manifest,
    /// Bytes of its results and records.
    pub bytes: u64,
    /// Whether all of them are there at their size.
    pub whole: bool,
    /// What it was trained by, such as `lambda=0.5 seed=1 (trial …)`.
    pub label: String,
    /// Commit, host, command: its provenance as it was written, where that can
    /// be read.
    pub provenance: Option<Value>,
}

impl RunLine {
    /// The commit as tables call it: its first seven characters, with `-dirty`
    /// where it was.
    pub fn commit(&self) -> String {
        let source = self.provenance.as_ref().map(|told| &told["source"]);
        if source.is_some_and(|source| source["error"].is_string()) {
            return UNKNOWN_COMMIT.to_owned();
        }
        let commit = source.and_then(|source| source["commit"].as_str());
        let dirty = source.is_some_and(|source| source["dirty"] == true);
        let commit = commit.map_or(NO_COMMIT, |commit| commit.get(..7).unwrap_or(commit));
        format!("{commit}{}", if dirty { "-dirty" } else { "" })
    }
}

/// A store's runs, and what could not be read.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The runs: trainings before evaluations, by label.
    pub runs: Vec<RunLine>,
    /// Manifests that cannot be believed: run, path, reason.
    pub unreadable: Vec<(RunId, String, String)>,
    /// The objects that are there, with their sizes.
    pub objects: BTreeMap<Digest, u64>,
}

impl Listing {
    /// Lists the runs of `store`.
    pub fn of(store: &Store) -> Self {
        let survey = Survey::of(store.root());
        let known = Known::of(store, &survey);
        let trials = Trials::of(store, &known);
        let line = |manifest: &Manifest| RunLine {
            bytes: artifacts(manifest).map(|(_, artifact)| artifact.size).sum(),
            whole: known.whole(manifest),
            label: trials.label(manifest.cell, manifest.trial, manifest.seed),
            provenance: provenance(store, manifest),
            manifest: manifest.clone(),
        };
        let mut runs: Vec<RunLine> = known.manifests.values().map(line).collect();
        runs.sort_by(|a, b| {
            let key = |run: &RunLine| (run.manifest.kind == RunKind::Evaluation, run.label.clone());
            key(a).cmp(&key(b))
        });
        let bad = known.bad.into_iter().map(|bad| (bad.run, bad.path, bad.reason)).collect();
        Self { runs, unreadable: bad, objects: known.objects }
    }
}
