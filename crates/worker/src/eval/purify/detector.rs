//! A detector that refuses inputs of high energy.

/// Accepts an input whose energy is at most the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detector {
    /// The highest energy that is accepted.
    pub threshold: f64,
}

/// The share of clean inputs that are accepted at least.
const ACCEPTED: f64 = 0.95;

impl Detector {
    /// The lowest threshold that accepts at least 95 % of `clean` energies;
    /// none where there are none, or one is not a number.
    pub fn fitted(clean: &[f64]) -> Option<Self> {
        let mut sorted = clean.to_vec();
        if sorted.iter().any(|energy| energy.is_nan()) {
            return None;
        }
        sorted.sort_by(f64::total_cmp);
        let wanted = (ACCEPTED * sorted.len() as f64).ceil() as usize;
        sorted.get(wanted.checked_sub(1)?).map(|&threshold| Self { threshold })
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
        assert_eq!(detector, Some(Detector { threshold: 18.0 }));
        assert!(detector.is_some_and(|d| d.accepts(18.0) && !d.accepts(18.1)));
        assert!(!detector.is_some_and(|d| d.accepts(f64::NAN)));
        // 95 % of 3 is more than 2.
        let few = Detector::fitted(&[2.0, 1.0, 1.0]);
        assert_eq!(few, Some(Detector { threshold: 2.0 }));
        assert_eq!(Detector::fitted(&[]), None);
        assert_eq!(Detector::fitted(&[f64::NAN, 1.0]), None);
    }
}
