//! Opening files to read, and folders to list.
//!
//! Opening a named pipe waits for a writer that may never come, and a device
//! may have no end. A store, a report or a spec that somebody else made may
//! hold either, so every reader opens its files here.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Something that is no regular file where one is to be read. It stands inside
/// an [`io::Error`] of the kind `InvalidInput`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is {0}, not a regular file")]
pub struct NotAFile(pub &'static str);

impl NotAFile {
    /// What `error` says stands in a file's place, if that is what it says.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()).copied()
    }
}

/// A file with more bytes than its reader accepts. It stands inside an
/// [`io::Error`] of the kind `FileTooLarge`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has more than {0} bytes")]
pub struct TooLong(pub u64);

/// What a file of this type is, with its article.
pub fn kind_of(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a named pipe";
        } else if kind.is_socket() {
            return "a socket";
        } else if kind.is_block_device() || kind.is_char_device() {
            return "a device";
        }
    }
    if kind.is_dir() {
        "a folder"
    } else if kind.is_symlink() {
        "a link"
    } else if kind.is_file() {
        "a file"
    } else {
        "something else"
    }
}

/// Fails unless `kind` is that of a regular file.
pub(super) fn must_be_regular(kind: FileType) -> io::Result<()> {
    match kind.is_file() {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, NotAFile(kind_of(kind)))),
    }
}

/// Opens the regular file at `path`, or the one that a link there leads to.
/// Never waits.
///
/// # Errors
/// When it is not there, is anything else ([`NotAFile`]), or the file system
/// says no.
pub fn open(path: &Path) -> io::Result<File> {
    // Some devices act on being opened, so the name is asked first.
    must_be_regular(fs::metadata(path)?.file_type())?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, NEVER_WAIT);
    let file = options.open(path)?;
    // Something else may have taken the name since.
    must_be_regular(file.metadata()?.file_type())?;
    Ok(file)
}

/// The flag with which opening a pipe does not wait for its other end, and a
/// terminal does not become this process's own.
#[cfg(unix)]
pub(super) const NEVER_WAIT: i32 =
    (rustix::fs::OFlags::NONBLOCK.bits() | rustix::fs::OFlags::NOCTTY.bits()) as i32;

/// The bytes of the regular file at `path`.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes of the regular file at `path`, of which there are at most `most`.
///
/// # Errors
/// As [`open`], and when it has more ([`TooLong`]).
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::new(io::ErrorKind::FileTooLarge, TooLong(most))),
        false => Ok(bytes),
    }
}

/// The text of the regular file at `path`, of at most `most` bytes.
///
/// # Errors
/// As [`read_at_most`], and when it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let bytes = read_at_most(path, most)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        let reason = format!("line {line} is not UTF-8");
        io::Error::new(io::ErrorKind::InvalidData, reason)
    })
}

/// Lists the folder at `path`; none where nothing has that name. A link that
/// leads nowhere is an error: what it led to may only be away for a while.
///
/// # Errors
/// When it is no folder, or the file system says no.
pub fn list(path: &Path) -> io::Result<Option<fs::ReadDir>> {
    match fs::read_dir(path) {
        Ok(entries) => Ok(Some(entries)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match fs::symlink_metadata(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Ok(found) if found.is_symlink() => Err(leads_nowhere()),
                // It was made since.
                _ => fs::read_dir(path).map(Some),
            }
        }
        Err(error) => Err(error),
    }
}

/// That a link leads nowhere.
pub(super) fn leads_nowhere() -> io::Error {
    io::Error::new(io::ErrorKind::NotADirectory, "it is a link that leads nowhere, not a folder")
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    /// A pipe, a folder and a device, each also by way of a link.
    fn no_files(folder: &Path) -> Vec<(PathBuf, &'static str)> {
        let at = |name: &str| folder.join(name);
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        assert!(made.success());
        fs::create_dir(at("folder")).unwrap();
        let mut all = Vec::new();
        for (path, kind) in [
            (at("pipe"), "a named pipe"),
            (at("folder"), "a folder"),
            (PathBuf::from("/dev/zero"), "a device"),
        ] {
            let link = at(&format!("link to {}", path.file_name().unwrap().display()));
            symlink(&path, &link).unwrap();
            all.extend([(path, kind), (link, kind)]);
        }
        all
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once_and_named() {
        let folder = tempfile::tempdir().unwrap();
        for (path, kind) in no_files(folder.path()) {
            let results =
                [open(&path).map(drop), read(&path).map(drop), read_text(&path, 9).map(drop)];
            for result in results {
                assert_eq!(NotAFile::of(&result.unwrap_err()), Some(NotAFile(kind)));
            }
        }
        let none = read(&folder.path().join("none")).unwrap_err();
        assert_eq!((none.kind(), NotAFile::of(&none)), (io::ErrorKind::NotFound, None));
    }

    #[test]
    fn a_file_is_read_whole_also_through_a_link_and_not_beyond_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&path, "one\ntwo").unwrap();
        symlink(&path, &link).unwrap();
        assert_eq!(read(&link).unwrap(), b"one\ntwo");
        assert_eq!(read_text(&path, 7).unwrap(), "one\ntwo");
        let long = read_at_most(&path, 6).unwrap_err();
        assert_eq!(
            (long.kind(), long.to_string()),
            (io::ErrorKind::FileTooLarge, TooLong(6).to_string())
        );
        fs::write(&path, b"one\n\xff").unwrap();
        assert!(read_text(&path, 9).unwrap_err().to_string().contains("line 2 is not UTF-8"));
        // Files of the kernel say that they are empty, and are not.
        assert!(!read(Path::new("/proc/self/stat")).unwrap().is_empty());
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_from_a_link_that_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        assert!(list(&folder.path().join("none")).unwrap().is_none());
        assert_eq!(list(folder.path()).unwrap().unwrap().count(), 0);
        let link = folder.path().join("link");
        symlink(folder.path().join("none"), &link).unwrap();
        assert!(list(&link).unwrap_err().to_string().contains("leads nowhere"));
    }
}
