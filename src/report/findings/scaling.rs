//! What temperature scaling does.

use super::grouped::{At, Grouped};
use super::questions::{Asked, Family, Questions, values};
use crate::report::content::{Finding, Table};
use crate::report::label::value_shown;
use crate::report::number::interval;
use crate::report::view::View;
use crate::significance::Paired;
use crate::table::CellResult;

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

/// The comparisons of each metric after scaling with before, cell by cell.
pub(super) struct Scaling<'a> {
    metrics: Vec<(String, String, Vec<At<'a>>)>,
}

impl<'a> Scaling<'a> {
    /// None where nothing was scaled.
    pub(super) fn ask(view: &View<'a>, all: &mut Questions) -> Option<Self> {
        let bins = bins(view)?;
        let mut compared = Vec::new();
        for (name, before, after) in metrics(&bins) {
            let both = |cell: &&'a CellResult| {
                [&before, &after].iter().all(|path| cell.metrics.contains_key(*path))
            };
            let at = |cell: &'a CellResult| {
                let asked = Asked {
                    what: after.clone(),
                    place: view.label(cell),
                    against: "before".to_owned(),
                };
                let paired = Paired::of(values(cell, &after), values(cell, &before));
                At { cell, number: all.ask(asked, paired) }
            };
            let cells: Vec<At<'a>> = view.cells.iter().filter(both).map(at).collect();
            if !cells.is_empty() {
                compared.push((name, after, cells));
            }
        }
        Some(Self { metrics: compared })
    }

    pub(super) fn findings(&self, view: &View<'a>, family: &Family) -> Vec<Finding> {
        let finding = |(name, path, all): &(String, String, Vec<At<'a>>)| {
            let said = Grouped { view, family, all, metric: path }.said();
            let about = format!("{name} after scaling, against before");
            Finding { about, text: said.joined(), claims: said.claims }
        };
        let mut findings = vec![temperatures(view)];
        findings.extend(self.metrics.iter().map(finding));
        findings
    }
}

/// The range of the fitted temperatures: values alone.
fn temperatures(view: &View<'_>) -> Finding {
    let fitted = view.cells.iter().filter_map(|cell| cell.metrics.get("calib/temperature"));
    let means: Vec<f64> = fitted.map(|found| found.mean).collect();
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let text = match means.len() {
        0 => String::new(),
        1 => format!("{low:.2}."),
        _ => format!("{low:.2} to {high:.2} (means of the settings)."),
    };
    let about = "Temperature fitted on held-out images".to_owned();
    Finding { about, text, claims: Vec::new() }
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
