//! What the code of a commit computes with, looked up without building it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use jem_core::digest::Digest;
use jem_core::id::RunId;
use jem_core::provenance::{Code, Parts, Provenance, fingerprints_at};
use jem_core::store::{Manifest, RunKind, Store, StoreError};
use rayon::prelude::*;
use serde::Serialize;

use crate::schedule::Stages;

/// What the numbers of one side are computed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The fingerprints of its runs.
    pub stages: Stages,
    /// The parts they were made of.
    pub parts: Parts,
    /// How that is known.
    pub from: KnownFrom,
}

/// How it is known what a side computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownFrom {
    /// It was recorded when a command ran at the clean commit.
    Record,
    /// So many runs in the store were evaluated at the clean commit.
    Runs(usize),
    /// It was derived from the commit's files.
    Tree,
    /// It was derived from the files of the work tree, from which the worker was
    /// not built.
    Files,
    /// It is what the worker of this build says of itself.
    Worker,
}

impl fmt::Display for KnownFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record => f.write_str("recorded when jem ran at this commit"),
            Self::Runs(n) => write!(f, "recorded with {n} runs at this commit"),
            Self::Tree => f.write_str("derived from the files of this commit"),
            Self::Files => f.write_str("derived from the files of the work tree, not built yet"),
            Self::Worker => f.write_str("the worker of this build"),
        }
    }
}

/// What the store knows of `commit`, given in full: from its record, else from
/// the runs that were made at it.
///
/// # Errors
/// When the store cannot be read, or its record of the commit is wrong.
pub fn known_of(store: &Store, commit: &str) -> Result<Option<Known>, StoreError> {
    match recorded(store, commit)? {
        Some(known) => Ok(Some(known)),
        None => from_runs(store, commit),
    }
}

/// What a worker built from `commit` would compute with, derived from the
/// commit's files by the rules of this build, with the libtorch that `like`
/// has. None where these files are not those of a worker, or its libtorch is
/// not known.
pub fn derived_from(folder: &Path, commit: &str, like: &Parts) -> Option<Known> {
    let libtorch = like.training.keys().find_map(|part| part.strip_prefix("libtorch "))?;
    let Code { fingerprints, parts } = fingerprints_at(folder, commit, libtorch).ok()?;
    Some(Known { stages: fingerprints.into(), parts, from: KnownFrom::Tree })
}

fn recorded(store: &Store, commit: &str) -> Result<Option<Known>, StoreError> {
    let record = store.commit_record(commit)?;
    Ok(record.map(|record| {
        let (stages, from) = (record.fingerprints.into(), KnownFrom::Record);
        Known { stages, parts: record.parts, from }
    }))
}

/// What the evaluations at the clean `commit` bear. Builds of one commit can
/// differ, as with another libtorch: then that of most runs.
fn from_runs(store: &Store, commit: &str) -> Result<Option<Known>, StoreError> {
    let origins = Mutex::new(HashMap::new());
    let made_there = |run: &RunId| {
        let manifest = store.done(*run).ok().flatten()?;
        let code = match manifest.kind {
            RunKind::Training => return None,
            RunKind::Evaluation => code_at(store, &manifest, commit, &origins)?,
        };
        // An evaluation is by the worker that its fingerprint of training is of.
        let training = store.done(manifest.training?).ok().flatten()?.parts.fingerprint;
        Some((Stages { training, evaluation: manifest.parts.fingerprint }, code))
    };
    let found: Vec<(Stages, Option<Digest>)> =
        runs(store)?.par_iter().filter_map(made_there).collect();
    let mut counted: BTreeMap<Stages, (usize, Option<Digest>)> = BTreeMap::new();
    for (stages, code) in found {
        let entry = counted.entry(stages).or_default();
        entry.0 += 1;
        entry.1 = entry.1.or(code);
    }
    let most = counted.into_iter().max_by_key(|(_, (runs, _))| *runs);
    Ok(most.map(|(stages, (runs, code))| {
        let read = code.and_then(|code| store.get(code).ok());
        let code = read.and_then(|bytes| Code::parse(&bytes).ok());
        let ours = code.filter(|code| stages == code.fingerprints.into());
        let parts = ours.map(|code| code.parts).unwrap_or_default();
        Known { stages, parts, from: KnownFrom::Runs(runs) }
    }))
}

/// Commit, where it was clean, and the object with the parts of the code.
type Origin = Option<(Option<String>, Option<Digest>)>;

/// Where `manifest` was made at the clean `commit`, the object with the parts
/// of its code. Runs made together share their record.
fn code_at(
    store: &Store,
    manifest: &Manifest,
    commit: &str,
    origins: &Mutex<HashMap<Digest, Origin>>,
) -> Option<Option<Digest>> {
    let digest = manifest.records.get("provenance.json")?.digest;
    let mut origins = origins.lock().ok()?;
    let origin = origins.entry(digest).or_insert_with(|| {
        let record: Provenance = serde_json::from_slice(&store.get(digest).ok()?).ok()?;
        let clean = record.source.filter(|source| !source.dirty);
        Some((clean.and_then(|source| source.commit), record.code))
    });
    let (made_at, code) = origin.as_ref()?;
    (made_at.as_deref() == Some(commit)).then_some(*code)
}

fn runs(store: &Store) -> Result<Vec<RunId>, StoreError> {
    let path = store.root().join("runs");
    let failed = |source| StoreError::Io { path: path.clone(), source };
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let digest = name.to_str().and_then(|name| Digest::parse(name).ok());
        found.extend(digest.map(RunId::from_digest));
    }
    Ok(found)
}
