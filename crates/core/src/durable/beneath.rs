//! Files below a folder, with no link on the way.
//!
//! A list of names that somebody else wrote may name `..`, or a link and then
//! files below it. So each part of a name is opened in the folder before it,
//! which is held open, and none may be a link: what is checked is what is used.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, mkdirat, openat, renameat, symlinkat, unlinkat};

use super::read::must_be_regular;

/// A folder that is held open.
#[derive(Debug)]
pub struct Beneath {
    folder: OwnedFd,
    path: PathBuf,
}

/// The parts of `path`, which names something below a folder; none where it
/// could name anything else: it is empty, absolute, or has a part such as `..`.
pub fn parts_below(path: &Path) -> Option<Vec<&OsStr>> {
    let parts = path.components().map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    parts.collect::<Option<Vec<_>>>().filter(|parts| !parts.is_empty())
}

/// The flags with which a folder is opened, and no link to one.
const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Beneath {
    /// Opens the folder at `path`, which may be a link to one.
    ///
    /// # Errors
    /// When it is no folder, or the file system says no.
    pub fn open(path: &Path) -> io::Result<Self> {
        let folder = openat(CWD, path, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty())?;
        Ok(Self { folder, path: path.to_owned() })
    }

    /// The folder `relative` below this one; those that are missing are made
    /// where `make`. An empty name is this folder.
    ///
    /// # Errors
    /// When the name leads elsewhere, a part of it is a link or no folder, or
    /// the file system says no.
    pub fn folder(&self, relative: &Path, make: bool) -> io::Result<Self> {
        let parts = match relative.as_os_str().is_empty() {
            true => Vec::new(),
            false => parts_below(relative).ok_or_else(|| leads_elsewhere(relative))?,
        };
        let mut here = Self { folder: self.folder.try_clone()?, path: self.path.clone() };
        for part in parts {
            if make {
                match mkdirat(&here.folder, part, Mode::from_raw_mode(0o777)) {
                    Err(rustix::io::Errno::EXIST) => {}
                    made => made?,
                }
            }
            let path = here.path.join(part);
            let folder = match openat(&here.folder, part, FOLDER, Mode::empty()) {
                Err(rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => {
                    return Err(in_the_way(&path));
                }
                opened => opened?,
            };
            here = Self { folder, path };
        }
        Ok(here)
    }

    /// The folder that holds `relative`, and the last part of the name.
    ///
    /// # Errors
    /// As [`Beneath::folder`].
    pub fn holder_of<'a>(&self, relative: &'a Path, make: bool) -> io::Result<(Self, &'a OsStr)> {
        let parts = parts_below(relative).ok_or_else(|| leads_elsewhere(relative))?;
        let name = *parts.last().ok_or_else(|| leads_elsewhere(relative))?;
        let above = relative.parent().unwrap_or(Path::new(""));
        Ok((self.folder(above, make)?, name))
    }

    /// Writes the file `name` of this folder anew, in the place of any file or
    /// link that has the name; the user's umask holds.
    ///
    /// # Errors
    /// When a folder has the name, or the file system says no.
    pub fn write(&self, name: &OsStr, bytes: &[u8], executable: bool) -> io::Result<()> {
        self.remove_if_there(name)?;
        let mode = Mode::from_raw_mode(if executable { 0o777 } else { 0o666 });
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = openat(&self.folder, name, flags | OFlags::NOFOLLOW, mode)?;
        File::from(file).write_all(bytes)
    }

    /// Makes `name` a link to `target`, in the place of any file or link that
    /// has the name.
    ///
    /// # Errors
    /// When a folder has the name, or the file system says no.
    pub fn link(&self, name: &OsStr, target: &OsStr) -> io::Result<()> {
        self.remove_if_there(name)?;
        Ok(symlinkat(target, &self.folder, name)?)
    }

    /// The bytes of the regular file `name` of this folder.
    ///
    /// # Errors
    /// When it is not there or no regular file, or the file system says no.
    pub fn read(&self, name: &OsStr) -> io::Result<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.folder, name, flags, Mode::empty())?);
        must_be_regular(file.metadata()?.file_type())?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Gives the file `from`, on the same file system, the name `name` in this
    /// folder, in the place of what has it.
    ///
    /// # Errors
    /// When a folder has the name, or the file system says no.
    pub fn take_in(&self, from: &Path, name: &OsStr) -> io::Result<()> {
        Ok(renameat(CWD, from, &self.folder, name)?)
    }

    /// Removes the file or link `name` of this folder, if it is there.
    ///
    /// # Errors
    /// When it is a folder, or the file system says no.
    pub fn remove_if_there(&self, name: &OsStr) -> io::Result<()> {
        match unlinkat(&self.folder, name, AtFlags::empty()) {
            Err(rustix::io::Errno::NOENT) => Ok(()),
            removed => Ok(removed?),
        }
    }

    /// Makes the names in this folder durable.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.folder)?)
    }
}

fn leads_elsewhere(path: &Path) -> io::Error {
    let reason = format!("`{}` names nothing below this folder", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

fn in_the_way(path: &Path) -> io::Error {
    let reason = format!(
        "{} is a link or a file where a folder belongs, and nothing is written through it",
        path.display()
    );
    io::Error::new(io::ErrorKind::NotADirectory, reason)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_is_written_read_or_removed_through_a_link() {
        let all = tempfile::tempdir().unwrap();
        let (inside, outside) = (all.path().join("inside"), all.path().join("outside"));
        fs::create_dir_all(&inside).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), "kept").unwrap();
        symlink(&outside, inside.join("link")).unwrap();
        symlink(outside.join("file"), inside.join("file")).unwrap();
        let root = Beneath::open(&inside).unwrap();
        for name in ["link", "link/deeper", "../outside", "/tmp", "a/../../outside"] {
            assert!(root.folder(Path::new(name), true).is_err(), "{name}");
        }
        let (here, name) = root.holder_of(Path::new("file"), false).unwrap();
        assert!(here.read(name).is_err());
        here.write(name, b"new", false).unwrap();
        assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "kept");
        assert!(fs::symlink_metadata(inside.join("file")).unwrap().is_file());
        here.remove_if_there(OsStr::new("link")).unwrap();
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    }

    #[test]
    fn files_and_links_lie_where_they_are_named() {
        let all = tempfile::tempdir().unwrap();
        let root = Beneath::open(all.path()).unwrap();
        let (here, name) = root.holder_of(Path::new("a/b/c"), true).unwrap();
        here.write(name, b"one", true).unwrap();
        here.link(OsStr::new("d"), OsStr::new("c")).unwrap();
        here.sync().unwrap();
        assert_eq!(fs::read(all.path().join("a/b/d")).unwrap(), b"one");
        assert_eq!(here.read(OsStr::new("c")).unwrap(), b"one");
        fs::write(all.path().join("new"), "two").unwrap();
        root.take_in(&all.path().join("new"), OsStr::new("old")).unwrap();
        assert_eq!(root.read(OsStr::new("old")).unwrap(), b"two");
        assert!(root.holder_of(Path::new(""), false).is_err());
        assert!(root.holder_of(Path::new("none/x"), false).is_err());
    }
}
