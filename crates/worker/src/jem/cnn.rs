//! A small convolutional network with a flattened head. A pooled head would
//! score every patch alike, and its samples tile one texture over the image.

use jem_core::spec::{Activation, Cnn};
use tch::Tensor;

use super::activation::apply;
use super::network::last_layer;
use super::{Mode, Network, ParameterShape};

/// 3×3 convolutions; the first keeps the image's size, each other halves it.
pub(super) struct CnnNetwork {
    channels: Vec<i64>,
    features: i64,
    hidden: i64,
    classes: i64,
    activation: Activation,
}

impl CnnNetwork {
    pub(super) fn new(spec: &Cnn, shape: [usize; 3], classes: usize) -> Self {
        let [c, mut h, mut w] = shape.map(|n| n as i64);
        let channels: Vec<i64> =
            std::iter::once(c).chain(spec.channels.iter().map(|&n| n as i64)).collect();
        for _ in 1..spec.channels.len() {
            // Stride 2 with padding 1 and a kernel of 3: half, rounded up.
            (h, w) = ((h + 1) / 2, (w + 1) / 2);
        }
        Self {
            features: channels[channels.len() - 1] * h * w,
            channels,
            hidden: spec.hidden as i64,
            classes: classes as i64,
            activation: spec.activation,
        }
    }

    fn convolutions(&self) -> usize {
        self.channels.len() - 1
    }
}

impl Network for CnnNetwork {
    fn parameters(&self) -> Vec<ParameterShape> {
        let mut all = Vec::new();
        for (i, pair) in self.channels.windows(2).enumerate() {
            let shape = [pair[1], pair[0], 3, 3];
            all.extend(ParameterShape::layer(&format!("conv.{i}"), &shape, pair[0] * 9));
        }
        let mut inputs = self.features;
        if self.hidden > 0 {
            all.extend(ParameterShape::layer("hidden", &[self.hidden, inputs], inputs));
            inputs = self.hidden;
        }
        all.extend(ParameterShape::layer("head", &[self.classes, inputs], inputs));
        all
    }

    fn features(&self, parameters: &[Tensor], x: &Tensor, _: Mode) -> Tensor {
        let (convolutions, dense) = parameters.split_at(2 * self.convolutions());
        let mut h = x.shallow_clone();
        for (i, layer) in convolutions.chunks_exact(2).enumerate() {
            let stride = if i == 0 { 1 } else { 2 };
            h = h.conv2d(&layer[0], Some(&layer[1]), [stride, stride], [1, 1], [1, 1], 1);
            h = apply(self.activation, &h);
        }
        h = h.flatten(1, -1);
        for layer in dense[..dense.len() - 2].chunks_exact(2) {
            h = apply(self.activation, &h.linear(&layer[0], Some(&layer[1])));
        }
        h
    }

    fn head(&self, parameters: &[Tensor]) -> (Tensor, Tensor) {
        last_layer(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jem::Parameters;
    use tch::{Device, Kind};

    #[test]
    fn logits_have_one_column_a_class_whatever_the_image_size() {
        for (shape, hidden) in [([1, 28, 28], 0), ([3, 7, 5], 16), ([1, 8, 8], 3)] {
            let activation = Activation::LeakyRelu;
            let spec = Cnn { channels: vec![4, 6, 8], hidden, activation, spectral_norm: None };
            let network = CnnNetwork::new(&spec, shape, 10);
            let parameters = Parameters::init(&network.parameters(), 0, Device::Cpu);
            let [c, h, w] = shape.map(|n| n as i64);
            let x = Tensor::zeros([2, c, h, w], (Kind::Float, Device::Cpu));
            let logits = network.logits(parameters.tensors(), &x, Mode::Eval);
            assert_eq!(logits.size(), [2, 10]);
        }
    }
}
