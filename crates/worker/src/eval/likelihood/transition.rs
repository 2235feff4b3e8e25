//! The transition of the annealing: the Metropolis-adjusted Langevin algorithm
//! (Roberts and Tweedie 1996) on a box, with reflection at its faces.

use jem_core::random::{At, Stream};
use tch::{Kind, Tensor};

use super::TruncatedNormals;
use crate::jem::{EnergyOf, fold};

/// Where chains are, with both energies and both gradients there.
#[derive(Debug)]
pub(super) struct State {
    /// `[n, d]`
    pub x: Tensor,
    /// −ln p₀, `[n]`, and its gradient.
    base: (Tensor, Tensor),
    /// E, `[n]`, and its gradient.
    model: (Tensor, Tensor),
}

/// The streams of a run of chains.
pub(super) struct Streams {
    noise: Stream,
    accept: Stream,
}

impl Streams {
    /// `<name> noise` and `<name> accept` of `seed`.
    pub fn new(seed: u64, name: &str) -> Self {
        let stream = |what: &str| Stream::new(seed, &format!("{name} {what}"));
        Self { noise: stream("noise"), accept: stream("accept") }
    }
}

/// The two ends of the path: a base p₀ and an energy E, whose density is
/// exp(−E)/Z on the base's box.
pub(super) struct Ends<'a> {
    pub base: &'a TruncatedNormals,
    pub energy: EnergyOf<'a>,
}

impl State {
    /// −ln p₀(x) − E(x), `[n]`: the derivative by β of the logarithm of the
    /// path's unnormalised density p₀^(1−β) exp(−βE).
    pub fn slope(&self) -> Vec<f64> {
        crate::eval::host(&(&self.base.0 - &self.model.0))
    }

    /// The energy of the path at `beta`, and its gradient.
    fn at(&self, beta: f64) -> (Tensor, Tensor) {
        let mix = |a: &Tensor, b: &Tensor| a * (1.0 - beta) + b * beta;
        (mix(&self.base.0, &self.model.0), mix(&self.base.1, &self.model.1))
    }
}

impl Ends<'_> {
    /// Chains at `x` `[n, d]`.
    pub fn state(&self, x: Tensor) -> State {
        let leaf = x.detach().set_requires_grad(true);
        let energies = (self.energy)(&leaf).to_kind(Kind::Double);
        let slopes = Tensor::run_backward(&[energies.sum(Kind::Double)], &[leaf], false, false);
        let _guard = tch::no_grad_guard();
        let slope = slopes.into_iter().next().unwrap_or_else(|| x.zeros_like());
        let base = self.base.energy(&x);
        State { x, base, model: (energies.detach(), slope.to_kind(Kind::Double)) }
    }

    /// One transition at `beta` with step size `alpha`, in units in which the
    /// base's standard deviations are 1: y = fold(x − ασ² ∇E + √(2α) σ ξ),
    /// accepted with the probability that leaves the path's density as it is.
    /// Returns where the chains are, and the mean of the probabilities of
    /// acceptance. A proposal whose energy is not finite is refused.
    pub fn step(
        &self,
        state: &State,
        (beta, alpha): (f64, f64),
        streams: &Streams,
        at: At,
    ) -> (State, f64) {
        let (e, gradient) = state.at(beta);
        let (std, device) = (self.base.std(), state.x.device());
        let mut normals = vec![0f32; state.x.numel()];
        streams.noise.fill_normal(at, &mut normals);
        let push = Tensor::from_slice(&normals).view_as(&state.x).to_device(device);
        let push = push.to_kind(Kind::Double) * (2.0 * alpha).sqrt();
        let drift = |gradient: &Tensor| gradient * std * alpha;
        // In units of the base's standard deviations.
        let moved = &push - drift(&gradient);
        let (y, sign) = fold(&(&state.x + &moved * std), self.base.bounds());
        let there = self.state(y);
        let _guard = tch::no_grad_guard();
        let (e_there, slope_there) = there.at(beta);
        let back = drift(&(slope_there * sign)) - moved;
        let ratio = e - e_there + (squares(&push) - squares(&back)) / (4.0 * alpha);
        let n = state.x.size()[0];
        let mut chance = vec![0f32; n as usize];
        streams.accept.fill_uniform(at, &mut chance);
        let chance = Tensor::from_slice(&chance).to_kind(Kind::Double).to_device(device);
        // Not a number is not above: refused.
        let taken = ratio.gt_tensor(&chance.log());
        let probability = ratio.clamp_max(0.0).exp().nan_to_num(0.0, 0.0, 0.0);
        (state.where_taken(&taken, &there), probability.mean(Kind::Double).double_value(&[]))
    }
}

impl State {
    /// `there` where a step was `taken` `[n]`, this elsewhere.
    fn where_taken(&self, taken: &Tensor, there: &Self) -> Self {
        let wide = taken.unsqueeze(1);
        let choose = |there: &(Tensor, Tensor), here: &(Tensor, Tensor)| {
            (there.0.where_self(taken, &here.0), there.1.where_self(&wide, &here.1))
        };
        Self {
            x: there.x.where_self(&wide, &self.x),
            base: choose(&there.base, &self.base),
            model: choose(&there.model, &self.model),
        }
    }
}

/// Σ t² of each row, `[n]`.
fn squares(t: &Tensor) -> Tensor {
    t.square().sum_dim_intlist([1i64].as_slice(), false, Kind::Double)
}
