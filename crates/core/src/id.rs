//! One newtype per kind of id, and how each is made.
//!
//! | id | is the digest of |
//! |---|---|
//! | [`CellId`] | the resolved values that can change what training produces |
//! | [`TrialId`] | CellId and seed |
//! | [`EvalId`] | TrialId and the resolved evaluation settings |
//! | [`RunId`] | TrialId or EvalId, numerics fingerprint, environment key, digests of the data read |
//!
//! The bytes are those of [`crate::digest`]; each id has its own domain.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::{Canonical, Digest, Hasher};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Digest);

        impl $name {
            /// The digest that the id is.
            pub fn digest(&self) -> Digest {
                self.0
            }

            /// The first ten hexadecimal characters, as people read and type ids.
            pub fn short(&self) -> String {
                self.0.short(10)
            }

            /// An id read back from a record.
            pub fn from_digest(digest: Digest) -> Self {
                Self(digest)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// One point of the grid: everything that can change training, but the seed.
    CellId
}
id! {
    /// A cell with one seed.
    TrialId
}
id! {
    /// A trial with one set of evaluation settings.
    EvalId
}
id! {
    /// A trial, or an evaluation of it, as executed by given code in a given
    /// environment on given data.
    RunId
}

impl CellId {
    /// The id of the cell whose training values are `training`, with
    /// `replaced` leaves (sorted by path) in the place of their own.
    pub fn new(training: &Canonical, replaced: &[(&str, &[u8])]) -> Self {
        let mut hasher = Hasher::for_domain("jem cell v1");
        training.hash_with(&mut hasher, replaced);
        Self(hasher.finish())
    }
}

impl TrialId {
    /// The id of `cell` run with `seed`.
    pub fn new(cell: CellId, seed: u64) -> Self {
        let mut hasher = Hasher::for_domain("jem trial v1");
        hasher.update(cell.0.bytes()).update(&seed.to_le_bytes());
        Self(hasher.finish())
    }
}

impl EvalId {
    /// The id of `trial` evaluated with `evaluation`, with `replaced` leaves
    /// (sorted by path) in the place of their own.
    pub fn new(trial: TrialId, evaluation: &Canonical, replaced: &[(&str, &[u8])]) -> Self {
        let mut hasher = Hasher::for_domain("jem eval v1");
        hasher.update(trial.0.bytes());
        evaluation.hash_with(&mut hasher, replaced);
        Self(hasher.finish())
    }
}

/// What a run rests on beside the trial or evaluation itself. Kept in its
/// manifest, so that a difference can be named part by part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunParts {
    /// The digest of the TrialId or EvalId.
    pub of: Digest,
    /// The numerics fingerprint of the code that runs it.
    pub fingerprint: Digest,
    /// Device class, threads, instruction-set cap, precision.
    pub environment: String,
    /// Name and digest of every data file read, in the order read.
    pub data: Vec<(String, Digest)>,
}

impl RunParts {
    /// The id of the run with these parts.
    pub fn run_id(&self) -> RunId {
        let mut hasher = Hasher::for_domain("jem run v1");
        hasher.update(self.of.bytes()).update(self.fingerprint.bytes());
        hasher.update(&(self.environment.len() as u32).to_le_bytes());
        hasher.update(self.environment.as_bytes());
        for (name, digest) in &self.data {
            hasher.update(&(name.len() as u32).to_le_bytes());
            hasher.update(name.as_bytes()).update(digest.bytes());
        }
        RunId(hasher.finish())
    }
}
