//! `[evaluate.attacks]` as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tables::table;
use crate::spec::attacks::{ApgdLoss, AttackLoss, AttackNorm};

table! {
    /// Adversarial attacks on the test images: PGD, Auto-PGD, one gradient step, random noise and Square, by norm and size, and whether gradients are masked.
    RawAttacks {
        /// Norms that perturbations are bounded in; both where unset; an empty list: the part is not run.
        #[schemars(length(max = 2))]
        norms: Vec<AttackNorm>,
        /// Sizes in L∞, rising, where pixels go from 0 to 1, whatever `data.range` is; the last should make every image any other.
        #[schemars(inner(range(min = 0.000_001, max = 1)))]
        linf: Vec<f64>,
        /// Sizes in L2, rising, where pixels go from 0 to 1, whatever `data.range` is.
        #[schemars(inner(range(min = 0.000_001, max = 10_000)))]
        l2: Vec<f64>,
        /// Steps of projected gradient descent.
        #[schemars(range(min = 1, max = 100_000))]
        steps: u64,
        /// The length of a step as a share of the size; 0 for 2.5 / steps.
        #[schemars(range(min = 0, max = 10))]
        step_size: f64,
        /// Random starts of PGD, the best of which counts.
        #[schemars(range(min = 1, max = 1000))]
        restarts: u64,
        /// What gradients climb: the cross-entropy, the margin of the logits, or the margin over their spread (DLR).
        loss: AttackLoss,
        /// Steps of Auto-PGD from each start; 0: it is not run.
        #[schemars(range(min = 0, max = 100_000))]
        apgd_steps: u64,
        /// Random starts of Auto-PGD, from the second on only of images not fooled yet.
        #[schemars(range(min = 1, max = 1000))]
        apgd_restarts: u64,
        /// What Auto-PGD climbs, each loss in an attack of its own: the cross-entropy, and the margin over the spread of the logits (DLR), which needs three classes.
        #[schemars(length(min = 1, max = 2))]
        apgd_losses: Vec<ApgdLoss>,
        /// Queries of the Square attack an image; 0: it is not run.
        #[schemars(range(min = 0, max = 1_000_000))]
        queries: u64,
        /// Use only this many of the test images, drawn in proportion to their classes, the same for every trial; 0 for all.
        #[schemars(range(min = 0, max = 1_000_000))]
        limit: u64,
    }
}
