//! The tables that say what a trial trains and evaluates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    RawAttacks, RawEnergyMargin, RawGeneration, RawLikelihood, RawOod, RawOutlierExposure,
    RawPurification,
};
use crate::spec::corruptions::Corruption;
use crate::spec::long_chains::ChainStart;
use crate::spec::optimizer::Schedule;
use crate::spec::post_hoc::PostHoc;
use crate::spec::resolved::{ChainInit, Device};
use crate::spec::sampling::{Boundary, SamplerKind};

/// Declares a table whose fields are all optional, and how one such table is
/// laid over another. Tables inside it stand after `with`: they are laid over
/// each other field by field.
macro_rules! table {
    (
        $(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }
        $(with { $($(#[$inner_doc:meta])* $inner:ident: $inner_type:ty,)* })?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $(
                $(#[$field_doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
            $($(
                $(#[$inner_doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $inner: Option<$inner_type>,
            )*)?
        }

        impl $name {
            /// Takes over every field that `over` sets.
            pub fn overlay(&mut self, over: &Self) {
                $(if over.$field.is_some() {
                    self.$field.clone_from(&over.$field);
                })*
                $($(if let Some(inner) = &over.$inner {
                    self.$inner.get_or_insert_default().overlay(inner);
                })*)?
            }
        }
    };
}
pub(super) use table;

table! {
    /// Weights of the loss terms: cross_entropy · CE + lambda (mean E(x⁺) − mean E(x⁻)) + lambda_joint (mean E(x⁺, y) − mean E(x⁻, y)) + energy_l2 (mean E(x⁺)² + mean E(x⁻)²) + energy_l2_data mean E(x⁺)².
    RawObjective {
        /// λ, the weight of the contrastive (generative) term, p(x); with 0 it has no chains.
        #[schemars(range(min = 0, max = 1_000_000))]
        lambda: f64,
        /// α, the weight of the squared energies of data and samples; it acts only where a contrastive term has a weight.
        #[schemars(range(min = 0, max = 1_000_000))]
        energy_l2: f64,
        /// κ, which ties α to the weight of each contrastive term: α = κ · lambda for the energies E(x), α = κ · lambda_joint for E(x, y); in place of energy_l2, which must then be 0; 0 for none.
        #[schemars(range(min = 0, max = 1_000_000))]
        energy_l2_ratio: f64,
        /// β, the weight of mean E(x⁺)² on training images alone, without chains: it acts at lambda = 0 too. The images are those of the contrastive term: an independent batch where train.independent_px_batch asks for one, else the labelled batch. 0 for none.
        #[schemars(range(min = 0, max = 1_000_000))]
        energy_l2_data: f64,
        /// The weight of the cross-entropy, p(y|x); unset for 1, 0 for an energy model that no label trains.
        #[schemars(range(min = 0, max = 1_000_000))]
        cross_entropy: f64,
        /// The weight of the contrastive term of p(x, y), with class-conditional chains; 0 for none.
        #[schemars(range(min = 0, max = 1_000_000))]
        lambda_joint: f64,
    } with {
        /// Cross-entropy to the uniform distribution on the auxiliary batch (Hendrycks et al. 2019).
        outlier_exposure: RawOutlierExposure,
        /// Squared hinges on the energies of the labelled and the auxiliary batch (Liu et al. 2020).
        energy_margin: RawEnergyMargin,
    }
}

table! {
    /// Langevin dynamics: x ← x − step_size ∇E(x) + noise_std ξ.
    RawSampler {
        /// Langevin steps between two updates of the parameters. With 0 the negative samples are noise: each is a new start drawn by init, whatever replay_buffer.reinit is, and no chain runs.
        #[schemars(range(min = 0, max = 100_000))]
        steps: u64,
        /// What the energy's gradient is multiplied by. The unit is that of the scaled pixels: on data.range = "[-1, 1]" the same dynamics need 4 times the step_size of [0, 1].
        #[schemars(range(max = 1_000_000), extend("exclusiveMinimum" = 0))]
        step_size: f64,
        /// Standard deviation of the noise added in each step, in units of the scaled pixels: on data.range = "[-1, 1]" the same dynamics need twice the noise_std of [0, 1]; 0 where the kind has its own.
        #[schemars(range(min = 0, max = 1000))]
        noise_std: f64,
        /// Whether samples are clamped to the pixel range after each step.
        clamp: bool,
        /// What new chains start from.
        init: ChainInit,
        /// Where a step's noise comes from, and whether steps can be refused; unset for sgld.
        kind: SamplerKind,
        /// T of langevin and mala; unset for 1.
        #[schemars(range(max = 1_000_000), extend("exclusiveMinimum" = 0))]
        temperature: f64,
        /// Every value of the energy's gradient is clamped to ± this; 0 for no clamp.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        clip_gradient: f64,
        /// What the step size is multiplied by after each step of a chain; unset for 1.
        #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
        step_size_decay: f64,
        /// Whether each chain of the p(x) term has a class y, a slot of that class in the buffer, and descends E(x, y); unset for false.
        conditional: bool,
        /// What chains do at the ends of the pixel range: nothing, or they are reflected, which makes the model a density on that box; unset for none.
        boundary: Boundary,
    }
}

table! {
    /// Where chains start and end.
    RawReplayBuffer {
        /// Number of chains kept; at least train.batch_size.
        #[schemars(range(min = 1, max = 10_000_000))]
        size: u64,
        /// Probability, per sample, that a chain starts anew.
        #[schemars(range(min = 0, max = 1))]
        reinit: f64,
        /// Chains that the training run keeps for evaluations, drawn by seed from all of the buffer at the end; at most size; unset for 100. The samples of the buffer that evaluate.generation scores are these.
        #[schemars(range(min = 1, max = 10_000_000))]
        keep: u64,
    }
}

table! {
    /// Length of training, batches, learning-rate schedule.
    RawTrain {
        /// Length of training in passes over the training examples; write either this or steps.
        #[schemars(range(min = 1, max = 1_000_000))]
        epochs: u64,
        /// Length of training in updates of the parameters; write either this or epochs.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        steps: u64,
        /// Examples, and chains, per step.
        #[schemars(range(min = 1, max = 1_000_000))]
        batch_size: u64,
        /// Gradients are scaled down to this global norm; 0 for no clipping.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        clip_grad_norm: f64,
        /// Steps over which the learning rate rises linearly from 0; 0 for none.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        warmup_steps: u64,
        /// Fractions of training after which the learning rate is multiplied by decay_factor, rising.
        #[schemars(length(max = 64), inner(range(min = 0, max = 1)))]
        decay_at: Vec<f64>,
        /// What the learning rate is multiplied by at each fraction of decay_at.
        #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
        decay_factor: f64,
        /// Whether the batch of the contrastive term is drawn independently of the labelled batch (Grathwohl et al. 2020) or is the same batch.
        independent_px_batch: bool,
        /// Steps at the start with the cross-entropy alone: no chains, no auxiliary set; 0 for none.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        pretrain_steps: u64,
        /// How the learning rate changes after the warm-up; unset for step.
        schedule: Schedule,
        /// The share of every label that the cross-entropy spreads over all classes alike; 0 for none.
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        label_smoothing: f64,
        /// Decay of the running mean of the weights that is evaluated in their place; 0 for none. Without ema_warmup the weights after the first step keep the weight ema^(steps − 1) in that mean.
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        ema: f64,
        /// Whether the decay of that mean rises over the first steps: at step t, counted from 0, it is the smaller of ema and (1 + t)/(10 + t), as in TensorFlow's ExponentialMovingAverage; false where not written.
        ema_warmup: bool,
    }
}

table! {
    /// What ends a trial as diverged. NaN and infinity always do.
    RawDivergence {
        /// A gap |mean E(x⁻) − mean E(x⁺)| above this has run away.
        #[schemars(range(max = 1e300), extend("exclusiveMinimum" = 0))]
        max_energy_gap: f64,
        /// The values are looked at every so many steps.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        check_every: u64,
        /// Chains are saturated when more than this share of their values lies at an end of the pixel range; 0 not to look.
        #[schemars(range(min = 0, max = 1))]
        max_saturation: f64,
        /// The classifier has collapsed when its mean accuracy on the batches since the last look is below this; 0 not to look.
        #[schemars(range(min = 0, max = 1))]
        min_accuracy: f64,
        /// Accuracy is looked at from this step on; a network starts at chance.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        min_accuracy_from: u64,
        /// A point to go back to is kept every so many steps; 0 for none: a trial that diverges ends there.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        rollback_every: u64,
        /// Which point a diverged trial goes back to: 1 for the newest, 2 for the one before it. So many are kept.
        #[schemars(range(min = 1, max = 16))]
        rollback_to: u64,
        /// How often a trial may go back before it has diverged for good.
        #[schemars(range(min = 0, max = 1000))]
        max_restarts: u64,
        /// What sampler.step_size is multiplied by at every restart.
        #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
        restart_step_size: f64,
        /// What is added to sampler.steps at every restart.
        #[schemars(range(min = 0, max = 10_000))]
        restart_extra_steps: u64,
    }
}

table! {
    /// What is measured on the trained network. Changing it never trains again.
    RawEvaluate {
        /// Out-of-distribution sets: "rotated", "elastic", "interpolation", "letters", "uniform-noise", "gaussian-noise", the name of a dataset, files of your own, or { name = "cifar-10", resize = [28, 28], channels = 1 } for a dataset of another shape.
        #[schemars(length(max = 64))]
        ood: Vec<RawOod>,
        /// Out-of-distribution sets that hyper-parameters of scores may be tuned on; none of them in ood. Those that are made are made of the images that data.validation holds out; of the test images where it holds out none.
        #[schemars(length(max = 64))]
        validation_ood: Vec<RawOod>,
        /// Names of those sets of ood that are near to the training set: their mean AUROC is reported.
        #[schemars(length(max = 64))]
        near: Vec<String>,
        /// Names of those sets of ood that are far from the training set: their mean AUROC is reported.
        #[schemars(length(max = 64))]
        far: Vec<String>,
        /// Use only this many images of the test set and of each out-of-distribution set, drawn in proportion to their classes, the same for every trial; 0 for all of them.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        limit: u64,
        /// Numbers of equal-width bins for the expected calibration error; one value of it is reported for each.
        #[schemars(length(max = 16), inner(range(min = 1, max = 10_000)))]
        ece_bins: Vec<u64>,
        /// Buffer samples kept with the evaluation, the first of those that training keeps (replay_buffer.keep); the report's grid shows the first 10.
        #[schemars(range(min = 0, max = 100))]
        samples: u64,
    } with {
        /// Accuracy and calibration on corrupted test images.
        corruptions: RawCorruptions,
        /// Chains that go on for far longer than in training.
        chains: RawLongChains,
        /// Calibration before and after a temperature fitted on held-out training examples.
        calibration: RawCalibration,
        /// Risk–coverage curves of scores and of their combinations.
        selective: RawSelective,
        /// Descending the energy before an input is classified, as a defence, under attack.
        purification: RawPurification,
        /// Adversarial attacks.
        attacks: RawAttacks,
        /// Further out-of-distribution scores, and intervals of every AUROC. Run where any field of the table is written, with all scores unless kinds names some.
        scores: RawScores,
        /// Samples of the model, looked at and scored.
        generation: RawGeneration,
        /// Log-likelihood of test images by annealed importance sampling, beside simple densities.
        likelihood: RawLikelihood,
    }
}

table! {
    /// Temperature scaling (Guo et al. 2017) on the examples of data.validation, and calibration before and after it.
    RawCalibration {
        /// Numbers of bins of the calibration errors; the reliability diagram has the first. 15 where unset; an empty list: the part is not run.
        #[schemars(length(max = 16), inner(range(min = 1, max = 10_000)))]
        bins: Vec<u64>,
    }
}

table! {
    /// Selective classification: the error rate among the inputs that are answered, by energy, max softmax and combinations of both.
    RawSelective {
        /// Points of a risk–coverage curve at most; 0 not to run the part.
        #[schemars(range(min = 0, max = 1000))]
        points: u64,
    }
}

table! {
    /// Chains on E(x) from each start, by the sampler of the training at its first step size.
    RawLongChains {
        /// Chains from each start; 0 not to run them. From the buffer, at most the samples that training keeps (replay_buffer.keep).
        #[schemars(range(min = 0, max = 10_000))]
        n: u64,
        /// Steps of each chain; unset for 1000.
        #[schemars(range(min = 1, max = 10_000_000))]
        steps: u64,
        /// Steps between two looks at energy and displacement, a divisor of steps; unset for 10.
        #[schemars(range(min = 1, max = 100_000))]
        every: u64,
        /// States kept of each chain, evenly spaced from its start to its end; unset for 10.
        #[schemars(range(min = 2, max = 100))]
        states: u64,
        /// What they start from; unset for both.
        #[schemars(length(min = 1, max = 2))]
        from: Vec<ChainStart>,
    }
}

table! {
    /// Out-of-distribution scores beside the four from logits alone. Of several values the one with the highest mean AUROC on evaluate.validation_ood is used; without such sets the first.
    RawScores {
        /// The scores; unset for all, none not to run them.
        #[schemars(length(max = 11))]
        kinds: Vec<PostHoc>,
        /// Features are taken of at most this many of the images trained on, drawn in proportion to their classes; 0 for all of them, unset for 2000. Fewer make knn, mahalanobis and vim cheaper in proportion, and often worse; with thousands of features ash costs the most, whatever this is.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        limit_train: u64,
        /// Resamples of the 95 % intervals of every AUROC; 0 for no intervals, unset for 1000.
        #[schemars(range(min = 0, max = 100_000))]
        bootstrap: u64,
        /// T of energy_t; unset for 1, 10 and 100.
        #[schemars(length(min = 1, max = 16), inner(range(min = 0.001, max = 1_000_000)))]
        energy_temperature: Vec<f64>,
        /// T of odin; unset for 1000 and 1.
        #[schemars(length(min = 1, max = 16), inner(range(min = 0.001, max = 1_000_000)))]
        odin_temperature: Vec<f64>,
        /// ε of odin, in units of pixels in [0, 1]; unset for 0.0014, 0 and 0.005.
        #[schemars(length(min = 1, max = 16), inner(range(min = 0, max = 1)))]
        odin_epsilon: Vec<f64>,
        /// The number of the neighbour of knn; 0 for a thousandth of the training images that features are taken of, at least 1, as 50 of 50,000 in Sun et al. 2022. Unset for 50, 10 and 1 where evaluate.validation_ood names a set to choose by, else for 0.
        #[schemars(length(min = 1, max = 16), inner(range(min = 0, max = 1_000_000)))]
        knn_k: Vec<u64>,
        /// The percentile of training features that react clips at; unset for 90, 95 and 99.
        #[schemars(length(min = 1, max = 16), inner(range(min = 0, max = 100)))]
        react_percentile: Vec<f64>,
        /// The percentage of features that ash_s, ash_b and ash_p set to 0; unset for 90, 80 and 65.
        #[schemars(length(min = 1, max = 16), inner(range(min = 0, max = 99.9)))]
        ash_percentile: Vec<f64>,
        /// The dimensions of the principal space of vim, as a share of all; unset for 0.5, 0.25 and 0.1.
        #[schemars(length(min = 1, max = 16), inner(range(min = 0.001, max = 1)))]
        vim_share: Vec<f64>,
    }
}

table! {
    /// Test images made worse, at severities 1 to 5.
    RawCorruptions {
        /// Kinds of corruption; all where unset; an empty list: the part is not run.
        #[schemars(length(max = 10))]
        kinds: Vec<Corruption>,
        /// The highest severity; all from 1 on are looked at.
        #[schemars(range(min = 1, max = 5))]
        severities: u64,
        /// Use only this many of the test images, drawn in proportion to their classes, the same for every trial; 0 for all of them.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        limit: u64,
    }
}

table! {
    /// What one trial is given. How many trials run at once is not written here.
    RawResources {
        /// The class of device.
        device: Device,
        /// Intra-op threads on the CPU.
        #[schemars(range(min = 1, max = 1024))]
        threads: u64,
        /// Seconds that one attempt at a trial may take; 0 for no limit. It changes no number.
        #[schemars(range(min = 0, max = 31_536_000))]
        timeout: u64,
        /// A crash checkpoint is written every so many steps; 0 to go by checkpoint_seconds alone. It changes no number.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        checkpoint_steps: u64,
        /// A crash checkpoint is written when the last is so many seconds old; 0 to go by checkpoint_steps alone. It changes no number.
        #[schemars(range(min = 0, max = 86_400))]
        checkpoint_seconds: u64,
        /// Crash checkpoints kept of a trial in training.
        #[schemars(range(min = 1, max = 100))]
        checkpoints_kept: u64,
    }
}
