//! Gradient descent with momentum, as PyTorch has it: the learning rate
//! multiplies the momentum too (Sutskever et al. 2013 have it inside).

use jem_core::arrays::Arrays;
use jem_core::spec::Sgd;
use tch::Tensor;

use super::parameters::{insert, read_onto};
use super::{Misfit, Parameters};

/// The decaying sum of gradients of every parameter.
pub struct SgdState {
    spec: Sgd,
    /// Empty where there is no momentum.
    sums: Vec<Tensor>,
}

impl SgdState {
    /// Zero sums for `parameters`.
    pub fn new(spec: &Sgd, parameters: &[Tensor]) -> Self {
        let kept = if spec.momentum > 0.0 { parameters } else { &[] };
        Self { spec: spec.clone(), sums: kept.iter().map(|p| p.detach().zeros_like()).collect() }
    }

    /// Puts the sums into `arrays`, by the names of the `parameters`.
    pub fn save(&self, parameters: &Parameters, arrays: &mut Arrays) {
        for (name, sum) in parameters.names().iter().zip(&self.sums) {
            insert(arrays, &format!("sgd/{name}"), sum);
        }
    }

    /// Takes the sums back that [`SgdState::save`] left.
    ///
    /// # Errors
    /// When one is missing or has another shape.
    pub fn restore(&mut self, parameters: &Parameters, arrays: &Arrays) -> Result<(), Misfit> {
        for (name, sum) in parameters.names().iter().zip(&mut self.sums) {
            *sum = read_onto(arrays, &format!("sgd/{name}"), sum)?;
        }
        Ok(())
    }

    /// One update of `parameters` by `gradients`, with learning rate `lr`.
    pub fn step(&mut self, parameters: &[Tensor], gradients: &[Tensor], lr: f64) {
        let _guard = tch::no_grad_guard();
        let Sgd { momentum, nesterov, weight_decay, .. } = self.spec;
        for (i, (p, g)) in parameters.iter().zip(gradients).enumerate() {
            // Writes through to the leaf's storage; detach shares it.
            let mut p = p.detach();
            let mut along = g.shallow_clone();
            if weight_decay > 0.0 {
                along = &along + &p * weight_decay;
            }
            if let Some(sum) = self.sums.get_mut(i) {
                *sum *= momentum;
                *sum += &along;
                along = match nesterov {
                    true => &along + &*sum * momentum,
                    false => sum.shallow_clone(),
                };
            }
            p -= along * lr;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_are_those_of_the_hand() {
        // g = 1 + 0.5 p. From p = 2: g = 2, sum 2, p = 2 − 0.1 · 2 = 1.8.
        // Then g = 1.9, sum = 0.5 · 2 + 1.9 = 2.9, p = 1.8 − 0.29 = 1.51.
        // Nesterov: 2 + 0.5 · 2 = 3, p = 1.7; g = 1.85, sum = 2.85,
        // 1.85 + 0.5 · 2.85 = 3.275, p = 1.3725.
        for (nesterov, expected) in [(false, 1.51), (true, 1.3725)] {
            let spec = Sgd { lr: 0.1, momentum: 0.5, nesterov, weight_decay: 0.5 };
            let p = [Tensor::from_slice(&[2f32]).set_requires_grad(true)];
            let mut state = SgdState::new(&spec, &p);
            for _ in 0..2 {
                state.step(&p, &[Tensor::from_slice(&[1f32])], 0.1);
            }
            assert!((p[0].double_value(&[0]) - expected).abs() < 1e-6, "{nesterov}");
        }
    }
}
