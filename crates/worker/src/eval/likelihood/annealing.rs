//! Annealed importance sampling (Neal 2001; Salakhutdinov and Murray 2008):
//! an unbiased estimate of Z = ∫ exp(−E(x)) dx over a box, by chains that go
//! along densities between one whose normaliser is known and exp(−E).

use jem_core::random::At;
use jem_core::spec::AnnealingSchedule;
use tch::Tensor;

use super::TruncatedNormals;
use super::transition::{Ends, State, Streams};
use crate::jem::EnergyOf;

/// Chains of the pilot that finds the step sizes.
const PILOT_CHAINS: usize = 16;
/// Transitions of the pilot on the base, before it goes along the path.
const PILOT_WARM_UP: u32 = 100;
/// The share of acceptance that is optimal for this transition in many
/// dimensions (Roberts and Rosenthal 1998).
const ACCEPTANCE: f64 = 0.574;
/// How fast the pilot moves the logarithm of the step size.
const RATE: f64 = 0.2;

/// The densities p₀^(1−β) exp(−βE) between a base p₀ and an energy E, and the
/// step size of the transitions at each.
pub struct Annealing<'a> {
    ends: Ends<'a>,
    /// β rising from 0 to 1, all intermediate ones between.
    betas: Vec<f64>,
    /// Transitions at each.
    steps: u32,
    /// α at each β.
    step_sizes: Vec<f64>,
    seed: u64,
    name: String,
}

/// What chains along the path found.
#[derive(Clone, Debug, PartialEq)]
pub struct Annealed {
    /// ln w of each chain. Forward, exp of it has the mean Z; in reverse, from
    /// exact samples of exp(−E)/Z, it has the mean 1/Z.
    pub log_weights: Vec<f64>,
    /// Mean probability of acceptance at each intermediate β, rising.
    pub acceptance: Vec<f64>,
}

/// β from 0 to 1 with `between` values between.
pub fn betas(schedule: AnnealingSchedule, between: usize) -> Vec<f64> {
    let last = between + 1;
    let even = (0..=last).map(|k| k as f64 / last as f64);
    match schedule {
        AnnealingSchedule::Linear => even.collect(),
        AnnealingSchedule::Sigmoid => {
            // Grosse et al. 2015, section 5: a logistic function from −4 to 4,
            // brought to 0 and 1.
            let logistic = |t: f64| 1.0 / (1.0 + (-4.0 * (2.0 * t - 1.0)).exp());
            let (first, end) = (logistic(0.0), logistic(1.0));
            even.map(|t| ((logistic(t) - first) / (end - first)).clamp(0.0, 1.0)).collect()
        }
    }
}

impl<'a> Annealing<'a> {
    /// The path from `base` to `energy`, with `steps` transitions at each of
    /// `betas`. The energy takes `[n, d]` in double precision. Step sizes are
    /// `step_size` throughout, or found by a pilot run of chains of its own,
    /// which no estimate uses: adapting them within the run would bias it.
    /// All numbers come from streams of `seed` whose names begin with `name`.
    pub fn new(
        (base, energy): (&'a TruncatedNormals, EnergyOf<'a>),
        betas: Vec<f64>,
        (steps, step_size): (u32, Option<f64>),
        (seed, name): (u64, &str),
    ) -> Self {
        let ends = Ends { base, energy };
        let fixed = vec![step_size.unwrap_or(1.0); betas.len()];
        let mut path = Self { ends, betas, steps, step_sizes: fixed, seed, name: name.to_owned() };
        if step_size.is_none() {
            path.step_sizes = path.pilot();
        }
        path
    }

    /// Step sizes that follow the wanted acceptance along the path.
    fn pilot(&self) -> Vec<f64> {
        let streams = self.streams("pilot");
        let mut state = self.start(PILOT_CHAINS, "pilot");
        let mut alpha = 1.0f64;
        let found = self.betas.iter().enumerate().map(|(k, &beta)| {
            let transitions = if k == 0 { PILOT_WARM_UP } else { self.steps };
            for part in 0..transitions {
                let at = At { step: k as u64, part };
                let accepted = self.advance(&mut state, (beta, alpha), &streams, at);
                alpha *= (RATE * (accepted - ACCEPTANCE)).exp();
            }
            alpha
        });
        found.collect()
    }

    /// α at each β, from 0 to 1.
    pub fn step_sizes(&self) -> &[f64] {
        &self.step_sizes
    }

    /// `n` chains from the base to the energy.
    pub fn forward(&self, n: usize) -> Annealed {
        let state = self.start(n, "forward");
        self.along(state, (0..self.betas.len()).collect(), "forward")
    }

    /// Chains from `samples` `[n, d]` of exp(−E)/Z back to the base (Grosse et
    /// al. 2015, "Sandwiching the marginal likelihood using bidirectional
    /// Monte Carlo").
    pub fn reverse(&self, samples: &Tensor) -> Annealed {
        let state = self.ends.state(samples.copy());
        self.along(state, (0..self.betas.len()).rev().collect(), "reverse")
    }

    /// `x` `[n, d]` after `transitions` of exp(−E).
    pub fn settle(&self, x: &Tensor, transitions: u64) -> Tensor {
        let streams = self.streams("settle");
        let alpha = self.step_sizes.last().copied().unwrap_or(1.0);
        let mut state = self.ends.state(x.copy());
        for step in 0..transitions {
            self.advance(&mut state, (1.0, alpha), &streams, At::step(step));
        }
        state.x
    }

    fn streams(&self, what: &str) -> Streams {
        Streams::new(self.seed, &format!("{} {what}", self.name))
    }

    fn start(&self, n: usize, what: &str) -> State {
        let name = format!("{} {what} start", self.name);
        let stream = jem_core::random::Stream::new(self.seed, &name);
        self.ends.state(self.ends.base.draw(n, &stream))
    }

    /// One transition in place; returns the mean probability of acceptance.
    fn advance(&self, state: &mut State, at: (f64, f64), streams: &Streams, place: At) -> f64 {
        let (next, accepted) = self.ends.step(state, at, streams, place);
        *state = next;
        accepted
    }

    /// Chains through the β at `places`, in this order: at each the weight
    /// takes the step to the next, and where that is no end of the path, the
    /// chains take transitions that leave its density as it is.
    fn along(&self, mut state: State, places: Vec<usize>, what: &str) -> Annealed {
        let streams = self.streams(what);
        let ends = [0, self.betas.len() - 1];
        let mut log_weights = vec![0.0; state.x.size()[0] as usize];
        let mut acceptance = Vec::new();
        for pair in places.windows(2) {
            let (beta, width) = (self.betas[pair[1]], self.betas[pair[1]] - self.betas[pair[0]]);
            let slopes = state.slope();
            log_weights.iter_mut().zip(slopes).for_each(|(weight, slope)| *weight += width * slope);
            if ends.contains(&pair[1]) {
                continue;
            }
            let alpha = self.step_sizes[pair[1]];
            let accepted: f64 = (0..self.steps)
                .map(|part| {
                    let at = At { step: pair[1] as u64, part };
                    self.advance(&mut state, (beta, alpha), &streams, at)
                })
                .sum();
            acceptance.push(accepted / f64::from(self.steps.max(1)));
        }
        if places.first() > places.last() {
            acceptance.reverse();
        }
        Annealed { log_weights, acceptance }
    }
}
