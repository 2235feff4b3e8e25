//! What a classifier's logits f(x) mean as energies (Grathwohl et al. 2020,
//! equations 4–7), for any network.

use tch::{Kind, Tensor};

/// E(x) = −logsumexp_y f(x)_y of `logits` `[n, k]`, as `[n]`; the model's
/// unnormalised log p(x) is its negative.
pub fn energy(logits: &Tensor) -> Tensor {
    -logits.logsumexp([1i64].as_slice(), false)
}

/// E(x, y) = −f(x)_y of `logits` `[n, k]` and classes `labels` `[n]`, as `[n]`.
pub fn energy_of_class(logits: &Tensor, labels: &Tensor) -> Tensor {
    -logits.gather(1, &labels.unsqueeze(1), false).squeeze_dim(1)
}

/// p(y|x) = softmax f(x) of `logits` `[n, k]`, as `[n, k]`.
pub fn class_probabilities(logits: &Tensor) -> Tensor {
    logits.softmax(1, Kind::Float)
}

/// The out-of-distribution score of `logits` `[n, k]`, as `[n]`: the energy,
/// higher for inputs less like the training data.
pub fn ood_score(logits: &Tensor) -> Tensor {
    energy(logits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energies_of_two_classes_are_those_of_the_hand() {
        let logits = Tensor::from_slice2(&[[0f32, 0.0], [2.0, 2.0 + 3f32.ln()]]);
        let e = energy(&logits);
        // logsumexp(0, 0) = ln 2; logsumexp(2, 2 + ln 3) = 2 + ln 4.
        assert!((e.double_value(&[0]) + 2f64.ln()).abs() < 1e-6);
        assert!((e.double_value(&[1]) + 2.0 + 4f64.ln()).abs() < 1e-6);
        let joint = energy_of_class(&logits, &Tensor::from_slice(&[1i64, 0]));
        assert_eq!(joint.double_value(&[1]), -2.0);
        let p = class_probabilities(&logits);
        assert!((p.double_value(&[1, 1]) - 0.75).abs() < 1e-6);
    }

    #[test]
    fn the_joint_is_the_marginal_times_the_conditional() {
        // −E(x, y) = −E(x) + log p(y|x)
        let logits = Tensor::from_slice2(&[[1f32, -2.0, 0.5]]);
        let label = Tensor::from_slice(&[2i64]);
        let joint = -energy_of_class(&logits, &label).double_value(&[0]);
        let marginal = -energy(&logits).double_value(&[0]);
        let conditional = class_probabilities(&logits).double_value(&[0, 2]).ln();
        assert!((joint - marginal - conditional).abs() < 1e-6);
    }
}
