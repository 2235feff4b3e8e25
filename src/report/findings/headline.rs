//! The first sentences of an answer: what the settings of a line gain and cost.

use super::accuracy::Accuracy;
use super::calibration::Calibration;
use super::change::Change;
use super::detection::Detection;
use super::grouped::Grouped;
use super::questions::Family;
use crate::report::content::Finding;
use crate::report::number::capital;
use crate::report::view::View;
use crate::significance::Outcome;
use crate::table::CellResult;

/// Where something was found, by the cells of a line.
type Cells<'a> = Vec<&'a CellResult>;

/// What the headline is made of.
pub(super) struct Headline<'s, 'a> {
    pub(super) accuracy: Option<&'s Accuracy<'a>>,
    pub(super) calibration: Option<&'s Calibration<'a>>,
    pub(super) detection: &'s [Detection<'a>],
}

impl<'a> Headline<'_, 'a> {
    /// A few sentences; nothing where there is nothing to compare, or
    /// nothing could be tested.
    pub(super) fn finding(&self, view: &View<'a>, family: &Family) -> Finding {
        let Some(accuracy) = self.accuracy.filter(|one| !one.0.rest().is_empty()) else {
            return Finding::default();
        };
        if family.size() == 0 {
            return Finding::default();
        }
        let reference = view.label_in_line(accuracy.0.reference());
        let all: Cells<'a> = accuracy.0.rest().iter().map(|at| at.cell).collect();
        let (mut gains, mut falls, mut claims) = (Vec::new(), Vec::new(), Vec::new());
        let mut collect = |change: &Change<'a>, outcome: Outcome| -> Cells<'a> {
            let grouped = change.grouped(view, family);
            let some = grouped.that(outcome);
            claims.extend(some.iter().filter_map(|at| family.claim(grouped.all[*at].number)));
            cells_of(&grouped, &some)
        };
        for detection in self.detection {
            gains.extend(collect(&detection.change, Outcome::Higher));
            falls.extend(collect(&detection.change, Outcome::Lower));
        }
        let lower = collect(&accuracy.0, Outcome::Lower);
        let better = collect(&accuracy.0, Outcome::Higher);
        let (worse, finer) = match self.calibration {
            Some(one) => {
                (collect(&one.change, Outcome::Higher), collect(&one.change, Outcome::Lower))
            }
            None => (Vec::new(), Vec::new()),
        };
        let untested = self.untested(view, family);
        let places = |some: &Cells<'a>| -> String {
            let within: Vec<usize> = (0..all.len()).filter(|at| is_in(all[*at], some)).collect();
            super::words::places(view, &all, &within)
        };
        let free: Cells<'a> = gains
            .iter()
            .copied()
            .filter(|cell| {
                ![&falls, &lower, &worse, &untested].iter().any(|costs| is_in(cell, costs))
            })
            .collect();
        let mut text = Vec::new();
        if !self.detection.is_empty() {
            text.push(match (gains.is_empty(), free.is_empty()) {
                (true, _) => {
                    format!("No setting clearly improves OOD detection by energy over {reference}.")
                }
                (_, true) => format!(
                    "Over {reference}, OOD detection by energy improves {}, but not without cost.",
                    places(&gains)
                ),
                _ => format!(
                    "{}, OOD detection by energy improves over {reference}; {}.",
                    capital(&places(&free)),
                    self.open_costs(&free, view, family)
                ),
            });
        }
        let effects = [
            (&worse, "calibration is worse"),
            (&lower, "accuracy is lower"),
            (&falls, "OOD detection by energy is worse for some sets"),
            (&finer, "calibration is better"),
            (&better, "accuracy is higher"),
        ];
        let effects: Vec<String> = effects
            .iter()
            .filter(|(cells, _)| !cells.is_empty())
            .map(|(cells, what)| format!("{} {}.", capital(what), places(cells)))
            .collect();
        match effects.is_empty() {
            true => text
                .push(format!("Accuracy and calibration do not clearly differ from {reference}.")),
            false => text.extend(effects),
        }
        Finding { about: String::new(), text: text.join(" "), claims }
    }
}

impl<'a> Headline<'_, 'a> {
    /// What a gain at `free` may yet cost: a test that sees no difference does
    /// not show that there is none, so the largest cost that the tests leave
    /// open is given.
    fn open_costs(&self, free: &Cells<'a>, view: &View<'a>, family: &Family) -> String {
        let accuracy = self.accuracy.map(|one| (&one.0, -1.0, "in accuracy"));
        let calibration = self.calibration.map(|one| (&one.change, 1.0, "in ECE"));
        let costs: Vec<String> = [accuracy, calibration]
            .into_iter()
            .flatten()
            .filter_map(|(change, sign, what)| {
                let grouped = change.grouped(view, family);
                let here = grouped.all.iter().filter(|at| is_in(at.cell, free));
                let bounds = here.filter_map(|at| {
                    let test = family.test(at.number);
                    Some(sign * test.paired.mean()? + test.detectable?)
                });
                // Both are shares: no cost is above 1.
                let most = bounds.fold(0.0, f64::max).min(1.0);
                (most > 0.0).then(|| format!("{most:.2} {what}"))
            })
            .collect();
        match costs.is_empty() {
            true => "accuracy and calibration there do not differ".to_owned(),
            false => format!("a cost there of up to {} is not excluded", costs.join(" or ")),
        }
    }

    /// Cells of which nothing can be said on accuracy or calibration.
    fn untested(&self, view: &View<'a>, family: &Family) -> Cells<'a> {
        let changes = [self.accuracy.map(|one| &one.0), self.calibration.map(|one| &one.change)];
        let mut cells = Cells::new();
        for grouped in changes.into_iter().flatten().map(|one| one.grouped(view, family)) {
            for outcome in [Outcome::NoTest, Outcome::Constant] {
                cells.extend(cells_of(&grouped, &grouped.that(outcome)));
            }
        }
        cells
    }
}

fn cells_of<'a>(grouped: &Grouped<'_, 'a>, some: &[usize]) -> Cells<'a> {
    some.iter().map(|at| grouped.all[*at].cell).collect()
}

fn is_in(cell: &CellResult, cells: &[&CellResult]) -> bool {
    cells.iter().any(|one| std::ptr::eq(*one, cell))
}
