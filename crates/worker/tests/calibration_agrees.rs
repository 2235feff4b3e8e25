//! Temperature scaling, class-wise ECE and the combinations of energy and max
//! softmax agree with scipy, torch, pycalib, scikit-learn, torchmetrics and
//! torch-uncertainty on seeded logits: over- and underconfident, binary,
//! saturated ones, and ones whose energies say nothing of errors.
//!
//! `fixtures/calibration/generate.py` makes inputs and expected values, and
//! says where a library's convention differs from ours.
//!
//! Tolerances. 1e-12 where both sides count in double precision and differ in
//! the order of their sums. log T: 1e-12 against the root of the derivative by
//! scipy; 1e-7 against scipy's minimiser and torch's L-BFGS, which both end
//! where the loss no longer falls in its last digit, and that tells the place
//! of a minimum to the square root of the machine's precision (1.5e-8) alone:
//! where the fixture was made they were up to 1.3e-8 and 1.0e-8 off that root.
//! Weights of the regression: 1e-8, relative, where scikit-learn's solver ends.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use jem_worker::eval::metric::{
    ErrorModel, Logits, Predictions, Score, aurc, classwise_ece, error_auroc, rank_mean,
    risk_curve, temperature,
};
use serde::Deserialize;

const DOUBLE: f64 = 1e-12;

#[derive(Deserialize)]
struct Fixture {
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    classes: usize,
    logits: Vec<f32>,
    labels: Vec<i64>,
    log_temperature: BTreeMap<String, f64>,
    classwise: Vec<Classwise>,
    given_temperature: f64,
    scaled: BTreeMap<String, f64>,
    combinations: Combinations,
}

#[derive(Deserialize)]
struct Classwise {
    bins: usize,
    expected: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Combinations {
    weights: [f64; 3],
    logistic: Errors,
    rank_mean: Errors,
}

#[derive(Deserialize)]
struct Errors {
    auroc: f64,
    aurc: f64,
    risks: Vec<f64>,
}

fn cases() -> BTreeMap<String, Case> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/calibration/expected.json");
    let file = File::open(path).expect("the fixture stands beside this test");
    let fixture: Fixture =
        serde_json::from_reader(BufReader::new(file)).expect("generate.py wrote these fields");
    assert_eq!(fixture.cases.len(), 5);
    fixture.cases
}

fn logits(values: &[f32], classes: usize) -> Logits {
    Logits::new(values, classes).expect("whole rows of finite logits")
}

#[track_caller]
fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{what} is {found}, expected {expected}");
}

#[test]
fn the_temperature_is_that_of_scipy_and_of_lbfgs() {
    for (name, case) in cases() {
        let found = temperature(&logits(&case.logits, case.classes), &case.labels);
        let found = found.expect("these have a minimum").ln();
        let wanted = &case.log_temperature;
        close(&format!("{name}, root"), found, wanted["scipy_root"], DOUBLE);
        for minimiser in ["scipy_minimum", "torch_lbfgs"] {
            close(&format!("{name}, {minimiser}"), found, wanted[minimiser], 1e-7);
        }
    }
}

#[test]
fn the_class_wise_error_is_that_of_three_libraries() {
    for (name, case) in cases() {
        for Classwise { bins, expected } in &case.classwise {
            let test = logits(&case.logits, case.classes);
            let found = classwise_ece(&test, &case.labels, *bins).expect("there are bins");
            assert_eq!(expected.len(), 3);
            for (library, value) in expected {
                close(&format!("{name}, {bins} bins, {library}"), found, *value, DOUBLE);
            }
        }
    }
}

#[test]
fn what_is_measured_after_scaling_agrees() {
    for (name, case) in cases() {
        let scaled = logits(&case.logits, case.classes).divided_by(case.given_temperature);
        let scaled = scaled.expect("finite quotients");
        let predictions = Predictions::new(&scaled, &case.labels).expect("one label a row");
        let classwise = classwise_ece(&scaled, &case.labels, 15).expect("there are bins");
        close(&format!("{name}, NLL"), predictions.nll(), case.scaled["nll"], DOUBLE);
        close(&format!("{name}, Brier"), predictions.brier(), case.scaled["brier"], DOUBLE);
        close(&format!("{name}, class-wise"), classwise, case.scaled["classwise_ece_15"], DOUBLE);
    }
}

#[test]
fn combinations_fitted_on_one_half_find_the_errors_of_the_other_as_well() {
    for (name, case) in cases() {
        let half = case.labels.len() / 2;
        let (first, second) = case.logits.split_at(half * case.classes);
        let [first, second] = [first, second].map(|part| logits(part, case.classes));
        let of = |logits: &Logits, labels: &[i64]| {
            Predictions::new(logits, labels).expect("one label a row").correct().to_vec()
        };
        let model = ErrorModel::fit(&first, &of(&first, &case.labels[..half]));
        let model = model.expect("both right and wrong ones");
        let wanted = &case.combinations;
        for (found, expected) in model.weights().iter().zip(&wanted.weights) {
            close(&name, *found, *expected, 1e-8 * expected.abs().max(1.0));
        }
        let correct = of(&second, &case.labels[half..]);
        let fitted = model.scores(&second).expect("more than one class");
        agree(&format!("{name}, logistic"), &fitted, &correct, &wanted.logistic);
        let [energy, softmax] = [Score::Energy, Score::MaxSoftmax].map(|s| s.of(&second));
        let ranks = rank_mean(&energy, &softmax).expect("no NaN");
        agree(&format!("{name}, ranks"), &ranks, &correct, &wanted.rank_mean);
    }
}

fn agree(name: &str, scores: &[f64], correct: &[bool], expected: &Errors) {
    let auroc = error_auroc(scores, correct).expect("both right and wrong ones");
    close(&format!("{name}, AUROC"), auroc, expected.auroc, DOUBLE);
    let area = aurc(scores, correct).expect("there are inputs");
    close(&format!("{name}, AURC"), area, expected.aurc, DOUBLE);
    let curve = risk_curve(scores, correct, scores.len()).expect("there are inputs");
    assert_eq!(curve.len(), expected.risks.len());
    for (point, risk) in curve.iter().zip(&expected.risks) {
        close(&format!("{name}, {} answered", point.answered), point.risk, *risk, DOUBLE);
    }
}
