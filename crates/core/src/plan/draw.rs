//! Points drawn from a box, by `random` and `sobol`.

use super::generate::round_to;
use crate::random::Stream;

/// How the points of a block are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Independent and uniform.
    Random,
    /// An Owen-scrambled Sobol sequence (Burley 2020).
    Sobol,
}

impl Method {
    /// The key of its table.
    pub fn key(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Sobol => "sobol",
        }
    }

    /// The most points it can draw.
    pub fn most(self) -> u64 {
        match self {
            Self::Random => super::generate::MAX_VALUES,
            Self::Sobol => 1 << 16,
        }
    }
}

/// A side of the box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Side {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Whether equal factors rather than equal steps are equally likely.
    pub log: bool,
    /// Whether the values are whole numbers; then both ends are.
    pub whole: bool,
}

/// Drawn values are rounded to this many significant digits.
const DRAWN: usize = 6;

impl Side {
    /// The value at `part` ∈ [0, 1) of the side.
    fn at(&self, part: f64) -> f64 {
        if self.whole {
            return self.whole_at(part);
        }
        round_to(self.between(self.low, self.high, part), DRAWN).clamp(self.low, self.high)
    }

    /// The whole number at `part` of the side, whose ends are whole. Each number
    /// stands for the interval of length 1 around it, the ends as well as the
    /// others: all are equally likely, or, on a logarithmic side, k as likely as
    /// the factor (k + 1/2) / (k − 1/2) is large, nearly in proportion to 1/k.
    fn whole_at(&self, part: f64) -> f64 {
        let value = self.between(self.low - 0.5, self.high + 0.5, part);
        // At the lower end of an interval, to which it belongs, rather than at the
        // even neighbour.
        (value + 0.5).floor().clamp(self.low, self.high)
    }

    /// Between `low` and `high`, in steps or in factors.
    fn between(&self, low: f64, high: f64, part: f64) -> f64 {
        if self.log {
            let (low, high) = (low.ln(), high.ln());
            (low + (high - low) * part).exp()
        } else {
            low + (high - low) * part
        }
    }
}

/// The first `n` values on `side`, which is the `dimension`-th of the box and
/// that of the field `path`. A larger `n` keeps the earlier values; with
/// [`Method::Random`] so does another side.
pub fn draw(method: Method, side: Side, n: u64, seed: u32, dimension: u32, path: &str) -> Vec<f64> {
    match method {
        Method::Random => {
            let stream = Stream::new(u64::from(seed), &format!("sweep {path}"));
            (0..n).map(|index| side.at(stream.uniform_f64(index))).collect()
        }
        Method::Sobol => (0..n.min(Method::Sobol.most()) as u32)
            .map(|index| side.at(f64::from(sobol_burley::sample(index, dimension, seed))))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Side = Side { low: 0.0, high: 1.0, log: false, whole: false };

    #[test]
    fn more_points_keep_the_earlier_ones() {
        for method in [Method::Random, Method::Sobol] {
            let few = draw(method, UNIT, 5, 1, 0, "sampler.step_size");
            let many = draw(method, UNIT, 50, 1, 0, "sampler.step_size");
            assert_eq!(few, many[..5]);
            assert_ne!(few, draw(method, UNIT, 5, 2, 0, "sampler.step_size"));
        }
    }

    #[test]
    fn sobol_points_fill_every_stratum_once_in_every_dimension() {
        for dimension in 0..8 {
            let points = draw(Method::Sobol, UNIT, 64, 3, dimension, "");
            let mut strata: Vec<u64> = points.iter().map(|x| (x * 64.0) as u64).collect();
            strata.sort_unstable();
            assert_eq!(strata, (0..64).collect::<Vec<_>>(), "dimension {dimension}");
        }
    }

    #[test]
    fn logarithmic_sides_spread_over_the_decades() {
        let side = Side { low: 1e-3, high: 1.0, log: true, whole: false };
        let points = draw(Method::Random, side, 3000, 0, 0, "x");
        for decade in [1e-3, 1e-2, 1e-1] {
            let inside = |x: &&f64| (decade..decade * 10.0).contains(*x);
            let count = points.iter().filter(inside).count();
            // Expected 1,000; five standard deviations of a binomial.
            assert!((870..=1130).contains(&count), "{count} points in the decade of {decade}");
        }
    }

    #[test]
    fn whole_numbers_are_whole_and_inside() {
        let side = Side { low: 5.0, high: 60.0, log: false, whole: true };
        let points = draw(Method::Random, side, 1000, 0, 0, "sampler.steps");
        assert!(points.iter().all(|x| x.fract() == 0.0 && (5.0..=60.0).contains(x)));
    }

    #[test]
    fn whole_numbers_are_equally_likely_up_to_the_ends() {
        let side = Side { low: 1.0, high: 4.0, log: false, whole: true };
        let count = |points: &[f64]| {
            [1.0, 2.0, 3.0, 4.0].map(|k| points.iter().filter(|x| **x == k).count())
        };
        let sobol = draw(Method::Sobol, side, 4096, 0, 0, "sampler.steps");
        assert_eq!(count(&sobol), [1024; 4]);
        let random = draw(Method::Random, side, 4096, 0, 0, "sampler.steps");
        // Expected 1,024; five standard deviations of a binomial.
        assert!(count(&random).iter().all(|n| (885..=1163).contains(n)), "{:?}", count(&random));
        // The shares of ln(1.5/.5), ln(2.5/1.5), ln(3.5/2.5) and ln(4.5/3.5) in
        // ln 9: .5, .2325, .1531 and .1144.
        let log = draw(Method::Sobol, Side { log: true, ..side }, 4096, 0, 0, "sampler.steps");
        for (found, expected) in count(&log).into_iter().zip([2048, 952, 627, 469]) {
            // An interval between two points of the sequence holds one more or less.
            assert!(found.abs_diff(expected) <= 2, "{:?}", count(&log));
        }
    }

    // A drawn value is part of a cell's id, so the sequences may never change.
    #[test]
    fn the_first_points_are_pinned() {
        let side = Side { low: 1e-3, high: 1.0, log: true, whole: false };
        let random = draw(Method::Random, side, 3, 1, 0, "sampler.step_size");
        let sobol = draw(Method::Sobol, UNIT, 4, 1, 1, "sampler.step_size");
        assert_eq!(random, [0.0785468, 0.00112584, 0.00679123]);
        assert_eq!(sobol, [0.749335, 0.0804976, 0.363577, 0.87717]);
    }
}
