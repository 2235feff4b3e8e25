//! Where a number came from: commit, changes, machine, code fingerprint.

mod fingerprint;
mod git;
mod hardware;
mod history;
mod host;
mod revision;
mod source;
mod work_tree;

pub use fingerprint::{Code, FingerprintError, Fingerprints, Parts, beside, beside_with_parts};
pub use git::git_in;
pub use hardware::Hardware;
pub use history::{FileChange, History, HistoryError};
pub use host::{Host, UNKNOWN_PROCESSOR, host, is_known_model};
pub use revision::{RevisionError, fingerprints_at};
pub use source::{
    FileMode, NO_COMMIT, SourceError, SourceState, Sourced, UNKNOWN_COMMIT, Untracked, commit_name,
    source_state,
};
pub use work_tree::fingerprints_here;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Everything recorded beside a run about its origin. A record, not a result:
/// it is exempt from byte-for-byte comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// State of the source tree; none outside a git checkout.
    pub source: Option<SourceState>,
    /// The machine.
    pub host: Host,
    /// The command line of the front.
    pub command: Vec<String>,
    /// The version of this program.
    pub version: String,
    /// The version of libtorch, once a worker has loaded it.
    pub libtorch: Option<String>,
    /// When the front started, in UTC.
    pub started: String,
    /// The object that holds the worker's fingerprint file: the digest of each
    /// part of the code that made the number. Older records have none.
    #[serde(default)]
    pub code: Option<Digest>,
    /// Digests of the binaries that ran, by name (`jem`, `jem-worker`).
    #[serde(default)]
    pub binaries: BTreeMap<String, Digest>,
    /// What a worker built from the checkout would have been, where the one
    /// that ran was built from other sources; the checkout is then dirty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unbuilt: Option<Fingerprints>,
    /// Where machines of several models made the run, all of them: of a
    /// training that continued from the checkpoint of another, in the order in
    /// which they took part; of an evaluation with parts that another had made,
    /// the host's first. Empty where the host's is the only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
}

impl Provenance {
    /// The models of processor, or on CUDA of GPU, that made a run with this
    /// environment key; never none.
    pub fn made_on(&self, environment: &str) -> Vec<String> {
        match self.models.is_empty() {
            true => vec![self.host.model(environment)],
            false => self.models.clone(),
        }
    }
}

/// The time, in UTC, to the second.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
