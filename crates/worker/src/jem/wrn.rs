//! The wide residual network (Zagoruyko and Komodakis 2016) as JEM has it
//! (Grathwohl et al. 2020): pre-activation blocks, every convolution with a
//! bias, the stride in a block's second convolution, and a pooled head.

use jem_core::spec::{Norm, Wrn, WrnBlock};
use tch::{Kind, Tensor};

use super::activation::apply;
use super::{Mode, Network, ParameterShape};

/// Groups of group normalisation. They divide the first convolution's 16
/// channels and all that follow.
const GROUPS: i64 = 8;

/// What a batch weighs in the running statistics: JEM's code has 0.9, where
/// PyTorch's default is 0.1.
const MOMENTUM: f64 = 0.9;

/// Added to variances.
const EPS: f64 = 1e-5;

/// 3×3 convolutions in residual blocks.
pub(super) struct WrnNetwork {
    spec: Wrn,
    channels: i64,
    classes: i64,
    blocks: Vec<WrnBlock>,
    /// Of its parameters, those that are trained.
    trained: usize,
}

impl WrnNetwork {
    pub(super) fn new(spec: &Wrn, shape: [usize; 3], classes: usize) -> Self {
        let mut network = Self {
            spec: spec.clone(),
            channels: shape[0] as i64,
            classes: classes as i64,
            blocks: spec.blocks(),
            trained: 0,
        };
        network.trained = network.parameters().iter().filter(|p| p.trained).count();
        network
    }

    fn last(&self) -> i64 {
        self.spec.features() as i64
    }
}

/// The names of a block, as PyTorch's module has them.
fn name(block: &WrnBlock, part: &str) -> String {
    format!("layer{}.{}.{part}", block.stage, block.place)
}

impl Network for WrnNetwork {
    fn parameters(&self) -> Vec<ParameterShape> {
        let (mut trained, mut states) = (Vec::new(), Vec::new());
        let conv = |name: &str, from: i64, to: i64, side: i64| {
            ParameterShape::layer(name, &[to, from, side, side], from * side * side)
        };
        let mut norm = |trained: &mut Vec<ParameterShape>, name: &str, channels: i64| {
            if self.spec.norm != Norm::None {
                trained.extend(ParameterShape::scale_and_shift(name, channels));
            }
            if self.spec.norm == Norm::Batch {
                states.extend(ParameterShape::running(name, channels));
            }
        };
        trained.extend(conv("conv1", self.channels, Wrn::STEM as i64, 3));
        for block in &self.blocks {
            let (from, to) = (block.from as i64, block.to as i64);
            norm(&mut trained, &name(block, "bn1"), from);
            trained.extend(conv(&name(block, "conv1"), from, to, 3));
            norm(&mut trained, &name(block, "bn2"), to);
            trained.extend(conv(&name(block, "conv2"), to, to, 3));
            if block.projects() {
                trained.extend(conv(&name(block, "shortcut.0"), from, to, 1));
            }
        }
        norm(&mut trained, "bn1", self.last());
        trained.extend(ParameterShape::layer("linear", &[self.classes, self.last()], self.last()));
        trained.into_iter().chain(states).collect()
    }

    fn features(&self, parameters: &[Tensor], x: &Tensor, mode: Mode) -> Tensor {
        let (trained, states) = parameters.split_at(self.trained);
        let mut pass = Pass { network: self, trained, states, mode, layer: 0 };
        let mut h = pass.conv(x, 1);
        for block in &self.blocks {
            h = pass.block(block, &h);
        }
        pass.activated(&h).mean_dim([2i64, 3].as_slice(), false, None::<Kind>)
    }

    fn head(&self, parameters: &[Tensor]) -> (Tensor, Tensor) {
        super::network::last_layer(&parameters[..self.trained])
    }
}

/// A way through the network that takes parameters in their order.
struct Pass<'a> {
    network: &'a WrnNetwork,
    trained: &'a [Tensor],
    states: &'a [Tensor],
    mode: Mode,
    /// Of dropout, from 0.
    layer: u32,
}

impl<'a> Pass<'a> {
    fn take(&mut self) -> [&'a Tensor; 2] {
        let (pair, rest) = self.trained.split_at(2);
        self.trained = rest;
        [&pair[0], &pair[1]]
    }

    fn block(&mut self, block: &WrnBlock, x: &Tensor) -> Tensor {
        let h = self.activated(x);
        let h = self.conv(&h, 1);
        let h = self.dropped(h);
        let h = self.activated(&h);
        let h = self.conv(&h, block.stride as i64);
        // The way around takes x as it came, before norm and activation.
        match block.projects() {
            true => h + self.conv(x, block.stride as i64),
            false => h + x,
        }
    }

    fn conv(&mut self, x: &Tensor, stride: i64) -> Tensor {
        let [weight, bias] = self.take();
        let padding = weight.size()[2] / 2;
        x.conv2d(weight, Some(bias), [stride, stride], [padding, padding], [1, 1], 1)
    }

    fn activated(&mut self, x: &Tensor) -> Tensor {
        apply(self.network.spec.activation, &self.normalised(x))
    }

    fn normalised(&mut self, x: &Tensor) -> Tensor {
        match self.network.spec.norm {
            Norm::None => x.shallow_clone(),
            Norm::Group => {
                let [weight, bias] = self.take();
                x.group_norm(GROUPS, Some(weight), Some(bias), EPS, true)
            }
            Norm::Batch => {
                let [weight, bias] = self.take();
                let (pair, rest) = self.states.split_at(2);
                self.states = rest;
                // With none given the batch's are used and nothing is kept.
                let running = (self.mode != Mode::Batch).then_some((&pair[0], &pair[1]));
                let (mean, var) = running.unzip();
                let of_batch = self.mode != Mode::Eval;
                x.batch_norm(Some(weight), Some(bias), mean, var, of_batch, MOMENTUM, EPS, true)
            }
        }
    }

    fn dropped(&mut self, x: Tensor) -> Tensor {
        let rate = self.network.spec.dropout;
        let layer = self.layer;
        self.layer += 1;
        match self.mode {
            Mode::Train(masks) if rate > 0.0 => &x * masks.of(layer, rate, &x),
            _ => x,
        }
    }
}

#[cfg(test)]
#[path = "wrn_tests.rs"]
mod tests;
