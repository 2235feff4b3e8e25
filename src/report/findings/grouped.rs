//! Comparisons of several cells by what they came out as, in words.

use super::questions::Family;
use super::words::{detectable, difference, is_along_x, places};
use crate::report::content::Claim;
use crate::report::number::capital;
use crate::report::view::View;
use crate::significance::Outcome;
use crate::table::CellResult;

/// One comparison of a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    /// The cell.
    pub(super) cell: &'a CellResult,
    /// The comparison's number in its family.
    pub(super) number: usize,
}

/// Sentences, and the directions that they claim.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// The sentences.
    pub(super) text: Vec<String>,
    /// What they claim.
    pub(super) claims: Vec<Claim>,
}

/// The comparisons `all`, in the order of the cells, of `metric`.
pub(super) struct Grouped<'v, 'a> {
    pub(super) view: &'v View<'a>,
    pub(super) family: &'v Family,
    pub(super) all: &'v [At<'a>],
    pub(super) metric: &'v str,
}

impl Grouped<'_, '_> {
    /// `Lower from λ = 1 on: by 0.013 ± 0.005 there and 0.14 ± 0.02 at λ = 10.
    /// No clear difference elsewhere (0.012 would have been seen).`
    pub(super) fn said(&self) -> Said {
        let mut said = Said::default();
        for (outcome, word) in [(Outcome::Lower, "lower"), (Outcome::Higher, "higher")] {
            let some = self.that(outcome);
            if !some.is_empty() {
                said.text.push(format!("{} {}.", capital(word), self.where_and_by(&some)));
                let claims = some.iter().map(|place| self.family.claim(self.all[*place].number));
                said.claims.extend(claims.flatten());
            }
        }
        said.text.extend(self.open(!said.claims.is_empty()));
        said
    }

    /// The places in `all` of those that came out so.
    pub(super) fn that(&self, outcome: Outcome) -> Vec<usize> {
        let is = |place: &usize| self.family.test(self.all[*place].number).outcome == outcome;
        (0..self.all.len()).filter(is).collect()
    }

    /// Where `some` are, in words.
    pub(super) fn places(&self, some: &[usize]) -> String {
        let cells: Vec<&CellResult> = self.all.iter().map(|at| at.cell).collect();
        places(self.view, &cells, some)
    }

    fn where_and_by(&self, some: &[usize]) -> String {
        let by = |place: usize| difference(&self.family.test(self.all[place].number).paired);
        let (first, last) = (some[0], some[some.len() - 1]);
        let places = self.places(some);
        match (self.all.len(), some.len()) {
            (1, _) => format!("by {}", by(first)),
            (_, 1) => format!("{places} by {}", by(first)),
            (_, 2) => format!("{places} by {} and {}", by(first), by(last)),
            _ => {
                let from = if places.starts_with("from") { "there" } else { &self.at(first) };
                let at_last = self.at(last);
                format!("{places}: by {} {from} and {} {at_last}", by(first), by(last))
            }
        }
    }

    /// `at λ = 1`, or all values of the cell where x alone does not tell it from
    /// the others.
    fn at(&self, place: usize) -> String {
        let cells: Vec<&CellResult> = self.all.iter().map(|at| at.cell).collect();
        let cell = self.all[place].cell;
        match is_along_x(self.view, &cells) {
            true => format!("at {}", self.view.label_in_line(cell)),
            false => format!("with {}", self.view.label(cell)),
        }
    }

    /// What is said of those that claim nothing, `beside` others that do.
    fn open(&self, beside: bool) -> Vec<String> {
        let mut text = Vec::new();
        let mut unclear = self.that(Outcome::Unclear);
        let equal = self.that(Outcome::Equal);
        let only_equal = unclear.is_empty();
        unclear.extend(&equal);
        unclear.sort_unstable();
        if only_equal && !equal.is_empty() {
            text.push(format!("Equal in every seed{}.", self.at_these(&equal, beside)));
        } else if !unclear.is_empty() {
            let would = self.would_have_been_seen(&unclear);
            text.push(format!("No clear difference{}{would}.", self.at_these(&unclear, beside)));
        }
        let constant = self.that(Outcome::Constant);
        if !constant.is_empty() {
            text.push(format!(
                "The same difference in every seed{}, so no test.",
                self.at_these(&constant, true)
            ));
        }
        let few = self.that(Outcome::NoTest);
        let n = |place: &usize| self.family.test(self.all[*place].number).paired.n();
        if let Some(most) = few.iter().map(n).max() {
            text.push(format!("n = {most}{}: no test.", self.at_these(&few, true)));
        }
        text
    }

    fn at_these(&self, some: &[usize], beside: bool) -> String {
        match self.all.len() {
            1 => String::new(),
            all if all == some.len() && !beside => format!(" {}", self.places(some)),
            all if all == some.len() => String::new(),
            all if beside && some.len() + self.claimed() == all => " elsewhere".to_owned(),
            _ => format!(" {}", self.places(some)),
        }
    }

    fn claimed(&self) -> usize {
        self.that(Outcome::Lower).len() + self.that(Outcome::Higher).len()
    }

    /// ` (0.012 would have been seen)`: the largest of the `some`.
    fn would_have_been_seen(&self, some: &[usize]) -> String {
        let of = |place: &usize| self.family.test(self.all[*place].number).detectable;
        let Some(most) = some.iter().filter_map(of).reduce(f64::max) else { return String::new() };
        match detectable(self.metric, most) {
            Some(shown) => format!(" ({shown} would have been seen)"),
            None => " (these seeds are too few to see any)".to_owned(),
        }
    }
}

impl Said {
    /// The sentences, one after the other.
    pub(super) fn joined(&self) -> String {
        self.text.join(" ")
    }

    /// Adds the sentences and claims of another.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.text.extend(other.text);
        self.claims.extend(other.claims);
        self
    }
}
