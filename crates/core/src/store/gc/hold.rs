//! Leases as `gc` sees them: those of others, and its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, SystemTime};

use super::super::object::Store;
use super::super::survey::{Place, Survey};
use super::super::{Claim, Holder, Leases, StoreError, clock};
use crate::id::RunId;

/// From when on nothing is swept, and whether anybody works in the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Horizon {
    /// What was written at this time or later stays.
    pub kept_from: SystemTime,
    /// A lease is live, or was not long ago.
    pub busy: bool,
}

impl Horizon {
    /// Seen at `now`, when others last `worked` and hold the leases of `live`.
    pub fn of(
        survey: &Survey,
        live: &BTreeMap<RunId, Holder>,
        now: SystemTime,
        worked: Option<SystemTime>,
        grace: Duration,
    ) -> Self {
        let begun = survey.each(|place| match place {
            Place::Lease(run, _) if live.contains_key(run) => Some(()),
            _ => None,
        });
        let oldest = begun.map(|(file, ())| file.modified).min();
        let from = oldest.map_or(now, |oldest| oldest.min(now));
        let before = |time: SystemTime| time.checked_sub(grace).unwrap_or(SystemTime::UNIX_EPOCH);
        let recent = worked.is_some_and(|worked| !grace.is_zero() && worked >= before(now));
        Self { kept_from: before(from), busy: recent || !live.is_empty() }
    }
}

/// When anybody last took, kept or gave back a lease.
pub(super) fn worked(store: &Store) -> Option<SystemTime> {
    let leases = store.root().join("leases");
    let mut last = clock::written(&leases);
    for run in fs::read_dir(&leases).into_iter().flatten().flatten() {
        last = last.max(clock::written(&run.path()));
        for file in fs::read_dir(run.path()).into_iter().flatten().flatten() {
            last = last.max(clock::written(&file.path()));
        }
    }
    last
}

/// The leases that `gc` holds while it sweeps.
pub(super) struct Hold {
    leases: Leases,
    ours: BTreeSet<RunId>,
}

impl Hold {
    /// None yet. Others see that their holder sweeps.
    pub fn new(store: &Store) -> Self {
        Self { leases: Leases::sweeping(store), ours: BTreeSet::new() }
    }

    /// Whether the lease of `run` is ours now.
    pub fn claim(&mut self, run: RunId) -> Result<bool, StoreError> {
        let held = self.leases.claim(run)? == Claim::Held;
        if held {
            self.ours.insert(run);
        }
        Ok(held)
    }

    /// The training runs whose leases are ours.
    pub fn ours(&self) -> &BTreeSet<RunId> {
        &self.ours
    }

    /// Removes the leases of the training runs that are gone, of which nothing
    /// stays, and gives the others back.
    pub fn let_go(self, gone: &BTreeSet<RunId>) -> Result<(), StoreError> {
        self.ours.intersection(gone).try_for_each(|run| self.leases.forget(*run))
    }

    /// Removes the records of what commands count on that are gone.
    pub fn forget_the_dead(&mut self, store: &Store, dead: &[RunId]) -> Result<(), StoreError> {
        for id in dead {
            if self.leases.claim(*id)? == Claim::Held {
                store.forget_wanted(*id)?;
                self.leases.forget(*id)?;
            }
        }
        Ok(())
    }
}
