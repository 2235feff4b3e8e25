//! When a training has diverged: a result, with its step and values.

use std::collections::BTreeMap;

use jem_core::results::Divergence;
use jem_core::spec::Divergence as Limits;

use super::StepValues;

/// What the detectors look at.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The values of the step, in the order of [`StepValues::NAMES`].
    pub values: [f64; 7],
    /// Mean accuracy on the batches since the last look.
    pub accuracy: f64,
    /// Share of the samples' values at the ends of the pixel range; none
    /// where nobody asks for it or no chain runs.
    pub saturation: Option<f64>,
    /// mean E(x⁻, y) − mean E(x⁺, y); none where λ_joint = 0.
    pub gap_joint: Option<f64>,
}

/// Looks at step `step` (counted from 1). NaN compares as neither above nor
/// below any limit, so finiteness is asked for first.
pub fn detect(limits: &Limits, step: u64, look: &Look) -> Option<Divergence> {
    let named = || StepValues::NAMES.iter().zip(look.values);
    let reason = if let Some((name, _)) = named().find(|(_, v)| !v.is_finite()) {
        format!("not finite: {name}")
    } else if look.values[6].abs() > limits.max_energy_gap
        || above(look.gap_joint.map(f64::abs), Some(limits.max_energy_gap))
    {
        format!("runaway energy gap: beyond ±{}", limits.max_energy_gap)
    } else if above(look.saturation, limits.max_saturation) {
        format!("saturated chains: more than {} at the ends", limits.max_saturation.unwrap_or(1.0))
    } else if step >= limits.min_accuracy_from.unwrap_or(1)
        && above(limits.min_accuracy, Some(look.accuracy))
    {
        format!("collapsed accuracy: below {}", limits.min_accuracy.unwrap_or(0.0))
    } else {
        return None;
    };
    let named = named().map(|(name, value)| ((*name).to_owned(), value));
    let saturation = look.saturation.map(|share| ("train/saturation".to_owned(), share));
    let joint = look.gap_joint.map(|gap| ("train/energy_gap_joint".to_owned(), gap));
    let more = saturation.into_iter().chain(joint);
    let mean = ("train/accuracy since the last look".to_owned(), look.accuracy);
    let values = named.chain(more).chain([mean]).map(|(name, value)| (name, value.to_string()));
    Some(Divergence { step, reason, values: values.collect(), restarts: Vec::new() })
}

/// Whether both are there and `value` is above `limit`.
fn above(value: Option<f64>, limit: Option<f64>) -> bool {
    matches!((value, limit), (Some(value), Some(limit)) if value > limit)
}

/// The divergence of a network whose parameters or logits are not finite
/// although no loss was.
pub fn not_finite(step: u64, what: &str) -> Divergence {
    let (reason, values) = (format!("not finite: {what}"), BTreeMap::new());
    Divergence { step, reason, values, restarts: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            max_energy_gap: 100.0,
            check_every: 1,
            max_saturation: Some(0.5),
            min_accuracy: Some(0.2),
            min_accuracy_from: Some(10),
            ..Limits::default()
        }
    }

    fn look() -> Look {
        Look { values: [1.0; 7], accuracy: 0.9, saturation: Some(0.1), gap_joint: None }
    }

    fn reason(step: u64, look: &Look) -> String {
        detect(&limits(), step, look).map_or_else(String::new, |found| found.reason)
    }

    #[test]
    fn nan_is_caught_although_it_is_not_above_any_limit() {
        let mut look = look();
        assert!(detect(&limits(), 4, &look).is_none());
        look.values[0] = f64::NAN;
        assert_eq!(reason(4, &look), "not finite: train/loss");
    }

    #[test]
    fn a_runaway_gap_is_caught_on_either_side() {
        for gap in [-101.0, 101.0] {
            let mut look = look();
            look.values[6] = gap;
            assert!(reason(1, &look).contains("gap"));
            let joint = Look { gap_joint: Some(gap), values: [1.0; 7], ..look };
            assert!(reason(1, &joint).contains("gap"));
        }
    }

    #[test]
    fn saturated_chains_and_a_collapsed_classifier_are_caught_where_asked_for() {
        assert!(reason(1, &Look { saturation: Some(0.51), ..look() }).contains("saturated"));
        assert_eq!(reason(1, &Look { saturation: None, ..look() }), "");
        let lost = Look { accuracy: 0.1, ..look() };
        assert_eq!(reason(9, &lost), "");
        assert!(reason(10, &lost).contains("collapsed"));
        let silent = Limits { max_saturation: None, min_accuracy: None, ..limits() };
        assert!(detect(&silent, 10, &lost).is_none());
    }
}
