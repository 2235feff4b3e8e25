//! What attacks climb and by what they are judged: functions of logits `[n, k]`
//! and labels `[n]` that give a value an input, `[n]`, higher the worse for the
//! defender.

use jem_core::spec::AttackLoss;
use tch::{Reduction, Tensor};

/// A loss or a score: of logits `[n, k]` and labels `[n]`, as `[n]`.
pub type LossOf<'a> = &'a dyn Fn(&Tensor, &Tensor) -> Tensor;

/// The function that `loss` names.
pub fn loss_of(loss: AttackLoss) -> LossOf<'static> {
    match loss {
        AttackLoss::CrossEntropy => &cross_entropy_of_rows,
        AttackLoss::Margin => &margin,
        AttackLoss::Dlr => &dlr,
    }
}

/// −log p(y|x) of each input.
pub fn cross_entropy_of_rows(logits: &Tensor, labels: &Tensor) -> Tensor {
    logits.cross_entropy_loss::<Tensor>(labels, None, Reduction::None, -100, 0.0)
}

/// max_{i≠y} f_i − f_y: above 0 where the label does not win.
pub fn margin(logits: &Tensor, labels: &Tensor) -> Tensor {
    let label = labels.unsqueeze(1);
    let of_label = logits.gather(1, &label, false).squeeze_dim(1);
    let others = logits.scatter_value(1, &label, f64::NEG_INFINITY);
    others.amax([1i64].as_slice(), false) - of_label
}

/// The margin over f_(1) − f_(3), the first and the third of the sorted logits
/// (Croce and Hein 2020, equation 6). With fewer than three classes there is no
/// third, and it is the margin.
pub fn dlr(logits: &Tensor, labels: &Tensor) -> Tensor {
    if logits.size()[1] < 3 {
        return margin(logits, labels);
    }
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
    }
}
