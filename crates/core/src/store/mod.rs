//! The store: plain files, content-addressed objects, one manifest per run.
//!
//! ```text
//! results/
//!   format                       the version of this layout
//!   objects/ab/cdef…             bytes by SHA-256, read-only
//!   runs/<run id>/manifest.json  written last: the run is done
//!   runs/<run id>/attempts/1/    events.jsonl, worker.log, failed.json where it failed
//!   runs/<run id>/checkpoints/   of a training that is not done
//!   leases/<run id>/             who runs it now
//!   accepted/<run id>.json       a person's word that other runs count for this one
//!   commits/<commit>.json        what was known when a command ran at this commit
//!   tags/<name>.json             runs that a person gave a name
//!   wanted/<id>.json             runs that a command which goes on counts on
//!   quarantine/<number>/         what `fsck --repair` has put aside
//! ```
//!
//! Copying the folder is the export. Every file appears whole or not at all
//! (temp → sync → rename → sync the folder), so a process killed at any
//! instant leaves nothing that could be believed by mistake.
//!
//! # What outlasts a loss of power
//! | what | from when on |
//! |---|---|
//! | an object | [`Store::put`] returned |
//! | a finished run, with all that its manifest names | [`Store::finish`] returned |
//! | the events of an attempt, the worker's words | never by themselves: a finished run keeps its events as an object |
//! | a lease | never: its holder lost its power too |
//!
//! What was not durable is either absent afterwards, or a run that is not
//! done. `crates/core/tests/crash.rs` lets the power fail after every change.

mod accepted;
mod attempt;
mod checkpoint;
mod commits;
mod manifest;
mod object;
mod holder;
mod lease;
mod leases;
mod holders;
mod runs;
mod record;

mod clock;
mod access;
mod wanted;
mod tags;
mod survey;
mod known;
mod check;
mod gc;
mod usage;
mod listing;
pub mod untrusted;
#[cfg(test)]
mod sample;

pub use accepted::{Accepted, RunPair};
pub use attempt::{Attempt, Failure, record_failure};
pub use check::{CheckOptions, Finding, Kind, Mended, Report, Severity, check};
pub use checkpoint::{CheckpointRecord, Checkpoints};
pub use commits::CommitRecord;
pub use gc::{GcError, GcOptions, GcPlan, Outside, PlannedObject, PlannedRun, Swept, sweep};
pub use holder::{Holder, Life};
pub use leases::{Claim, Leases};
pub use listing::{Listing, RunLine};
pub use manifest::{Artifact, Manifest, RunKind};
pub use object::Store;
pub use runs::Recorded;
pub use tags::{Tag, TagError};
pub use usage::{Amount, Group, Usage, Use};
pub use wanted::Wanted;

use std::path::PathBuf;

use crate::digest::Digest;
use crate::id::RunId;

/// The version of the layout, and of a manifest, that this program writes.
/// Every version from 1 is read: in 2 leases, checkpoints and tags were added,
/// and restarts in the outcome of a run.
pub const FORMAT: u32 = 2;

/// The version from which on manifests are sealed.
const SEALED: u32 = 2;

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
    /// The store may not be written or read.
    #[error(
        "{path}: {source}\n  try: give yourself the right to read and write there, or keep results elsewhere with --results DIR"
    )]
    Denied {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file system is full, or a quota is used up.
    #[error(
        "{path}: no room on the file system: {}\n  try: make room (jem store gc --dry-run), then the same command again",
        crate::durable::Full { needed: *needed, free: *free, no_more_files: *no_more_files }.words()
    )]
    Full {
        /// The file or folder that could not be written.
        path: PathBuf,
        /// Its bytes, 0 for a folder or a name.
        needed: u64,
        /// Bytes that are free for this user.
        free: u64,
        /// The file system can hold no further file, whatever bytes are free.
        no_more_files: bool,
    },
    /// Something else stands where the store has a file of its own.
    #[error(
        "{path}: it is {what}, where jem keeps a file of its own\n  try: jem store fsck --repair, which puts it aside, then the same command again"
    )]
    NotAFile {
        /// Where.
        path: PathBuf,
        /// What stands there, with its article.
        what: &'static str,
    },
    /// The store, or a record in it, was written by a newer version.
    #[error(
        "{path} has format {found}, which a newer version of jem wrote\n  try: that version, or keep results elsewhere with --results DIR"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: String,
    },
    /// A manifest, or another record, that cannot be read.
    #[error(
        "{path} is not a readable record: {reason}\n  try: move it away and run the same command again"
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
