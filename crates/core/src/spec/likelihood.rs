//! `[evaluate.likelihood]`: log-likelihood of test images.

use serde::{Deserialize, Serialize};

use super::raw::RawLikelihood;
use super::resolve::unless_zero;

/// `[evaluate.likelihood]`: Z of exp(−E) on the box of the pixel range by
/// annealed importance sampling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Likelihood {
    /// Chains of the annealing.
    pub chains: u64,
    /// Densities between the base distribution and the model.
    pub temperatures: u64,
    /// Transitions of each chain at each of them.
    pub steps: u64,
    /// How they are spaced.
    pub schedule: AnnealingSchedule,
    /// Step size of the transitions, in units of the base distribution's
    /// standard deviations; unset where a pilot run finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_size: Option<f64>,
    /// Transitions of chains from the replay buffer before the annealing is
    /// run backwards from them; unset where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverse: Option<u64>,
}

/// How β goes from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnnealingSchedule {
    /// In even steps.
    Linear,
    /// By a logistic function from −4 to 4, in smaller steps towards both ends
    /// (Grosse et al. 2015).
    Sigmoid,
}

impl Likelihood {
    /// What `raw` means; none where no chain is asked for.
    pub(super) fn of(raw: &RawLikelihood) -> Option<Self> {
        Some(Self {
            chains: unless_zero(raw.chains.unwrap_or(64))?,
            temperatures: raw.temperatures.unwrap_or(1000),
            steps: raw.steps.unwrap_or(1),
            schedule: raw.schedule.unwrap_or(AnnealingSchedule::Sigmoid),
            step_size: raw.step_size.and_then(unless_zero),
            reverse: unless_zero(raw.reverse.unwrap_or(1000)),
        })
    }

    /// As one would write it.
    pub(super) fn spelled_out(&self) -> RawLikelihood {
        RawLikelihood {
            chains: Some(self.chains),
            temperatures: Some(self.temperatures),
            steps: Some(self.steps),
            schedule: Some(self.schedule),
            step_size: Some(self.step_size.unwrap_or_default()),
            reverse: Some(self.reverse.unwrap_or_default()),
        }
    }
}
