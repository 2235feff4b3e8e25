//! One attempt at a run: its folder and its log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::object::{Store, io_error};
use super::{Artifact, FORMAT, SEALED, StoreError, record};
use crate::durable::{self, Log};
use crate::event::{Event, FailureClass};
use crate::id::RunId;

/// An attempt: a folder of its own, which no other attempt shares.
#[derive(Debug)]
pub struct Attempt {
    number: u32,
    path: PathBuf,
    events: Log,
}

/// How an attempt failed, as the dispatcher saw it: `failed.json` in the
/// attempt's folder. A worker that was killed, or panicked, wrote nothing of it
/// itself. A record, not a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The version of this record.
    pub format: u32,
    /// The class.
    pub class: FailureClass,
    /// What happened.
    pub message: String,
}

/// The file in an attempt's folder that says how it failed.
pub(super) const FAILED: &str = "failed.json";

/// Records in `attempt`, an attempt's folder, that it failed.
///
/// # Errors
/// When the file system says no.
pub fn record_failure(
    attempt: &Path,
    class: FailureClass,
    message: &str,
) -> Result<(), StoreError> {
    let path = attempt.join(FAILED);
    let failure = Failure { format: FORMAT, class, message: message.to_owned() };
    let text = record::text(&path, &failure)?;
    durable::write_atomic(&path, &text).map_err(io_error(&path))
}

/// The failure that `bytes`, from the file at `path`, record.
///
/// # Errors
/// When they are no such record, or were altered.
pub(super) fn parse_failure(path: &Path, bytes: &[u8]) -> Result<Failure, StoreError> {
    record::parse_sealed(path, bytes, FORMAT, SEALED)
}

impl Store {
    /// How the last attempt at `run` failed, as was recorded, else as its log
    /// says; none where it did not, is not over, or was only stopped. What
    /// cannot be read is passed over: no result rests on it.
    pub fn last_failure(&self, run: RunId) -> Option<Failure> {
        let attempts = self.run_path(run).join("attempts");
        let last = last_number(&attempts).ok().filter(|last| *last > 0)?;
        let folder = attempts.join(last.to_string());
        let path = folder.join(FAILED);
        let recorded = record::read(&path).ok().flatten();
        let recorded = recorded.and_then(|bytes| parse_failure(&path, &bytes).ok());
        let failure = recorded.or_else(|| {
            let log = durable::read(&folder.join("events.jsonl")).ok()?;
            let line = log.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty())?;
            match serde_json::from_slice(line).ok()? {
                Event::TrialFailed { class, message, .. } => {
                    Some(Failure { format: FORMAT, class, message })
                }
                _ => None,
            }
        });
        failure.filter(|failure| failure.class != FailureClass::Preempted)
    }

    /// The folder of the attempt at `run` that a worker calls `name`, from the
    /// store's folder; none where no attempt at it can have that name.
    pub fn attempt_path(&self, run: RunId, name: &str) -> Option<PathBuf> {
        let number: u32 = name.rsplit('/').next()?.parse().ok()?;
        let known = format!("runs/{run}/attempts/{number}");
        (name == known).then(|| self.root().join(known))
    }

    /// Begins an attempt at `run`, numbered one above those that are there.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn begin(&self, run: RunId) -> Result<Attempt, StoreError> {
        let attempts = self.run_path(run).join("attempts");
        durable::create_dir_all(&attempts).map_err(io_error(&attempts))?;
        let mut number = 1 + last_number(&attempts).map_err(io_error(&attempts))?;
        loop {
            // Making the folder is what claims the number: it fails where
            // another process was first.
            let path = attempts.join(number.to_string());
            match durable::create_dir(&path) {
                Ok(()) => return Attempt::open(number, path),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(e) => return Err(io_error(&path)(e)),
            }
        }
    }
}

fn last_number(attempts: &Path) -> io::Result<u32> {
    let mut last = 0;
    for entry in fs::read_dir(attempts)? {
        let number = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        last = last.max(number.unwrap_or(0));
    }
    Ok(last)
}

impl Attempt {
    fn open(number: u32, path: PathBuf) -> Result<Self, StoreError> {
        let log = path.join("events.jsonl");
        let events = Log::open(&log).map_err(io_error(&log))?;
        Ok(Self { number, path, events })
    }

    /// The attempt's number, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The attempt's folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `event` to the attempt's log. It is not synced: a log serves
    /// while the machine is up, and a finished run keeps it as an object.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn log(&mut self, event: &Event) -> Result<(), StoreError> {
        let mut line = serde_json::to_vec(event).map_err(|e| StoreError::Unreadable {
            path: self.events.path().to_owned(),
            reason: e.to_string(),
        })?;
        line.push(b'\n');
        let appended = self.events.append(&line);
        appended.map_err(io_error(self.events.path()))
    }

    /// Puts the log so far into the store as an object.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn keep_log(&self, store: &Store) -> Result<Artifact, StoreError> {
        let log = self.events.path();
        let bytes = durable::read(log).map_err(io_error(log))?;
        store.put(&bytes)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::id::{CellId, TrialId};

    #[test]
    fn an_attempt_lies_in_the_folder_of_its_run_whatever_it_is_called() {
        let store = Store::unchecked(Path::new("store"));
        let run = RunId::from_digest(Digest::of(b"run"));
        let own = format!("runs/{run}/attempts/3");
        assert_eq!(store.attempt_path(run, &own), Some(Path::new("store").join(&own)));
        let other = RunId::from_digest(Digest::of(b"other"));
        for name in
            ["/tmp/3", "../3", "3", "", &own.replace("/3", "/../3"), &own.replace("/3", "/03")]
        {
            assert_eq!(store.attempt_path(run, name), None, "{name}");
        }
        assert_eq!(store.attempt_path(other, &own), None);
    }

    #[test]
    fn how_the_last_attempt_failed_is_what_was_recorded_else_what_its_log_says() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let run = RunId::from_digest(Digest::of(b"run"));
        assert_eq!(store.last_failure(run), None);
        let trial = TrialId::new(CellId::from_digest(Digest::of(b"cell")), 0);
        let said = |class| Event::TrialFailed { trial, class, message: "as said".to_owned() };
        let mut first = store.begin(run).unwrap();
        assert_eq!(store.last_failure(run), None);
        first.log(&said(FailureClass::BadInput)).unwrap();
        assert_eq!(store.last_failure(run).unwrap().message, "as said");
        // A worker that is killed says nothing; the dispatcher does.
        let second = store.begin(run).unwrap();
        assert_eq!(store.last_failure(run), None);
        record_failure(second.path(), FailureClass::Timeout, "too long").unwrap();
        let failure = store.last_failure(run).unwrap();
        assert_eq!((failure.class, failure.message.as_str()), (FailureClass::Timeout, "too long"));
        let path = second.path().join(FAILED);
        let text = fs::read_to_string(&path).unwrap();
        assert!(parse_failure(&path, text.replace("long", "lung").as_bytes()).is_err());
        // That it was stopped is no failure.
        record_failure(second.path(), FailureClass::Preempted, "stopped").unwrap();
        assert_eq!(store.last_failure(run), None);
    }
}
