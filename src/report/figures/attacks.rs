//! Accuracy under attack against the size of the attack, and how PGD got there.

use jem_core::metric::Range;
use jem_core::results::{ATTACK_NAMES, AttackConvergence, AttackResults, AttackedNorm, WORST};
use jem_core::spec::AttackNorm;

use super::csv::{Csv, number};
use super::{Chart, Drafts, Paneled, Planned, absent, caption, paneled};
use crate::chart::{Better, CurvesChart, CurvesPanel, Quantity, XScale};
use crate::report::number::plain;
use crate::report::view::View;
use crate::table::{CellResult, spread};

/// Sizes whose walks are drawn, as evenly spread as may be.
const MOST_SIZES: usize = 6;

/// For each norm and line of cells a chart of accuracy against size, two of
/// PGD's convergence in steps, and one of that in starts where it has several.
pub(super) fn drafts(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    for norm in [AttackNorm::Linf, AttackNorm::L2] {
        let some = |cell: &CellResult| !of_cell(view, cell, norm).is_empty();
        if !view.cells.iter().any(some) {
            continue;
        }
        let shown = paneled(view, &format!("attacks-{}", norm.name()), &mut drafts.notes);
        for Paneled { name, of, cells } in shown {
            let (there, missing): (Vec<&CellResult>, Vec<&CellResult>) =
                cells.iter().copied().partition(|cell| some(cell));
            if there.is_empty() {
                continue;
            }
            let figure = Cells { view, norm, of, there, missing, footer };
            drafts.figures.push(figure.sizes(name.clone()));
            drafts.figures.push(figure.steps(format!("{name}-steps"), Upwards::Accuracy));
            drafts.figures.push(figure.steps(format!("{name}-loss"), Upwards::Loss));
            if figure.starts() > 1 {
                drafts.figures.push(figure.steps(format!("{name}-starts"), Upwards::Starts));
            }
        }
    }
    drafts
}

/// What attacks in `norm` did to the trials of a cell.
fn of_cell<'a>(
    view: &View<'a>,
    cell: &CellResult,
    norm: AttackNorm,
) -> Vec<(&'a AttackResults, &'a AttackedNorm)> {
    let attacked = view.trials_of(cell).filter_map(|trial| trial.parts.attacks.as_ref());
    attacked
        .filter_map(|found| Some((found, found.norms.iter().find(|of| of.norm == norm)?)))
        .collect()
}

fn symbol(norm: AttackNorm) -> &'static str {
    match norm {
        AttackNorm::Linf => "L∞",
        AttackNorm::L2 => "L2",
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// What is drawn of PGD's convergence.
#[derive(Clone, Copy, PartialEq)]
enum Upwards {
    /// Accuracy along the first walk.
    Accuracy,
    /// Loss along the first walk.
    Loss,
    /// Accuracy after the walks from the first start, the second …
    Starts,
}

/// The cells of one figure.
struct Cells<'v, 'a> {
    view: &'v View<'a>,
    norm: AttackNorm,
    of: String,
    there: Vec<&'v CellResult>,
    missing: Vec<&'v CellResult>,
    footer: &'v str,
}

impl Cells<'_, '_> {
    fn sizes(&self, name: String) -> Planned {
        let run = |attack: &&&str| {
            let ran = |cell: &&CellResult| {
                let found = of_cell(self.view, cell, self.norm);
                found.iter().any(|(_, of)| of.points.iter().any(|p| p.attack == ***attack))
            };
            self.there.iter().any(ran)
        };
        // What counts all attacks is drawn first: the attack that alone comes to
        // the same lies on it.
        let mut attacks: Vec<&str> = ATTACK_NAMES.iter().filter(run).copied().collect();
        attacks.sort_by_key(|attack| *attack != WORST);
        let mut csv = Csv::new(&self.view.results.axes, &["seed", "attack", "eps", "accuracy"]);
        for trial in self.there.iter().flat_map(|cell| self.view.trials_of(cell)) {
            let of = trial.parts.attacks.iter().flat_map(|found| &found.norms);
            for point in of.filter(|of| of.norm == self.norm).flat_map(|of| &of.points) {
                let (eps, accuracy) = (point.eps.to_string(), point.accuracy.to_string());
                let fields = [trial.seed.to_string(), point.attack.clone(), eps, accuracy];
                csv.row(&trial.values, &fields);
            }
        }
        let symbol = symbol(self.norm);
        let n = self.counts();
        let chart = CurvesChart {
            caption: caption(
                format!("Accuracy under {symbol} attacks{}", self.of),
                format!("{n} test images, mean over seeds"),
                self.footer,
            ),
            x_label: format!("size of the attack in {symbol}, pixels from 0 to 1"),
            x_scale: XScale::Log,
            y: Quantity {
                label: "accuracy".to_owned(),
                unit: None,
                better: Some(Better::Higher),
                range: Range::UNIT,
            },
            y_range: Some((0.0, 1.0)),
            groups: attacks.iter().map(|attack| called(attack).to_owned()).collect(),
            ordered: false,
            panels: self.there.iter().map(|cell| self.size_panel(cell, &attacks)).collect(),
        };
        Planned {
            name,
            caption: format!(
                "At size 0 the images are as they are. PGD counts the best point of all its walks, \
                 noise the best of ten draws; all attacks together count what a smaller size \
                 fooled too, and lie under the attack that alone does as much. An honest curve \
                 reaches 0.{}",
                absent(self.view, &self.missing, "panel")
            ),
            chart: Chart::Curves(chart),
            csv: csv.text(),
        }
    }

    fn size_panel(&self, cell: &CellResult, attacks: &[&str]) -> CurvesPanel {
        let found = of_cell(self.view, cell, self.norm);
        let clean = mean(found.iter().map(|(whole, _)| whole.clean));
        let line = |attack: &&str| {
            let at = |of: &AttackedNorm| -> Vec<(f64, f64)> {
                let points = of.points.iter().filter(|point| point.attack == **attack);
                points.map(|point| (point.eps, point.accuracy)).collect()
            };
            let sizes = found.first().map(|(_, of)| at(of)).unwrap_or_default();
            let over_seeds = |(place, (eps, _)): (usize, &(f64, f64))| {
                let values = found.iter().filter_map(|(_, of)| Some(at(of).get(place)?.1));
                (*eps, mean(values))
            };
            let rest = sizes.iter().enumerate().map(over_seeds);
            if sizes.is_empty() {
                return Vec::new();
            }
            std::iter::once((0.0, clean)).chain(rest).collect()
        };
        CurvesPanel {
            label: self.view.label_in_line(cell),
            lines: attacks.iter().map(line).collect(),
        }
    }

    /// `100`, or `50 to 100` where cells differ.
    fn counts(&self) -> String {
        let n = || {
            let found = self.there.iter().flat_map(|cell| of_cell(self.view, cell, self.norm));
            found.map(|(whole, _)| whole.n)
        };
        match (n().min(), n().max()) {
            (Some(low), Some(high)) if low < high => format!("{low} to {high}"),
            (low, _) => low.unwrap_or_default().to_string(),
        }
    }

    fn steps(&self, name: String, upwards: Upwards) -> Planned {
        let all: Vec<_> =
            self.there.iter().flat_map(|cell| of_cell(self.view, cell, self.norm)).collect();
        let first = all.first();
        let sizes: Vec<f64> =
            first.map(|(_, of)| of.convergence.iter().map(|c| c.eps).collect()).unwrap_or_default();
        let places = spread(sizes.len(), MOST_SIZES);
        let counted = first.map_or(0, |(whole, _)| whole.steps);
        let symbol = symbol(self.norm);
        let (title, what) = match upwards {
            Upwards::Accuracy => (
                format!("Accuracy along PGD's first walk, {symbol}"),
                format!("not fooled up to there; {}", walked(counted)),
            ),
            Upwards::Loss => (
                format!("Loss along PGD's first walk, {symbol}"),
                format!("mean loss where images are then; {}", walked(counted)),
            ),
            Upwards::Starts => (
                format!("Accuracy under PGD by its starts, {symbol}"),
                format!("not fooled by walks of {counted} steps from so many random starts"),
            ),
        };
        let (y, better, y_range) = match upwards {
            Upwards::Loss => ("loss", None, None),
            _ => ("accuracy", Some(Better::Higher), Some((0.0, 1.0))),
        };
        let (x_label, x_scale) = match upwards {
            Upwards::Starts => ("starts", XScale::Linear),
            _ => ("steps", XScale::Log),
        };
        let chart = CurvesChart {
            caption: caption(format!("{title}{}", self.of), what, self.footer),
            x_label: x_label.to_owned(),
            x_scale,
            y: Quantity {
                label: y.to_owned(),
                unit: None,
                better,
                range: if y_range.is_some() { Range::UNIT } else { Range::NON_NEGATIVE },
            },
            y_range,
            groups: places
                .iter()
                .map(|&place| format!("ε = {}", plain_size(sizes[place])))
                .collect(),
            ordered: true,
            panels: self.there.iter().map(|cell| self.walk(cell, &places, upwards)).collect(),
        };
        let absent = absent(self.view, &self.missing, "panel");
        Planned {
            name,
            caption: match upwards {
                Upwards::Starts => format!(
                    "An input counts as fooled where any walk fooled it: a line that still falls \
                     at the last start belongs to an attack that would find more with further \
                     ones.{absent}"
                ),
                _ => format!(
                    "One walk from one random start, by the step size of a walk of {counted} \
                     steps: a line that still bends at {counted} belongs to an attack that has \
                     not converged.{absent}"
                ),
            },
            chart: Chart::Curves(chart),
            csv: self.walks(),
        }
    }

    /// The most starts of PGD in any cell.
    fn starts(&self) -> usize {
        let found = self.there.iter().flat_map(|cell| of_cell(self.view, cell, self.norm));
        let walks = found.flat_map(|(_, of)| &of.convergence);
        walks.map(|walk| walk.by_restart.len()).max().unwrap_or(0)
    }

    fn walk(&self, cell: &CellResult, places: &[usize], upwards: Upwards) -> CurvesPanel {
        let found = of_cell(self.view, cell, self.norm);
        let line = |&place: &usize| {
            let walks: Vec<&AttackConvergence> =
                found.iter().filter_map(|(_, of)| of.convergence.get(place)).collect();
            let along: Vec<u64> = walks.first().map_or(Vec::new(), |walk| match upwards {
                Upwards::Starts => (1..=walk.by_restart.len() as u64).collect(),
                _ => walk.steps.clone(),
            });
            let value = |walk: &AttackConvergence, at: usize| match upwards {
                Upwards::Starts => walk.by_restart.get(at).copied().unwrap_or(f64::NAN),
                Upwards::Accuracy => walk.accuracy.get(at).copied().unwrap_or(f64::NAN),
                Upwards::Loss => walk.loss.get(at).copied().flatten().unwrap_or(f64::NAN),
            };
            let point = |(at, x): (usize, &u64)| {
                (*x as f64, mean(walks.iter().map(|walk| value(walk, at))))
            };
            along.iter().enumerate().map(point).collect()
        };
        CurvesPanel {
            label: self.view.label_in_line(cell),
            lines: places.iter().map(line).collect(),
        }
    }

    fn walks(&self) -> String {
        let columns = ["seed", "eps", "steps", "restarts", "accuracy", "loss"];
        let mut csv = Csv::new(&self.view.results.axes, &columns);
        for trial in self.there.iter().flat_map(|cell| self.view.trials_of(cell)) {
            let of = trial.parts.attacks.iter().flat_map(|found| &found.norms);
            for walk in of.filter(|of| of.norm == self.norm).flat_map(|of| &of.convergence) {
                let mut row = |steps: String, restarts: usize, accuracy: f64, loss| {
                    let (seed, eps) = (trial.seed.to_string(), walk.eps.to_string());
                    let restarts = restarts.to_string();
                    let fields = [seed, eps, steps, restarts, accuracy.to_string(), number(loss)];
                    csv.row(&trial.values, &fields);
                };
                for ((steps, accuracy), loss) in
                    walk.steps.iter().zip(&walk.accuracy).zip(&walk.loss)
                {
                    row(steps.to_string(), 1, *accuracy, *loss);
                }
                let counted = trial.parts.attacks.as_ref().map_or(0, |found| found.steps);
                for (at, accuracy) in walk.by_restart.iter().enumerate().skip(1) {
                    row(counted.to_string(), at + 1, *accuracy, None);
                }
            }
        }
        csv.text()
    }
}

/// How far the first walk goes.
fn walked(counted: u64) -> String {
    format!("{counted} steps count, the walk goes on to twice as many")
}

/// A size as it was asked for.
fn plain_size(eps: f64) -> String {
    if eps >= 1e-4 { eps.to_string() } else { plain(eps) }
}

/// An attack's name for people.
pub(in crate::report) fn called(attack: &str) -> &str {
    match attack {
        "noise" => "random noise",
        "fgsm" => "one step (FGSM)",
        "pgd" => "PGD",
        "apgd_ce" => "APGD by cross-entropy",
        "apgd_dlr" => "APGD by DLR",
        "square" => "Square (no gradient)",
        "worst" => "all together",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use jem_core::results::AttackPoint;
    use jem_core::spec::AttackLoss;

    use super::*;
    use crate::report::fixture;
    use crate::table::cells;

    /// What two attacks of two sizes did to a trial.
    fn attacked(seed: u64) -> AttackResults {
        let point = |attack: &str, eps, accuracy| AttackPoint {
            attack: attack.to_owned(),
            eps,
            accuracy: accuracy + 0.02 * seed as f64,
        };
        let walk = |eps| AttackConvergence {
            eps,
            steps: vec![1, 2, 4],
            accuracy: vec![0.9, 0.5, 0.4],
            loss: vec![Some(0.5), None, Some(2.0)],
            by_restart: vec![0.5, 0.45],
        };
        let of = AttackedNorm {
            norm: AttackNorm::Linf,
            points: vec![
                point("pgd", 0.1, 0.5),
                point("worst", 0.1, 0.4),
                point("pgd", 0.3, 0.1),
                point("worst", 0.3, 0.0),
            ],
            convergence: vec![walk(0.1), walk(0.3)],
            masking: Vec::new(),
        };
        AttackResults {
            n: 50,
            clean: 0.9,
            steps: 2,
            queries: 0,
            loss: AttackLoss::CrossEntropy,
            apgd: None,
            noise_std: 0.0,
            norms: vec![of],
        }
    }

    #[test]
    fn each_norm_that_was_attacked_has_its_figures_with_a_panel_a_cell() {
        let mut results = fixture::results();
        for trial in results.trials.iter_mut().filter(|trial| !trial.outcome.diverged()) {
            trial.parts.attacks = Some(attacked(trial.seed));
        }
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        let Drafts { figures, .. } = drafts(&view, "");
        let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
        let ends = ["", "-steps", "-loss", "-starts"];
        assert_eq!(names, ends.map(|end| format!("attacks-linf{end}")));
        let Chart::Curves(chart) = &figures[0].chart else { panic!("curves") };
        assert_eq!(chart.groups, ["all together", "PGD"]);
        let pgd = &chart.panels[0].lines[1];
        assert_eq!((pgd[0], pgd.len()), ((0.0, 0.9), 3));
        let seeds: Vec<u64> = view.trials_of(view.lines[0].cells[0]).map(|t| t.seed).collect();
        let mean = seeds.iter().map(|seed| 0.5 + 0.02 * *seed as f64).sum::<f64>();
        assert!((pgd[1].1 - mean / seeds.len() as f64).abs() < 1e-12);
        assert!(figures[0].csv.lines().nth(1).is_some_and(|row| row.contains(",pgd,0.1,")));
        assert!(figures[1].csv.lines().any(|row| row.ends_with(",0.1,2,2,0.45,")));
        let Chart::Curves(starts) = &figures[3].chart else { panic!("curves") };
        assert_eq!(starts.panels[0].lines[0], [(1.0, 0.5), (2.0, 0.45)]);
        for figure in &figures {
            assert!(figure.chart.draw().is_ok(), "{}", figure.name);
        }
        let plain = fixture::results();
        assert!(drafts(&View::new(&plain, &cells), "").figures.is_empty());
    }

    #[test]
    fn drawn_sizes_are_spread_from_the_first_to_the_last() {
        assert_eq!(spread(3, 6), [0, 1, 2]);
        assert_eq!(spread(8, 6), [0, 1, 2, 4, 5, 7]);
        assert!(spread(0, 6).is_empty());
    }
}
