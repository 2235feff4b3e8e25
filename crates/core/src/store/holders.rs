//! For those that only look: who holds what.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::lease::{Lease, Standing};
use super::runs::named_by_run;
use super::{Holder, Life, Store, StoreError};
use crate::id::RunId;

/// How often a watched lease is looked at.
const LOOK: Duration = Duration::from_millis(200);

impl Store {
    /// The holder of each run under a lease that is not released, but for
    /// those whose process is known to be gone. One on another machine may be
    /// dead: that is not told at one look, see [`Store::live_holders`].
    ///
    /// # Errors
    /// When the file system says no.
    pub fn holders(&self) -> Result<BTreeMap<RunId, Holder>, StoreError> {
        let standings = self.standings()?.into_iter();
        Ok(standings.map(|(run, standing)| (run, named(&standing))).collect())
    }

    /// As [`Store::holders`], but of those whose process cannot be looked up
    /// from here only the ones whose counter moved within `watch`: several
    /// beats of theirs. Takes that long only where there are such.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn live_holders(&self, watch: Duration) -> Result<BTreeMap<RunId, Holder>, StoreError> {
        let begun = Instant::now();
        let mut live = BTreeMap::new();
        let mut unknown = BTreeMap::new();
        for (run, standing) in self.standings()? {
            let holder = named(&standing);
            match holder.life() {
                Life::Alive => drop(live.insert(run, holder)),
                _ => drop(unknown.insert(run, standing)),
            }
        }
        while !unknown.is_empty() && begun.elapsed() < watch {
            std::thread::sleep(LOOK.min(watch));
            let looks = unknown.par_iter().map(|(run, _)| Ok((*run, self.standing(*run)?)));
            for (run, now) in looks.collect::<Result<Vec<_>, StoreError>>()? {
                match now {
                    Some(now) if unknown.get(&run) == Some(&now) => {}
                    Some(now) => {
                        live.insert(run, named(&now));
                        unknown.remove(&run);
                    }
                    None => drop(unknown.remove(&run)),
                }
            }
        }
        Ok(live)
    }

    /// Where each lease stands that is neither released nor known to be dead.
    fn standings(&self) -> Result<BTreeMap<RunId, Standing>, StoreError> {
        let runs = named_by_run(&self.leases_path(), "")?.into_par_iter();
        let found: Result<Vec<_>, StoreError> =
            runs.map(|run| Ok(self.standing(run)?.map(|standing| (run, standing)))).collect();
        Ok(found?.into_iter().flatten().collect())
    }

    fn standing(&self, run: RunId) -> Result<Option<Standing>, StoreError> {
        let standing = Lease::new(self, run).look()?;
        Ok(standing.filter(|found| !found.released && named(found).life() != Life::Gone))
    }
}

fn named(standing: &Standing) -> Holder {
    standing.holder().unwrap_or_else(Holder::unknown)
}
