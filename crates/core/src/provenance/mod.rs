//! Where a number came from: commit, changes, machine, code fingerprint.

mod fingerprint;
mod history;
mod host;
mod source;

pub use fingerprint::{FingerprintError, Fingerprints, beside};
pub use history::{FileChange, History, HistoryError};
pub use host::{Host, host};
pub use source::{SourceState, Untracked, source_state};

use serde::{Deserialize, Serialize};

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
}

/// The time, in UTC, to the second.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
