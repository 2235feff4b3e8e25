//! Mean, spread and histogram of one quantity, such as the energies of a set.

use super::error::{MetricError, check_finite};

/// Mean and spread of `n` values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many values there are.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their *sample* standard deviation, with `n - 1` in the denominator;
    /// `None` for a single value.
    pub sd: Option<f64>,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

/// The summary of `values` `[n]`.
///
/// # Errors
/// [`MetricError::Empty`] without values, [`MetricError::NotFinite`] for NaN or
/// an infinity, of which there is no mean.
pub fn summary<S: Copy + Into<f64>>(values: &[S]) -> Result<Summary, MetricError> {
    check_finite("values", values)?;
    let n = values.len();
    let mean = values.iter().map(|&v| v.into()).sum::<f64>() / n as f64;
    let squares: f64 = values.iter().map(|&v| (v.into() - mean).powi(2)).sum();
    let (min, max) = range(values);
    Ok(Summary { n, mean, sd: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()), min, max })
}

/// Histograms of several sets over the same bins.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedHistogram {
    /// The `bins + 1` edges, rising, over the range of all sets together.
    pub edges: Vec<f64>,
    /// Per set, how many values fall into each bin: `[sets][bins]`.
    pub counts: Vec<Vec<u64>>,
}

/// Counts every set over `bins` equal-width bins that span all sets together.
///
/// Bin `i` is `[edge_i, edge_{i+1})`, the last with its upper edge. If all values
/// are equal, the bins span 0.5 to either side. A set may be empty, all may not.
///
/// # Errors
/// [`MetricError::NoBins`] for 0 bins, [`MetricError::Empty`] without a single
/// value, [`MetricError::NotFinite`] for NaN or an infinity, its place counted
/// within its set.
pub fn shared_histogram<S: Copy + Into<f64>>(
    sets: &[&[S]],
    bins: usize,
) -> Result<SharedHistogram, MetricError> {
    if bins == 0 {
        return Err(MetricError::NoBins);
    }
    if sets.iter().all(|set| set.is_empty()) {
        return Err(MetricError::Empty { what: "values" });
    }
    let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
    for set in sets.iter().filter(|set| !set.is_empty()) {
        check_finite("values", set)?;
        let (min, max) = range(set);
        (lo, hi) = (lo.min(min), hi.max(max));
    }
    let edges = equal_width_edges(lo, hi, bins);
    let inner = &edges[1..bins];
    let count = |set: &&[S]| {
        let mut counts = vec![0; bins];
        for &value in *set {
            let value = value.into();
            counts[inner.partition_point(|edge| *edge <= value)] += 1;
        }
        counts
    };
    Ok(SharedHistogram { counts: sets.iter().map(count).collect(), edges })
}

/// `bins + 1` edges from `lo` to `hi`. Halved on the way, which is exact, so
/// that the width of the widest range does not overflow.
fn equal_width_edges(lo: f64, hi: f64, bins: usize) -> Vec<f64> {
    let (lo, hi) = if lo == hi { (lo - 0.5, hi + 0.5) } else { (lo, hi) };
    let width = hi / 2.0 - lo / 2.0;
    let edge = |i: usize| 2.0 * (lo / 2.0 + width * (i as f64 / bins as f64));
    (0..bins).map(edge).chain([hi]).collect()
}

/// The smallest and the largest of `values`.
fn range<S: Copy + Into<f64>>(values: &[S]) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    values.iter().fold(start, |(lo, hi), &value| {
        let value = value.into();
        (lo.min(value), hi.max(value))
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_that_of_a_sample() {
        let s = summary(&[1.0f32, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!((s.n, s.mean, s.min, s.max), (4, 2.5, 1.0, 4.0));
        assert_eq!(s.sd, Some((5.0f64 / 3.0).sqrt()));
        assert_eq!(summary(&[7.0]).unwrap().sd, None);
    }

    #[test]
    fn bins_are_shared_and_the_last_holds_its_upper_edge() {
        let h = shared_histogram(&[&[0.0, 1.0, 2.0], &[4.0, 3.9], &[]], 4).unwrap();
        assert_eq!(h.edges, [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(h.counts[0], [1, 1, 1, 0]);
        assert_eq!(h.counts[1], [0, 0, 0, 2]);
        assert_eq!(h.counts[2], [0, 0, 0, 0]);
    }

    #[test]
    fn equal_values_get_bins_of_some_width() {
        let h = shared_histogram(&[&[3.0, 3.0]], 2).unwrap();
        assert_eq!(h.edges, [2.5, 3.0, 3.5]);
        assert_eq!(h.counts, [[0, 2]]);
    }

    #[test]
    fn the_widest_range_of_all_is_still_counted() {
        let h = shared_histogram(&[&[f64::MIN, 0.0, f64::MAX]], 2).unwrap();
        assert_eq!(h.edges, [f64::MIN, 0.0, f64::MAX]);
        assert_eq!(h.counts, [[1, 2]]);
    }

    #[test]
    fn nothing_infinite_values_and_no_bins_are_errors() {
        let none: [f64; 0] = [];
        let empty = MetricError::Empty { what: "values" };
        assert_eq!(summary(&none), Err(empty.clone()));
        assert_eq!(shared_histogram(&[&none], 4), Err(empty));
        assert_eq!(shared_histogram(&[&[1.0]], 0), Err(MetricError::NoBins));
        let infinite = MetricError::NotFinite { what: "values", index: 1, value: f64::INFINITY };
        assert_eq!(summary(&[0.0, f64::INFINITY]), Err(infinite.clone()));
        assert_eq!(shared_histogram(&[&[0.0], &[0.0, f64::INFINITY]], 4), Err(infinite));
    }
}
