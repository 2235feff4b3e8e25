//! Accuracy against the steps of purification, clean and attacked.

use jem_core::interval::wilson;
use jem_core::metric::Range;

use super::csv::{Csv, number};
use super::{Chart, Drafts, Planned, caption};
use crate::chart::{Better, Quantity, SweepChart, SweepPoint, SweepSeries, XScale};
use crate::report::view::View;
use crate::table::CellResult;

/// Cells with a figure of their own.
const MOST_FIGURES: usize = 6;
const PURIFIERS: [(&str, &str); 2] = [("seed", "seed's"), ("stochastic", "stochastic")];
const ATTACKS: [(&str, &str); 3] =
    [("none", "no attack"), ("transfer", "transfer"), ("bpda", "BPDA + EOT")];

/// A chart for each purifier of each cell that has the points.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    let several = view.cells.len() > 1;
    let mut left_out = 0;
    for (place, cell) in view.cells.iter().enumerate() {
        for (purifier, words) in PURIFIERS {
            let of = match several {
                true => format!(", {}", view.label(cell)),
                false => String::new(),
            };
            let name = match several {
                true => format!("purification-{purifier}-{}", place + 1),
                false => format!("purification-{purifier}"),
            };
            let title = format!("Accuracy behind the {words} purifier against its steps{of}");
            let planned = planned(view, cell, purifier, (name, title), footer);
            match planned {
                Some(_) if drafts.figures.len() == MOST_FIGURES => left_out += 1,
                found => drafts.figures.extend(found),
            }
        }
    }
    if left_out > 0 {
        drafts.notes.push(format!(
            "Drawn are the first {MOST_FIGURES}; {left_out} more are told by the tables alone."
        ));
    }
    drafts
}

fn planned(
    view: &View<'_>,
    cell: &CellResult,
    purifier: &str,
    (name, title): (String, String),
    footer: &str,
) -> Option<Planned> {
    let n = cell.metrics.get("purified/n").map_or(0.0, |n| n.mean) as u64;
    let mut csv =
        Csv::new(&view.results.axes, &["attack", "steps", "seeds", "accuracy", "low", "high"]);
    let mut series = Vec::new();
    for (attack, label) in ATTACKS {
        let points = points(cell, &format!("purified/after/{purifier}/{attack}/"), n);
        for point in &points {
            let fields = [
                attack.to_owned(),
                point.x.to_string(),
                point.values.len().to_string(),
                number(Some(point.mean)),
                number(point.ends.map(|ends| ends.0)),
                number(point.ends.map(|ends| ends.1)),
            ];
            csv.row(&cell.values, &fields);
        }
        if !points.is_empty() {
            series.push(SweepSeries { label: label.to_owned(), points });
        }
    }
    if series.is_empty() {
        return None;
    }
    // Not those of the cell: what diverged was not attacked.
    let all = series.iter().flat_map(|series| &series.points);
    let seeds = all.map(|point| point.values.len()).max().unwrap_or(0);
    let one = seeds == 1;
    let seeds = if one { "one seed".to_owned() } else { format!("{seeds} seeds") };
    let interval = match one {
        true => format!("Wilson's 95 % interval for {n} inputs"),
        false => "the 95 % interval over seeds, or Wilson's where there is none".to_owned(),
    };
    Some(Planned {
        name,
        caption: format!(
            "Accuracy in the final check, by chains that the attacker never saw, where \
             purification is so long. Transferred inputs were made against the classifier alone, \
             those of BPDA + EOT against each length anew; at 0 steps both are the attack on the \
             classifier. Bars are {interval}."
        ),
        chart: Chart::Sweep(SweepChart {
            caption: caption(title, format!("{seeds}, {n} test inputs"), footer),
            x_label: "steps of purification".to_owned(),
            x_scale: XScale::Linear,
            y: Quantity {
                label: "accuracy".to_owned(),
                unit: None,
                better: Some(Better::Higher),
                range: Range::UNIT,
            },
            series,
            references: Vec::new(),
        }),
        csv: csv.text(),
    })
}

/// The values below `family`, by the number of steps at their end.
fn points(cell: &CellResult, family: &str, n: u64) -> Vec<SweepPoint> {
    let point = |(path, found): (&String, &crate::table::Statistics)| {
        let steps: u64 = path.strip_prefix(family)?.parse().ok()?;
        let counted = || wilson((found.mean * n as f64).round() as u64, n);
        let ends = found.interval.map_or_else(counted, |one| (one.low, one.high));
        Some(SweepPoint {
            x: steps as f64,
            values: found.values.iter().map(|(_, value)| *value).collect(),
            mean: found.mean,
            ends: Some(ends),
            diverged: 0,
        })
    };
    let mut points: Vec<SweepPoint> = cell.metrics.iter().filter_map(point).collect();
    points.sort_by(|a, b| a.x.total_cmp(&b.x));
    points
}
