//! Histograms of the energy of correct, misclassified and out-of-distribution
//! inputs.

use super::csv::Csv;
use super::{Chart, Drafts, Paneled, Planned, absent, caption, paneled};
use crate::chart::{EnergyHistogramChart, EnergyPanel, Histogram};
use crate::report::view::View;
use crate::table::{CellResult, TrialResult};

/// Panels share their axis where together they span at most this many times
/// what the narrowest spans; beyond it, the narrow ones would be slivers.
const MOST_SPREAD: f64 = 6.0;

/// A chart for each line, a panel for each cell.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    for paneled in paneled(view, "energies", &mut drafts.notes) {
        drafts.figures.extend(planned(view, paneled, footer));
    }
    drafts
}

fn planned(view: &View<'_>, paneled: Paneled<'_, '_>, footer: &str) -> Option<Planned> {
    let Paneled { name, of, cells } = paneled;
    // Every trial has edges of its own, so seeds cannot be added up.
    let first = |cell: &CellResult| {
        view.trials_of(cell).find(|trial| !trial.energies.histograms.is_empty())
    };
    let shown: Vec<(&CellResult, &TrialResult)> =
        cells.iter().filter_map(|cell| Some((*cell, first(cell)?))).collect();
    let missing: Vec<&CellResult> =
        cells.iter().copied().filter(|cell| first(cell).is_none()).collect();
    let seed = shown.first()?.1.seed;
    let same = shown.iter().all(|(_, trial)| trial.seed == seed);
    let seeds = if same { format!("seed {seed}") } else { "one seed each".to_owned() };
    let shared_x = comparable(&shown);
    let chart = EnergyHistogramChart {
        caption: caption(
            format!("Energies{of}"),
            format!("E(x) = −logsumexp f(x), {seeds}"),
            footer,
        ),
        x_label: "E(x) in nats".to_owned(),
        y_label: "density".to_owned(),
        panels: shown.iter().map(|(cell, trial)| panel(view, cell, trial, same)).collect(),
        shared_x,
    };
    let axes = if shared_x {
        "All panels span the same energies."
    } else {
        "Every panel spans energies of its own: they show shapes, not shifts."
    };
    Some(Planned {
        name,
        caption: format!(
            "Low energy means more probable under the model. Of every cell the first seed that \
             finished is shown ({seeds}), each group with area 1. {axes}{}",
            absent(view, &missing, "panel")
        ),
        chart: Chart::Energies(chart),
        csv: data(view, &shown),
    })
}

/// Whether one axis serves all panels.
fn comparable(shown: &[(&CellResult, &TrialResult)]) -> bool {
    let ends = |trial: &TrialResult| {
        let edges = &trial.energies.edges;
        edges.first().copied().zip(edges.last().copied())
    };
    let spans: Vec<(f64, f64)> = shown.iter().filter_map(|(_, trial)| ends(trial)).collect();
    let low = spans.iter().map(|span| span.0).fold(f64::INFINITY, f64::min);
    let high = spans.iter().map(|span| span.1).fold(f64::NEG_INFINITY, f64::max);
    let narrowest = spans.iter().map(|span| span.1 - span.0).fold(f64::INFINITY, f64::min);
    high - low <= MOST_SPREAD * narrowest
}

fn panel(view: &View<'_>, cell: &CellResult, trial: &TrialResult, same: bool) -> EnergyPanel {
    let energies = &trial.energies;
    let label = view.label_in_line(cell);
    EnergyPanel {
        label: if same { label } else { format!("{label}, seed {}", trial.seed) },
        histograms: energies
            .histograms
            .iter()
            .map(|histogram| Histogram {
                label: histogram.label.clone(),
                edges: energies.edges.clone(),
                counts: histogram.counts.clone(),
            })
            .collect(),
    }
}

fn data(view: &View<'_>, shown: &[(&CellResult, &TrialResult)]) -> String {
    let mut csv = Csv::new(&view.results.axes, &["seed", "group", "from", "to", "count"]);
    for (cell, trial) in shown {
        for histogram in &trial.energies.histograms {
            for (edges, count) in trial.energies.edges.windows(2).zip(&histogram.counts) {
                let fields = [
                    trial.seed.to_string(),
                    histogram.label.clone(),
                    edges[0].to_string(),
                    edges[1].to_string(),
                    count.to_string(),
                ];
                csv.row(&cell.values, &fields);
            }
        }
    }
    csv.text()
}
