//! Accuracy, negative log-likelihood and Brier score of a classifier.

use super::error::MetricError;
use super::logits::{Logits, Softmax, others};

/// What a classifier says about `n` labelled inputs, reduced to what the
/// classification, calibration and error-detection metrics need.
///
/// The predicted class is the first with the largest logit. Nothing is clipped:
/// all is computed from logits, where even a saturated softmax has a finite
/// log-probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    confidences: Vec<f64>,
    correct: Vec<bool>,
    accuracy: f64,
    nll: f64,
    brier: f64,
}

impl Predictions {
    /// From `logits` `[n, k]` and `labels` `[n]` in `0..k`.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless there is one label per row,
    /// [`MetricError::LabelOutOfRange`] for a label that is no class.
    pub fn new<L: Copy + Into<i64>>(logits: &Logits, labels: &[L]) -> Result<Self, MetricError> {
        let classes = logits.classes_of(labels)?;
        let mut confidences = Vec::with_capacity(labels.len());
        let mut correct = Vec::with_capacity(labels.len());
        let (mut nll, mut brier) = (0.0, 0.0);
        for (row, class) in logits.rows().zip(classes) {
            let softmax = Softmax::of(row);
            confidences.push(softmax.confidence());
            correct.push(softmax.argmax == class);
            nll += (softmax.max - row[class]) + softmax.rest.ln_1p();
            brier += brier_of_row(&softmax, row, class);
        }
        let n = labels.len() as f64;
        let right = correct.iter().filter(|right| **right).count();
        Ok(Self {
            confidences,
            correct,
            accuracy: right as f64 / n,
            nll: nll / n,
            brier: brier / n,
        })
    }

    /// The share of inputs whose predicted class is their label, in `[0, 1]`.
    pub fn accuracy(&self) -> f64 {
        self.accuracy
    }

    /// The mean of `-log p(label)`, in nats, unclipped and so without an upper limit.
    pub fn nll(&self) -> f64 {
        self.nll
    }

    /// The multiclass Brier score in `[0, 2]`: the squared error of the
    /// probabilities, *summed* over classes and averaged over inputs (Brier
    /// 1950). With two classes it is twice the one-class form.
    pub fn brier(&self) -> f64 {
        self.brier
    }

    /// The probability of the predicted class of each input, `[n]`, in `[1/k, 1]`.
    pub fn confidences(&self) -> &[f64] {
        &self.confidences
    }

    /// Whether each input's predicted class is its label, `[n]`.
    pub fn correct(&self) -> &[bool] {
        &self.correct
    }
}

/// `Σ_j (p_j - [j = class])²`, with `1 - p_class` taken as the sum of the others.
fn brier_of_row(softmax: &Softmax, row: &[f64], class: usize) -> f64 {
    let (mut miss, mut squares) = (0.0, 0.0);
    for z in others(row, class) {
        let p = softmax.probability(z);
        miss += p;
        squares += p * p;
    }
    miss * miss + squares
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// Logits whose softmax is exactly the probabilities given.
    fn predictions(probabilities: &[f64], classes: usize, labels: &[i64]) -> Predictions {
        let logits: Vec<f64> = probabilities.iter().map(|p| p.ln()).collect();
        Predictions::new(&Logits::new(&logits, classes).unwrap(), labels).unwrap()
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    #[test]
    fn two_inputs_computed_by_hand() {
        let p = predictions(&[0.7, 0.2, 0.1, 0.5, 0.25, 0.25], 3, &[0, 2]);
        close(p.accuracy(), 0.5);
        close(p.nll(), -(0.7f64.ln() + 0.25f64.ln()) / 2.0);
        close(p.brier(), ((0.09 + 0.04 + 0.01) + (0.25 + 0.0625 + 0.5625)) / 2.0);
        close(p.confidences()[0], 0.7);
        close(p.confidences()[1], 0.5);
        assert_eq!(p.correct(), [true, false]);
    }

    #[test]
    fn brier_is_summed_over_classes_and_reaches_two() {
        let logits = Logits::new(&[1000.0, -1000.0], 2).unwrap();
        assert_eq!(Predictions::new(&logits, &[1i64]).unwrap().brier(), 2.0);
    }

    #[test]
    fn a_saturated_softmax_has_a_finite_unclipped_nll() {
        let logits = Logits::new(&[80.0f32, -80.0, 80.0, -80.0], 2).unwrap();
        let p = Predictions::new(&logits, &[1u8, 0]).unwrap();
        close(p.nll(), 80.0);
        let right = Logits::new(&[80.0f32, -80.0], 2).unwrap();
        let nll = Predictions::new(&right, &[0u8]).unwrap().nll();
        assert!(nll > 0.0 && (nll / (-160.0f64).exp() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_label_that_is_no_class_is_named() {
        let logits = Logits::new(&[0.0f32, 1.0, 0.0, 1.0], 2).unwrap();
        for label in [2, -1] {
            assert_eq!(
                Predictions::new(&logits, &[0, label]),
                Err(MetricError::LabelOutOfRange { index: 1, label, classes: 2 })
            );
        }
    }

    #[test]
    fn one_label_per_row_is_needed() {
        let logits = Logits::new(&[0.0f32, 1.0], 2).unwrap();
        assert!(matches!(
            Predictions::new(&logits, &[0i64, 1]),
            Err(MetricError::ShapeMismatch { expected: 1, found: 2, .. })
        ));
    }
}
