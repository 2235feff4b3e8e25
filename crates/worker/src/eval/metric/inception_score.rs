//! The Inception Score (Salimans et al. 2016, "Improved Techniques for
//! Training GANs", section 4).

use super::MetricError;
use super::error::{check_finite, check_len};

/// exp of the mean over images of KL(p(y|x) ‖ p(y)), p(y) being the mean of
/// p(y|x) over the same images: one split. `probabilities` is `[n, k]`,
/// row-major. Between 1 and k.
///
/// # Errors
/// When there are none, the length is no multiple of `classes`, or one is not
/// finite.
pub fn inception_score(probabilities: &[f64], classes: usize) -> Result<f64, MetricError> {
    check_finite("probabilities", probabilities)?;
    let n = probabilities.len() / classes.max(1);
    check_len("probabilities", n * classes, probabilities.len())?;
    let rows = || probabilities.chunks_exact(classes);
    let mean: Vec<f64> =
        (0..classes).map(|y| rows().map(|row| row[y]).sum::<f64>() / n as f64).collect();
    // 0 log 0 is 0.
    let divergence = |row: &[f64]| -> f64 {
        row.iter().zip(&mean).filter(|(p, _)| **p > 0.0).map(|(p, q)| p * (p / q).ln()).sum()
    };
    Ok((rows().map(divergence).sum::<f64>() / n as f64).exp())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn its_ends_are_one_and_the_number_of_classes() {
        // Alike, whatever they are: 1. Sure, and every class as often: k.
        assert!((inception_score(&[0.7, 0.3, 0.7, 0.3], 2).unwrap() - 1.0).abs() < 1e-15);
        let sure = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        assert!((inception_score(&sure, 3).unwrap() - 3.0).abs() < 1e-14);
        // Half sure of one, half of none: p(y) = (3/4, 1/4).
        let kl = (4.0 / 3.0f64).ln() / 2.0
            + (0.5 * (0.5 / 0.75f64).ln() + 0.5 * (0.5 / 0.25f64).ln()) / 2.0;
        let found = inception_score(&[1.0, 0.0, 0.5, 0.5], 2).unwrap();
        assert!((found - kl.exp()).abs() < 1e-15);
    }

    #[test]
    fn what_has_none_is_said() {
        assert!(inception_score(&[], 3).is_err());
        assert!(inception_score(&[0.5; 5], 3).is_err());
        assert!(inception_score(&[0.5, f64::NAN], 2).is_err());
    }
}
