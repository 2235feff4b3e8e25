//! Files written whole, once, or in place.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use tempfile::NamedTempFile;

use super::folder::{folder_of, sync_dir};
#[cfg(unix)]
use super::read::NEVER_WAIT;
use super::read::must_be_regular;
use super::space::told;
use super::trace::{Operation, note};

/// The start of every temporary name; a file so named that nobody holds open
/// was left by a process that died, and may be deleted.
pub const TEMPORARY_PREFIX: &str = ".tmp-";

/// Writes `bytes` to `path`, replacing what is there. The folder must exist.
///
/// # Errors
/// When the folder cannot be written or synced; `path` is then as it was,
/// unless only the last sync failed, and no temporary file is left.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, Access::Writable)
}

/// As [`write_atomic`]; the file may then be read by those whom the user's
/// umask lets read it, and written by none (mode 0444 or less), which guards
/// against a change by mistake.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_atomic_readonly(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, Access::ReadOnly)
}

/// Writes `bytes` to `path` unless that name is taken; true where it was free.
/// Of any number of processes, also on other machines of a network file
/// system, one alone gets true. The bytes are synced before the name appears;
/// the name itself is not.
///
/// # Errors
/// When the file system says no; no temporary file is left.
pub fn create_exclusive(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let temporary = temporary(path, bytes, Access::ReadOnly)?;
    match fs::hard_link(temporary.path(), path) {
        Ok(()) => {
            note(|| Operation::Link { from: temporary.path().to_owned(), to: path.to_owned() })
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return discard(temporary, false),
        // The folder went away, and the temporary file with it; or there is
        // no room for the name.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(e),
        Err(e) if super::Full::of(&e).is_some() => return Err(told(path, bytes.len())(e)),
        // A file system without hard links: others may see a part of the
        // bytes for a moment.
        Err(_) => {
            let created = create_new(path, bytes)?;
            return discard(temporary, created);
        }
    }
    discard(temporary, true)
}

fn discard(temporary: NamedTempFile, created: bool) -> io::Result<bool> {
    let path = temporary.path().to_owned();
    // What matters is done; a name that cannot be removed now is swept later.
    if temporary.close().is_ok() {
        note(|| Operation::Remove(path.clone()));
    }
    Ok(created)
}

fn create_new(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(e) => return Err(told(path, bytes.len())(e)),
    };
    note(|| Operation::CreateFile(path.to_owned()));
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(e) = written {
        let _ = super::remove_file(path);
        return Err(told(path, bytes.len())(e));
    }
    note(|| Operation::Write { path: path.to_owned(), at: 0, bytes: bytes.to_vec() });
    note(|| Operation::SyncFile(path.to_owned()));
    Ok(true)
}

/// Writes `bytes` over the beginning of the file at `path`, making it where it
/// is not: for counters and marks that may be lost or torn. Neither atomic nor
/// synced, and nothing is cut off.
///
/// # Errors
/// When the file system says no.
pub fn write_in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let known = path.exists();
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let mut file = open_to_write(&mut options, path).map_err(told(path, bytes.len()))?;
    if !known {
        note(|| Operation::CreateFile(path.to_owned()));
    }
    file.write_all(bytes).map_err(told(path, bytes.len()))?;
    note(|| Operation::Write { path: path.to_owned(), at: 0, bytes: bytes.to_vec() });
    Ok(())
}

/// Opens `path` to write into what is there: only a regular file, and through
/// no link.
pub(super) fn open_to_write(options: &mut OpenOptions, path: &Path) -> io::Result<fs::File> {
    #[cfg(unix)]
    {
        let no_link = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, NEVER_WAIT | no_link);
    }
    if let Ok(found) = fs::symlink_metadata(path) {
        must_be_regular(found.file_type())?;
    }
    let file = options.open(path)?;
    must_be_regular(file.metadata()?.file_type())?;
    Ok(file)
}

/// Who may write a file once it is there. Who may read it is the user's umask's
/// to say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Writable,
    ReadOnly,
}

fn write(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let temporary = temporary(path, bytes, access)?;
    let from = temporary.path().to_owned();
    // Where the name cannot be replaced, the temporary file goes with the error.
    temporary.persist(path).map_err(|error| told(path, bytes.len())(error.error))?;
    note(|| Operation::Rename { from: from.clone(), to: path.to_owned() });
    sync_dir(folder_of(path))
}

/// A synced file with `bytes` under a temporary name beside `path`; it is
/// removed when dropped.
fn temporary(path: &Path, bytes: &[u8], access: Access) -> io::Result<NamedTempFile> {
    let full = || told(path, bytes.len());
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    // The system takes off what the umask forbids.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder_of(path)).map_err(full())?;
    note(|| Operation::CreateFile(file.path().to_owned()));
    file.write_all(bytes).map_err(full())?;
    note(|| Operation::Write { path: file.path().to_owned(), at: 0, bytes: bytes.to_vec() });
    if access == Access::ReadOnly {
        let mut permissions = file.as_file().metadata()?.permissions();
        permissions.set_readonly(true);
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all().map_err(full())?;
    note(|| Operation::SyncFile(file.path().to_owned()));
    Ok(file)
}

/// The time now by the clock of the file system that `folder` is on: that of a
/// file written this moment, and removed again.
///
/// # Errors
/// When the folder cannot be written.
pub fn clock(folder: &Path) -> io::Result<SystemTime> {
    let mut probe = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder)?;
    probe.write_all(b"now")?;
    probe.as_file().metadata()?.modified()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

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
    fn a_readonly_file_can_be_written_by_none() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        write_atomic(&path, b"x").unwrap();
        let writable = mode();
        write_atomic_readonly(&path, b"x").unwrap();
        assert_eq!(mode(), writable & 0o444);
    }

    #[test]
    fn of_many_that_create_a_name_one_alone_does_and_its_bytes_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let try_it = |n: usize| create_exclusive(&path, n.to_string().as_bytes()).unwrap();
        let won: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || try_it(n))).collect();
            let won = threads.into_iter().map(|thread| thread.join().unwrap());
            won.enumerate().filter(|(_, won)| *won).map(|(n, _)| n).collect()
        });
        assert_eq!(won.len(), 1, "{won:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), won[0].to_string());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // As where there are no hard links.
        assert!(!create_new(&path, b"other").unwrap());
        assert!(create_new(&folder.path().join("b"), b"other").unwrap());
    }

    #[test]
    fn a_write_in_place_leaves_what_it_does_not_reach() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_in_place(&path, b"0001").unwrap();
        write_in_place(&path, b"02").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"0201");
    }

    #[test]
    fn a_name_that_cannot_be_replaced_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::create_dir(&path).unwrap();
        assert!(write_atomic(&path, b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
