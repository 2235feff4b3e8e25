//! Published figures along the axis of a sweep, as lines of their own.

use super::csv::Csv;
use crate::chart::{SweepChart, SweepPoint, SweepSeries};
use crate::report::view::{Rung, View};
use jem_core::spec::Known;
use serde_json::Value;

/// Adds to `chart`, which shows `metric`, a series for each system whose values
/// of it were published along x. Says their rows of the chart's data.
pub(super) fn add(view: &View<'_>, metric: &str, chart: &mut SweepChart) -> String {
    let (Some(x), mut rows) = (&view.x, String::new()) else { return String::new() };
    for (label, points) in &series(&view.rungs(), metric) {
        // A line without a name would not be told apart from the published one.
        for own in chart.series.iter_mut().filter(|own| own.label.is_empty()) {
            own.label = "ours".to_owned();
        }
        let mut csv = Csv::new(&[], &[]);
        for (at, value) in points {
            let mut values = vec![Value::Null; view.results.axes.len()];
            values[x.index] = (*at).into();
            let value = value.to_string();
            let texts = [metric, "", &format!("published: {label}"), &value, &value, "", "", ""];
            csv.row(&values, &texts.map(str::to_owned));
        }
        rows += csv.text().trim_start_matches('\n');
        let point = |(x, value): &(f64, f64)| SweepPoint {
            x: *x,
            values: vec![*value],
            mean: *value,
            ends: None,
            diverged: 0,
        };
        let points = points.iter().map(point).collect();
        chart.series.push(SweepSeries { label: label.clone(), points });
    }
    rows
}

/// By system: x and value of each of its figures of `metric`, by x.
fn series(rungs: &[Rung<'_>], metric: &str) -> Vec<(String, Vec<(f64, f64)>)> {
    let mut found: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for rung in rungs {
        let figure = rung.result.values.iter().find(|value| value.path == metric);
        let Some(figure) = figure else { continue };
        let doubt = if rung.result.known == Known::Memory { ", unverified" } else { "" };
        let label = format!("{} on {}, published{doubt}", rung.result.name, rung.result.dataset);
        match found.iter_mut().find(|(known, _)| *known == label) {
            Some((_, points)) => points.push((rung.x, figure.value)),
            None => found.push((label, vec![(rung.x, figure.value)])),
        }
    }
    for (_, points) in &mut found {
        points.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    }
    found
}
