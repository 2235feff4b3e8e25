//! Trivial scores agree with scikit-learn on the digits (`fixtures/trivial`).
//!
//! Tolerance: 1e-9 of the value, for numbers that are computed in double
//! precision on both sides: the covariance with its ridge has a condition
//! number of about 2,000, so that its inverse and its eigenvectors lose four of
//! sixteen digits, and residuals another three where they are small beside the
//! image. AUROC and average precision: 1e-12, since they rest on ranks alone.

use std::collections::BTreeMap;
use std::path::Path;

use jem_core::dataset::{LabelledImages, Source, Split, load};
use jem_core::metric::TrivialScore;
use jem_worker::data::rotated;
use jem_worker::eval::Trivial;
use jem_worker::eval::metric::detection;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    test: BTreeMap<String, Vec<f64>>,
    sets: BTreeMap<String, BTreeMap<String, Own>>,
}

#[derive(Deserialize)]
struct Own {
    first: Vec<f64>,
    auroc: f64,
    aupr_out: f64,
}

fn digits(split: Split) -> LabelledImages {
    let digits = Source::Catalogue("digits".to_owned());
    load(Path::new("/nonexistent"), &digits, split).expect("the digits are built in").images
}

/// `images` with each value as `change` makes it of its own and that of the next
/// image at the same place.
fn changed(images: &LabelledImages, change: fn(u8, u8) -> u8) -> LabelledImages {
    let next = images.pixels.iter().cycle().skip(64);
    let pixels = images.pixels.iter().zip(next).map(|(a, b)| change(*a, *b)).collect();
    LabelledImages { pixels, ..images.clone() }
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / expected.abs().max(1.0);
        assert!(error < 1e-9, "{what}, image {i}: {found}, by scikit-learn {expected}");
    }
}

#[test]
fn trivial_scores_are_those_of_scikit_learn() {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/trivial/expected.json"))
        .expect("generate.py wrote these fields");
    let fitted = Trivial::fit(&digits(Split::Train)).expect("the digits are small");
    assert_eq!(fitted.components(), 16);
    let test = digits(Split::Test);
    let of_test = fitted.scores(&test);
    for (score, own) in TrivialScore::ALL.iter().zip(&of_test) {
        assert_close(own, &fixture.test[score.name()], score.name());
    }
    for (set, images) in [
        ("rotated", rotated(&test)),
        ("inverted", changed(&test, |a, _| 16 - a)),
        ("blended", changed(&test, |a, b| (a + b) / 2)),
    ] {
        let of_set = fitted.scores(&images);
        for ((score, own), id) in TrivialScore::ALL.iter().zip(&of_set).zip(&of_test) {
            let expected = &fixture.sets[set][score.name()];
            let what = format!("{set}, {}", score.name());
            assert_close(own, &expected.first, &what);
            let found = detection(id, own).expect("both sets have images");
            assert!((found.auroc - expected.auroc).abs() < 1e-12, "{what}: {}", found.auroc);
            let aupr = found.aupr_out;
            assert!((aupr - expected.aupr_out).abs() < 1e-12, "{what}: {aupr}");
        }
    }
}
