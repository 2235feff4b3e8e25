//! Reliability diagrams, the seeds of a cell pooled.

use jem_core::results::ReliabilityBin;

use super::csv::{Csv, number};
use super::{Chart, Drafts, Paneled, Planned, absent, caption, paneled};
use crate::chart::{self, ReliabilityChart, ReliabilityPanel};
use crate::report::view::View;
use crate::table::{CellResult, TrialResult};

/// Below so many examples a seed, an accuracy of a bin says little: Wilson's
/// interval of 5 of 10 goes from .24 to .76.
const FEW: u64 = 10;

/// A chart for each line, a panel for each cell.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    for paneled in paneled(view, "reliability", &mut drafts.notes) {
        drafts.figures.extend(planned(view, paneled, footer));
    }
    drafts
}

fn planned(view: &View<'_>, paneled: Paneled<'_, '_>, footer: &str) -> Option<Planned> {
    let Paneled { name, of, cells } = paneled;
    let pooled: Vec<(&CellResult, Pooled)> =
        cells.iter().map(|cell| (*cell, pool(view, cell, |trial| &trial.reliability))).collect();
    let (shown, empty): (Vec<_>, Vec<_>) =
        pooled.into_iter().partition(|(_, pooled)| !pooled.bins.is_empty());
    let bins = shown.first()?.1.bins.len();
    let missing: Vec<&CellResult> = empty.iter().map(|(cell, _)| *cell).collect();
    let subtitle = format!("test set, {bins} bins of equal width, seeds pooled");
    let chart = ReliabilityChart {
        caption: caption(format!("Reliability{of}"), subtitle, footer),
        x_label: "confidence".to_owned(),
        y_label: "accuracy".to_owned(),
        few: few_told(),
        pairs: false,
        panels: shown
            .iter()
            .map(|(cell, pooled)| {
                let ece = format!("calib/ece/bins={}", pooled.bins.len());
                panel(
                    view.label_in_line(cell),
                    pooled,
                    cell.metrics.get(&ece).map(|found| found.mean),
                )
            })
            .collect(),
    };
    let reading = "Share of correct predictions against their confidence, the largest softmax \
                   probability. Bins are pooled over the seeds: counts added up, confidence and \
                   accuracy weighted by them; the ECE is the mean of the seeds' own. A bar ends \
                   at the accuracy: above the diagonal the network is under-confident, below it \
                   over-confident.";
    Some(Planned {
        name,
        caption: format!(
            "{reading} Outlines are bins of {}.{}",
            few_told(),
            absent(view, &missing, "panel")
        ),
        chart: Chart::Reliability(chart),
        csv: data(view, &shown),
    })
}

/// The diagrams of a cell's seeds in one.
pub(super) struct Pooled {
    pub(super) bins: Vec<ReliabilityBin>,
    pub(super) seeds: Vec<u64>,
}

impl Pooled {
    /// Whether `bin`, one of these, holds few examples.
    pub(super) fn few(&self, bin: &ReliabilityBin) -> bool {
        bin.count < FEW * self.seeds.len() as u64
    }
}

/// Which bins [`Pooled::few`] marks.
pub(super) fn few_told() -> String {
    format!("fewer than {FEW} examples a seed")
}

/// Adds up the bins `of` the seeds that have the same edges as the first.
pub(super) fn pool<'a>(
    view: &View<'a>,
    cell: &CellResult,
    of: impl Fn(&'a TrialResult) -> &'a [ReliabilityBin],
) -> Pooled {
    let mut pooled = Pooled { bins: Vec::new(), seeds: Vec::new() };
    for trial in view.trials_of(cell) {
        let own = of(trial);
        if own.is_empty() {
            continue;
        }
        let edges = |bins: &[ReliabilityBin]| -> Vec<(f64, f64)> {
            bins.iter().map(|bin| (bin.lo, bin.hi)).collect()
        };
        if pooled.bins.is_empty() {
            pooled.bins = own.to_vec();
        } else if edges(&pooled.bins) == edges(own) {
            for (sum, bin) in pooled.bins.iter_mut().zip(own) {
                add(sum, bin);
            }
        } else {
            continue;
        }
        pooled.seeds.push(trial.seed);
    }
    pooled
}

fn add(sum: &mut ReliabilityBin, bin: &ReliabilityBin) {
    let (a, b) = (sum.count as f64, bin.count as f64);
    let weighted = |x: Option<f64>, y: Option<f64>| match (x, y) {
        (Some(x), Some(y)) if a + b > 0.0 => Some((a * x + b * y) / (a + b)),
        (x, y) => x.or(y),
    };
    sum.confidence = weighted(sum.confidence, bin.confidence);
    sum.accuracy = weighted(sum.accuracy, bin.accuracy);
    sum.count += bin.count;
}

/// A panel that prints `ece`, the mean over its seeds.
pub(super) fn panel(label: String, pooled: &Pooled, ece: Option<f64>) -> ReliabilityPanel {
    let bin = |bin: &ReliabilityBin| chart::ReliabilityBin {
        low: bin.lo,
        high: bin.hi,
        count: bin.count,
        confidence: bin.confidence.unwrap_or(0.0),
        accuracy: bin.accuracy.unwrap_or(0.0),
        few: pooled.few(bin),
    };
    ReliabilityPanel { label, bins: pooled.bins.iter().map(bin).collect(), ece }
}

pub(super) fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn data(view: &View<'_>, shown: &[(&CellResult, Pooled)]) -> String {
    let columns = ["seeds", "lo", "hi", "count", "few", "confidence", "accuracy"];
    let mut csv = Csv::new(&view.results.axes, &columns);
    for (cell, pooled) in shown {
        let seeds: Vec<String> = pooled.seeds.iter().map(u64::to_string).collect();
        for bin in &pooled.bins {
            let fields = [
                seeds.join(" "),
                bin.lo.to_string(),
                bin.hi.to_string(),
                bin.count.to_string(),
                yes_or_no(pooled.few(bin)),
                number(bin.confidence),
                number(bin.accuracy),
            ];
            csv.row(&cell.values, &fields);
        }
    }
    csv.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_is_marked_below_ten_examples_a_seed() {
        let pooled = Pooled { bins: Vec::new(), seeds: vec![0, 1] };
        let of = |count| {
            let (lo, hi) = (0.0, 1.0);
            pooled.few(&ReliabilityBin { lo, hi, count, confidence: None, accuracy: None })
        };
        assert_eq!([of(19), of(20)], [true, false]);
    }

    #[test]
    fn pooled_bins_weigh_by_count() {
        let bin = |count, confidence, accuracy| ReliabilityBin {
            lo: 0.5,
            hi: 1.0,
            count,
            confidence: Some(confidence),
            accuracy: Some(accuracy),
        };
        let mut sum = bin(10, 0.6, 0.5);
        add(&mut sum, &bin(30, 1.0, 0.9));
        assert_eq!(sum.count, 40);
        assert!((sum.confidence.unwrap_or(0.0) - 0.9).abs() < 1e-12);
        assert!((sum.accuracy.unwrap_or(0.0) - 0.8).abs() < 1e-12);
        let empty = ReliabilityBin { count: 0, confidence: None, accuracy: None, ..sum.clone() };
        add(&mut sum, &empty);
        assert_eq!(sum.count, 40);
    }
}
