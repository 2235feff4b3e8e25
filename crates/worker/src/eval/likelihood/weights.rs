//! What importance weights say of a normaliser: pure functions on log weights.

use jem_core::random::{At, Stream};

use crate::eval::scores::percentile;

/// Resamples of the bootstrap interval.
const RESAMPLES: u64 = 1000;

/// ln of the mean of exp(values), without overflow; −∞ for no values.
pub fn log_mean_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return largest;
    }
    let sum: f64 = values.iter().map(|value| (value - largest).exp()).sum();
    largest + (sum / values.len() as f64).ln()
}

/// The effective number of weights (Σ w)² / Σ w², from 1 to n, of their
/// logarithms (Kong 1992).
pub fn effective_size(log_weights: &[f64]) -> f64 {
    let squares: Vec<f64> = log_weights.iter().map(|log| 2.0 * log).collect();
    let n = log_weights.len() as f64;
    n * (2.0 * log_mean_exp(log_weights) - log_mean_exp(&squares)).exp()
}

/// The standard error of [`log_mean_exp`] by the delta method: the coefficient
/// of variation of the weights over √n.
pub fn standard_error(log_weights: &[f64]) -> f64 {
    let n = log_weights.len() as f64;
    // Σ (w/w̄ − 1)² / (n − 1), by the effective size: Σ w² = n² w̄² / ESS.
    let variance = (n * n / effective_size(log_weights) - n) / (n - 1.0);
    (variance.max(0.0) / n).sqrt()
}

/// The percentile interval of [`log_mean_exp`], from 2.5 % to 97.5 %, over
/// 1,000 draws of the weights with replacement by `stream`.
pub fn bootstrap(log_weights: &[f64], stream: &Stream) -> (f64, f64) {
    let n = log_weights.len();
    let one = |resample: u64| {
        let drawn = stream.with_replacement(At::step(resample), n, n as u32);
        let drawn: Vec<f64> = drawn.map(|row| log_weights[row as usize]).collect();
        log_mean_exp(&drawn)
    };
    let mut found: Vec<f64> = (0..RESAMPLES).map(one).collect();
    (percentile(&mut found, 2.5), percentile(&mut found, 97.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_the_hand() {
        let logs = [0.0, 2f64.ln(), 3f64.ln()].map(|log| log + 900.0);
        assert!((log_mean_exp(&logs) - 900.0 - 2f64.ln()).abs() < 1e-12);
        assert!((effective_size(&logs) - 36.0 / 14.0).abs() < 1e-12);
        // Standard deviation 1, mean 2, n = 3.
        assert!((standard_error(&logs) - 0.5 / 3f64.sqrt()).abs() < 1e-12);
        assert_eq!(standard_error(&[1.5; 4]), 0.0);
        assert_eq!(log_mean_exp(&[f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
    }

    #[test]
    fn the_bootstrap_interval_is_as_wide_as_the_standard_error_says() {
        let stream = Stream::new(3, "weights");
        let mut logs = vec![0f32; 400];
        stream.fill_normal(At::step(0), &mut logs);
        let logs: Vec<f64> = logs.iter().map(|&z| 0.5 * f64::from(z)).collect();
        let (low, high) = bootstrap(&logs, &Stream::new(3, "bootstrap"));
        let wanted = 2.0 * 1.96 * standard_error(&logs);
        assert!(low < log_mean_exp(&logs) && log_mean_exp(&logs) < high);
        // A width from 1,000 resamples is right to some 5 %.
        assert!(((high - low) / wanted - 1.0).abs() < 0.15, "{low} {high} {wanted}");
    }
}
