//! Fréchet distances, Inception Scores and nearest neighbours agree with
//! others' (`fixtures/generation`).
//!
//! Tolerances, relative. Exact Fréchet distances: 1e-10, both sides of full
//! precision. pytorch-fid's formula and torchmetrics: 1e-10 where covariances
//! have full rank; else 1e-7, since they take roots of eigenvalues that are
//! rounding about 0, of 1e-16, and are themselves 2e-8 off the exact value.
//! Inception Scores and distances: 1e-12, sums of doubles.

use std::error::Error;

use jem_worker::eval::metric::inception_score;
use jem_worker::eval::{Moments, frechet_distance, host, nearest};
use serde::Deserialize;
use tch::{Kind, Tensor};

#[derive(Deserialize)]
struct Fixture {
    frechet: Vec<Frechet>,
    scores: Vec<Score>,
    neighbours: Neighbours,
}

#[derive(Deserialize)]
struct Frechet {
    name: String,
    a: Vec<Vec<f64>>,
    b: Vec<Vec<f64>>,
    scipy: f64,
    torchmetrics: f64,
    exact: f64,
}

#[derive(Deserialize)]
struct Score {
    logits: Vec<Vec<f64>>,
    torchmetrics: f64,
    numpy: f64,
}

#[derive(Deserialize)]
struct Neighbours {
    x: Vec<Vec<f64>>,
    among: Vec<Vec<f64>>,
    places: Vec<usize>,
    distances: Vec<f64>,
}

fn fixture() -> Result<Fixture, Box<dyn Error>> {
    Ok(serde_json::from_str(include_str!("fixtures/generation/expected.json"))?)
}

fn tensor(rows: &[Vec<f64>]) -> Tensor {
    Tensor::from_slice2(rows)
}

fn off(found: f64, expected: f64) -> f64 {
    (found / expected - 1.0).abs()
}

#[test]
fn frechet_distances_agree() -> Result<(), Box<dyn Error>> {
    for case in fixture()?.frechet {
        let (a, b) = (Moments::of(&tensor(&case.a))?, Moments::of(&tensor(&case.b))?);
        let low = a.rank_deficient() || b.rank_deficient();
        let tolerance = if low { 1e-7 } else { 1e-10 };
        for found in [frechet_distance(&a, &b), frechet_distance(&b, &a)] {
            let of = [case.exact, case.scipy, case.torchmetrics].map(|e| off(found, e));
            println!("{}: {found}, off by {of:?}", case.name);
            assert!(of[0] < 1e-10 && of[1] < tolerance && of[2] < tolerance, "{}", case.name);
        }
    }
    Ok(())
}

#[test]
fn inception_scores_agree() -> Result<(), Box<dyn Error>> {
    for case in fixture()?.scores {
        let p = tensor(&case.logits).softmax(1, Kind::Double);
        let found = inception_score(&host(&p), case.logits[0].len())?;
        let of = [case.numpy, case.torchmetrics].map(|e| off(found, e));
        println!("{found}, off by {of:?}");
        assert!(of.iter().all(|of| *of < 1e-12), "{of:?}");
    }
    Ok(())
}

#[test]
fn neighbours_agree() -> Result<(), Box<dyn Error>> {
    let Neighbours { x, among, places, distances } = fixture()?.neighbours;
    let found = nearest(&tensor(&x), &tensor(&among));
    assert_eq!(found.iter().map(|(place, _)| *place).collect::<Vec<_>>(), places);
    for ((_, found), expected) in found.iter().zip(distances) {
        assert!(off(*found, expected) < 1e-12, "{found} {expected}");
    }
    Ok(())
}
