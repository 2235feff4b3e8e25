//! Training agrees with PyTorch: whole small trainings by `Trainer`, and
//! networks, energies and Langevin chains by themselves.
//!
//! `fixtures/training/generate.py` makes the cases and what PyTorch makes of
//! them: torch.nn, autograd, torch.optim.Adam, clip_grad_norm_ and torch's
//! learning-rate schedulers, in double precision, on random numbers from a
//! second Philox and Box-Muller in numpy. Seeds are such that no activation
//! comes within 1e-5 of a kink and no two largest logits within 1e-4, so that
//! rounding can neither choose another slope nor another class.
//!
//! Tolerance: 5e-6, relative for values beyond ±1. Ours is single precision.
//! Where the fixture was made, PyTorch in single precision differed from itself
//! in double by at most 3e-7 in a step's values, 4e-7 in the parameters at the
//! end and 1.1e-6 in the chains (`single_precision`); our normals, of
//! single-precision polynomials, add some 2e-7 of their own. Learning rates
//! are double precision on both sides: 1e-12.

#[path = "agreement/with_pytorch.rs"]
mod agreement;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use agreement::{ImageRule, values, worst};
use jem_core::arrays::Arrays;
use jem_core::spec::{Model, Sampler, Training};
use jem_worker::data::Images;
use jem_worker::jem::{
    Mode, Noise, Parameters, StepValues, Trainer, build, class_probabilities, cross_entropy,
    energy, energy_of_class, langevin, learning_rate,
};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

const SINGLE: f64 = 5e-6;
const DOUBLE: f64 = 1e-12;

#[derive(Deserialize)]
struct Fixture {
    trainings: Vec<Case>,
    networks: Vec<NetworkCase>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    seed: u64,
    images: ImageRule,
    training: Training,
    expected: Trained,
}

#[derive(Deserialize)]
struct Trained {
    /// Of each step, in the order of `StepValues::NAMES`.
    values: Vec<[f64; 7]>,
    learning_rates: Vec<f64>,
    parameters: BTreeMap<String, Vec<f64>>,
    /// The whole buffer; none where λ = 0.
    chains: Option<Vec<f64>>,
}

#[derive(Deserialize)]
struct NetworkCase {
    model: Model,
    shape: [usize; 3],
    classes: usize,
    sampler: Sampler,
    weights: BTreeMap<String, Vec<f32>>,
    x: Vec<f32>,
    labels: Vec<i64>,
    noise: Vec<Vec<f32>>,
    expected: BTreeMap<String, Vec<f64>>,
}

fn fixture() -> Fixture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/training/expected.json");
    let file = File::open(path).expect("the fixture stands beside this test");
    serde_json::from_reader(BufReader::new(file)).expect("generate.py wrote these fields")
}

/// Asserts that every value is within the tolerance, and prints the largest
/// difference.
fn agree(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    println!("{:.1e} {what}", worst(what, found, expected, tolerance));
}

impl Case {
    fn trainer(&self) -> Trainer {
        let data = &self.training.data;
        let set = self.images.images();
        let images = Images::new(&set, data.range, data.noise_std, self.seed, Device::Cpu);
        Trainer::new(&self.training, self.seed, images)
    }
}

#[test]
fn whole_trainings_agree() {
    for case in fixture().trainings {
        let Case { name, expected, .. } = &case;
        let mut trainer = case.trainer();
        assert_eq!(trainer.steps(), expected.values.len() as u64, "{name}");
        let found: Vec<[f64; 7]> = expected.values.iter().map(|_| trainer.step().read()).collect();
        for (i, value) in StepValues::NAMES.iter().enumerate() {
            if i == 5 && expected.chains.is_none() {
                continue; // There are no samples to have an energy.
            }
            let column = |rows: &[[f64; 7]]| rows.iter().map(|row| row[i]).collect::<Vec<_>>();
            let (found, expected) = (column(&found), column(&expected.values));
            agree(&format!("{name}: {value}"), &found, &expected, SINGLE);
        }
        let weights = trainer.parameters().to_arrays();
        assert_eq!(weights.iter().count(), expected.parameters.len(), "{name}");
        for (parameter, expected) in &expected.parameters {
            let (_, found) = weights.f32(parameter).expect("PyTorch's twin has these names");
            let found: Vec<f64> = found.iter().copied().map(f64::from).collect();
            agree(&format!("{name}: {parameter}"), &found, expected, SINGLE);
        }
        let chains = trainer.buffer().map(|buffer| values(buffer.chains()));
        assert_eq!(chains.is_some(), expected.chains.is_some(), "{name}");
        if let (Some(found), Some(expected)) = (&chains, &expected.chains) {
            agree(&format!("{name}: chains"), found, expected, SINGLE);
        }
    }
}

#[test]
fn learning_rates_agree() {
    for case in fixture().trainings {
        let lr = case.training.optimizer.lr();
        let expected = &case.expected.learning_rates;
        let steps = expected.len() as u64;
        let rate = |step| learning_rate(&case.training.train, lr, step, steps);
        let found: Vec<f64> = (0..steps).map(rate).collect();
        agree(&format!("{}: learning rate", case.name), &found, expected, DOUBLE);
    }
}

/// Noise as it stands in the fixture.
struct Recorded<'a> {
    step: u64,
    parts: &'a [Vec<f32>],
    asked: usize,
}

impl Noise for Recorded<'_> {
    fn normal(&mut self, step: u64, part: u32, shape: &[i64], device: Device) -> Tensor {
        assert_eq!((step, part as usize), (self.step, self.asked), "asked in order, once each");
        self.asked += 1;
        Tensor::from_slice(&self.parts[part as usize]).reshape(shape).to_device(device)
    }
}

#[test]
fn networks_energies_and_chains_agree() {
    for (i, case) in fixture().networks.iter().enumerate() {
        let network = build(&case.model, case.shape, case.classes);
        let shapes = network.parameters();
        let mut weights = Arrays::default();
        for p in &shapes {
            let shape: Vec<usize> = p.shape.iter().map(|&n| n as usize).collect();
            weights.insert_f32(p.name.clone(), &shape, case.weights[&p.name].clone());
        }
        assert_eq!(shapes.len(), case.weights.len());
        let parameters = Parameters::load(&shapes, &weights, Device::Cpu)
            .expect("weights of PyTorch's twin fit the network");
        let [c, h, w] = case.shape.map(|n| n as i64);
        let x = Tensor::from_slice(&case.x).reshape([-1, c, h, w]);
        let labels = Tensor::from_slice(&case.labels);

        let leaf = x.copy().set_requires_grad(true);
        let logits = network.logits(parameters.tensors(), &leaf, Mode::Eval);
        let energies = energy(&logits);
        let gradient =
            Tensor::run_backward(&[energies.sum(Kind::Float)], &[&leaf], false, false).remove(0);
        let mut noise = Recorded { step: 7, parts: &case.noise, asked: 0 };
        let (frozen, bounds) = (parameters.frozen(), (-1.0, 1.0));
        let chain = langevin(network.as_ref(), &frozen, &x, &case.sampler, bounds, &mut noise, 7);
        assert_eq!(noise.asked, case.noise.len(), "one draw for each step");

        for (name, expected) in &case.expected {
            let found = match name.as_str() {
                "logits" => values(&logits),
                "energy" => values(&energies),
                "energy_of_class" => values(&energy_of_class(&logits, &labels)),
                "class_probabilities" => values(&class_probabilities(&logits)),
                "cross_entropy" => values(&cross_entropy(&logits, &labels)),
                "input_gradient" => values(&gradient),
                "chain" => values(&chain),
                other => panic!("{other} is not compared here"),
            };
            agree(&format!("network {i}: {name}"), &found, expected, SINGLE);
        }
    }
}
