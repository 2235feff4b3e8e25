//! Checkpoints of a run that is not done: what a kill at any instant costs is
//! the work since the last one.
//!
//! ```text
//! runs/<run id>/checkpoints/
//!   <digest>.state            tensors, named by the SHA-256 of their bytes
//!   <restart>-<step>.json     what they are: written last, so that a
//!                             checkpoint is there whole or not at all
//! ```
//!
//! The last few are kept. One that is altered or not whole is passed over for
//! the one before it, and removed once the training goes on from that: it would
//! count as newer than what is written next, and push it out. One in a newer
//! format is neither read nor removed. Of a run that is done none is kept. Two
//! processes that train the same run write records under the same names, and on
//! one model of processor the same bytes; where one takes a state away from the
//! other's checkpoint, that is passed over.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::object::{Store, io_error};
use super::{Artifact, StoreError, record};
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;

/// The version of a checkpoint's record. Version 1 had no `models`.
const FORMAT: u32 = 2;

/// The first version with a seal.
const SEALED: u32 = 1;

/// The record of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointRecord {
    /// The version of this record.
    pub format: u32,
    /// The training run.
    pub run: RunId,
    /// Restarts after divergence so far.
    pub restart: u64,
    /// Steps done.
    pub step: u64,
    /// Where the training stands, in the worker's words.
    pub standing: Value,
    /// Its tensors.
    pub state: Artifact,
    /// The tensors of each point it can go back to.
    pub points: Vec<Artifact>,
    /// Seconds of training so far, over all attempts.
    pub seconds: f64,
    /// The models of processor, or on CUDA of GPU, that the training has run
    /// on so far, in the order in which they took part; not known, and empty,
    /// in version 1.
    #[serde(default)]
    pub models: Vec<String>,
}

/// Restart and step of a checkpoint: later ones are greater.
type Place = (u64, u64);

/// The checkpoints of one run.
#[derive(Debug)]
pub struct Checkpoints<'a> {
    store: &'a Store,
    run: RunId,
}

impl Store {
    /// The checkpoints of the training run `run`.
    pub fn checkpoints(&self, run: RunId) -> Checkpoints<'_> {
        Checkpoints { store: self, run }
    }
}

impl Checkpoints<'_> {
    /// The folder they lie in.
    pub fn path(&self) -> PathBuf {
        self.store.run_path(self.run).join("checkpoints")
    }

    /// Keeps `bytes`, once. A file of that name is hashed and not taken on
    /// trust: a training that is done again comes to the same name, and what
    /// was altered there would stay altered.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn put_state(&self, bytes: &[u8]) -> Result<Artifact, StoreError> {
        let artifact = Artifact { digest: Digest::of(bytes), size: bytes.len() as u64 };
        if !self.holds(artifact) || self.state(artifact).is_err() {
            let path = self.state_path(artifact.digest);
            let folder = self.path();
            durable::create_dir_all(&folder).map_err(io_error(&folder))?;
            durable::write_atomic(&path, bytes).map_err(io_error(&path))?;
        }
        Ok(artifact)
    }

    /// Whether the state is there at its recorded size.
    pub fn holds(&self, artifact: Artifact) -> bool {
        let meta = fs::metadata(self.state_path(artifact.digest));
        meta.is_ok_and(|meta| meta.is_file() && meta.len() == artifact.size)
    }

    /// Records a checkpoint whose states are kept already, and lets go of all
    /// but the newest `kept`.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn record(&self, record: &CheckpointRecord, kept: u64) -> Result<(), StoreError> {
        let folder = self.path();
        let path = folder.join(format!("{}-{}.json", record.restart, record.step));
        let text = record::text(&path, record)?;
        durable::create_dir_all(&folder).map_err(io_error(&folder))?;
        durable::write_atomic(&path, &text).map_err(io_error(&path))?;
        durable::sync_dir(&self.store.run_path(self.run)).map_err(io_error(&folder))?;
        self.prune(kept.max(1) as usize)
    }

    /// The record for the next checkpoint, in the current format.
    pub fn draft(
        &self,
        restart: u64,
        step: u64,
        standing: Value,
        state: Artifact,
    ) -> CheckpointRecord {
        let (run, points, models) = (self.run, Vec::new(), Vec::new());
        CheckpointRecord {
            format: FORMAT,
            run,
            restart,
            step,
            standing,
            state,
            points,
            seconds: 0.0,
            models,
        }
    }

    /// All checkpoints, the newest first: the record of each, or why it cannot
    /// be read.
    ///
    /// # Errors
    /// When the folder is there and cannot be listed, or one of them has a
    /// newer format: what it says cannot be known, and nothing is done in its
    /// place.
    pub fn found(&self) -> Result<Vec<Result<CheckpointRecord, StoreError>>, StoreError> {
        let mut found = Vec::new();
        for (_, path) in self.names()?.iter().rev() {
            match self.read(path) {
                Ok(record) => found.extend(record.map(Ok)),
                Err(newer @ StoreError::Newer { .. }) => return Err(newer),
                Err(error) => found.push(Err(error)),
            }
        }
        Ok(found)
    }

    /// The checkpoints whose record can be read, the newest first.
    ///
    /// # Errors
    /// As [`Checkpoints::found`].
    pub fn records(&self) -> Result<Vec<CheckpointRecord>, StoreError> {
        Ok(self.found()?.into_iter().flatten().collect())
    }

    /// Goes back to `record`, or before the first step: lets go of all that are
    /// newer, of the states that no record names then, and of what a process
    /// that died left half-written. For the holder of the run's lease alone.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn go_back_to(&self, record: Option<&CheckpointRecord>) -> Result<(), StoreError> {
        let last = record.map(|record| (record.restart, record.step));
        for (place, path) in self.names()? {
            if last.is_none_or(|last| place > last) {
                removed(&path)?;
            }
        }
        for path in listed(&self.path())? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with(durable::TEMPORARY_PREFIX) {
                removed(&path)?;
            }
        }
        self.drop_unnamed()
    }

    /// The record at `path`; none where it went meanwhile.
    pub(super) fn read(&self, path: &Path) -> Result<Option<CheckpointRecord>, StoreError> {
        let Some(bytes) = record::read(path)? else { return Ok(None) };
        parse(path, self.run, &bytes).map(Some)
    }

    /// The bytes of a state, hashed as they are read.
    ///
    /// # Errors
    /// When it is absent, unreadable or altered.
    pub fn state(&self, artifact: Artifact) -> Result<Vec<u8>, StoreError> {
        let path = self.state_path(artifact.digest);
        let bytes = durable::read(&path).map_err(io_error(&path))?;
        let found = Digest::of(&bytes);
        if found != artifact.digest {
            return Err(StoreError::Altered { path, expected: artifact.digest, found });
        }
        Ok(bytes)
    }

    /// Removes them all: the run is done.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn clear(&self) -> Result<(), StoreError> {
        let folder = self.path();
        match durable::remove_dir_all(&folder) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error(&folder)(e)),
            _ => Ok(()),
        }
    }

    fn state_path(&self, digest: Digest) -> PathBuf {
        self.path().join(format!("{digest}.state"))
    }

    /// Records by (restart, step), rising.
    fn names(&self) -> Result<Vec<(Place, PathBuf)>, StoreError> {
        let mut found = Vec::new();
        for path in listed(&self.path())? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let place = name.strip_suffix(".json").and_then(|name| name.split_once('-'));
            if let Some((restart, step)) = place
                && let (Ok(restart), Ok(step)) = (restart.parse(), step.parse())
            {
                found.push(((restart, step), path));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Lets go of all but the newest `kept`: first their records, so that none
    /// is left without its states, then the states that no record names.
    fn prune(&self, kept: usize) -> Result<(), StoreError> {
        let names = self.names()?;
        for (_, path) in &names[..names.len().saturating_sub(kept)] {
            removed(path)?;
        }
        self.drop_unnamed()
    }

    /// Removes the states that no record names. Where a record cannot be read
    /// at the moment, which is not the same as one that was altered, nothing is
    /// known of what it names, and all stay.
    fn drop_unnamed(&self) -> Result<(), StoreError> {
        let found = self.found()?;
        let away = |found: &Result<CheckpointRecord, StoreError>| {
            found.as_ref().is_err_and(|error| !matches!(error, StoreError::Unreadable { .. }))
        };
        if found.iter().any(away) {
            return Ok(());
        }
        let named: BTreeSet<PathBuf> = found
            .iter()
            .flatten()
            .flat_map(|record| record.points.iter().chain([&record.state]))
            .map(|artifact| self.state_path(artifact.digest))
            .collect();
        for path in listed(&self.path())? {
            let state = path.extension().is_some_and(|ending| ending == "state");
            if state && !named.contains(&path) {
                removed(&path)?;
            }
        }
        Ok(())
    }
}

/// The checkpoint of `run` that `bytes`, from the file at `path`, record.
///
/// # Errors
/// When they are no such record, were altered, or are another run's.
pub(super) fn parse(path: &Path, run: RunId, bytes: &[u8]) -> Result<CheckpointRecord, StoreError> {
    let record: CheckpointRecord = record::parse_sealed(path, bytes, FORMAT, SEALED)?;
    if record.run != run {
        let reason = format!("it is of run {}", record.run);
        return Err(StoreError::Unreadable { path: path.to_owned(), reason });
    }
    Ok(record)
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let Some(entries) = durable::list(folder).map_err(io_error(folder))? else {
        return Ok(Vec::new());
    };
    // A folder is none of ours, whatever its name, and is never removed.
    let files =
        entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
    Ok(files.map(|entry| entry.path()).collect())
}

/// Removes a file that another process may have removed already.
fn removed(path: &Path) -> Result<(), StoreError> {
    match durable::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error(path)(e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn run() -> RunId {
        RunId::from_digest(Digest::of(b"run"))
    }

    fn write(checkpoints: &Checkpoints<'_>, restart: u64, step: u64, point: &[u8]) {
        let state = checkpoints.put_state(format!("state {restart} {step}").as_bytes()).unwrap();
        let mut record = checkpoints.draft(restart, step, Value::Null, state);
        record.points = vec![checkpoints.put_state(point).unwrap()];
        checkpoints.record(&record, 2).unwrap();
    }

    fn steps(checkpoints: &Checkpoints<'_>) -> Vec<(u64, u64)> {
        checkpoints.records().unwrap().iter().map(|r| (r.restart, r.step)).collect()
    }

    #[test]
    fn the_newest_are_kept_with_the_points_that_they_name_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let checkpoints = store.checkpoints(run());
        for (step, point) in [(5, "a"), (10, "b"), (100, "b")] {
            write(&checkpoints, 0, step, point.as_bytes());
        }
        assert_eq!(steps(&checkpoints), [(0, 100), (0, 10)]);
        // After a restart steps begin again lower, and are newer.
        write(&checkpoints, 1, 7, b"b");
        assert_eq!(steps(&checkpoints), [(1, 7), (0, 100)]);
        // Two records, two states, one point.
        assert_eq!(fs::read_dir(checkpoints.path()).unwrap().count(), 5);
        checkpoints.clear().unwrap();
        checkpoints.clear().unwrap();
        assert_eq!(steps(&checkpoints), []);
    }

    #[test]
    fn an_altered_state_is_written_again_by_the_training_that_comes_to_it_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let checkpoints = store.checkpoints(run());
        write(&checkpoints, 0, 1, b"point");
        let record = checkpoints.records().unwrap().remove(0);
        for (artifact, bytes) in [(record.state, &b"state 0 1"[..]), (record.points[0], b"point")] {
            let mut altered = bytes.to_vec();
            altered[2] ^= 1;
            fs::write(checkpoints.state_path(artifact.digest), &altered).unwrap();
            assert!(checkpoints.state(artifact).is_err());
            assert_eq!(checkpoints.put_state(bytes).unwrap(), artifact);
            assert_eq!(checkpoints.state(artifact).unwrap(), bytes);
        }
    }

    #[test]
    fn what_lies_after_the_checkpoint_gone_back_to_does_not_push_out_what_comes_next() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let checkpoints = store.checkpoints(run());
        for step in [30, 40] {
            write(&checkpoints, 0, step, b"p");
        }
        fs::write(checkpoints.path().join("0-40.json"), "no record").unwrap();
        fs::write(checkpoints.path().join("1-5.json"), "no record either").unwrap();
        fs::write(checkpoints.path().join(".tmp-abc"), "half a state").unwrap();
        let found = checkpoints.found().unwrap();
        let whole: Vec<&CheckpointRecord> = found.iter().flatten().collect();
        assert_eq!((found.len(), whole.len()), (3, 1));
        checkpoints.go_back_to(Some(whole[0])).unwrap();
        // One record, its state, its point.
        assert_eq!(fs::read_dir(checkpoints.path()).unwrap().count(), 3);
        write(&checkpoints, 0, 35, b"p");
        assert_eq!(steps(&checkpoints), [(0, 35), (0, 30)]);
        checkpoints.go_back_to(None).unwrap();
        assert_eq!(fs::read_dir(checkpoints.path()).unwrap().count(), 0);
    }

    #[test]
    fn one_in_a_newer_format_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let checkpoints = store.checkpoints(run());
        write(&checkpoints, 0, 1, b"p");
        let newer = checkpoints.path().join("0-9.json");
        fs::write(&newer, format!(r#"{{"format": {}, "more": 1}}"#, FORMAT + 1)).unwrap();
        let refused = |found: Result<(), StoreError>| {
            assert!(matches!(found, Err(StoreError::Newer { .. })), "{found:?}");
            assert!(newer.exists());
        };
        refused(checkpoints.found().map(drop));
        refused(checkpoints.records().map(drop));
        let state = checkpoints.put_state(b"next").unwrap();
        refused(checkpoints.record(&checkpoints.draft(0, 2, Value::Null, state), 2));
    }

    #[test]
    fn what_is_altered_or_half_there_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let checkpoints = store.checkpoints(run());
        write(&checkpoints, 0, 1, b"p");
        write(&checkpoints, 0, 2, b"p");
        let newest = checkpoints.path().join("0-2.json");
        let text = fs::read_to_string(&newest).unwrap();
        fs::write(&newest, &text[..text.len() / 2]).unwrap();
        assert_eq!(steps(&checkpoints), [(0, 1)]);
        let record = &checkpoints.records().unwrap()[0];
        assert_eq!(checkpoints.state(record.state).unwrap(), b"state 0 1");
        let path = checkpoints.state_path(record.state.digest);
        fs::write(&path, b"state 0 7").unwrap();
        assert!(matches!(checkpoints.state(record.state), Err(StoreError::Altered { .. })));
    }
}
