//! The numerics fingerprint: a digest over the code that can change a number.
//!
//! `jem-fingerprint` finds that code and has the contract of its bytes. The
//! worker's build script computes the fingerprint; it is compiled into the
//! worker and written beside its binary with the digest of every part, so that
//! the front knows it without starting the worker. The worker's first event
//! repeats it and must agree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};
use crate::durable;

/// No fingerprint file is longer, in bytes.
const LONGEST: u64 = 16 << 20;

/// The version of the fingerprint file that is written; older ones are read.
const FORMAT: u32 = 2;

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

/// What the fingerprints are made of: paths of files from the workspace's
/// root, `crate NAME VERSION` and `libtorch VERSION`, each with its digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// Of training.
    pub training: BTreeMap<String, Digest>,
    /// Of evaluation.
    pub evaluation: BTreeMap<String, Digest>,
}

/// The code that a worker's numbers pass through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The digests over all parts.
    pub fingerprints: Fingerprints,
    /// The parts; none where an old worker did not say.
    pub parts: Parts,
}

/// The file, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "format")]
    _format: u32,
    training: Digest,
    evaluation: Digest,
    #[serde(default)]
    parts: Parts,
}

/// What every version of the file has; the first said no version.
#[derive(Deserialize)]
struct Format {
    #[serde(default = "first")]
    format: u32,
}

fn first() -> u32 {
    1
}

impl Code {
    /// Reads the text of a fingerprint file, which is also what
    /// `jem-worker --fingerprints` prints.
    ///
    /// # Errors
    /// In words, when it is none, or one of a newer version.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let words = |error: serde_json::Error| error.to_string();
        let Format { format } = serde_json::from_slice(text).map_err(words)?;
        if format > FORMAT {
            return Err(format!(
                "its format is {format}, made by a newer build; this one reads up to {FORMAT}"
            ));
        }
        let File { training, evaluation, parts, .. } =
            serde_json::from_slice(text).map_err(words)?;
        Ok(Self { fingerprints: Fingerprints { training, evaluation }, parts })
    }

    /// The version of libtorch that it was built with; none where an old worker
    /// did not say its parts.
    pub fn libtorch(&self) -> Option<&str> {
        self.parts.training.keys().find_map(|part| part.strip_prefix("libtorch "))
    }
}

impl From<jem_fingerprint::Code> for Code {
    fn from(code: jem_fingerprint::Code) -> Self {
        let parts = |parts: jem_fingerprint::Parts| {
            parts.into_iter().map(|(name, bytes)| (name, Digest::from_bytes(bytes))).collect()
        };
        let fingerprints = Fingerprints {
            training: Digest::from_bytes(code.training.digest),
            evaluation: Digest::from_bytes(code.evaluation.digest),
        };
        let (training, evaluation) = (parts(code.training.parts), parts(code.evaluation.parts));
        Self { fingerprints, parts: Parts { training, evaluation } }
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
    beside_with_parts(worker).map(|(code, _)| code.fingerprints)
}

/// As [`beside`], with the parts, and with the bytes of the file.
///
/// # Errors
/// As [`beside`].
pub fn beside_with_parts(worker: &Path) -> Result<(Code, Vec<u8>), FingerprintError> {
    let path = worker.with_extension("fingerprint.json");
    let error = |reason: String| FingerprintError { path: path.clone(), reason };
    let text = durable::read_at_most(&path, LONGEST).map_err(|e| error(e.to_string()))?;
    let code = Code::parse(&text).map_err(error)?;
    Ok((code, text))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    #[test]
    fn the_file_as_first_written_has_no_parts() {
        let text = format!(r#"{{"training":"{}","evaluation":"{}"}}"#, digest("a"), digest("b"));
        let code = Code::parse(text.as_bytes()).unwrap();
        let fingerprints = Fingerprints { training: digest("a"), evaluation: digest("b") };
        assert_eq!(code, Code { fingerprints, parts: Parts::default() });
    }

    #[test]
    fn what_is_written_is_read_back() {
        let made = |name: &str| jem_fingerprint::Fingerprint {
            digest: *digest(name).bytes(),
            parts: [(format!("crates/{name} \"x\".rs"), *digest("x").bytes())].into(),
        };
        let written = jem_fingerprint::Code { training: made("t"), evaluation: made("e") };
        let read = Code::parse(written.to_json().as_bytes()).unwrap();
        assert_eq!(read.parts.training["crates/t \"x\".rs"], digest("x"));
        assert_eq!(read, Code::from(written));
    }

    #[test]
    fn a_newer_format_and_a_broken_file_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let worker = folder.path().join("jem-worker");
        let cases = [
            (r#"{"format": 3, "new": 1}"#, "its format is 3"),
            (r#"{"training": "#, "EOF"),
            (r#"{"format": 2, "training": "00", "evaluation": "00"}"#, "SHA-256"),
            (r#"{"format": 2, "other": 1}"#, "other"),
        ];
        for (text, reason) in cases {
            std::fs::write(folder.path().join("jem-worker.fingerprint.json"), text).unwrap();
            let error = beside(&worker).unwrap_err().to_string();
            assert!(error.contains("jem-worker.fingerprint.json"), "{error}");
            assert!(error.contains(reason), "{error}");
        }
    }
}
