//! Learning from an auxiliary set, from few labels, and after pre-training.
//!
//! `fixtures/auxiliary/generate.py` has the terms as their authors' code
//! computes them. Tolerance: 1e-12 relative in double precision (sums in
//! another order), 2e-6 in single, whose rounding is 6e-8 and whose energies of
//! some 30 are squared.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use jem_core::dataset::LabelledImages;
use jem_core::plan::Plan;
use jem_core::random::{At, Stream};
use jem_core::spec::{Labels, Training};
use jem_worker::data::{BatchOrder, Images, labelled};
use jem_worker::jem::{Mode, Trainer, energy, energy_margin, outlier_exposure};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

#[derive(Deserialize)]
struct Expected {
    classes: i64,
    inside: Vec<f64>,
    outside: Vec<f64>,
    m_in: f64,
    m_out: f64,
    exposure: f64,
    margin: f64,
    exposure_gradient: Vec<f64>,
    margin_gradients: [Vec<f64>; 2],
}

fn agree(what: &str, found: &Tensor, expected: &[f64], tolerance: f64) {
    let found: Vec<f64> = Vec::try_from(found.detach().to_kind(Kind::Double).view(-1)).unwrap();
    assert_eq!(found.len(), expected.len(), "{what}");
    let mut worst = 0f64;
    for (found, expected) in found.iter().zip(expected) {
        let difference = (found - expected).abs() / expected.abs().max(1.0);
        assert!(difference <= tolerance, "{what}: {found}, by PyTorch {expected}");
        worst = worst.max(difference);
    }
    println!("{worst:.1e} {what}");
}

#[test]
fn the_terms_and_their_gradients_are_those_of_their_authors() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/auxiliary/expected.json");
    let e: Expected = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for (kind, tolerance) in [(Kind::Double, 1e-12), (Kind::Float, 2e-6)] {
        let leaf = |values: &[f64]| {
            let leaf = Tensor::from_slice(values).reshape([-1, e.classes]).to_kind(kind);
            leaf.set_requires_grad(true)
        };
        let (inside, outside) = (leaf(&e.inside), leaf(&e.outside));
        let exposure = outlier_exposure(&outside);
        let gradient = Tensor::run_backward(&[&exposure], &[&outside], false, false);
        agree(&format!("{kind:?} exposure"), &exposure, &[e.exposure], tolerance);
        agree(&format!("{kind:?} its gradient"), &gradient[0], &e.exposure_gradient, tolerance);
        let margin = energy_margin(&energy(&inside), &energy(&outside), e.m_in, e.m_out);
        let gradients = Tensor::run_backward(&[&margin], &[&inside, &outside], false, false);
        agree(&format!("{kind:?} margin"), &margin, &[e.margin], tolerance);
        for (found, expected) in gradients.iter().zip(&e.margin_gradients) {
            agree(&format!("{kind:?} its gradient"), found, expected, tolerance);
        }
    }
}

const BASE: &str = "question = \"?\"\npreset = \"jem-paper\"\ndata.train = \"digits\"\n\
                    data.validation = 0\ndata.noise_std = 0.02\nmodel.mlp.hidden = [12]\n\
                    replay_buffer.size = 40\nsampler.steps = 3\ntrain.steps = 6\n\
                    train.batch_size = 10\ntrain.warmup_steps = 0\n\
                    train.independent_px_batch = true\n";

fn training(more: &str) -> Training {
    let plan = Plan::parse("t", "t.toml", &format!("{BASE}evaluate.ood = []\n{more}"));
    let plan = plan.unwrap_or_else(|error| panic!("{error}"));
    plan.spec_of(&plan.trials[0]).training
}

/// Its shape is not that of the digits, but of unknown files nothing is said.
const AUXILIARY: &str = "{ cifar = { test = ['a'], train = ['a'] }, classes = 10 }";

fn images(n: usize, salt: u64) -> LabelledImages {
    let mut values = vec![0f32; n * 36];
    Stream::new(salt, "test images").fill_uniform(At::step(0), &mut values);
    LabelledImages {
        shape: [1, 6, 6],
        pixels: values.iter().map(|v| (v * 256.0) as u8).collect(),
        labels: (0..n).map(|i| (i % 4) as u8).collect(),
        pixel_max: 255,
        classes: 4,
    }
}

fn on_device(set: &LabelledImages, spec: &Training) -> Images {
    Images::new(set, spec.data.range, spec.data.noise_std, 5, Device::Cpu)
}

fn trainer(spec: &Training, set: &LabelledImages) -> Trainer {
    Trainer::new(spec, 5, on_device(set, spec))
}

fn steps(mut trainer: Trainer) -> Vec<[f64; 7]> {
    (0..trainer.steps()).map(|_| trainer.step().read()).collect()
}

#[test]
fn pre_training_is_the_classifier_alone_and_then_all_begins() {
    let set = images(40, 0);
    let classifier = steps(trainer(&training("objective.lambda = 0\n"), &set));
    let model = training("train.pretrain_steps = 4\nobjective.lambda = 1\n");
    let found = steps(trainer(&model, &set));
    assert_eq!(found[..4], classifier[..4]);
    assert_ne!(found[4][0], classifier[4][0], "the contrastive term is there");
    assert_ne!(found[4][6], 0.0, "and a gap");
}

#[test]
fn what_has_no_label_is_seen_by_the_contrastive_term_alone() {
    let set = images(60, 0);
    let labels: Vec<i64> = set.labels.iter().map(|&label| label.into()).collect();
    let known = labelled(&labels, 4, Labels::PerClass(2), 5);
    let mut altered = set.clone();
    for row in (0..60).filter(|row| !known.contains(row)) {
        altered.pixels[row as usize * 36..][..36].fill(7);
        altered.labels[row as usize] = set.labels[row as usize];
    }
    let run = |lambda: u8, set: &LabelledImages| {
        let more = format!("data.labels.per_class = 2\nobjective.lambda = {lambda}\n");
        let trainer = trainer(&training(&more), set);
        assert_eq!(trainer.steps_per_epoch(), 6, "of all images");
        steps(trainer)
    };
    assert_eq!(run(0, &set), run(0, &altered));
    let (with, without) = (run(1, &set), run(1, &altered));
    assert_eq!(with[0][1], without[0][1], "the first cross-entropy is of the labelled ones");
    assert_ne!(with[0][4], without[0][4], "the energy of data is of all");
}

#[test]
fn a_step_adds_the_weighted_terms_on_its_own_batch_of_the_auxiliary_set() {
    let (set, other) = (images(40, 0), images(30, 1));
    let spec = |weights: &str| {
        training(&format!(
            "data.auxiliary = {AUXILIARY}\nobjective = {{ lambda = 0, {weights} }}\n"
        ))
    };
    let with = |weights: &str| {
        let spec = spec(weights);
        trainer(&spec, &set).with_auxiliary(on_device(&other, &spec)).step().read()
    };
    let plain = with("energy_l2 = 0");
    // The first batch and the network before its first step, by themselves.
    let off = spec("energy_l2 = 0");
    let fresh = trainer(&off, &set);
    let logits = |images: &Images, order: &str, noise: &str| {
        let rows = BatchOrder::new(5, order, images.len(), 10).rows(0);
        let x = images.noisy_batch(noise, 0, &rows).0;
        fresh.network().logits(fresh.parameters().tensors(), &x, Mode::Eval)
    };
    let inside = logits(&on_device(&set, &off), "data order", "data noise");
    let outside = logits(&on_device(&other, &off), "auxiliary order", "auxiliary noise");
    let exposure = outlier_exposure(&outside).double_value(&[]);
    let margin = energy_margin(&energy(&inside), &energy(&outside), -2.0, -1.0).double_value(&[]);
    let exposed = with("outlier_exposure = { weight = 0.5 }");
    assert_eq!(exposed[1], plain[1], "the cross-entropy is what it was");
    let found = exposed[0] - plain[0];
    assert!((found - 0.5 * exposure).abs() < 1e-6, "{found} {exposure}");
    let found = with("energy_margin = { weight = 0.1, m_in = -2, m_out = -1 }")[0] - plain[0];
    assert!(margin > 0.01 && (found - 0.1 * margin).abs() < 1e-6, "{found} {margin}");
}

#[test]
fn the_contrastive_batch_is_unaltered_and_clean_where_asked() {
    let set = images(40, 0);
    let data_energy = |more: &str| steps(trainer(&training(more), &set))[0][4];
    let augment = "data.augment = { pad = 2, flip = true }\n";
    let plain = data_energy("data.px_noise = false\n");
    let clean = data_energy(&format!("{augment}data.px_augment = false\ndata.px_noise = false\n"));
    assert_eq!(clean, plain);
    assert_ne!(data_energy(&format!("{augment}data.px_noise = false\n")), plain);
    assert_ne!(data_energy(&format!("{augment}data.px_augment = false\n")), plain);
}
