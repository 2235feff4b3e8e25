//! `[evaluate.purification]` as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tables::table;
use crate::spec::purification::{PurifiedAttack, PurifierKind};

table! {
    /// Purifiers, and the attacks that accuracy behind them is measured under.
    RawPurification {
        /// What is tried: "none", "transfer", "bpda", "full_gradient", "square", "joint"; all where unset; an empty list: the part is not run.
        #[schemars(length(max = 6))]
        attacks: Vec<PurifiedAttack>,
        /// The purifiers; unset for both.
        #[schemars(length(min = 1, max = 2))]
        purifiers: Vec<PurifierKind>,
        /// Use only this many of the test images, drawn in proportion to their classes, the same for every trial; 0 for all, unset for 100.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        limit: u64,
        /// Radius of the L∞ ball, in units of the pixel range's width; unset for 0.3.
        #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
        epsilon: f64,
        /// Steps of each gradient attack; unset for 20.
        #[schemars(range(min = 1, max = 100_000))]
        attack_steps: u64,
        /// Size of the attack's steps, in the units of epsilon; 0 for 2.5 epsilon / attack_steps.
        #[schemars(range(min = 0, max = 1))]
        attack_step_size: f64,
        /// Chains that each of the attacker's looks at the defence is averaged over; unset for 4.
        #[schemars(range(min = 1, max = 10_000))]
        eot: u64,
        /// Queries of the black-box attack for each input; unset for 200.
        #[schemars(range(min = 1, max = 10_000_000))]
        queries: u64,
        /// Chains of the final check, of which the attacker saw none; unset for 32.
        #[schemars(range(min = 1, max = 100_000))]
        replicates: u64,
        /// The most inputs × purification steps that the full gradient may keep a graph of; unset for 4000.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        max_unrolled: u64,
        /// Accuracy is also looked at after each of so many equal parts of a purifier's steps; 0 not to, unset for 5.
        #[schemars(range(min = 0, max = 100))]
        points: u64,
    } with {
        /// The seed chapter's purifier: descent without noise.
        seed: RawDescent,
        /// Langevin chains whose logits are averaged (Hill et al. 2021).
        stochastic: RawLangevinPurifier,
    }
}

table! {
    /// Descent on E(x) without noise.
    RawDescent {
        /// Steps; unset for 50.
        #[schemars(range(min = 1, max = 1_000_000))]
        steps: u64,
        /// What the gradient is multiplied by; unset for 0.01.
        #[schemars(range(max = 1_000_000), extend("exclusiveMinimum" = 0))]
        step_size: f64,
        /// Whether the state is clamped to the pixel range after each step; unset for true.
        clamp: bool,
    }
}

table! {
    /// Langevin chains on E(x).
    RawLangevinPurifier {
        /// Steps; unset for 100 (Hill et al. have 1500).
        #[schemars(range(min = 1, max = 1_000_000))]
        steps: u64,
        /// What the gradient is multiplied by; unset for 1.
        #[schemars(range(max = 1_000_000), extend("exclusiveMinimum" = 0))]
        step_size: f64,
        /// Standard deviation of each step's noise; unset for 0.01.
        #[schemars(range(max = 1_000_000), extend("exclusiveMinimum" = 0))]
        noise_std: f64,
        /// Chains whose logits are averaged; unset for 8.
        #[schemars(range(min = 1, max = 100_000))]
        chains: u64,
        /// Whether the state is clamped to the pixel range after each step; unset for false.
        clamp: bool,
    }
}
