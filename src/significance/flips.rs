//! Sign flips made jointly over all tests, with the largest |t| (Westfall and
//! Young 1993, free step-down).

use super::{LEVEL, Paired};

/// What the flips of a family give.
pub(super) struct Flipped {
    /// Of each test, the share of flips whose |t| is as large or larger.
    pub(super) p: Vec<f64>,
    /// The same, corrected over all tests.
    pub(super) corrected: Vec<f64>,
    /// The |t| above which any test would be claimed, by the largest of all
    /// tests under each flip.
    pub(super) critical: f64,
}

/// |t| counts as equal when it differs by no more than rounding.
const ROUNDING: f64 = 1e-9;

/// Tries every flip of the seeds of `tests`. To flip all seeds changes no |t|,
/// so one seed keeps its sign and half of the flips stand for all.
pub(super) fn flipped(tests: &[Paired]) -> Flipped {
    let mut seeds: Vec<u64> =
        tests.iter().flat_map(|test| test.differences().iter().map(|(seed, _)| *seed)).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let prepared: Vec<Prepared> = tests.iter().map(|test| Prepared::of(test, &seeds)).collect();
    let observed: Vec<f64> = prepared.iter().map(|test| test.size(0)).collect();
    let mut order: Vec<usize> = (0..tests.len()).collect();
    order.sort_by(|a, b| observed[*a].total_cmp(&observed[*b]));
    let flips = 1_u32 << seeds.len().saturating_sub(1);
    let (mut alone, mut joint) = (vec![0_u32; tests.len()], vec![0_u32; tests.len()]);
    let mut others = Vec::new();
    for flip in 0..flips {
        // From the smallest observed |t| up: the largest of those so far.
        let mut largest = 0.0_f64;
        for &test in &order {
            let size = prepared[test].size(flip);
            largest = largest.max(size);
            let least = observed[test] * (1.0 - ROUNDING);
            alone[test] += u32::from(size >= least);
            joint[test] += u32::from(largest >= least);
        }
        if flip > 0 {
            others.push(largest);
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(flips);
    let mut corrected = vec![1.0; tests.len()];
    let mut largest = 0.0_f64;
    for &test in order.iter().rev() {
        largest = largest.max(share(joint[test]));
        corrected[test] = largest;
    }
    let critical = critical(others, flips);
    Flipped { p: alone.into_iter().map(share).collect(), corrected, critical }
}

/// The |t| that only so many of the `others` reach that a larger one would be
/// claimed.
fn critical(mut others: Vec<f64>, flips: u32) -> f64 {
    others.sort_by(|a, b| b.total_cmp(a));
    let allowed = (LEVEL * f64::from(flips)).floor() as usize;
    match allowed {
        0 => f64::INFINITY,
        some => others.get(some - 1).copied().unwrap_or(0.0),
    }
}

/// A test made ready for many flips.
struct Prepared {
    /// The place of its seed among all, and the difference.
    values: Vec<(usize, f64)>,
    /// n Σ d², which no flip changes.
    squares: f64,
}

impl Prepared {
    fn of(test: &Paired, seeds: &[u64]) -> Self {
        let at = |seed: u64| seeds.binary_search(&seed).unwrap_or_default();
        let values: Vec<(usize, f64)> =
            test.differences().iter().map(|(seed, value)| (at(*seed), *value)).collect();
        let sum: f64 = values.iter().map(|(_, value)| value * value).sum();
        Self { squares: values.len() as f64 * sum, values }
    }

    /// |t| where the seeds whose bit of `flip` is set have the other sign. With
    /// r² = (Σd)² / n Σd², t² = (n − 1) r² / (1 − r²).
    fn size(&self, flip: u32) -> f64 {
        if self.squares == 0.0 {
            return 0.0;
        }
        let sign = |seed: usize| if flip >> seed & 1 == 1 { -1.0 } else { 1.0 };
        let sum: f64 = self.values.iter().map(|(seed, value)| sign(*seed) * value).sum();
        let share = sum * sum / self.squares;
        let left = 1.0 - share;
        // Equal differences: what is left is rounding.
        if left <= 1e-13 {
            return f64::INFINITY;
        }
        ((self.values.len() as f64 - 1.0) * share / left).sqrt()
    }
}
