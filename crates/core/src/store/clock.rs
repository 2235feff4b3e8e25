//! The time as the store's own file system has it.
//!
//! Ages of files are differences of times of one file system, which one clock
//! wrote. The clock of this machine may be minutes off that of a file server,
//! and is not asked.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::StoreError;
use super::object::{Store, io_error};
use crate::durable;

/// The time now: that of a file written this moment, and removed again.
///
/// # Errors
/// When the store cannot be written.
pub(super) fn now(store: &Store) -> Result<SystemTime, StoreError> {
    let root = store.root();
    durable::clock(root).map_err(io_error(root))
}

/// When the file at `path` was last written; none where it is not there.
pub(super) fn written(path: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(path).and_then(|meta| meta.modified()).ok()
}

/// Gives the file at `path` the time of now, by the clock of its file system.
///
/// # Errors
/// When it is not there or belongs to another user.
#[cfg(unix)]
pub(super) fn touch(path: &Path) -> std::io::Result<()> {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    Ok(utimensat(CWD, path, &times, AtFlags::empty())?)
}

/// There is no such call here: the file must be written anew.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub(super) fn touch(_: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
