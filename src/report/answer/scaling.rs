//! What temperature scaling does.

use super::paired::Tally;
use crate::report::content::{Finding, Table};
use crate::report::label::value_shown;
use crate::report::number::interval;
use crate::report::view::View;
use crate::table::{CellResult, Interval, Statistics};

/// Metrics before and after scaling: name, path before, path after.
fn metrics(bins: &str) -> [(String, String, String); 4] {
    let of = |name: &str, path: &str| {
        let (before, after) = match path {
            "nll" | "brier" => (format!("clf/{path}"), format!("calib_scaled/{path}")),
            _ => (format!("calib/{path}/{bins}"), format!("calib_scaled/{path}/{bins}")),
        };
        (name.to_owned(), before, after)
    };
    [
        of("NLL", "nll"),
        of("ECE", "ece"),
        of("class-wise ECE", "classwise_ece"),
        of("Brier score", "brier"),
    ]
}

/// `bins=15`: as many as the first scaled ECE has; none where nothing was
/// scaled.
fn bins(view: &View<'_>) -> Option<String> {
    let paths = view.cells.iter().flat_map(|cell| cell.metrics.keys());
    let bins = |path: &String| Some(path.strip_prefix("calib_scaled/ece/")?.to_owned());
    let all: Vec<String> = paths.filter_map(bins).collect();
    let usual = all.iter().find(|bins| *bins == "bins=15");
    usual.or(all.first()).cloned()
}

/// How a fitted temperature changes calibration, seed by seed.
pub(super) fn finding(view: &View<'_>) -> Finding {
    let about = "Temperature scaling".to_owned();
    let Some(bins) = bins(view) else { return Finding { about, text: String::new() } };
    let mut text = Vec::new();
    let fitted: Vec<&Statistics> =
        view.cells.iter().filter_map(|cell| cell.metrics.get("calib/temperature")).collect();
    let temperatures: Vec<f64> = fitted.iter().map(|found| found.mean).collect();
    let low = temperatures.iter().copied().fold(f64::INFINITY, f64::min);
    let high = temperatures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let one = |value: f64| format!("{value:.2}");
    let confident = confidence(&fitted);
    text.push(if temperatures.len() == 1 {
        format!("The temperature fitted on held-out examples is {}.", one(low))
    } else {
        format!(
            "The temperatures fitted on held-out examples lie between {} and {} (means of \
             cells){confident}.",
            one(low),
            one(high)
        )
    });
    let told: Vec<String> = metrics(&bins)
        .iter()
        .filter_map(|(name, before, after)| {
            Some(format!("{name} is {}", Tally::over(view, after, before).told()?))
        })
        .collect();
    if !told.is_empty() {
        text.push(format!("After scaling, seed by seed, {}.", told.join("; ")));
    }
    Finding { about, text: text.join(" ") }
}

/// What the temperatures of all cells say of the networks, where their
/// intervals do.
fn confidence(fitted: &[&Statistics]) -> &'static str {
    let beyond =
        |of: &dyn Fn(Interval) -> bool| fitted.iter().all(|found| found.interval.is_some_and(of));
    if beyond(&|interval| interval.low > 1.0) {
        ", all above 1 with their intervals: the networks are overconfident"
    } else if beyond(&|interval| interval.high < 1.0) {
        ", all below 1 with their intervals: the networks are underconfident"
    } else {
        ""
    }
}

/// A row for each cell; no rows where nothing was scaled.
pub fn table(view: &View<'_>) -> Table {
    let bins = bins(view);
    let metrics = metrics(bins.as_deref().unwrap_or("bins=15"));
    let mut head = view.names.clone();
    head.push("T".to_owned());
    for (name, ..) in &metrics {
        head.extend([format!("{name} before"), format!("{name} after")]);
    }
    head.push("n".to_owned());
    let scaled = |cell: &&CellResult| cell.metrics.contains_key("calib/temperature");
    let row = |cell: &CellResult| -> Vec<String> {
        let shown = |path: &str| cell.metrics.get(path).map_or_else(|| "–".to_owned(), interval);
        let mut row: Vec<String> = cell.values.iter().map(value_shown).collect();
        row.push(shown("calib/temperature"));
        for (_, before, after) in &metrics {
            row.extend([before, after].map(|path| {
                // Both are to be of the seeds that have a temperature.
                let found = cell.among(path, "calib/temperature");
                found.as_ref().map_or_else(|| "–".to_owned(), interval)
            }));
        }
        row.push(cell.metrics.get("calib/temperature").map_or(0, |t| t.values.len()).to_string());
        row
    };
    Table {
        title: "Temperature scaling".to_owned(),
        note: format!(
            "Logits divided by T, fitted on held-out training examples by their likelihood (Guo \
             et al. 2017). ECE and class-wise ECE (Kull et al. 2019) over {} bins of equal width.",
            bins.as_deref().and_then(|bins| bins.strip_prefix("bins=")).unwrap_or("15")
        ),
        head,
        rows: view.cells.iter().filter(scaled).map(row).collect(),
    }
}
