//! Calibration along a line: ECE, which way the confidence is off, and what
//! temperature scaling leaves.

use jem_core::metric::label;

use super::change::Change;
use super::questions::{Asked, Family, Questions, values};
use super::words::difference;
use crate::report::content::{Finding, Way};
use crate::report::number::plain;
use crate::report::view::{Line, View};
use crate::significance::Paired;
use crate::table::CellResult;

/// Mean confidence less accuracy.
const GAP: &str = "calib/gap";

/// The change of the ECE, and the signed gap at both ends of the line.
pub(super) struct Calibration<'a> {
    metric: String,
    pub(super) change: Change<'a>,
    gaps: Vec<(&'a CellResult, usize)>,
}

impl<'a> Calibration<'a> {
    pub(super) fn ask(view: &View<'a>, line: &Line<'a>, all: &mut Questions) -> Option<Self> {
        let metric = view.ece()?;
        let change = Change::ask(view, line, &metric, all)?;
        let ends = [Some(change.reference()), change.rest().last().map(|at| at.cell)];
        let with_gap = ends.into_iter().flatten().filter(|cell| cell.metrics.contains_key(GAP));
        let gap = |cell: &'a CellResult| {
            let asked =
                Asked { what: GAP.to_owned(), place: view.label(cell), against: "0".to_owned() };
            (cell, all.ask(asked, Paired::against(values(cell, GAP), 0.0)))
        };
        let gaps = with_gap.map(gap).collect();
        Some(Self { metric, change, gaps })
    }

    pub(super) fn finding(&self, view: &View<'a>, family: &Family) -> Finding {
        let mut said = self.change.said(view, family);
        let claims = self.gaps.iter().filter_map(|(cell, number)| {
            Some((*cell, family.claim(*number)?, family.test(*number)))
        });
        for (cell, claim, test) in claims {
            let way = if claim.way == Way::Higher { "Over" } else { "Under" };
            let place = match self.change.rest() {
                [] => String::new(),
                _ => format!(" at {}", view.label_in_line(cell)),
            };
            let gap = difference(&test.paired);
            said.text.push(format!("{way}-confident{place} by {gap}."));
            said.claims.push(claim);
        }
        said.text.extend(self.scaled(view));
        let about = format!("Calibration ({})", label(&self.metric));
        Finding { about, text: said.joined(), claims: said.claims }
    }

    /// `After temperature scaling: 0.004 to 0.009.`
    fn scaled(&self, view: &View<'_>) -> Option<String> {
        let path = format!("calib_scaled/{}", self.metric.strip_prefix("calib/")?);
        let cells = [self.change.reference()].into_iter();
        let cells = cells.chain(self.change.rest().iter().map(|at| at.cell));
        let means: Vec<f64> =
            cells.filter_map(|cell| Some(cell.metrics.get(&path)?.mean)).collect();
        let low = means.iter().copied().reduce(f64::min)?;
        let high = means.iter().copied().reduce(f64::max)?;
        let what = if view.cells.len() > 1 { " (means of the settings)" } else { "" };
        Some(match low == high {
            true => format!("After temperature scaling: {}.", plain(low)),
            false => format!("After temperature scaling: {} to {}{what}.", plain(low), plain(high)),
        })
    }
}
