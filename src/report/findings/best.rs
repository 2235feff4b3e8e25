//! The best cell by each metric.

use jem_core::metric::{Direction, describe, label};

use crate::report::content::Table;
use crate::report::number::interval;
use crate::report::view::View;
use crate::table::{CellResult, Statistics};

/// A value of a metric, and its cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point<'a> {
    pub(super) cell: &'a CellResult,
    pub(super) statistics: &'a Statistics,
}

/// The best mean of `metric` by its direction, the first of equals, and of how
/// many it is.
pub(super) fn best_of<'a>(view: &View<'a>, metric: &str) -> Option<(Point<'a>, usize)> {
    let higher = describe(metric)?.direction == Direction::HigherIsBetter;
    let better = |a: f64, b: f64| if higher { a > b } else { a < b };
    let point = |cell: &'a CellResult| Some(Point { cell, statistics: cell.metrics.get(metric)? });
    let points: Vec<Point<'a>> = view.cells.iter().filter_map(point).collect();
    let best = points.iter().copied().reduce(|best, point| {
        if better(point.statistics.mean, best.statistics.mean) { point } else { best }
    });
    Some((best?, points.len()))
}

/// A row for each metric; empty where there is only one cell.
pub fn best(view: &View<'_>) -> Table {
    let mut table = Table {
        title: format!("Best {} by metric", view.x_name()),
        note: "The best mean of so many settings, selected on the test set itself: optimistic as \
               an estimate for new data, and no test that it is better than the others."
            .to_owned(),
        head: ["metric", "best", "at", "value", "n", "settings"].map(str::to_owned).to_vec(),
        rows: Vec::new(),
    };
    if view.cells.len() > 1 {
        table.rows = metrics(view).iter().filter_map(|metric| row(view, metric)).collect();
    }
    table
}

/// The metrics worth a row, in the order of the answer.
fn metrics(view: &View<'_>) -> Vec<String> {
    let mut metrics = vec!["clf/accuracy".to_owned(), "clf/nll".to_owned(), "clf/brier".to_owned()];
    metrics.extend(view.ece());
    for family in view.ood_sets().iter().map(|set| format!("ood/auroc/{set}")) {
        metrics.extend(["energy", "max_softmax"].map(|score| format!("{family}/{score}")));
    }
    for family in ["error/auroc", "error/aurc"] {
        metrics.extend(["energy", "max_softmax"].map(|score| format!("{family}/{score}")));
    }
    metrics
}

fn row(view: &View<'_>, metric: &str) -> Option<Vec<String>> {
    let (best, settings) = best_of(view, metric)?;
    let direction = match describe(metric)?.direction {
        Direction::HigherIsBetter => "highest",
        _ => "lowest",
    };
    Some(vec![
        label(metric),
        direction.to_owned(),
        view.label(best.cell),
        interval(best.statistics),
        best.statistics.values.len().to_string(),
        settings.to_string(),
    ])
}
