//! Scores that need the gradient by the input.

use tch::{Device, Kind, Tensor};

use crate::eval::attack::log_odds;
use crate::eval::host;
use crate::jem::{Mode, Network, energy};

/// ‖∂ log p̃(x)/∂x‖₂ of each input of `x` `[n, c, h, w]`, in the scaled pixels
/// that the network sees: the negative of the approximate mass (Grathwohl et
/// al. 2020, section 5.3), where log p̃(x) = −E(x).
pub fn approximate_mass(network: &dyn Network, parameters: &[Tensor], x: &Tensor) -> Vec<f64> {
    let gradient = gradient(x, |x| energy(&network.logits(parameters, x, Mode::Eval)));
    let gradient = gradient.flatten(1, -1).to_device(Device::Cpu).to_kind(Kind::Double);
    host(&gradient.square().sum_dim_intlist([1i64].as_slice(), false, Kind::Double).sqrt())
}

/// The logits `[n, k]`, for each of `steps`, of x + step · sign ∂ log S/∂x, S
/// the largest of softmax(f(x)/T): what ODIN scores (Liang et al. 2018,
/// equation 2). `steps` are in scaled pixels; the state is not clamped, as
/// theirs is not. Where the gradient is 0 the pixel stays.
pub fn odin(
    network: &dyn Network,
    parameters: &[Tensor],
    x: &Tensor,
    temperature: f64,
    steps: &[f64],
) -> Vec<Tensor> {
    // log S is −softplus of the log-odds against the class: the same sign, and a
    // slope also where S is 1 in single precision.
    let largest = |x: &Tensor| {
        let logits = network.logits(parameters, x, Mode::Eval) / temperature;
        -log_odds(&logits, &logits.argmax(1, false))
    };
    // A forward and a backward pass are saved where no step needs them.
    let still = steps.iter().all(|step| *step == 0.0);
    let sign = if still { x.zeros_like() } else { gradient(x, largest).sign() };
    let _guard = tch::no_grad_guard();
    let logits = |step: &f64| network.logits(parameters, &(x + &sign * *step), Mode::Eval);
    steps.iter().map(|step| logits(step).to_device(Device::Cpu).to_kind(Kind::Double)).collect()
}

/// Gradient by `x` of the sum over inputs of `of`.
fn gradient(x: &Tensor, of: impl Fn(&Tensor) -> Tensor) -> Tensor {
    let x = x.detach().set_requires_grad(true);
    let sum = of(&x).sum(Kind::Float);
    let found = Tensor::run_backward(&[sum], &[&x], false, false);
    found.into_iter().next().unwrap_or_else(|| x.zeros_like())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jem::{Parameters, build};
    use jem_core::spec::{Activation, Mlp, Model};

    fn network() -> (Box<dyn Network>, Parameters, Tensor) {
        let mlp = Mlp { hidden: vec![6], activation: Activation::Silu, spectral_norm: None };
        let network = build(&Model::Mlp(mlp), [1, 2, 2], 3);
        let parameters = Parameters::init(&network.parameters(), 4, Device::Cpu);
        let x = Tensor::arange(8, (Kind::Float, Device::Cpu)).sin().view([2, 1, 2, 2]);
        (network, parameters, x)
    }

    #[test]
    fn the_mass_is_the_slope_that_differences_show() {
        let (network, parameters, x) = network();
        let found = approximate_mass(network.as_ref(), parameters.tensors(), &x);
        let at = |x: &Tensor| energy(&network.logits(parameters.tensors(), x, Mode::Eval));
        let mut square = 0.0;
        for pixel in 0..4 {
            let step = Tensor::zeros([4], (Kind::Float, Device::Cpu));
            let _ = step.get(pixel).fill_(1e-2);
            let step = step.view([1, 1, 2, 2]);
            let slope = (at(&(&x + &step)) - at(&(&x - &step))).double_value(&[0]) / 2e-2;
            square += slope * slope;
        }
        assert!((found[0] - f64::sqrt(square)).abs() < 1e-4, "{} {square}", found[0]);
    }

    #[test]
    fn the_change_makes_the_predicted_class_more_probable() {
        let (network, parameters, x) = network();
        let confident = |logits: &Tensor| {
            logits.softmax(1, Kind::Double).amax([1i64].as_slice(), false).double_value(&[0])
        };
        let found = odin(network.as_ref(), parameters.tensors(), &x, 10.0, &[0.0, 0.05, 0.1]);
        let p: Vec<f64> = found.iter().map(confident).collect();
        assert!(p[0] < p[1] && p[1] < p[2], "{p:?}");
        let plain = network.logits(parameters.tensors(), &x, Mode::Eval).to_kind(Kind::Double);
        assert!(found[0].equal(&plain));
    }
}
