//! R̂ and effective sample sizes agree with ArviZ (`fixtures/mixing`).
//!
//! Tolerance: 1e-10, relative. Both sides compute in double precision; ArviZ
//! sums autocovariances by Fourier transforms, ours directly.

use std::collections::BTreeMap;

use jem_worker::eval::metric::{MetricError, ess_bulk, ess_mean, rank_rhat, split_rhat};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    chains: Vec<Vec<f64>>,
    expected: BTreeMap<String, f64>,
}

#[test]
fn mixing_agrees() -> Result<(), Box<dyn std::error::Error>> {
    let fixture: Fixture = serde_json::from_str(include_str!("fixtures/mixing/expected.json"))?;
    for Case { name, chains, expected } in &fixture.cases {
        for (metric, expected) in expected {
            let of: fn(&[Vec<f64>]) -> Result<f64, MetricError> = match metric.as_str() {
                "split_rhat" => split_rhat,
                "rank_rhat" => rank_rhat,
                "ess_mean" => ess_mean,
                "ess_bulk" => ess_bulk,
                other => panic!("{other} is not compared here"),
            };
            let found = of(chains)?;
            let difference = (found / expected - 1.0).abs();
            println!("{difference:.1e} {name}: {metric}");
            assert!(difference < 1e-10, "{name}: {metric} {found}, by ArviZ {expected}");
        }
    }
    Ok(())
}
