//! `[evaluate.chains]`: chains that go on for far longer than in training.

use serde::{Deserialize, Serialize};

use super::constraint::Violation;

/// `[evaluate.chains]`: n chains on E(x) from each start, by the sampler of
/// the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongChains {
    /// Chains from each start.
    pub n: u64,
    /// Steps of each chain.
    pub steps: u64,
    /// Steps between two looks; a divisor of `steps`.
    pub every: u64,
    /// States kept of each chain, evenly spaced from its start to its end.
    pub states: u64,
    /// What they start from, each once.
    pub from: Vec<ChainStart>,
}

/// What long chains start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChainStart {
    /// The samples that training kept of its buffer; no more than those.
    Buffer,
    /// Uniform noise over the pixel range.
    Uniform,
}

impl ChainStart {
    /// Its name in metric paths and arrays.
    pub fn name(self) -> &'static str {
        match self {
            Self::Buffer => "buffer",
            Self::Uniform => "uniform",
        }
    }
}

/// Looks divide the chain, and starts differ.
pub(super) fn check_chains(asked: &LongChains, found: &mut Vec<Violation>) {
    let LongChains { steps, every, from, .. } = asked;
    if !steps.is_multiple_of(*every) {
        found.push(Violation::new(
            format!("chains of {steps} steps cannot be looked at every {every}"),
            &["evaluate.chains.every", "evaluate.chains.steps"],
            "the number of steps between two looks must divide the number of steps",
        ));
    }
    if (1..from.len()).any(|index| from[..index].contains(&from[index])) {
        found.push(Violation::new(
            "a start is listed twice".to_owned(),
            &["evaluate.chains.from"],
            "list each start once",
        ));
    }
}
