//! Whether a score knows which predictions are wrong: error detection and the
//! risk–coverage curve.

use super::error::{MetricError, check_len, check_orderable};
use super::ranking::Ranking;

/// AUROC of `scores` `[n]`, higher = less certain, for finding the wrong
/// predictions among `correct` `[n]`: the chance that a wrong one scores above
/// a right one, a tie counting as half. Infinite scores are accepted.
///
/// # Errors
/// [`MetricError::SingleClass`] if all predictions are right or all wrong;
/// otherwise as [`aurc`].
pub fn error_auroc<S: Copy + Into<f64>>(
    scores: &[S],
    correct: &[bool],
) -> Result<f64, MetricError> {
    let ranking = errors_ranked(scores, correct)?;
    let n = scores.len();
    if ranking.positives == 0 {
        let missing = "wrong predictions";
        return Err(MetricError::SingleClass { missing, n });
    }
    if ranking.negatives == 0 {
        let missing = "right predictions";
        return Err(MetricError::SingleClass { missing, n });
    }
    Ok(ranking.auroc())
}

/// Area under the risk–coverage curve of `scores` `[n]`, higher = less certain,
/// over `correct` `[n]`: in `[0, 1]`, lower is better (Geifman et al. 2019).
///
/// The convention: inputs are accepted from the lowest score up; the area is
/// the mean over the coverages `1/n, 2/n, …, n/n` of the selective risk, the
/// share of errors among those accepted. Where a coverage falls within tied
/// scores, the risk is its mean over every order of the tied inputs. Defined
/// without errors too (0). Infinite scores are accepted.
///
/// # Errors
/// [`MetricError::Empty`] without inputs, [`MetricError::ShapeMismatch`] unless
/// there is one score per prediction, [`MetricError::NotANumber`] naming the
/// first NaN.
pub fn aurc<S: Copy + Into<f64>>(scores: &[S], correct: &[bool]) -> Result<f64, MetricError> {
    Ok(area(&errors_ranked(scores, correct)?))
}

/// [`aurc`] less what the best possible order of the same predictions, all
/// errors last, would have (E-AURC of Geifman et al. 2019, with the optimum as
/// the exact sum and not its large-`n` limit). At least 0 up to rounding.
///
/// # Errors
/// As [`aurc`].
pub fn excess_aurc<S: Copy + Into<f64>>(
    scores: &[S],
    correct: &[bool],
) -> Result<f64, MetricError> {
    let ranking = errors_ranked(scores, correct)?;
    let last_errors = |(index, _): (usize, &bool)| {
        let wrong = index as u64 >= ranking.negatives;
        (index as f64, wrong)
    };
    let optimum = Ranking::new(correct.iter().enumerate().map(last_errors));
    Ok(area(&ranking) - area(&optimum))
}

/// A point of a risk–coverage curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiskPoint {
    /// Inputs answered, those with the lowest scores; at least 1.
    pub answered: usize,
    /// The share of errors among them, its mean over every order of tied
    /// inputs.
    pub risk: f64,
}

/// The risk–coverage curve of `scores` `[n]`, higher = less certain, over
/// `correct` `[n]`, at no more than `points` coverages: ⌈n k / points⌉ of the
/// inputs for k = 1 … points, each once; the last is all of them. Every point
/// is exact ([`aurc`] is the mean over all n).
///
/// # Errors
/// As [`aurc`].
pub fn risk_curve<S: Copy + Into<f64>>(
    scores: &[S],
    correct: &[bool],
    points: usize,
) -> Result<Vec<RiskPoint>, MetricError> {
    let risks = risks(&errors_ranked(scores, correct)?);
    let mut answered: Vec<usize> =
        (1..=points).map(|k| (risks.len() * k).div_ceil(points)).collect();
    answered.dedup();
    let point = |answered: usize| RiskPoint { answered, risk: risks[answered - 1] };
    Ok(answered.into_iter().map(point).collect())
}

/// The error rate among the ⌈n · percent / 100⌉ inputs with the lowest scores,
/// for a percentage of 1 to 100.
///
/// # Errors
/// As [`aurc`].
pub fn selective_risk<S: Copy + Into<f64>>(
    scores: &[S],
    correct: &[bool],
    percent: usize,
) -> Result<f64, MetricError> {
    let risks = risks(&errors_ranked(scores, correct)?);
    let answered = (risks.len() * percent).div_ceil(100).clamp(1, risks.len());
    Ok(risks[answered - 1])
}

/// The predictions in the order of `scores`, errors as positives.
fn errors_ranked<S: Copy + Into<f64>>(
    scores: &[S],
    correct: &[bool],
) -> Result<Ranking, MetricError> {
    check_len("scores, one per prediction", correct.len(), scores.len())?;
    check_orderable("scores", scores)?;
    let scored = scores.iter().zip(correct);
    Ok(Ranking::new(scored.map(|(&s, right)| (s.into(), !right))))
}

/// The mean selective risk over all coverages.
fn area(ranking: &Ranking) -> f64 {
    let risks = risks(ranking);
    risks.iter().sum::<f64>() / risks.len() as f64
}

/// The selective risk at every coverage 1/n, 2/n, …, 1.
fn risks(ranking: &Ranking) -> Vec<f64> {
    let (mut accepted, mut errors, mut risks) = (0, 0, Vec::new());
    for tie in &ranking.ties {
        let size = tie.positives + tie.negatives;
        let error_rate = tie.positives as f64 / size as f64;
        for i in 1..=size {
            risks.push((errors as f64 + error_rate * i as f64) / (accepted + i) as f64);
        }
        accepted += size;
        errors += tie.positives;
    }
    risks
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-15, "{found} is not {expected}");
    }

    #[test]
    fn four_predictions_computed_by_hand() {
        let scores = [0.1, 0.2, 0.3, 0.4];
        let correct = [true, false, true, false];
        // Of the pairs (wrong, right) only (0.2, 0.3) is the wrong way round.
        assert_eq!(error_auroc(&scores, &correct).unwrap(), 0.75);
        let area = (0.0 + 1.0 / 2.0 + 1.0 / 3.0 + 2.0 / 4.0) / 4.0;
        close(aurc(&scores, &correct).unwrap(), area);
        let optimum = (0.0 + 0.0 + 1.0 / 3.0 + 2.0 / 4.0) / 4.0;
        close(excess_aurc(&scores, &correct).unwrap(), area - optimum);
    }

    #[test]
    fn tied_scores_give_the_mean_over_their_orders() {
        let both = [false, true];
        // Wrong first: (1 + 1/2) / 2. Right first: (0 + 1/2) / 2.
        close(aurc(&[5.0, 5.0], &both).unwrap(), 0.5);
        close(aurc(&[5.0, 5.0], &[true, false]).unwrap(), 0.5);
        close(error_auroc(&[5.0, 5.0], &both).unwrap(), 0.5);
    }

    #[test]
    fn points_of_the_curve_are_those_of_the_hand() {
        let scores = [0.1, 0.2, 0.3, 0.3, 0.5];
        let correct = [true, false, true, false, true];
        let curve = |points| -> Vec<(usize, f64)> {
            let found = risk_curve(&scores, &correct, points).unwrap();
            found.iter().map(|point| (point.answered, point.risk)).collect()
        };
        // The third of two tied inputs is wrong with probability 1/2.
        let all = [(1, 0.0), (2, 0.5), (3, 0.5), (4, 0.5), (5, 0.4)];
        assert_eq!(curve(5), all);
        assert_eq!(curve(200), all);
        assert_eq!(curve(2), [(3, 0.5), (5, 0.4)]);
        let mean = all.iter().map(|point| point.1).sum::<f64>() / 5.0;
        close(aurc(&scores, &correct).unwrap(), mean);
        close(selective_risk(&scores, &correct, 80).unwrap(), 0.5);
        close(selective_risk(&scores, &correct, 1).unwrap(), 0.0);
        close(selective_risk(&scores, &correct, 100).unwrap(), 0.4);
    }

    #[test]
    fn the_best_order_has_no_excess() {
        let correct = [true, true, false, true, false];
        let scores = [0.0, 1.0, 8.0, 2.0, 9.0];
        close(excess_aurc(&scores, &correct).unwrap(), 0.0);
    }

    #[test]
    fn without_errors_the_area_is_zero_and_detection_undefined() {
        assert_eq!(aurc(&[1.0, 2.0], &[true, true]).unwrap(), 0.0);
        assert_eq!(aurc(&[1.0, 2.0], &[false, false]).unwrap(), 1.0);
        assert_eq!(
            error_auroc(&[1.0, 2.0], &[true, true]),
            Err(MetricError::SingleClass { missing: "wrong predictions", n: 2 })
        );
        assert_eq!(
            error_auroc(&[1.0, 2.0], &[false, false]),
            Err(MetricError::SingleClass { missing: "right predictions", n: 2 })
        );
    }

    #[test]
    fn infinite_scores_are_ordered_and_nan_is_refused() {
        let scores = [f64::NEG_INFINITY, f64::INFINITY];
        assert_eq!(error_auroc(&scores, &[true, false]).unwrap(), 1.0);
        assert_eq!(
            aurc(&[0.0, f64::NAN], &[true, false]),
            Err(MetricError::NotANumber { what: "scores", index: 1 })
        );
    }

    #[test]
    fn no_input_and_unequal_lengths_are_errors() {
        let none: [f64; 0] = [];
        assert_eq!(aurc(&none, &[]), Err(MetricError::Empty { what: "scores" }));
        assert!(matches!(
            error_auroc(&[1.0], &[true, false]),
            Err(MetricError::ShapeMismatch { expected: 2, found: 1, .. })
        ));
    }
}
