//! 95 % intervals of means over seeds, which stay inside a metric's range.

use jem_core::interval::{all_of, wilson};
use jem_core::metric::Range;

use crate::significance::t_quantile;

/// The fewest seeds whose spread makes an interval: of two, the t interval is
/// nine times as wide as they are apart, whatever they are.
pub const FEWEST: usize = 3;

/// A 95 % interval of a mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end, above the lower.
    pub high: f64,
    /// How it was made.
    pub method: Method,
}

/// How an interval was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Student's t over seeds.
    T,
    /// The same on the logarithm of the distance from the one bound of the range.
    LogT,
    /// The same on the logit between the two bounds of the range.
    LogitT,
    /// Wilson's, of the inputs of one seed, where all seeds have the same share.
    Wilson,
    /// Clopper and Pearson's, of as many pairs as the smaller set has inputs,
    /// where all seeds have every pair in order, or none.
    ClopperPearson,
}

/// What one seed's share was counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sample {
    /// So many inputs.
    Inputs(u64),
    /// The pairs of two sets, of which the smaller has so many inputs.
    Pairs(u64),
}

impl Method {
    /// As tables say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::T => "t",
            Self::LogT => "log t",
            Self::LogitT => "logit t",
            Self::Wilson => "Wilson",
            Self::ClopperPearson => "Clopper-Pearson",
        }
    }
}

impl Interval {
    /// The t interval of `mean` over `n` seeds with the standard deviation `sd`.
    /// Where `range` has bounds it is made on a scale without them, the logit
    /// between two and the logarithm of the distance from one, by the delta
    /// method: logit p ± t₀.₉₇₅(n − 1) sd / (√n p (1 − p)), taken back. That is
    /// the interval of the mean in the regression of Papke and Wooldridge (1996)
    /// and takes values at a bound as they are. None where the spread says
    /// nothing: below [`FEWEST`] seeds, and where all have the same value.
    pub(super) fn over_seeds(n: usize, mean: f64, sd: f64, range: Range) -> Option<Self> {
        if n < FEWEST {
            return None;
        }
        let half = half_width(n, sd)?;
        let (low, high, method) = match range.ends() {
            (Some(low), Some(high)) => {
                let share = (mean - low) / (high - low);
                let middle = (share / (1.0 - share)).ln();
                let half = half / ((high - low) * share * (1.0 - share));
                let back = |logit: f64| low + (high - low) / (1.0 + (-logit).exp());
                (back(middle - half), back(middle + half), Method::LogitT)
            }
            (Some(bound), None) => {
                let (far, factor) = (mean - bound, (half / (mean - bound)).exp());
                (bound + far / factor, bound + far * factor, Method::LogT)
            }
            (None, _) => (mean - half, mean + half, Method::T),
        };
        // What a rounding put beyond a bound has no place on such a scale.
        let inside = |end: f64| end.is_finite() && range.nearest(end) == end;
        (inside(low) && inside(high) && low < high).then_some(Self { low, high, method })
    }

    /// The interval of a `share` that all seeds agree on, from what each counted
    /// it from. All see the same inputs, so that no more are counted than one
    /// saw. None of pairs of which some are in order and some are not: how these
    /// hang together is not known.
    pub(super) fn where_all_agree(share: f64, sample: Sample) -> Option<Self> {
        match sample {
            Sample::Inputs(n) if n > 0 => {
                let (low, high) = wilson((share * n as f64).round() as u64, n);
                Some(Self { low, high, method: Method::Wilson })
            }
            Sample::Pairs(n) if n > 0 => {
                let (bound, method) = (all_of(n), Method::ClopperPearson);
                match share {
                    0.0 => Some(Self { low: 0.0, high: 1.0 - bound, method }),
                    1.0 => Some(Self { low: bound, high: 1.0, method }),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Half its width.
    pub fn half(&self) -> f64 {
        self.high / 2.0 - self.low / 2.0
    }

    /// Whether some number lies in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

/// Half the width of the t interval of a mean over `n` values with the standard
/// deviation `sd`: t₀.₉₇₅(n − 1) sd / √n.
pub(super) fn half_width(n: usize, sd: f64) -> Option<f64> {
    let freedom = n.checked_sub(1).filter(|freedom| *freedom > 0)?;
    Some(t_quantile(0.975, freedom)? * sd / (n as f64).sqrt())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::Statistics;
    use super::*;

    fn close(value: f64, expected: f64) -> bool {
        // Both series are iterated to convergence, and agree to 1e-10.
        (value - expected).abs() <= 1e-9 * expected.abs()
    }

    /// The interval of `values` of a metric with this range.
    fn of(values: &[f64], range: Range) -> Option<Interval> {
        let plain = Statistics::of(values.iter().map(|value| (0, *value)).collect()).unwrap();
        Interval::over_seeds(values.len(), plain.mean, plain.sd?, range)
    }

    /// statsmodels 0.15.0, with the link of each family and its mean alone:
    /// `GLM(x, ones, family).fit(cov_type="cluster", cov_kwds={"groups":
    /// arange(n)}, use_t=True).conf_int()`, taken back through the link. Binomial
    /// for shares, also for (x + 1) / 2 of signed ones; Poisson for one bound.
    #[test]
    fn intervals_inside_bounds_are_those_of_statsmodels() {
        for (values, range, low, high) in [
            (&[0.94, 0.95, 0.9525, 0.961][..], Range::UNIT, 0.9351444406627334, 0.9629413502266593),
            (&[0.1, 0.27, 0.44], Range::UNIT, 0.04159832369248891, 0.7591384629448364),
            (&[1.0, 1.0, 0.999, 1.0, 0.997], Range::UNIT, 0.9939691220895062, 0.999894361652447),
            (&[0.0, 0.0, 0.02], Range::UNIT, 8.82299455832123e-05, 0.33795590988863394),
            (&[-0.05, -0.02, -0.11], Range::SIGNED, -0.1725764, 0.05412369),
            (&[0.12848, 0.11816, 0.12383], Range::NON_NEGATIVE, 0.11129588, 0.13702017),
        ] {
            let found = of(values, range).unwrap();
            // What has 8 digits was printed with them.
            let agree = |found: f64, expected: f64| (found - expected).abs() < 6e-9;
            assert!(agree(found.low, low) && agree(found.high, high), "{values:?}: {found:?}");
        }
    }

    #[test]
    fn what_has_no_bounds_has_the_plain_interval() {
        // scipy 1.17.1: `t.interval(.95, 3, loc=mean(x), scale=sem(x))`
        let found = of(&[0.94, 0.95, 0.9525, 0.961], Range::Any).unwrap();
        assert!(close(found.low, 0.9371195070420084) && close(found.high, 0.9646304929579914));
        assert_eq!((found.method, close(found.half(), 0.0137554929579915)), (Method::T, true));
    }

    /// Two seeds, .6 and .4: a plain interval would be .5 ± 1.27.
    #[test]
    fn no_interval_leaves_the_range_or_has_no_width() {
        for values in [
            &[0.6, 0.4, 0.99][..],
            &[0.0, 1.0, 0.0],
            &[1.0, 1.0, 1.0 - 1e-9],
            &[1e-300, 0.0, 0.0],
            &[0.5, 0.5, 0.5 + 1e-12],
        ] {
            if let Some(found) = of(values, Range::UNIT) {
                assert!(0.0 <= found.low && found.high <= 1.0 && found.low < found.high);
            }
        }
        assert_eq!(of(&[0.6, 0.4], Range::UNIT), None);
        assert_eq!(of(&[0.5, 0.5, 0.5], Range::UNIT), None);
        assert_eq!(of(&[1.0, 1.0, 1.0], Range::UNIT), None);
        assert_eq!(of(&[2.0, 2.0, 2.0], Range::Any), None);
        assert_eq!(of(&[-1e-9, -2e-9, 0.0], Range::NON_NEGATIVE), None);
    }

    /// 0 of 500 images for every seed is not 0 ± 0.
    #[test]
    fn a_share_that_all_seeds_agree_on_has_the_interval_of_its_inputs() {
        let of = |share, sample| Interval::where_all_agree(share, sample);
        // scipy 1.17.1: binomtest(0, 500).proportion_ci(method="wilson").high
        let none = of(0.0, Sample::Inputs(500)).unwrap();
        assert!(none.low == 0.0 && close(none.high, 0.007624340461552241), "{none:?}");
        // binomtest(2000, 2000).proportion_ci(method="exact").low
        let all = of(1.0, Sample::Pairs(2000)).unwrap();
        assert!(all.high == 1.0 && close(all.low, 0.9981572602063068), "{all:?}");
        assert_eq!(of(0.0, Sample::Pairs(2000)).unwrap().low, 0.0);
        assert_eq!(of(0.75, Sample::Pairs(2000)), None);
        assert_eq!(of(0.0, Sample::Inputs(0)), None);
    }
}
