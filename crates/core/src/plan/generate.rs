//! Values of an axis that are computed rather than listed.

/// The most values that one axis may have.
pub const MAX_VALUES: u64 = 100_000;

/// `value` at `digits` significant digits. A computed value is then the one
/// that a person would write (0.3, not 0.30000000000000004), and the same on
/// every machine, whatever the last bits of its `exp` and `ln`.
pub fn round_to(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

/// The digits that generated values are rounded to.
const GENERATED: usize = 12;

/// `n` equally spaced values from `first` to `last`, both included.
///
/// # Errors
/// In words, when there are no such values.
pub fn linspace(first: f64, last: f64, n: f64) -> Result<Vec<f64>, String> {
    spaced(first, last, n, |part| first + (last - first) * part)
}

/// `n` values from `first` to `last`, both included, each the same multiple
/// of the one before.
///
/// # Errors
/// In words, when there are no such values.
pub fn logspace(first: f64, last: f64, n: f64) -> Result<Vec<f64>, String> {
    if first <= 0.0 || last <= 0.0 {
        return Err(format!("logspace from {first} to {last}: both ends must be above 0"));
    }
    let (low, high) = (first.ln(), last.ln());
    spaced(first, last, n, |part| (low + (high - low) * part).exp())
}

fn spaced(first: f64, last: f64, n: f64, at: impl Fn(f64) -> f64) -> Result<Vec<f64>, String> {
    if n.fract() != 0.0 || n < 2.0 || n > MAX_VALUES as f64 {
        return Err(format!(
            "{n} is not a number of values: a whole number from 2 to {MAX_VALUES}"
        ));
    }
    if first == last {
        return Err(format!("{n} values between {first} and {last} would all be the same"));
    }
    let n = n as u64;
    let value = |i: u64| match i {
        0 => first,
        i if i == n - 1 => last,
        i => round_to(at(i as f64 / (n - 1) as f64), GENERATED),
    };
    Ok((0..n).map(value).collect())
}

/// The values `first`, `first + step`, … up to `end`, which is included when
/// it is hit.
///
/// # Errors
/// In words, when there are no such values.
pub fn range(first: f64, end: f64, step: f64) -> Result<Vec<f64>, String> {
    // A billionth of a step forgives what rounding does to the last one.
    let last = (end - first) / step + 1e-9;
    if step == 0.0 || last.is_nan() || last < 0.0 {
        return Err(format!("steps of {step} do not lead from {first} to {end}"));
    }
    if last >= MAX_VALUES as f64 {
        return Err(format!("a range of more than {MAX_VALUES} values"));
    }
    Ok((0..=last as u64).map(|i| round_to(first + step * i as f64, GENERATED)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computed_values_are_those_that_one_would_write() {
        let tenths = linspace(0.0, 1.0, 11.0);
        let written = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
        assert_eq!(tenths.as_deref(), Ok(&written[..]));
        let decades = logspace(1e-3, 10.0, 5.0);
        assert_eq!(decades.as_deref(), Ok(&[0.001, 0.01, 0.1, 1.0, 10.0][..]));
        assert_eq!(range(0.0, 1.0, 0.25).as_deref(), Ok(&[0.0, 0.25, 0.5, 0.75, 1.0][..]));
        assert_eq!(range(0.0, 0.3, 0.1).as_deref(), Ok(&[0.0, 0.1, 0.2, 0.3][..]));
        assert_eq!(range(5.0, 1.0, -2.0).as_deref(), Ok(&[5.0, 3.0, 1.0][..]));
        assert_eq!(range(1.0, 6.0, 2.0).as_deref(), Ok(&[1.0, 3.0, 5.0][..]));
    }

    #[test]
    fn what_cannot_be_generated_is_said() {
        for wrong in [
            linspace(0.0, 1.0, 1.0),
            linspace(0.0, 1.0, 2.5),
            linspace(1.0, 1.0, 3.0),
            linspace(0.0, 1.0, 1e12),
            logspace(0.0, 1.0, 3.0),
            range(0.0, 1.0, 0.0),
            range(0.0, 1.0, -0.1),
            range(0.0, 1.0, 1e-12),
            range(0.0, f64::INFINITY, 1.0),
            range(f64::NAN, 1.0, 1.0),
        ] {
            assert!(wrong.is_err(), "{wrong:?}");
        }
    }
}
