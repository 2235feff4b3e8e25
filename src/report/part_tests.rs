//! Reports of results with parts of an evaluation.

use jem_core::digest::Digest;

use super::fixture::{results, source};
use super::part_fixture::with_parts;
use super::{Content, ReportContext, compose};
use crate::table::Results;

fn composed(results: &Results) -> Content {
    let context = ReportContext {
        source: Some(source("1a2b3c4")),
        command: "jem report experiments/sweep-lambda.toml".to_owned(),
        version: "0.1.0".to_owned(),
        experiment: Digest::of(b"the file"),
        file: Some("experiments/sweep-lambda.toml".to_owned()),
        place: None,
    };
    compose(results, &context).expect("small figures can be painted")
}

fn said(content: &Content, about: &str) -> String {
    let parts = content.answer.iter().chain(&content.further);
    let findings = parts.flat_map(|part| &part.findings);
    findings.filter(|finding| finding.about == about).map(|f| f.text.as_str()).collect()
}

#[test]
fn every_part_has_its_figures_and_without_parts_there_are_none() {
    let names = |content: &Content| -> Vec<String> {
        content.figures().map(|figure| figure.name.clone()).collect()
    };
    let (with, without) = (names(&composed(&with_parts())), names(&composed(&results())));
    for name in [
        "reliability-scaled",
        "risk-coverage",
        "corruption-accuracy",
        "corruption-ece",
        "long-chains",
    ] {
        assert!(with.iter().any(|one| one == name), "{name} is not in {with:?}");
        assert!(!without.iter().any(|one| one == name), "{name} is in {without:?}");
    }
}

#[test]
fn the_data_of_a_figure_has_every_seed_and_point() {
    let content = composed(&with_parts());
    let lines = |name: &str| {
        let figure = content.figures().find(|figure| figure.name == name);
        figure.map_or(0, |figure| figure.csv.lines().count())
    };
    // 20 of 24 trials finished, in 7 of 8 cells.
    assert_eq!(lines("risk-coverage"), 1 + 20 * 4 * 200);
    assert_eq!(lines("corruption-ece"), 1 + 20 * 5);
    assert_eq!(lines("long-chains"), 1 + 20 * 2 * 41);
    assert_eq!(lines("reliability-scaled"), 1 + 7 * 2 * 15);
}

#[test]
fn scores_of_errors_are_compared_cell_by_cell_in_a_family_of_their_own() {
    let content = composed(&with_parts());
    let said = said(&content, "AURC (less is better), energy against max softmax");
    assert!(said.starts_with("Higher from λ = 0 to 1: by 0.0102"), "{said}");
    let part =
        content.further.iter().find(|part| part.heading.as_deref() == Some("Detection of errors"));
    let last = part.and_then(|part| part.findings.last()).expect("how it was tested");
    // Seven cells and four pairs of scores; in one cell two seeds are left.
    assert_eq!(last.text, "Paired t tests over 3 seeds, Holm-corrected over 24 tests.");
    let answer = content.answer.iter().flat_map(|part| &part.findings);
    let advice: Vec<&str> =
        answer.filter(|one| one.about == "Errors").map(|one| one.text.as_str()).collect();
    assert!(advice[0].starts_with("Use max softmax to reject inputs"), "{advice:?}");
}

#[test]
fn with_one_seed_no_score_is_preferred() {
    let mut results = with_parts();
    results.trials.retain(|trial| trial.seed == 0);
    let content = composed(&results);
    let parts = content.answer.iter().chain(&content.further);
    let findings: Vec<_> = parts.flat_map(|part| &part.findings).collect();
    assert!(findings.iter().all(|finding| finding.claims.is_empty()), "{findings:?}");
    assert!(findings.iter().all(|finding| !finding.text.contains("Use ")), "{findings:?}");
}

#[test]
fn scaling_has_the_range_of_temperatures_and_its_tests() {
    let content = composed(&with_parts());
    let range = said(&content, "Temperature fitted on held-out images");
    assert_eq!(range, "1.00 to 2.00 (means of the settings).");
    assert!(!said(&content, "ECE after scaling, against before").is_empty());
    let rows = |title: &str| {
        let table = content.results.iter().find(|table| table.title == title);
        table.map(|table| {
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()), "{title}");
            table.rows.len()
        })
    };
    assert_eq!(rows("Temperature scaling"), Some(7));
    assert_eq!(rows("Which score finds errors"), Some(7));
    assert_eq!(rows("Long chains"), Some(14));
    let without = composed(&results());
    for title in ["Temperature scaling", "Which score finds errors", "Long chains"] {
        let table = without.results.iter().find(|table| table.title == title);
        assert!(table.is_none_or(|table| table.rows.is_empty()), "{title}");
    }
}
