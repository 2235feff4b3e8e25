//! The non-linearities between layers.

use jem_core::spec::Activation;
use tch::Tensor;

/// JEM's slope of LeakyReLU below 0.
const LEAKY_SLOPE: f64 = 0.2;

/// Applies `activation` elementwise.
pub(super) fn apply(activation: Activation, x: &Tensor) -> Tensor {
    match activation {
        Activation::Silu => x.silu(),
        Activation::Relu => x.relu(),
        // tch binds leaky_relu with PyTorch's default slope of 0.01 only. From
        // relu(x) a part of the way to x is the same function, and has the same
        // slope at 0; its passes over memory are fewer and faster than those of
        // a maximum, a choice or prelu, which made a wide network half as fast.
        // An infinity becomes NaN here, and is caught as not finite either way.
        Activation::LeakyRelu => x.relu().lerp(x, LEAKY_SLOPE),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_leaky_unit_and_its_slope_are_those_of_the_hand() {
        let x = Tensor::from_slice(&[-3.0f64, -0.5, 0.0, 0.25, 7.0]).set_requires_grad(true);
        let y = apply(Activation::LeakyRelu, &x);
        let total = y.sum(tch::Kind::Double);
        let slope = Tensor::run_backward(&[total], &[&x], false, false).remove(0);
        let expected = [[-0.6, -0.1, 0.0, 0.25, 7.0], [0.2, 0.2, 0.2, 1.0, 1.0]];
        for (found, expected) in [y, slope].into_iter().zip(expected) {
            let found = Vec::<f64>::try_from(found.detach()).unwrap();
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?}");
        }
    }
}
