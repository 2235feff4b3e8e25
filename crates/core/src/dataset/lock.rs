//! One fetch at a time in a set's folder, and what killed ones left there.
//! Apart from `folder`, since reading a set needs none of it.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use crate::durable::TEMPORARY_PREFIX;

use super::fetch::FetchProgress;

/// The start of the names of folders that hold a fetch in progress.
pub(super) const SCRATCH_PREFIX: &str = ".fetch-";

/// Holds a set's folder for one fetch at a time. The system lets go of it when
/// the holder ends, however it ends; there is no lock file.
pub(super) struct FolderLock {
    _folder: Option<File>,
}

impl FolderLock {
    /// Waits until no other process fetches into `folder`, then removes what a
    /// killed fetch left there. Where folders cannot be locked (some network
    /// file systems) it goes on without, and removes nothing: two fetches at
    /// once are then wasteful but harmless.
    pub(super) fn take(folder: &Path, progress: &mut dyn FetchProgress) -> Self {
        let Ok(file) = File::open(folder) else {
            return Self { _folder: None };
        };
        let locked = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => {
                progress.note(&format!(
                    "another process fetches into {}: waiting for it",
                    folder.display()
                ));
                file.lock().is_ok()
            }
            Err(TryLockError::Error(_)) => false,
        };
        if locked {
            sweep(folder);
        }
        Self { _folder: Some(file) }
    }
}

/// Removes what killed fetches left. What cannot be removed stays: it is never
/// read.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(SCRATCH_PREFIX) {
            let _ = fs::remove_dir_all(entry.path());
        } else if name.starts_with(TEMPORARY_PREFIX) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
