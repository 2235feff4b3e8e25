//! The store: plain files, content-addressed objects, one manifest per run.
//!
//! ```text
//! results/
//!   format                       the version of this layout
//!   objects/ab/cdef…             bytes by SHA-256, read-only
//!   runs/<run id>/manifest.json  written last: the run is done
//!   runs/<run id>/attempts/1/    events.jsonl, worker.log
//!   accepted/<run id>.json       a person's word that other runs count for this one
//!   commits/<commit>.json        what was known when a command ran at this commit
//! ```
//!
//! Copying the folder is the export. Every file appears whole or not at all
//! (temp → sync → rename → sync the folder), so a process killed at any
//! instant leaves nothing that could be believed by mistake.

mod accepted;
mod attempt;
mod commits;
mod manifest;
mod object;

pub use accepted::{Accepted, RunPair};
pub use attempt::Attempt;
pub use commits::CommitRecord;
pub use manifest::{Artifact, Manifest, RunKind};
pub use object::Store;

use std::path::PathBuf;

use crate::digest::Digest;
use crate::id::RunId;

/// The version of the layout that this program writes.
pub const FORMAT: u32 = 1;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system said no.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store was written by a newer version.
    #[error(
        "{path} has store format {found}; this version reads up to {FORMAT}\n  try: a newer jem"
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its format.
        found: String,
    },
    /// A manifest, or another record, that cannot be read.
    #[error(
        "{path} is not a readable record: {reason}\n  try: move its folder away and run the same command again"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An object's bytes are not those its name promises.
    #[error(
        "object {expected} holds other bytes ({found})\n  try: remove {path} and run the same command again"
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// The digest it is named by.
        expected: Digest,
        /// The digest of its bytes.
        found: Digest,
    },
    /// A manifest without an artifact that was asked for.
    #[error("run {run} has no result `{name}`")]
    NoArtifact {
        /// The run.
        run: RunId,
        /// The artifact's name.
        name: String,
    },
}
