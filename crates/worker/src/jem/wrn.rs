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
mod tests {
    use super::*;
    use crate::jem::{Masks, Parameters, build};
    use jem_core::spec::{Activation, Model, SamplerMode};
    use tch::Device;

    fn wrn(norm: Norm, dropout: f64) -> Wrn {
        let activation = Activation::LeakyRelu;
        let sampler_mode = SamplerMode::Eval;
        Wrn { depth: 10, width: 1, norm, dropout, activation, sampler_mode, spectral_norm: None }
    }

    fn made(spec: &Wrn, shape: [usize; 3]) -> (Box<dyn Network>, Parameters, Tensor) {
        let network = build(&Model::Wrn(spec.clone()), shape, 10);
        let parameters = Parameters::init(&network.parameters(), 1, Device::Cpu);
        let [c, h, w] = shape.map(|n| n as i64);
        let x = Tensor::arange(4 * c * h * w, (Kind::Float, Device::Cpu)).sin().view([4, c, h, w]);
        (network, parameters, x)
    }

    #[test]
    fn it_has_the_parameters_that_the_spec_counts() {
        for (norm, width, classes) in
            [(Norm::None, 1, 10), (Norm::Batch, 2, 7), (Norm::Group, 3, 100), (Norm::None, 10, 10)]
        {
            let depth = if width == 10 { 28 } else { 16 };
            let spec = Wrn { depth, width, ..wrn(norm, 0.0) };
            let shapes = WrnNetwork::new(&spec, [3, 32, 32], classes).parameters();
            let size = |p: &ParameterShape| p.shape.iter().product::<i64>() as u64;
            let trained: u64 = shapes.iter().filter(|p| p.trained).map(size).sum();
            assert_eq!(trained, spec.parameters(3, classes as u64), "{spec:?}");
            let states: u64 = shapes.iter().filter(|p| !p.trained).map(size).sum();
            let scales = trained - Wrn { norm: Norm::None, ..spec }.parameters(3, classes as u64);
            // A running mean and variance for each scale and shift.
            assert_eq!(states, if norm == Norm::Batch { scales } else { 0 });
            let first = shapes.iter().position(|p| !p.trained).unwrap_or(shapes.len());
            assert!(shapes[first..].iter().all(|p| !p.trained), "states stand last");
        }
    }

    #[test]
    fn any_image_size_will_do_and_logits_are_the_head_applied_to_the_features() {
        for shape in [[3, 32, 32], [1, 28, 28], [2, 7, 5]] {
            let (network, parameters, x) = made(&wrn(Norm::Batch, 0.0), shape);
            let features = network.features(parameters.tensors(), &x, Mode::Eval);
            let (weight, bias) = network.head(parameters.tensors());
            assert_eq!((features.size(), weight.size()), (vec![4, 64], vec![10, 64]));
            let logits = network.logits(parameters.tensors(), &x, Mode::Eval);
            assert!(logits.allclose(&(features.matmul(&weight.tr()) + bias), 1e-5, 1e-6, false));
        }
    }

    #[test]
    fn running_statistics_move_on_a_training_batch_alone() {
        let (network, parameters, x) = made(&wrn(Norm::Batch, 0.0), [1, 8, 8]);
        let values = |name: &str| {
            let place = parameters.names().iter().position(|other| other == name);
            parameters.tensors()[place.unwrap_or(usize::MAX)].copy()
        };
        let masks = Masks::new(0, 0, 0);
        assert!(values("layer1.0.bn1.running_mean").abs().max().double_value(&[]) == 0.0);
        let _ = network.logits(&parameters.frozen(), &x, Mode::Eval);
        let batch = network.logits(&parameters.frozen(), &x, Mode::Batch);
        assert!(values("layer1.0.bn1.running_mean").abs().max().double_value(&[]) == 0.0);
        let train = network.logits(parameters.tensors(), &x, Mode::Train(masks));
        assert!(train.allclose(&batch, 1e-6, 1e-6, false), "both go by the batch");
        // 0.9 of the batch's mean, which is the stem's output: here of channel 0.
        let stem = x.conv2d(&values("conv1.weight"), Some(values("conv1.bias")), 1, 1, 1, 1);
        let expected = stem.mean_dim([0i64, 2, 3].as_slice(), false, None::<Kind>) * 0.9;
        assert!(values("layer1.0.bn1.running_mean").allclose(&expected, 1e-5, 1e-6, false));
        let eval = network.logits(parameters.tensors(), &x, Mode::Eval);
        assert!(!eval.allclose(&train, 1e-3, 1e-3, false), "eval goes by what ran");
    }

    #[test]
    fn dropout_is_named_by_seed_step_and_pass_and_is_of_training_alone() {
        let (network, parameters, x) = made(&wrn(Norm::None, 0.3), [1, 8, 8]);
        let logits = |mode| network.logits(&parameters.frozen(), &x, mode);
        let train = |seed, step, pass| logits(Mode::Train(Masks::new(seed, step, pass)));
        assert!(train(1, 2, 0).equal(&train(1, 2, 0)));
        for other in [train(2, 2, 0), train(1, 3, 0), train(1, 2, 1)] {
            assert!(!train(1, 2, 0).equal(&other));
        }
        assert!(logits(Mode::Eval).equal(&logits(Mode::Batch)));
        let without = made(&wrn(Norm::None, 0.0), [1, 8, 8]);
        assert!(logits(Mode::Eval).equal(&without.0.logits(&without.1.frozen(), &x, Mode::Eval)));
    }
}
