//! The readers of this module on bytes in memory, behind no file: what the fuzz
//! targets and `tests/untrusted.rs` call. They are the readers themselves, not
//! copies.

use std::path::Path;

use super::{
    Accepted, CheckpointRecord, CommitRecord, Holder, Manifest, StoreError, Tag, accepted,
    checkpoint, commits, lease, record, runs,
};
use crate::id::RunId;

/// The file that errors name.
const FILE: &str = "untrusted";

/// `text` with the seal that belongs to it, where it ends as a record does;
/// else as it is. Behind a seal that is right stand the readers proper.
pub fn sealed(text: &[u8]) -> Vec<u8> {
    record::sealed(text.to_vec())
}

/// The manifest of a run.
///
/// # Errors
/// When the bytes are none.
pub fn manifest(bytes: &[u8]) -> Result<Manifest, StoreError> {
    runs::parse(Path::new(FILE), bytes)
}

/// The record of a checkpoint of `run`.
///
/// # Errors
/// When the bytes are none, or another run's.
pub fn checkpoint(run: RunId, bytes: &[u8]) -> Result<CheckpointRecord, StoreError> {
    checkpoint::parse(Path::new(FILE), run, bytes)
}

/// What was accepted for `wanted`.
///
/// # Errors
/// When the bytes are no such record, or about another run.
pub fn accepted(wanted: RunId, bytes: &[u8]) -> Result<Accepted, StoreError> {
    accepted::parse(Path::new(FILE), wanted, bytes)
}

/// What was known at `commit`.
///
/// # Errors
/// When the bytes are no such record, or about another commit.
pub fn commit(commit: &str, bytes: &[u8]) -> Result<CommitRecord, StoreError> {
    commits::parse(Path::new(FILE), commit, bytes)
}

/// The tag `name`.
///
/// # Errors
/// When the bytes are none, or another one, in words.
pub fn tag(name: &str, bytes: &[u8]) -> Result<Tag, String> {
    Tag::parse(name, bytes)
}

/// The holder of a lease, of which the file holds `bytes`; none where they are
/// no record of one.
pub fn holder(bytes: &[u8]) -> Option<Holder> {
    lease::holder_in(bytes)
}
