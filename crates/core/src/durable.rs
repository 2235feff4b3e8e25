//! Files that are either wholly there or not there at all, also after a crash.
//!
//! A file is written under a temporary name in the folder it belongs to, synced,
//! renamed over its own name, and the folder is synced. A reader sees the old
//! bytes or the new ones, never a part of them.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::path::Path;

/// The start of every temporary name; a file so named that nobody holds open
/// was left by a process that died, and may be deleted.
pub const TEMPORARY_PREFIX: &str = ".tmp-";

/// Writes `bytes` to `path`, replacing what is there. The folder must exist.
///
/// # Errors
/// When the folder cannot be written or synced; `path` is then as it was,
/// unless only the last sync failed.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, 0o644)
}

/// As [`write_atomic`]; the file can then be read by all and written by none
/// (mode 0444), which guards against a change by mistake.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_atomic_readonly(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, 0o444)
}

/// Makes the names in `folder` durable. Does nothing where folders cannot be
/// synced (Windows).
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_dir(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(permissions(mode, &file)?)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_dir(folder)
}

#[cfg(unix)]
fn permissions(mode: u32, _: &tempfile::NamedTempFile) -> io::Result<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Ok(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn permissions(mode: u32, file: &tempfile::NamedTempFile) -> io::Result<Permissions> {
    let mut permissions = file.as_file().metadata()?.permissions();
    permissions.set_readonly(mode & 0o200 == 0);
    Ok(permissions)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_second_write_replaces_the_first_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomic_readonly(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_an_error_and_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none/a");
        assert_eq!(write_atomic(&path, b"x").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!folder.path().join("none").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_readonly_file_has_mode_0444() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomic_readonly(&path, b"x").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o444);
    }
}
