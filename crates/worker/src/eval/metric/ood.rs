//! How well a score tells out-of-distribution (OOD) from in-distribution (ID) inputs.

use super::error::{MetricError, check_orderable};
use super::ranking::Ranking;

/// How well one score tells one OOD set from the ID set.
///
/// Average precision depends on the base rate, so the sizes are part of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// The chance that an OOD input scores above an ID input, a tie counting as
    /// half, in `[0, 1]`; 0.5 is no better than chance.
    pub auroc: f64,
    /// Average precision with ID as the positive class and the score negated.
    /// Chance level `n_id / (n_id + n_ood)`.
    pub aupr_in: f64,
    /// Average precision with OOD as the positive class. Chance level
    /// `n_ood / (n_id + n_ood)`.
    pub aupr_out: f64,
    /// The share of OOD inputs accepted when at least 95 % of ID inputs are
    /// (ID positive: Liu et al. 2020).
    pub fpr95_id_positive: f64,
    /// The share of ID inputs flagged when at least 95 % of OOD inputs are (OOD
    /// positive: OpenOOD v1.5, Zhang et al. 2023).
    pub fpr95_ood_positive: f64,
    /// How many ID inputs were scored.
    pub n_id: usize,
    /// How many OOD inputs were scored.
    pub n_ood: usize,
}

/// Detection of `ood` against `id` by a score that is higher for OOD.
///
/// Average precision is `Σ (R_i - R_{i-1}) P_i` over the distinct scores, not
/// interpolated. The threshold of both FPR95 is the first whose recall reaches
/// .95 coming from the positives' end, and tied inputs fall on the same side.
/// Infinite scores are accepted and take their place at the ends.
///
/// # Errors
/// [`MetricError::Empty`] if either group is, [`MetricError::NotANumber`]
/// naming the first NaN.
pub fn detection<S: Copy + Into<f64>>(id: &[S], ood: &[S]) -> Result<Detection, MetricError> {
    check_orderable("in-distribution scores", id)?;
    check_orderable("out-of-distribution scores", ood)?;
    let scored = |scores: &[S], is_ood| -> Vec<(f64, bool)> {
        scores.iter().map(|&s| (s.into(), is_ood)).collect()
    };
    let ood_positive = Ranking::new(scored(id, false).into_iter().chain(scored(ood, true)));
    let id_positive = ood_positive.swapped();
    Ok(Detection {
        auroc: ood_positive.auroc(),
        aupr_in: id_positive.average_precision(),
        aupr_out: ood_positive.average_precision(),
        fpr95_id_positive: id_positive.fpr_at_95_recall(),
        fpr95_ood_positive: ood_positive.fpr_at_95_recall(),
        n_id: id.len(),
        n_ood: ood.len(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn four_inputs_computed_by_hand() {
        // From the top: ood 4, id 3, ood 2, id 1.
        let d = detection(&[1.0, 3.0], &[4.0, 2.0]).unwrap();
        assert_eq!(d.auroc, 0.75);
        assert_eq!(d.aupr_out, (1.0 + 2.0 / 3.0) / 2.0);
        assert_eq!(d.aupr_in, (1.0 + 2.0 / 3.0) / 2.0);
        // All ID are accepted up to 3, and with them the OOD input at 2.
        assert_eq!(d.fpr95_id_positive, 0.5);
        // All OOD are flagged from 2 up, and with them the ID input at 3.
        assert_eq!(d.fpr95_ood_positive, 0.5);
        assert_eq!((d.n_id, d.n_ood), (2, 2));
    }

    #[test]
    fn the_two_fpr95_differ() {
        let id: Vec<f64> = (0..100).map(f64::from).collect();
        // Half of the OOD inputs lie below every ID input, half above.
        let ood = [-1.0, -1.0, 200.0, 200.0];
        let d = detection(&id, &ood).unwrap();
        assert_eq!(d.fpr95_id_positive, 0.5);
        assert_eq!(d.fpr95_ood_positive, 1.0);
    }

    #[test]
    fn a_recall_of_exactly_95_percent_is_enough() {
        // 19 of 20 OOD inputs lie above all ID inputs, one below.
        let mut ood = vec![10.0; 19];
        ood.push(-10.0);
        assert_eq!(detection(&[0.0], &ood).unwrap().fpr95_ood_positive, 0.0);
        ood.push(-10.0);
        assert_eq!(detection(&[0.0], &ood).unwrap().fpr95_ood_positive, 1.0);
    }

    #[test]
    fn separated_and_inverted_scores_are_the_extremes() {
        let (low, high) = ([0.0f32, 1.0], [2.0f32, 3.0, 4.0]);
        let best = detection(&low, &high).unwrap();
        assert_eq!((best.auroc, best.aupr_in, best.aupr_out), (1.0, 1.0, 1.0));
        assert_eq!((best.fpr95_id_positive, best.fpr95_ood_positive), (0.0, 0.0));
        let worst = detection(&high, &low).unwrap();
        assert_eq!(worst.auroc, 0.0);
        assert_eq!((worst.fpr95_id_positive, worst.fpr95_ood_positive), (1.0, 1.0));
    }

    #[test]
    fn a_constant_score_is_chance() {
        let d = detection(&[7.0; 3], &[7.0; 5]).unwrap();
        assert_eq!(d.auroc, 0.5);
        assert_eq!((d.aupr_in, d.aupr_out), (3.0 / 8.0, 5.0 / 8.0));
        assert_eq!((d.fpr95_id_positive, d.fpr95_ood_positive), (1.0, 1.0));
    }

    #[test]
    fn the_order_of_the_inputs_does_not_matter() {
        let (id, ood) = ([1.0, 2.0, 2.0, 0.5], [2.0, 1.0, 3.0]);
        let (id_again, ood_again) = ([2.0, 0.5, 2.0, 1.0], [3.0, 2.0, 1.0]);
        assert_eq!(detection(&id, &ood), detection(&id_again, &ood_again));
    }

    #[test]
    fn infinite_scores_are_ordered_and_nan_is_refused() {
        let d = detection(&[f64::NEG_INFINITY, 0.0], &[f64::INFINITY, 0.0]).unwrap();
        assert_eq!(d.auroc, 0.875);
        assert_eq!(
            detection(&[0.0, 1.0], &[0.0, 1.0, f64::NAN]),
            Err(MetricError::NotANumber { what: "out-of-distribution scores", index: 2 })
        );
    }

    #[test]
    fn an_empty_group_is_an_error() {
        assert_eq!(
            detection(&[], &[1.0]),
            Err(MetricError::Empty { what: "in-distribution scores" })
        );
        assert_eq!(
            detection(&[1.0], &[]),
            Err(MetricError::Empty { what: "out-of-distribution scores" })
        );
    }
}
