//! Temperature scaling: one number that logits are divided by.

use super::error::MetricError;
use super::logits::Logits;

/// The furthest that the search goes in log T, either way.
const FURTHEST: f64 = 512.0;
/// More steps than bisection alone needs from end to end.
const MOST_STEPS: usize = 200;

/// T > 0 with the least mean NLL of softmax(z / T) over `logits` `[n, k]` with
/// `labels` `[n]` (Guo et al. 2017, section 4.2).
///
/// The NLL is convex in 1/T and so has one minimum, which Newton's method in
/// log T finds within a bracket that every step narrows; a step out of the
/// bracket, or where the NLL is not convex in log T, is a bisection.
///
/// # Errors
/// [`MetricError::NoMinimum`] where the NLL falls for ever: towards T = 0 if
/// every label has the largest logit of its row, towards T = ∞ if the labels'
/// logits are no larger than the mean of their rows. Otherwise as for
/// [`super::Predictions::new`].
pub fn temperature<L: Copy + Into<i64>>(logits: &Logits, labels: &[L]) -> Result<f64, MetricError> {
    let rows = Rows::new(logits, labels)?;
    if rows.slope(0.0).0 >= 0.0 {
        let why = "the labels' logits are no larger than others, so that the likelihood rises for \
                   ever with the temperature";
        return Err(MetricError::NoMinimum { why });
    }
    if rows.labels.iter().all(|gap| *gap == 0.0) {
        let why = "every held-out example is classified correctly, so that the likelihood rises \
                   for ever as the temperature falls to 0";
        return Err(MetricError::NoMinimum { why });
    }
    let (mut low, mut high) = rows.bracket()?;
    let mut at = 0.0f64.clamp(low, high);
    for _ in 0..MOST_STEPS {
        let beta = f64::exp(at);
        let (slope, curvature) = rows.slope(beta);
        // First and second derivative of the NLL in log β.
        let (first, second) = (beta * slope, beta * slope + beta * beta * curvature);
        if first > 0.0 {
            high = at
        } else {
            low = at
        }
        let step = first / second;
        if first == 0.0 || second > 0.0 && step.abs() <= 1e-14 * at.abs().max(1.0) {
            break;
        }
        let inside = second > 0.0 && at - step > low && at - step < high;
        at = if inside { at - step } else { (low + high) / 2.0 };
    }
    Ok(f64::exp(-at))
}

/// Logits as gaps to the largest of their row, all ≤ 0.
struct Rows {
    gaps: Vec<f64>,
    classes: usize,
    /// The gap of each label.
    labels: Vec<f64>,
}

impl Rows {
    fn new<L: Copy + Into<i64>>(logits: &Logits, labels: &[L]) -> Result<Self, MetricError> {
        let (mut gaps, mut of_labels) = (Vec::new(), Vec::new());
        for (row, class) in logits.rows().zip(logits.classes_of(labels)?) {
            let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            gaps.extend(row.iter().map(|z| z - max));
            of_labels.push(row[class] - max);
        }
        Ok(Self { gaps, classes: logits.classes(), labels: of_labels })
    }

    /// First and second derivative of the mean NLL in β = 1/T: the means of
    /// E[z] − z_label and of Var[z] under softmax(β z).
    fn slope(&self, beta: f64) -> (f64, f64) {
        let (mut first, mut second) = (0.0, 0.0);
        for (row, label) in self.gaps.chunks_exact(self.classes).zip(&self.labels) {
            let weights = || row.iter().map(|gap| (gap, (beta * gap).exp()));
            let total: f64 = weights().map(|(_, w)| w).sum();
            let mean: f64 = weights().map(|(gap, w)| w * gap).sum::<f64>() / total;
            let spread = weights().map(|(gap, w)| w * (gap - mean) * (gap - mean));
            first += mean - label;
            second += spread.sum::<f64>() / total;
        }
        let n = self.labels.len() as f64;
        (first / n, second / n)
    }

    /// Two values of log β between which the slope changes its sign.
    fn bracket(&self) -> Result<(f64, f64), MetricError> {
        let rises = |at: f64| self.slope(f64::exp(at)).0 > 0.0;
        let outwards = if rises(0.0) { -1.0 } else { 1.0 };
        let mut reach = 1.0;
        while rises(outwards * reach) == rises(0.0) {
            if reach >= FURTHEST {
                let why = "the likelihood has no greatest value at any temperature within reach";
                return Err(MetricError::NoMinimum { why });
            }
            reach *= 2.0;
        }
        let inner = if reach > 1.0 { reach / 2.0 } else { 0.0 };
        let (a, b) = (outwards * inner, outwards * reach);
        Ok((a.min(b), a.max(b)))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::Predictions;
    use super::*;

    fn of(logits: &[f64], classes: usize, labels: &[i64]) -> Result<f64, MetricError> {
        temperature(&Logits::new(logits, classes).unwrap(), labels)
    }

    #[test]
    fn two_classes_have_the_temperature_of_the_hand() {
        // Rows of logits (2, 0), three of four right: p must be 3/4, so
        // 2 / T = ln 3.
        let logits = [2.0, 0.0].repeat(4);
        let found = of(&logits, 2, &[0, 0, 0, 1]).unwrap();
        assert!((found - 2.0 / 3f64.ln()).abs() < 1e-14, "{found}");
        // The same logits as large as an exploded network's.
        for scale in [1e-30, 1e-3, 1e3, 1e30] {
            let large: Vec<f64> = logits.iter().map(|z| z * scale).collect();
            let found = of(&large, 2, &[0, 0, 0, 1]).unwrap() / scale;
            assert!((found - 2.0 / 3f64.ln()).abs() < 1e-11, "{scale}: {found}");
        }
    }

    #[test]
    fn no_other_temperature_has_a_lower_nll() {
        let logits: Vec<f64> = (0..300).map(|i| f64::from(i * 7919 % 1009) / 100.0).collect();
        let labels: Vec<i64> = (0..100).map(|i| i * 31 % 7 % 3).collect();
        let logits = Logits::new(&logits, 3).unwrap();
        let nll = |t: f64| Predictions::new(&logits.divided_by(t).unwrap(), &labels).unwrap().nll();
        let best = temperature(&logits, &labels).unwrap();
        for factor in [0.5, 0.99, 1.01, 2.0, 100.0] {
            assert!(nll(best) < nll(best * factor), "{best} and {factor} times it");
        }
    }

    #[test]
    fn where_the_likelihood_rises_for_ever_there_is_none_and_it_is_said() {
        let why = |found: Result<f64, MetricError>| found.unwrap_err().to_string();
        let right = of(&[2.0, 0.0, 0.0, 1.0], 2, &[0, 1]);
        assert!(why(right).contains("every held-out example is classified correctly"));
        let wrong = of(&[2.0, 0.0, 0.0, 1.0], 2, &[1, 0]);
        assert!(why(wrong).contains("no larger than others"));
        assert!(why(of(&[1.0; 4], 2, &[0, 1])).contains("no larger than others"));
        assert!(matches!(
            of(&[1.0, 0.0], 2, &[2]),
            Err(MetricError::LabelOutOfRange { index: 0, label: 2, classes: 2 })
        ));
    }
}
