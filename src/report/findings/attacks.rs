//! Accuracy under attack along a line.

use jem_core::results::WORST;
use jem_core::spec::AttackNorm;

use super::change::Change;
use super::questions::{Family, Questions};
use crate::report::content::Finding;
use crate::report::judged::judged;
use crate::report::view::{Line, View};

/// Norms, and as people write them.
const NORMS: [(AttackNorm, &str); 2] = [(AttackNorm::Linf, "L∞"), (AttackNorm::L2, "L2")];

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
    /// Whether masked gradients were looked for, in a sentence.
    masking: String,
}

impl<'a> Attacks<'a> {
    pub(super) fn ask(view: &View<'a>, line: &Line<'a>, all: &mut Questions) -> Self {
        let of_norm = |(kind, shown): (AttackNorm, &str)| {
            let norm = kind.name();
            let sizes = sizes(view, norm);
            let (_, smallest) = sizes.first()?;
            let change = Change::ask(view, line, &path(norm, smallest), all)?;
            let zero_from = zero_from(line, norm, &sizes);
            let masking = judged(view, &line.cells, kind).words();
            Some(Attacked { name: format!("{shown}, ε = {smallest}"), change, zero_from, masking })
        };
        Self { norms: NORMS.into_iter().filter_map(of_norm).collect() }
    }

    pub(super) fn findings(&self, view: &View<'a>, family: &Family) -> Vec<Finding> {
        let finding = |attacked: &Attacked<'a>| {
            let mut said = attacked.change.said(view, family);
            if let Some(size) = &attacked.zero_from {
                said.text.push(format!("From ε = {size} on it is 0 in every setting."));
            }
            said.text.push(attacked.masking.clone());
            let about = format!("Accuracy under attack ({})", attacked.name);
            Finding { about, text: said.joined(), claims: said.claims }
        };
        self.norms.iter().map(finding).collect()
    }
}

/// The larger sizes of every norm, each along `line`.
pub(super) fn larger<'a>(
    view: &View<'a>,
    line: &Line<'a>,
    all: &mut Questions,
) -> Vec<(String, Change<'a>)> {
    let mut changes = Vec::new();
    for (kind, shown) in NORMS {
        let norm = kind.name();
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
