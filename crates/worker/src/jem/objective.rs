//! The loss: CE(f(x), y) + λ (mean E(x⁺) − mean E(x⁻)) + α (mean E(x⁺)² + mean E(x⁻)²).
//!
//! The second term's gradient is that of −log p(x⁺) (Grathwohl et al. 2020,
//! equation 2); the third, of weight α, keeps energies near zero (Du and
//! Mordatch 2019). With λ = 0 there are no samples and the loss is the
//! cross-entropy alone, whatever α is.

use jem_core::spec::Objective;
use tch::{Kind, Reduction, Tensor};

use super::energy;

/// Energies of the data and of the samples, `[n]` each.
pub struct Energies {
    /// E(x⁺), of the batch of data.
    pub data: Tensor,
    /// E(x⁻), of the samples.
    pub samples: Tensor,
}

impl Energies {
    /// From the logits `[n, k]` of data and of samples.
    pub fn of(data: &Tensor, samples: &Tensor) -> Self {
        Self { data: energy(data), samples: energy(samples) }
    }
}

/// The loss and its parts, scalars.
pub struct Terms {
    /// What is minimised.
    pub loss: Tensor,
    /// The cross-entropy in nats.
    pub ce: Tensor,
    /// mean E(x⁺); none where λ = 0.
    pub energy_data: Option<Tensor>,
    /// mean E(x⁻); none where λ = 0.
    pub energy_samples: Option<Tensor>,
}

/// Mean cross-entropy in nats of `logits` `[n, k]` and `labels` `[n]`.
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Tensor {
    logits.cross_entropy_loss::<Tensor>(labels, None, Reduction::Mean, -100, 0.0)
}

/// The loss from its cross-entropy and, where λ > 0, its energies.
pub fn terms(objective: &Objective, ce: Tensor, energies: Option<Energies>) -> Terms {
    let Some(Energies { data, samples }) = energies else {
        let loss = ce.shallow_clone();
        return Terms { loss, ce, energy_data: None, energy_samples: None };
    };
    let (mean_data, mean_samples) = (data.mean(Kind::Float), samples.mean(Kind::Float));
    let mut loss = &ce + (&mean_data - &mean_samples) * objective.lambda;
    if objective.energy_l2 > 0.0 {
        let squares = data.square().mean(Kind::Float) + samples.square().mean(Kind::Float);
        loss += squares * objective.energy_l2;
    }
    Terms { loss, ce, energy_data: Some(mean_data), energy_samples: Some(mean_samples) }
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
        let objective = Objective { lambda: 2.0, energy_l2: 0.1 };
        let terms = terms(&objective, Tensor::from(0.5f32), Some(energies));
        assert!((terms.loss.double_value(&[]) + 1.0).abs() < 1e-6);
    }

    #[test]
    fn without_samples_the_loss_is_the_cross_entropy() {
        let objective = Objective { lambda: 0.0, energy_l2: 0.3 };
        let terms = terms(&objective, Tensor::from(0.25f32), None);
        assert_eq!(terms.loss.double_value(&[]), 0.25);
    }
}
