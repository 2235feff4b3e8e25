//! Chains that go on for far longer than in training: whether a model's
//! samples stay samples (Nijkamp et al. 2020, "On the Anatomy of MCMC-based
//! Maximum Likelihood Learning of Energy-Based Models").

use jem_core::random::Stream;
use jem_core::spec::Sampler;
use tch::Tensor;

use super::host;
use super::metric::{MetricError, ess_bulk, rank_rhat};
use crate::jem::{Chain, EnergyOf, mean_norm, saturation};

/// How long, and how often it is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Looks after the one at the start.
    pub looks: u64,
    /// Steps between two looks.
    pub every: u64,
    /// States kept of each chain, evenly spaced from its start to its end.
    pub states: u64,
}

/// What n chains did.
#[derive(Debug)]
pub struct LongChains {
    /// E at each look, the start's first, `[n, looks + 1]`.
    pub energies: Vec<Vec<f64>>,
    /// Mean ‖x − x₀‖ over the chains at each look.
    pub displacement: Vec<f64>,
    /// The states kept, `[n, states, c, h, w]`.
    pub states: Tensor,
    /// The share of steps accepted, where steps can be refused.
    pub acceptance: Option<f64>,
}

/// Runs a chain of `energy` from each of `start` `[n, c, h, w]` by `sampler`,
/// at its first step size throughout. The numbers are those of the streams
/// `long chains <name>` and `long chains accept <name>` of `seed`.
pub fn long_chains(
    energy: EnergyOf<'_>,
    start: &Tensor,
    sampler: &Sampler,
    bounds: (f64, f64),
    length: Length,
    (seed, name): (u64, &str),
) -> LongChains {
    let sampler = Sampler { steps: length.every, step_size_decay: None, ..sampler.clone() };
    let mut noise = Stream::new(seed, &format!("long chains {name}"));
    let accept = Stream::new(seed, &format!("long chains accept {name}"));
    let mut x = start.detach().copy();
    let kept = kept(length);
    let (mut states, mut displacement, mut accepted) = (Vec::new(), Vec::new(), Vec::new());
    let mut energies = vec![Vec::new(); x.size()[0] as usize];
    for look in 0..=length.looks {
        if look > 0 {
            let chain = Chain { sampler: &sampler, bounds, step: look };
            let walked = chain.walk(energy, &x, &mut noise, &accept);
            accepted.extend(walked.acceptance.map(|share| share.double_value(&[])));
            x = walked.x;
        }
        let _guard = tch::no_grad_guard();
        let seen = host(&energy(&x));
        energies.iter_mut().zip(seen).for_each(|(chain, e)| chain.push(e));
        displacement.push(mean_norm(&(&x - start)).double_value(&[]));
        states.extend((0..kept.iter().filter(|k| **k == look).count()).map(|_| x.copy()));
    }
    let looks = accepted.len() as f64;
    let acceptance = (!accepted.is_empty()).then(|| accepted.iter().sum::<f64>() / looks);
    LongChains { energies, displacement, states: Tensor::stack(&states, 1), acceptance }
}

/// The looks at which states are kept.
fn kept(length: Length) -> Vec<u64> {
    let last = length.states.max(2) - 1;
    (0..length.states).map(|k| k * length.looks / last).collect()
}

impl LongChains {
    /// The energies of the second half of the looks: the first is warm-up.
    fn settled(&self) -> Vec<Vec<f64>> {
        self.energies.iter().map(|chain| chain[chain.len() / 2..].to_vec()).collect()
    }

    /// Rank-normalised split R̂ of the energy over the second half of the
    /// looks.
    ///
    /// # Errors
    /// When there are too few looks, or energies are not finite or all alike.
    pub fn rhat(&self) -> Result<f64, MetricError> {
        rank_rhat(&self.settled())
    }

    /// Bulk effective sample size of the energy over the second half of the
    /// looks, all chains together.
    ///
    /// # Errors
    /// As [`LongChains::rhat`].
    pub fn ess(&self) -> Result<f64, MetricError> {
        ess_bulk(&self.settled())
    }

    /// The share of values at an end of the pixel range or beyond, at the end.
    pub fn saturation(&self, bounds: (f64, f64)) -> f64 {
        let _guard = tch::no_grad_guard();
        saturation(&self.states.select(1, -1), bounds).double_value(&[])
    }

    /// Mean energy over the chains at each look.
    pub fn mean_energy(&self) -> Vec<f64> {
        let n = self.energies.len().max(1) as f64;
        let looks = self.displacement.len();
        (0..looks).map(|look| self.energies.iter().map(|e| e[look]).sum::<f64>() / n).collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use jem_core::spec::SamplerKind;
    use tch::{Device, Kind};

    fn half_square(x: &Tensor) -> Tensor {
        x.flatten(1, -1).square().sum_dim_intlist([1i64].as_slice(), false, Kind::Float) * 0.5
    }

    fn run(kind: SamplerKind, looks: u64, every: u64) -> LongChains {
        let sampler = Sampler { kind, step_size: 0.5, ..Sampler::default() };
        let start = Tensor::full([8, 1, 2, 5], 3.0, (Kind::Float, Device::Cpu));
        let length = Length { looks, every, states: 4 };
        long_chains(&half_square, &start, &sampler, (-1.0, 1.0), length, (1, "test"))
    }

    #[test]
    fn without_noise_every_look_is_that_of_the_hand() {
        let found = run(SamplerKind::Sgld, 6, 2);
        // x halves in every step: 10 values of 3 · 4^−look.
        for look in 0..=6 {
            let x = 3.0 * f64::powi(0.25, look);
            let e = found.energies[3][look as usize];
            assert!((e - 5.0 * x * x).abs() < 1e-4 * (1.0 + e), "{e}");
            let away = found.displacement[look as usize];
            assert!((away - f64::sqrt(10.0) * (3.0 - x)).abs() < 1e-5, "{away}");
        }
        assert_eq!(found.states.size(), [8, 4, 1, 2, 5]);
        let kept = |k| found.states.double_value(&[0, k, 0, 1, 4]);
        assert_eq!([kept(0), kept(1)], [3.0, 3.0 / 16.0]);
        assert!((kept(3) - 3.0 * f64::powi(0.25, 6)).abs() < 1e-9);
        assert!(found.acceptance.is_none());
        assert_eq!([found.saturation((-1.0, 1.0)), found.saturation((0.1, 1.0))], [0.0, 1.0]);
    }

    #[test]
    fn chains_of_a_known_energy_mix_and_say_so() {
        // E of ten standard normals is half a χ² with mean 5.
        let found = run(SamplerKind::Mala, 400, 4);
        assert!(found.rhat().unwrap() < 1.05, "{:?}", found.rhat());
        let size = found.ess().unwrap();
        assert!(size > 100.0, "{size}");
        let means = found.mean_energy();
        let late = means[200..].iter().sum::<f64>() / 201.0;
        assert!((late - 5.0).abs() < 4.5 * f64::sqrt(5.0 / size), "{late}, size {size}");
        let share = found.acceptance.unwrap();
        assert!(share > 0.3 && share < 1.0, "{share}");
    }
}
