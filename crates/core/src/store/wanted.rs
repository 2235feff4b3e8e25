//! The runs that a command which goes on counts on: `wanted/<id>.json`.
//!
//! A sweep of days leaves results that no report shows yet and no lease covers
//! any more, and it counts on those that were there when it began. It says so
//! here for as long as it lives: the record's id is also that of a lease, which
//! the command holds and beats for.
//!
//! # Why `gc` and a command that begins do not pass each other
//! The command writes its record first, and looks for leases of a `gc` after
//! that ([`Store::sweepers`]). `gc` takes the leases of all that it would sweep
//! first, and reads the records after that. Whatever the order of the four, one
//! sees the other: `gc` keeps the run, or the command waits until `gc` is over
//! and only then looks what is done.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::object::{Store, io_error};
use super::runs::named_by_run;
use super::{Claim, Holder, Leases, StoreError, record};
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;

/// The version of the record.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: u32,
    /// Who wrote it, for people: whether it lives, its lease says.
    holder: String,
    runs: BTreeSet<RunId>,
}

/// That this process counts on some runs, until it is dropped.
#[derive(Debug)]
pub struct Wanted {
    store: Store,
    leases: Leases,
    id: RunId,
}

impl Store {
    /// Says, until what is returned is dropped, that this process counts on
    /// `runs`, done or not: `gc` keeps them.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn want(&self, runs: BTreeSet<RunId>) -> Result<Wanted, StoreError> {
        let leases = Leases::new(self);
        let holder = leases.holder().clone();
        let id = RunId::from_digest(Digest::of(format!("wanted by {}", holder.nonce).as_bytes()));
        // The lease first: a record without one is that of a dead process.
        if let Claim::Busy(other) = leases.claim(id)? {
            let reason = format!("{} holds the lease of this process", other.place());
            return Err(StoreError::Unreadable { path: self.wanted_path(id), reason });
        }
        let wanted = Wanted { store: self.clone(), leases, id };
        let folder = self.wanted_folder();
        durable::create_dir_all(&folder).map_err(io_error(&folder))?;
        let path = self.wanted_path(id);
        let record = Record { format: FORMAT, holder: holder.place(), runs };
        let text = record::text(&path, &record)?;
        durable::write_atomic(&path, &text).map_err(io_error(&path))?;
        Ok(wanted)
    }

    /// The processes that sweep this store and hold the lease of one of `runs`.
    /// Those of other machines are watched for `watch` first.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn sweepers(
        &self,
        runs: &BTreeSet<RunId>,
        watch: Duration,
    ) -> Result<BTreeSet<String>, StoreError> {
        let of = |holders: BTreeMap<RunId, Holder>| -> BTreeSet<String> {
            let ours =
                holders.into_iter().filter(|(run, holder)| holder.sweeps && runs.contains(run));
            ours.map(|(_, holder)| holder.place()).collect()
        };
        let seen = of(self.holders()?);
        if seen.is_empty() { Ok(seen) } else { Ok(of(self.live_holders(watch)?)) }
    }

    /// What each record says is wanted, by its id, or why it cannot be read.
    pub(super) fn wanted(&self) -> Result<BTreeMap<RunId, Wish>, StoreError> {
        let mut found = BTreeMap::new();
        for id in named_by_run(&self.wanted_folder(), ".json")? {
            let path = self.wanted_path(id);
            match record::read(&path) {
                // It went meanwhile.
                Ok(None) => {}
                Ok(Some(bytes)) => drop(found.insert(id, parse(&path, &bytes))),
                Err(error) => drop(found.insert(id, Err(error))),
            }
        }
        Ok(found)
    }

    /// Removes the record `id`, whose process is gone.
    pub(super) fn forget_wanted(&self, id: RunId) -> Result<(), StoreError> {
        let path = self.wanted_path(id);
        match durable::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&path)(error)),
            _ => Ok(()),
        }
    }

    fn wanted_folder(&self) -> PathBuf {
        self.root().join("wanted")
    }

    fn wanted_path(&self, id: RunId) -> PathBuf {
        self.wanted_folder().join(format!("{id}.json"))
    }
}

/// The runs that a record names, or why it cannot be read.
pub(super) type Wish = Result<BTreeSet<RunId>, StoreError>;

/// What `bytes`, from the file at `path`, say is wanted.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Wish {
    record::parse_sealed::<Record>(path, bytes, FORMAT, FORMAT).map(|record| record.runs)
}

impl Drop for Wanted {
    fn drop(&mut self) {
        // What cannot be removed is that of a dead process soon.
        let _ = self.store.forget_wanted(self.id);
        let _ = self.leases.forget(self.id);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_said_under_a_lease_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let runs = |names: &[&str]| -> BTreeSet<RunId> {
            names.iter().map(|name| RunId::from_digest(Digest::of(name.as_bytes()))).collect()
        };
        let first = store.want(runs(&["a", "b"])).unwrap();
        let second = store.want(runs(&["b"])).unwrap();
        let said = store.wanted().unwrap();
        assert_eq!(said[&first.id].as_ref().unwrap(), &runs(&["a", "b"]));
        assert_eq!(said[&second.id].as_ref().unwrap(), &runs(&["b"]));
        assert_eq!(store.holders().unwrap().len(), 2);
        drop((first, second));
        assert!(store.wanted().unwrap().is_empty() && store.holders().unwrap().is_empty());
    }

    #[test]
    fn a_flipped_bit_in_a_record_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let wanted = store.want(BTreeSet::new()).unwrap();
        let path = store.wanted_path(wanted.id);
        let mut bytes = durable::read(&path).unwrap();
        bytes[20] ^= 1;
        assert!(parse(&path, &bytes).is_err());
    }
}
