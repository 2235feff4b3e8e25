//! The last linear layer, and scores from it in closed form.

use tch::{Device, Kind, Tensor};

use crate::jem::Network;

/// Weight `[k, d]` and bias `[k]` of the last layer, on the host in double
/// precision.
#[derive(Debug)]
pub struct Head {
    /// `[k, d]`
    pub weight: Tensor,
    /// `[k]`
    pub bias: Tensor,
}

impl Head {
    /// That of `network`.
    pub fn of(network: &dyn Network, parameters: &[Tensor]) -> Self {
        let _guard = tch::no_grad_guard();
        let (weight, bias) = network.head(parameters);
        let host = |t: &Tensor| t.to_device(Device::Cpu).to_kind(Kind::Double);
        Self { weight: host(&weight), bias: host(&bias) }
    }

    /// Logits `[n, k]` of `features` `[n, d]`.
    pub fn logits(&self, features: &Tensor) -> Tensor {
        features.linear(&self.weight, Some(&self.bias))
    }
}

/// −T logsumexp(f/T) of `logits` `[n, k]`, as `[n]` (Liu et al. 2020).
pub fn negative_logsumexp(logits: &Tensor, temperature: f64) -> Tensor {
    (logits / temperature).logsumexp([1i64].as_slice(), false) * -temperature
}

/// −‖∂ KL(u ‖ softmax f)/∂W‖₁ of the last layer's weight W, as `[n]` (Huang et
/// al. 2021, T = 1): the gradient is (p − 1/K) hᵀ, so that the norm is the
/// product of those of its factors. Their code leaves u unnormalised, which
/// multiplies every score by K.
pub fn grad_norm(logits: &Tensor, features: &Tensor) -> Tensor {
    let uniform = 1.0 / logits.size()[1] as f64;
    let sum = |t: Tensor| t.abs().sum_dim_intlist([1i64].as_slice(), false, Kind::Double);
    -(sum(logits.softmax(1, Kind::Double) - uniform) * sum(features.shallow_clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_by_hand() {
        // Logits ln 3 and 0: p = (3/4, 1/4), distance to uniform 1/4 each.
        let logits = Tensor::from_slice2(&[[3f64.ln(), 0.0]]);
        let features = Tensor::from_slice2(&[[1.0f64, -2.0, 0.5]]);
        let found = grad_norm(&logits, &features).double_value(&[0]);
        assert!((found + 0.5 * 3.5).abs() < 1e-15, "{found}");
        let energy = |t| negative_logsumexp(&logits, t).double_value(&[0]);
        assert!((energy(1.0) + 4f64.ln()).abs() < 1e-15);
        let tempered = -2.0 * (3f64.sqrt() + 1.0).ln();
        assert!((energy(2.0) - tempered).abs() < 1e-15);
    }
}
