//! Risk–coverage curves, the seeds of a cell averaged.

use jem_core::results::{LOGISTIC, RANK_MEAN, RiskCurve};

use super::csv::Csv;
use super::{Chart, Drafts, Paneled, Planned, absent, by_line, caption};
use crate::chart::{RiskCoverageChart, RiskCoverageCurve, RiskCoveragePanel};
use crate::report::label::score_name;
use crate::report::number::counted;
use crate::report::view::View;
use crate::table::{CellResult, TrialResult};

/// The scores in the order of their colours.
const SCORES: [&str; 4] = ["energy", "max_softmax", RANK_MEAN, LOGISTIC];

/// A chart for each line, a panel for each cell; nothing where no trial has
/// curves.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    by_line(view, "risk-coverage", |paneled| planned(view, paneled, footer))
}

fn planned(view: &View<'_>, paneled: Paneled<'_, '_>, footer: &str) -> Option<Planned> {
    let Paneled { name, of, cells } = paneled;
    let measured = |cell: &CellResult| -> Vec<&TrialResult> {
        view.trials_of(cell).filter(|trial| !trial.parts.curves.is_empty()).collect()
    };
    let all: Vec<(&CellResult, Vec<&TrialResult>)> =
        cells.iter().map(|cell| (*cell, measured(cell))).collect();
    let (shown, empty): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(_, trials)| !trials.is_empty());
    if shown.is_empty() {
        return None;
    }
    let missing: Vec<&CellResult> = empty.iter().map(|(cell, _)| *cell).collect();
    let chart = RiskCoverageChart {
        caption: caption(
            format!("Risk against coverage{of}"),
            "test set; inputs are left unanswered from the highest score down".to_owned(),
            footer,
        ),
        x_label: "coverage: the share of inputs that are answered".to_owned(),
        y_label: "risk: the error rate among the answered".to_owned(),
        scores: SCORES.map(|score| score_name(score).to_owned()).to_vec(),
        panels: shown.iter().map(|(cell, trials)| panel(view, cell, trials)).collect(),
    };
    Some(Planned {
        name,
        caption: format!(
            "Lower is better, and where all inputs are answered (coverage 1) every score has the \
             classifier's error rate. Thick lines are means over seeds, thin ones single seeds. \
             The mean of ranks and the logistic regression combine energy and max softmax; the \
             latter is fitted to the errors on held-out examples, none of which is in the test \
             set, and is missing where none are held out. Grey is the best order there is: every error last. At a coverage of a few \
             percent a single error moves a curve far; what leaves the panel at the top is \
             cut.{}",
            absent(view, &missing, "panel")
        ),
        chart: Chart::RiskCoverage(chart),
        csv: data(view, &shown),
    })
}

fn panel(view: &View<'_>, cell: &CellResult, trials: &[&TrialResult]) -> RiskCoveragePanel {
    let of = |score: &str| -> Vec<&RiskCurve> {
        let curves = trials.iter().filter_map(|trial| curve(trial, score));
        let mut curves: Vec<&RiskCurve> = curves.collect();
        // Curves over other numbers of inputs have no common points.
        let first = curves.first().map(|curve| curve.answered.clone());
        curves.retain(|curve| Some(&curve.answered) == first.as_ref());
        curves
    };
    let scored = SCORES.iter().enumerate().filter_map(|(score, name)| {
        let curves = of(name);
        let seeds: Vec<Vec<(f64, f64)>> = curves.iter().map(|curve| points(curve)).collect();
        let mean = mean(&seeds)?;
        let seeds = if seeds.len() > 1 { seeds } else { Vec::new() };
        Some(RiskCoverageCurve { score, mean, seeds })
    });
    let best: Vec<Vec<(f64, f64)>> = of(SCORES[0]).iter().map(|curve| best(curve)).collect();
    let n = of(SCORES[0]).first().map_or(0, |curve| curve.n);
    RiskCoveragePanel {
        label: view.label_in_line(cell),
        info: format!("n {n}, {}", counted(trials.len(), "seed")),
        curves: scored.collect(),
        best: mean(&best).unwrap_or_default(),
    }
}

fn curve<'a>(trial: &'a TrialResult, score: &str) -> Option<&'a RiskCurve> {
    trial.parts.curves.iter().find(|curve| curve.score == score)
}

fn points(curve: &RiskCurve) -> Vec<(f64, f64)> {
    let coverage = |answered: &u64| *answered as f64 / curve.n as f64;
    curve.answered.iter().map(coverage).zip(curve.risk.iter().copied()).collect()
}

/// The curve of an order that has every error last.
fn best(curve: &RiskCurve) -> Vec<(f64, f64)> {
    let n = curve.n as f64;
    let right = n * (1.0 - curve.risk.last().copied().unwrap_or(0.0));
    let risk = |answered: &u64| {
        let answered = *answered as f64;
        (answered / n, ((answered - right) / answered).max(0.0))
    };
    curve.answered.iter().map(risk).collect()
}

/// Point by point; none without a curve.
fn mean(curves: &[Vec<(f64, f64)>]) -> Option<Vec<(f64, f64)>> {
    let first = curves.first()?;
    let at = |place: usize| {
        let sum: f64 = curves.iter().filter_map(|curve| Some(curve.get(place)?.1)).sum();
        (first[place].0, sum / curves.len() as f64)
    };
    Some((0..first.len()).map(at).collect())
}

fn data(view: &View<'_>, shown: &[(&CellResult, Vec<&TrialResult>)]) -> String {
    let columns = ["seed", "score", "answered", "coverage", "risk"];
    let mut csv = Csv::new(&view.results.axes, &columns);
    for (cell, trials) in shown {
        for trial in trials {
            for curve in &trial.parts.curves {
                for ((coverage, risk), answered) in points(curve).iter().zip(&curve.answered) {
                    let fields = [
                        trial.seed.to_string(),
                        curve.score.clone(),
                        answered.to_string(),
                        coverage.to_string(),
                        risk.to_string(),
                    ];
                    csv.row(&cell.values, &fields);
                }
            }
        }
    }
    csv.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_order_has_every_error_last_and_means_go_point_by_point() {
        let curve = RiskCurve {
            score: "energy".to_owned(),
            n: 10,
            answered: vec![5, 8, 10],
            risk: vec![0.4, 0.25, 0.2],
        };
        let best = best(&curve);
        assert_eq!(best[..2], [(0.5, 0.0), (0.8, 0.0)]);
        assert!((best[2].1 - 0.2).abs() < 1e-12);
        let mean = mean(&[points(&curve), vec![(0.5, 0.0), (0.8, 0.25), (1.0, 0.4)]]);
        let mean = mean.expect("there are curves");
        assert_eq!((mean[0], mean[1]), ((0.5, 0.2), (0.8, 0.25)));
        assert!((mean[2].1 - 0.3).abs() < 1e-12);
    }
}
