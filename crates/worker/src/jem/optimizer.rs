//! The optimiser of a spec, with state of its own that can be saved.

use jem_core::arrays::Arrays;
use jem_core::spec::{Adam, Optimizer};
use tch::Tensor;

use super::sgd::SgdState;
use super::{AdamState, Misfit, Parameters};

/// One optimiser's state.
pub enum OptimizerState {
    /// Adam, with or without decoupled weight decay.
    Adam(AdamState),
    /// Gradient descent with momentum.
    Sgd(SgdState),
}

impl OptimizerState {
    /// Before the first step on `parameters`.
    pub fn new(spec: &Optimizer, parameters: &[Tensor]) -> Self {
        match spec {
            Optimizer::Adam(adam) => Self::Adam(AdamState::new(adam, parameters)),
            Optimizer::AdamW(adamw) => {
                let adam =
                    Adam { lr: adamw.lr, beta1: adamw.beta1, beta2: adamw.beta2, eps: adamw.eps };
                Self::Adam(AdamState::new(&adam, parameters).decaying(adamw.weight_decay))
            }
            Optimizer::Sgd(sgd) => Self::Sgd(SgdState::new(sgd, parameters)),
        }
    }

    /// One update of `parameters` by `gradients`, with learning rate `lr`.
    pub fn step(&mut self, parameters: &[Tensor], gradients: &[Tensor], lr: f64) {
        match self {
            Self::Adam(adam) => adam.step(parameters, gradients, lr),
            Self::Sgd(sgd) => sgd.step(parameters, gradients, lr),
        }
    }

    /// Puts the state into `arrays`, by the names of the `parameters`.
    pub fn save(&self, parameters: &Parameters, arrays: &mut Arrays) {
        match self {
            Self::Adam(adam) => adam.save(parameters, arrays),
            Self::Sgd(sgd) => sgd.save(parameters, arrays),
        }
    }

    /// Takes back what [`OptimizerState::save`] left after `steps` steps.
    ///
    /// # Errors
    /// When something is missing or has another shape.
    pub fn restore(
        &mut self,
        parameters: &Parameters,
        arrays: &Arrays,
        steps: u64,
    ) -> Result<(), Misfit> {
        match self {
            Self::Adam(adam) => adam.restore(parameters, arrays, steps),
            Self::Sgd(sgd) => sgd.restore(parameters, arrays),
        }
    }
}
