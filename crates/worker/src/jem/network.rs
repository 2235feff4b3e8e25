//! Networks: functions of parameters and inputs that give logits.

use jem_core::spec::Model;
use tch::Tensor;

use super::cnn::CnnNetwork;
use super::mlp::MlpNetwork;
use super::spectral::SpectralNetwork;
use super::wrn::WrnNetwork;
use super::{Masks, ParameterShape};

/// How layers that act differently in training and in use are to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// On a batch that the parameters are fitted to: batch normalisation goes
    /// by the batch and moves its running statistics, and what these masks say
    /// is dropped.
    Train(Masks),
    /// By the batch, with nothing moved and nothing dropped: what the chain
    /// may be asked to go by.
    Batch,
    /// In evaluation, and inside the chain where nothing else is asked for.
    Eval,
}

/// A classifier. Its parameters are held by the caller, so that the same
/// network can be run with and without a graph on them.
pub trait Network {
    /// Names, shapes and initial values of the parameters, in order: those that
    /// are trained, then state.
    fn parameters(&self) -> Vec<ParameterShape>;

    /// Penultimate features `[n, d]` of inputs `[n, c, h, w]`: what the last
    /// linear layer is applied to.
    fn features(&self, parameters: &[Tensor], x: &Tensor, mode: Mode) -> Tensor;

    /// Weight `[k, d]` and bias `[k]` of the last linear layer.
    fn head(&self, parameters: &[Tensor]) -> (Tensor, Tensor);

    /// Logits `[n, k]` of inputs `[n, c, h, w]`: features · Wᵀ + b.
    fn logits(&self, parameters: &[Tensor], x: &Tensor, mode: Mode) -> Tensor {
        let (weight, bias) = self.head(parameters);
        self.features(parameters, x, mode).linear(&weight, Some(&bias))
    }

    /// Moves, in place, what state follows the parameters themselves and no
    /// input, by `rounds` rounds; a trainer asks for one before each step.
    fn follow(&self, _parameters: &[Tensor], _rounds: u64) {}
}

/// The last two of `parameters`, where they are the last layer's.
pub(super) fn last_layer(parameters: &[Tensor]) -> (Tensor, Tensor) {
    let last = &parameters[parameters.len() - 2..];
    (last[0].shallow_clone(), last[1].shallow_clone())
}

/// The network that `model` describes, for inputs of `shape` `[c, h, w]` and
/// `classes` classes.
pub fn build(model: &Model, shape: [usize; 3], classes: usize) -> Box<dyn Network> {
    let network: Box<dyn Network> = match model {
        Model::Mlp(mlp) => Box::new(MlpNetwork::new(mlp, shape, classes)),
        Model::Cnn(cnn) => Box::new(CnnNetwork::new(cnn, shape, classes)),
        Model::Wrn(wrn) => Box::new(WrnNetwork::new(wrn, shape, classes)),
    };
    match model.spectral_norm() {
        Some(iterations) => Box::new(SpectralNetwork::new(network, iterations)),
        None => network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jem::Parameters;
    use jem_core::spec::{Activation, Cnn, Mlp};
    use tch::{Device, Kind};

    #[test]
    fn logits_are_the_head_applied_to_the_features() {
        let activation = Activation::Silu;
        let cnn = |hidden| {
            Model::Cnn(Cnn { channels: vec![4, 6], hidden, activation, spectral_norm: None })
        };
        let models = [
            (Model::Mlp(Mlp { hidden: vec![7, 5], activation, spectral_norm: None }), 5),
            (cnn(0), 6 * 4 * 4),
            (cnn(9), 9),
        ];
        for (model, width) in models {
            let network = build(&model, [1, 8, 8], 10);
            let parameters = Parameters::init(&network.parameters(), 0, Device::Cpu);
            let parameters = parameters.tensors();
            let x = Tensor::arange(3 * 64, (Kind::Float, Device::Cpu)).sin().view([3, 1, 8, 8]);
            let features = network.features(parameters, &x, Mode::Eval);
            let (weight, bias) = network.head(parameters);
            assert_eq!((features.size(), weight.size()), (vec![3, width], vec![10, width]));
            let expected = features.matmul(&weight.tr()) + bias;
            let logits = network.logits(parameters, &x, Mode::Eval);
            assert!(logits.allclose(&expected, 1e-5, 1e-6, false), "{model:?}");
        }
    }
}
