//! Comparisons of two states that do the same: how many claim anything, and how
//! many does `--fail-on-worse` fail.

use std::collections::BTreeMap;

use jem_core::digest::Digest;

use super::tests::{SPEC, side};
use super::{Comparison, Side, Verdict, compare, gate};
use crate::significance::noise::Noise;

const METRICS: [&str; 4] =
    ["clf/accuracy", "clf/nll", "calib/ece/bins=15", "ood/auroc/rotated/energy"];

/// Puts new numbers into `side`, those of accuracy lower by `fall`. Accuracy is
/// one of 500 counts, NLL goes along with it.
fn redraw(side: &mut Side, code: &str, fall: f64, noise: &mut Noise) {
    for trial in &mut side.results.trials {
        let own = noise.normal();
        let right = (500.0 * (0.95 - fall + 0.006 * own)).round().min(500.0);
        let values = [
            right / 500.0,
            0.2 - 0.01 * own + 0.01 * noise.normal(),
            0.02 * (0.3 * noise.normal()).exp(),
            1.0 - 0.05 * (0.4 * noise.normal()).exp(),
        ];
        let named = METRICS.iter().map(|name| (*name).to_owned());
        trial.metrics = named.zip(values).collect::<BTreeMap<String, f64>>();
        let digest = Digest::of(format!("{code} {values:?}").as_bytes());
        trial.digests = (digest, digest);
    }
}

/// Comparisons of `cells` cells with `seeds` seeds.
fn comparisons(
    (cells, seeds): (usize, usize),
    times: usize,
    fall: f64,
    noise: &mut Noise,
) -> Vec<Comparison> {
    let lambdas: Vec<String> = (0..cells).map(|cell| format!("{}", cell as f64 / 10.0)).collect();
    let spec = SPEC.replace("seeds = 3", &format!("seeds = {seeds}"));
    let spec = format!("{spec}[[sweep]]\ngrid.objective.lambda = [{}]\n", lambdas.join(", "));
    let (mut a, mut b) = (side(&spec, "x", |_, _| 0.5), side(&spec, "y", |_, _| 0.5));
    let metrics = METRICS.map(str::to_owned).to_vec();
    let mut one = || {
        redraw(&mut a, "x", 0.0, noise);
        redraw(&mut b, "y", fall, noise);
        compare(&a, &b, metrics.clone(), Vec::new())
    };
    (0..times).map(|_| one()).collect()
}

#[test]
fn neutral_changes_pass_in_nineteen_of_twenty_comparisons() {
    let mut noise = Noise(21);
    let times = 200;
    let most = 0.05 + 3.0 * (0.05_f64 * 0.95 / times as f64).sqrt();
    for shape in [(9, 5), (9, 8), (30, 5)] {
        let all = comparisons(shape, times, 0.0, &mut noise);
        let rate = |count: usize| count as f64 / times as f64;
        let claimed = rate(all.iter().filter(|one| one.counts().claimed > 0).count());
        let named = ["clf/accuracy".to_owned(), "clf/nll".to_owned()];
        let fails = |one: &&Comparison| !gate(std::slice::from_ref(one), &named).failed.is_empty();
        let failed = rate(all.iter().filter(fails).count());
        println!("{shape:?}: {claimed} claim something, {failed} fail on worse");
        assert!(claimed <= most, "{shape:?}: {claimed}");
        assert!(failed <= most, "{shape:?}: {failed}");
        let first = &all[0];
        assert_eq!(first.tests.size, METRICS.len() * shape.0);
        let own = gate(std::slice::from_ref(first), &named);
        assert_eq!(own.tests.size, named.len() * shape.0);
        assert!(own.notes.iter().any(|note| note.contains("would have been seen")), "{own:?}");
    }
}

#[test]
fn a_real_fall_fails() {
    let mut noise = Noise(22);
    for shape in [(9, 5), (9, 8)] {
        let all = comparisons(shape, 20, 0.1, &mut noise);
        let named = ["clf/accuracy".to_owned()];
        let fails = |one: &&Comparison| {
            let gate = gate(std::slice::from_ref(one), &named);
            gate.failed.iter().any(|reason| reason.contains("is worse in"))
        };
        assert!(all.iter().filter(fails).count() == 20, "{shape:?}");
        let worse = |one: &Comparison| {
            let cells = one.cells.iter();
            cells.filter(|cell| cell.metrics[0].verdict == Verdict::Worse).count()
        };
        assert!(all.iter().map(worse).sum::<usize>() > 20, "{shape:?}");
    }
}
