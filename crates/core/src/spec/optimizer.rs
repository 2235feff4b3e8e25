//! The optimisers, and how the learning rate changes.

use serde::{Deserialize, Serialize};

use super::constraint::Violation;
use super::resolved::{Length, Train, Training};

/// `[optimizer.adam]`, `[optimizer.adamw]` or `[optimizer.sgd]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimizer {
    /// Kingma and Ba 2015, with bias correction.
    Adam(Adam),
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    #[serde(rename = "adamw")]
    AdamW(AdamW),
    /// Gradient descent with momentum.
    Sgd(Sgd),
}

impl Optimizer {
    /// The learning rate before any schedule.
    pub fn lr(&self) -> f64 {
        match self {
            Self::Adam(adam) => adam.lr,
            Self::AdamW(adamw) => adamw.lr,
            Self::Sgd(sgd) => sgd.lr,
        }
    }
}

/// `[optimizer.adam]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adam {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
}

/// `[optimizer.adamw]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamW {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Every step takes this share, times the learning rate, off every
    /// parameter.
    pub weight_decay: f64,
}

/// `[optimizer.sgd]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sgd {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the sum of gradients that is descended along; 0 for none.
    pub momentum: f64,
    /// Whether the step looks ahead along that sum (Nesterov).
    pub nesterov: bool,
    /// This share of every parameter is added to its gradient.
    pub weight_decay: f64,
}

/// How the learning rate changes after the warm-up.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// By `decay_factor` at the fractions of `decay_at`.
    #[default]
    Step,
    /// Along half a cosine, to 0 after the last step (Loshchilov and Hutter 2017).
    Cosine,
}

impl Schedule {
    /// Whether it is that of a spec that names none.
    pub fn is_step(&self) -> bool {
        *self == Self::Step
    }
}

impl Train {
    /// The share that the weights after the first of `steps` steps still have
    /// in the running mean of the weights after the last; none where no such
    /// mean is taken, or its decay has a warm-up: the share is then
    /// 10!/((s + 1) … (s + 9)) at most, below 1 % from step s = 5 on.
    pub fn ema_start_share(&self, steps: u64) -> Option<f64> {
        let ema = self.ema.filter(|_| !self.ema_warmup)?;
        Some(ema.powf(steps.saturating_sub(1) as f64))
    }

    /// The decay of the running mean of the weights at step `step` (from 0);
    /// none where no such mean is taken.
    pub fn ema_decay(&self, step: u64) -> Option<f64> {
        let rising = (1.0 + step as f64) / (10.0 + step as f64);
        self.ema.map(|ema| if self.ema_warmup { ema.min(rising) } else { ema })
    }
}

impl Training {
    /// Updates of the parameters in a training on a set of `images`: an epoch
    /// is as many whole batches as the images that are used make.
    pub fn updates(&self, images: u64) -> u64 {
        let left = images.saturating_sub(self.data.validation);
        let used = self.data.limit.map_or(left, |limit| left.min(limit));
        match self.train.length {
            Length::Steps(steps) => steps,
            Length::Epochs(epochs) => epochs * (used / self.train.batch_size.max(1)).max(1),
        }
    }
}

/// What does not go together in optimiser and schedule.
pub(super) fn check_optimizer(training: &Training, found: &mut Vec<Violation>) {
    if let Optimizer::Sgd(sgd) = &training.optimizer
        && sgd.nesterov
        && sgd.momentum == 0.0
    {
        found.push(Violation::new(
            "nesterov looks ahead along a momentum of 0".to_owned(),
            &["optimizer.sgd.nesterov", "optimizer.sgd.momentum"],
            "write optimizer.sgd.nesterov = false, or a momentum above 0",
        ));
    }
    let train = &training.train;
    if train.ema_warmup && train.ema.is_none() {
        found.push(Violation::new(
            "a warm-up of the mean of the weights, and no such mean".to_owned(),
            &["train.ema_warmup", "train.ema"],
            "write train.ema, such as 0.999, or leave ema_warmup out",
        ));
    }
    if !train.schedule.is_step() && !train.decay_at.is_empty() {
        found.push(Violation::new(
            format!("decay_at = {:?} beside a cosine schedule", train.decay_at),
            &["train.decay_at", "train.schedule"],
            "the cosine alone lowers the learning rate; write train.decay_at = []",
        ));
    }
}
