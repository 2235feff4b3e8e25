//! Metrics of the images that training holds out.

use super::Direction::{HigherIsBetter, LowerIsBetter};
use super::{MetricInfo, Range, Unit, metric};

/// In the order in which tables show them.
pub(super) const HELD_OUT: [MetricInfo; 3] = [
    metric(
        "validation/accuracy",
        "validation accuracy",
        Unit::Fraction,
        HigherIsBetter,
        "Accuracy on the images of data.validation, by which settings are chosen.",
    ),
    metric(
        "validation/nll",
        "validation NLL",
        Unit::Nat,
        LowerIsBetter,
        "NLL on the images of data.validation, by which settings are chosen.",
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "validation/ece/bins=<m>",
        "validation ECE",
        Unit::Fraction,
        LowerIsBetter,
        "ECE on the images of data.validation, by which settings are chosen.",
    ),
];
