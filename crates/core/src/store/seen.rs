//! What the files of the user's own held when they were last read:
//! `sources/<digest of path and kind>.json`.
//!
//! Two things rest on it. A large folder is not read at every command: while it
//! looks the same from outside, its digest is taken to be the same. And what
//! the store holds of files that are gone can still be found.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::object::{Store, io_error};
use super::{StoreError, record};
use crate::dataset::{Content, Contents, DataPart, DatasetError, Stamp};
use crate::digest::{Digest, Hasher};
use crate::durable;
use crate::provenance::now;

/// The version of this record.
const FORMAT: u32 = 1;
/// What changed later than this before it was read may change once more without
/// looking different: clocks of file systems are coarse.
const SETTLED: Duration = Duration::from_secs(3);

/// The kind of a file that is not read, and believed by a digest that is known.
const BELIEVED: &str = "believed file";

/// What a file or folder held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The version of this record.
    pub format: u32,
    /// Its absolute path.
    pub path: String,
    /// How its bytes were taken.
    pub kind: String,
    /// The digest of what it held.
    pub digest: Digest,
    /// How many files it is.
    pub files: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// When the last of them was changed, in UTC.
    pub changed: String,
    /// The digest of names, sizes, times and inodes; unset where it had changed
    /// so shortly before that they prove nothing.
    pub stamp: Option<Digest>,
    /// When it was read, in UTC.
    pub at: String,
}

impl Seen {
    fn same_as(&self, other: &Self) -> bool {
        (self.digest, self.stamp) == (other.digest, other.stamp)
    }
}

impl Store {
    /// What the file or folder at the absolute `path` held, its bytes taken as
    /// `kind` says, when it was last read.
    ///
    /// # Errors
    /// When there is a record and it cannot be read.
    pub fn seen(&self, path: &Path, kind: &str) -> Result<Option<Seen>, StoreError> {
        let name = name_of(path, kind);
        let file = self.seen_path(&name);
        let Some(bytes) = record::read(&file)? else { return Ok(None) };
        parse(&file, &name, &bytes).map(Some)
    }

    /// Records what was read, unless the same is recorded.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn record_seen(&self, path: &Path, seen: &Seen) -> Result<(), StoreError> {
        // A record that cannot be read is replaced: it is known anew.
        let known = self.seen(path, &seen.kind).ok().flatten();
        if known.is_some_and(|known| known.same_as(seen)) {
            return Ok(());
        }
        let file = self.seen_path(&name_of(path, &seen.kind));
        let folder = self.root().join("sources");
        durable::create_dir_all(&folder).map_err(io_error(&folder))?;
        let text = record::text(&file, seen)?;
        durable::write_atomic(&file, &text).map_err(io_error(&file))
    }

    fn seen_path(&self, name: &str) -> PathBuf {
        self.root().join("sources").join(format!("{name}.json"))
    }
}

/// The name of a record: a path may hold what no name of a file may, or what is
/// no text.
fn name_of(path: &Path, kind: &str) -> String {
    let mut hasher = Hasher::for_domain("jem seen v1");
    hasher.update(kind.as_bytes()).update(&[0]).update(path.as_os_str().as_encoded_bytes());
    hasher.finish().to_hex()
}

/// What `bytes`, from the file at `path` that is called `name`, say was read.
///
/// # Errors
/// When they are no such record, were altered, or are about another path.
pub(super) fn parse(path: &Path, name: &str, bytes: &[u8]) -> Result<Seen, StoreError> {
    let seen: Seen = record::parse_sealed(path, bytes, FORMAT, FORMAT)?;
    let lossless = !seen.path.contains(char::REPLACEMENT_CHARACTER);
    if lossless && name_of(Path::new(&seen.path), &seen.kind) != name {
        let reason = format!("it is about `{}`", seen.path);
        return Err(StoreError::Unreadable { path: path.to_owned(), reason });
    }
    Ok(seen)
}

/// Says what files hold by reading them, or from what a store remembers.
pub struct Remembered {
    store: Store,
    known: Mutex<BTreeMap<(PathBuf, &'static str), Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    content: Content,
    /// What was read now; unset where it was not.
    seen: Option<Seen>,
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("store", &self.store.root()).finish_non_exhaustive()
    }
}

impl Remembered {
    /// With what `store`, which may not be there yet, remembers.
    pub fn in_store(store: Store) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// Records what was read so far, where the store is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(&self) -> Result<(), StoreError> {
        if !self.store.root().join("format").is_file() {
            return Ok(());
        }
        let known = self.known().clone();
        let read = known.iter().filter_map(|((path, _), known)| Some((path, known.seen.as_ref()?)));
        read.into_iter().try_for_each(|(path, seen)| self.store.record_seen(path, seen))
    }

    /// Paths whose content is that last seen there, since they cannot be read:
    /// what is assumed, and why.
    pub fn assumed(&self) -> Vec<(PathBuf, Content)> {
        let known = self.known();
        let assumed = known.iter().filter(|(_, known)| known.content.assumed.is_some());
        assumed.map(|((path, _), known)| (path.clone(), known.content.clone())).collect()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<(PathBuf, &'static str), Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, path: &Path, part: &DataPart<'_>) -> Result<Known, DatasetError> {
        let before = self.store.seen(path, part.kind()).ok().flatten();
        let stamp = part.stamp().ok();
        if let (Some(before), Some(stamp)) = (&before, &stamp)
            && before.stamp == Some(stamp.digest)
        {
            return Ok(Known {
                content: Content { digest: before.digest, assumed: None },
                seen: None,
            });
        }
        match (part.digest(), before) {
            (Ok(digest), _) => {
                let seen = stamp.map(|stamp| seen(path, part, digest, stamp));
                Ok(Known { content: Content { digest, assumed: None }, seen })
            }
            (Err(error), Some(before)) if out_of_reach(&error, path) => {
                let assumed = Some(format!("{error}; last read {}", before.at));
                Ok(Known { content: Content { digest: before.digest, assumed }, seen: None })
            }
            (Err(error), _) => Err(error),
        }
    }
}

impl Contents for Remembered {
    fn of(&self, part: &DataPart<'_>) -> Result<Content, DatasetError> {
        let path = part.path();
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let key = (path, part.kind());
        if let Some(known) = self.known().get(&key) {
            return Ok(known.content.clone());
        }
        let known = self.look(&key.0, part)?;
        let content = known.content.clone();
        self.known().insert(key, known);
        Ok(content)
    }

    fn has(&self, path: &Path, digest: Digest) -> bool {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let known = self.known().get(&(path.clone(), BELIEVED)).map(|known| known.content.digest);
        if known == Some(digest) {
            return true;
        }
        let there = fs::metadata(&path).ok().filter(fs::Metadata::is_file);
        let before = self.store.seen(&path, BELIEVED).ok().flatten();
        let known = match (there, before) {
            (Some(meta), _) => Known {
                content: Content { digest, assumed: None },
                seen: Some(Seen {
                    format: FORMAT,
                    path: path.to_string_lossy().into_owned(),
                    kind: BELIEVED.to_owned(),
                    digest,
                    files: 1,
                    bytes: meta.len(),
                    changed: time(meta.modified().unwrap_or(SystemTime::UNIX_EPOCH)),
                    stamp: None,
                    at: now(),
                }),
            },
            (None, Some(before)) if before.digest == digest => {
                let why = format!("{} is not there; it was {}", path.display(), before.at);
                Known { content: Content { digest, assumed: Some(why) }, seen: None }
            }
            _ => return false,
        };
        self.known().insert((path, BELIEVED), known);
        true
    }
}

/// The record of `part`, which looked as `stamp` says before it was read.
fn seen(path: &Path, part: &DataPart<'_>, digest: Digest, stamp: Stamp) -> Seen {
    let since = SystemTime::now().duration_since(stamp.changed);
    let settled = since.is_ok_and(|since| since >= SETTLED) && part.stamp().ok() == Some(stamp);
    Seen {
        format: FORMAT,
        path: path.to_string_lossy().into_owned(),
        kind: part.kind().to_owned(),
        digest,
        files: stamp.files,
        bytes: stamp.bytes,
        changed: time(stamp.changed),
        stamp: settled.then_some(stamp.digest),
        at: now(),
    }
}

/// A time in UTC.
fn time(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whether nothing can be read at `path`, rather than something else than
/// before. An empty folder is where a file system is mounted that is not there.
fn out_of_reach(error: &DatasetError, path: &Path) -> bool {
    match error {
        DatasetError::Io { error, .. } => error.kind() != io::ErrorKind::Other,
        DatasetError::NotBrought { .. } => true,
        DatasetError::ImageFolder { .. } => {
            fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
