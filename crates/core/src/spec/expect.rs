//! Reads `[expect."name of the check"]`.

use std::sync::Arc;

use super::paths::{by_path, typed};
use super::raw::RawExpectation;
use super::report::{DIVERGED, Expectation};
use super::tree::{Entry, Node};
use crate::diagnostic::{Diagnostic, SourceText, nearest, quoted_list};
use crate::metric::{self, metrics};

/// The expectations in `tree`, in the order written.
pub fn read_expectations(
    tree: &Node,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Expectation> {
    let entries = tree.entry("expect").map_or(&[][..], |entry| entry.node.entries());
    entries.iter().filter_map(|entry| read(entry, source, problems)).collect()
}

fn read(
    entry: &Entry,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Expectation> {
    // What keeps it from being read has been said by the checker.
    let raw: RawExpectation = serde_json::from_value(entry.node.to_value()).ok()?;
    let point = |message: String, field: &str, label: &str| {
        let place = entry.node.entry(field).map_or_else(|| entry.place(), Entry::place);
        Diagnostic::new(message).at(source, place, label)
    };
    check_metric(&raw.metric, &point, problems);
    match (raw.min, raw.max) {
        (None, None) => problems.push(point(
            format!("the expectation `{}` sets no bound", entry.key),
            "",
            "`min = …`, `max = …` or both are needed here",
        )),
        (Some(min), Some(max)) if min > max => problems.push(point(
            format!("min = {min} is above max = {max}"),
            "min",
            "no value can be in this range",
        )),
        _ => {}
    }
    if raw.source.trim().is_empty() {
        let label = "a publication, a pilot, a derivation, …";
        problems.push(point("a range comes from somewhere".to_owned(), "source", label));
    }
    let mut condition = Vec::new();
    if let Some(conditions) = entry.node.entry("where") {
        for written in by_path(&conditions.node, source, problems) {
            match typed(written.field, &written.entry.node, source) {
                Ok(typed) => condition.push((written.field.path.clone(), typed.value)),
                Err(said) => problems.extend(said),
            }
        }
    }
    Some(Expectation {
        name: entry.key.clone(),
        metric: raw.metric,
        condition,
        min: raw.min,
        max: raw.max,
        statistic: raw.statistic,
        source: raw.source,
    })
}

fn check_metric(
    written: &str,
    point: &dyn Fn(String, &str, &str) -> Diagnostic,
    problems: &mut Vec<Diagnostic>,
) {
    if written == DIVERGED || metric::describe(written).is_some() {
        return;
    }
    let known = || metrics().map(|metric| metric.pattern).chain([DIVERGED]);
    let label = match nearest(written, known()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "unknown metric".to_owned(),
    };
    let help = format!("accepted: {}", quoted_list(known()));
    problems.push(point(format!("there is no metric `{written}`"), "metric", &label).help(help));
}
