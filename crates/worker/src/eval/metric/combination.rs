//! Energy and max softmax together: two ways to make one score of them that
//! need no label of the test set.

use super::error::{MetricError, check_finite, check_len, check_orderable};
use super::logits::{Logits, others};
use super::score::Score;

/// The inverse strength C of the ridge on the slopes, scikit-learn's default:
/// C Σ log-loss + ½ ‖slopes‖².
const C: f64 = 1.0;
const MOST_STEPS: usize = 100;

/// The mean of two scores' ranks among the inputs, `[n]`, in `[1, n]`; tied
/// scores share the mean of their ranks. It needs no label, but all inputs at
/// once: an input's rank depends on the others.
///
/// # Errors
/// [`MetricError::Empty`], [`MetricError::NotANumber`] or
/// [`MetricError::ShapeMismatch`].
pub fn rank_mean(a: &[f64], b: &[f64]) -> Result<Vec<f64>, MetricError> {
    check_orderable("scores", a)?;
    check_orderable("scores", b)?;
    check_len("scores of the same inputs", a.len(), b.len())?;
    Ok(ranks(a).into_iter().zip(ranks(b)).map(|(a, b)| (a + b) / 2.0).collect())
}

fn ranks(scores: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let mut ranks = vec![0.0; scores.len()];
    let mut below = 0;
    for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let rank = below as f64 + (tied.len() + 1) as f64 / 2.0;
        tied.iter().for_each(|index| ranks[*index] = rank);
        below += tied.len();
    }
    ranks
}

/// Logistic regression of "the prediction is wrong" on the energy and on the
/// log odds ln((1 − p) / p) of the largest probability p. Log odds order
/// inputs as 1 − p does and do not saturate: max softmax alone is the case
/// where the energy has no weight.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorModel {
    mean: [f64; 2],
    sd: [f64; 2],
    /// Intercept, and slopes of the standardised features.
    weights: [f64; 3],
}

impl ErrorModel {
    /// Fits the model to `logits` `[n, k]` of held-out inputs and whether each
    /// was classified correctly, `[n]`, by Newton's method with halved steps.
    /// Features are standardised (a constant one is left at 0) and their
    /// slopes held down by a ridge, as scikit-learn does by default.
    ///
    /// # Errors
    /// [`MetricError::SingleClass`] where all or none is correct;
    /// [`MetricError::NotFinite`] for one class, whose log odds are infinite.
    pub fn fit(logits: &Logits, correct: &[bool]) -> Result<Self, MetricError> {
        check_len("predictions, one per row of logits", logits.n(), correct.len())?;
        let n = correct.len();
        let wrong = correct.iter().filter(|right| !**right).count();
        if wrong == 0 || wrong == n {
            let missing = if wrong == 0 {
                "wrong held-out predictions"
            } else {
                "right held-out predictions"
            };
            return Err(MetricError::SingleClass { missing, n });
        }
        let features = features(logits)?;
        let mean = [0, 1].map(|j| features.iter().map(|f| f[j]).sum::<f64>() / n as f64);
        let spread = |j: usize| features.iter().map(|f| (f[j] - mean[j]).powi(2)).sum::<f64>();
        let sd = [0, 1].map(|j| match (spread(j) / n as f64).sqrt() {
            sd if sd > 0.0 => sd,
            _ => 1.0,
        });
        let mut model = Self { mean, sd, weights: [0.0; 3] };
        let rows: Vec<([f64; 3], f64)> = features
            .iter()
            .zip(correct)
            .map(|(f, right)| (model.row(*f), if *right { 0.0 } else { 1.0 }))
            .collect();
        model.weights = newton(&rows);
        Ok(model)
    }

    /// The model's log odds that each input of `logits` `[n, k]` is
    /// misclassified: `[n]`, higher = less certain.
    ///
    /// # Errors
    /// [`MetricError::NotFinite`] for one class.
    pub fn scores(&self, logits: &Logits) -> Result<Vec<f64>, MetricError> {
        Ok(features(logits)?.into_iter().map(|f| dot(&self.weights, &self.row(f))).collect())
    }

    /// The slopes of energy and log odds in the units of the features, after
    /// the intercept: log odds of an error = w₀ + w₁ E + w₂ ln((1 − p) / p).
    pub fn weights(&self) -> [f64; 3] {
        let [w0, w1, w2] = self.weights;
        let (a, b) = (w1 / self.sd[0], w2 / self.sd[1]);
        [w0 - a * self.mean[0] - b * self.mean[1], a, b]
    }

    fn row(&self, features: [f64; 2]) -> [f64; 3] {
        let scaled = |j: usize| (features[j] - self.mean[j]) / self.sd[j];
        [1.0, scaled(0), scaled(1)]
    }
}

/// Energy and log odds of an error of each row.
fn features(logits: &Logits) -> Result<Vec<[f64; 2]>, MetricError> {
    let found: Vec<[f64; 2]> =
        logits.rows().map(|row| [Score::Energy.of_row(row), log_odds(row)]).collect();
    let odds: Vec<f64> = found.iter().map(|f| f[1]).collect();
    check_finite("log odds of max softmax", &odds)?;
    Ok(found)
}

/// ln((1 − p) / p) for the largest probability p: the logsumexp of the other
/// classes' logits less the largest, exact where 1 − p is far below 1.
fn log_odds(row: &[f64]) -> f64 {
    let mut argmax = 0;
    for (j, z) in row.iter().enumerate() {
        if *z > row[argmax] {
            argmax = j;
        }
    }
    let second = others(row, argmax).fold(f64::NEG_INFINITY, f64::max);
    let rest: f64 = others(row, argmax).map(|z| (z - second).exp()).sum();
    second - row[argmax] + rest.ln()
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The weights with the least penalised loss; it is strictly convex.
fn newton(rows: &[([f64; 3], f64)]) -> [f64; 3] {
    let mut weights = [0.0; 3];
    let mut loss = penalised(rows, &weights);
    for _ in 0..MOST_STEPS {
        let (gradient, hessian) = derivatives(rows, &weights);
        let Some(step) = solve(hessian, gradient) else { break };
        let mut share = 1.0;
        let found = loop {
            let next = [0, 1, 2].map(|i| weights[i] - share * step[i]);
            let value = penalised(rows, &next);
            if value <= loss || share < 1e-9 {
                break (value <= loss).then_some((next, value));
            }
            share /= 2.0;
        };
        let Some((next, value)) = found else { break };
        let moved = (0..3).map(|i| (next[i] - weights[i]).abs()).fold(0.0, f64::max);
        (weights, loss) = (next, value);
        if moved < 1e-13 {
            break;
        }
    }
    weights
}

fn penalised(rows: &[([f64; 3], f64)], weights: &[f64; 3]) -> f64 {
    let log_loss = |(row, wrong): &([f64; 3], f64)| {
        let z = dot(weights, row);
        // ln(1 + e^z) − wrong · z
        z.max(0.0) + (-z.abs()).exp().ln_1p() - wrong * z
    };
    let ridge = weights[1] * weights[1] + weights[2] * weights[2];
    C * rows.iter().map(log_loss).sum::<f64>() + ridge / 2.0
}

fn derivatives(rows: &[([f64; 3], f64)], weights: &[f64; 3]) -> ([f64; 3], [[f64; 3]; 3]) {
    let mut gradient = [0.0, weights[1], weights[2]];
    let mut hessian = [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for (row, wrong) in rows {
        let p = 1.0 / (1.0 + (-dot(weights, row)).exp());
        for i in 0..3 {
            gradient[i] += C * (p - wrong) * row[i];
            for j in 0..3 {
                hessian[i][j] += C * p * (1.0 - p) * row[i] * row[j];
            }
        }
    }
    (gradient, hessian)
}

/// x of a x = b by Cramer's rule; none where a is singular.
fn solve(a: [[f64; 3]; 3], b: [f64; 3]) -> Option<[f64; 3]> {
    let determinant = |m: &[[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
            - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = determinant(&a);
    let with = |column: usize| {
        let mut m = a;
        (0..3).for_each(|row| m[row][column] = b[row]);
        determinant(&m) / whole
    };
    let x = [0, 1, 2].map(with);
    x.iter().all(|x| x.is_finite()).then_some(x)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_shared_by_ties_and_do_not_depend_on_the_order() {
        let found = rank_mean(&[0.3, 0.1, 0.3, 9.0], &[1.0, 2.0, 3.0, 4.0]).unwrap();
        // Ranks 2.5 1 2.5 4 and 1 2 3 4.
        assert_eq!(found, [1.75, 1.5, 2.75, 4.0]);
        assert_eq!(rank_mean(&[0.0, -0.0], &[1.0, 1.0]).unwrap(), [1.5, 1.5]);
        assert!(rank_mean(&[1.0], &[1.0, 2.0]).is_err());
        assert!(rank_mean(&[f64::NAN], &[1.0]).is_err());
    }

    #[test]
    fn the_log_odds_are_those_of_the_hand_and_do_not_saturate() {
        let p = [0.7f64, 0.2, 0.1].map(f64::ln);
        assert!((log_odds(&p) - (0.3f64 / 0.7).ln()).abs() < 1e-14);
        assert_eq!(log_odds(&[2000.0, 0.0]), -2000.0);
        assert_eq!(log_odds(&[3.0, 3.0]), 0.0);
    }

    #[test]
    fn where_only_max_softmax_tells_errors_the_energy_gets_hardly_any_weight() {
        // A shift of all logits moves the energy alone.
        let (mut logits, mut correct) = (Vec::new(), Vec::new());
        for i in 0..400 {
            let shift = f64::from(i * 37 % 21) - 10.0;
            let gap = if i % 2 == 0 { 3.0 } else { 0.5 };
            logits.extend([shift + gap, shift]);
            correct.push(i % 2 == 0 || i % 3 == 0);
        }
        let logits = Logits::new(&logits, 2).unwrap();
        let model = ErrorModel::fit(&logits, &correct).unwrap();
        let [_, energy, odds] = model.weights();
        assert!(odds > 0.5 && energy.abs() < 0.05 * odds, "{energy} and {odds}");
        // The scores are the same sum in other units.
        let [w0, w1, w2] = model.weights();
        let row = logits.rows().next().unwrap();
        let by_hand = w0 + w1 * Score::Energy.of_row(row) + w2 * log_odds(row);
        assert!((model.scores(&logits).unwrap()[0] - by_hand).abs() < 1e-9);
    }

    #[test]
    fn without_an_error_there_is_nothing_to_fit() {
        let logits = Logits::new(&[1.0, 0.0, 2.0, 0.0], 2).unwrap();
        let said = ErrorModel::fit(&logits, &[true, true]).unwrap_err().to_string();
        assert!(said.contains("no wrong held-out predictions among 2"), "{said}");
    }
}
