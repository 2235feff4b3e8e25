//! Accuracy along a line.

use super::change::Change;
use super::questions::{Family, Questions};
use crate::report::content::Finding;
use crate::report::view::{Line, View};

/// The change of accuracy.
pub(super) struct Accuracy<'a>(pub(super) Change<'a>);

impl<'a> Accuracy<'a> {
    pub(super) fn ask(view: &View<'a>, line: &Line<'a>, all: &mut Questions) -> Option<Self> {
        Change::ask(view, line, "clf/accuracy", all).map(Self)
    }

    pub(super) fn finding(&self, view: &View<'a>, family: &Family) -> Finding {
        let said = self.0.said(view, family);
        Finding { about: "Accuracy".to_owned(), text: said.joined(), claims: said.claims }
    }
}
