//! Sweeps without any effect through the real code of the answer: how many
//! reports claim a direction, and whether a real effect is found.

use std::collections::BTreeMap;

use serde_json::json;

use super::{answer, further};
use crate::report::content::{Claim, Part, Way};
use crate::report::fixture;
use crate::report::view::View;
use crate::significance::noise::Noise;
use crate::table::{Results, cells};

/// Reports that are made of each shape.
const REPORTS: usize = 400;

/// Words that only a claim may bring into the answer.
const DIRECTIONS: [&str; 7] =
    ["ower ", "igher ", "confident", "Use ", "below", "above", " improves over"];

/// Results of one trial without what is long to make and not asked for here.
fn model() -> Results {
    let mut results = fixture::results();
    results.trials.truncate(1);
    let trial = &mut results.trials[0];
    (trial.samples, trial.epochs) = (None, Vec::new());
    results
}

/// A sweep of `cells` values with `seeds` seeds: each metric has one
/// distribution in every cell. Counts are coarse, AUROC is skewed, metrics of a
/// trial depend on each other, and trials of a seed on the seed. `effect` is
/// added to the accuracy of the last value.
fn sweep(model: &Results, (cells, seeds): (usize, u64), effect: f64, noise: &mut Noise) -> Results {
    let (mut results, model) = (model.clone(), &model.trials[0]);
    let of_seed: Vec<f64> = (0..seeds).map(|_| noise.normal()).collect();
    results.trials.clear();
    for cell in 0..cells {
        for seed in 0..seeds {
            let mut trial = model.clone();
            trial.seed = seed;
            trial.values = vec![json!(cell as f64 / 10.0)];
            let shift = if cell + 1 == cells { effect } else { 0.0 };
            trial.metrics = metrics(of_seed[seed as usize], shift, noise);
            results.trials.push(trial);
        }
    }
    results
}

fn metrics(of_seed: f64, shift: f64, noise: &mut Noise) -> BTreeMap<String, f64> {
    let own = noise.normal();
    let skewed = |z: f64| 1.0 - 0.05 * (0.4 * z).exp();
    // The median of the above, whose logit is very nearly the mean of logits:
    // what no difference from a constant is here.
    let constant = 0.95;
    let mut mixed = || 0.6 * own + 0.8 * noise.normal();
    let aurocs = [mixed(), mixed(), mixed(), mixed()].map(skewed);
    let aurcs = [mixed(), mixed()].map(|z| 0.005 * (0.3 * z).exp());
    let (calibration, gap) = (mixed(), noise.normal());
    let accuracy = noise.share(500, 0.95 + 0.01 * of_seed.clamp(-3.0, 3.0) + shift);
    let attacked = noise.share(100, 0.4);
    let metrics = [
        ("clf/accuracy", accuracy),
        ("calib/ece/bins=15", 0.02 * (0.3 * calibration).exp()),
        ("calib/gap", 0.01 * gap),
        ("calib_scaled/ece/bins=15", 0.02 * (0.3 * noise.normal()).exp()),
        ("ood/auroc/one/energy", aurocs[0]),
        ("ood/auroc/one/max_softmax", aurocs[1]),
        ("ood/auroc/one/gaussian", constant),
        ("ood/auroc/two/energy", aurocs[2]),
        ("ood/auroc/two/max_softmax", aurocs[3]),
        ("error/aurc/energy", aurcs[0]),
        ("error/aurc/max_softmax", aurcs[1]),
        ("adversarial/accuracy/linf/worst/0.1", attacked),
        ("adversarial/accuracy/linf/worst/0.2", noise.share(100, 0.2)),
    ];
    metrics.into_iter().map(|(path, value)| (path.to_owned(), value)).collect()
}

fn claims(parts: &[Part]) -> Vec<Claim> {
    parts.iter().flat_map(|part| &part.findings).flat_map(|one| one.claims.clone()).collect()
}

/// The shares of reports whose answer, and whose further parts by their
/// heading, claim a direction.
fn rates(shape: (usize, u64), noise: &mut Noise) -> BTreeMap<String, f64> {
    let model = model();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..REPORTS {
        let results = sweep(&model, shape, 0.0, noise);
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        let found = answer(&view);
        let claimed = !claims(&found.parts).is_empty();
        let said = found.parts.iter().flat_map(|part| &part.findings).map(|one| &one.text);
        let said: String = said.cloned().collect::<Vec<_>>().join(" ");
        let directed = DIRECTIONS.iter().any(|word| said.contains(word));
        assert_eq!(directed, claimed, "words and claims go together: {said}");
        *counts.entry("answer".to_owned()).or_default() += usize::from(claimed);
        for part in further(&view) {
            let heading = part.heading.clone().unwrap_or_default();
            *counts.entry(heading).or_default() += usize::from(!claims(&[part]).is_empty());
        }
    }
    counts.into_iter().map(|(name, n)| (name, n as f64 / REPORTS as f64)).collect()
}

#[test]
fn sweeps_without_an_effect_claim_a_direction_in_at_most_one_report_of_twenty() {
    let mut noise = Noise(11);
    // Three standard errors of a share of .05 above it.
    let most = 0.05 + 3.0 * (0.05_f64 * 0.95 / REPORTS as f64).sqrt();
    for shape in [(9, 5), (30, 5), (9, 8), (30, 8), (9, 3)] {
        let rates = rates(shape, &mut noise);
        println!("{} cells, {} seeds: {rates:?}", shape.0, shape.1);
        assert!(rates.len() >= 4, "{rates:?}");
        for (name, rate) in rates {
            assert!(rate <= most, "{name}, {shape:?}: {rate} of the reports claim a direction");
        }
    }
}

#[test]
fn a_large_effect_is_found_where_it_is_and_nowhere_else() {
    let (model, mut noise) = (model(), Noise(12));
    for shape in [(9, 5), (9, 8)] {
        let (mut found, mut elsewhere) = (0, 0);
        for _ in 0..100 {
            let results = sweep(&model, shape, -0.2, &mut noise);
            let cells = cells(&results);
            let view = View::new(&results, &cells);
            let all = claims(&answer(&view).parts);
            let (real, false_ones): (Vec<Claim>, Vec<Claim>) = all
                .into_iter()
                .partition(|claim| claim.metric == "clf/accuracy" && claim.place == "λ = 0.8");
            found += usize::from(!real.is_empty());
            elsewhere += usize::from(!false_ones.is_empty());
            assert!(real.iter().all(|claim| claim.way == Way::Lower), "{real:?}");
        }
        println!("{shape:?}: found in {found} of 100, something else in {elsewhere}");
        assert!(found >= 90 && elsewhere <= 12, "{shape:?}: {found}, {elsewhere}");
    }
}
