//! The virtual logit (Wang et al. 2022).

use tch::{Kind, Tensor};

use super::{Bank, Head, principal};

/// What of a feature lies outside the principal space of the training
/// features, in units of their logits.
#[derive(Debug)]
pub struct Vim {
    /// The origin −W⁺ b, `[1, d]`.
    origin: Tensor,
    /// Directions of the principal space, `[d, D]`.
    principal: Tensor,
    /// What the residual is multiplied by: mean max logit over mean residual.
    alpha: f64,
}

impl Vim {
    /// For each of `shares`, a principal space of that share of the
    /// dimensions that the features can have, min(n, d); at least one, and
    /// fewer than they do have.
    ///
    /// # Errors
    /// In words, where nothing of the training features is left outside but
    /// rounding.
    pub fn new(bank: &Bank, head: &Head, shares: &[f64]) -> Result<Vec<Self>, String> {
        let inverse = head.weight.linalg_pinv(1e-15, false);
        let origin = -inverse.matmul(&head.bias.unsqueeze(1)).tr();
        let centred = &bank.features - &origin;
        let found = principal(&centred);
        let logits = head.logits(&bank.features);
        let highest = logits.amax([1i64].as_slice(), false).mean(Kind::Double).double_value(&[]);
        let most = bank.n().min(bank.dimensions()) as f64;
        let rank = found.variances.size()[0];
        let of = |share: &f64| {
            let wanted = ((share * most).floor() as i64).min(rank - 1).max(1);
            if wanted >= rank {
                return Err(format!("training features vary in {rank} dimensions alone"));
            }
            let space = found.directions.narrow(1, 0, wanted);
            let mut vim = Self { origin: origin.copy(), principal: space, alpha: 1.0 };
            let mean = vim.residual(&bank.features).mean(Kind::Double).double_value(&[]);
            vim.alpha = highest / mean;
            Ok(vim)
        };
        shares.iter().map(of).collect()
    }

    /// Length of what lies outside the principal space, `[n]`.
    fn residual(&self, features: &Tensor) -> Tensor {
        let centred = features - &self.origin;
        let within = centred.matmul(&self.principal).matmul(&self.principal.tr());
        let outside = (centred - within).square();
        outside.sum_dim_intlist([1i64].as_slice(), false, Kind::Double).sqrt()
    }

    /// α · residual − logsumexp f for `features` `[n, d]` with `logits`
    /// `[n, k]`, as `[n]`: rising with the softmax probability of the virtual
    /// logit.
    pub fn scores(&self, features: &Tensor, logits: &Tensor) -> Tensor {
        self.residual(features) * self.alpha - logits.logsumexp([1i64].as_slice(), false)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_residual_is_what_the_principal_axis_leaves() {
        // W = 1 and b = 0 leave the origin at 0; the first axis has the larger
        // variance about it. Mean residual 1, mean max logit (4 + 4 + 1) / 3.
        let head = Head {
            weight: Tensor::eye(2, (Kind::Double, tch::Device::Cpu)),
            bias: Tensor::zeros([2], (Kind::Double, tch::Device::Cpu)),
        };
        let bank = Bank {
            features: Tensor::from_slice2(&[[4.0f64, 1.0], [4.0, -1.0], [-8.0, 1.0]]),
            labels: Tensor::from_slice(&[0i64, 0, 1]),
            classes: 2,
        };
        let found = principal(&bank.features);
        let axis = found.directions.select(1, 0);
        let vim = Vim::new(&bank, &head, &[0.5]).unwrap();
        let x = Tensor::from_slice2(&[[3.0f64, 5.0]]);
        let across = 5.0 * axis.double_value(&[0]) - 3.0 * axis.double_value(&[1]);
        let residuals = [[4.0, 1.0], [4.0, -1.0], [-8.0, 1.0]].map(|[a, b]: [f64; 2]| {
            (b * axis.double_value(&[0]) - a * axis.double_value(&[1])).abs()
        });
        let alpha = 3.0 / (residuals.iter().sum::<f64>() / 3.0);
        let expected = alpha * across.abs() - (3f64.exp() + 5f64.exp()).ln();
        let found = vim[0].scores(&x, &head.logits(&x)).double_value(&[0]);
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        // All directions would leave rounding alone; one is left out.
        let all = Vim::new(&bank, &head, &[1.0]).unwrap();
        let found = all[0].scores(&x, &head.logits(&x)).double_value(&[0]);
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        let flat = Bank { features: &bank.features * Tensor::from_slice(&[1.0f64, 0.0]), ..bank };
        assert!(Vim::new(&flat, &head, &[0.5]).unwrap_err().contains("1 dimensions"));
    }
}
