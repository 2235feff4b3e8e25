//! A lease as it lies on disk: a chain of generations.
//!
//! ```text
//! leases/<run id>/
//!   7            the holder, as JSON: never changed once it is there
//!   7.beat       a counter that the holder raises while it lives
//!   7.released   the holder's nonce, once it is done with it
//! ```
//!
//! The highest generation is the lease. Who may take a lease, because it is
//! released or its holder is gone, creates the next generation; of any number
//! that try, the file system lets one succeed. Generations are not removed
//! while a run may still be wanted: were numbers to begin again, one that
//! looked long ago could take a name that means something else by now.
//! [`Lease::forget`] removes them all, and a taker that finds its predecessor
//! changed withdraws.
//!
//! # Why this holds on network file systems
//! The only step that must exclude others is the creation of a name, by
//! `link(2)` of a finished file (or `O_EXCL` where there are no hard links):
//! the server decides. A reply that was lost is told by reading the name back.
//! There is no `flock`, whose meaning differs between servers. Names and bytes
//! may be seen late, since clients cache them: by bytes only until a file is
//! opened again, so every look opens; by names up to a minute, which delays a
//! takeover or the news of one and harms nothing. Times of files are never
//! read, so clocks may differ.
//!
//! # The rare double run
//! A holder that was suspended for longer than the limit, or cut off from the
//! server, may wake up beside its successor. Both then run the same trial; the
//! later manifest replaces the earlier one as a whole. On one model of
//! processor both write the same bytes under the same names, and it costs time
//! and nothing else. On two models each writes objects of its own, and an
//! evaluation may stay that measured the weights of the manifest that was
//! replaced. It ends when the holder looks at [`super::Leases::lost`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::object::{Store, io_error};
use super::{Holder, StoreError};
use crate::durable;
use crate::id::RunId;

/// A file of a lease is never longer; what is longer is garbage.
const LONGEST: u64 = 1 << 16;

/// Numbers above this are no generations.
const LAST: u64 = 1 << 48;

/// The lease of one run.
#[derive(Debug)]
pub(super) struct Lease {
    folder: PathBuf,
}

/// What one look at a lease shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// The highest generation.
    pub generation: u64,
    /// What its file holds; empty where it cannot be read.
    pub words: Vec<u8>,
    /// Whether its holder is done with it.
    pub released: bool,
    /// What its counter holds.
    pub beat: Option<Vec<u8>>,
}

impl Standing {
    /// The holder; none where the file is no record of one.
    pub fn holder(&self) -> Option<Holder> {
        holder_in(&self.words)
    }
}

/// The holder that the bytes of a lease's file name; none where they are no
/// record of one.
pub(super) fn holder_in(words: &[u8]) -> Option<Holder> {
    serde_json::from_slice(words).ok()
}

impl Lease {
    pub fn new(store: &Store, run: RunId) -> Self {
        Self { folder: store.leases_path().join(run.to_string()) }
    }

    /// Where the lease stands; none where nobody ever held it.
    pub fn look(&self) -> Result<Option<Standing>, StoreError> {
        let listed = durable::list(&self.folder).map_err(io_error(&self.folder))?;
        let Some(listed) = listed else { return Ok(None) };
        let names = names(listed).map_err(io_error(&self.folder))?;
        let Some(generation) = names.iter().filter_map(|name| generation(name)).max() else {
            return Ok(None);
        };
        // Removed since it was listed: its run is done and forgotten.
        let Some(words) = read(&self.path(generation)) else { return Ok(None) };
        let beat = read(&self.beat_path(generation));
        let mut standing = Standing { generation, words, released: false, beat };
        let mark = format!("{generation}.released");
        if names.contains(&mark) {
            let nonce = read(&self.folder.join(mark));
            // A mark without the nonce is garbage.
            standing.released = standing
                .holder()
                .is_some_and(|holder| nonce.is_some_and(|nonce| nonce == holder.nonce.as_bytes()));
        }
        Ok(Some(standing))
    }

    /// Takes the lease over from `after`, which the caller judged to be free.
    /// None where another was first or the lease changed: look again.
    pub fn take(
        &self,
        after: Option<&Standing>,
        holder: &Holder,
    ) -> Result<Option<u64>, StoreError> {
        let generation = after.map_or(1, |after| after.generation + 1);
        let path = self.path(generation);
        let text = serde_json::to_vec(holder)
            .map_err(|e| StoreError::Unreadable { path: path.clone(), reason: e.to_string() })?;
        durable::create_dir_all(&self.folder).map_err(io_error(&self.folder))?;
        let created = match durable::create_exclusive(&path, &text) {
            Ok(created) => created,
            // The folder was removed under our hands.
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(io_error(&path)(e)),
        };
        // On a network file system the name may be ours although the reply
        // said that it was taken.
        if !created && read(&path).as_deref() != Some(&text) {
            return Ok(None);
        }
        let unchanged = after
            .is_none_or(|after| read(&self.path(after.generation)).as_ref() == Some(&after.words));
        if !unchanged {
            // The chain was removed and begun again since the caller looked.
            durable::remove_file(&path).map_err(io_error(&path))?;
            return Ok(None);
        }
        Ok(Some(generation))
    }

    /// Shows that the holder of `generation` lives.
    pub fn beat(&self, generation: u64, count: u64) -> io::Result<()> {
        // Of one length, so that no file is ever longer than its content.
        durable::write_in_place(&self.beat_path(generation), format!("{count:020}\n").as_bytes())
    }

    /// Whether another took the lease from `holder`, who had `generation`.
    /// What cannot be read is no news.
    pub fn lost(&self, generation: u64, holder: &Holder) -> bool {
        match self.look() {
            Ok(Some(standing)) if standing.generation == generation => {
                standing.holder().is_some_and(|found| found.nonce != holder.nonce)
            }
            Ok(_) => true,
            Err(_) => false,
        }
    }

    /// Says that `holder`, who has `generation`, is done with it.
    pub fn release(&self, generation: u64, holder: &Holder) -> Result<(), StoreError> {
        let path = self.folder.join(format!("{generation}.released"));
        durable::write_in_place(&path, holder.nonce.as_bytes()).map_err(io_error(&path))?;
        // The counter says nothing any more; where it stays, it is ignored.
        let _ = durable::remove_file(&self.beat_path(generation));
        Ok(())
    }

    /// Removes the lease's files, of which `generation` is held by the caller:
    /// that one last, so that nobody else can take the lease meanwhile.
    pub fn forget(&self, generation: u64) -> Result<(), StoreError> {
        let own = generation.to_string();
        let listed = fs::read_dir(&self.folder).and_then(names);
        let found = listed.map_err(io_error(&self.folder))?;
        for name in found.iter().filter(|name| **name != own).chain([&own]) {
            let path = self.folder.join(name);
            let folder = fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir());
            gone(if folder { durable::remove_dir_all(&path) } else { durable::remove_file(&path) })
                .map_err(io_error(&path))?;
        }
        // One that is about to take it may have put a file there: it stays.
        let _ = durable::remove_dir(&self.folder);
        Ok(())
    }

    fn path(&self, generation: u64) -> PathBuf {
        self.folder.join(generation.to_string())
    }

    fn beat_path(&self, generation: u64) -> PathBuf {
        self.folder.join(format!("{generation}.beat"))
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn names(listed: fs::ReadDir) -> io::Result<Vec<String>> {
    let names = listed.map(|entry| Ok(entry?.file_name().into_string().ok()));
    names.filter_map(Result::transpose).collect()
}

fn generation(name: &str) -> Option<u64> {
    let number = name.parse().ok().filter(|number| (1..=LAST).contains(number))?;
    (number.to_string() == name).then_some(number)
}

/// The bytes at `path`, opened anew; none where there is no such name, nothing
/// where it is no file, cannot be read, or is too long to be ours.
fn read(path: &Path) -> Option<Vec<u8>> {
    match durable::read_at_most(path, LONGEST) {
        Ok(bytes) => Some(bytes),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            // A link that leads nowhere has the name, and nothing else can.
            fs::symlink_metadata(path).is_ok().then(Vec::new)
        }
        Err(_) => Some(Vec::new()),
    }
}
