//! Metrics of `[evaluate.purification]`.

use super::Direction::{self, HigherIsBetter, LowerIsBetter};
use super::{MetricInfo, Range, Unit, metric};

/// In the order in which tables show them.
pub(super) const PURIFIED: [MetricInfo; 9] = [
    metric(
        "purified/accuracy/<purifier>/<attack>",
        "accuracy behind a purifier",
        Unit::Fraction,
        HigherIsBetter,
        "Accuracy under attack in the final check, by chains that the attacker never saw; \
         `worst`: the share that is right under every attack.",
    ),
    metric(
        "purified/after/<purifier>/<attack>/<steps>",
        "accuracy after steps of purification",
        Unit::Fraction,
        HigherIsBetter,
        "Accuracy in the final check where purification is so many steps long.",
    ),
    metric(
        "purified/unbroken/<purifier>/<attack>",
        "inputs never broken behind a purifier",
        Unit::Fraction,
        HigherIsBetter,
        "Share of inputs with no confirmed break at any step of the attack (Hill et al. 2021).",
    ),
    metric(
        "purified/detected/<purifier>/<attack>",
        "detected behind a purifier",
        Unit::Fraction,
        Direction::None,
        "Share of attacked inputs whose energy is above that of 95 % of clean inputs.",
    ),
    metric(
        "purified/accepted_right/<purifier>/<attack>",
        "accepted and right",
        Unit::Fraction,
        HigherIsBetter,
        "Share of attacked inputs that the detector accepts and the defence classifies rightly.",
    ),
    metric(
        "purified/accepted_wrong/<purifier>/<attack>",
        "accepted and wrong",
        Unit::Fraction,
        LowerIsBetter,
        "Share of attacked inputs that the detector accepts and the defence classifies wrongly.",
    ),
    metric(
        "purified/masking_signs/<purifier>",
        "signs of gradient masking behind a purifier",
        Unit::Dimensionless,
        LowerIsBetter,
        "How many of the signs that gradients mislead attacks are there; see docs/protocol-evaluation.md.",
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "purified/threshold",
        "detector's threshold",
        Unit::Nat,
        Direction::None,
        "The least energy that at least 95 % of clean inputs do not exceed.",
    ),
    metric(
        "purified/n",
        "inputs attacked behind a purifier",
        Unit::Dimensionless,
        Direction::None,
        "How many test inputs purifiers and attacks were tried on.",
    )
    .within(Range::NON_NEGATIVE),
];
