//! Out-of-distribution scores agree with pytorch-ood, scikit-learn and the
//! authors' code of ViM (`fixtures/scores`).
//!
//! Tolerance: 1e-9, relative to 1 where a value is smaller, for what is
//! computed from the same features: both sides are in double precision, and
//! the largest difference is the 1e-10 that the authors' KNN adds to a length.
//! 1e-5 for what passes through our network, which computes in single
//! precision (one rounding is 6e-8, the largest logit 5), and for ViM by
//! pytorch-ood, which does.

use std::collections::BTreeMap;

use jem_core::arrays::Arrays;
use jem_core::spec::{Activation, Mlp, Model};
use jem_worker::eval::host;
use jem_worker::eval::scores::{
    Bank, Head, Mahalanobis, Neighbours, Shape, Vim, approximate_mass, grad_norm,
    negative_logsumexp, odin, percentile, pruned, react,
};
use jem_worker::jem::{Network, Parameters, build};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

#[derive(Deserialize)]
struct Fixture {
    classes: usize,
    weights: BTreeMap<String, serde_json::Value>,
    inputs: Vec<Vec<f64>>,
    train: Vec<Vec<f64>>,
    labels: Vec<i64>,
    features: Vec<Vec<f64>>,
    of_gradients: BTreeMap<String, Vec<f64>>,
    of_features: BTreeMap<String, Vec<f64>>,
    single: BTreeMap<String, Vec<f64>>,
}

impl Fixture {
    fn read() -> Self {
        serde_json::from_str(include_str!("fixtures/scores/expected.json"))
            .expect("generate.py wrote these fields")
    }

    fn network(&self) -> (Box<dyn Network>, Parameters) {
        let mlp = Mlp { hidden: vec![12, 10], activation: Activation::Silu, spectral_norm: None };
        let network = build(&Model::Mlp(mlp), [1, 4, 4], self.classes);
        let mut arrays = Arrays::default();
        for part in network.parameters() {
            let shape: Vec<usize> = part.shape.iter().map(|&n| n as usize).collect();
            let mut values = Vec::new();
            flatten(&self.weights[&part.name], &mut values);
            arrays.insert_f32(part.name.clone(), &shape, values);
        }
        let parameters = Parameters::load(&network.parameters(), &arrays, Device::Cpu)
            .expect("the twin has our layers");
        (network, parameters)
    }
}

fn flatten(value: &serde_json::Value, out: &mut Vec<f32>) {
    match value {
        serde_json::Value::Array(all) => all.iter().for_each(|one| flatten(one, out)),
        one => out.extend(one.as_f64().map(|v| v as f32)),
    }
}

fn agree(name: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        let difference = (found - expected).abs() / expected.abs().max(1.0);
        println!("{difference:.1e} {name}");
        assert!(difference <= tolerance, "{name} is {found}, should be {expected}");
    }
}

#[test]
fn scores_of_gradients_agree() {
    let fixture = Fixture::read();
    let (network, parameters) = fixture.network();
    let x = Tensor::from_slice2(&fixture.inputs).to_kind(Kind::Float).view([-1, 1, 4, 4]);
    for (name, expected) in &fixture.of_gradients {
        let words: Vec<&str> = name.split(' ').collect();
        let number = |place: usize| words[place].parse::<f64>().expect("a number");
        let found = match words[0] {
            "approximate_mass" => approximate_mass(network.as_ref(), parameters.tensors(), &x),
            _ => {
                let (t, step) = (number(1), 2.0 * number(2));
                let logits = odin(network.as_ref(), parameters.tensors(), &x, t, &[step]);
                let p = (&logits[0] / t).softmax(1, Kind::Double).amax([1i64].as_slice(), false);
                host(&(1.0 - p))
            }
        };
        agree(name, &found, expected, 1e-5);
    }
}

#[test]
fn scores_of_features_agree() {
    let fixture = Fixture::read();
    let (network, parameters) = fixture.network();
    let head = Head::of(network.as_ref(), parameters.tensors());
    let bank = Bank {
        features: Tensor::from_slice2(&fixture.train),
        labels: Tensor::from_slice(&fixture.labels),
        classes: fixture.classes,
    };
    let features = Tensor::from_slice2(&fixture.features);
    let logits = head.logits(&features);
    let found = |name: &str| -> Vec<f64> {
        let (kind, number) = name.split_once(' ').unwrap_or((name, "0"));
        let number: f64 = number.parse().expect("a number");
        let energy = |z: Tensor| host(&negative_logsumexp(&head.logits(&z), 1.0));
        let ash = |shape| energy(pruned(&features.abs(), number, shape));
        match kind {
            "energy_t" => host(&negative_logsumexp(&logits, number)),
            "knn" => {
                Neighbours::new(&bank.features).distances(&features, &[number as usize]).remove(0)
            }
            "mahalanobis" => {
                host(&Mahalanobis::new(&bank).expect("features vary").distances(&features))
            }
            "vim" => {
                let fitted = Vim::new(&bank, &head, &[number]).expect("a residual");
                host(&fitted[0].scores(&features, &logits))
            }
            "react" => energy(react(&features, percentile(&mut host(&bank.features), number))),
            "ash_s" => ash(Shape::Scaled),
            "ash_b" => ash(Shape::Binary),
            "ash_p" => ash(Shape::Pruned),
            "grad_norm" => host(&grad_norm(&logits, &features)),
            other => panic!("{other} is not compared here"),
        }
    };
    for (name, expected) in &fixture.of_features {
        agree(name, &found(name), expected, 1e-9);
    }
    for (name, expected) in &fixture.single {
        agree(name, &found(name), expected, 1e-5);
    }
}

#[test]
fn a_null_space_of_fewer_images_than_dimensions_is_that_of_the_covariance() {
    // Through the products of images the distance must be that of the
    // pseudo-inverse of the covariance itself.
    let fixture = Fixture::read();
    let few = Bank {
        features: Tensor::from_slice2(&fixture.train[..8]),
        labels: Tensor::from_slice(&fixture.labels[..8]),
        classes: fixture.classes,
    };
    let features = Tensor::from_slice2(&fixture.features);
    let found = host(&Mahalanobis::new(&few).expect("features vary").distances(&features));
    let mut least = vec![f64::INFINITY; found.len()];
    let rows = |class: i64| few.labels.eq(class).nonzero().squeeze_dim(1);
    let mean = |class: i64| {
        few.features.index_select(0, &rows(class)).mean_dim([0i64].as_slice(), true, Kind::Double)
    };
    let centred: Vec<Tensor> = (0..fixture.classes as i64)
        .map(|class| few.features.index_select(0, &rows(class)) - mean(class))
        .collect();
    let centred = Tensor::cat(&centred, 0);
    let precision = (centred.tr().matmul(&centred) / 8.0).linalg_pinv(1e-12, true);
    for class in 0..fixture.classes as i64 {
        let away = &features - mean(class);
        let square = (away.matmul(&precision) * &away).sum_dim_intlist(
            [1i64].as_slice(),
            false,
            Kind::Double,
        );
        for (least, one) in least.iter_mut().zip(host(&square)) {
            *least = least.min(one);
        }
    }
    agree("mahalanobis of eight images", &found, &least, 1e-9);
}
