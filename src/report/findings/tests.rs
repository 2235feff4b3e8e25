//! The sentences of an answer, on the made-up sweep.

use super::{answer, further};
use crate::report::content::{Finding, Part};
use crate::report::fixture;
use crate::report::view::View;
use crate::table::{Results, cells};

fn answered(results: &Results) -> Vec<Part> {
    let cells = cells(results);
    answer(&View::new(results, &cells)).parts
}

fn findings(parts: &[Part]) -> Vec<&Finding> {
    parts.iter().flat_map(|part| &part.findings).collect()
}

fn said(parts: &[Part], about: &str) -> String {
    let some = findings(parts).into_iter().filter(|finding| finding.about.starts_with(about));
    some.map(|finding| finding.text.clone()).collect::<Vec<_>>().join(" ")
}

/// The sweep with five seeds, so that tests have some power.
fn five_seeds() -> Results {
    let mut results = fixture::results();
    results.trials.retain(|trial| trial.seed != 1);
    let more: Vec<_> = results
        .trials
        .iter()
        .filter(|trial| trial.seed == 0)
        .flat_map(|trial| [3_u64, 4, 5].map(|seed| (trial.clone(), seed)))
        .map(|(mut trial, seed)| {
            trial.seed = seed;
            let small = |path: &str, place: f64| {
                let letters: u64 = path.bytes().map(u64::from).sum();
                let turn = (letters * 31 + seed * 17 + (place * 1000.0) as u64 * 7) % 13;
                0.0004 * (turn as f64 - 6.0)
            };
            let lambda = trial.values[0].as_f64().unwrap_or_default();
            for (path, value) in &mut trial.metrics {
                *value += small(path, lambda);
            }
            trial
        })
        .collect();
    results.trials.extend(more);
    results
}

#[test]
fn the_answer_is_short_and_its_sentences_too() {
    let parts = answered(&five_seeds());
    let all = findings(&parts);
    let text: Vec<String> = all.iter().map(|one| format!("{}: {}", one.about, one.text)).collect();
    let words = text.iter().map(|one| one.split_whitespace().count()).sum::<usize>();
    println!("{words} words\n{}", text.join("\n"));
    assert!(words < 300, "{words} words");
    for finding in all {
        for sentence in finding.text.split(". ") {
            let words = sentence.split_whitespace().count();
            assert!(words <= 30, "{words} words: {sentence}");
        }
    }
}

#[test]
fn differences_are_from_the_first_value_and_claims_have_their_tests() {
    let results = five_seeds();
    let parts = answered(&results);
    let accuracy = said(&parts, "Accuracy");
    assert!(accuracy.contains(" at λ = 0. "), "{accuracy}");
    assert!(accuracy.contains("Lower "), "{accuracy}");
    let cells = cells(&results);
    let found = answer(&View::new(&results, &cells));
    let claims: Vec<_> =
        findings(&found.parts).into_iter().flat_map(|one| one.claims.clone()).collect();
    assert!(!claims.is_empty() && claims.iter().all(|claim| claim.corrected <= 0.05));
    let claimed = |row: &&Vec<String>| ["lower", "higher"].contains(&row[7].as_str());
    let rows = found.tests.rows.iter().filter(claimed).count();
    let mut distinct: Vec<(&str, &str)> =
        claims.iter().map(|claim| (claim.metric.as_str(), claim.place.as_str())).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(rows, distinct.len(), "every claim has its row");
    assert!(found.tests.note.starts_with("Paired t tests over"), "{}", found.tests.note);
    // The values that all diverged are in no difference.
    assert!(said(&parts, "Divergence").contains("at λ = 10"));
}

#[test]
fn trivial_scores_stand_beside_the_energy_with_a_test() {
    let mut results = five_seeds();
    for trial in results.trials.iter_mut().filter(|trial| !trial.metrics.is_empty()) {
        for (score, value) in [("lit_pixels", 0.982), ("pca_residual", 0.995), ("gaussian", 0.9)] {
            trial.metrics.insert(format!("ood/auroc/fashion-mnist/{score}"), value);
        }
    }
    let text = said(&answered(&results), "OOD detection by energy, fashion-mnist");
    assert!(
        text.contains("Best trivial score: PCA residual with 0.9950; the energy is below"),
        "{text}"
    );
    let cells = cells(&results);
    let by_cell = further(&View::new(&results, &cells));
    let text = said(&by_cell, "Energy against PCA residual, fashion-mnist");
    assert!(!text.is_empty() && !text.contains("igher"), "{text}");
    assert!(said(&by_cell, "Energy against PCA residual, uniform-noise").is_empty());
}

#[test]
fn the_way_in_which_confidence_is_off_is_said_at_both_ends_by_a_test() {
    let mut results = five_seeds();
    for trial in results.trials.iter_mut().filter(|trial| !trial.metrics.is_empty()) {
        let lambda = trial.values[0].as_f64().unwrap_or_default();
        let wobble = 0.001 * (trial.seed as f64 - 2.0);
        trial.metrics.insert("calib/gap".to_owned(), wobble - 0.1 * lambda);
        trial.metrics.insert("calib_scaled/ece/bins=15".to_owned(), 0.004 + wobble.abs());
    }
    let text = said(&answered(&results), "Calibration (ECE, 15 bins)");
    assert!(text.contains("Under-confident at λ = 5 by 0.49"), "{text}");
    assert!(!text.contains("Over-confident"), "{text}");
    assert!(text.contains("After temperature scaling: "), "{text}");
}

#[test]
fn attacks_are_never_called_robustness_where_masking_was_not_judged() {
    let mut results = five_seeds();
    for trial in results.trials.iter_mut().filter(|trial| !trial.metrics.is_empty()) {
        let lambda = trial.values[0].as_f64().unwrap_or_default();
        let own = 0.3 + 0.05 * lambda + 0.002 * trial.seed as f64 * (1.0 + lambda);
        let path = |size: &str| format!("adversarial/accuracy/linf/worst/{size}");
        trial.metrics.insert(path("0.1"), own);
        trial.metrics.insert(path("0.2"), 0.0);
        trial.metrics.insert(path("0.3"), 0.0);
        trial.metrics.insert("adversarial/masking_signs/linf".to_owned(), 0.0);
    }
    let text = said(&answered(&results), "Accuracy under attack (L∞, ε = 0.1)");
    assert!(text.contains("Higher "), "{text}");
    assert!(text.contains("From ε = 0.2 on it is 0 in every setting."), "{text}");
    assert!(text.ends_with("is no evidence of robustness."), "{text}");
}

#[test]
fn published_values_stand_beside_ours_and_are_compared_with_nothing() {
    let mut results = five_seeds();
    let rung = |lambda: f64, shown: &str| jem_core::spec::Published {
        name: "ladder".to_owned(),
        cite: "Someone 2020".to_owned(),
        dataset: "mnist".to_owned(),
        known: jem_core::spec::Known::Primary,
        note: None,
        seeds: None,
        at: vec![("objective.lambda".to_owned(), lambda.into())],
        values: vec![jem_core::spec::PublishedValue {
            path: "clf/accuracy".to_owned(),
            value: shown.parse().unwrap_or_default(),
            shown: shown.to_owned(),
            sd: None,
        }],
    };
    results.experiment.report.published =
        vec![rung(0.0, "0.970"), rung(0.5, "0.930"), rung(7.0, "0.1")];
    let parts = answered(&results);
    let text = said(&parts, "Published, ladder on mnist");
    assert!(text.starts_with("Accuracy: 0.970 at λ = 0 (here 0.95"), "{text}");
    assert!(text.contains(" and 0.930 at λ = 0.5 (here "), "{text}");
    assert!(!text.contains("0.1 at"), "{text}");
}

#[test]
fn two_seeds_are_no_test_and_values_stand_alone() {
    let mut results = fixture::results();
    results.trials.retain(|trial| trial.seed != 1);
    let parts = answered(&results);
    assert!(findings(&parts).iter().all(|finding| finding.claims.is_empty()));
    assert_eq!(said(&parts, "Tests"), "n = 2: no test, so no direction is claimed.");
    let accuracy = said(&parts, "Accuracy");
    assert!(accuracy.contains(" at λ = 0, ") && accuracy.ends_with(" at λ = 5."), "{accuracy}");
    assert!(!accuracy.contains("ifference"), "{accuracy}");
}
