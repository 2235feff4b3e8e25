//! How a metric changes along a line of cells, against the first of them.

use super::grouped::{At, Grouped, Said};
use super::questions::{Asked, Family, Questions, values};
use super::words::value;
use crate::report::view::{Line, View};
use crate::significance::{Outcome, Paired};
use crate::table::CellResult;

/// A metric in every cell of a line against its value in the first, seed by
/// seed.
pub(super) struct Change<'a> {
    metric: String,
    reference: &'a CellResult,
    rest: Vec<At<'a>>,
}

impl<'a> Change<'a> {
    /// Asks for `metric` in each cell of `line` after the first that has it;
    /// none where no cell has.
    pub(super) fn ask(
        view: &View<'a>,
        line: &Line<'a>,
        metric: &str,
        questions: &mut Questions,
    ) -> Option<Self> {
        let has = |cell: &&&'a CellResult| cell.metrics.contains_key(metric);
        let mut cells = line.cells.iter().filter(has).copied();
        let reference = cells.next()?;
        let at = |cell: &'a CellResult| {
            let asked = Asked {
                what: metric.to_owned(),
                place: view.label(cell),
                against: view.label(reference),
            };
            let paired = Paired::of(values(cell, metric), values(reference, metric));
            At { cell, number: questions.ask(asked, paired) }
        };
        Some(Self { metric: metric.to_owned(), reference, rest: cells.map(at).collect() })
    }

    /// The cell that the others are compared with.
    pub(super) fn reference(&self) -> &'a CellResult {
        self.reference
    }

    /// The cells that are compared with it, in their order.
    pub(super) fn rest(&self) -> &[At<'a>] {
        &self.rest
    }

    /// The comparisons, grouped by how they came out.
    pub(super) fn grouped<'v>(&'v self, view: &'v View<'a>, family: &'v Family) -> Grouped<'v, 'a> {
        Grouped { view, family, all: &self.rest, metric: &self.metric }
    }

    /// `0.958 ± 0.003 at λ = 0. Lower from λ = 1 on: …`
    pub(super) fn said(&self, view: &View<'a>, family: &Family) -> Said {
        let shown = |cell| value(view, cell, &self.metric).unwrap_or_default();
        let first = shown(self.reference);
        let Some(last) = self.rest.last() else {
            return Said { text: vec![format!("{first}.")], ..Said::default() };
        };
        let at = |cell| view.label_in_line(cell);
        let grouped = self.grouped(view, family);
        let mut said = Said::default();
        let untested = grouped.that(Outcome::NoTest).len() == self.rest.len();
        said.text.push(match untested {
            // Values are all there is.
            true => format!(
                "{first} at {}, {} at {}.",
                at(self.reference),
                shown(last.cell),
                at(last.cell)
            ),
            false => format!("{first} at {}.", at(self.reference)),
        });
        if untested { said } else { said.and(grouped.said()) }
    }
}
