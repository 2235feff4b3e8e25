//! A metric of one cell on both sides: the differences of its pairs.

use jem_core::metric::{Direction, describe};
use serde::Serialize;

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
    /// Half the width of the 95 % t interval of that mean, over the seeds;
    /// none for a single pair.
    pub half_width: Option<f64>,
    /// What may be said of it.
    pub verdict: Verdict,
}

/// What may be said of a difference, one interval at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No seed has a value on both sides.
    NoPair,
    /// Every pair has the same value, to the bit.
    Equal,
    /// It differs in the only pair; that has no interval.
    OnePair,
    /// The interval includes 0.
    Includes,
    /// The interval excludes 0, and the metric has no direction.
    Excludes,
    /// The interval excludes 0, and B is better.
    Better,
    /// The interval excludes 0, and B is worse.
    Worse,
}

impl Verdict {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoPair => "no pair",
            Self::Equal => "equal",
            Self::OnePair => "no interval",
            Self::Includes => "includes 0",
            Self::Excludes => "excludes 0",
            Self::Better => "better",
            Self::Worse => "worse",
        }
    }

    /// Whether there is an interval that excludes 0.
    pub fn excludes(self) -> bool {
        matches!(self, Self::Excludes | Self::Better | Self::Worse)
    }

    /// Whether there is an interval; that of equal values is none.
    pub fn has_interval(self) -> bool {
        self.excludes() || self == Self::Includes
    }
}

impl Difference {
    /// The difference of `metric` over `pairs`, each a seed with the values of
    /// both sides. The interval is that of the mean of the paired differences,
    /// with n − 1 degrees of freedom.
    pub fn of(metric: &str, pairs: Vec<(u64, f64, f64)>) -> Self {
        let of = |value: fn(&(u64, f64, f64)) -> f64| {
            Statistics::of(pairs.iter().map(|pair| (pair.0, value(pair))).collect())
        };
        let difference = of(|(_, a, b)| b - a);
        let mean = difference.as_ref().map(|found| found.mean);
        let half_width = difference.and_then(|found| found.half_width);
        let equal = pairs.iter().all(|(_, a, b)| a.to_bits() == b.to_bits());
        let verdict = match (mean, half_width) {
            (None, _) => Verdict::NoPair,
            _ if equal => Verdict::Equal,
            (_, None) => Verdict::OnePair,
            (Some(mean), Some(half)) if mean.abs() > half => verdict(metric, mean),
            _ => Verdict::Includes,
        };
        let (mean_a, mean_b) = (of(|(_, a, _)| *a), of(|(_, _, b)| *b));
        Self {
            metric: metric.to_owned(),
            mean_a: mean_a.map(|found| found.mean),
            mean_b: mean_b.map(|found| found.mean),
            mean,
            half_width,
            verdict,
            pairs,
        }
    }
}

/// What a difference whose interval excludes 0 means.
fn verdict(metric: &str, mean: f64) -> Verdict {
    match describe(metric).map_or(Direction::None, |info| info.direction) {
        Direction::None => Verdict::Excludes,
        Direction::HigherIsBetter if mean > 0.0 => Verdict::Better,
        Direction::LowerIsBetter if mean < 0.0 => Verdict::Better,
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
        assert_eq!(found.verdict, Verdict::Includes);
        // By hand: differences 1, 2, 3 have mean 2, sd 1, t₂ = 0.95 √(2 / 0.0975).
        let found = of("clf/accuracy", &[0.0; 3], &[1.0, 2.0, 3.0]);
        let half = 0.95 * (2.0f64 / 0.0975).sqrt() / 3f64.sqrt();
        assert!((found.half_width.unwrap() - half).abs() < 1e-9);
        assert_eq!(found.verdict, Verdict::Includes);
    }

    #[test]
    fn better_and_worse_follow_the_metric() {
        let (low, high) = ([0.1, 0.11, 0.1], [0.9, 0.91, 0.92]);
        for (metric, up, down) in [
            ("clf/accuracy", Verdict::Better, Verdict::Worse),
            ("clf/nll", Verdict::Worse, Verdict::Better),
            ("energy/mean/test", Verdict::Excludes, Verdict::Excludes),
            ("no/such/metric", Verdict::Excludes, Verdict::Excludes),
        ] {
            assert_eq!(of(metric, &low, &high).verdict, up, "{metric}");
            assert_eq!(of(metric, &high, &low).verdict, down, "{metric}");
        }
    }

    #[test]
    fn one_pair_has_no_interval_and_equal_pairs_are_said_to_be_equal() {
        let one = of("clf/accuracy", &[0.5], &[0.75]);
        assert_eq!((one.mean, one.half_width, one.verdict), (Some(0.25), None, Verdict::OnePair));
        assert_eq!(of("clf/accuracy", &[0.5, 0.25], &[0.5, 0.25]).verdict, Verdict::Equal);
        assert_eq!(of("clf/accuracy", &[0.5], &[0.5]).verdict, Verdict::Equal);
        let none = of("clf/accuracy", &[], &[]);
        assert_eq!((none.mean, none.mean_a, none.verdict), (None, None, Verdict::NoPair));
        // The same step in every pair has no spread at all.
        let step = of("clf/accuracy", &[0.5, 0.25], &[0.75, 0.5]);
        assert_eq!((step.half_width, step.verdict), (Some(0.0), Verdict::Better));
    }
}
