//! Spectral normalisation (Miyato et al. 2018): a network whose every weight
//! is divided by its largest singular value.

use tch::Tensor;

use super::parameters::Start;
use super::{Mode, Network, ParameterShape};

/// Kept away from a division by zero, as PyTorch's.
const EPS: f64 = 1e-12;

/// A network around another. For each weight W, as a matrix `[h, w]` of rows
/// by outputs, it holds the vectors u `[h]` and v `[w]` that power iteration
/// brings near the first singular pair, and hands on W / (u · W v), with the
/// gradient that this has for fixed u and v.
pub(super) struct SpectralNetwork {
    inner: Box<dyn Network>,
    /// Power iterations a step.
    iterations: u64,
    /// Places of the weights among the inner network's parameters.
    weights: Vec<usize>,
    /// How many parameters that network has.
    inside: usize,
}

impl SpectralNetwork {
    pub(super) fn new(inner: Box<dyn Network>, iterations: u64) -> Self {
        let shapes = inner.parameters();
        let weights = (0..shapes.len()).filter(|&i| is_weight(&shapes[i])).collect();
        Self { inner, iterations, weights, inside: shapes.len() }
    }

    /// The inner network's parameters, each weight divided.
    fn divided(&self, parameters: &[Tensor]) -> Vec<Tensor> {
        let (inside, vectors) = parameters.split_at(self.inside);
        let mut divided: Vec<Tensor> = inside.iter().map(Tensor::shallow_clone).collect();
        for (&place, pair) in self.weights.iter().zip(vectors.chunks_exact(2)) {
            let weight = &inside[place];
            // Copies: the vectors move on before a graph has gone back.
            let (u, v) = (pair[0].detach().copy(), pair[1].detach().copy());
            let largest = u.dot(&weight.flatten(1, -1).mv(&v));
            divided[place] = weight / largest;
        }
        divided
    }
}

/// Matrices and kernels; no scale of a normalisation.
fn is_weight(shape: &ParameterShape) -> bool {
    shape.trained && shape.shape.len() > 1
}

fn unit(vector: &Tensor) -> Tensor {
    vector / vector.norm().clamp_min(EPS)
}

impl Network for SpectralNetwork {
    fn parameters(&self) -> Vec<ParameterShape> {
        let mut shapes = self.inner.parameters();
        let vectors = self.weights.iter().flat_map(|&place| {
            let ParameterShape { name, shape, .. } = &shapes[place];
            let inputs = shape[1..].iter().product();
            [("u", shape[0]), ("v", inputs)].map(|(which, length)| {
                ParameterShape::state(&format!("{name}_{which}"), length, Start::Direction)
            })
        });
        let vectors: Vec<ParameterShape> = vectors.collect();
        shapes.extend(vectors);
        shapes
    }

    fn features(&self, parameters: &[Tensor], x: &Tensor, mode: Mode) -> Tensor {
        self.inner.features(&self.divided(parameters), x, mode)
    }

    fn head(&self, parameters: &[Tensor]) -> (Tensor, Tensor) {
        self.inner.head(&self.divided(parameters))
    }

    fn logits(&self, parameters: &[Tensor], x: &Tensor, mode: Mode) -> Tensor {
        self.inner.logits(&self.divided(parameters), x, mode)
    }

    fn follow(&self, parameters: &[Tensor], rounds: u64) {
        let _guard = tch::no_grad_guard();
        let (inside, vectors) = parameters.split_at(self.inside);
        for (&place, pair) in self.weights.iter().zip(vectors.chunks_exact(2)) {
            let matrix = inside[place].detach().flatten(1, -1);
            let (mut u, mut v) = (pair[0].shallow_clone(), pair[1].shallow_clone());
            for _ in 0..rounds * self.iterations {
                u.copy_(&unit(&matrix.mv(&v)));
                v.copy_(&unit(&matrix.tr().mv(&u)));
            }
        }
        self.inner.follow(inside, rounds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jem::{Parameters, build};
    use jem_core::spec::{Activation, Cnn, Model};
    use tch::{Device, Kind};

    #[test]
    fn every_weight_has_a_largest_singular_value_of_one() {
        let cnn = |spectral_norm| {
            Model::Cnn(Cnn {
                channels: vec![4, 6],
                hidden: 9,
                activation: Activation::Silu,
                spectral_norm,
            })
        };
        let network = build(&cnn(Some(2)), [1, 8, 8], 5);
        let plain = build(&cnn(None), [1, 8, 8], 5);
        let parameters = Parameters::init(&network.parameters(), 4, Device::Cpu);
        assert_eq!(parameters.trained().len(), plain.parameters().len());
        network.follow(parameters.tensors(), 500);
        let divided = SpectralNetwork::new(plain, 2).divided(&parameters.frozen());
        let weights: Vec<&Tensor> = divided.iter().filter(|p| p.size().len() > 1).collect();
        assert_eq!(weights.len(), 4);
        for weight in weights {
            let matrix = weight.flatten(1, -1);
            // The largest eigenvalue of W Wᵀ is the square.
            let squares = matrix.matmul(&matrix.tr()).linalg_eigvalsh("L");
            assert!((squares.max().double_value(&[]) - 1.0).abs() < 1e-4);
        }
        let x = Tensor::ones([2, 1, 8, 8], (Kind::Float, Device::Cpu));
        let (weight, bias) = network.head(parameters.tensors());
        let features = network.features(parameters.tensors(), &x, Mode::Eval);
        let logits = network.logits(parameters.tensors(), &x, Mode::Eval);
        assert!(logits.allclose(&features.linear(&weight, Some(&bias)), 1e-5, 1e-6, false));
    }
}
