//! Energy and displacement of chains that went on for long.

use jem_core::results::LongRun;
use jem_core::spec::ChainStart;

use super::csv::{Csv, number};
use super::{Chart, Drafts, Paneled, Planned, absent, caption, paneled};
use crate::chart::{Quantity, TrainingChart, TrainingLine, TrainingPanel};
use crate::report::view::View;
use crate::table::{CellResult, TrialResult};

/// What is drawn of a chain: its name and unit, and its values.
type Drawn = (&'static str, Option<&'static str>, fn(&LongRun) -> &[f64]);

const DRAWN: [Drawn; 2] = [
    ("mean E(x)", Some("nats"), |run| run.energy.as_slice()),
    ("distance from the start", None, |run| run.displacement.as_slice()),
];

/// A chart for each line, a panel for each start and quantity, a curve for
/// each trial; nothing where no trial has long chains.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    for paneled in paneled(view, "long-chains", &mut drafts.notes) {
        drafts.figures.extend(planned(view, paneled, footer));
    }
    if drafts.figures.is_empty() {
        drafts.notes.clear();
    }
    drafts
}

fn planned(view: &View<'_>, paneled: Paneled<'_, '_>, footer: &str) -> Option<Planned> {
    let Paneled { name, of, cells } = paneled;
    let ran = |cell: &&&CellResult| view.trials_of(cell).any(|t| !t.parts.chains.is_empty());
    let shown: Vec<&CellResult> = cells.iter().filter(ran).copied().collect();
    let missing: Vec<&CellResult> = cells.iter().filter(|cell| !ran(cell)).copied().collect();
    let trials: Vec<(usize, &TrialResult)> = shown
        .iter()
        .enumerate()
        .flat_map(|(group, cell)| view.trials_of(cell).map(move |trial| (group, trial)))
        .filter(|(_, trial)| !trial.parts.chains.is_empty())
        .collect();
    let n = trials.first()?.1.parts.chains.first()?.n;
    let panels: Vec<TrainingPanel> = DRAWN
        .iter()
        .flat_map(|drawn| [ChainStart::Buffer, ChainStart::Uniform].map(|from| (drawn, from)))
        .filter_map(|(drawn, from)| panel(&trials, drawn, from))
        .collect();
    let chart = TrainingChart {
        caption: caption(
            format!("Long chains{of}"),
            format!("means over {n} chains, one curve per trial"),
            footer,
        ),
        x_label: "chain step".to_owned(),
        groups: shown.iter().map(|cell| view.label_in_line(cell)).collect(),
        panels,
    };
    Some(Planned {
        name,
        caption: format!(
            "Chains by the training's sampler at its first step size, for longer than training \
             ran them, from samples of the buffer and from uniform noise. An energy that still \
             falls at the end says that training's samples are not the model's; where both starts \
             end at one energy, chains have forgotten where they began. R-hat and effective \
             sample size stand in the table of long chains.{}",
            absent(view, &missing, "curve")
        ),
        chart: Chart::Training(chart),
        csv: data(view, &shown),
    })
}

/// One quantity from one start; none where no trial has such chains.
fn panel(
    trials: &[(usize, &TrialResult)],
    (label, unit, of): &Drawn,
    from: ChainStart,
) -> Option<TrainingPanel> {
    let lines: Vec<TrainingLine> = trials
        .iter()
        .filter_map(|(group, trial)| {
            let run = trial.parts.chains.iter().find(|run| run.from == from)?;
            let steps = run.steps.iter().map(|step| *step as f64);
            let points = steps.zip(of(run).iter().copied()).collect();
            Some(TrainingLine { group: *group, points, diverged: false })
        })
        .collect();
    let start = match from {
        ChainStart::Buffer => "from the buffer",
        ChainStart::Uniform => "from noise",
    };
    let y = Quantity {
        label: format!("{label}, {start}"),
        unit: unit.map(str::to_owned),
        better: None,
    };
    (!lines.is_empty()).then_some(TrainingPanel { y, lines })
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
