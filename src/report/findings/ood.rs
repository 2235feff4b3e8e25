//! The energy against max softmax in the detection of each set.

use super::detection::sets;
use super::grouped::{At, Grouped};
use super::questions::{Asked, Family, Questions, values};
use crate::report::content::Finding;
use crate::report::view::View;
use crate::significance::Paired;
use crate::table::CellResult;

/// The comparisons, set by set.
pub(super) struct Scores<'a> {
    sets: Vec<(String, Vec<At<'a>>)>,
}

impl<'a> Scores<'a> {
    pub(super) fn ask(view: &View<'a>, all: &mut Questions) -> Self {
        let mut asked = Vec::new();
        for set in sets(view) {
            let of = |score: &str| format!("{}/{score}", set.path);
            let (energy, rival) = (of("energy"), of("max_softmax"));
            let both = |cell: &&'a CellResult| {
                [&energy, &rival].iter().all(|path| cell.metrics.contains_key(*path))
            };
            let at = |cell: &'a CellResult| {
                let asked = Asked {
                    what: energy.clone(),
                    place: view.label(cell),
                    against: "max softmax".to_owned(),
                };
                let paired = Paired::of(values(cell, &energy), values(cell, &rival));
                At { cell, number: all.ask(asked, paired) }
            };
            let cells: Vec<At<'a>> = view.cells.iter().filter(both).map(at).collect();
            if !cells.is_empty() {
                asked.push((set.name, cells));
            }
        }
        Self { sets: asked }
    }

    pub(super) fn findings(&self, view: &View<'a>, family: &Family) -> Vec<Finding> {
        let finding = |(set, all): &(String, Vec<At<'a>>)| {
            let metric = format!("ood/auroc/{set}/energy");
            let said = Grouped { view, family, all, metric: &metric }.said();
            let about = format!("Energy against max softmax, {set} (AUROC)");
            Finding { about, text: said.joined(), claims: said.claims }
        };
        self.sets.iter().map(finding).collect()
    }
}
