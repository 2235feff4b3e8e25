//! Room in the store's file system: how much there is, and how much the trials
//! that are left will want.

use jem_core::store::{Manifest, Store, StoreError};

use super::Keyed;

/// Room, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What this user may still write, 0 where the system does not say.
    pub free: u64,
    /// What a trial that is done takes, on average.
    pub each: u64,
    /// Trials that are left.
    pub left: u64,
}

impl Space {
    /// About how much the trials that are left want beyond what is free.
    pub fn missing(&self) -> u64 {
        self.each.saturating_mul(self.left).saturating_sub(self.free)
    }
}

/// Room in `store` for `left` trials that take as much as those in `done` do;
/// none where none of those is done.
///
/// # Errors
/// When a manifest is there and cannot be read.
pub fn space<'a>(
    store: &Store,
    done: impl Iterator<Item = &'a Keyed>,
    left: usize,
) -> Result<Option<Space>, StoreError> {
    let (mut bytes, mut trials) = (0u64, 0u64);
    for keyed in done {
        let training = store.done(keyed.training.run_id())?;
        let evaluation = store.done(keyed.evaluation.run_id())?;
        if let (Some(training), Some(evaluation)) = (training, evaluation) {
            bytes += size(&training) + size(&evaluation);
            trials += 1;
        }
    }
    let found = rustix::fs::statvfs(store.root());
    let free = found.map_or(0, |found| found.f_bavail.saturating_mul(found.f_frsize));
    Ok(bytes.checked_div(trials).map(|each| Space { free, each, left: left as u64 }))
}

fn size(manifest: &Manifest) -> u64 {
    let artifacts = manifest.results.values().chain(manifest.records.values());
    artifacts.map(|artifact| artifact.size).sum()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_what_is_wanted_beyond_what_is_free() {
        assert_eq!(Space { free: 1000, each: 3000, left: 3 }.missing(), 8000);
        assert_eq!(Space { free: 1000, each: 300, left: 3 }.missing(), 0);
    }

    #[test]
    fn where_no_trial_is_done_nothing_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        assert_eq!(space(&store, std::iter::empty(), 3).unwrap(), None);
    }
}
