//! Calibration of every class probability, not of the predicted class alone.

use super::calibration::ece;
use super::error::{MetricError, check_len};
use super::logits::{Logits, Softmax};

/// Class-wise ECE of `logits` `[n, k]` with `labels` `[n]`: for each class j
/// the gap between mean p_j and the share of label j, over `bins` bins of
/// equal width of p_j of *all* inputs, weighted by their counts; the mean over
/// the k classes (Kull et al. 2019, eq. 1). With equal widths this is also the
/// static calibration error of Nixon et al. 2019.
///
/// In `[0, 1]`, and small where k is large: most p_j are near 0 and right.
///
/// # Errors
/// As [`super::reliability_bins`], and where there is not one label per row.
pub fn classwise_ece<L: Copy + Into<i64>>(
    logits: &Logits,
    labels: &[L],
    bins: usize,
) -> Result<f64, MetricError> {
    check_len("labels, one per row of logits", logits.n(), labels.len())?;
    let softmax: Vec<Softmax> = logits.rows().map(Softmax::of).collect();
    let mut sum = 0.0;
    for class in 0..logits.classes() {
        let rows = logits.rows().zip(&softmax);
        let probabilities: Vec<f64> =
            rows.map(|(row, softmax)| softmax.probability(row[class])).collect();
        let is_class = |label: &L| (*label).into() == class as i64;
        let hits: Vec<bool> = labels.iter().map(is_class).collect();
        sum += ece(&probabilities, &hits, bins)?;
    }
    Ok(sum / logits.classes() as f64)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn of(probabilities: &[f64], classes: usize, labels: &[i64], bins: usize) -> f64 {
        let logits: Vec<f64> = probabilities.iter().map(|p| p.ln()).collect();
        classwise_ece(&Logits::new(&logits, classes).unwrap(), labels, bins).unwrap()
    }

    #[test]
    fn three_inputs_computed_by_hand() {
        let p = [0.7, 0.2, 0.1, 0.6, 0.3, 0.1, 0.1, 0.1, 0.8];
        // Class 0: .1 in the lower bin, no label; .7, .6 in the upper, one of
        // two. Class 1: all in the lower, one of three. Class 2: .1, .1 in the
        // lower, none; .8 in the upper, right.
        let zero = (0.1 + 2.0 * (0.65f64 - 0.5)) / 3.0;
        let one = (1.0 - 0.6) / 3.0;
        let two = (0.2 + (1.0 - 0.8)) / 3.0;
        let found = of(&p, 3, &[0, 1, 2], 2);
        assert!((found - (zero + one + two) / 3.0).abs() < 1e-15, "{found}");
    }

    #[test]
    fn with_one_bin_only_the_frequencies_of_classes_count() {
        let found = of(&[0.9, 0.1, 0.1, 0.9], 2, &[1, 0], 1);
        assert!(found.abs() < 1e-15, "{found}");
        let found = of(&[0.9, 0.1, 0.1, 0.9], 2, &[1, 0], 2);
        assert!((found - 0.9).abs() < 1e-15, "{found}");
    }

    #[test]
    fn no_bins_and_a_label_too_few_are_errors() {
        let logits = Logits::new(&[1.0, 0.0], 2).unwrap();
        assert_eq!(classwise_ece(&logits, &[0i64], 0), Err(MetricError::NoBins));
        assert!(classwise_ece::<i64>(&logits, &[], 15).is_err());
    }
}
