//! The running mean of a network's weights (Polyak and Juditsky 1992), which
//! is what is evaluated where a spec asks for it.

use jem_core::arrays::Arrays;
use jem_core::spec::Train;

use super::parameters::{insert, read_onto};
use super::{Misfit, Parameters};

/// m ← decay · m + (1 − decay) · w after every step; after the first, m is w.
/// Where the decay has a warm-up it starts small, so that a short training
/// forgets its start: min(decay, (1 + t)/(10 + t)) at step t (from 0), as in
/// TensorFlow's `ExponentialMovingAverage`.
pub struct Average {
    spec: Train,
    mean: Parameters,
}

impl Average {
    /// Before the first step: the mean is that of `parameters` alone. None
    /// where `spec` asks for no mean.
    pub fn new(spec: &Train, parameters: &Parameters) -> Option<Self> {
        spec.ema.map(|_| Self { spec: spec.clone(), mean: parameters.copied() })
    }

    /// Takes in `parameters` after step `step` (from 0). What is not trained,
    /// such as running statistics, is the newest.
    pub fn add(&mut self, parameters: &Parameters, step: u64) {
        let _guard = tch::no_grad_guard();
        let trained = parameters.trained().len();
        let decay = self.spec.ema_decay(step).unwrap_or_default();
        for (i, (mean, new)) in self.mean.tensors().iter().zip(parameters.tensors()).enumerate() {
            let mut mean = mean.shallow_clone();
            match i < trained && step > 0 {
                true => drop(mean.lerp_(&new.detach(), 1.0 - decay)),
                false => mean.copy_(&new.detach()),
            }
        }
    }

    /// The mean.
    pub fn mean(&self) -> &Parameters {
        &self.mean
    }

    /// Puts the mean into `arrays`, as `ema/` and the name.
    pub fn save(&self, arrays: &mut Arrays) {
        for (name, tensor) in self.mean.names().iter().zip(self.mean.tensors()) {
            insert(arrays, &format!("ema/{name}"), tensor);
        }
    }

    /// Takes back what [`Average::save`] left.
    ///
    /// # Errors
    /// When a value is missing or has another shape.
    pub fn restore(&mut self, arrays: &Arrays) -> Result<(), Misfit> {
        for (name, tensor) in self.mean.names().iter().zip(self.mean.tensors()) {
            let saved = read_onto(arrays, &format!("ema/{name}"), tensor)?;
            tensor.shallow_clone().copy_(&saved);
        }
        Ok(())
    }
}
