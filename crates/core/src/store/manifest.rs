//! The manifest of a run: what it is, how it ended, what it left.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};
use crate::id::{CellId, EvalId, RunId, RunParts, TrialId};
use crate::results::Outcome;
use crate::spec::Part;

/// Bytes by digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// Their number.
    pub size: u64,
}

/// What a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Trained a network.
    Training,
    /// Measured a trained network.
    Evaluation,
}

/// A run that is done. Results are compared byte for byte between commits and
/// between machines of one model of processor; records (events, provenance)
/// are not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this record.
    pub format: u32,
    /// What the run did.
    pub kind: RunKind,
    /// The run.
    pub run: RunId,
    /// What its id was made of.
    pub parts: RunParts,
    /// The cell.
    pub cell: CellId,
    /// The trial.
    pub trial: TrialId,
    /// The evaluation, for a run that is one.
    pub eval: Option<EvalId>,
    /// The trial's seed.
    pub seed: u64,
    /// For an evaluation, the training run it measured.
    pub training: Option<RunId>,
    /// Which part, of an evaluation run that is only a part of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// How training ended.
    pub outcome: Outcome,
    /// Results by name.
    pub results: BTreeMap<String, Artifact>,
    /// Records by name.
    pub records: BTreeMap<String, Artifact>,
    /// The attempt that won.
    pub attempt: u32,
}

impl Manifest {
    /// One digest over all results: their names and digests. The outcome is
    /// among them, in `metrics.json`.
    pub fn results_digest(&self) -> Digest {
        let mut hasher = Hasher::for_domain("jem results v1");
        for (name, artifact) in &self.results {
            hasher.update(&(name.len() as u32).to_le_bytes());
            hasher.update(name.as_bytes()).update(artifact.digest.bytes());
        }
        hasher.finish()
    }
}
