//! How metrics move along a line of cells.

use jem_core::metric::{Direction, describe};

use super::{Point, best_of, overlap, points};
use crate::report::content::Finding;
use crate::report::number::interval;
use crate::report::view::{Line, View};

/// What is said of accuracy, ECE and out-of-distribution detection.
pub(super) fn along(view: &View<'_>, line: &Line<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |about: String, said: Option<String>, more: Option<String>| {
        let text: Vec<String> = said.into_iter().chain(more).collect();
        findings.push(Finding { about, text: text.join(" ") });
    };
    let metric = "clf/accuracy";
    let accuracy = points(line, metric);
    add("Accuracy".to_owned(), course(view, metric, &accuracy), fall(view, &accuracy));
    if let Some(metric) = view.ece() {
        let bins = metric.rsplit('=').next().unwrap_or_default();
        let about = format!("ECE, {bins} bins");
        add(about, course(view, &metric, &points(line, &metric)), None);
    }
    for set in view.ood_sets() {
        let metric = format!("ood/auroc/{set}/energy");
        let about = format!("AUROC of the energy against {set}");
        add(about, course(view, &metric, &points(line, &metric)), None);
    }
    findings
}

/// From the first to the last value along x, and the best; without an x, the
/// best and the worst.
pub(super) fn course(view: &View<'_>, metric: &str, points: &[Point<'_>]) -> Option<String> {
    let (first, last) = (points.first()?, points.last()?);
    if points.len() == 1 {
        let place =
            if view.cells.len() > 1 { format!(" at {}", at(view, first)) } else { String::new() };
        return Some(format!("{}{place}.", value(view, first)));
    }
    let best = best_of(points, metric)?;
    let higher = describe(metric)?.direction == Direction::HigherIsBetter;
    let word = if higher { "highest" } else { "lowest" };
    if view.x.is_none() {
        return Some(format!("{word} with {}: {}.", at(view, &best), value(view, &best)));
    }
    let whose = |point: &Point<'_>| std::ptr::eq(point.cell, best.cell);
    let (of_first, of_last) = match (whose(first), whose(last)) {
        (true, _) => (format!(", its {word},"), String::new()),
        (_, true) => (String::new(), format!(", its {word}")),
        _ => (String::new(), String::new()),
    };
    let mut said = format!(
        "{} at {}{of_first} and {} at {}{of_last}",
        value(view, first),
        at(view, first),
        value(view, last),
        at(view, last),
    );
    said += match overlap(first.statistics, last.statistics) {
        Some(true) => "; these intervals overlap",
        Some(false) => "; these intervals do not overlap",
        None => "",
    };
    if !whose(first) && !whose(last) {
        said += &format!("; {word} at {} with {}", at(view, &best), value(view, &best));
    }
    Some(format!("{said}."))
}

/// Where accuracy first lies below its value at the smallest x by more than
/// both intervals.
fn fall(view: &View<'_>, points: &[Point<'_>]) -> Option<String> {
    let (first, rest) = points.split_first()?;
    view.x.as_ref()?;
    if rest.is_empty() || points.iter().all(|point| point.statistics.interval.is_none()) {
        return None;
    }
    let base = at(view, first);
    let below = |point: &&Point<'_>| {
        point.statistics.mean < first.statistics.mean
            && overlap(point.statistics, first.statistics) == Some(false)
    };
    Some(match rest.iter().find(below) {
        Some(point) => format!(
            "The first {} at which its interval lies wholly below that at {base} is {}.",
            view.x_name(),
            view.x_shown(point.cell),
        ),
        None => {
            format!("At no {} does its interval lie wholly below that at {base}.", view.x_name())
        }
    })
}

fn at(view: &View<'_>, point: &Point<'_>) -> String {
    view.label_in_line(point.cell)
}

/// The value with its interval, and n where it is not the usual one.
fn value(view: &View<'_>, point: &Point<'_>) -> String {
    let n = point.statistics.values.len();
    let shown = interval(point.statistics);
    if n == view.most_seeds() { shown } else { format!("{shown} (n = {n})") }
}
