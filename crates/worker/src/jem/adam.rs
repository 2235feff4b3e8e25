//! Adam (Kingma and Ba 2015, algorithm 1) with state of our own, so that it
//! can be saved; and clipping by the global norm.

use jem_core::arrays::Arrays;
use jem_core::spec::Adam;
use tch::Tensor;

use super::parameters::{insert, read_onto};
use super::{Misfit, Parameters};

/// First and second moments of every parameter, and the steps taken.
pub struct AdamState {
    spec: Adam,
    weight_decay: f64,
    steps: u64,
    moments: Vec<(Tensor, Tensor)>,
}

impl AdamState {
    /// Zero moments for `parameters`.
    pub fn new(spec: &Adam, parameters: &[Tensor]) -> Self {
        let zeros = |p: &Tensor| (p.detach().zeros_like(), p.detach().zeros_like());
        let moments = parameters.iter().map(zeros).collect();
        Self { spec: spec.clone(), weight_decay: 0.0, steps: 0, moments }
    }

    /// The same with decoupled weight decay (Loshchilov and Hutter 2019):
    /// every step takes lr · `weight_decay` of each parameter off it.
    pub fn decaying(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// Puts the moments into `arrays`, by the names of the `parameters`.
    pub fn save(&self, parameters: &Parameters, arrays: &mut Arrays) {
        for (name, (m, v)) in parameters.names().iter().zip(&self.moments) {
            insert(arrays, &format!("adam/m/{name}"), m);
            insert(arrays, &format!("adam/v/{name}"), v);
        }
    }

    /// Takes the moments back that [`AdamState::save`] left after `steps`
    /// steps.
    ///
    /// # Errors
    /// When one is missing or has another shape.
    pub fn restore(
        &mut self,
        parameters: &Parameters,
        arrays: &Arrays,
        steps: u64,
    ) -> Result<(), Misfit> {
        for (name, (m, v)) in parameters.names().iter().zip(&mut self.moments) {
            *m = read_onto(arrays, &format!("adam/m/{name}"), m)?;
            *v = read_onto(arrays, &format!("adam/v/{name}"), v)?;
        }
        self.steps = steps;
        Ok(())
    }

    /// One update of `parameters` by `gradients`, with learning rate `lr`.
    pub fn step(&mut self, parameters: &[Tensor], gradients: &[Tensor], lr: f64) {
        let _guard = tch::no_grad_guard();
        let Adam { beta1, beta2, eps, .. } = self.spec;
        self.steps += 1;
        let t = self.steps as f64;
        let correction1 = 1.0 - beta1.powf(t);
        let correction2 = (1.0 - beta2.powf(t)).sqrt();
        for ((p, g), (m, v)) in parameters.iter().zip(gradients).zip(&mut self.moments) {
            let _ = m.lerp_(g, 1.0 - beta1);
            *v *= beta2;
            *v += (g * g) * (1.0 - beta2);
            let update = &*m / (v.sqrt() / correction2 + eps);
            // Writes through to the leaf's storage; detach shares it.
            let mut p = p.detach();
            if self.weight_decay > 0.0 {
                p *= 1.0 - lr * self.weight_decay;
            }
            p -= update * (lr / correction1);
        }
    }
}

/// Scales `gradients` down to the global norm `limit`, where they exceed it,
/// and returns the norm they had (a scalar). With no limit they stay.
pub fn clip_grad_norm(gradients: &mut [Tensor], limit: Option<f64>) -> Tensor {
    let _guard = tch::no_grad_guard();
    let norms: Vec<Tensor> = gradients.iter().map(|g| g.norm()).collect();
    let norm = Tensor::stack(&norms, 0).norm();
    if let Some(limit) = limit {
        // Kept on the device: reading the norm would wait for it.
        let scale = ((&norm + 1e-6).reciprocal() * limit).clamp_max(1.0);
        for g in gradients {
            *g *= &scale;
        }
    }
    norm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_moves_each_value_by_the_learning_rate() {
        // With bias correction, step 1 is lr · g / (|g| + eps).
        let spec = Adam { lr: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8 };
        let p = [Tensor::from_slice(&[1f32, 2.0]).set_requires_grad(true)];
        let mut state = AdamState::new(&spec, &p);
        state.step(&p, &[Tensor::from_slice(&[3f32, -0.5])], 0.1);
        assert!((p[0].double_value(&[0]) - 0.9).abs() < 1e-6);
        assert!((p[0].double_value(&[1]) - 2.1).abs() < 1e-6);
        assert!(p[0].requires_grad());
    }

    #[test]
    fn clipping_keeps_the_direction_and_small_gradients() {
        let mut g = [Tensor::from_slice(&[3f32]), Tensor::from_slice(&[4f32])];
        assert!((clip_grad_norm(&mut g, Some(1.0)).double_value(&[]) - 5.0).abs() < 1e-6);
        assert!((g[0].double_value(&[0]) - 0.6).abs() < 1e-5);
        assert!((g[1].double_value(&[0]) - 0.8).abs() < 1e-5);
        let mut small = [Tensor::from_slice(&[0.5f32])];
        assert_eq!(clip_grad_norm(&mut small, Some(1.0)).double_value(&[]), 0.5);
        assert_eq!(small[0].double_value(&[0]), 0.5);
    }
}
