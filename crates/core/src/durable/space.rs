//! How much room was wanted where there was none.

use std::io;
use std::path::Path;

/// The file system has no room left, or a quota is used up. It stands inside
/// an [`io::Error`] of the kind that the system gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no room: {}", self.words())]
pub struct Full {
    /// Bytes that were to be written, 0 for a folder or a name.
    pub needed: u64,
    /// Bytes that the file system has free for this user. More than `needed`
    /// where a quota, or the number of files, is what is used up.
    pub free: u64,
    /// The file system holds as many files as it can (its inodes are used up),
    /// however many bytes are free.
    pub no_more_files: bool,
}

impl Full {
    /// What `error` says of want of room, if that is what it is.
    pub fn of(error: &io::Error) -> Option<Self> {
        let told = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        let unknown = Self { needed: 0, free: 0, no_more_files: false };
        told.copied().or_else(|| is_full(error).then_some(unknown))
    }

    /// What is used up, in words.
    pub fn words(&self) -> String {
        let Self { needed, free, no_more_files } = *self;
        if no_more_files {
            return format!(
                "its files (inodes) are used up: {free} bytes are free, and no further file can be \
                 made; df -i shows it"
            );
        }
        match needed.saturating_sub(free) {
            // The system refused in spite of the room.
            0 if free > 0 => {
                format!("a quota is used up ({needed} bytes wanted, {free} free)")
            }
            0 => "no byte is free, or a quota is used up".to_owned(),
            missing => {
                format!("{needed} bytes are to be written, {free} are free, {missing} are missing")
            }
        }
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
        let (free, no_more_files) = left(super::folder::folder_of(path));
        io::Error::new(error.kind(), Full { needed: needed as u64, free, no_more_files })
    }
}

/// Bytes free for this user on the file system of `folder`, 0 where it cannot
/// be told, and whether no further file can be made. A file system that counts
/// no files says that there are none in all.
#[cfg(unix)]
fn left(folder: &Path) -> (u64, bool) {
    rustix::fs::statvfs(folder).map_or((0, false), |found| {
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        (free, found.f_files > 0 && found.f_favail == 0)
    })
}

#[cfg(not(unix))]
fn left(_: &Path) -> (u64, bool) {
    (0, false)
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
        let words = |needed, free, no_more_files| Full { needed, free, no_more_files }.words();
        assert!(words(100, 60, false).contains("40 are missing"));
        assert!(words(7, 100, true).contains("inodes"), "{}", words(7, 100, true));
        assert!(words(7, 100, false).contains("a quota is used up"));
        let other = told(folder.path(), 7)(io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(Full::of(&other), None);
    }
}
