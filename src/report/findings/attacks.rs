//! Accuracy under attack along a line.

use jem_core::results::WORST;

use super::change::Change;
use super::masking;
use super::questions::{Family, Questions};
use crate::report::content::Finding;
use crate::report::view::{Line, View};

/// Norms by their names in paths, and as people write them.
const NORMS: [(&str, &str); 2] = [("linf", "L∞"), ("l2", "L2")];

/// The change of accuracy under all attacks together, at the smallest size of
/// each norm.
pub(super) struct Attacks<'a> {
    norms: Vec<Attacked<'a>>,
}

/// One size of one norm.
pub(super) struct Attacked<'a> {
    /// `L∞, ε = 0.1`
    name: String,
    change: Change<'a>,
    /// The smallest size from which on every mean is 0.
    zero_from: Option<String>,
}

impl<'a> Attacks<'a> {
    pub(super) fn ask(view: &View<'a>, line: &Line<'a>, all: &mut Questions) -> Self {
        let of_norm = |(norm, shown): (&str, &str)| {
            let sizes = sizes(view, norm);
            let (_, smallest) = sizes.first()?;
            let change = Change::ask(view, line, &path(norm, smallest), all)?;
            let zero_from = zero_from(line, norm, &sizes);
            Some(Attacked { name: format!("{shown}, ε = {smallest}"), change, zero_from })
        };
        Self { norms: NORMS.into_iter().filter_map(of_norm).collect() }
    }

    pub(super) fn findings(&self, view: &View<'a>, family: &Family) -> Vec<Finding> {
        let last = self.norms.len().saturating_sub(1);
        let finding = |(place, attacked): (usize, &Attacked<'a>)| {
            let mut said = attacked.change.said(view, family);
            if let Some(size) = &attacked.zero_from {
                said.text.push(format!("From ε = {size} on it is 0 in every setting."));
            }
            said.text.extend(masking::sentence(view).filter(|_| place == last));
            let about = format!("Accuracy under attack ({})", attacked.name);
            Finding { about, text: said.joined(), claims: said.claims }
        };
        self.norms.iter().enumerate().map(finding).collect()
    }
}

/// The larger sizes of every norm, each along `line`.
pub(super) fn larger<'a>(
    view: &View<'a>,
    line: &Line<'a>,
    all: &mut Questions,
) -> Vec<(String, Change<'a>)> {
    let mut changes = Vec::new();
    for (norm, shown) in NORMS {
        for (_, size) in sizes(view, norm).iter().skip(1) {
            let change = Change::ask(view, line, &path(norm, size), all);
            changes.extend(change.map(|change| (format!("{shown}, ε = {size}"), change)));
        }
    }
    changes
}

fn path(norm: &str, size: &str) -> String {
    format!("adversarial/accuracy/{norm}/{WORST}/{size}")
}

/// The sizes above 0 of a norm, rising: as numbers, and as paths have them.
fn sizes(view: &View<'_>, norm: &str) -> Vec<(f64, String)> {
    let start = path(norm, "");
    let paths = view.cells.iter().flat_map(|cell| cell.metrics.keys());
    let size = |path: &String| {
        let shown = path.strip_prefix(&start)?;
        Some((shown.parse().ok()?, shown.to_owned()))
    };
    let mut sizes: Vec<(f64, String)> = paths.filter_map(size).collect();
    sizes.retain(|(size, _)| *size > 0.0);
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    sizes.dedup();
    sizes
}

/// The smallest size after the first from which on accuracy is 0 in every cell
/// of `line`.
fn zero_from(line: &Line<'_>, norm: &str, sizes: &[(f64, String)]) -> Option<String> {
    let is_zero = |size: &str| {
        let path = path(norm, size);
        let mut means = line.cells.iter().filter_map(|cell| cell.metrics.get(&path)).peekable();
        means.peek().is_some() && means.all(|found| found.mean == 0.0)
    };
    let zeros = sizes.iter().skip(1).rev().take_while(|(_, size)| is_zero(size));
    zeros.last().map(|(_, size)| size.clone())
}
