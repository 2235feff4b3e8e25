//! The energy of chains that went on for long.

use jem_core::results::LongRun;
use jem_core::spec::ChainStart;

use super::csv::{Csv, number};
use super::{Chart, Drafts, Paneled, Planned, absent, by_line, caption};
use crate::chart::{Quantity, TrainingChart, TrainingLine, TrainingPanel};
use crate::report::view::View;
use crate::table::CellResult;

/// The starts, in the order of their colours.
const STARTS: [(ChainStart, &str); 2] =
    [(ChainStart::Buffer, "from the buffer"), (ChainStart::Uniform, "from uniform noise")];

/// A chart for each line, a panel for each cell, a colour for each start, a
/// curve for each trial; nothing where no trial has long chains.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    by_line(view, "long-chains", |paneled| planned(view, paneled, footer))
}

fn planned(view: &View<'_>, paneled: Paneled<'_, '_>, footer: &str) -> Option<Planned> {
    let Paneled { name, of, cells } = paneled;
    let ran = |cell: &&&CellResult| view.trials_of(cell).any(|t| !t.parts.chains.is_empty());
    let shown: Vec<&CellResult> = cells.iter().filter(ran).copied().collect();
    let missing: Vec<&CellResult> = cells.iter().filter(|cell| !ran(cell)).copied().collect();
    let n = runs(view, shown.first()?).next()?.n;
    let chart = TrainingChart {
        caption: caption(
            format!("Energy of long chains{of}"),
            format!("mean of E(x) in nats over {n} chains; one curve per trial and start"),
            footer,
        ),
        x_label: "chain step".to_owned(),
        groups: STARTS.map(|(_, name)| name.to_owned()).to_vec(),
        panels: shown.iter().map(|cell| panel(view, cell)).collect(),
    };
    Some(Planned {
        name,
        caption: format!(
            "Chains by the training's sampler at its first step size, for longer than training \
             ran them, from samples of the buffer and from uniform noise. Every panel spans \
             energies of its own. An energy that still falls at the end says that training's \
             samples are not yet the model's; only where both starts come to one energy can chains \
             have forgotten where they began. R-hat, effective sample size and displacement stand \
             in the table of long chains, energy and displacement at every look in the data.{}",
            absent(view, &missing, "curve")
        ),
        chart: Chart::Training(chart),
        csv: data(view, &shown),
    })
}

/// What long chains of the trials of `cell` did.
fn runs<'a>(view: &View<'a>, cell: &CellResult) -> impl Iterator<Item = &'a LongRun> {
    view.trials_of(cell).flat_map(|trial| &trial.parts.chains)
}

/// Every panel has an axis of its own: a network without a generative term has
/// no bottom, and chains on it fall for ever.
fn panel(view: &View<'_>, cell: &CellResult) -> TrainingPanel {
    let line = |run: &LongRun| {
        let group = STARTS.iter().position(|(start, _)| *start == run.from)?;
        let steps = run.steps.iter().map(|step| *step as f64);
        let points = steps.zip(run.energy.iter().copied()).collect();
        Some(TrainingLine { group, points, diverged: false })
    };
    TrainingPanel {
        y: Quantity { label: view.label_in_line(cell), ..Quantity::default() },
        lines: runs(view, cell).filter_map(line).collect(),
    }
}

fn data(view: &View<'_>, shown: &[&CellResult]) -> String {
    let columns = ["seed", "start", "chains", "step", "energy", "displacement"];
    let mut csv = Csv::new(&view.results.axes, &columns);
    for cell in shown {
        for trial in view.trials_of(cell) {
            for run in &trial.parts.chains {
                for (place, step) in run.steps.iter().enumerate() {
                    let fields = [
                        trial.seed.to_string(),
                        run.from.name().to_owned(),
                        run.n.to_string(),
                        step.to_string(),
                        number(run.energy.get(place).copied()),
                        number(run.displacement.get(place).copied()),
                    ];
                    csv.row(&cell.values, &fields);
                }
            }
        }
    }
    csv.text()
}
