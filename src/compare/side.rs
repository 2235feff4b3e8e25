//! One of the two that are compared.

use std::path::Path;

use jem_core::plan::Plan;
use jem_core::provenance::NO_COMMIT;
use jem_core::store::Store;

use super::Known;
use crate::schedule::Keys;
use crate::table::{self, Results, TableError};

/// A state of the source that a person named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// As it was named: `HEAD~1`, `v1`, `work`.
    pub name: String,
    /// The commit, in full; of the work tree the one checked out, if any.
    pub commit: Option<String>,
    /// The first line of the commit's message.
    pub subject: String,
    /// Whether it is the work tree.
    pub work: bool,
    /// Whether it is a work tree that differs from its commit.
    pub dirty: bool,
}

impl Revision {
    /// `1a2b3c4`, `1a2b3c4-dirty`, `no-commit`.
    pub fn short(&self) -> String {
        let commit = self.commit.as_deref().map_or(NO_COMMIT, |c| c.get(..7).unwrap_or(c));
        let dirty = if self.dirty { "-dirty" } else { "" };
        format!("{commit}{dirty}")
    }

    /// `HEAD~1 (1a2b3c4)`; a commit named by its own id, by that alone.
    pub fn title(&self) -> String {
        let own = self.commit.as_deref().is_some_and(|commit| commit.starts_with(&self.name));
        match (self.work, own) {
            (true, _) => format!("work tree ({})", self.short()),
            (_, true) => self.short(),
            _ => format!("{} ({})", self.name, self.short()),
        }
    }
}

/// One side of a comparison: what it is, and all the store holds of it.
#[derive(Clone, Debug)]
pub struct Side {
    /// The state of the source.
    pub revision: Revision,
    /// What it computes with.
    pub known: Known,
    /// The experiment as it is there.
    pub plan: Plan,
    /// What the store holds of that.
    pub results: Results,
}

impl Side {
    /// Loads what `store` holds of `plan`, computed by what is `known`. User's
    /// own data files are those that lie there now; `data` is the folder of
    /// datasets.
    ///
    /// # Errors
    /// When a data file, or something of the store, cannot be read.
    pub fn load(
        revision: Revision,
        known: Known,
        plan: Plan,
        store: &Store,
        data: &Path,
    ) -> Result<Self, SideError> {
        let results = table::load(&plan, &Keys::new(&plan, known.stages, data)?, store)?;
        Ok(Self { revision, known, plan, results })
    }
}

/// Why the results of a side could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SideError {
    /// A data file.
    #[error(transparent)]
    Data(#[from] jem_core::dataset::DatasetError),
    /// A record of the store.
    #[error(transparent)]
    Table(#[from] TableError),
}
