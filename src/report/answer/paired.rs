//! Two metrics of the same trials, compared seed by seed: what is common to
//! both, such as an unlucky start, drops out of the difference.

use crate::report::view::View;
use crate::table::{CellResult, Statistics};

/// The difference of two metrics over the seeds of `cell` that have both,
/// `one` less `other`; none where no seed has.
pub(super) fn difference(
    view: &View<'_>,
    cell: &CellResult,
    one: &str,
    other: &str,
) -> Option<Statistics> {
    let values = view.trials_of(cell).filter_map(|trial| {
        Some((trial.seed, trial.metrics.get(one)? - trial.metrics.get(other)?))
    });
    Statistics::of(values.collect())
}

/// In how many cells the first of two metrics is lower, or higher, than the
/// second by more than the 95 % t interval of their difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Cells that have both.
    pub(super) cells: usize,
    /// Lower, the interval of the difference wholly below 0.
    pub(super) lower: usize,
    /// Higher, the interval wholly above 0.
    pub(super) higher: usize,
    /// Cells with one seed, whose difference has no interval.
    pub(super) without: usize,
    /// Lower by the mean, whatever the interval.
    pub(super) below: usize,
    /// Higher by the mean, whatever the interval.
    pub(super) above: usize,
}

impl Tally {
    /// Over all cells of `view`.
    pub(super) fn over(view: &View<'_>, one: &str, other: &str) -> Self {
        let found = view.cells.iter().filter_map(|cell| difference(view, cell, one, other));
        Self::of(found)
    }

    fn of(differences: impl Iterator<Item = Statistics>) -> Self {
        let mut tally = Self::default();
        for difference in differences {
            tally.cells += 1;
            tally.below += usize::from(difference.mean < 0.0);
            tally.above += usize::from(difference.mean > 0.0);
            match difference.half_width {
                None => tally.without += 1,
                Some(half) if difference.mean + half < 0.0 => tally.lower += 1,
                Some(half) if difference.mean - half > 0.0 => tally.higher += 1,
                Some(_) => {}
            }
        }
        tally
    }

    /// `lower in 2 of 3 cells and not told apart in 1`: what the intervals show;
    /// none without a cell that has one.
    pub(super) fn told(&self) -> Option<String> {
        let with = self.cells - self.without;
        if with == 0 {
            return None;
        }
        let cells = if with == 1 { "cell" } else { "cells" };
        let open = with - self.lower - self.higher;
        let counts = [(self.lower, "lower"), (self.higher, "higher"), (open, "not told apart")];
        let told: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{word} in {count}"))
            .collect();
        let (first, rest) = told.split_first()?;
        let rest: String = rest.iter().map(|one| format!(", {one}")).collect();
        Some(format!("{first} of {with} {cells}{rest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_where_its_interval_leaves_out_zero() {
        let of = Statistics::around;
        let all = [
            of(-0.2, Some(0.1)),
            of(-0.2, Some(0.3)),
            of(0.2, Some(0.1)),
            of(0.0, Some(0.0)),
            of(0.5, None),
        ];
        let tally = Tally::of(all.into_iter());
        assert_eq!(tally, Tally { cells: 5, lower: 1, higher: 1, without: 1, below: 2, above: 2 });
        let said = "lower in 1 of 4 cells, higher in 1, not told apart in 2";
        assert_eq!(tally.told().as_deref(), Some(said));
        assert_eq!(Tally { cells: 1, without: 1, ..Tally::default() }.told(), None);
    }
}
