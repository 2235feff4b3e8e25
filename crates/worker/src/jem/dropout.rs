//! What is dropped in training (Srivastava et al. 2014), named by the step.

use jem_core::random::{At, Stream};
use tch::Tensor;

/// Layers that a pass may have.
const LAYERS: u32 = 1 << 16;

/// The masks of one pass through a network: those of pass p of step s, layer
/// l, stand in the stream `dropout` at (s, 2¹⁶ p + l).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masks {
    seed: u64,
    step: u64,
    pass: u32,
}

impl Masks {
    /// Those of pass `pass` of training step `step`.
    pub fn new(seed: u64, step: u64, pass: u32) -> Self {
        Self { seed, step, pass }
    }

    /// What values like `x` in layer `layer` are multiplied by: 0 with
    /// probability `rate`, else 1 / (1 − rate), so that the mean stays.
    pub(super) fn of(&self, layer: u32, rate: f64, x: &Tensor) -> Tensor {
        let at = At { step: self.step, part: self.pass * LAYERS + layer };
        let mut values = vec![0f32; x.numel()];
        Stream::new(self.seed, "dropout").fill_uniform(at, &mut values);
        let kept = Tensor::from_slice(&values).view_as(x).ge(rate).to_device(x.device());
        kept.to_kind(x.kind()) / (1.0 - rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    #[test]
    fn masks_keep_the_mean_and_drop_their_share() {
        let x = Tensor::ones([100, 100], (Kind::Float, Device::Cpu));
        let mask = Masks::new(3, 5, 1).of(2, 0.2, &x);
        let dropped = mask.eq(0.0).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
        // 10,000 chances of 0.2: ± 4 · 0.004.
        assert!((dropped - 0.2).abs() < 0.016, "{dropped}");
        assert!((mask.max().double_value(&[]) - 1.25).abs() < 1e-6);
    }
}
