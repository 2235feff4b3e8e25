//! A detector that refuses inputs of high energy.

use crate::eval::metric::{MetricError, check_finite};

/// Accepts an input whose energy is at most the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detector {
    /// The highest energy that is accepted.
    pub threshold: f64,
}

/// The share of clean inputs that are accepted at least.
const ACCEPTED: f64 = 0.95;

impl Detector {
    /// The lowest threshold that accepts at least 95 % of `clean` energies.
    ///
    /// # Errors
    /// Where there are none, or one is not finite, since its logits are not.
    pub fn fitted(clean: &[f64]) -> Result<Self, MetricError> {
        check_finite("logits", clean)?;
        let mut sorted = clean.to_vec();
        sorted.sort_by(f64::total_cmp);
        let wanted = (ACCEPTED * sorted.len() as f64).ceil() as usize;
        Ok(Self { threshold: sorted[wanted - 1] })
    }

    /// Whether an input of this energy is accepted.
    pub fn accepts(&self, energy: f64) -> bool {
        energy <= self.threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nineteen_of_twenty_are_accepted_and_ties_with_them() {
        let clean: Vec<f64> = (0..20).map(f64::from).collect();
        let detector = Detector::fitted(&clean);
        assert_eq!(detector, Ok(Detector { threshold: 18.0 }));
        assert!(detector.as_ref().is_ok_and(|d| d.accepts(18.0) && !d.accepts(18.1)));
        assert!(!detector.is_ok_and(|d| d.accepts(f64::NAN)));
        // 95 % of 3 is more than 2.
        let few = Detector::fitted(&[2.0, 1.0, 1.0]);
        assert_eq!(few, Ok(Detector { threshold: 2.0 }));
        assert_eq!(Detector::fitted(&[]), Err(MetricError::Empty { what: "logits" }));
        let infinite = f64::INFINITY;
        let error = MetricError::NotFinite { what: "logits", index: 1, value: infinite };
        assert_eq!(Detector::fitted(&[1.0, infinite]), Err(error));
    }
}
