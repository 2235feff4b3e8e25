//! Terms of the loss on an auxiliary out-of-distribution set: outlier exposure
//! (Hendrycks et al. 2019) and energy margins (Liu et al. 2020).

use jem_core::spec::{EnergyMargin, OutlierExposure, Training};
use tch::{Kind, Tensor};

use super::energy;
use crate::data::{BatchOrder, Images, View};

/// The auxiliary set in training: its batches and the terms on them.
pub struct Auxiliary {
    images: Images,
    order: BatchOrder,
    view: View,
    exposure: OutlierExposure,
    margin: EnergyMargin,
}

impl Auxiliary {
    /// The set `images` in a training of `spec`. Its batches have the size of
    /// the others (at most the set's), and numbers from streams of their own.
    pub fn new(spec: &Training, seed: u64, images: Images) -> Self {
        let batch = spec.train.batch_size as usize;
        Self {
            order: BatchOrder::new(seed, "auxiliary order", images.len(), batch),
            images,
            view: View::labelled(&spec.data),
            exposure: spec.objective.outlier_exposure,
            margin: spec.objective.energy_margin,
        }
    }

    /// Whether there is a term on it.
    pub fn has_terms(&self) -> bool {
        self.exposure.weight.is_some() || self.margin.on().is_some()
    }

    /// Its batch at `step`, `[m, c, h, w]`.
    pub fn inputs(&mut self, step: u64) -> Tensor {
        let rows = self.order.rows(step);
        self.images.training_batch("auxiliary", &self.view, step, &rows).0
    }

    /// The weighted terms, where `logits` `[n, k]` are those of the labelled
    /// batch and `outside` `[m, k]` those of [`Self::inputs`]; none where both
    /// are off.
    pub fn loss(&self, logits: &Tensor, outside: &Tensor) -> Option<Tensor> {
        let exposed = self.exposure.weight.map(|weight| outlier_exposure(outside) * weight);
        let margined = self.margin.on().map(|[weight, m_in, m_out]| {
            energy_margin(&energy(logits), &energy(outside), m_in, m_out) * weight
        });
        [exposed, margined].into_iter().flatten().reduce(|sum, term| sum + term)
    }
}

/// Mean cross-entropy from the uniform distribution to softmax f(x), in nats:
/// mean of logsumexp f(x) − mean_y f(x)_y, of `logits` `[n, k]`.
pub fn outlier_exposure(logits: &Tensor) -> Tensor {
    let mean = logits.mean_dim([1i64].as_slice(), false, logits.kind());
    (-energy(logits) - mean).mean(logits.kind())
}

/// mean max(E − m_in, 0)² of `inside` `[n]` + mean max(m_out − E, 0)² of
/// `outside` `[m]`.
pub fn energy_margin(inside: &Tensor, outside: &Tensor, m_in: f64, m_out: f64) -> Tensor {
    let hinge = |x: Tensor| -> Tensor {
        let kind: Kind = x.kind();
        x.relu().square().mean(kind)
    };
    hinge(inside - m_in) + hinge(-(outside - m_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_beyond_its_margin_costs() {
        // (−20 − −23)² / 2 = 4.5; (−5 − −7)² / 4 = 1.
        let inside = Tensor::from_slice(&[-20f64, -30.0]);
        let outside = Tensor::from_slice(&[-7f64, 0.0, -5.0, 3.0]);
        assert_eq!(energy_margin(&inside, &outside, -23.0, -5.0).double_value(&[]), 5.5);
    }

    #[test]
    fn equal_logits_are_as_uniform_as_can_be() {
        let logits = Tensor::from_slice2(&[[3f64, 3.0, 3.0, 3.0]]);
        assert!((outlier_exposure(&logits).double_value(&[]) - 4f64.ln()).abs() < 1e-12);
        // One logit of ln 3 beside 0: ln 4 − (ln 3) / 2.
        let logits = Tensor::from_slice2(&[[0f64, 3f64.ln()]]);
        let expected = 4f64.ln() - 3f64.ln() / 2.0;
        assert!((outlier_exposure(&logits).double_value(&[]) - expected).abs() < 1e-12);
    }
}
