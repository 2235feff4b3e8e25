//! Which of energy, max softmax and their combinations tells best which
//! predictions are wrong, seed by seed, and what follows for a reader who may
//! leave inputs unanswered.

use jem_core::results::{LOGISTIC, RANK_MEAN};

use super::paired::{Tally, difference};
use crate::report::content::{Finding, Table};
use crate::report::label::{score_name, value_shown};
use crate::report::number::{interval, listed};
use crate::report::view::View;
use crate::table::{CellResult, Statistics};

/// Cells whose numbers are told in words; the table has all.
const MOST_CELLS: usize = 3;
/// The coverage that is told, in percent.
const PERCENT: u64 = 90;

fn aurc(score: &str) -> String {
    format!("error/aurc/{score}")
}

fn risk(score: &str) -> String {
    format!("error/risk/{score}/percent={PERCENT}")
}

/// The seed's question, answered by paired differences over seeds.
pub(super) fn finding(view: &View<'_>) -> Finding {
    let about = "Which score to trust".to_owned();
    let energy = Tally::over(view, &aurc("energy"), &aurc("max_softmax"));
    let mut text = Vec::new();
    match energy.told() {
        Some(told) => text.push(format!(
            "Seed by seed, by 95 % t intervals of the difference, the energy's area under the \
             risk-coverage curve (less is better) against that of max softmax is {told}."
        )),
        None if energy.cells > 0 => text.push(
            "With one seed a cell, differences between scores have no interval: what follows says \
             which number is smaller, and not that it would be with another seed."
                .to_owned(),
        ),
        None => return Finding { about, text: String::new() },
    }
    for score in [LOGISTIC, RANK_MEAN] {
        text.extend(combined(view, score));
    }
    let gains: Vec<String> =
        cells_told(view).into_iter().filter_map(|cell| gain(view, cell)).collect();
    if !gains.is_empty() {
        text.push(format!(
            "Leaving the most suspicious tenth unanswered takes the error rate {}.",
            gains.join("; ")
        ));
    }
    text.push(advice(view, &energy));
    Finding { about, text: text.join(" ") }
}

/// How a combination does against max softmax.
fn combined(view: &View<'_>, score: &str) -> Option<String> {
    let told = Tally::over(view, &aurc(score), &aurc("max_softmax")).told()?;
    let what = if score == LOGISTIC {
        "A logistic regression on both, fitted to the errors on held-out examples,"
    } else {
        "The mean of both scores' ranks"
    };
    Some(format!("{what} against max softmax is {told}."))
}

/// A few cells: all, or the first and the last of the first line.
fn cells_told<'a>(view: &View<'a>) -> Vec<&'a CellResult> {
    let has = |cell: &&&CellResult| cell.metrics.contains_key(&risk("energy"));
    let cells: Vec<&CellResult> =
        view.lines.iter().flat_map(|line| &line.cells).filter(has).copied().collect();
    match cells.len() {
        n if n > MOST_CELLS => vec![cells[0], cells[n - 1]],
        _ => cells,
    }
}

/// `from 0.03 to 0.01 by max softmax and 0.02 by energy at λ = 0`: what leaving
/// a tenth unanswered gains in `cell`.
fn gain(view: &View<'_>, cell: &CellResult) -> Option<String> {
    let accuracy = cell.metrics.get("clf/accuracy")?;
    let wrong = accuracy.of_the_others();
    let scores = ["max_softmax", "energy", LOGISTIC, RANK_MEAN];
    let told: Vec<String> = scores
        .iter()
        .filter_map(|score| {
            let found = cell.metrics.get(&risk(score))?;
            Some(format!("{} by {}", interval(found), score_name(score)))
        })
        .collect();
    let place = match view.cells.len() {
        1 => String::new(),
        _ => format!(" at {}", view.label(cell)),
    };
    Some(format!("from {} to {}{place}", interval(&wrong), listed(&told)))
}

/// What the reader should do, by fixed rules over the tallies.
fn advice(view: &View<'_>, energy: &Tally) -> String {
    let logistic = Tally::over(view, &aurc(LOGISTIC), &aurc("max_softmax"));
    let over_energy = Tally::over(view, &aurc(LOGISTIC), &aurc("energy"));
    let single = match (energy.lower, energy.higher) {
        _ if energy.without == energy.cells => {
            "More seeds are needed before one score is preferred to the other.".to_owned()
        }
        (0, 0) => {
            format!("So these seeds do not tell the two apart for certain: {}.", ahead(energy))
        }
        (_, 0) => "So the energy is the better sign of an error here: where it differs from max \
                   softmax it is below it."
            .to_owned(),
        (0, _) => "So energy is no better a sign of an error than max softmax here: to decide \
                   what to leave unanswered, use max softmax, whatever the energy does for inputs \
                   that are out of distribution."
            .to_owned(),
        _ => "So which of the two is the better sign of an error depends on the setting; the \
              table of scores tells it for each."
            .to_owned(),
    };
    let combination = match (&logistic, &over_energy) {
        (Tally { cells: 0, .. }, _) => "",
        (a, _) if a.without == a.cells => "",
        (a, b) if a.lower > 0 && a.higher == 0 && b.higher == 0 => {
            " The fitted combination is worth its fit: it beats max softmax in some cells and in \
             none is it shown to be behind either score."
        }
        (a, _) if a.lower == 0 => " Combining the two gains nothing that these seeds can show.",
        _ => " Combining the two helps in some cells and costs in others.",
    };
    format!("{single}{combination} Intervals are over training seeds, on one test set.")
}

/// What the means say where intervals do not.
fn ahead(energy: &Tally) -> String {
    let (below, above, cells) = (energy.below, energy.above, energy.cells);
    let all = if cells == 1 { String::new() } else { format!(" in all {cells} cells") };
    let until = "and is the one to use until more seeds say otherwise";
    match (below, above) {
        (0, 0) => "their means are the same".to_owned(),
        (_, above) if above == cells => {
            format!("by the means max softmax is ahead{all}, {until}")
        }
        (below, _) if below == cells => format!("by the means the energy is ahead{all}, {until}"),
        _ => format!(
            "by the means the energy is ahead in {below} of {cells} cells and max softmax in \
             {above}, and more seeds are needed before one is preferred"
        ),
    }
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
        rows: view.cells.iter().filter(measured).map(|cell| row(view, cell)).collect(),
    }
}

fn row(view: &View<'_>, cell: &CellResult) -> Vec<String> {
    let none = || "–".to_owned();
    let shown = |path: &str| cell.metrics.get(path).map_or_else(none, interval);
    let wrong = cell
        .metrics
        .get("clf/accuracy")
        .map_or_else(none, |accuracy| interval(&accuracy.of_the_others()));
    let less = |one: &str| {
        let found = difference(view, cell, &aurc(one), &aurc("max_softmax"));
        found.as_ref().map_or_else(none, signed)
    };
    let mut row: Vec<String> = cell.values.iter().map(value_shown).collect();
    row.push(wrong);
    row.extend(["energy", "max_softmax", RANK_MEAN, LOGISTIC].map(|score| shown(&aurc(score))));
    row.extend(["energy", LOGISTIC].map(less));
    row.extend(["energy", "max_softmax", LOGISTIC].map(|score| shown(&risk(score))));
    row.push(cell.finished().to_string());
    row
}

/// A difference with its sign.
fn signed(difference: &Statistics) -> String {
    let shown = interval(difference);
    if difference.mean > 0.0 { format!("+{shown}") } else { shown }
}
