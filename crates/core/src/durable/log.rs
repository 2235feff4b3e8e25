//! A file that only grows.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file::open_to_write;
use super::space::told;
use super::trace::{Operation, note};

/// A file that is only appended to. What is appended is read by others at
/// once; it outlasts a crash of the machine only where [`Log::sync`] or the
/// system's own leisure came first, and the last line may then be torn.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    /// The last append may have left a part of a line.
    torn: bool,
}

impl Log {
    /// Opens the log at `path`, making it where it is not.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn open(path: &Path) -> io::Result<Self> {
        let known = path.exists();
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        let file = open_to_write(&mut options, path).map_err(told(path, 0))?;
        if !known {
            note(|| Operation::CreateFile(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), file, torn: false })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `bytes`, whole lines, in one write: lines of two processes that
    /// share a log do not mix.
    ///
    /// # Errors
    /// When the file system says no. A part of the bytes may then be there;
    /// what is appended next begins on a line of its own.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let whole = if self.torn { [b"\n", bytes].concat() } else { bytes.to_vec() };
        self.torn = true;
        self.file.write_all(&whole).map_err(told(&self.path, whole.len()))?;
        self.torn = false;
        note(|| {
            let end = self.file.metadata().map_or(0, |meta| meta.len());
            let at = end.saturating_sub(whole.len() as u64);
            Operation::Write { path: self.path.clone(), at, bytes: whole.clone() }
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

#[cfg(all(test, target_os = "linux"))]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::Full;
    use super::*;

    #[test]
    fn what_is_appended_stands_behind_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        Log::open(&path).unwrap().append(b"one\n").unwrap();
        let mut log = Log::open(&path).unwrap();
        log.append(b"two\n").unwrap();
        log.torn = true;
        log.append(b"three\n").unwrap();
        log.sync().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n\nthree\n");
    }

    #[test]
    fn a_log_is_appended_to_no_pipe_and_through_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let [pipe, other, link] = ["pipe", "other", "link"].map(|name| folder.path().join(name));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::fs::write(&other, "not ours").unwrap();
        std::os::unix::fs::symlink(&other, &link).unwrap();
        assert!(Log::open(&pipe).is_err() && Log::open(&link).is_err());
        for path in [&pipe, &link] {
            assert!(super::super::write_in_place(path, b"12").is_err());
        }
        assert_eq!(std::fs::read(&other).unwrap(), b"not ours");
    }

    #[test]
    fn a_full_disk_is_told_with_the_bytes_that_were_wanted() {
        // Every write to this device fails for want of room.
        let path = PathBuf::from("/dev/full");
        let file = OpenOptions::new().append(true).open(&path).unwrap();
        let mut log = Log { path, file, torn: false };
        let error = log.append(b"four").unwrap_err();
        assert_eq!(Full::of(&error).unwrap().needed, 4);
    }
}
