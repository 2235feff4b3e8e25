//! The numerics fingerprint: a digest over the code that can change a number.
//!
//! The worker's build script computes it over the token streams (no comments,
//! no docs, no tests) of the modules that numbers pass through, and over the
//! locked versions of tch, torch-sys and libtorch. It is compiled into the
//! worker and written beside its binary, so that the front knows it without
//! starting the worker; the worker's first event repeats it and must agree.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};

/// The fingerprints of one worker binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprints {
    /// Over what training passes through.
    pub training: Digest,
    /// Over what evaluation passes through.
    pub evaluation: Digest,
}

impl Fingerprints {
    /// Over what a number measured on a trained network passes through: both.
    pub fn both(&self) -> Digest {
        let mut hasher = Hasher::for_domain("jem fingerprints v1");
        hasher.update(self.training.bytes()).update(self.evaluation.bytes());
        hasher.finish()
    }
}

/// The fingerprint beside a worker is missing or unreadable.
#[derive(Debug, thiserror::Error)]
#[error("no fingerprint of the worker at {path}: {reason}\n  try: cargo build")]
pub struct FingerprintError {
    path: PathBuf,
    reason: String,
}

/// Reads the fingerprints that the build wrote beside the worker binary, as
/// `<worker>.fingerprint.json`.
///
/// # Errors
/// When the file is absent or is not what the build writes.
pub fn beside(worker: &Path) -> Result<Fingerprints, FingerprintError> {
    let path = worker.with_extension("fingerprint.json");
    let error = |reason: String| FingerprintError { path: path.clone(), reason };
    let text = std::fs::read(&path).map_err(|e| error(e.to_string()))?;
    serde_json::from_slice(&text).map_err(|e| error(e.to_string()))
}
