//! The loss: w CE(f(x), y) + λ (mean E(x⁺) − mean E(x⁻))
//! + λ_joint (mean E(x⁺, y) − mean E(x⁻, y)) + α (squares of the energies)
//! + β mean E(x⁺)².
//!
//! The gradient of the second term is that of −log p(x⁺) (Grathwohl et al.
//! 2020, equation 2), that of the third that of −log p(x⁺, y). The fourth, of
//! weight α, is mean E⁺² + mean E⁻² for each of the two that is there: it
//! keeps energies near zero (Du and Mordatch 2019). α is `energy_l2`, or κ
//! times the weight of the contrastive term that the squares stand beside. The
//! last is of the training images alone and acts where no contrastive term
//! does: it shows what that regularisation does without any samples.

use jem_core::spec::Objective;
use tch::{Reduction, Tensor};

/// Energies of the data and of the samples, `[n]` each.
pub struct Energies {
    /// Of the batch of data, x⁺.
    pub data: Tensor,
    /// Of the samples, x⁻.
    pub samples: Tensor,
}

/// The loss and its parts, scalars.
pub struct Terms {
    /// What is minimised.
    pub loss: Tensor,
    /// The cross-entropy in nats.
    pub ce: Tensor,
    /// mean E(x⁺) and mean E(x⁻); none where λ = 0.
    pub marginal: Option<(Tensor, Tensor)>,
    /// mean E(x⁺, y) and mean E(x⁻, y); none where λ_joint = 0.
    pub joint: Option<(Tensor, Tensor)>,
}

/// Mean cross-entropy in nats of `logits` `[n, k]` and `labels` `[n]`.
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Tensor {
    smoothed_cross_entropy(logits, labels, 0.0)
}

/// The same against labels of which `smoothing` is spread over all classes
/// alike (Szegedy et al. 2016): (1 − s) CE − s/k Σ_y log p(y|x).
pub fn smoothed_cross_entropy(logits: &Tensor, labels: &Tensor, smoothing: f64) -> Tensor {
    logits.cross_entropy_loss::<Tensor>(labels, None, Reduction::Mean, -100, smoothing)
}

/// The mean, in the precision of `values`.
pub(super) fn mean(values: &Tensor) -> Tensor {
    values.mean(values.kind())
}

/// The loss from its cross-entropy and the energies of the terms that are
/// there: those of p(x), E(x), and those of p(x, y), E(x, y). `data` holds
/// E(x⁺) `[n]` of training images, for the term of weight β; none where that
/// term does not act.
pub fn terms(
    objective: &Objective,
    ce: Tensor,
    marginal: Option<Energies>,
    joint: Option<Energies>,
    data: Option<&Tensor>,
) -> Terms {
    let mut loss = match objective.cross_entropy {
        None => ce.shallow_clone(),
        // Not 0 · CE: an infinite one would still be seen.
        Some(0.0) => ce.zeros_like(),
        Some(weight) => &ce * weight,
    };
    let mut contrast = |energies: Energies, weight: f64| {
        let Energies { data, samples } = energies;
        let (mean_data, mean_samples) = (mean(&data), mean(&samples));
        loss = &loss + (&mean_data - &mean_samples) * weight;
        let alpha = objective.energy_l2_of(weight);
        if alpha > 0.0 {
            let squares = mean(&data.square()) + mean(&samples.square());
            loss += squares * alpha;
        }
        (mean_data, mean_samples)
    };
    let marginal = marginal.map(|energies| contrast(energies, objective.lambda));
    let joint = joint.map(|energies| contrast(energies, objective.joint()));
    let beta = objective.energy_l2_on_data();
    if let Some(data) = data.filter(|_| beta > 0.0) {
        loss = &loss + mean(&data.square()) * beta;
    }
    Terms { loss, ce, marginal, joint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_is_the_sum_that_the_hand_gives() {
        // E = (1, 3) on data and (2, 6) on samples: means 2 and 4, mean
        // squares 5 and 20. CE = 0.5, λ = 2, α = 0.1:
        // 0.5 + 2 (2 − 4) + 0.1 · 25 = −1.
        let energies = Energies {
            data: Tensor::from_slice(&[1f32, 3.0]),
            samples: Tensor::from_slice(&[2f32, 6.0]),
        };
        let objective = Objective { lambda: 2.0, energy_l2: 0.1, ..Objective::default() };
        let terms = terms(&objective, Tensor::from(0.5f32), Some(energies), None, None);
        assert!((terms.loss.double_value(&[]) + 1.0).abs() < 1e-6);
    }

    #[test]
    fn each_term_has_its_own_weight() {
        let energies = |data: f32, samples: f32| {
            let [data, samples] = [data, samples].map(|e| Tensor::from_slice(&[e]));
            Some(Energies { data, samples })
        };
        // 3 · 0.5 + 2 (1 − 4) + 10 (2 − 1.5) + 0.1 (1 + 16 + 4 + 2.25).
        let objective = Objective {
            lambda: 2.0,
            energy_l2: 0.1,
            cross_entropy: Some(3.0),
            lambda_joint: Some(10.0),
            ..Objective::default()
        };
        let ce = || Tensor::from(0.5f32);
        let all = terms(&objective, ce(), energies(1.0, 4.0), energies(2.0, 1.5), None);
        assert!((all.loss.double_value(&[]) - 2.825).abs() < 1e-5);
        let objective = Objective { cross_entropy: Some(0.0), energy_l2: 0.0, ..objective };
        let infinite = Tensor::from(f32::INFINITY);
        let joint = terms(&objective, infinite, None, energies(2.0, 1.5), None);
        assert!((joint.loss.double_value(&[]) - 5.0).abs() < 1e-6);
        assert!(joint.ce.double_value(&[]).is_infinite() && joint.marginal.is_none());
    }

    #[test]
    fn a_smoothed_label_is_the_mixture_of_the_hand() {
        // p = (1/4, 3/4), label 1, s = 0.2: −0.9 ln(3/4) − 0.1 ln(1/4).
        let logits = Tensor::from_slice2(&[[0f32, 3f32.ln()]]);
        let ce = smoothed_cross_entropy(&logits, &Tensor::from_slice(&[1i64]), 0.2);
        let expected = -0.9 * 0.75f64.ln() - 0.1 * 0.25f64.ln();
        assert!((ce.double_value(&[]) - expected).abs() < 1e-6);
    }

    #[test]
    fn without_samples_the_loss_is_the_cross_entropy() {
        let objective = Objective { lambda: 0.0, energy_l2: 0.3, ..Objective::default() };
        let terms = terms(&objective, Tensor::from(0.25f32), None, None, None);
        assert_eq!(terms.loss.double_value(&[]), 0.25);
    }

    #[test]
    fn a_ratio_weighs_the_squares_of_each_term_by_that_term_s_weight() {
        let energies = |data: f32, samples: f32| {
            let [data, samples] = [data, samples].map(|e| Tensor::from_slice(&[e]));
            Some(Energies { data, samples })
        };
        // 0.5 + 2 (1 − 4) + 10 (2 − 1.5) + 0.3 · 2 (1 + 16) + 0.3 · 10 (4 + 2.25).
        let objective = Objective {
            lambda: 2.0,
            lambda_joint: Some(10.0),
            energy_l2_ratio: Some(0.3),
            ..Objective::default()
        };
        let ce = Tensor::from(0.5f32);
        let all = terms(&objective, ce, energies(1.0, 4.0), energies(2.0, 1.5), None);
        assert!((all.loss.double_value(&[]) - 28.45).abs() < 1e-5);
    }

    #[test]
    fn squares_of_training_images_weigh_without_samples_too() {
        // E = (1, 3): 0.5 + 0.2 · 5; and with samples the other terms beside it.
        let objective =
            Objective { energy_l2_data: Some(0.2), energy_l2: 0.1, ..Objective::default() };
        let data = Tensor::from_slice(&[1f32, 3.0]);
        let ce = || Tensor::from(0.5f32);
        let alone = terms(&objective, ce(), None, None, Some(&data));
        assert!((alone.loss.double_value(&[]) - 1.5).abs() < 1e-6);
        let objective = Objective { lambda: 2.0, ..objective };
        let energies =
            Energies { data: data.shallow_clone(), samples: Tensor::from_slice(&[2f32, 6.0]) };
        // 0.5 + 2 (2 − 4) + 0.1 · 25 + 0.2 · 5.
        let both = terms(&objective, ce(), Some(energies), None, Some(&data));
        assert!(both.loss.double_value(&[]).abs() < 1e-6);
    }
}
