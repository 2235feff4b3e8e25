//! Metrics of `[evaluate.likelihood]`.

use super::Direction::{self, HigherIsBetter, LowerIsBetter};
use super::{MetricInfo, Range, Unit, metric};

/// In the order in which tables show them.
pub(super) const LIKELIHOOD: [MetricInfo; 7] = [
    metric(
        "likelihood/nats/<density>",
        "log-likelihood",
        Unit::Nat,
        HigherIsBetter,
        "Mean log-density of the dequantised test images, in nats per image over scaled pixels.",
    ),
    metric(
        "likelihood/bits_per_dim/<density>",
        "bits per dimension",
        Unit::Dimensionless,
        LowerIsBetter,
        "Negative log-density per pixel in bits, a pixel's levels one apart.",
    ),
    metric(
        "likelihood/log_z/<density>",
        "log Z",
        Unit::Nat,
        Direction::None,
        "Logarithm of the normaliser by annealed importance sampling; below the true one on average.",
    ),
    metric(
        "likelihood/log_z_se/<density>",
        "standard error of log Z",
        Unit::Nat,
        LowerIsBetter,
        "Standard error of log Z by the delta method on the weights.",
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "likelihood/log_z_gap/<density>",
        "gap of log Z",
        Unit::Nat,
        LowerIsBetter,
        "Estimate of log Z from chains run backwards less the one from chains run forwards.",
    ),
    metric(
        "likelihood/ess/<density>",
        "ESS of the weights",
        Unit::Dimensionless,
        HigherIsBetter,
        "Effective number of the weights of annealed importance sampling, of as many as chains.",
    )
    .within(Range::From(1)),
    metric(
        "likelihood/acceptance/<density>",
        "acceptance of the annealing",
        Unit::Fraction,
        Direction::None,
        "Mean probability of acceptance over the densities of the annealing.",
    ),
];
