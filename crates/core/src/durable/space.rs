//! How much room was wanted where there was none.

use std::io;
use std::path::Path;

/// The file system has no room left, or a quota is used up. It stands inside
/// an [`io::Error`] of the kind that the system gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no room: {needed} bytes are to be written, {free} are free")]
pub struct Full {
    /// Bytes that were to be written, 0 for a folder or a name.
    pub needed: u64,
    /// Bytes that the file system has free for this user. More than `needed`
    /// where a quota, or the number of files, is what is used up.
    pub free: u64,
}

impl Full {
    /// What `error` says of want of room, if that is what it is.
    pub fn of(error: &io::Error) -> Option<Self> {
        let told = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        told.copied().or_else(|| is_full(error).then_some(Self { needed: 0, free: 0 }))
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Puts a [`Full`] into an error for want of room: `needed` bytes were to be
/// written in the folder of `path`.
pub(super) fn told(path: &Path, needed: usize) -> impl FnOnce(io::Error) -> io::Error + '_ {
    move |error| {
        if !is_full(&error) {
            return error;
        }
        let folder = path.parent().unwrap_or(path);
        io::Error::new(error.kind(), Full { needed: needed as u64, free: free(folder) })
    }
}

/// Bytes free for this user on the file system of `folder`, 0 where it cannot
/// be told.
#[cfg(unix)]
fn free(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(0, |found| found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> u64 {
    0
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn an_error_for_want_of_room_says_how_much_was_wanted_and_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = told(&folder.path().join("a"), 7)(full);
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let full = Full::of(&error).unwrap();
        assert!(full.needed == 7 && full.free > 0, "{error}");
        let other = told(folder.path(), 7)(io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(Full::of(&other), None);
    }
}
