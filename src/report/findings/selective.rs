//! Energy, max softmax and their combinations as scores of errors, cell by cell.

use jem_core::results::{LOGISTIC, RANK_MEAN};

use super::grouped::{At, Grouped};
use super::questions::{Asked, Family, Questions, values};
use crate::report::content::{Finding, Table};
use crate::report::label::{score_name, value_shown};
use crate::report::number::{interval, listed};
use crate::report::view::View;
use crate::significance::Paired;
use crate::table::{CellResult, Statistics};

/// Cells whose error rates are given in words; the table has all.
const MOST_CELLS: usize = 2;
/// The coverage of these, in percent.
const PERCENT: u64 = 90;
/// Pairs of scores that are compared, the first with the second.
const PAIRS: [(&str, &str); 4] = [
    ("energy", "max_softmax"),
    (LOGISTIC, "max_softmax"),
    (LOGISTIC, "energy"),
    (RANK_MEAN, "max_softmax"),
];

fn aurc(score: &str) -> String {
    format!("error/aurc/{score}")
}

fn risk(score: &str) -> String {
    format!("error/risk/{score}/percent={PERCENT}")
}

/// The first score's AURC less the second's in `cell`, seed by seed.
fn less(cell: &CellResult, one: &str, other: &str) -> Paired {
    Paired::of(values(cell, &aurc(one)), values(cell, &aurc(other)))
}

/// The comparisons, a pair of scores at a time.
pub(super) struct Selective<'a> {
    pairs: Vec<(&'static str, &'static str, Vec<At<'a>>)>,
}

impl<'a> Selective<'a> {
    pub(super) fn ask(view: &View<'a>, all: &mut Questions) -> Self {
        let mut pairs = Vec::new();
        for (one, other) in PAIRS {
            let has = |cell: &CellResult, score: &str| cell.metrics.contains_key(&aurc(score));
            let both = view.cells.iter().filter(|cell| has(cell, one) && has(cell, other));
            let at = |cell: &'a CellResult| {
                let asked = Asked {
                    what: aurc(one),
                    place: view.label(cell),
                    against: score_name(other).to_owned(),
                };
                At { cell, number: all.ask(asked, less(cell, one, other)) }
            };
            let cells: Vec<At<'a>> = both.map(at).collect();
            if !cells.is_empty() {
                pairs.push((one, other, cells));
            }
        }
        Self { pairs }
    }

    pub(super) fn findings(&self, view: &View<'a>, family: &Family) -> Vec<Finding> {
        let pair = |(one, other, all): &(&str, &str, Vec<At<'a>>)| {
            let said = Grouped { view, family, all, metric: &aurc(one) }.said();
            let about =
                format!("AURC (less is better), {} against {}", score_name(one), score_name(other));
            Finding { about, text: said.joined(), claims: said.claims }
        };
        let mut findings: Vec<Finding> = self.pairs.iter().map(pair).collect();
        findings.push(rates(view));
        findings
    }
}

/// The error rate of all inputs, and of those that remain when a tenth is
/// rejected: values alone.
fn rates(view: &View<'_>) -> Finding {
    let has = |cell: &&&CellResult| cell.metrics.contains_key(&risk("energy"));
    let cells: Vec<&CellResult> =
        view.lines.iter().flat_map(|line| &line.cells).filter(has).copied().collect();
    let some = match cells.len() {
        n if n > MOST_CELLS => vec![cells[0], cells[n - 1]],
        _ => cells,
    };
    let rates: Vec<String> = some.into_iter().filter_map(|cell| rate(view, cell)).collect();
    let about = format!("Error rate with {} % rejected", 100 - PERCENT);
    Finding { about, text: rates.join(" "), claims: Vec::new() }
}

/// `0.012 by max softmax and 0.030 by energy at λ = 0 (0.045 with none rejected).`
fn rate(view: &View<'_>, cell: &CellResult) -> Option<String> {
    let accuracy = cell.metrics.get("clf/accuracy")?;
    let errors = accuracy.values.iter().map(|(seed, right)| (*seed, 1.0 - right));
    let wrong = Statistics::of(errors.collect())?;
    let by = |score: &str| {
        let found = cell.metrics.get(&risk(score))?;
        Some(format!("{} by {}", interval(found), score_name(score)))
    };
    let rates: Vec<String> =
        ["max_softmax", "energy", LOGISTIC].into_iter().filter_map(by).collect();
    let place = match view.cells.len() {
        1 => String::new(),
        _ => format!(" at {}", view.label(cell)),
    };
    Some(format!("{}{place} ({} with none rejected).", listed(&rates), interval(&wrong)))
}

/// A row for each cell; no rows where nothing was measured beyond the two
/// scores.
pub fn table(view: &View<'_>) -> Table {
    let scores = ["energy", "max_softmax", RANK_MEAN, LOGISTIC];
    let mut head = view.names.clone();
    head.push("error rate".to_owned());
    head.extend(scores.map(|score| format!("AURC, {}", score_name(score))));
    head.push("energy − max softmax".to_owned());
    head.push("logistic − max softmax".to_owned());
    head.extend(
        ["energy", "max_softmax", LOGISTIC]
            .map(|score| format!("risk at {PERCENT} %, {}", score_name(score))),
    );
    head.push("n".to_owned());
    let measured = |cell: &&CellResult| cell.metrics.contains_key(&risk("energy"));
    Table {
        title: "Which score finds errors".to_owned(),
        note: format!(
            "AURC: the error rate among the inputs that are answered, mean over all coverages; \
             less is better. Differences of AURC are taken seed by seed. Risk at {PERCENT} %: the \
             error rate where a tenth is left unanswered. The logistic regression is fitted on \
             held-out examples, and missing without any; the mean of ranks needs none."
        ),
        head,
        rows: view.cells.iter().filter(measured).map(row).collect(),
    }
}

fn row(cell: &CellResult) -> Vec<String> {
    let none = || "–".to_owned();
    let shown = |path: &str| cell.metrics.get(path).map_or_else(none, interval);
    let wrong = cell.metrics.get("clf/accuracy").map_or_else(none, |accuracy| {
        interval(&Statistics { mean: 1.0 - accuracy.mean, ..accuracy.clone() })
    });
    let less_max_softmax = |one: &str| {
        let differences = less(cell, one, "max_softmax").differences().to_vec();
        Statistics::of(differences).as_ref().map_or_else(none, signed)
    };
    let mut row: Vec<String> = cell.values.iter().map(value_shown).collect();
    row.push(wrong);
    row.extend(["energy", "max_softmax", RANK_MEAN, LOGISTIC].map(|score| shown(&aurc(score))));
    row.extend(["energy", LOGISTIC].map(less_max_softmax));
    row.extend(["energy", "max_softmax", LOGISTIC].map(|score| shown(&risk(score))));
    row.push(cell.finished().to_string());
    row
}

/// A difference with its sign.
fn signed(difference: &Statistics) -> String {
    let shown = interval(difference);
    if difference.mean > 0.0 { format!("+{shown}") } else { shown }
}
