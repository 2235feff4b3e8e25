//! Detection of out-of-distribution images by the energy along a line, beside
//! what scores of the images alone reach.

use super::against_trivial::{Trivial, best_trivial};
use super::change::Change;
use super::questions::{Family, Questions};
use crate::report::content::Finding;
use crate::report::view::{Line, View};

/// Sets that the answer is about where they are not grouped.
const MOST_SETS: usize = 3;

/// A set, or a group of sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// What people call it.
    pub(super) name: String,
    /// The path of its AUROC without the score.
    pub(super) path: String,
}

/// The near and the far group where both were measured, else the first sets.
pub(super) fn targets(view: &View<'_>) -> Vec<Target> {
    let group =
        |name: &str| Target { name: format!("{name} sets"), path: format!("ood/auroc_{name}") };
    let groups = ["near", "far"].map(group);
    match groups.iter().all(|group| view.has(&format!("{}/energy", group.path))) {
        true => groups.to_vec(),
        false => sets(view).into_iter().take(MOST_SETS).collect(),
    }
}

/// Every set by itself.
pub(super) fn sets(view: &View<'_>) -> Vec<Target> {
    let target = |set: String| Target { path: format!("ood/auroc/{set}"), name: set };
    view.ood_sets().into_iter().map(target).collect()
}

/// The change of the energy's AUROC on one target, and its mean difference from
/// the best trivial score.
pub(super) struct Detection<'a> {
    target: Target,
    pub(super) change: Change<'a>,
    trivial: Option<Trivial>,
}

impl<'a> Detection<'a> {
    pub(super) fn ask(
        view: &View<'a>,
        line: &Line<'a>,
        target: Target,
        all: &mut Questions,
    ) -> Option<Self> {
        let change = Change::ask(view, line, &format!("{}/energy", target.path), all)?;
        let trivial = best_trivial(view, &target.path)
            .map(|score| Trivial::ask_over(view, line, (&target.path, score), all));
        Some(Self { target, change, trivial })
    }

    pub(super) fn finding(&self, view: &View<'a>, family: &Family) -> Finding {
        let mut said = self.change.said(view, family);
        if let Some(trivial) = &self.trivial {
            said = said.and(trivial.said(view, family));
        }
        let about = format!("OOD detection by energy, {} (AUROC)", self.target.name);
        Finding { about, text: said.joined(), claims: said.claims }
    }
}
