//! The metrics agree with scikit-learn, torchmetrics, torch-uncertainty, torch,
//! mpmath and numpy on seeded inputs: random, heavily tied, saturated (logits up
//! to ±80), binary, imbalanced, separated, inverted and constant ones.
//!
//! `fixtures/metrics/generate.py` makes inputs and expected values. It says,
//! beside each call, where a library's convention differs from ours and how the
//! input is set up so that both mean the same: torchmetrics bins `[lo, hi)` and
//! puts a sigmoid over scores outside `[0, 1]`; scikit-learn's ROC drops
//! thresholds and its log-loss clips; torch-uncertainty breaks ties by its sort
//! and integrates risk by trapezoids.
//!
//! Tolerance: 1e-12, relative for the values of scores. Both sides count in
//! double precision and differ in the order of their sums (by less than 1e-14
//! where the fixture was made). The exception is what a library computes in
//! single precision whatever it is given: 1e-6, where one rounding is 6e-8.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use jem_worker::eval::metric::{
    Logits, Predictions, Score, aurc, confidence_gap, detection, ece, ece_adaptive, error_auroc,
    excess_aurc, mce, reliability_bins, shared_histogram, summary,
};
use serde::Deserialize;

const DOUBLE: f64 = 1e-12;
const SINGLE: f64 = 1e-6;

/// Library → metric → value.
type Expected = BTreeMap<String, BTreeMap<String, f64>>;

#[derive(Deserialize)]
struct Fixture {
    classification: BTreeMap<String, Classification>,
    detection: BTreeMap<String, DetectionCase>,
    histogram: HistogramCase,
}

#[derive(Deserialize)]
struct Classification {
    classes: usize,
    logits: Vec<f32>,
    labels: Vec<i64>,
    expected: Expected,
    calibration: Vec<Calibration>,
    errors: BTreeMap<String, Expected>,
    scores_by_mpmath: Vec<[f64; 4]>,
}

#[derive(Deserialize)]
struct Calibration {
    bins: usize,
    counts: Vec<usize>,
    expected: Expected,
}

#[derive(Deserialize)]
struct DetectionCase {
    id: Vec<f32>,
    ood: Vec<f32>,
    expected: Expected,
}

#[derive(Deserialize)]
struct HistogramCase {
    sets: Vec<Vec<f32>>,
    edges: Vec<f64>,
    counts: Vec<Vec<u64>>,
    mean: Vec<f64>,
    sd: Vec<f64>,
}

fn fixture() -> Fixture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metrics/expected.json");
    let file = File::open(path).expect("the fixture stands beside this test");
    serde_json::from_reader(BufReader::new(file)).expect("generate.py wrote these fields")
}

impl Classification {
    fn logits(&self) -> Logits {
        Logits::new(&self.logits, self.classes).expect("whole rows of finite logits")
    }

    fn predictions(&self) -> Predictions {
        Predictions::new(&self.logits(), &self.labels).expect("one label per row")
    }
}

/// Asserts that `ours` gives every metric of every library, and that there is
/// at least one.
fn agree(case: &str, expected: &Expected, ours: impl Fn(&str) -> f64) {
    assert!(!expected.is_empty(), "{case} expects nothing");
    for (library, metrics) in expected {
        for (metric, value) in metrics {
            let tolerance = tolerance(library, metric);
            let found = ours(metric);
            assert!(
                (found - value).abs() <= tolerance,
                "{case}: {metric} is {found}, by {library} {value}"
            );
        }
    }
}

fn tolerance(library: &str, metric: &str) -> f64 {
    match (library, metric) {
        ("torchmetrics", "auroc" | "aupr_in" | "aupr_out") => SINGLE,
        ("torch_uncertainty", "fpr95_id_positive" | "fpr95_ood_positive") => SINGLE,
        _ => DOUBLE,
    }
}

#[test]
fn accuracy_nll_and_brier_agree() {
    for (case, input) in fixture().classification {
        let predictions = input.predictions();
        agree(&case, &input.expected, |metric| match metric {
            "accuracy" => predictions.accuracy(),
            "nll" => predictions.nll(),
            "brier" => predictions.brier(),
            other => panic!("{other} is not compared here"),
        });
    }
}

/// `fixtures/metrics/generate_gap.py`: scipy's softmax, scikit-learn's accuracy.
#[test]
fn the_gap_of_confidence_and_accuracy_agrees() {
    #[derive(Deserialize)]
    struct Gaps {
        gap: BTreeMap<String, f64>,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metrics/gap.json");
    let file = File::open(path).expect("the fixture stands beside this test");
    let gaps: Gaps = serde_json::from_reader(BufReader::new(file)).expect("it has these fields");
    let cases = fixture().classification;
    assert_eq!(gaps.gap.keys().collect::<Vec<_>>(), cases.keys().collect::<Vec<_>>());
    assert!(gaps.gap.values().any(|gap| *gap < -0.05) && gaps.gap.values().any(|gap| *gap > 0.1));
    for (case, input) in cases {
        let predictions = input.predictions();
        let ours = confidence_gap(predictions.confidences(), predictions.correct());
        let (ours, theirs) = (ours.expect("confidences are probabilities"), gaps.gap[&case]);
        assert!((ours - theirs).abs() <= DOUBLE, "{case}: {ours}, by scipy {theirs}");
    }
}

#[test]
fn calibration_errors_agree() {
    for (case, input) in fixture().classification {
        let predictions = input.predictions();
        let (p, correct) = (predictions.confidences(), predictions.correct());
        for Calibration { bins, counts, expected } in input.calibration {
            let ours = reliability_bins(p, correct, bins).expect("confidences are probabilities");
            let found: Vec<usize> = ours.iter().map(|bin| bin.count).collect();
            assert_eq!(found, counts, "{case}, {bins} bins");
            agree(&format!("{case}, {bins} bins"), &expected, |metric| {
                let value = match metric {
                    "ece" => ece(p, correct, bins),
                    "mce" => mce(p, correct, bins),
                    "ece_adaptive" => ece_adaptive(p, correct, bins),
                    other => panic!("{other} is not compared here"),
                };
                value.expect("confidences are probabilities")
            });
        }
    }
}

#[test]
fn error_detection_agrees() {
    for (case, input) in fixture().classification {
        let (logits, predictions) = (input.logits(), input.predictions());
        assert_eq!(input.errors.len(), Score::ALL.len());
        for (name, expected) in input.errors {
            let score: Score = name.parse().expect("the fixture uses our names");
            let (scores, correct) = (score.of(&logits), predictions.correct());
            agree(&format!("{case}, {score}"), &expected, |metric| {
                let value = match metric {
                    "auroc" => error_auroc(&scores, correct),
                    "aurc" => aurc(&scores, correct),
                    "excess_aurc" => excess_aurc(&scores, correct),
                    other => panic!("{other} is not compared here"),
                };
                value.expect("some predictions are right and some wrong")
            });
        }
    }
}

#[test]
fn scores_agree_relatively_even_where_the_softmax_saturates() {
    let mut smallest = f64::INFINITY;
    for (case, input) in fixture().classification {
        let logits = input.logits();
        for (column, score) in Score::ALL.into_iter().enumerate() {
            let found = score.of(&logits);
            for (row, exact) in input.scores_by_mpmath.iter().enumerate() {
                let (found, exact) = (found[row], exact[column]);
                smallest = smallest.min(exact.abs());
                let relative = ((found - exact) / exact).abs();
                assert!(
                    relative <= DOUBLE,
                    "{case}, row {row}: {score} is {found}, by mpmath {exact}"
                );
            }
        }
    }
    assert!(smallest < 1e-20, "no case saturates: {smallest:e}");
}

#[test]
fn ood_detection_agrees() {
    for (case, input) in fixture().detection {
        let found = detection(&input.id, &input.ood).expect("both groups have scores");
        assert_eq!((found.n_id, found.n_ood), (input.id.len(), input.ood.len()));
        agree(&case, &input.expected, |metric| match metric {
            "auroc" => found.auroc,
            "aupr_in" => found.aupr_in,
            "aupr_out" => found.aupr_out,
            "fpr95_id_positive" => found.fpr95_id_positive,
            "fpr95_ood_positive" => found.fpr95_ood_positive,
            other => panic!("{other} is not compared here"),
        });
    }
}

#[test]
fn summaries_and_histograms_agree_with_numpy() {
    let input = fixture().histogram;
    let sets: Vec<&[f32]> = input.sets.iter().map(Vec::as_slice).collect();
    let found = shared_histogram(&sets, input.counts[0].len()).expect("finite values");
    assert_eq!(found.counts, input.counts);
    for (found, expected) in found.edges.iter().zip(&input.edges) {
        assert!((found - expected).abs() <= DOUBLE, "{found}, {expected}");
    }
    for (i, set) in sets.iter().enumerate() {
        let found = summary(set).expect("finite values");
        let sd = found.sd.expect("more than one value");
        assert!((found.mean - input.mean[i]).abs() <= DOUBLE);
        assert!((sd - input.sd[i]).abs() <= DOUBLE);
    }
}
