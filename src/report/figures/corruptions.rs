//! Accuracy and ECE against the severity of corruptions, the mean over kinds.

use jem_core::metric::Range;
use jem_core::results::{CorruptionPoint, corruption_name};

use super::csv::Csv;
use super::{Chart, Drafts, Paneled, Planned, absent, caption, paneled};
use crate::chart::{Better, Quantity, SweepChart, SweepPoint, SweepSeries, XScale};
use crate::report::number::{counted, listed};
use crate::report::view::View;
use crate::table::{CellResult, Statistics, TrialResult};

/// Cells in one chart; further ones are in its data alone.
const MOST_SERIES: usize = 7;

/// What is drawn: the name of its files, its axis and title, which is better,
/// and the value of a point.
struct Drawn {
    name: &'static str,
    label: &'static str,
    title: &'static str,
    better: Better,
    of: fn(&CorruptionPoint) -> f64,
}

const DRAWN: [Drawn; 2] = [
    Drawn {
        name: "accuracy",
        label: "accuracy",
        title: "Accuracy",
        better: Better::Higher,
        of: |point| point.accuracy,
    },
    Drawn {
        name: "ece",
        label: "ECE, 15 bins",
        title: "ECE",
        better: Better::Lower,
        of: |point| point.ece,
    },
];

/// Two charts for each line, a series for each cell; nothing where no trial
/// was shown corrupted images.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    for Paneled { name, of, cells } in paneled(view, "corruption", &mut drafts.notes) {
        for drawn in &DRAWN {
            let name = match name.strip_prefix("corruption") {
                Some(number) => format!("corruption-{}{number}", drawn.name),
                None => name.clone(),
            };
            drafts.figures.extend(planned(view, drawn, name, &of, cells, footer));
        }
    }
    if drafts.figures.is_empty() {
        drafts.notes.clear();
    }
    drafts
}

fn planned(
    view: &View<'_>,
    drawn: &Drawn,
    name: String,
    of: &str,
    cells: &[&CellResult],
    footer: &str,
) -> Option<Planned> {
    let measured = |cell: &&&CellResult| !trials(view, cell).is_empty();
    let shown: Vec<&CellResult> = cells.iter().filter(measured).copied().collect();
    let missing: Vec<&CellResult> = cells.iter().filter(|cell| !measured(cell)).copied().collect();
    let first = trials(view, shown.first()?).into_iter().next()?;
    let mut kinds: Vec<String> =
        first.parts.corruptions.iter().map(|point| corruption_name(point.kind)).collect();
    kinds.dedup();
    let n = first.parts.corruptions.first()?.n;
    let more = match shown.len() {
        all if all > MOST_SERIES => format!("; the first {MOST_SERIES} of {all} cells"),
        _ => String::new(),
    };
    let clean = first.parts.corruptions.iter().any(|point| point.severity == 0);
    let chart = SweepChart {
        caption: caption(
            format!("{} on corrupted images{of}", drawn.title),
            format!("mean over {}, {n} test images{more}", counted(kinds.len(), "kind")),
            footer,
        ),
        x_label: if clean { "severity; 0: the images as they are" } else { "severity" }.to_owned(),
        x_scale: XScale::Linear,
        y: Quantity {
            label: drawn.label.to_owned(),
            unit: None,
            better: Some(drawn.better),
            range: Range::UNIT,
        },
        series: shown.iter().take(MOST_SERIES).map(|cell| series(view, drawn, cell)).collect(),
        references: Vec::new(),
    };
    let kinds: Vec<String> = kinds.iter().map(|kind| kind.replace('_', " ")).collect();
    let as_they_are = if clean { "; severity 0 is those as they are" } else { "" };
    Some(Planned {
        name,
        caption: format!(
            "Kinds of corruption: {}. The data has each of them by itself. All trials see the \
             same corrupted images, made from {n} images of the test set{as_they_are}. Large marks are means over seeds with their 95 % interval, \
             small dots single seeds.{}",
            listed(&kinds),
            absent(view, &missing, "line")
        ),
        chart: Chart::Sweep(chart),
        csv: data(view, &shown),
    })
}

fn trials<'a>(view: &View<'a>, cell: &CellResult) -> Vec<&'a TrialResult> {
    view.trials_of(cell).filter(|trial| !trial.parts.corruptions.is_empty()).collect()
}

fn series(view: &View<'_>, drawn: &Drawn, cell: &CellResult) -> SweepSeries {
    let trials = trials(view, cell);
    let mut severities: Vec<u64> =
        trials.iter().flat_map(|t| &t.parts.corruptions).map(|point| point.severity).collect();
    severities.sort_unstable();
    severities.dedup();
    let at = |severity: &u64| {
        let values = trials
            .iter()
            .filter_map(|trial| Some((trial.seed, mean_at(trial, *severity, drawn.of)?)));
        point(*severity, Statistics::of_shares(values.collect()))
    };
    SweepSeries {
        label: view.label_in_line(cell),
        points: severities.iter().filter_map(at).collect(),
    }
}

fn point(severity: u64, found: Option<Statistics>) -> Option<SweepPoint> {
    let found = found?;
    Some(SweepPoint {
        x: severity as f64,
        values: found.values.iter().map(|(_, value)| *value).collect(),
        mean: found.mean,
        ends: found.interval.map(|one| (one.low, one.high)),
        diverged: 0,
    })
}

/// The mean over the kinds at `severity`.
fn mean_at(trial: &TrialResult, severity: u64, of: fn(&CorruptionPoint) -> f64) -> Option<f64> {
    let at = trial.parts.corruptions.iter().filter(|point| point.severity == severity);
    let values: Vec<f64> = at.map(of).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn data(view: &View<'_>, shown: &[&CellResult]) -> String {
    let columns = ["seed", "kind", "severity", "n", "accuracy", "ece"];
    let mut csv = Csv::new(&view.results.axes, &columns);
    for cell in shown {
        for trial in trials(view, cell) {
            for point in &trial.parts.corruptions {
                let fields = [
                    trial.seed.to_string(),
                    corruption_name(point.kind),
                    point.severity.to_string(),
                    point.n.to_string(),
                    point.accuracy.to_string(),
                    point.ece.to_string(),
                ];
                csv.row(&cell.values, &fields);
            }
        }
    }
    csv.text()
}
