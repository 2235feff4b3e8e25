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
    };
    compose(results, &context).expect("small figures can be painted")
}

fn said(content: &Content, about: &str) -> String {
    let findings = content.answer.iter().flat_map(|part| &part.findings);
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
fn the_question_of_reliability_is_answered_in_words_and_numbers() {
    let said = said(&composed(&with_parts()), "Which score to trust");
    for words in [
        "against that of max softmax is higher in 7 of 7 cells.",
        "The mean of both scores' ranks against max softmax is higher in 7 of 7 cells.",
        "Leaving the most suspicious tenth unanswered takes the error rate from",
        "at λ = 0; from",
        "by max softmax",
        "to decide what to leave unanswered, use max softmax",
        "Combining the two gains nothing that these seeds can show.",
        "Intervals are over training seeds, on one test set.",
    ] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
}

#[test]
fn with_one_seed_no_score_is_preferred() {
    let mut results = with_parts();
    results.trials.retain(|trial| trial.seed == 0);
    let said = said(&composed(&results), "Which score to trust");
    assert!(said.contains("With one seed a cell"), "{said}");
    assert!(said.contains("More seeds are needed"), "{said}");
    assert!(!said.contains("So "), "{said}");
}

#[test]
fn scaling_is_told_with_the_range_of_temperatures() {
    let content = composed(&with_parts());
    let said = said(&content, "Temperature scaling");
    assert!(said.contains("lie between 1.00 and 2.00"), "{said}");
    assert!(said.contains("; ECE is lower in"), "{said}");
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
