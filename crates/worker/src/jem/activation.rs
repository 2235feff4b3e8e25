//! The non-linearities between layers.

use jem_core::spec::Activation;
use tch::Tensor;

/// Applies `activation` elementwise.
pub(super) fn apply(activation: Activation, x: &Tensor) -> Tensor {
    match activation {
        Activation::Silu => x.silu(),
        Activation::Relu => x.relu(),
        // tch binds leaky_relu with PyTorch's default slope of 0.01 only;
        // for a slope below 1 it is the larger of x and slope · x (but at
        // exactly 0, where autograd takes the mean of both slopes).
        Activation::LeakyRelu => x.maximum(&(x * 0.2)),
    }
}
