//! A file that only grows.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::space::told;
use super::trace::{Operation, note};

/// A file that is only appended to. What is appended is read by others at
/// once; it outlasts a crash of the machine only where [`Log::sync`] or the
/// system's own leisure came first, and the last line may then be torn.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Opens the log at `path`, making it where it is not.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn open(path: &Path) -> io::Result<Self> {
        let known = path.exists();
        let file =
            OpenOptions::new().create(true).append(true).open(path).map_err(told(path, 0))?;
        if !known {
            note(|| Operation::CreateFile(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), file })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `bytes`, whole lines, in one write: lines of two processes that
    /// share a log do not mix.
    ///
    /// # Errors
    /// When the file system says no. A part of the bytes may then be there.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).map_err(told(&self.path, bytes.len()))?;
        note(|| {
            let end = self.file.metadata().map_or(0, |meta| meta.len());
            let at = end.saturating_sub(bytes.len() as u64);
            Operation::Write { path: self.path.clone(), at, bytes: bytes.to_vec() }
        });
        Ok(())
    }

    /// Makes what was appended so far durable.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all().map_err(told(&self.path, 0))?;
        note(|| Operation::SyncFile(self.path.clone()));
        Ok(())
    }
}
