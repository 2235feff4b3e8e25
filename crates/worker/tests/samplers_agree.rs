//! Trainings with every kind of sampler, start and term of the objective
//! agree with PyTorch (`fixtures/samplers/generate.py`).
//!
//! Tolerance: 5e-6, relative for values beyond ±1. Ours is single precision,
//! in which PyTorch differs from itself in double by at most 1.1e-6 here; our
//! normals, of single-precision polynomials, and the single-precision factors
//! of the class Gaussians add to it. In the cases with MALA no step's chance
//! comes within 1e-3 of where it would be decided otherwise.

#[path = "agreement/with_pytorch.rs"]
mod agreement;

use std::collections::BTreeMap;

use agreement::{ImageRule, values, worst};
use jem_core::spec::Training;
use jem_worker::data::Images;
use jem_worker::jem::{StepValues, Trainer};
use serde::Deserialize;
use tch::Device;

const SINGLE: f64 = 5e-6;

#[derive(Deserialize)]
struct Fixture {
    trainings: Vec<Case>,
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
    /// Of each step, in the order of `StepValues::NAMES`, then of `CHAINS`.
    values: Vec<Vec<f64>>,
    parameters: BTreeMap<String, Vec<f64>>,
    /// The whole buffer.
    chains: Vec<f64>,
}

/// Asserts that every value is within the tolerance, and prints the largest
/// difference.
fn agree(what: &str, found: &[f64], expected: &[f64]) {
    println!("{:.1e} {what}", worst(what, found, expected, SINGLE));
}

#[test]
fn trainings_with_every_sampler_agree() -> Result<(), Box<dyn std::error::Error>> {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/samplers/expected.json"))?;
    for Case { name, seed, images, training, expected } in &fixture.trainings {
        let data = &training.data;
        let images = Images::new(&images.images(), data.range, 0.0, *seed, Device::Cpu);
        let mut trainer = Trainer::new(training, *seed, images);
        let found: Vec<Vec<f64>> =
            expected.values.iter().map(|_| values(trainer.step().tensor())).collect();
        let names: Vec<&str> = StepValues::NAMES.into_iter().chain(StepValues::CHAINS).collect();
        for (i, value) in names.iter().enumerate() {
            let column = |rows: &[Vec<f64>]| rows.iter().map(|row| row[i]).collect::<Vec<_>>();
            agree(&format!("{name}: {value}"), &column(&found), &column(&expected.values));
        }
        let weights = trainer.parameters().to_arrays();
        for (parameter, expected) in &expected.parameters {
            let (_, found) = weights.f32(parameter).expect("PyTorch's twin has these names");
            let found: Vec<f64> = found.iter().copied().map(f64::from).collect();
            agree(&format!("{name}: {parameter}"), &found, expected);
        }
        let buffer = trainer.buffer().expect("every case has chains");
        agree(&format!("{name}: chains"), &values(buffer.chains()), &expected.chains);
    }
    Ok(())
}
