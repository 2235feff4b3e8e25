//! Which score finds misclassified inputs: the energy against max softmax, over
//! all settings together.

use super::questions::{Asked, Family, Questions, values};
use super::words::{detectable, difference};
use crate::report::content::{Finding, Way};
use crate::report::number::counted;
use crate::report::view::View;
use crate::significance::{Outcome, Paired};
use crate::table::CellResult;

/// The area under the risk-coverage curve by the energy.
const ENERGY: &str = "error/aurc/energy";
/// The same by the largest softmax probability.
const MAX_SOFTMAX: &str = "error/aurc/max_softmax";

/// The mean over settings of the difference between the two scores.
pub(super) struct Errors {
    settings: usize,
    number: usize,
}

/// The seed-wise mean of those comparisons that have the most seeds, and how
/// many these are: one that lost a seed by divergence would take that seed from
/// all.
pub(super) fn mean_of_full(mut each: Vec<Paired>) -> (usize, Paired) {
    let most = each.iter().map(Paired::n).max().unwrap_or(0);
    each.retain(|one| one.n() == most && most > 0);
    (each.len(), Paired::mean_of(&each))
}

impl Errors {
    pub(super) fn ask(view: &View<'_>, all: &mut Questions) -> Option<Self> {
        let less = |cell: &CellResult| Paired::of(values(cell, ENERGY), values(cell, MAX_SOFTMAX));
        let (settings, paired) = mean_of_full(view.cells.iter().map(less).collect());
        let asked = Asked {
            what: ENERGY.to_owned(),
            place: format!("mean of {}", counted(settings, "setting")),
            against: "max softmax".to_owned(),
        };
        (settings > 0).then(|| Self { settings, number: all.ask(asked, paired) })
    }

    pub(super) fn finding(&self, family: &Family) -> Finding {
        let test = family.test(self.number);
        let over = match self.settings {
            1 => String::new(),
            n => format!(", mean of {n} settings"),
        };
        let claim = family.claim(self.number);
        let by = difference(&test.paired);
        let text = match claim.as_ref().map(|claim| claim.way) {
            Some(Way::Higher) => format!(
                "Use max softmax to reject inputs: its AURC is lower than that of the energy by \
                 {by}{over}."
            ),
            Some(Way::Lower) => format!(
                "Use the energy to reject inputs: its AURC is lower than that of max softmax by \
                 {by}{over}."
            ),
            None if test.outcome == Outcome::NoTest => String::new(),
            None => {
                let seen = test.detectable.and_then(|value| detectable(ENERGY, value));
                let seen =
                    seen.map_or_else(String::new, |d| format!(" ({d} would have been seen)"));
                format!("No clear difference in AURC between energy and max softmax{over}{seen}.")
            }
        };
        Finding { about: "Errors".to_owned(), text, claims: claim.into_iter().collect() }
    }
}
