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

impl LongChains {
    /// Steps done at each state that is kept: at the looks nearest below even
    /// places, the first at the start and the last at the end.
    pub fn kept(&self) -> Vec<u64> {
        let (looks, last) = (self.steps / self.every.max(1), self.states.max(2) - 1);
        (0..self.states).map(|state| state * looks / last * self.every).collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_kept_at_looks_from_the_start_to_the_end() {
        let kept = |steps, every, states| {
            LongChains { n: 1, steps, every, states, from: Vec::new() }.kept()
        };
        assert_eq!(kept(400, 20, 8), [0, 40, 100, 160, 220, 280, 340, 400]);
        assert_eq!(kept(10, 5, 5), [0, 0, 5, 5, 10]);
        assert_eq!(kept(10, 5, 1), [0]);
    }
}
