//! What the result files of a run hold: written by the worker, read by the
//! front's tables. Names of the files stand here once.

mod attacks;
mod generation;
mod images_used;
mod likelihood;
mod set_about;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::TrialId;
use crate::spec::{ChainStart, Corruption, PurifiedAttack, PurifierKind};

pub use attacks::{
    ATTACK_NAMES, ATTACKS, AttackConvergence, AttackPoint, AttackResults, AttackedNorm,
    MaskingCheck, MaskingSign, MaskingVerdict, WORST,
};
pub use generation::{
    ExtractorUsed, GENERATION, GENERATION_IMAGES, Generation, SampleScore, ShownSamples,
};
pub use images_used::{IMAGES_USED, ImagesUsed};
pub use likelihood::{AnnealingRun, DensityOfImages, LIKELIHOOD, LikelihoodResults};
pub use set_about::{SETS, SetAbout};

/// Resolved training spec and seed, of a training run.
pub const SPEC: &str = "spec.json";
/// A list of [`Epoch`], of a training run.
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

/// A list of [`CorruptionPoint`], of an evaluation with `[evaluate.corruptions]`.
pub const CORRUPTIONS: &str = "corruptions.json";

/// A list of [`LongRun`], of an evaluation with `[evaluate.chains]`; absent
/// where a chain ran away.
pub const CHAINS: &str = "chains.json";
/// `<start>/energies` `[n, looks]` and `<start>/states` `[n, states, c, h, w]`
/// of those chains.
pub const CHAIN_STATES: &str = "chains.safetensors";

/// A [`Calibration`], of an evaluation with `[evaluate.calibration]`.
pub const CALIBRATION: &str = "calibration.json";
/// A list of [`RiskCurve`], of an evaluation with `[evaluate.selective]`.
pub const SELECTIVE: &str = "selective.json";
/// The name of the score that is the mean of the ranks of energy and max
/// softmax.
pub const RANK_MEAN: &str = "rank_mean";
/// The name of the score that is a logistic regression on energy and max
/// softmax, fitted on the validation split.
pub const LOGISTIC: &str = "logistic";
/// [`OodScores`], of an evaluation with `[evaluate.scores]`.
pub const SCORES: &str = "scores.json";
/// A [`Purified`], of an evaluation with `[evaluate.purification]`.
pub const PURIFICATION: &str = "purification.json";

/// How a trial ended, as a result: free of times, hosts and paths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// Training reached its end.
    Finished {
        /// Steps trained.
        steps: u64,
        /// Where it went back to an earlier point, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        restarts: Vec<Restart>,
    },
    /// Training was ended by a divergence detector.
    Diverged(Divergence),
}

impl Outcome {
    /// Training reached its end without a restart.
    pub fn finished(steps: u64) -> Self {
        Self::Finished { steps, restarts: Vec::new() }
    }

    /// Whether the trial diverged for good.
    pub fn diverged(&self) -> bool {
        matches!(self, Self::Diverged(_))
    }

    /// Where it went back to an earlier point, in order.
    pub fn restarts(&self) -> &[Restart] {
        match self {
            Self::Finished { restarts, .. } => restarts,
            Self::Diverged(divergence) => &divergence.restarts,
        }
    }
}

/// Where and how a trial diverged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Divergence {
    /// The step at which it was seen, counted from 1.
    pub step: u64,
    /// Which detector saw it, such as `not finite: loss`.
    pub reason: String,
    /// The values at that step, by name. NaN and the infinities are written
    /// as text, since JSON has no number for them.
    pub values: BTreeMap<String, String>,
    /// Where it had gone back to an earlier point before, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restarts: Vec<Restart>,
}

/// A training that diverged and went back to an earlier point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// Counted from 1; the sampler's noise stream bears this number.
    pub number: u64,
    /// The step at which it had diverged.
    pub step: u64,
    /// Which detector saw it.
    pub reason: String,
    /// Steps done at the point it went back to.
    pub to: u64,
    /// `sampler.step_size` from there on.
    pub step_size: f64,
    /// `sampler.steps` from there on.
    pub sampler_steps: u64,
}

/// Means since the last point of the training curves: over an epoch, or over a
/// twentieth of training where that is shorter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// The trial.
    pub trial: TrialId,
    /// Counted from 1.
    pub epoch: u64,
    /// Steps done at its end.
    pub step: u64,
    /// Mean of each training quantity, by metric path.
    pub means: BTreeMap<String, f64>,
}

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

/// What one kind of corruption at one severity does to a classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorruptionPoint {
    /// The kind.
    pub kind: Corruption,
    /// 1 to 5; 0 for the same images as they are.
    pub severity: u64,
    /// Images looked at.
    pub n: u64,
    /// The share classified correctly.
    pub accuracy: f64,
    /// Expected calibration error over 15 equal-width bins.
    pub ece: f64,
}

/// The name that `kind` has in a file.
pub fn corruption_name(kind: Corruption) -> String {
    serde_json::to_value(kind).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Reliability diagrams of the test set before and after temperature scaling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// What the logits are divided by; none where the likelihood has no
    /// greatest value.
    pub temperature: Option<f64>,
    /// Held-out examples that it was fitted on.
    pub n_validation: u64,
    /// The diagram of the logits as they are.
    pub before: Vec<ReliabilityBin>,
    /// That of the logits divided by the temperature; empty where there is none.
    pub after: Vec<ReliabilityBin>,
}

/// A risk–coverage curve: the error rate among the inputs that are answered,
/// those with the lowest scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskCurve {
    /// The score, higher = less certain.
    pub score: String,
    /// Test inputs.
    pub n: u64,
    /// How many of them are answered at each point, rising to `n`.
    pub answered: Vec<u64>,
    /// The share of errors among those; the mean over all orders of tied
    /// inputs.
    pub risk: Vec<f64>,
}

/// What chains that went on for long did, look by look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongRun {
    /// What they started from.
    pub from: ChainStart,
    /// Chains.
    pub n: u64,
    /// Chain steps done at each look.
    pub steps: Vec<u64>,
    /// Mean E(x) over the chains at each look.
    pub energy: Vec<f64>,
    /// Mean distance from the start at each look.
    pub displacement: Vec<f64>,
    /// The share of steps accepted, where steps can be refused.
    pub acceptance: Option<f64>,
}

/// How the hyper-parameters of out-of-distribution scores were chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OodScores {
    /// Training images that features were taken of.
    pub n_train: u64,
    /// Dimensions of the features.
    pub dimensions: u64,
    /// Resamples of each interval; 0 for no intervals.
    pub bootstrap: u64,
    /// The out-of-distribution sets that values were chosen on; none where the
    /// first of each list was taken.
    pub tuned_on: Vec<String>,
    /// What those were told from: `held-out`, the images that training held
    /// out, or `test` where it held out none.
    pub told_from: String,
    /// The scores, in the order of the tables.
    pub scores: Vec<ChosenScore>,
}

/// One score and its values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChosenScore {
    /// Its name.
    pub score: String,
    /// The value of each of its hyper-parameters; empty where it has none.
    pub chosen: Vec<(String, f64)>,
    /// Whether they were chosen among several by the validation sets.
    pub tuned: bool,
    /// All that were tried, in the order of the lists; empty where nothing was.
    pub tried: Vec<TriedScore>,
}

/// Values that were tried for a score.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriedScore {
    /// The values.
    pub values: Vec<(String, f64)>,
    /// Mean AUROC over the validation sets; none where it has no value.
    pub auroc: Option<f64>,
}

/// Accuracy behind purifiers under attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purified {
    /// Test inputs that were tried.
    pub n: u64,
    /// The detector accepts an input whose energy is at most this.
    pub threshold: f64,
    /// A row for each purifier (without one first) and attack that was run.
    pub rows: Vec<PurifiedRow>,
    /// Accuracy by the length of purification.
    pub curve: Vec<PurifiedPoint>,
    /// Signs that gradients through a purifier are masked, where BPDA was run.
    #[serde(default)]
    pub masking: Vec<PurifierMasking>,
}

/// Signs of masked gradients behind one purifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurifierMasking {
    /// The purifier.
    pub purifier: PurifierKind,
    /// Every sign that can be looked for.
    pub checks: Vec<MaskingCheck>,
}

/// What one attack does to one defence; counts of inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurifiedRow {
    /// The purifier; none for the classifier alone.
    pub purifier: Option<PurifierKind>,
    /// The attack.
    pub attack: PurifiedAttack,
    /// Classified rightly in the final check.
    pub right: u64,
    /// Without a confirmed break at any step of the attack.
    pub unbroken: u64,
    /// Accepted by the detector.
    pub accepted: u64,
    /// Accepted and classified rightly.
    pub accepted_right: u64,
    /// The 95 % interval of the share classified rightly (Wilson 1927).
    pub interval: (f64, f64),
    /// The largest distance of an attacked input from its own, in units of the
    /// pixel range's width.
    pub distance: f64,
}

/// Accuracy at one length of purification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurifiedPoint {
    /// The purifier.
    pub purifier: PurifierKind,
    /// The attack, made for this length.
    pub attack: PurifiedAttack,
    /// Steps of purification.
    pub steps: u64,
    /// Classified rightly in the final check.
    pub right: u64,
}
