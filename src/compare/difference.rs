//! A metric of one cell on both sides: the differences of its pairs.

use jem_core::metric::{Direction, describe};
use serde::Serialize;

use crate::significance::{Outcome, Paired, Test};
use crate::table::Statistics;

/// A metric over the pairs of a cell that have a value on both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The metric's path.
    pub metric: String,
    /// Seed, value on side A, value on side B.
    pub pairs: Vec<(u64, f64, f64)>,
    /// Mean on side A.
    pub mean_a: Option<f64>,
    /// Mean on side B.
    pub mean_b: Option<f64>,
    /// Mean of B − A.
    pub mean: Option<f64>,
    /// Half the width of the 95 % t interval of that mean, over the seeds and
    /// not corrected; none for a single pair.
    pub half_width: Option<f64>,
    /// The p-value by itself; none where nothing was tested.
    pub p: Option<f64>,
    /// The p-value corrected over the comparison's family.
    pub corrected_p: Option<f64>,
    /// The mean difference that would have been claimed, given this spread.
    pub detectable: Option<f64>,
    /// What may be said of it.
    pub verdict: Verdict,
}

/// What may be said of a difference, by the corrected test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No seed has a value on both sides.
    NoPair,
    /// Every pair has the same value, to the bit.
    Equal,
    /// It differs, in fewer pairs than a test needs.
    NoTest,
    /// The same difference in every pair, which has no t test.
    Constant,
    /// Tested, and no direction may be claimed.
    Unclear,
    /// It differs, and the metric has no direction.
    Differs,
    /// B is better.
    Better,
    /// B is worse.
    Worse,
}

impl Verdict {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoPair => "no pair",
            Self::Equal => "equal",
            Self::NoTest => "no test",
            Self::Constant => "no test: same difference in every pair",
            Self::Unclear => "no clear difference",
            Self::Differs => "differs",
            Self::Better => "better",
            Self::Worse => "worse",
        }
    }

    /// Whether a direction is claimed.
    pub fn is_claimed(self) -> bool {
        matches!(self, Self::Differs | Self::Better | Self::Worse)
    }
}

impl Difference {
    /// The difference of `metric` over `pairs`, each a seed with the values of
    /// both sides, before it is tested.
    pub fn of(metric: &str, pairs: Vec<(u64, f64, f64)>) -> Self {
        let mean = |value: fn(&(u64, f64, f64)) -> f64| {
            Statistics::of(pairs.iter().map(|pair| (pair.0, value(pair))).collect())
                .map(|found| found.mean)
        };
        let equal = pairs.iter().all(|(_, a, b)| a.to_bits() == b.to_bits());
        let mut found = Self {
            metric: metric.to_owned(),
            mean_a: mean(|(_, a, _)| *a),
            mean_b: mean(|(_, _, b)| *b),
            mean: None,
            half_width: None,
            p: None,
            corrected_p: None,
            detectable: None,
            verdict: match (pairs.is_empty(), equal) {
                (true, _) => Verdict::NoPair,
                (_, true) => Verdict::Equal,
                _ => Verdict::NoTest,
            },
            pairs,
        };
        let paired = found.paired();
        (found.mean, found.half_width) = (paired.mean(), paired.half_width());
        found
    }

    /// B − A by seed.
    pub fn paired(&self) -> Paired {
        Paired::from_differences(self.pairs.iter().map(|(seed, a, b)| (*seed, b - a)).collect())
    }

    /// Takes over what the family of this comparison says of it.
    pub(super) fn decide(&mut self, test: &Test) {
        (self.p, self.corrected_p, self.detectable) = (test.p, test.corrected, test.detectable);
        if self.verdict == Verdict::NoTest {
            self.verdict = verdict(&self.metric, test.outcome);
        }
    }
}

/// What the outcome of a test means for `metric`.
pub(super) fn verdict(metric: &str, outcome: Outcome) -> Verdict {
    let direction = describe(metric).map_or(Direction::None, |info| info.direction);
    match (outcome, direction) {
        (Outcome::NoTest, _) => Verdict::NoTest,
        (Outcome::Constant, _) => Verdict::Constant,
        // Differences of 0 between numbers that differ in a bit, as 0 and −0.
        (Outcome::Equal | Outcome::Unclear, _) => Verdict::Unclear,
        (_, Direction::None) => Verdict::Differs,
        (Outcome::Higher, Direction::HigherIsBetter)
        | (Outcome::Lower, Direction::LowerIsBetter) => Verdict::Better,
        _ => Verdict::Worse,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn of(metric: &str, a: &[f64], b: &[f64]) -> Difference {
        let pairs = a.iter().zip(b).enumerate().map(|(seed, (a, b))| (seed as u64, *a, *b));
        Difference::of(metric, pairs.collect())
    }

    /// scipy 1.17.1:
    /// ```python
    /// a = np.array([.94, .95, .9525, .961]); b = np.array([.951, .957, .9515, .97])
    /// r = scipy.stats.ttest_rel(b, a); r.confidence_interval(.95)
    /// ```
    #[test]
    fn the_interval_is_that_of_scipys_paired_t_test() {
        let (a, b) = ([0.94, 0.95, 0.9525, 0.961], [0.951, 0.957, 0.9515, 0.97]);
        let found = of("clf/accuracy", &a, &b);
        let (mean, half) = (found.mean.unwrap(), found.half_width.unwrap());
        assert!((mean - 0.006500000000000006).abs() < 1e-12, "{mean}");
        assert!((mean - half + 0.0018696926085487956).abs() < 1e-10, "{}", mean - half);
        assert!((mean + half - 0.014869692608548807).abs() < 1e-10, "{}", mean + half);
        // By hand: differences 1, 2, 3 have mean 2, sd 1, t₂ = 0.95 √(2 / 0.0975).
        let found = of("clf/accuracy", &[0.0; 3], &[1.0, 2.0, 3.0]);
        let half = 0.95 * (2.0f64 / 0.0975).sqrt() / 3f64.sqrt();
        assert!((found.half_width.unwrap() - half).abs() < 1e-9);
    }

    #[test]
    fn better_and_worse_follow_the_metric() {
        for (metric, up, down) in [
            ("clf/accuracy", Verdict::Better, Verdict::Worse),
            ("clf/nll", Verdict::Worse, Verdict::Better),
            ("energy/mean/test", Verdict::Differs, Verdict::Differs),
            ("no/such/metric", Verdict::Differs, Verdict::Differs),
        ] {
            assert_eq!(verdict(metric, Outcome::Higher), up, "{metric}");
            assert_eq!(verdict(metric, Outcome::Lower), down, "{metric}");
            assert_eq!(verdict(metric, Outcome::Unclear), Verdict::Unclear, "{metric}");
        }
    }

    #[test]
    fn one_pair_has_no_interval_and_equal_pairs_are_said_to_be_equal() {
        let one = of("clf/accuracy", &[0.5], &[0.75]);
        assert_eq!((one.mean, one.half_width, one.verdict), (Some(0.25), None, Verdict::NoTest));
        assert_eq!(of("clf/accuracy", &[0.5, 0.25], &[0.5, 0.25]).verdict, Verdict::Equal);
        assert_eq!(of("clf/accuracy", &[0.5], &[0.5]).verdict, Verdict::Equal);
        let none = of("clf/accuracy", &[], &[]);
        assert_eq!((none.mean, none.mean_a, none.verdict), (None, None, Verdict::NoPair));
        // The same step in every pair has no spread at all, and no t test.
        let mut step = of("clf/accuracy", &[0.5, 0.25, 0.125], &[0.75, 0.5, 0.375]);
        let family = crate::significance::Family::of(vec![step.paired()]);
        step.decide(&family.tests[0]);
        assert_eq!((step.half_width, step.verdict), (Some(0.0), Verdict::Constant));
    }
}
