//! The folder where fetched sets lie: `<data folder>/<set>/<file>`.

use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::durable;

use super::catalogue::{CatalogueFile, Entry, Format};
use super::error::DatasetError;

/// The folder used when none is given: `$JEM_DATA`, else
/// `$XDG_CACHE_HOME/jem/data`, else `~/.cache/jem/data`.
pub fn default_data_dir() -> PathBuf {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = set("JEM_DATA") {
        return folder.into();
    }
    let cache = set("XDG_CACHE_HOME").map(PathBuf::from);
    cache
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| env::home_dir().unwrap_or_default().join(".cache"))
        .join("jem")
        .join("data")
}

/// One file of a set as found in the data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCheck {
    /// The file's name.
    pub name: String,
    /// Where it is, or should be.
    pub path: PathBuf,
    /// What was found.
    pub state: FileState,
}

/// What was found in the place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// The catalogue's bytes.
    Ok,
    /// A file that the catalogue does not pin, readable, and the digest that is
    /// recorded with runs that read it.
    Unpinned(Digest),
    /// Nothing.
    Missing,
    /// Other bytes.
    Wrong {
        /// What the catalogue says.
        expected: FileContent,
        /// What the file is.
        found: FileContent,
    },
    /// Something that cannot be read, and why.
    Unreadable(String),
}

/// The length and digest of a file: all that decides whether it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileContent {
    /// Its length.
    pub bytes: u64,
    /// The digest of its bytes.
    pub sha256: Digest,
}

impl FileContent {
    /// That of a file with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, sha256: Digest::of(bytes) }
    }
}

impl fmt::Display for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes with SHA-256 {}", self.bytes, self.sha256)
    }
}

/// Reads and hashes every file of the set in the data folder `dir`.
pub fn verify(entry: &Entry, dir: &Path) -> Vec<FileCheck> {
    let check = |file: &CatalogueFile| {
        let path = file_path(entry, dir, file);
        FileCheck { name: file.name.clone(), state: state(entry, file, dir), path }
    };
    entry.files.iter().map(check).collect()
}

/// Whether every file of the set is in the data folder `dir` with the right
/// length. Cheap: no byte is read, so this is no proof; reading is.
pub fn is_present(entry: &Entry, dir: &Path) -> bool {
    entry.format == Format::Embedded
        || entry.files.iter().all(|file| {
            fs::metadata(file_path(entry, dir, file)).is_ok_and(|found| match file.bytes {
                Some(bytes) => found.is_file() && found.len() == bytes,
                None => true,
            })
        })
}

/// Where a file of the set lies. One that is not pinned may lie there compressed,
/// as it is published.
pub(super) fn file_path(entry: &Entry, dir: &Path, file: &CatalogueFile) -> PathBuf {
    let folder = dir.join(&entry.name);
    let path = folder.join(&file.name);
    let packed = folder.join(format!("{}.gz", file.name));
    if file.bytes.is_none() && !path.exists() && packed.exists() { packed } else { path }
}

/// What is found in the data folder `dir` in the place of `file`.
pub(super) fn state(entry: &Entry, file: &CatalogueFile, dir: &Path) -> FileState {
    match (entry.format, file.content()) {
        (Format::Embedded, _) => FileState::Ok,
        (_, Some(expected)) => state_of(expected, &file_path(entry, dir, file)),
        (_, None) => match entry.part(dir, file).digest() {
            Ok(digest) => FileState::Unpinned(digest),
            Err(DatasetError::NotBrought { .. }) => FileState::Missing,
            Err(error) => FileState::Unreadable(error.to_string()),
        },
    }
}

/// What is found at `path` in the place of a file that is `expected`.
pub(super) fn state_of(expected: FileContent, path: &Path) -> FileState {
    let found = match hash_file(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return FileState::Missing,
        Err(error) => return FileState::Unreadable(error.to_string()),
    };
    if found == expected { FileState::Ok } else { FileState::Wrong { expected, found } }
}

fn hash_file(path: &Path) -> io::Result<FileContent> {
    let (sha256, bytes) = Digest::of_reader(durable::open(path)?)?;
    Ok(FileContent { bytes, sha256 })
}
