//! `[evaluate.likelihood]` as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tables::table;
use crate::spec::likelihood::AnnealingSchedule;

table! {
    /// Log-likelihood of test images under exp(−E(x))/Z on the box of the pixel range, Z by annealed importance sampling (Neal 2001), beside densities from the images alone. The settings of those are chosen on the images of data.validation.
    RawLikelihood {
        /// Chains of the annealing; 0: the part is not run. Unset for 64.
        #[schemars(range(min = 0, max = 100_000))]
        chains: u64,
        /// Densities between the base distribution and the model; unset for 1000.
        #[schemars(range(min = 1, max = 10_000_000))]
        temperatures: u64,
        /// Transitions of each chain at each of these densities; unset for 1.
        #[schemars(range(min = 1, max = 100_000))]
        steps: u64,
        /// How these densities are spaced: evenly, or more closely towards both ends (Grosse et al. 2015); unset for sigmoid.
        schedule: AnnealingSchedule,
        /// Step size of the transitions, in units in which the base distribution's standard deviations are 1; unset or 0: found by a pilot run that no estimate uses.
        #[schemars(range(min = 0, max = 1_000_000))]
        step_size: f64,
        /// Transitions of chains from the replay buffer at the model, from whose ends the annealing is also run backwards; 0 not to run it. Unset for 1000.
        #[schemars(range(min = 0, max = 100_000_000))]
        reverse: u64,
    }
}
