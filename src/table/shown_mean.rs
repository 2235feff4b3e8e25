//! A mean with its interval, as people read it.

use std::fmt;

use super::{Interval, Method, Statistics};

/// A mean over seeds, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShownMean {
    /// The mean.
    pub mean: f64,
    /// Its 95 % interval, where there is one.
    pub interval: Option<Interval>,
    /// The lowest and the highest value, where there are too few seeds for an
    /// interval and more than one.
    pub seeds: Option<(f64, f64)>,
    /// The number of seeds with a value, where it is not all that finished.
    pub n: Option<usize>,
}

impl ShownMean {
    /// The mean of a cell of which so many trials `finished`.
    pub(super) fn of(statistics: &Statistics, finished: usize) -> Self {
        let n = statistics.values.len();
        Self {
            mean: statistics.mean,
            interval: statistics.interval,
            seeds: statistics.range_of_few(),
            n: Some(n).filter(|n| *n < finished),
        }
    }
}

/// `mean ± half` to so many digits after the point where that says where
/// the interval ends, else `mean [low, high]`.
pub fn with_interval(mean: f64, interval: &Interval, digits: usize) -> String {
    let shown = |value: f64| format!("{value:.digits$}");
    let half = interval.half();
    let ends = [mean - half, mean + half].map(shown);
    match interval.method == Method::T || ends == [shown(interval.low), shown(interval.high)] {
        true => format!("{} ± {}", shown(mean), shown(half)),
        false => format!("{} [{}, {}]", shown(mean), shown(interval.low), shown(interval.high)),
    }
}

/// `0.94–0.96, 2 seeds`.
pub fn range_of_two((low, high): (f64, f64), digits: usize) -> String {
    let between = if low < 0.0 { " to " } else { "–" };
    format!("{low:.digits$}{between}{high:.digits$}, 2 seeds")
}

impl fmt::Display for ShownMean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mean = self.mean;
        let digits = digits(mean);
        match (&self.interval, self.seeds) {
            (Some(interval), _) => {
                // Some digit of a narrow interval is always seen.
                let needed = (-interval.half().log10()).ceil().clamp(0.0, 15.0) as usize;
                f.write_str(&with_interval(mean, interval, digits.max(needed)))?;
            }
            (None, Some(ends)) => {
                return write!(f, "{mean:.digits$} ({})", range_of_two(ends, digits));
            }
            (None, None) => write!(f, "{mean:.digits$}")?,
        }
        self.n.map_or(Ok(()), |n| write!(f, " (n = {n})"))
    }
}

/// Digits after the point: four, of large values one.
fn digits(mean: f64) -> usize {
    if mean.abs() < 1000.0 { 4 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mean: f64, ends: Option<(f64, f64, Method)>, seeds: Option<(f64, f64)>) -> String {
        let interval = ends.map(|(low, high, method)| Interval { low, high, method });
        ShownMean { mean, interval, seeds, n: None }.to_string()
    }

    #[test]
    fn an_interval_is_shown_by_half_its_width_only_where_that_says_its_ends() {
        let of = |low, high, method| Some((low, high, method));
        let logit = Method::LogitT;
        assert_eq!(shown(0.9607, of(0.9561, 0.9653, logit), None), "0.9607 ± 0.0046");
        assert_eq!(shown(0.27, of(0.05, 0.61, logit), None), "0.2700 [0.0500, 0.6100]");
        assert_eq!(shown(-12.5, of(-14.05, -10.95, Method::T), None), "-12.5000 ± 1.5500");
        assert_eq!(shown(0.0, of(0.0, 0.0076, Method::Wilson), None), "0.0000 [0.0000, 0.0076]");
        // No interval is ever shown as ± 0.
        assert_eq!(shown(0.5, of(0.499998, 0.500002, logit), None), "0.500000 ± 0.000002");
        assert_eq!(shown(0.5, None, None), "0.5000");
    }

    #[test]
    fn of_two_seeds_the_range_is_shown() {
        assert_eq!(shown(0.95, None, Some((0.94, 0.96))), "0.9500 (0.9400–0.9600, 2 seeds)");
        assert_eq!(shown(-2.0, None, Some((-2.5, -1.5))), "-2.0000 (-2.5000 to -1.5000, 2 seeds)");
    }
}
