//! The running mean of a network's weights (Polyak and Juditsky 1992), which
//! is what is evaluated where a spec asks for it.

use jem_core::arrays::Arrays;

use super::parameters::{insert, read_onto};
use super::{Misfit, Parameters};

/// m ← decay · m + (1 − decay) · w after every step; after the first, m is w.
pub struct Average {
    decay: f64,
    mean: Parameters,
}

impl Average {
    /// Before the first step: the mean is that of `parameters` alone.
    pub fn new(decay: f64, parameters: &Parameters) -> Self {
        Self { decay, mean: parameters.copied() }
    }

    /// Takes in `parameters` after step `step` (from 0). What is not trained,
    /// such as running statistics, is the newest.
    pub fn add(&mut self, parameters: &Parameters, step: u64) {
        let _guard = tch::no_grad_guard();
        let trained = parameters.trained().len();
        for (i, (mean, new)) in self.mean.tensors().iter().zip(parameters.tensors()).enumerate() {
            let mut mean = mean.shallow_clone();
            match i < trained && step > 0 {
                true => drop(mean.lerp_(&new.detach(), 1.0 - self.decay)),
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
