//! Training curves.

use jem_core::metric::Range;

use super::csv::Csv;
use super::{Chart, Drafts, Paneled, Planned, caption, paneled};
use crate::chart::{Better, Quantity, TrainingChart, TrainingLine, TrainingPanel};
use crate::report::view::View;
use crate::table::TrialResult;

/// What is drawn, where it was recorded: path, name, unit, direction.
const PANELS: [(&str, &str, Option<&str>, Option<Better>); 11] = [
    ("train/ce", "cross-entropy", Some("nats"), Some(Better::Lower)),
    ("train/accuracy", "training accuracy", None, Some(Better::Higher)),
    ("val/accuracy", "validation accuracy", None, Some(Better::Higher)),
    ("train/energy_data", "mean E(x⁺)", Some("nats"), None),
    ("train/energy_gap", "mean E(x⁻) − mean E(x⁺)", Some("nats"), None),
    ("train/grad_norm", "gradient norm", None, None),
    ("train/chain_gradient_norm", "chain gradient norm ‖∇E(x)‖", None, None),
    ("train/chain_displacement", "chain displacement ‖x_K − x₀‖", None, None),
    ("train/saturation", "saturated share of x⁻", None, None),
    ("train/buffer_age", "buffer age", Some("chain steps"), None),
    ("train/acceptance", "accepted share of MALA steps", None, None),
];

/// What values a training curve can have.
fn range_of(path: &str) -> Range {
    match path {
        "train/energy_data" | "train/energy_gap" => Range::Any,
        "train/accuracy" | "val/accuracy" | "train/saturation" | "train/acceptance" => Range::UNIT,
        _ => Range::NON_NEGATIVE,
    }
}

/// A chart for each line, a panel for each quantity, a curve for each trial.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    for paneled in paneled(view, "training", &mut drafts.notes) {
        drafts.figures.extend(planned(view, paneled, footer));
    }
    drafts
}

fn planned(view: &View<'_>, paneled: Paneled<'_, '_>, footer: &str) -> Option<Planned> {
    let Paneled { name, of, cells } = paneled;
    let trials: Vec<(usize, &TrialResult)> = cells
        .iter()
        .enumerate()
        .flat_map(|(group, cell)| view.trials_of(cell).map(move |trial| (group, trial)))
        .collect();
    let recorded = |path: &str| {
        trials.iter().any(|(_, trial)| trial.epochs.iter().any(|e| e.means.contains_key(path)))
    };
    let panels: Vec<TrainingPanel> = PANELS
        .iter()
        .filter(|(path, ..)| recorded(path))
        .map(|(path, name, unit, better)| TrainingPanel {
            y: Quantity {
                label: (*name).to_owned(),
                unit: unit.map(str::to_owned),
                better: *better,
                range: range_of(path),
            },
            lines: trials
                .iter()
                .filter(|(_, trial)| concerned(trial, path))
                .map(|(group, trial)| curve(*group, trial, path))
                .collect(),
        })
        .collect();
    if panels.is_empty() {
        return None;
    }
    let diverged = trials.iter().any(|(_, trial)| trial.outcome.diverged());
    let marked =
        if diverged { " A curve that ends in × diverged after its last point." } else { "" };
    let chains = if recorded("train/chain_displacement") {
        " Of chains: ‖∇E(x)‖ at the start of their last step; how far they are from where the \
         training step found them; the share of the values of x⁻ at an end of the pixel range or \
         beyond; and how many chain steps lie behind an average state of the buffer."
    } else {
        ""
    };
    let chart = TrainingChart {
        caption: caption(format!("Training{of}"), "one curve per trial".to_owned(), footer),
        x_label: "step".to_owned(),
        groups: cells.iter().map(|cell| view.label_in_line(cell)).collect(),
        panels,
    };
    Some(Planned {
        name,
        caption: format!(
            "Means over the steps since the point before. x⁺ are training inputs, x⁻ samples of \
             the model, which λ = 0 has none of.{chains}{marked}"
        ),
        chart: Chart::Training(chart),
        csv: data(view, &trials),
    })
}

/// Whether `trial` could have values of `path`: one without chains has none of
/// theirs, one that diverged before its first point might have had any.
fn concerned(trial: &TrialResult, path: &str) -> bool {
    trial.epochs.is_empty() || trial.epochs.iter().any(|epoch| epoch.means.contains_key(path))
}

fn curve(group: usize, trial: &TrialResult, path: &str) -> TrainingLine {
    let point =
        |epoch: &jem_core::results::Epoch| Some((epoch.step as f64, *epoch.means.get(path)?));
    TrainingLine {
        group,
        points: trial.epochs.iter().filter_map(point).collect(),
        diverged: trial.outcome.diverged(),
    }
}

fn data(view: &View<'_>, trials: &[(usize, &TrialResult)]) -> String {
    let mut csv = Csv::new(&view.results.axes, &["seed", "step", "quantity", "value"]);
    for (_, trial) in trials {
        for epoch in &trial.epochs {
            for (path, value) in &epoch.means {
                let fields = [
                    trial.seed.to_string(),
                    epoch.step.to_string(),
                    path.clone(),
                    value.to_string(),
                ];
                csv.row(&trial.values, &fields);
            }
        }
    }
    csv.text()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::table::cells;

    #[test]
    fn what_chains_did_has_panels_where_it_was_recorded() {
        let mut results = fixture::results();
        let of = |results: &crate::table::Results| -> (Vec<String>, Planned) {
            let cells = cells(results);
            let planned = drafts(&View::new(results, &cells), "footer").figures.remove(0);
            let Chart::Training(chart) = &planned.chart else { panic!("it has curves") };
            assert!(crate::chart::training(chart).is_ok());
            let names = chart.panels.iter().map(|panel| panel.y.label.clone()).collect();
            (names, planned)
        };
        let (before, planned) = of(&results);
        assert_eq!(before.len(), 6);
        assert!(!planned.caption.contains("Of chains"), "{}", planned.caption);
        for epoch in results.trials.iter_mut().flat_map(|trial| &mut trial.epochs) {
            // Chains that never leave the range, and never refuse a step.
            for (path, value) in
                [("chain_displacement", 0.5), ("saturation", 0.0), ("acceptance", 1.0)]
            {
                epoch.means.insert(format!("train/{path}"), value);
            }
        }
        let (after, planned) = of(&results);
        assert_eq!(
            after[6..],
            [
                "chain displacement ‖x_K − x₀‖",
                "saturated share of x⁻",
                "accepted share of MALA steps"
            ]
        );
        assert!(planned.caption.contains("Of chains"), "{}", planned.caption);
    }

    #[test]
    fn a_trial_without_chains_is_no_curve_among_theirs() {
        let mut results = fixture::results();
        let all = results.trials.len();
        let one = results.trials.iter_mut().find(|trial| !trial.epochs.is_empty()).unwrap();
        one.epochs[0].means.insert("train/buffer_age".to_owned(), 1.0);
        let early = results.trials.iter().filter(|trial| trial.epochs.is_empty()).count();
        let cells = cells(&results);
        let planned = drafts(&View::new(&results, &cells), "footer").figures.remove(0);
        let Chart::Training(chart) = &planned.chart else { panic!("it has curves") };
        let curves: Vec<usize> = chart.panels.iter().map(|panel| panel.lines.len()).collect();
        assert_eq!((curves[0], *curves.last().unwrap()), (all, 1 + early));
    }
}
