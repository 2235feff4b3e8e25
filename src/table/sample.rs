//! A small experiment with hand-made results, for tests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jem_core::digest::Digest;
use jem_core::id::{CellId, RunId, TrialId};
use jem_core::plan::Experiment;
use jem_core::provenance::{Hardware, Host, Provenance, SourceState};
use jem_core::results::{Divergence, Epoch, Outcome};
use jem_core::results::{Energies, Histogram, ReliabilityBin};
use jem_core::spec::{Expectation, Report, Scale, Statistic};
use serde_json::json;

use super::{MissingTrial, PartFiles, Results, TrialResult};

/// λ = 0 with three seeds, of which the second misclassifies nothing; λ = 0.1
/// with two, of which the second diverged; λ = 10 with two that diverged. Two
/// trials of nine are missing.
pub(crate) fn results() -> Results {
    let trials = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (2, 1)];
    Results {
        experiment: experiment(),
        axes: vec!["objective.lambda".to_owned()],
        trials: trials.map(|(cell, seed)| trial(cell, seed)).to_vec(),
        missing: [0.1, 10.0]
            .map(|lambda| MissingTrial { values: vec![json!(lambda)], seed: 2 })
            .to_vec(),
        data: Vec::new(),
    }
}

/// The id of the cell in this place.
pub(crate) fn cell_id(place: usize) -> CellId {
    CellId::from_digest(Digest::of(format!("cell {place}").as_bytes()))
}

fn experiment() -> Experiment {
    Experiment {
        name: "sweep-lambda".to_owned(),
        file: PathBuf::from("experiments/sweep_lambda.toml"),
        question: "What does λ do?".to_owned(),
        preset: "seed-chapter".to_owned(),
        report: Report {
            title: "λ & accuracy, 50 % of MNIST".to_owned(),
            x: Some("objective.lambda".to_owned()),
            x_scale: Scale::Symlog,
            published: Vec::new(),
        },
        expect: vec![
            expectation("learns", "clf/accuracy", Some(0.5), None),
            expectation("large λ diverges", "trial/diverged", Some(1.0), None),
        ],
    }
}

/// An expectation of the mean.
pub(crate) fn expectation(
    name: &str,
    metric: &str,
    min: Option<f64>,
    max: Option<f64>,
) -> Expectation {
    Expectation {
        name: name.to_owned(),
        metric: metric.to_owned(),
        condition: Vec::new(),
        min,
        max,
        statistic: Statistic::Mean,
        source: "by hand".to_owned(),
    }
}

/// Both runs from the same dirty checkout.
pub(crate) fn provenance() -> Provenance {
    Provenance {
        source: Some(SourceState {
            commit: Some("0123456789".repeat(4)),
            dirty: true,
            diff: None,
            untracked: Vec::new(),
            cargo_lock: None,
            error: None,
        }),
        host: Host {
            name: "here".to_owned(),
            cpu: String::new(),
            cpus: 2,
            memory: 0,
            gpus: Vec::new(),
            driver: None,
            kernel: String::new(),
        },
        command: vec!["jem".to_owned(), "run".to_owned()],
        version: "0.1.0".to_owned(),
        libtorch: None,
        started: "2026-01-01T00:00:00Z".to_owned(),
        code: None,
        binaries: Default::default(),
        unbuilt: None,
        models: Vec::new(),
    }
}

/// Binary fractions, so that sums are exact: accuracy 0.75 and a little more
/// with each seed.
fn metrics(cell: usize, seed: u64) -> BTreeMap<String, f64> {
    let mut metrics = vec![
        ("clf/accuracy", 0.75 + 0.0625 * seed as f64),
        ("clf/nll", 0.5),
        ("calib/ece/bins=15", 0.125),
        ("calib/ece/bins=20", 0.25),
        ("ood/auroc/rotated/energy", 0.5),
        ("ood/auroc/rotated/max_softmax", 0.5),
        ("ood/auroc/fashion-mnist/energy", 0.875),
        ("ood/auroc/fashion-mnist/max_softmax", 0.625),
        ("ood/n_ood/fashion-mnist", 10_000.0),
        ("energy/mean/test", -12.5),
    ];
    if (cell, seed) != (0, 1) {
        metrics.push(("error/auroc/energy", 0.75 - 0.125 * seed as f64));
    }
    metrics.into_iter().map(|(path, value)| (path.to_owned(), value)).collect()
}

fn trial(cell: usize, seed: u64) -> TrialResult {
    let diverged = cell == 2 || (cell, seed) == (1, 1);
    let id = TrialId::new(cell_id(cell), seed);
    let run = |kind: &str| RunId::from_digest(Digest::of(format!("{kind} {id}").as_bytes()));
    let digest = |kind: &str| Digest::of(format!("results of {kind} {id}").as_bytes());
    let outcome = if diverged {
        let (reason, values) = ("not finite: loss".to_owned(), BTreeMap::new());
        Outcome::Diverged(Divergence { step: 100 + seed, reason, values, restarts: Vec::new() })
    } else {
        Outcome::finished(200)
    };
    let epoch = |epoch| Epoch {
        trial: id,
        epoch,
        step: epoch * 100,
        means: BTreeMap::from([("train/ce".to_owned(), 1.0 / epoch as f64)]),
    };
    let bin =
        ReliabilityBin { lo: 0.0, hi: 1.0, count: 4, confidence: Some(0.5), accuracy: Some(0.75) };
    let histogram = |label: &&str| Histogram { label: (*label).to_owned(), counts: vec![1, 3] };
    let groups = ["correct", "misclassified", "rotated", "fashion-mnist"];
    let energies = Energies {
        edges: vec![-2.0, -1.0, 0.0],
        histograms: groups.iter().map(histogram).collect(),
    };
    let why =
        BTreeMap::from([("error/auroc/energy".to_owned(), "no misclassified input".to_owned())]);
    TrialResult {
        trial: id,
        cell: cell_id(cell),
        seed,
        values: vec![json!([0.0, 0.1, 10.0][cell])],
        named: Vec::new(),
        outcome,
        metrics: if diverged { BTreeMap::new() } else { metrics(cell, seed) },
        undefined: if (cell, seed) == (0, 1) { why } else { BTreeMap::new() },
        epochs: if diverged { vec![epoch(1)] } else { vec![epoch(1), epoch(2)] },
        reliability: if diverged { Vec::new() } else { vec![bin] },
        energies: if diverged { Energies::default() } else { energies },
        parts: PartFiles::default(),
        generation: None,
        samples: (!diverged).then(|| (vec![2, 1, 1, 2], vec![-1.0, 0.0, 0.5, 1.0])),
        bounds: (-1.0, 1.0),
        accepted: None,
        runs: (run("training"), run("evaluation")),
        digests: (digest("training"), digest("evaluation")),
        provenance: provenance(),
        evaluated: provenance(),
        hardware: Hardware { trained_on: vec!["A".to_owned()], evaluated_on: vec!["A".to_owned()] },
        concerned_by: if cell == 2 { vec![1] } else { vec![0] },
        cost: Some((12.5, 1 << 30)),
    }
}
