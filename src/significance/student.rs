//! Student's t distribution.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Quantiles that were asked for: each is a long iteration, and every
/// comparison of a family asks for the same few.
static KNOWN: Mutex<BTreeMap<(u64, usize), f64>> = Mutex::new(BTreeMap::new());

/// The quantile of Student's t at `probability` with `freedom` degrees of
/// freedom; none for 0.
pub fn quantile(probability: f64, freedom: usize) -> Option<f64> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (probability.to_bits(), freedom);
    if let Some(quantile) = known.get(&key) {
        return Some(*quantile);
    }
    let quantile = distribution(freedom)?.inverse_cdf(probability);
    known.insert(key, quantile);
    Some(quantile)
}

/// The probability of a |t| as large or larger.
pub(super) fn two_sided(t: f64, freedom: usize) -> Option<f64> {
    if t.is_infinite() {
        return Some(0.0);
    }
    Some((2.0 * distribution(freedom)?.sf(t.abs())).min(1.0))
}

fn distribution(freedom: usize) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, freedom as f64).ok()
}
