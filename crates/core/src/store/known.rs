//! What the records of a store say of each other: which run names which
//! object, and what else a record names.
//!
//! `fsck`, `gc` and `du` rest on this. A record is read for the digests that
//! stand in it, whatever its fields are called: what a later version records
//! is then kept as well.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::manifest::{Artifact, Manifest};
use super::object::Store;
use super::survey::{Place, Survey};
use super::{FORMAT, RunKind, StoreError};
use crate::digest::Digest;
use crate::durable;
use crate::event::Event;
use crate::id::RunId;
use crate::results;

/// A manifest that is there and cannot be believed.
#[derive(Clone, Debug)]
pub(super) struct Bad {
    /// Its path from the store's folder.
    pub path: String,
    /// The run whose folder it lies in.
    pub run: RunId,
    /// What is wrong with it.
    pub reason: String,
    /// Whether a newer version may be able to read it.
    pub newer: bool,
}

/// What is known of a store from its records.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The manifests that can be read.
    pub manifests: BTreeMap<RunId, Manifest>,
    /// Those that cannot.
    pub bad: Vec<Bad>,
    /// The objects that are there, with their sizes.
    pub objects: BTreeMap<Digest, u64>,
    /// What each `.json` record of a manifest names, by the record's digest.
    pub inner: BTreeMap<Digest, Inner>,
}

/// What a record names.
#[derive(Debug, Default)]
pub(super) struct Inner {
    /// The digests that stand in it.
    pub named: BTreeSet<Digest>,
    /// These are all: the record is as it was written.
    pub all: bool,
}

impl Known {
    /// Reads the records of `store`.
    pub fn of(store: &Store, survey: &Survey) -> Self {
        let objects = survey.each(|place| match place {
            Place::Object(digest) => Some(*digest),
            _ => None,
        });
        let objects = objects.map(|(file, digest)| (digest, file.size)).collect();
        let mut known = Self { objects, ..Self::default() };
        let there: Vec<_> = survey
            .each(|place| match place {
                Place::Manifest(run) => Some(*run),
                _ => None,
            })
            .collect();
        let read: Vec<_> = there.par_iter().map(|(_, run)| read(store, *run)).collect();
        for ((file, run), read) in there.into_iter().zip(read) {
            match read {
                Ok(Some(manifest)) => drop(known.manifests.insert(run, manifest)),
                Ok(None) => {}
                Err((reason, newer)) => {
                    known.bad.push(Bad { path: file.path.clone(), run, reason, newer });
                }
            }
        }
        known.bad.extend(survey.misplaced.iter().filter_map(|found| {
            let Some(Place::Manifest(run)) = found.place else { return None };
            let reason = format!("it is {}, not a file", found.what);
            Some(Bad { path: found.path.clone(), run, reason, newer: false })
        }));
        known.inner = known.read_inner(store);
        known
    }

    fn read_inner(&self, store: &Store) -> BTreeMap<Digest, Inner> {
        let records = self.manifests.values().flat_map(|manifest| &manifest.records);
        let told: BTreeSet<Digest> = records
            .filter(|(name, _)| name.ends_with(".json"))
            .map(|(_, artifact)| artifact.digest)
            .collect();
        let told: Vec<Digest> = told.into_iter().collect();
        let read = |digest: &Digest| {
            // Of altered bytes, what can still be read of them.
            let bytes = durable::read(&store.object_path(*digest)).unwrap_or_default();
            let right = Digest::of(&bytes) == *digest;
            (*digest, Inner { named: named_digests(&bytes), all: right })
        };
        told.par_iter().map(read).collect()
    }

    /// Whether all that the records of `manifest` name is known: that of one
    /// which is altered, or not there, is not.
    pub fn knows_all_of(&self, manifest: &Manifest) -> bool {
        let mut records = manifest.records.values();
        records.all(|record| self.inner.get(&record.digest).is_none_or(|inner| inner.all))
    }

    /// The evaluation runs of the training run `run`.
    pub fn evaluations(&self, run: RunId) -> impl Iterator<Item = &Manifest> {
        self.manifests.values().filter(move |manifest| manifest.training == Some(run))
    }

    /// Everything that `manifest` names, itself or within a record.
    pub fn named_by(&self, manifest: &Manifest) -> BTreeSet<Digest> {
        let mut named: BTreeSet<Digest> = artifacts(manifest).map(|(_, a)| a.digest).collect();
        for artifact in manifest.records.values() {
            named.extend(
                self.inner.get(&artifact.digest).into_iter().flat_map(|inner| &inner.named),
            );
        }
        named
    }

    /// Whether all that `manifest` names itself is there at its size.
    pub fn whole(&self, manifest: &Manifest) -> bool {
        artifacts(manifest).all(|(_, a)| self.objects.get(&a.digest) == Some(&a.size))
    }

    /// Every training run that has whole results.
    pub fn trained(&self, run: RunId) -> bool {
        let found = self.manifests.get(&run);
        found.is_some_and(|m| m.kind == RunKind::Training && self.whole(m))
    }
}

/// Names and artifacts of a manifest: its results, then its records.
pub(super) fn artifacts(manifest: &Manifest) -> impl Iterator<Item = (&str, Artifact)> {
    let all = manifest.results.iter().chain(&manifest.records);
    all.map(|(name, artifact)| (name.as_str(), *artifact))
}

/// The manifest of `run`; none where it went meanwhile. An error says what is
/// wrong, and whether it is of a newer version.
fn read(store: &Store, run: RunId) -> Result<Option<Manifest>, (String, bool)> {
    let manifest = match store.manifest(run) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Ok(None),
        Err(StoreError::Newer { found, .. }) => {
            let reason = format!("it has format {found}; this version reads up to {FORMAT}");
            return Err((reason, true));
        }
        Err(StoreError::Unreadable { reason, .. }) => return Err((reason, false)),
        Err(error) => return Err((error.to_string(), false)),
    };
    match wrong(&manifest, run) {
        Some(reason) => Err((reason, false)),
        None => Ok(Some(manifest)),
    }
}

/// What contradicts itself in a manifest, without looking at any object. The
/// ids are made of each other, so that a changed byte in one shows.
fn wrong(manifest: &Manifest, run: RunId) -> Option<String> {
    use crate::id::TrialId;
    if manifest.format == 0 {
        return Some("no version writes format 0".to_owned());
    }
    if manifest.run != run {
        return Some(format!("it names run {}", manifest.run));
    }
    let made = manifest.parts.run_id();
    if made != run {
        return Some(format!("its parts make the id {made}"));
    }
    if TrialId::new(manifest.cell, manifest.seed) != manifest.trial {
        return Some("cell and seed do not make the trial it names".to_owned());
    }
    let of = match (manifest.kind, manifest.eval, manifest.training) {
        (RunKind::Training, None, None) => manifest.trial.digest(),
        (RunKind::Evaluation, Some(eval), Some(_)) => eval.digest(),
        (RunKind::Training, ..) => return Some("a training run with an evaluation".to_owned()),
        (RunKind::Evaluation, ..) => {
            return Some("an evaluation run that names no evaluation or training".to_owned());
        }
    };
    if of != manifest.parts.of {
        return Some("its parts are those of another trial or evaluation".to_owned());
    }
    absent(manifest).map(|name| format!("it names no `{name}`"))
}

/// What a whole evaluation of a trial that did not diverge leaves.
const EVALUATED: &[&str] = &[results::PREDICTIONS, results::RELIABILITY, results::ENERGIES];

/// A file that every run of this kind and outcome leaves, and this has not.
fn absent(manifest: &Manifest) -> Option<&'static str> {
    let finished = !manifest.outcome.diverged();
    let (always, if_finished): (&[&str], &[&str]) = match manifest.kind {
        RunKind::Training => {
            (&[results::SPEC, results::EPOCHS, results::OUTCOME], &[results::WEIGHTS])
        }
        RunKind::Evaluation => (
            &[results::METRICS, results::EVALUATE],
            // A part leaves what it looked at and no more.
            if manifest.part.is_some() { &[] } else { EVALUATED },
        ),
    };
    let wanted = always.iter().chain(if_finished.iter().filter(|_| finished));
    let mut lacking = wanted.filter(|name| !manifest.results.contains_key(**name));
    let records = [PROVENANCE, EVENTS];
    let mut unrecorded = records.iter().filter(|name| !manifest.records.contains_key(**name));
    lacking.next().or_else(|| unrecorded.next()).copied()
}

/// The record of where a run came from.
pub(super) const PROVENANCE: &str = "provenance.json";
/// The record of a run's events.
pub(super) const EVENTS: &str = "events.jsonl";

/// Every digest that stands in `text` as 64 hexadecimal characters.
pub(super) fn named_digests(text: &[u8]) -> BTreeSet<Digest> {
    let words = text.split(|byte| !byte.is_ascii_hexdigit());
    let whole = words.filter(|word| word.len() == 64);
    whole.filter_map(|word| Digest::parse(std::str::from_utf8(word).ok()?).ok()).collect()
}

/// Seconds of training, and of the whole attempt, as a log of events has
/// them. Training that was reused took none.
pub(super) fn recorded_seconds(log: &[u8]) -> (Option<f64>, Option<f64>) {
    let (mut training, mut whole) = (None, None);
    let lines = log.split(|byte| *byte == b'\n');
    for event in lines.filter_map(|line| serde_json::from_slice::<Event>(line).ok()) {
        match event {
            Event::TrainingFinished { seconds, .. } => training = Some(seconds),
            Event::TrialFinished { seconds, .. } => whole = Some(seconds),
            _ => {}
        }
    }
    (training, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_found_in_any_record() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let text = format!("{{\"diff\": \"{a}\", \"x\": [\"{b}\"], \"long\": \"{a}{b}\"}}");
        assert_eq!(named_digests(text.as_bytes()), BTreeSet::from([a, b]));
        assert!(named_digests(b"\xff\xfe no digest").is_empty());
    }

    #[test]
    fn a_log_of_any_bytes_tells_only_the_times_that_it_has() {
        assert_eq!(recorded_seconds(b"\xff\n{\"TrialFinished\""), (None, None));
    }
}
