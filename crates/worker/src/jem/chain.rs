//! Chains on any energy: steps x ← x − α ∇E(x) + σ ξ, as they are or each
//! accepted or refused.

use jem_core::random::{At, Stream};
use jem_core::spec::{Boundary, Sampler, SamplerKind};
use tch::{Device, Kind, Tensor};

use super::{Noise, fold};

/// An energy E(x) `[n]` of inputs `[n, c, h, w]`.
pub type EnergyOf<'a> = &'a dyn Fn(&Tensor) -> Tensor;

/// How a chain goes in training step `step`.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a> {
    /// Steps, step sizes, noise and clamps.
    pub sampler: &'a Sampler,
    /// The ends of the pixel range, for `sampler.clamp` and
    /// `sampler.boundary`.
    pub bounds: (f64, f64),
    /// The step that its numbers are named by.
    pub step: u64,
}

/// Where chains got to, and what they were like; nothing here has been read
/// from the device.
#[derive(Debug)]
pub struct Walked {
    /// Where they are, `[n, c, h, w]`, without a graph.
    pub x: Tensor,
    /// Mean ‖∇E‖ at the start of the last step, before any clamp; a scalar,
    /// as the others are.
    pub gradient_norm: Tensor,
    /// Mean ‖x − x₀‖.
    pub displacement: Tensor,
    /// The share of steps that were accepted, where steps can be refused.
    pub acceptance: Option<Tensor>,
}

impl Chain<'_> {
    /// Runs the chain from `x` as the sampler's kind has it: MALA refuses
    /// steps, by the uniforms of `accept`; the others take every one.
    pub fn walk(
        &self,
        energy: EnergyOf<'_>,
        x: &Tensor,
        noise: &mut dyn Noise,
        accept: &Stream,
    ) -> Walked {
        match self.sampler.kind {
            SamplerKind::Mala => self.adjusted(energy, x, noise, accept),
            SamplerKind::Sgld | SamplerKind::Langevin => self.unadjusted(energy, x, noise),
        }
    }

    /// Runs the chain from `x` `[n, c, h, w]`, every step as it falls.
    pub fn unadjusted(&self, energy: EnergyOf<'_>, x: &Tensor, noise: &mut dyn Noise) -> Walked {
        let start = x.detach();
        let mut x = start.copy();
        let shape = x.size();
        let mut gradient = x.zeros_like();
        for part in 0..self.sampler.steps as u32 {
            gradient = slope(energy, &x).1;
            let _guard = tch::no_grad_guard();
            x -= self.clipped(&gradient) * self.sampler.step_size_at(part);
            let std = self.sampler.noise_std_at(part);
            if std > 0.0 {
                x += noise.normal(self.step, part, &shape, x.device()) * std;
            }
            if self.sampler.clamp {
                let _ = x.clamp_(self.bounds.0, self.bounds.1);
            }
            x = self.bounded(x).0;
        }
        Walked::of(x, &start, &gradient, None)
    }

    /// Runs the chain from `x`, each step accepted with the probability that
    /// leaves exp(−E/T) exactly as it is (Metropolis et al. 1953, Hastings
    /// 1970): min(1, exp(−(E(x′) − E(x))/T) q(x|x′) / q(x′|x)), by the uniforms
    /// of `accept`. A proposal whose energy is not finite is refused. With a
    /// clamp on the gradient the drift is another, and the target the same.
    /// With reflection the target is exp(−E/T) on the box: see [`fold`].
    pub fn adjusted(
        &self,
        energy: EnergyOf<'_>,
        x: &Tensor,
        noise: &mut dyn Noise,
        accept: &Stream,
    ) -> Walked {
        let start = x.detach();
        let mut x = start.copy();
        let (n, shape) = (x.size()[0], x.size());
        let temperature = self.sampler.temperature.unwrap_or(1.0);
        let (mut e, mut gradient) = slope(energy, &x);
        let mut last = gradient.shallow_clone();
        let mut accepted = Tensor::zeros([], (Kind::Double, x.device()));
        for part in 0..self.sampler.steps as u32 {
            let alpha = self.sampler.step_size_at(part);
            let push =
                noise.normal(self.step, part, &shape, x.device()) * self.sampler.noise_std_at(part);
            let free = &x - self.clipped(&gradient) * alpha + &push;
            let (proposal, sign) = self.bounded(free.shallow_clone());
            let (there, slope_there) = slope(energy, &proposal);
            let _guard = tch::no_grad_guard();
            let drift_there = self.clipped(&slope_there) * alpha;
            let drift_there = sign.map_or(drift_there.shallow_clone(), |s| s * drift_there);
            let back = &x - &free + drift_there;
            let ratio = (&e - &there) / temperature
                + (sum_of_squares(&push) - sum_of_squares(&back)) / (4.0 * alpha * temperature);
            let mut chance = vec![0f32; n as usize];
            accept.fill_uniform(At { step: self.step, part }, &mut chance);
            let chance = Tensor::from_slice(&chance).to_device(x.device()).to_kind(ratio.kind());
            // Not a number is not above: refused.
            let taken = ratio.gt_tensor(&chance.log());
            accepted += taken.to_kind(Kind::Double).mean(Kind::Double);
            last = gradient.shallow_clone();
            let wide = taken.view([n, 1, 1, 1]);
            x = proposal.where_self(&wide, &x);
            gradient = slope_there.where_self(&wide, &gradient);
            e = there.where_self(&taken, &e);
        }
        let share = accepted / (self.sampler.steps.max(1) as f64);
        Walked::of(x, &start, &last, Some(share))
    }

    /// `x` as the sampler's boundary has it, with the signs of the folds where
    /// it has one.
    fn bounded(&self, x: Tensor) -> (Tensor, Option<Tensor>) {
        match self.sampler.boundary {
            Boundary::None => (x, None),
            Boundary::Reflect => {
                let (x, sign) = fold(&x, self.bounds);
                (x, Some(sign))
            }
        }
    }

    fn clipped(&self, gradient: &Tensor) -> Tensor {
        match self.sampler.clip_gradient {
            Some(limit) => gradient.clamp(-limit, limit),
            None => gradient.shallow_clone(),
        }
    }
}

impl Walked {
    fn of(x: Tensor, start: &Tensor, gradient: &Tensor, acceptance: Option<Tensor>) -> Self {
        let _guard = tch::no_grad_guard();
        Self {
            gradient_norm: mean_norm(gradient),
            displacement: mean_norm(&(&x - start)),
            x,
            acceptance,
        }
    }
}

/// The mean over rows of √Σ t², a scalar.
pub(crate) fn mean_norm(t: &Tensor) -> Tensor {
    sum_of_squares(t).sqrt().mean(Kind::Double)
}

/// The share of the values of `x` that lie at an end of the pixel range or
/// beyond it, a scalar.
pub(crate) fn saturation(x: &Tensor, bounds: (f64, f64)) -> Tensor {
    let outside = x.le(bounds.0).logical_or(&x.ge(bounds.1));
    outside.to_kind(Kind::Double).mean(Kind::Double)
}

/// Σ t² of each row, `[n]`.
fn sum_of_squares(t: &Tensor) -> Tensor {
    t.flatten(1, -1).square().sum_dim_intlist([1i64].as_slice(), false, t.kind())
}

/// E(x) `[n]` and ∇E(x), without a graph.
fn slope(energy: EnergyOf<'_>, x: &Tensor) -> (Tensor, Tensor) {
    let leaf = x.detach().set_requires_grad(true);
    let energies = energy(&leaf);
    let gradient =
        Tensor::run_backward(&[energies.sum(energies.kind())], &[leaf], false, false).remove(0);
    (energies.detach(), gradient)
}

/// Standard normals by the streams of a step.
impl Noise for Stream {
    fn normal(&mut self, step: u64, part: u32, shape: &[i64], device: Device) -> Tensor {
        let n: i64 = shape.iter().product();
        let mut values = vec![0f32; n as usize];
        self.fill_normal(At { step, part }, &mut values);
        Tensor::from_slice(&values).reshape(shape).to_device(device)
    }
}
