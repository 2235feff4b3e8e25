//! The answer in words, and what its parts share.

use jem_core::metric::{Direction, describe};
use jem_core::results::Outcome;

use super::{attacked, beyond, course, likelihood, rivals, scaling, scores, selective};
use crate::report::content::{Finding, Part};
use crate::report::number::{counted, listed};
use crate::report::purified;
use crate::report::view::{Line, View};
use crate::table::{CellResult, Statistics};

/// Lines that have a paragraph of their own.
const MOST_PARTS: usize = 4;
/// Cells that are named as places of divergence.
const MOST_PLACES: usize = 8;

/// A value of a metric, and where it was found.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// The cell.
    pub cell: &'a CellResult,
    /// The metric's statistics there.
    pub statistics: &'a Statistics,
}

/// The answer in words.
pub fn parts(view: &View<'_>) -> Vec<Part> {
    let mut parts = vec![Part { heading: None, findings: vec![how_to_read(view)] }];
    for line in view.lines.iter().take(MOST_PARTS) {
        let heading = Some(line.label.clone()).filter(|label| !label.is_empty());
        let mut findings = course::along(view, line);
        findings.extend(attacked::along(view, line));
        findings.extend(beyond::findings(view, line));
        parts.push(Part { heading, findings });
    }
    let heading = (view.lines.len() > 1).then(|| "All together".to_owned());
    let mut findings = rivals::findings(view);
    // Between the two findings on the energy: the same question, seed by seed.
    findings.insert(1, selective::finding(view));
    findings.push(scaling::finding(view));
    findings.push(scores::finding(view));
    findings.push(likelihood::finding(view));
    findings.extend(purified::findings(view));
    findings.push(attacked::masking(view));
    findings.push(diverged(view));
    parts.push(Part { heading, findings });
    for part in &mut parts {
        part.findings.retain(|finding| !finding.text.is_empty());
    }
    parts.retain(|part| !part.findings.is_empty());
    parts
}

fn how_to_read(view: &View<'_>) -> Finding {
    let mut text = match view.most_seeds() {
        _ if !view.has("clf/accuracy") => {
            "No trial has a value to tell: all that were run diverged.".to_owned()
        }
        1 => {
            "One seed each: values without intervals, from which no spread can be told.".to_owned()
        }
        n => format!(
            "Values are means over seeds with their 95 % interval, as ± half its width or as [low, \
             high], of two seeds their range; n = {n} unless another n is given."
        ),
    };
    if view.lines.len() > MOST_PARTS {
        text += &format!(
            " Of {} combinations of the other values the first {MOST_PARTS} are told here; the \
             tables have all.",
            view.lines.len()
        );
    }
    Finding { about: String::new(), text }
}

/// How many trials diverged, and where.
fn diverged(view: &View<'_>) -> Finding {
    let about = "Divergence".to_owned();
    let total: usize = view.cells.iter().map(|cell| cell.diverged).sum();
    let done = view.results.trials.len();
    if total == 0 {
        let text = match done {
            1 => "The only trial did not diverge.".to_owned(),
            _ => format!("None of {done} trials diverged."),
        };
        return Finding { about, text };
    }
    let told = |cell: &&CellResult| {
        let at = format!("{} of {} at {}", cell.diverged, cell.seeds.len(), view.label(cell));
        format!("{at} ({})", steps_of_divergence(view, cell))
    };
    let cells: Vec<&CellResult> = view.cells.iter().filter(|cell| cell.diverged > 0).collect();
    let mut places: Vec<String> = cells.iter().take(MOST_PLACES).map(told).collect();
    if cells.len() > MOST_PLACES {
        places.push(format!("others in {}", counted(cells.len() - MOST_PLACES, "more cell")));
    }
    let mut text = format!("{total} of {done} trials diverged: {}.", listed(&places));
    if cells.iter().any(|cell| cell.diverged < cell.seeds.len()) {
        text += " Means are over the seeds that did not diverge: where some did, they tell of \
                 the survivors.";
    }
    Finding { about, text }
}

/// `step 430`, `steps 100 to 430`: when trials of `cell` diverged.
fn steps_of_divergence(view: &View<'_>, cell: &CellResult) -> String {
    let steps = view.trials_of(cell).filter_map(|trial| match &trial.outcome {
        Outcome::Diverged(found) => Some(found.step),
        Outcome::Finished { .. } => None,
    });
    let steps: Vec<u64> = steps.collect();
    match (steps.iter().min(), steps.iter().max()) {
        (Some(first), Some(last)) if first < last => format!("steps {first} to {last}"),
        (first, _) => format!("step {}", first.copied().unwrap_or_default()),
    }
}

/// The values of `metric` along `line`.
pub fn points<'a>(line: &Line<'a>, metric: &str) -> Vec<Point<'a>> {
    let point = |cell: &&'a CellResult| {
        let cell: &'a CellResult = cell;
        Some(Point { cell, statistics: cell.metrics.get(metric)? })
    };
    line.cells.iter().filter_map(point).collect()
}

/// The best of `points` by the metric's direction, the first of equals.
pub fn best_of<'a>(points: &[Point<'a>], metric: &str) -> Option<Point<'a>> {
    let higher = describe(metric)?.direction == Direction::HigherIsBetter;
    let better = |a: f64, b: f64| if higher { a > b } else { a < b };
    points.iter().copied().reduce(|best, point| {
        if better(point.statistics.mean, best.statistics.mean) { point } else { best }
    })
}

/// Whether the intervals of two means overlap; none where one has no interval.
pub fn overlap(a: &Statistics, b: &Statistics) -> Option<bool> {
    Some(a.interval?.overlaps(&b.interval?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_overlap_where_they_share_a_number() {
        let of = Statistics::around;
        assert_eq!(overlap(&of(0.5, Some(0.25)), &of(1.0, Some(0.25))), Some(true));
        assert_eq!(overlap(&of(0.5, Some(0.25)), &of(1.0, Some(0.125))), Some(false));
        assert_eq!(overlap(&of(0.5, None), &of(1.0, Some(0.125))), None);
    }
}
