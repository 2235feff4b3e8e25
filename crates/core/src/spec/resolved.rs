//! The spec as meant: every value present, typed and checked. Only this form
//! travels to the worker and into a run's record.
//!
//! Tables marked *training* are part of the CellId; `evaluate` is part of the
//! EvalId; the others are part of no id.

use serde::{Deserialize, Serialize};

use super::attacks::Attacks;
use super::auxiliary::{EnergyMargin, OutlierExposure};
use super::calibration::{Calibration, Selective};
use super::corruptions::Corruptions;
use super::data::{Augment, Labels};
use super::generation::Generation;
use super::likelihood::Likelihood;
use super::long_chains::LongChains;
use super::network::Wrn;
use super::ood::OodSet;
use super::optimizer::{Optimizer, Schedule};
use super::part::Part;
use super::post_hoc::Scores;
use super::purification::Purification;
use super::sampling::{Boundary, SamplerKind};
use crate::dataset::Source;

/// One fully resolved configuration: what a trial trains and evaluates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Everything that can change what training produces (CellId).
    pub training: Training,
    /// What is measured on the trained network (EvalId).
    pub evaluate: Evaluate,
    /// What a trial needs to run (environment key, except as noted there).
    pub resources: Resources,
}

/// Everything that can change what training produces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Training data and how it is scaled.
    pub data: Data,
    /// The network.
    pub model: Model,
    /// Weights of the loss terms.
    pub objective: Objective,
    /// Langevin dynamics.
    pub sampler: Sampler,
    /// Where chains start and end.
    pub replay_buffer: ReplayBuffer,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Length, batches, learning-rate schedule.
    pub train: Train,
    /// When a trial counts as diverged.
    pub divergence: Divergence,
}

/// `[data]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// What the network is trained and tested on.
    pub train: Source,
    /// Training examples held out for validation, drawn by the stream
    /// `validation split`.
    pub validation: u64,
    /// Use only this many training examples (after the hold-out), drawn by
    /// the same stream.
    pub limit: Option<u64>,
    /// The interval pixels are scaled to.
    pub range: PixelRange,
    /// Standard deviation of Gaussian noise added to inputs in training and
    /// in testing, in units of the scaled range; 0 for none.
    pub noise_std: f64,
    /// Whether pixel values are cells of the range and inputs uniform points
    /// of them, in training and in testing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dequantise: bool,
    /// Random alterations of training images.
    #[serde(default, skip_serializing_if = "Augment::is_off")]
    pub augment: Augment,
    /// `false` where the independent batch of the contrastive term is not
    /// altered; else unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub px_augment: Option<bool>,
    /// `false` where the independent batch of the contrastive term gets no
    /// noise; else unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub px_noise: Option<bool>,
    /// Which training examples are labelled; unset for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Labels>,
    /// The set whose train split the terms on out-of-distribution data learn
    /// from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auxiliary: Option<Source>,
}

/// The interval that pixels are scaled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum PixelRange {
    /// [−1, 1]
    #[serde(rename = "[-1, 1]")]
    MinusOneOne,
    /// [0, 1]
    #[serde(rename = "[0, 1]")]
    ZeroOne,
}

impl PixelRange {
    /// The ends of the interval.
    pub fn bounds(self) -> (f64, f64) {
        match self {
            Self::MinusOneOne => (-1.0, 1.0),
            Self::ZeroOne => (0.0, 1.0),
        }
    }
}

/// `[model.mlp]`, `[model.cnn]` or `[model.wrn]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Model {
    /// Fully connected layers on the flattened input.
    Mlp(Mlp),
    /// Convolutions with a flattened, not pooled, head.
    Cnn(Cnn),
    /// Residual blocks with a pooled head.
    Wrn(Wrn),
}

/// `[model.mlp]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mlp {
    /// Widths of the hidden layers.
    pub hidden: Vec<u64>,
    /// The non-linearity between layers.
    pub activation: Activation,
    /// Power iterations a step; unset for weights as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spectral_norm: Option<u64>,
}

/// `[model.cnn]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cnn {
    /// Channels of the 3×3 convolutions; all but the first halve the image
    /// (stride 2).
    pub channels: Vec<u64>,
    /// Width of the fully connected layer on the flattened features; 0 for
    /// none.
    pub hidden: u64,
    /// The non-linearity between layers.
    pub activation: Activation,
    /// Power iterations a step; unset for weights as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spectral_norm: Option<u64>,
}

/// A non-linearity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// x · sigmoid(x)
    Silu,
    /// x for x > 0, else 0.2 x
    LeakyRelu,
    /// max(x, 0)
    Relu,
}

/// `[objective]`: loss = w CE + λ (mean E(x⁺) − mean E(x⁻))
/// + λ_joint (mean E(x⁺, y) − mean E(x⁻, y)) + α (mean E(x⁺)² + mean E(x⁻)²)
/// + β mean E(x⁺)²
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// λ, the weight of the contrastive (generative) term.
    pub lambda: f64,
    /// α, the weight of the squared energies of each contrastive term.
    pub energy_l2: f64,
    /// κ, which makes the α of a contrastive term κ times the weight of that
    /// term: κλ for p(x), κλ_joint for p(x, y); unset where `energy_l2` is α.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_l2_ratio: Option<f64>,
    /// β, the weight of the mean squared energy of training images alone,
    /// which acts without chains too; unset for 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_l2_data: Option<f64>,
    /// w, the weight of the cross-entropy; unset for 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_entropy: Option<f64>,
    /// λ_joint, the weight of the contrastive term of p(x, y), whose chains
    /// descend E(x, y) for the labels y of the batch; unset for 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_joint: Option<f64>,
    /// A term on the auxiliary set.
    #[serde(default, skip_serializing_if = "OutlierExposure::is_unset")]
    pub outlier_exposure: OutlierExposure,
    /// A term on the auxiliary set.
    #[serde(default, skip_serializing_if = "EnergyMargin::is_unset")]
    pub energy_margin: EnergyMargin,
}

/// `[sampler]`: x ← x − step_size ∇E(x) + noise_std ξ
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampler {
    /// Langevin steps between two updates of the parameters; with 0 every
    /// sample is a new start, which no step follows.
    pub steps: u64,
    /// What the energy's gradient is multiplied by.
    pub step_size: f64,
    /// Standard deviation of the noise added in each step.
    pub noise_std: f64,
    /// Whether samples are clamped to the pixel range after each step.
    pub clamp: bool,
    /// What new chains start from.
    pub init: ChainInit,
    /// Where a step's noise comes from, and whether steps can be refused.
    #[serde(default, skip_serializing_if = "SamplerKind::is_sgld")]
    pub kind: SamplerKind,
    /// T, for the kinds whose noise follows from it; unset for 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Every value of the energy's gradient is clamped to ± this; unset for
    /// no clamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_gradient: Option<f64>,
    /// What the step size is multiplied by after each step of a chain; unset
    /// for 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_size_decay: Option<f64>,
    /// Whether the chains of the p(x) term have a class each and descend
    /// E(x, y).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conditional: bool,
    /// What happens at the ends of the pixel range.
    #[serde(default, skip_serializing_if = "Boundary::is_none")]
    pub boundary: Boundary,
}

/// What a new chain starts from.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChainInit {
    /// Uniform over the pixel range (Grathwohl et al. 2020).
    #[default]
    Uniform,
    /// Standard normal (the seed chapter).
    Normal,
    /// Training images, of the chain's class where it has one.
    Data,
    /// Normal with mean and covariance of the training images of the slot's
    /// class, clamped to the pixel range (Yang and Ji 2021, JEM++).
    ClassGaussian,
}

/// `[replay_buffer]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayBuffer {
    /// Number of chains kept.
    pub size: u64,
    /// Probability, per sample, that a chain starts anew.
    pub reinit: f64,
    /// Chains that the training run keeps for evaluations; unset for 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<u64>,
}

/// `[train]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// Length of training.
    pub length: Length,
    /// Examples, and chains, per step.
    pub batch_size: u64,
    /// Gradients are scaled down to this global norm; unset for no clipping.
    pub clip_grad_norm: Option<f64>,
    /// Steps over which the learning rate rises linearly from 0.
    pub warmup_steps: u64,
    /// Fractions of training after which the learning rate is multiplied by
    /// `decay_factor`.
    pub decay_at: Vec<f64>,
    /// See `decay_at`.
    pub decay_factor: f64,
    /// Whether the batch of the contrastive term is drawn independently of
    /// the labelled batch (Grathwohl et al. 2020) or is the same batch.
    pub independent_px_batch: bool,
    /// Steps at the start with the cross-entropy alone; unset for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrain_steps: Option<u64>,
    /// How the learning rate changes after the warm-up.
    #[serde(default, skip_serializing_if = "Schedule::is_step")]
    pub schedule: Schedule,
    /// The share of every label that the cross-entropy spreads over all
    /// classes alike (Szegedy et al. 2016); unset for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_smoothing: Option<f64>,
    /// Decay of the running mean of the weights that is evaluated; unset to
    /// evaluate the weights themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ema: Option<f64>,
    /// Whether the decay of that mean rises to `ema` over the first steps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ema_warmup: bool,
}

/// How long training goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Length {
    /// Passes over the training examples.
    Epochs(u64),
    /// Updates of the parameters.
    Steps(u64),
}

/// `[divergence]`: what ends a trial as diverged, or sends it back to an
/// earlier point. NaN and infinity always do. What JEM's authors did by hand:
/// Grathwohl et al. 2020, appendix H.3.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Divergence {
    /// |mean E(x⁻) − mean E(x⁺)| above this is a runaway energy gap.
    pub max_energy_gap: f64,
    /// The values are looked at every so many steps.
    pub check_every: u64,
    /// A share of the samples' values at the ends of the pixel range above
    /// this is a saturated chain; unset not to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_saturation: Option<f64>,
    /// A mean accuracy on the batches since the last look below this is a
    /// collapsed classifier; unset not to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_accuracy: Option<f64>,
    /// The step from which accuracy is looked at; unset for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_accuracy_from: Option<u64>,
    /// Steps between the points that a diverged trial can go back to; unset
    /// for none: it ends where it diverged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_every: Option<u64>,
    /// Which point it goes back to, counted from the newest; unset for 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_to: Option<u64>,
    /// How often it may go back; unset for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_restarts: Option<u64>,
    /// What `sampler.step_size` is multiplied by at every restart; unset for 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_step_size: Option<f64>,
    /// What is added to `sampler.steps` at every restart; unset for 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_extra_steps: Option<u64>,
}

/// `[evaluate]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluate {
    /// Out-of-distribution sets.
    pub ood: Vec<OodSet>,
    /// Out-of-distribution sets that hyper-parameters of scores may be tuned
    /// on; none has the name of one of `ood`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation_ood: Vec<OodSet>,
    /// Names of those of `ood` that are near to the training set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<String>,
    /// Names of those of `ood` that are far from the training set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub far: Vec<String>,
    /// Use only this many test images, and images of each OOD set: a draw by class.
    pub limit: Option<u64>,
    /// Numbers of equal-width bins for ECE.
    pub ece_bins: Vec<u64>,
    /// Buffer samples kept with the evaluation, of those that training keeps.
    pub samples: u64,
    /// Accuracy and calibration on corrupted test images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corruptions: Option<Corruptions>,
    /// Chains that go on for long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chains: Option<LongChains>,
    /// Calibration before and after a fitted temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Risk–coverage curves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selective: Option<Selective>,
    /// Descending the energy before an input is classified, under attack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purification: Option<Purification>,
    /// Adversarial attacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attacks: Option<Attacks>,
    /// Further out-of-distribution scores, and intervals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<Scores>,
    /// Samples of the model, looked at and scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<Generation>,
    /// Log-likelihood of test images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<Likelihood>,
    /// Set where this is one part of an evaluation, run by itself; see
    /// [`Evaluate::parts`]. Nobody writes it in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Part>,
}

/// `[resources]`: what one trial is given. `device` and `threads` are part of
/// the environment key, the rest changes no number and is part of nothing; how
/// many trials run at once is not written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// The class of device.
    pub device: Device,
    /// Intra-op threads on the CPU.
    pub threads: u64,
    /// Seconds that one attempt may take; unset for no limit.
    pub timeout: Option<u64>,
    /// When crash checkpoints are written.
    pub checkpoints: Checkpoints,
}

/// The `checkpoint…` fields of `[resources]`: what a kill at any instant may
/// cost. Where both steps and seconds are unset, none is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoints {
    /// Every so many steps.
    pub steps: Option<u64>,
    /// When the last is so many seconds old.
    pub seconds: Option<u64>,
    /// How many are kept, ≥ 1.
    pub kept: u64,
}

/// A class of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// The processor.
    Cpu,
    /// One NVIDIA GPU.
    Cuda,
}

impl Resources {
    /// The environment key: what of the environment is fixed at plan time and
    /// can change a number. Never the free slot or the number of workers.
    pub fn environment_key(&self) -> String {
        let device = match self.device {
            Device::Cpu => "cpu",
            Device::Cuda => "cuda",
        };
        format!("device={device} threads={} isa=avx2 precision=f32", self.threads)
    }
}
