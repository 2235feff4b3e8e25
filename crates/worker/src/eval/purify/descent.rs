//! A purifier's chain, x ← x − α ∇E(x) + σ ξ, without a graph and with one.

use jem_core::spec::{Purifier, Sampler, SamplerKind};
use tch::Tensor;

use crate::jem::{Chain, EnergyOf, Noise};

/// Where the chains of `purifier` from `x` `[n, c, h, w]` end, without a graph.
pub fn descend(
    energy: EnergyOf<'_>,
    x: &Tensor,
    purifier: &Purifier,
    bounds: (f64, f64),
    noise: &mut dyn Noise,
) -> Tensor {
    let sampler = Sampler {
        kind: SamplerKind::Sgld,
        steps: purifier.steps,
        step_size: purifier.step_size,
        noise_std: purifier.noise_std,
        clamp: purifier.clamp,
        ..Sampler::default()
    };
    Chain { sampler: &sampler, bounds, step: 0 }.unadjusted(energy, x, noise).x
}

/// The same, as a function of `x` that can be differentiated: every step's
/// gradient keeps its graph, and a clamp passes no gradient where it acts.
pub fn unrolled(
    energy: EnergyOf<'_>,
    x: &Tensor,
    purifier: &Purifier,
    bounds: (f64, f64),
    noise: &mut dyn Noise,
) -> Tensor {
    let shape = x.size();
    let mut x = x.shallow_clone();
    for part in 0..purifier.steps as u32 {
        let energies = energy(&x);
        let total = energies.sum(energies.kind());
        let slope = Tensor::run_backward(&[total], &[&x], true, true).remove(0);
        x = &x - slope * purifier.step_size;
        if purifier.noise_std > 0.0 {
            x += noise.normal(0, part, &shape, energies.device()) * purifier.noise_std;
        }
        if purifier.clamp {
            x = x.clamp(bounds.0, bounds.1);
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use jem_core::random::Stream;
    use tch::{Device, Kind};

    /// E(x) = h x²/2, summed over values.
    fn bowl(x: &Tensor) -> Tensor {
        let squares = x.flatten(1, -1).square();
        squares.sum_dim_intlist([1i64].as_slice(), false, x.kind()) * (CURVATURE / 2.0)
    }

    const CURVATURE: f64 = 0.8;

    fn purifier(noise_std: f64, clamp: bool) -> Purifier {
        Purifier { steps: 7, step_size: 0.5, noise_std, chains: 1, clamp }
    }

    fn start(value: f64) -> Tensor {
        Tensor::full([4, 1, 1, 2], value, (Kind::Double, Device::Cpu))
    }

    fn stream() -> Stream {
        Stream::new(3, "test")
    }

    #[test]
    fn a_quadratic_energy_shrinks_by_one_less_step_times_curvature() {
        let shrunk = (1.0 - 0.5 * CURVATURE).powi(7);
        let found = descend(&bowl, &start(0.9), &purifier(0.0, true), (-1.0, 1.0), &mut stream());
        assert!((found.double_value(&[3, 0, 0, 1]) - 0.9 * shrunk).abs() < 1e-14);
        // Its derivative is the same factor, whatever the noise is.
        let x = start(0.9).set_requires_grad(true);
        let end = unrolled(&bowl, &x, &purifier(0.3, false), (-1.0, 1.0), &mut stream());
        let slope = Tensor::run_backward(&[end.sum(Kind::Double)], &[&x], false, false).remove(0);
        assert!((slope.double_value(&[2, 0, 0, 0]) - shrunk).abs() < 1e-14);
    }

    #[test]
    fn with_and_without_a_graph_a_chain_ends_at_the_same_place() {
        for clamp in [false, true] {
            let (asked, bounds) = (purifier(0.3, clamp), (-0.25, 0.25));
            let plain = descend(&bowl, &start(0.2), &asked, bounds, &mut stream());
            let x = start(0.2).set_requires_grad(true);
            let graph = unrolled(&bowl, &x, &asked, bounds, &mut stream());
            assert!(graph.detach().allclose(&plain, 1e-12, 1e-14, false), "clamp {clamp}");
        }
    }

    #[test]
    fn a_clamp_that_acts_passes_no_gradient() {
        let x = start(9.0).set_requires_grad(true);
        let end = unrolled(&bowl, &x, &purifier(0.0, true), (-1.0, 1.0), &mut stream());
        let slope = Tensor::run_backward(&[end.sum(Kind::Double)], &[&x], false, false).remove(0);
        assert_eq!(slope.abs().max().double_value(&[]), 0.0);
    }
}
