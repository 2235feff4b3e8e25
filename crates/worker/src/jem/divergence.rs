//! When a trial has diverged: a result, with its step and values.

use std::collections::BTreeMap;

use jem_core::results::Divergence;
use jem_core::spec::Divergence as Limits;

use super::StepValues;

/// Looks at the values of step `step` (counted from 1). NaN compares as
/// neither above nor below any limit, so finiteness is asked for first.
pub fn detect(limits: &Limits, step: u64, values: &[f64; 7]) -> Option<Divergence> {
    let named = || StepValues::NAMES.iter().zip(values);
    let reason = if let Some((name, _)) = named().find(|(_, v)| !v.is_finite()) {
        format!("not finite: {name}")
    } else if values[6].abs() > limits.max_energy_gap {
        format!("runaway energy gap: beyond ±{}", limits.max_energy_gap)
    } else {
        return None;
    };
    let values = named().map(|(name, value)| ((*name).to_owned(), value.to_string()));
    Some(Divergence { step, reason, values: values.collect(), restarts: Vec::new() })
}

/// The divergence of a network whose parameters or logits are not finite
/// although no loss was.
pub fn not_finite(step: u64, what: &str) -> Divergence {
    Divergence {
        step,
        reason: format!("not finite: {what}"),
        values: BTreeMap::new(),
        restarts: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { max_energy_gap: 100.0, check_every: 1, ..Limits::default() }
    }

    #[test]
    fn nan_is_caught_although_it_is_not_above_any_limit() {
        let mut values = [1.0; 7];
        assert!(detect(&limits(), 4, &values).is_none());
        values[0] = f64::NAN;
        let found = detect(&limits(), 4, &values).map(|d| (d.step, d.reason));
        assert_eq!(found, Some((4, "not finite: train/loss".to_owned())));
    }

    #[test]
    fn a_runaway_gap_is_caught_on_either_side() {
        for gap in [-101.0, 101.0] {
            let values = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, gap];
            assert!(detect(&limits(), 1, &values).is_some_and(|d| d.reason.contains("gap")));
        }
    }
}
