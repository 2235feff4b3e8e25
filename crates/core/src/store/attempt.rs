//! One attempt at a run: its folder and its log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::object::{Store, io_error};
use super::{Artifact, StoreError};
use crate::durable::{self, Log};
use crate::event::Event;
use crate::id::RunId;

/// An attempt: a folder of its own, which no other attempt shares.
#[derive(Debug)]
pub struct Attempt {
    number: u32,
    path: PathBuf,
    events: Log,
}

impl Store {
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
        let bytes = fs::read(log).map_err(io_error(log))?;
        store.put(&bytes)
    }
}
