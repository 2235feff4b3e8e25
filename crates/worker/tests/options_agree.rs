//! Every option of network, optimiser and schedule agrees with PyTorch, over
//! whole trainings: chain with its noise, loss, gradients, clip, optimiser.
//!
//! `fixtures/training/generate_options.py` makes the cases. Those called exact
//! start from weights and images that single precision holds, and take noise
//! of a rule: double precision is compared on them to 1e-9. All are compared
//! in single precision, but for the one whose LeakyReLU comes nearer a kink
//! than that can tell.
//!
//! Tolerance in single precision: 5e-6, relative for values beyond ±1. Where
//! the fixture was made, PyTorch in single precision differed from itself in
//! double by at most 7e-7 (`single_precision`), and by 2.6e-6 where group and
//! spectral normalisation stand together: there it is 2e-5.

#[path = "agreement/with_pytorch.rs"]
mod agreement;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use agreement::{ImageRule, values, worst};
use jem_core::spec::{Model, Norm, Training, Wrn};
use jem_worker::data::Images;
use jem_worker::jem::{Mode, Noise, Parameters, Trainer, energy, learning_rate};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

const SINGLE: f64 = 5e-6;
const NORMALISED_TWICE: f64 = 2e-5;
const DOUBLE: f64 = 1e-9;

#[derive(Deserialize)]
struct Fixture {
    trainings: Vec<Case>,
    counts: Vec<Count>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    seed: u64,
    images: ImageRule,
    exact: bool,
    training: Training,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    values: Vec<[f64; 7]>,
    learning_rates: Vec<f64>,
    /// Digests, by name.
    parameters: BTreeMap<String, Vec<f64>>,
    evaluated: Option<BTreeMap<String, Vec<f64>>>,
    chains: Option<Vec<f64>>,
    logits: Option<Vec<f64>>,
    input_gradient: Option<Vec<f64>>,
}

#[derive(Deserialize)]
struct Count {
    wrn: Wrn,
    classes: u64,
    trained: u64,
}

fn fixture() -> Fixture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/training/options.json");
    let file = File::open(path).expect("the fixture stands beside this test");
    serde_json::from_reader(BufReader::new(file)).expect("generate_options.py wrote these fields")
}

/// What the fixture holds of a tensor that is too large to write down: mean,
/// root mean square, a mean with alternating weights, and eight values.
fn digest(tensor: &Tensor) -> Vec<f64> {
    let values = values(tensor);
    let n = values.len();
    let mean = |part: &dyn Fn(usize) -> f64| (0..n).map(part).sum::<f64>() / n as f64;
    let mut digest = vec![
        mean(&|i| values[i]),
        mean(&|i| values[i] * values[i]).sqrt(),
        mean(&|i| values[i] * ((i % 7) as f64 - 3.0)),
    ];
    digest.extend((0..8).map(|k| values[k * n / 8]));
    digest
}

/// Noise by the fixture's rule: multiples of 1/32, which every precision holds.
struct Ruled(Kind);

impl Noise for Ruled {
    fn normal(&mut self, step: u64, part: u32, shape: &[i64], device: Device) -> Tensor {
        let mut state = (1 + 1000 * step) as u32 + part;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from((state >> 16) % 129) - 64.0) / 32.0
        };
        let values: Vec<f64> = (0..shape.iter().product::<i64>()).map(|_| next()).collect();
        Tensor::from_slice(&values).reshape(shape).to_kind(self.0).to_device(device)
    }
}

impl Case {
    fn images(&self) -> Images {
        let data = &self.training.data;
        let set = self.images.images();
        Images::new(&set, data.range, data.noise_std, self.seed, Device::Cpu)
    }

    /// Trains in the precision `kind` and compares all there is.
    fn agrees(&self, kind: Kind, tolerance: f64) {
        let Self { name, expected, .. } = self;
        let mut trainer = Trainer::with_kind(&self.training, self.seed, self.images(), kind);
        if self.exact {
            trainer.inject(Box::new(Ruled(kind)));
        }
        assert_eq!(trainer.steps(), expected.values.len() as u64, "{name}");
        let mut steps = 0f64;
        for (i, expected) in expected.values.iter().enumerate() {
            let found = trainer.step().read();
            steps = steps.max(worst(&format!("{name}: step {i}"), &found, expected, tolerance));
        }
        let of_all = |parameters: &Parameters, expected: &BTreeMap<String, Vec<f64>>| {
            assert_eq!(parameters.names().len(), expected.len(), "{name}");
            let named = parameters.names().iter().zip(parameters.tensors());
            let worst = named.map(|(parameter, tensor)| {
                let expected = &expected[parameter];
                worst(&format!("{name}: {parameter}"), &digest(tensor), expected, tolerance)
            });
            worst.fold(0f64, f64::max)
        };
        let weights = of_all(trainer.parameters(), &expected.parameters);
        let mean = expected.evaluated.as_ref().map(|mean| of_all(trainer.evaluated(), mean));
        let chains = trainer.buffer().zip(expected.chains.as_ref()).map(|(buffer, expected)| {
            worst(&format!("{name}: chains"), &digest(buffer.chains()), expected, tolerance)
        });
        let network = self.network_agrees(&trainer, kind, tolerance);
        let shown = |worst: Option<f64>| worst.map_or("–".to_owned(), |w| format!("{w:.1e}"));
        println!(
            "{kind:?} | {name} | {steps:.1e} | {weights:.1e} | {} | {} | {} | {}",
            shown(mean),
            shown(chains),
            shown(network.map(|worst| worst[0])),
            shown(network.map(|worst| worst[1])),
        );
    }

    /// Logits, and their energy's gradient, of four images after training.
    fn network_agrees(&self, trainer: &Trainer, kind: Kind, tolerance: f64) -> Option<[f64; 2]> {
        let (logits, slope) =
            (self.expected.logits.as_ref()?, self.expected.input_gradient.as_ref()?);
        let x = self.images().batch(&[0, 1, 2, 3]).0.to_kind(kind).set_requires_grad(true);
        let parameters = trainer.evaluated().tensors();
        let found = trainer.network().logits(parameters, &x, Mode::Eval);
        let gradient =
            Tensor::run_backward(&[energy(&found).sum(kind)], &[&x], false, false).remove(0);
        let name = &self.name;
        Some([
            worst(&format!("{name}: logits"), &values(&found), logits, tolerance),
            worst(&format!("{name}: input gradient"), &digest(&gradient), slope, tolerance),
        ])
    }

    fn single(&self) -> Option<f64> {
        match &self.training.model {
            Model::Wrn(wrn) if wrn.activation == jem_core::spec::Activation::LeakyRelu => None,
            Model::Wrn(wrn) if wrn.norm == Norm::Group && wrn.spectral_norm.is_some() => {
                Some(NORMALISED_TWICE)
            }
            _ => Some(SINGLE),
        }
    }
}

#[test]
fn double_precision_agrees_to_the_last_digits() {
    let mut compared = 0;
    for case in fixture().trainings.iter().filter(|case| case.exact) {
        case.agrees(Kind::Double, DOUBLE);
        compared += 1;
    }
    assert_eq!(compared, 6);
}

#[test]
fn single_precision_agrees_as_far_as_it_does_with_itself() {
    for case in &fixture().trainings {
        if let Some(tolerance) = case.single() {
            case.agrees(Kind::Float, tolerance);
        }
    }
}

#[test]
fn learning_rates_agree() {
    for case in fixture().trainings {
        let expected = &case.expected.learning_rates;
        let (steps, lr) = (expected.len() as u64, case.training.optimizer.lr());
        let rate = |step| learning_rate(&case.training.train, lr, step, steps);
        let found: Vec<f64> = (0..steps).map(rate).collect();
        worst(&format!("{}: learning rate", case.name), &found, expected, 1e-12);
    }
}

#[test]
fn wide_residual_networks_have_as_many_parameters() {
    for Count { wrn, classes, trained } in fixture().counts {
        assert_eq!(wrn.parameters(3, classes), trained, "{wrn:?}");
    }
}
