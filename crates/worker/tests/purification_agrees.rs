//! Purifiers' chains and the attacker's gradients agree with PyTorch
//! (`fixtures/purification/generate.py`): with the same injected noise, the
//! chains' ends, the averaged logits, the gradient that takes the purifier for
//! the identity, and the one through every step, by double backward.
//!
//! Tolerance in double precision: 1e-9, relative for values beyond ±1. In
//! single: 5e-6 and PyTorch's own distance from itself in double (up to 4.6e-6,
//! `single_precision`), ours being no nearer to it than that.

#[path = "agreement/with_pytorch.rs"]
#[expect(dead_code, reason = "the fixture has its inputs by value")]
mod agreement;

use agreement::{values, worst};
use jem_core::arrays::Arrays;
use jem_core::spec::{Activation, Mlp, Model, Purifier};
use jem_worker::eval::purify::{Defence, Inputs, Pass, look_with};
use jem_worker::jem::{Mode, Noise, Parameters, build};
use serde::Deserialize;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

const DOUBLE: f64 = 1e-9;
const SINGLE: f64 = 5e-6;
const CHAINS: u64 = 2;
const SHAPE: [usize; 3] = [1, 3, 4];

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    hidden: Vec<u64>,
    activation: Activation,
    steps: u64,
    step_size: f64,
    noise_std: f64,
    clamp: bool,
    weights: Vec<Vec<f32>>,
    x: Vec<f64>,
    labels: Vec<i64>,
    noise: Vec<Vec<f64>>,
    single_precision: f64,
    expected: BTreeMap<String, Vec<f64>>,
}

/// The fixture's noise, in the precision of the chain.
struct Injected<'a>(&'a [Vec<f64>], Kind);

impl Noise for Injected<'_> {
    fn normal(&mut self, _: u64, part: u32, shape: &[i64], _: Device) -> Tensor {
        Tensor::from_slice(&self.0[part as usize]).reshape(shape).to_kind(self.1)
    }
}

fn agree(case: &Case, kind: Kind, tolerance: f64) {
    let Case { hidden, activation, steps, step_size, noise_std, clamp, .. } = case;
    let mlp = Mlp { hidden: hidden.clone(), activation: *activation, spectral_norm: None };
    let network = build(&Model::Mlp(mlp), SHAPE, 4);
    let mut arrays = Arrays::default();
    for (shape, values) in network.parameters().iter().zip(&case.weights) {
        let size: Vec<usize> = shape.shape.iter().map(|&n| n as usize).collect();
        arrays.insert_f32(shape.name.clone(), &size, values.clone());
    }
    let parameters = Parameters::load(&network.parameters(), &arrays, Device::Cpu)
        .expect("the fixture has every weight")
        .to_kind(kind)
        .frozen();
    let logits = |x: &Tensor| network.logits(&parameters, x, Mode::Eval);
    let purifier = Purifier {
        steps: *steps,
        step_size: *step_size,
        noise_std: *noise_std,
        chains: CHAINS,
        clamp: *clamp,
    };
    let (bounds, purifier) = ((-1.0, 1.0), Some(purifier));
    let defence = Defence { logits: &logits, purifier, bounds, seed: 0, name: "test" };
    let inputs = Inputs {
        x: Tensor::from_slice(&case.x).to_kind(kind).view([-1, 1, 3, 4]),
        y: Tensor::from_slice(&case.labels),
        rows: (0..case.labels.len() as i64).collect(),
    };
    let mut noise = Injected(&case.noise, kind);
    let end = defence.purified(&inputs, CHAINS, &mut noise);
    let straight = look_with(&defence, &inputs, CHAINS, Pass::Straight, &mut noise);
    let whole = look_with(&defence, &inputs, CHAINS, Pass::Whole(1000), &mut noise);
    let found = [
        ("end", end),
        ("logits", straight.logits),
        ("logits", whole.logits),
        ("straight", straight.gradient),
        ("whole", whole.gradient),
    ];
    for (what, found) in found {
        let label = format!("{}: {what}, {kind:?}", case.name);
        let apart = worst(&label, &values(&found), &case.expected[what], tolerance);
        println!("{apart:.1e} {label}");
    }
}

#[test]
fn chains_and_gradients_agree_in_double_and_in_single_precision() {
    let fixture: Fixture =
        serde_json::from_str(include_str!("fixtures/purification/expected.json"))
            .expect("the fixture is of this form");
    for case in &fixture.cases {
        agree(case, Kind::Double, DOUBLE);
        agree(case, Kind::Float, SINGLE + case.single_precision);
    }
}
