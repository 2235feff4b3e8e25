//! A checked matrix of logits and the stable softmax of one row.

use super::error::{MetricError, check_finite, check_len};

/// Logits `[n, k]` of `n ≥ 1` inputs over `k ≥ 1` classes, row-major, all finite.
///
/// Log-probabilities are logits too: the softmax gives the same probabilities back.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    values: Vec<f64>,
    classes: usize,
}

impl Logits {
    /// Takes `values`, `[n, k]` row-major with `k = classes`.
    ///
    /// # Errors
    /// [`MetricError::Empty`] for no values or no classes,
    /// [`MetricError::ShapeMismatch`] if the last row is cut short,
    /// [`MetricError::NotFinite`] for NaN or an infinity.
    pub fn new<S: Copy + Into<f64>>(values: &[S], classes: usize) -> Result<Self, MetricError> {
        if classes == 0 {
            return Err(MetricError::Empty { what: "classes" });
        }
        check_finite("logits", values)?;
        if !values.len().is_multiple_of(classes) {
            return Err(MetricError::ShapeMismatch {
                what: "logits in whole rows of one per class",
                expected: values.len().next_multiple_of(classes),
                found: values.len(),
            });
        }
        Ok(Self { values: values.iter().map(|&v| v.into()).collect(), classes })
    }

    /// The same logits divided by `temperature` (Guo et al. 2017).
    ///
    /// # Errors
    /// [`MetricError::NotFinite`] where a quotient is.
    pub fn divided_by(&self, temperature: f64) -> Result<Self, MetricError> {
        let values: Vec<f64> = self.values.iter().map(|z| z / temperature).collect();
        Self::new(&values, self.classes)
    }

    /// How many inputs `n` there are.
    pub fn n(&self) -> usize {
        self.values.len() / self.classes
    }

    /// How many classes `k` there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The class of each of `labels`, one a row.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless there is one label per row,
    /// [`MetricError::LabelOutOfRange`] for a label that is no class.
    pub(super) fn classes_of<L: Copy + Into<i64>>(
        &self,
        labels: &[L],
    ) -> Result<Vec<usize>, MetricError> {
        check_len("labels, one per row of logits", self.n(), labels.len())?;
        let class = |(index, &label): (usize, &L)| {
            let label: i64 = label.into();
            let class = usize::try_from(label).ok().filter(|class| *class < self.classes);
            class.ok_or(MetricError::LabelOutOfRange { index, label, classes: self.classes })
        };
        labels.iter().enumerate().map(class).collect()
    }

    /// The rows `[k]`, one per input.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.classes)
    }
}

/// The softmax of one row, kept as the largest logit and what the others add.
///
/// With `rest = Σ_{j ≠ argmax} exp(z_j - max)`, `logsumexp = max + ln(1 + rest)`
/// and `max p = 1 / (1 + rest)`. Keeping `rest` apart from the 1 it is added to
/// keeps small differences between saturated rows, which `1 - max p` rounds to 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Softmax {
    /// The predicted class: the first of those with the largest logit.
    pub argmax: usize,
    /// The largest logit.
    pub max: f64,
    /// The sum of the other classes' `exp(z_j - max)`, in `[0, k - 1]`.
    pub rest: f64,
}

impl Softmax {
    /// The softmax of `row` `[k]`, `k ≥ 1`, of finite logits.
    pub fn of(row: &[f64]) -> Self {
        let mut argmax = 0;
        for (j, z) in row.iter().enumerate() {
            if *z > row[argmax] {
                argmax = j;
            }
        }
        let max = row.get(argmax).copied().unwrap_or(f64::NEG_INFINITY);
        let rest = others(row, argmax).map(|z| (z - max).exp()).sum();
        Self { argmax, max, rest }
    }

    /// `1 / (1 + rest)`: the probability of the predicted class.
    pub fn confidence(&self) -> f64 {
        1.0 / (1.0 + self.rest)
    }

    /// `exp(z - max) / (1 + rest)`: the probability of the class with logit `z`.
    pub fn probability(&self, z: f64) -> f64 {
        (z - self.max).exp() / (1.0 + self.rest)
    }
}

/// The logits of `row` without the one at `skip`.
pub(super) fn others(row: &[f64], skip: usize) -> impl Iterator<Item = f64> + '_ {
    row.iter().enumerate().filter(move |(j, _)| *j != skip).map(|(_, z)| *z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_cut_short_is_a_shape_mismatch() {
        assert_eq!(
            Logits::new(&[1.0f32, 2.0, 3.0, 4.0, 5.0], 3),
            Err(MetricError::ShapeMismatch {
                what: "logits in whole rows of one per class",
                expected: 6,
                found: 5
            })
        );
    }

    #[test]
    fn no_logits_and_no_classes_are_empty() {
        let none: [f32; 0] = [];
        assert_eq!(Logits::new(&none, 3), Err(MetricError::Empty { what: "logits" }));
        assert_eq!(Logits::new(&[1.0f32], 0), Err(MetricError::Empty { what: "classes" }));
    }

    #[test]
    fn a_logit_that_is_not_finite_is_named_by_its_place() {
        for bad in [f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(
                Logits::new(&[0.0, 1.0, bad, 2.0], 2),
                Err(MetricError::NotFinite { what: "logits", index: 2, value: f64::from(bad) })
            );
        }
        assert!(matches!(
            Logits::new(&[f32::NAN, 1.0], 2),
            Err(MetricError::NotFinite { index: 0, .. })
        ));
    }

    #[test]
    fn of_tied_logits_the_first_class_is_predicted() {
        let softmax = Softmax::of(&[1.0, 4.0, 4.0]);
        assert_eq!(softmax.argmax, 1);
        assert_eq!(softmax.rest, 1.0 + (-3.0f64).exp());
    }
}
