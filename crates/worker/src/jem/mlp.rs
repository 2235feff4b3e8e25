//! The multilayer perceptron: the seed chapter's backbone.

use jem_core::spec::{Activation, Mlp};
use tch::Tensor;

use super::activation::apply;
use super::network::last_layer;
use super::{Mode, Network, ParameterShape};

/// Fully connected layers on the flattened input.
pub(super) struct MlpNetwork {
    widths: Vec<i64>,
    activation: Activation,
}

impl MlpNetwork {
    pub(super) fn new(spec: &Mlp, shape: [usize; 3], classes: usize) -> Self {
        let inputs = shape.iter().product::<usize>() as i64;
        let hidden = spec.hidden.iter().map(|&width| width as i64);
        let widths = std::iter::once(inputs).chain(hidden).chain([classes as i64]).collect();
        Self { widths, activation: spec.activation }
    }
}

impl Network for MlpNetwork {
    fn parameters(&self) -> Vec<ParameterShape> {
        // Layers stand at the even places of PyTorch's nn.Sequential, the
        // activations at the odd ones.
        let layer = |(i, pair): (usize, &[i64])| {
            ParameterShape::layer(&format!("net.{}", 2 * i), &[pair[1], pair[0]], pair[0])
        };
        self.widths.windows(2).enumerate().flat_map(layer).collect()
    }

    fn features(&self, parameters: &[Tensor], x: &Tensor, _: Mode) -> Tensor {
        let hidden = &parameters[..parameters.len() - 2];
        hidden.chunks_exact(2).fold(x.flatten(1, -1), |h, layer| {
            apply(self.activation, &h.linear(&layer[0], Some(&layer[1])))
        })
    }

    fn head(&self, parameters: &[Tensor]) -> (Tensor, Tensor) {
        last_layer(parameters)
    }
}
