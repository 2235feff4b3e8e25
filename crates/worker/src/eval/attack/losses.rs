//! What attacks climb and by what they are judged: functions of logits `[n, k]`
//! and labels `[n]` that give a value an input, `[n]`, higher the worse for the
//! defender.

use jem_core::spec::AttackLoss;
use tch::{Reduction, Tensor};

/// A loss or a score: of logits `[n, k]` and labels `[n]`, as `[n]`.
pub type LossOf<'a> = &'a dyn Fn(&Tensor, &Tensor) -> Tensor;

/// What an attack climbs.
#[derive(Clone, Copy)]
pub struct Loss<'a> {
    /// What is told of it.
    pub told: LossOf<'a>,
    /// What gradients are taken of: of each input in the direction of `told`'s.
    pub climbed: LossOf<'a>,
}

/// The functions that `loss` names.
pub fn loss_of(loss: AttackLoss) -> Loss<'static> {
    match loss {
        AttackLoss::CrossEntropy => Loss { told: &cross_entropy_of_rows, climbed: &log_odds },
        AttackLoss::Margin => Loss { told: &margin, climbed: &margin },
        AttackLoss::Dlr => Loss { told: &dlr, climbed: &dlr },
    }
}

/// −log p(y|x) of each input.
pub fn cross_entropy_of_rows(logits: &Tensor, labels: &Tensor) -> Tensor {
    logits.cross_entropy_loss::<Tensor>(labels, None, Reduction::None, -100, 0.0)
}

/// log(1 − p(y|x)) − log p(y|x) = log Σ_{i≠y} exp f_i − f_y. The cross-entropy
/// is softplus of it, which has the same direction of steepest ascent; but its
/// own slope p(y|x) − 1 by f_y is 0 in single precision once the label leads by
/// 17, and an attack on a confident network then sees no gradient where there
/// is one.
pub fn log_odds(logits: &Tensor, labels: &Tensor) -> Tensor {
    let label = labels.unsqueeze(1);
    let of_label = logits.gather(1, &label, false).squeeze_dim(1);
    let others = logits.scatter_value(1, &label, f64::NEG_INFINITY);
    others.logsumexp([1i64].as_slice(), false) - of_label
}

/// max_{i≠y} f_i − f_y: above 0 where the label does not win.
pub fn margin(logits: &Tensor, labels: &Tensor) -> Tensor {
    let label = labels.unsqueeze(1);
    let of_label = logits.gather(1, &label, false).squeeze_dim(1);
    let others = logits.scatter_value(1, &label, f64::NEG_INFINITY);
    others.amax([1i64].as_slice(), false) - of_label
}

/// The margin over f_(1) − f_(3), the first and the third of the sorted logits
/// (Croce and Hein 2020, equation 6). Of three classes or more: a plan that asks
/// for it with fewer is refused.
pub fn dlr(logits: &Tensor, labels: &Tensor) -> Tensor {
    let (top, _) = logits.topk(3, 1, true, true);
    margin(logits, labels) / (top.select(1, 0) - top.select(1, 2) + 1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::attack::victim::host;

    #[test]
    fn losses_of_three_logits_are_those_of_the_hand() {
        let logits = Tensor::from_slice2(&[[4f32, 1.0, 2.0], [4.0, 1.0, 2.0]]);
        let labels = Tensor::from_slice(&[0i64, 1]);
        assert_eq!(host(&margin(&logits, &labels)), [-2.0, 3.0]);
        let dlr = host(&dlr(&logits, &labels));
        assert!((dlr[0] + 2.0 / 3.0).abs() < 1e-6 && (dlr[1] - 1.0).abs() < 1e-6);
        let sum = (4f64.exp() + 1f64.exp() + 2f64.exp()).ln();
        let ce = host(&cross_entropy_of_rows(&logits, &labels));
        assert!((ce[0] - (sum - 4.0)).abs() < 1e-6 && (ce[1] - (sum - 1.0)).abs() < 1e-6);
        let odds = host(&log_odds(&logits, &labels));
        for (odds, ce) in odds.iter().zip(&ce) {
            assert!((odds.exp().ln_1p() - ce).abs() < 1e-6, "{odds} {ce}");
        }
    }

    #[test]
    fn a_confident_label_still_has_a_slope() {
        let at = |gap: f32, loss: LossOf<'_>| {
            let logits = Tensor::from_slice2(&[[gap, 0.0, -1.0]]).set_requires_grad(true);
            let value = loss(&logits, &Tensor::from_slice(&[0i64])).sum(tch::Kind::Float);
            let slope = Tensor::run_backward(&[value], &[&logits], false, false).remove(0);
            crate::eval::host(&slope)
        };
        // By hand: −1 for the label, the softmax of the others for them.
        let others = 1.0 / (1.0 + (-1f64).exp());
        for gap in [0.0, 20.0, 500.0] {
            let slope = at(gap, loss_of(AttackLoss::CrossEntropy).climbed);
            for (found, expected) in slope.iter().zip([-1.0, others, 1.0 - others]) {
                assert!((found - expected).abs() < 1e-6, "{gap}: {slope:?}");
            }
        }
        assert_eq!(at(20.0, &cross_entropy_of_rows)[0], 0.0);
    }
}
