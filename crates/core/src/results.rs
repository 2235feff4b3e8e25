//! What the result files of a run hold: written by the worker, read by the
//! front's tables. Names of the files stand here once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::Outcome;

/// Resolved training spec and seed, of a training run.
pub const SPEC: &str = "spec.json";
/// A list of [`crate::event::Epoch`], of a training run.
pub const EPOCHS: &str = "epochs.json";
/// An [`Outcome`], of a training run.
pub const OUTCOME: &str = "outcome.json";
/// Parameters by name, of a training run that finished.
pub const WEIGHTS: &str = "weights.safetensors";
/// `samples` `[n, c, h, w]` out of the replay buffer, of a training run that
/// finished and had one.
pub const BUFFER: &str = "buffer.safetensors";
/// The first `evaluate.samples` of [`BUFFER`], of an evaluation run.
pub const SAMPLES: &str = "samples.safetensors";
/// [`Metrics`], of an evaluation run.
pub const METRICS: &str = "metrics.json";
/// The resolved evaluation settings, of an evaluation run.
pub const EVALUATE: &str = "evaluate.json";
/// `<set>/logits`, `<set>/probabilities` `[n, k]`, `<set>/energies` `[n]` and
/// `test/labels` `[n]`, of an evaluation run.
pub const PREDICTIONS: &str = "predictions.safetensors";
/// A list of [`ReliabilityBin`], of an evaluation run.
pub const RELIABILITY: &str = "reliability.json";
/// [`Energies`], of an evaluation run.
pub const ENERGIES: &str = "energies.json";

/// The metrics of one evaluated trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// How training ended; a diverged trial has no metrics.
    pub outcome: Outcome,
    /// Values by metric path.
    pub metrics: BTreeMap<String, f64>,
    /// Why a metric has no value, by path.
    pub undefined: BTreeMap<String, String>,
}

/// One bar of a reliability diagram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReliabilityBin {
    /// Lower edge of the confidence, not part of the bin (0 is part of the first).
    pub lo: f64,
    /// Upper edge, part of the bin.
    pub hi: f64,
    /// Inputs in the bin.
    pub count: u64,
    /// Their mean confidence; none in an empty bin.
    pub confidence: Option<f64>,
    /// The share of them classified correctly; none in an empty bin.
    pub accuracy: Option<f64>,
}

/// Histograms of E(x) that share their edges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Energies {
    /// Edges, one more than there are bins.
    pub edges: Vec<f64>,
    /// `correct`, `misclassified`, then each out-of-distribution set.
    pub histograms: Vec<Histogram>,
}

/// Counts of one group of inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// The group.
    pub label: String,
    /// Inputs in each bin.
    pub counts: Vec<u64>,
}
