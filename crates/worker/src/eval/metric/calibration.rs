//! Whether a confidence of 80 % is right 80 % of the time.
//!
//! Confidences are *probabilities* of the predicted class; a logit passed by
//! mistake is refused. The source of ECE and MCE is Guo et al. 2017, section 2.

use super::error::{MetricError, check_len};

/// The predictions whose confidence falls into one bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// The lower edge: exclusive for equal-width bins except that 0 belongs to
    /// the first; the lowest confidence for equal-mass bins.
    pub lo: f64,
    /// The upper edge, inclusive; the highest confidence for equal-mass bins.
    pub hi: f64,
    /// How many predictions fall into it.
    pub count: usize,
    /// Their mean confidence; `None` for an empty bin.
    pub confidence: Option<f64>,
    /// The share of them that is right; `None` for an empty bin.
    pub accuracy: Option<f64>,
}

impl ReliabilityBin {
    /// A bin of `count` predictions with the sums of their confidences and successes.
    fn new(lo: f64, hi: f64, count: usize, confidence: f64, right: f64) -> Self {
        let mean = |sum: f64| (count > 0).then(|| sum / count as f64);
        Self { lo, hi, count, confidence: mean(confidence), accuracy: mean(right) }
    }

    /// `|accuracy - confidence|`, 0 for an empty bin.
    pub fn gap(&self) -> f64 {
        match (self.accuracy, self.confidence) {
            (Some(accuracy), Some(confidence)) => (accuracy - confidence).abs(),
            _ => 0.0,
        }
    }
}

/// `bins` bins of equal width over `[0, 1]`, empty ones included.
///
/// Bin `i` is `(i/m, (i+1)/m]` as in Guo et al. 2017, so that 1.0 is in the last
/// one; 0.0 is in the first. `confidences` and `correct` are `[n]`.
///
/// # Errors
/// [`MetricError::NoBins`] for 0 bins, [`MetricError::Empty`] without
/// predictions, [`MetricError::ShapeMismatch`] for unequal lengths,
/// [`MetricError::NotAProbability`] for a confidence outside `[0, 1]` or NaN.
pub fn reliability_bins(
    confidences: &[f64],
    correct: &[bool],
    bins: usize,
) -> Result<Vec<ReliabilityBin>, MetricError> {
    check(confidences, correct, bins)?;
    let edges: Vec<f64> = (0..=bins).map(|i| i as f64 / bins as f64).collect();
    let inner = &edges[1..bins];
    let mut sums = vec![(0, 0.0, 0.0); bins];
    for (&confidence, &right) in confidences.iter().zip(correct) {
        let (count, confidence_sum, right_sum) =
            &mut sums[inner.partition_point(|edge| *edge < confidence)];
        *count += 1;
        *confidence_sum += confidence;
        *right_sum += f64::from(u8::from(right));
    }
    let edges = edges.windows(2);
    Ok(edges
        .zip(sums)
        .map(|(edge, (n, confidence, right))| {
            ReliabilityBin::new(edge[0], edge[1], n, confidence, right)
        })
        .collect())
}

/// Bins of equal mass: the `n` predictions in the order of their confidence, cut
/// into `bins` bins of `n / bins` each, the first `n % bins` of them one larger.
/// With fewer predictions than bins, `n` bins of one (Nixon et al. 2019, over
/// the predicted class).
///
/// A cut through tied confidences gives both sides the ties' mean accuracy, so
/// the order of tied predictions does not matter.
///
/// # Errors
/// As [`reliability_bins`].
pub fn adaptive_bins(
    confidences: &[f64],
    correct: &[bool],
    bins: usize,
) -> Result<Vec<ReliabilityBin>, MetricError> {
    check(confidences, correct, bins)?;
    let sorted = sorted_with_mean_ties(confidences, correct);
    let n = sorted.len();
    let bins = bins.min(n);
    let mut rest = sorted.as_slice();
    Ok((0..bins)
        .map(|i| {
            let (bin, after) = rest.split_at(n / bins + usize::from(i < n % bins));
            rest = after;
            let confidence = bin.iter().map(|(confidence, _)| confidence).sum();
            let right = bin.iter().map(|(_, right)| right).sum();
            let (lo, hi) = (bin[0].0, bin[bin.len() - 1].0);
            ReliabilityBin::new(lo, hi, bin.len(), confidence, right)
        })
        .collect())
}

/// `Σ_b count_b / n · |accuracy_b - confidence_b|` over `bins`, in `[0, 1]`.
pub fn calibration_error(bins: &[ReliabilityBin]) -> f64 {
    let n: usize = bins.iter().map(|bin| bin.count).sum();
    let weighted: f64 = bins.iter().map(|bin| bin.count as f64 * bin.gap()).sum();
    weighted / n.max(1) as f64
}

/// The largest `|accuracy_b - confidence_b|` of `bins`, in `[0, 1]`.
pub fn max_calibration_error(bins: &[ReliabilityBin]) -> f64 {
    bins.iter().map(ReliabilityBin::gap).fold(0.0, f64::max)
}

/// Expected calibration error over equal-width bins, see [`reliability_bins`].
///
/// # Errors
/// As [`reliability_bins`].
pub fn ece(confidences: &[f64], correct: &[bool], bins: usize) -> Result<f64, MetricError> {
    reliability_bins(confidences, correct, bins).map(|bins| calibration_error(&bins))
}

/// Maximum calibration error over equal-width bins, see [`reliability_bins`].
///
/// # Errors
/// As [`reliability_bins`].
pub fn mce(confidences: &[f64], correct: &[bool], bins: usize) -> Result<f64, MetricError> {
    reliability_bins(confidences, correct, bins).map(|bins| max_calibration_error(&bins))
}

/// Expected calibration error over equal-mass bins, see [`adaptive_bins`].
///
/// # Errors
/// As [`reliability_bins`].
pub fn ece_adaptive(
    confidences: &[f64],
    correct: &[bool],
    bins: usize,
) -> Result<f64, MetricError> {
    adaptive_bins(confidences, correct, bins).map(|bins| calibration_error(&bins))
}

/// Mean confidence less accuracy, in `[-1, 1]`: above 0 where the predictions
/// are over-confident, below 0 where they are under-confident. Unlike ECE it has
/// a sign and needs no bins; what is over-confident in one place and
/// under-confident in another cancels, so that ECE is never below its size.
///
/// # Errors
/// As [`reliability_bins`].
pub fn confidence_gap(confidences: &[f64], correct: &[bool]) -> Result<f64, MetricError> {
    check(confidences, correct, 1)?;
    let n = correct.len() as f64;
    let right = correct.iter().filter(|right| **right).count() as f64;
    Ok((confidences.iter().sum::<f64>() - right) / n)
}

fn check(confidences: &[f64], correct: &[bool], bins: usize) -> Result<(), MetricError> {
    if bins == 0 {
        return Err(MetricError::NoBins);
    }
    let n = correct.len();
    check_len("confidences, one per prediction", n, confidences.len())?;
    if n == 0 {
        let what = "predictions";
        return Err(MetricError::Empty { what });
    }
    for (index, &value) in confidences.iter().enumerate() {
        if !(0.0..=1.0).contains(&value) {
            return Err(MetricError::NotAProbability { index, value });
        }
    }
    Ok(())
}

/// `(confidence, success)` from the lowest confidence up, where the success of
/// tied confidences is their mean.
fn sorted_with_mean_ties(confidences: &[f64], correct: &[bool]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<(f64, f64)> = confidences
        .iter()
        .zip(correct)
        .map(|(&confidence, &right)| (confidence, f64::from(u8::from(right))))
        .collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    for tied in sorted.chunk_by_mut(|a, b| a.0 == b.0) {
        let right: f64 = tied.iter().map(|(_, right)| right).sum();
        let mean = right / tied.len() as f64;
        for (_, right) in tied {
            *right = mean;
        }
    }
    sorted
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-15, "{found} is not {expected}");
    }

    #[test]
    fn four_predictions_in_two_bins_computed_by_hand() {
        let confidences = [0.3, 0.4, 0.6, 1.0];
        let correct = [true, false, false, true];
        let bins = reliability_bins(&confidences, &correct, 2).unwrap();
        assert_eq!(bins[0].count, 2);
        close(bins[0].gap(), 0.15);
        close(bins[1].gap(), 0.3);
        close(ece(&confidences, &correct, 2).unwrap(), 0.225);
        close(mce(&confidences, &correct, 2).unwrap(), 0.3);
        close(ece_adaptive(&confidences, &correct, 2).unwrap(), 0.225);
    }

    #[test]
    fn an_edge_belongs_to_the_bin_below_it_zero_to_the_first_one_to_the_last() {
        let counts = |confidences: &[f64]| -> Vec<usize> {
            let correct = vec![true; confidences.len()];
            let bins = reliability_bins(confidences, &correct, 4).unwrap();
            bins.iter().map(|bin| bin.count).collect()
        };
        assert_eq!(counts(&[0.0, -0.0]), [2, 0, 0, 0]);
        assert_eq!(counts(&[0.25]), [1, 0, 0, 0]);
        assert_eq!(counts(&[0.25f64.next_up(), 0.5]), [0, 2, 0, 0]);
        assert_eq!(counts(&[0.75f64.next_up(), 1.0]), [0, 0, 0, 2]);
    }

    #[test]
    fn the_gap_says_on_which_side_and_is_no_larger_than_the_error() {
        let (confidences, correct) = ([0.3, 0.4, 0.6, 1.0], [true, false, false, true]);
        close(confidence_gap(&confidences, &correct).unwrap(), 0.575 - 0.5);
        assert_eq!(confidence_gap(&[1.0; 4], &[false; 4]), Ok(1.0));
        assert!(confidence_gap(&[0.5; 4], &[true; 4]).unwrap() < 0.0);
        let ece = ece(&confidences, &correct, 2).unwrap();
        assert!(confidence_gap(&confidences, &correct).unwrap().abs() <= ece);
        assert_eq!(confidence_gap(&[], &[]), Err(MetricError::Empty { what: "predictions" }));
    }

    #[test]
    fn empty_bins_are_listed_and_cost_nothing() {
        let bins = reliability_bins(&[0.9], &[true], 3).unwrap();
        assert_eq!(bins.len(), 3);
        assert_eq!((bins[0].count, bins[0].confidence, bins[0].accuracy), (0, None, None));
        assert_eq!((bins[0].lo, bins[0].hi), (0.0, 1.0 / 3.0));
        close(calibration_error(&bins), 1.0 - 0.9);
    }

    #[test]
    fn sure_and_right_is_calibrated_sure_and_wrong_is_not() {
        assert_eq!(ece(&[1.0; 5], &[true; 5], 15).unwrap(), 0.0);
        assert_eq!(ece(&[1.0; 5], &[false; 5], 15).unwrap(), 1.0);
    }

    #[test]
    fn equal_mass_bins_differ_in_size_by_one_at_most() {
        let confidences: Vec<f64> = (1..=8).map(|i| f64::from(i) / 10.0).collect();
        let bins = adaptive_bins(&confidences, &[true; 8], 3).unwrap();
        let counts: Vec<usize> = bins.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [3, 3, 2]);
        assert_eq!((bins[1].lo, bins[1].hi), (0.4, 0.6));
        assert_eq!(adaptive_bins(&[0.5, 0.6], &[true; 2], 15).unwrap().len(), 2);
    }

    #[test]
    fn a_cut_through_ties_does_not_depend_on_their_order() {
        let confidences = [1.0; 4];
        let sorted = ece_adaptive(&confidences, &[true, true, false, false], 2).unwrap();
        let mixed = ece_adaptive(&confidences, &[true, false, true, false], 2).unwrap();
        assert_eq!(sorted, mixed);
        assert_eq!(sorted, 0.5);
    }

    #[test]
    fn a_logit_in_place_of_a_probability_is_refused() {
        for bad in [1.5, -0.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(
                ece(&[0.5, bad], &[true, true], 15),
                Err(MetricError::NotAProbability { index: 1, .. })
            ));
        }
    }

    #[test]
    fn no_bins_no_predictions_and_unequal_lengths_are_errors() {
        assert_eq!(ece(&[0.5], &[true], 0), Err(MetricError::NoBins));
        assert_eq!(ece(&[], &[], 15), Err(MetricError::Empty { what: "predictions" }));
        assert!(matches!(
            ece_adaptive(&[0.5], &[true, false], 15),
            Err(MetricError::ShapeMismatch { expected: 2, found: 1, .. })
        ));
    }
}
