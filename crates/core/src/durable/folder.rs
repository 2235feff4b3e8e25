//! Folders and names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::read::{kind_of, leads_nowhere};
use super::space::told;
use super::trace::{Operation, note};

/// Makes the names in `folder` durable. Does nothing where folders cannot be
/// synced (Windows).
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_dir(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags, fsync, open};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder_held = open(folder, flags, Mode::empty())?;
        fsync(&folder_held).map_err(|error| told(folder, 0)(error.into()))?;
    }
    note(|| Operation::SyncFolder(folder.to_owned()));
    Ok(())
}

/// The folder that holds `path`.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes the folder `path`, durably. Of several that try, one succeeds.
///
/// # Errors
/// When it is there already (`AlreadyExists`), or the file system says no.
pub fn create_dir(path: &Path) -> io::Result<()> {
    fs::create_dir(path).map_err(told(path, 0))?;
    note(|| Operation::MakeFolder(path.to_owned()));
    sync_dir(folder_of(path))
}

/// Makes the folder `path` and those above it that are missing, durably. Where
/// it is there, nothing is synced: its maker may not have come to that yet.
///
/// # Errors
/// When the file system says no.
pub fn create_dir_all(path: &Path) -> io::Result<()> {
    let mut missing: Vec<PathBuf> = Vec::new();
    let mut folder = path;
    while !folder.is_dir() {
        missing.push(folder.to_owned());
        match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => folder = parent,
            _ => break,
        }
    }
    for folder in missing.iter().rev() {
        match create_dir(folder) {
            // Another process made it at this moment and may be killed before
            // it syncs.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {
                sync_dir(folder_of(folder))?;
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(in_the_way(folder)),
            done => done?,
        }
    }
    Ok(())
}

/// What is said where something else has the name of a folder.
fn in_the_way(path: &Path) -> io::Error {
    match fs::metadata(path) {
        Ok(found) => {
            let reason = format!("it is {}, not a folder", kind_of(found.file_type()));
            io::Error::new(io::ErrorKind::NotADirectory, reason)
        }
        Err(_) => leads_nowhere(),
    }
}

/// Gives the file or folder `from` the name `to`, on the same file system. The
/// new name is durable once its folder is synced.
///
/// # Errors
/// When it is not there, or the file system says no.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    note(|| Operation::Rename { from: from.to_owned(), to: to.to_owned() });
    Ok(())
}

/// Gives the file `from` the second name `to`, which must be free. The new name
/// is durable once its folder is synced.
///
/// # Errors
/// When `to` is there, or the file system says no.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)?;
    note(|| Operation::Link { from: from.to_owned(), to: to.to_owned() });
    Ok(())
}

/// Removes the file `path`, or the link.
///
/// # Errors
/// When it is not there, or the file system says no.
pub fn remove_file(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    note(|| Operation::Remove(path.to_owned()));
    Ok(())
}

/// Removes the empty folder `path`.
///
/// # Errors
/// When it is not there or not empty, or the file system says no.
pub fn remove_dir(path: &Path) -> io::Result<()> {
    fs::remove_dir(path)?;
    note(|| Operation::RemoveFolder(path.to_owned()));
    Ok(())
}

/// Removes the folder `path` with all that lies in it. Links are removed, not
/// followed. What another process removes meanwhile is no error.
///
/// # Errors
/// When it is not there, or the file system says no.
pub fn remove_dir_all(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return remove_file(path);
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let inside = entry.path();
        let removed = if entry.file_type()?.is_dir() {
            remove_dir_all(&inside)
        } else {
            remove_file(&inside)
        };
        match removed {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    remove_dir(path)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::Trace;
    use super::*;

    #[test]
    fn every_new_folder_is_synced_into_the_one_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let trace = Trace::of(folder.path());
        create_dir_all(&folder.path().join("a/b")).unwrap();
        create_dir_all(&folder.path().join("a/b")).unwrap();
        let path = PathBuf::from;
        let expected = [
            Operation::MakeFolder(path("a")),
            Operation::SyncFolder(path("")),
            Operation::MakeFolder(path("a/b")),
            Operation::SyncFolder(path("a")),
        ];
        assert_eq!(trace.operations(), expected);
    }

    #[test]
    fn a_file_in_the_way_of_a_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), b"").unwrap();
        assert!(create_dir_all(&folder.path().join("a/b")).is_err());
        let error = create_dir_all(&folder.path().join("a")).unwrap_err();
        assert_eq!(error.to_string(), "it is a file, not a folder");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_in_the_way_of_a_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("a");
        std::os::unix::fs::symlink(folder.path().join("none"), &link).unwrap();
        let error = create_dir_all(&link.join("b")).unwrap_err();
        assert!(error.to_string().contains("a link that leads nowhere"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn removing_a_folder_removes_links_and_not_what_they_lead_to() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, gone) = (folder.path().join("kept"), folder.path().join("gone"));
        create_dir_all(&kept.join("inner")).unwrap();
        create_dir_all(&gone.join("inner")).unwrap();
        fs::write(gone.join("inner/file"), b"x").unwrap();
        std::os::unix::fs::symlink(&kept, gone.join("link")).unwrap();
        remove_dir_all(&gone).unwrap();
        assert!(!gone.exists() && kept.join("inner").is_dir());
        // Also where the folder itself is one.
        std::os::unix::fs::symlink(&kept, &gone).unwrap();
        remove_dir_all(&gone).unwrap();
        assert!(fs::symlink_metadata(&gone).is_err() && kept.join("inner").is_dir());
    }
}
