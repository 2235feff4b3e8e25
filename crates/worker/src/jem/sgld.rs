//! Stochastic gradient Langevin dynamics on the input of a network:
//! x ← x − step_size ∇ₓE(x) + noise_std ξ (Grathwohl et al. 2020, equation 3).

use jem_core::spec::Sampler;
use tch::{Device, Tensor};

use super::{Chain, Mode, Network, energy};

/// Where the chain's noise comes from.
pub trait Noise {
    /// Standard normals of `shape` for Langevin step `part` of training step
    /// `step`, on `device`.
    fn normal(&mut self, step: u64, part: u32, shape: &[i64], device: Device) -> Tensor;
}

/// Runs `sampler.steps` Langevin steps on E(x) from `x` `[n, c, h, w]` and
/// returns where they end. No step is refused, whatever the sampler's kind.
/// The network is in eval mode and its parameters are `frozen`: only the
/// gradient with respect to the input is computed. `bounds` are the ends of
/// the pixel range, for `sampler.clamp`.
pub fn langevin(
    network: &dyn Network,
    frozen: &[Tensor],
    x: &Tensor,
    sampler: &Sampler,
    bounds: (f64, f64),
    noise: &mut dyn Noise,
    step: u64,
) -> Tensor {
    let energy = |x: &Tensor| energy(&network.logits(frozen, x, Mode::Eval));
    Chain { sampler, bounds, step }.unadjusted(&energy, x, noise).x
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::jem::ParameterShape;
    use jem_core::random::Stream;
    use tch::Kind;

    /// One logit −x²/2, so that E(x) = x²/2 and ∇E = x.
    struct Quadratic;

    impl Network for Quadratic {
        fn parameters(&self) -> Vec<ParameterShape> {
            Vec::new()
        }
        fn features(&self, _: &[Tensor], x: &Tensor, mode: Mode) -> Tensor {
            assert_eq!(mode, Mode::Eval);
            x.flatten(1, -1).square() * -0.5
        }
        fn head(&self, _: &[Tensor]) -> (Tensor, Tensor) {
            let float = (Kind::Float, Device::Cpu);
            (Tensor::ones([1, 1], float), Tensor::zeros([1], float))
        }
    }

    fn sampler(steps: u64, step_size: f64, noise_std: f64, clamp: bool) -> Sampler {
        Sampler { steps, step_size, noise_std, clamp, ..Sampler::default() }
    }

    fn column(n: i64, value: f64) -> Tensor {
        Tensor::full([n, 1, 1, 1], value, (Kind::Float, Device::Cpu))
    }

    #[test]
    fn without_noise_a_quadratic_energy_shrinks_by_one_minus_step_each_step() {
        let mut noise = Stream::new(0, "noise");
        let spec = sampler(3, 0.1, 0.0, false);
        let x = langevin(&Quadratic, &[], &column(2, 2.0), &spec, (-1.0, 1.0), &mut noise, 0);
        assert!((x.double_value(&[0, 0, 0, 0]) - 2.0 * 0.9f64.powi(3)).abs() < 1e-6);
        let spec = sampler(3, 0.1, 0.0, true);
        let x = langevin(&Quadratic, &[], &column(2, 9.0), &spec, (-1.0, 1.0), &mut noise, 0);
        assert!((x.double_value(&[0, 0, 0, 0]) - 0.81).abs() < 1e-6);
    }

    #[test]
    fn the_stationary_variance_is_that_of_the_discrete_chain() {
        // x' = (1 − α) x + σ ξ has variance σ² / (1 − (1 − α)²).
        let (alpha, sigma) = (0.2, 0.3);
        let mut noise = Stream::new(1, "noise");
        let spec = sampler(60, alpha, sigma, false);
        let n = 20_000;
        let x = langevin(&Quadratic, &[], &column(n, 0.0), &spec, (-1.0, 1.0), &mut noise, 0);
        let variance = x.square().mean(Kind::Double).double_value(&[]);
        let exact = sigma * sigma / (1.0 - (1.0 - alpha) * (1.0 - alpha));
        // Four standard errors of a variance: √(2/n).
        assert!(
            (variance / exact - 1.0).abs() < 4.0 * (2.0 / n as f64).sqrt(),
            "{variance} {exact}"
        );
    }

    #[test]
    fn the_start_is_left_alone_and_no_graph_remains() {
        let start = column(4, 1.0);
        let mut noise = Stream::new(0, "noise");
        let spec = sampler(5, 0.1, 0.1, false);
        let x = langevin(&Quadratic, &[], &start, &spec, (-1.0, 1.0), &mut noise, 0);
        assert_eq!(Vec::<f32>::try_from(start.view(-1)).unwrap(), [1.0; 4]);
        assert!(!x.requires_grad());
    }
}
