//! Networks: functions of parameters and inputs that give logits.

use jem_core::spec::Model;
use tch::Tensor;

use super::ParameterShape;
use super::cnn::CnnNetwork;
use super::mlp::MlpNetwork;

/// How layers that act differently in training and in use are to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// On the batch that the parameters are fitted to.
    Train,
    /// In evaluation, and inside the sampler's chain.
    Eval,
}

/// A classifier. Its parameters are held by the caller, so that the same
/// network can be run with and without a graph on them.
pub trait Network {
    /// Names, shapes and initial bounds of the parameters, in order.
    fn parameters(&self) -> Vec<ParameterShape>;

    /// Logits `[n, k]` of inputs `[n, c, h, w]`.
    fn logits(&self, parameters: &[Tensor], x: &Tensor, mode: Mode) -> Tensor;
}

/// The network that `model` describes, for inputs of `shape` `[c, h, w]` and
/// `classes` classes.
pub fn build(model: &Model, shape: [usize; 3], classes: usize) -> Box<dyn Network> {
    match model {
        Model::Mlp(mlp) => Box::new(MlpNetwork::new(mlp, shape, classes)),
        Model::Cnn(cnn) => Box::new(CnnNetwork::new(cnn, shape, classes)),
    }
}
