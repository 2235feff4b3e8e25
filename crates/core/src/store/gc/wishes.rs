//! What commands that go on count on.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Holder;
use super::super::wanted::Wish;
use super::error::GcError;
use crate::id::RunId;

/// What commands that go on count on.
pub(super) struct Wishes {
    /// The runs, each with who wants it.
    pub runs: BTreeMap<RunId, String>,
    /// The ids of the commands.
    commands: BTreeSet<RunId>,
    /// The ids of those that are gone.
    pub dead: Vec<RunId>,
}

impl Wishes {
    /// What those of `wanted` count on that are `live`.
    pub fn of(
        wanted: BTreeMap<RunId, Wish>,
        live: &BTreeMap<RunId, Holder>,
    ) -> Result<Self, GcError> {
        let (runs, commands, dead) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        let mut wishes = Self { runs, commands, dead };
        for (id, wish) in wanted {
            let Some(holder) = live.get(&id) else {
                wishes.dead.push(id);
                continue;
            };
            wishes.commands.insert(id);
            let wish = wish.map_err(|error| GcError::Unknown {
                path: format!("wanted/{id}.json"),
                reason: error.to_string(),
            })?;
            let why = format!("a command that goes on at {}", holder.place());
            wishes.runs.extend(wish.into_iter().map(|run| (run, why.clone())));
        }
        Ok(wishes)
    }

    /// How many trials are under a `live` lease.
    pub fn trials(&self, live: &BTreeMap<RunId, Holder>) -> usize {
        live.keys().filter(|run| !self.commands.contains(run)).count()
    }
}
