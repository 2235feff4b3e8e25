//! A made-up sweep of λ for tests: eight values with three seeds each, one
//! trial diverged at λ = 5 and all at λ = 10. Two of the three seeds were
//! trained at an older commit.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jem_core::digest::Digest;
use jem_core::id::{CellId, RunId, TrialId};
use jem_core::plan::Experiment;
use jem_core::provenance::{Hardware, Host, Provenance, SourceState};
use jem_core::results::{Divergence, Epoch, Outcome};
use jem_core::results::{Energies, Histogram, ReliabilityBin};
use jem_core::spec::{Expectation, Report, Scale, Statistic};
use serde_json::{Value, json};

use crate::table::{PartFiles, Results, TrialResult};

const LAMBDAS: [f64; 8] = [0.0, 0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 10.0];
const SIDE: usize = 28;

/// The sweep; its third expectation fails.
pub(crate) fn results() -> Results {
    let trials = (0..LAMBDAS.len()).flat_map(|cell| (0..3).map(move |seed| trial(cell, seed)));
    Results {
        experiment: Experiment {
            name: "sweep-lambda".to_owned(),
            file: PathBuf::from("experiments/sweep-lambda.toml"),
            question: "What does the weight λ of the generative term do to accuracy, calibration \
                       and out-of-distribution detection?"
                .to_owned(),
            preset: "seed-chapter".to_owned(),
            report: Report {
                title: "The weight of the generative term".to_owned(),
                x: Some("objective.lambda".to_owned()),
                x_scale: Scale::Symlog,
                published: Vec::new(),
            },
            expect: vec![
                expectation("a classifier alone", "clf/accuracy", Some(0.9), None),
                expectation("few trials diverge", "trial/diverged", None, Some(0.5)),
                expectation("λ = 10 still classifies", "clf/accuracy", Some(0.5), None),
            ],
        },
        axes: vec!["objective.lambda".to_owned()],
        trials: trials.collect(),
        missing: Vec::new(),
        data: vec![("train-images".to_owned(), Digest::of(b"images"))],
    }
}

fn expectation(name: &str, metric: &str, min: Option<f64>, max: Option<f64>) -> Expectation {
    Expectation {
        name: name.to_owned(),
        metric: metric.to_owned(),
        condition: Vec::new(),
        min,
        max,
        statistic: Statistic::Mean,
        source: "made up for a test".to_owned(),
    }
}

/// The state of a clean checkout of the commit that begins with `first`.
pub(crate) fn source(first: &str) -> SourceState {
    SourceState {
        commit: Some(format!("{first}{}", "0".repeat(40 - first.len()))),
        dirty: false,
        diff: None,
        untracked: Vec::new(),
        cargo_lock: None,
        error: None,
    }
}

fn provenance(commit: &str) -> Provenance {
    Provenance {
        source: Some(source(commit)),
        host: Host {
            name: "secret-host".to_owned(),
            cpu: "AMD EPYC 9354 32-Core Processor".to_owned(),
            cpus: 16,
            memory: 64 << 30,
            gpus: Vec::new(),
            driver: None,
            kernel: "6.1.0".to_owned(),
        },
        command: ["/secret/folder/jem", "run", "experiments/sweep-lambda.toml"]
            .map(str::to_owned)
            .to_vec(),
        version: "0.1.0".to_owned(),
        libtorch: Some("2.9.0".to_owned()),
        started: "2026-01-01T00:00:00Z".to_owned(),
        code: None,
        binaries: Default::default(),
        unbuilt: None,
        models: Vec::new(),
    }
}

fn hardware() -> Hardware {
    let models = vec!["AMD EPYC 9354 32-Core Processor".to_owned()];
    Hardware { trained_on: models.clone(), evaluated_on: models }
}

fn trial(place: usize, seed: u64) -> TrialResult {
    let lambda = LAMBDAS[place];
    let diverged = lambda == 10.0 || (lambda == 5.0 && seed == 1);
    let cell = CellId::from_digest(Digest::of(format!("cell {place}").as_bytes()));
    let id = TrialId::new(cell, seed);
    let run = |kind: &str| RunId::from_digest(Digest::of(format!("{kind} {id}").as_bytes()));
    let digest = |kind: &str| Digest::of(format!("results of {kind} {id}").as_bytes());
    let wobble = |salt: u64| noise(place as u64 * 7 + seed * 131 + salt);
    let finished = !diverged;
    let commit = if seed == 2 { "1a2b3c4" } else { "9f8e7d6" };
    TrialResult {
        trial: id,
        cell,
        seed,
        values: vec![json!(lambda)],
        named: Vec::new(),
        outcome: if diverged { divergence() } else { Outcome::finished(1200) },
        metrics: if finished { metrics(lambda, wobble) } else { BTreeMap::new() },
        undefined: match (place, seed) {
            (0, 0) => BTreeMap::from([(
                "ood/aupr_in/uniform-noise/entropy".to_owned(),
                "an empty set".to_owned(),
            )]),
            _ => BTreeMap::new(),
        },
        epochs: epochs(id, lambda, diverged, wobble),
        reliability: if finished { reliability(lambda) } else { Vec::new() },
        energies: if finished { energies(lambda, seed) } else { Energies::default() },
        parts: PartFiles::default(),
        generation: None,
        samples: (finished && lambda > 0.0).then(|| samples(place, seed)),
        bounds: (-1.0, 1.0),
        accepted: None,
        runs: (run("training"), run("evaluation")),
        digests: (digest("training"), digest("evaluation")),
        provenance: provenance(commit),
        evaluated: provenance(commit),
        hardware: hardware(),
        concerned_by: match place {
            0 => vec![0, 1],
            7 => vec![2],
            _ => vec![1],
        },
        cost: Some((38.0 + 40.0 * wobble(9).abs(), 512 << 20)),
    }
}

fn divergence() -> Outcome {
    let values = [("train/ce", "7.25"), ("train/energy_gap", "-inf")];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Outcome::Diverged(Divergence {
        step: 430,
        reason: "not finite: energy_gap".to_owned(),
        values: BTreeMap::from(values),
        restarts: Vec::new(),
    })
}

/// In [-1, 1], the same for the same `n`.
fn noise(n: u64) -> f64 {
    let bytes = Digest::of(&n.to_le_bytes());
    f64::from(bytes.bytes()[0]) / 127.5 - 1.0
}

fn metrics(lambda: f64, wobble: impl Fn(u64) -> f64) -> BTreeMap<String, f64> {
    let strength = (1.0 + 30.0 * lambda).ln() / 5.0;
    let ece = 0.006 + 0.05 * strength * strength;
    let mut metrics = vec![
        ("clf/accuracy", 0.955 + 0.012 * strength - 0.06 * strength * strength + 0.002 * wobble(1)),
        ("clf/nll", 0.15 + 0.2 * strength * strength + 0.005 * wobble(2)),
        ("clf/brier", 0.07 + 0.1 * strength * strength + 0.002 * wobble(3)),
        ("calib/ece/bins=15", ece + 0.002 * wobble(4)),
        ("calib/ece/bins=20", ece + 0.002 * wobble(4)),
        ("error/auroc/energy", 0.86 - 0.1 * strength + 0.01 * wobble(5)),
        ("error/auroc/max_softmax", 0.93 - 0.04 * strength + 0.005 * wobble(6)),
        ("error/auroc/max_logit", 0.88 - 0.08 * strength + 0.01 * wobble(7)),
        ("error/auroc/entropy", 0.925 - 0.04 * strength + 0.005 * wobble(8)),
        ("error/aurc/energy", 0.012 + 0.02 * strength + 0.001 * wobble(10)),
        ("error/aurc/max_softmax", 0.006 + 0.012 * strength + 0.001 * wobble(11)),
    ];
    metrics.extend([
        (
            "ood/auroc/fashion-mnist/energy",
            0.913 - 0.3 * strength * (1.0 - strength) + 0.02 * wobble(12),
        ),
        ("ood/auroc/fashion-mnist/max_softmax", 0.905 - 0.09 * strength + 0.01 * wobble(13)),
        ("ood/auroc/fashion-mnist/max_logit", 0.91 - 0.12 * strength + 0.01 * wobble(14)),
        ("ood/auroc/fashion-mnist/entropy", 0.9 - 0.08 * strength + 0.01 * wobble(15)),
        ("ood/auroc/uniform-noise/energy", 0.97 + 0.02 * strength + 0.002 * wobble(16)),
        ("ood/auroc/uniform-noise/max_softmax", 0.96 - 0.05 * strength + 0.004 * wobble(17)),
    ]);
    metrics.into_iter().map(|(path, value)| (path.to_owned(), value)).collect()
}

fn epochs(trial: TrialId, lambda: f64, diverged: bool, wobble: impl Fn(u64) -> f64) -> Vec<Epoch> {
    let last = if diverged { 7 } else { 20 };
    let epoch = |epoch: u64| {
        let t = epoch as f64 / 20.0;
        let blown = if diverged && epoch > 5 { 40.0 * (epoch - 5) as f64 } else { 0.0 };
        let ce = 2.2 * (-4.0 * t).exp() + 0.1 + 0.05 * lambda + 0.02 * wobble(epoch) + blown / 20.0;
        let mut means = vec![
            ("train/ce", ce),
            ("train/loss", ce + lambda),
            ("train/accuracy", (1.0 - ce / 2.6).max(0.1)),
            ("train/grad_norm", 1.0 + (-2.0 * t).exp() + lambda / 4.0 + 0.1 * wobble(epoch + 50)),
            ("train/energy_data", -4.0 - 6.0 * t),
            ("val/accuracy", (0.98 - ce / 2.6).max(0.1)),
        ];
        if lambda > 0.0 {
            means.push((
                "train/energy_gap",
                0.6 * (-3.0 * t).exp() + 0.1 * wobble(epoch + 90) - blown,
            ));
        }
        let means = means.into_iter().map(|(path, value)| (path.to_owned(), value)).collect();
        Epoch { trial, epoch, step: epoch * 60, means }
    };
    (1..=last).map(epoch).collect()
}

fn reliability(lambda: f64) -> Vec<ReliabilityBin> {
    let gap = 0.25 * lambda / (1.0 + lambda);
    (0..15)
        .map(|bin| {
            let (lo, hi) = (f64::from(bin) / 15.0, f64::from(bin + 1) / 15.0);
            let count = if bin < 2 { 0 } else { 3 * u64::from(bin as u32).pow(3) };
            let some = |value: f64| (count > 0).then_some(value);
            let middle = (lo + hi) / 2.0;
            ReliabilityBin {
                lo,
                hi,
                count,
                confidence: some(middle),
                accuracy: some(middle * (1.0 - gap)),
            }
        })
        .collect()
}

fn energies(lambda: f64, seed: u64) -> Energies {
    let width = 12.0 / (1.0 + lambda) + 2.0;
    let low = -14.0 - seed as f64;
    let edges: Vec<f64> = (0..=40).map(|edge| low + width * f64::from(edge) / 10.0).collect();
    let bell = |centre: f64, n: f64| -> Vec<u64> {
        let at = |bin: usize| (-((bin as f64 - centre) / 4.0).powi(2) / 2.0).exp();
        (0..40).map(|bin| (n * at(bin)) as u64).collect()
    };
    let groups = [
        ("correct", bell(12.0, 900.0)),
        ("misclassified", bell(17.0, 60.0)),
        ("fashion-mnist", bell(20.0 + 3.0 * lambda, 700.0)),
        ("uniform-noise", bell(30.0, 1000.0)),
    ];
    let histogram =
        |(label, counts): (&str, Vec<u64>)| Histogram { label: label.to_owned(), counts };
    Energies { edges, histograms: groups.into_iter().map(histogram).collect() }
}

/// Rings in noise, `[100, 1, 28, 28]` in [-1, 1].
fn samples(place: usize, seed: u64) -> (Vec<usize>, Vec<f32>) {
    let mut pixels = Vec::with_capacity(100 * SIDE * SIDE);
    for sample in 0..100 {
        let radius = 4.0 + (sample % 7) as f64;
        for pixel in 0..SIDE * SIDE {
            let (y, x) = ((pixel / SIDE) as f64 - 13.5, (pixel % SIDE) as f64 - 13.5);
            let ring = (-((y.hypot(x) - radius) / 1.5).powi(2)).exp();
            let grain =
                ((pixel * 7919 + sample * 104_729 + place * 31 + seed as usize) % 97) as f64;
            pixels.push((2.0 * ring - 1.0 + 0.1 * place as f64 * (grain / 48.5 - 1.0)) as f32);
        }
    }
    (vec![100, 1, SIDE, SIDE], pixels)
}

/// The results with a second axis: each λ with 10 and 20 sampler steps.
pub(crate) fn two_axes() -> Results {
    let mut results = results();
    results.axes.push("sampler.steps".to_owned());
    let mut trials = Vec::new();
    for steps in [10, 20] {
        for trial in &results.trials {
            let mut trial = trial.clone();
            trial.values.push(json!(steps));
            trial.cell =
                CellId::from_digest(Digest::of(format!("{} {steps}", trial.cell).as_bytes()));
            trial.trial = TrialId::new(trial.cell, trial.seed);
            trials.push(trial);
        }
    }
    results.trials = trials;
    results
}

/// Only the trials that `keep` says, with nothing swept.
pub(crate) fn unswept(keep: impl Fn(&TrialResult) -> bool) -> Results {
    let mut results = results();
    results.trials.retain(keep);
    results.axes.clear();
    results.experiment.report.x = None;
    results.trials.iter_mut().for_each(|trial| trial.values = Vec::<Value>::new());
    results
}
