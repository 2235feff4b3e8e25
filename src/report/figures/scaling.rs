//! Reliability diagrams before and after temperature scaling, side by side.

use jem_core::results::ReliabilityBin;

use super::csv::{Csv, number};
use super::reliability::{Pooled, few_told, panel, pool, yes_or_no};
use super::{Chart, Drafts, Paneled, Planned, absent, by_line, caption};
use crate::chart::ReliabilityChart;
use crate::report::number::plain;
use crate::report::view::View;
use crate::table::CellResult;

/// Cells in one chart: two panels for each.
const MOST_CELLS: usize = 18;

/// A cell's diagrams before and after.
struct Pair<'a> {
    cell: &'a CellResult,
    before: Pooled,
    after: Pooled,
}

/// A chart for each line, two panels for each cell; nothing where no trial was
/// scaled.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    by_line(view, "reliability-scaled", |paneled| planned(view, paneled, footer))
}

fn planned(view: &View<'_>, paneled: Paneled<'_, '_>, footer: &str) -> Option<Planned> {
    let Paneled { name, of, cells } = paneled;
    let pairs: Vec<Pair<'_>> = cells.iter().map(|cell| pair(view, cell)).collect();
    let (shown, empty): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|pair| !pair.after.bins.is_empty());
    let first = shown.first()?;
    let bins = first.after.bins.len();
    let held_out = view
        .trials_of(first.cell)
        .find_map(|trial| Some(trial.parts.calibration.as_ref()?.n_validation))?;
    let missing: Vec<&CellResult> = empty.iter().map(|pair| pair.cell).collect();
    let more = match shown.len() {
        all if all > MOST_CELLS => format!("; the first {MOST_CELLS} of {all} cells"),
        _ => String::new(),
    };
    let chart = ReliabilityChart {
        caption: caption(
            format!("Reliability before and after temperature scaling{of}"),
            format!("test set, {bins} bins of equal width, seeds pooled{more}"),
            footer,
        ),
        x_label: "confidence".to_owned(),
        y_label: "accuracy".to_owned(),
        few: few_told(),
        pairs: true,
        panels: shown
            .iter()
            .take(MOST_CELLS)
            .flat_map(|pair| {
                let label = view.label_in_line(pair.cell);
                let (before, after) =
                    (format!("calib/ece/bins={bins}"), format!("calib_scaled/ece/bins={bins}"));
                let ece = |path: &str| Some(pair.cell.among(path, "calib/temperature")?.mean);
                let temperature = pair.cell.metrics.get("calib/temperature");
                let after_label = match temperature {
                    Some(found) => format!("{label}, T = {}", plain(found.mean)),
                    None => format!("{label}, scaled"),
                };
                [
                    panel(format!("{label}, as it is"), &pair.before, ece(&before)),
                    panel(after_label, &pair.after, ece(&after)),
                ]
            })
            .collect(),
    };
    Some(Planned {
        name,
        caption: format!(
            "Of each pair the second has logits divided by T, which makes the likelihood of the \
             {held_out} held-out training examples greatest (Guo et al. 2017); T is that seed's \
             own, and the mean is printed. Scaling changes no prediction and so no accuracy, only \
             where inputs lie along the axis; the grey strips tell how many lie in each bin, the \
             data has the counts.{}",
            absent(view, &missing, "panels")
        ),
        chart: Chart::Reliability(chart),
        csv: data(view, &shown),
    })
}

/// The seeds that have a temperature: the others have no diagram after it, and
/// one before it would be of other seeds.
fn pair<'a>(view: &View<'a>, cell: &'a CellResult) -> Pair<'a> {
    let before = pool(view, cell, |trial| match &trial.parts.calibration {
        Some(found) if !found.after.is_empty() => &found.before,
        _ => &[],
    });
    let after = pool(view, cell, |trial| {
        trial.parts.calibration.as_ref().map_or(&[], |found| &found.after)
    });
    Pair { cell, before, after }
}

fn data(view: &View<'_>, shown: &[Pair<'_>]) -> String {
    let columns = ["seeds", "scaled", "lo", "hi", "count", "few", "confidence", "accuracy"];
    let mut csv = Csv::new(&view.results.axes, &columns);
    for pair in shown {
        for (scaled, pooled) in [("no", &pair.before), ("yes", &pair.after)] {
            let seeds: Vec<String> = pooled.seeds.iter().map(u64::to_string).collect();
            for bin in &pooled.bins {
                csv.row(&pair.cell.values, &fields(&seeds.join(" "), scaled, pooled, bin));
            }
        }
    }
    csv.text()
}

fn fields(seeds: &str, scaled: &str, pooled: &Pooled, bin: &ReliabilityBin) -> [String; 8] {
    [
        seeds.to_owned(),
        scaled.to_owned(),
        bin.lo.to_string(),
        bin.hi.to_string(),
        bin.count.to_string(),
        yes_or_no(pooled.few(bin)),
        number(bin.confidence),
        number(bin.accuracy),
    ]
}
