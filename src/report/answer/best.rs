//! The best cell by each metric.

use jem_core::metric::{Direction, describe, label};

use super::{Point, best_of};
use crate::report::content::Table;
use crate::report::number::interval;
use crate::report::view::View;

/// A row for each metric; empty where there is only one cell.
pub fn best(view: &View<'_>) -> Table {
    let mut table = Table {
        title: format!("Best {} by metric", view.x_name()),
        note: "The best of several means, found on the test set itself, is an optimistic \
               estimate of what it would be on new data."
            .to_owned(),
        head: ["metric", "best", "at", "value", "n"].map(str::to_owned).to_vec(),
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
    let points: Vec<Point<'_>> = view
        .cells
        .iter()
        .filter_map(|cell| Some(Point { cell, statistics: cell.metrics.get(metric)? }))
        .collect();
    let best = best_of(&points, metric)?;
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
    ])
}
