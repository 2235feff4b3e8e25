//! Scores of one input from its logits, higher = more out-of-distribution.

use std::fmt;
use std::str::FromStr;

use super::error::MetricError;
use super::logits::{Logits, Softmax, others};

/// A score computed from the logits of one input alone, oriented so that higher
/// means more out-of-distribution, less certain, more likely wrong.
///
/// Keep scores in `f64`: where the softmax saturates, [`Score::MaxSoftmax`] and
/// [`Score::Entropy`] get far below what an `f32` holds, and rounding them to 0
/// would tie inputs that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Score {
    /// `E(x) = -logsumexp_y f(x)_y`, in nats (Grathwohl et al. 2020, eq. 6; as
    /// an OOD score Liu et al. 2020).
    Energy,
    /// `1 - max_y p(y|x)`, in `[0, 1 - 1/k]` (Hendrycks and Gimpel 2017).
    MaxSoftmax,
    /// `-max_y f(x)_y`, in nats (Hendrycks et al. 2022).
    MaxLogit,
    /// `-Σ_y p(y|x) log p(y|x)`, in nats, in `[0, ln k]`.
    Entropy,
}

impl Score {
    /// Every score, in the order in which tables show them.
    pub const ALL: [Self; 4] = [Self::Energy, Self::MaxSoftmax, Self::MaxLogit, Self::Entropy];

    /// The name in specs and metric paths. It never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::MaxSoftmax => "max_softmax",
            Self::MaxLogit => "max_logit",
            Self::Entropy => "entropy",
        }
    }

    /// The score of one row `[k]`, `k ≥ 1`, of finite logits.
    ///
    /// The sums run over the classes other than the predicted one, so that a
    /// saturated softmax gives the tiny true value and not 0 (down to gaps of
    /// about 700 nats, where `exp` itself leaves the range of `f64`).
    pub fn of_row(self, row: &[f64]) -> f64 {
        let Softmax { argmax, max, rest } = Softmax::of(row);
        match self {
            Self::Energy => -(max + rest.ln_1p()),
            Self::MaxSoftmax => rest / (1.0 + rest),
            Self::MaxLogit => -max,
            Self::Entropy => {
                // H = logsumexp - Σ p_j z_j, with max taken off every z_j.
                let mean_gap: f64 = others(row, argmax).map(|z| (max - z) * (z - max).exp()).sum();
                rest.ln_1p() + mean_gap / (1.0 + rest)
            }
        }
    }

    /// The score of every row of `logits` `[n, k]`: `[n]`.
    pub fn of(self, logits: &Logits) -> Vec<f64> {
        logits.rows().map(|row| self.of_row(row)).collect()
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Score {
    type Err = MetricError;

    fn from_str(name: &str) -> Result<Self, MetricError> {
        Self::ALL
            .into_iter()
            .find(|score| score.name() == name)
            .ok_or_else(|| MetricError::UnknownScore { name: name.into() })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        let scale = expected.abs().max(f64::MIN_POSITIVE);
        assert!((found - expected).abs() <= 1e-14 * scale, "{found} is not {expected}");
    }

    #[test]
    fn equal_logits_give_the_uniform_softmax() {
        let row = [2.0; 4];
        close(Score::Energy.of_row(&row), -(2.0 + 4.0f64.ln()));
        close(Score::MaxSoftmax.of_row(&row), 0.75);
        close(Score::MaxLogit.of_row(&row), -2.0);
        close(Score::Entropy.of_row(&row), 4.0f64.ln());
    }

    #[test]
    fn saturated_rows_keep_their_order() {
        // 1 - p rounds both of these to 0.
        let sure = [80.0, -80.0];
        let less_sure = [80.0, -40.0];
        close(Score::MaxSoftmax.of_row(&sure), (-160.0f64).exp());
        close(Score::MaxSoftmax.of_row(&less_sure), (-120.0f64).exp());
        close(Score::Entropy.of_row(&sure), 161.0 * (-160.0f64).exp());
        assert!(Score::Entropy.of_row(&sure) < Score::Entropy.of_row(&less_sure));
    }

    #[test]
    fn huge_logits_do_not_overflow() {
        let row = [1e4, 1e4, -1e4];
        close(Score::Energy.of_row(&row), -(1e4 + 2.0f64.ln()));
        close(Score::MaxSoftmax.of_row(&row), 0.5);
        close(Score::Entropy.of_row(&row), 2.0f64.ln());
    }

    #[test]
    fn one_class_leaves_no_doubt() {
        let logits = Logits::new(&[3.0f32], 1).unwrap();
        let scores = Score::ALL.map(|score| score.of(&logits)[0]);
        assert_eq!(scores, [-3.0, 0.0, -3.0, 0.0]);
    }

    #[test]
    fn names_are_stable_and_read_back() {
        let names = Score::ALL.map(Score::name);
        assert_eq!(names, ["energy", "max_softmax", "max_logit", "entropy"]);
        for score in Score::ALL {
            assert_eq!(score.name().parse::<Score>().unwrap(), score);
        }
        let message = "msp".parse::<Score>().unwrap_err().to_string();
        assert_eq!(
            message,
            "unknown score `msp`; accepted are `energy`, `max_softmax`, `max_logit`, `entropy`"
        );
    }
}
