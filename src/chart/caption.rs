//! The words around a figure.

use jem_core::metric::Range;

/// What stands above and below a figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Caption {
    /// In bold at the top, wrapped to at most three lines.
    pub title: String,
    /// Under the title: data set, model, what the points are.
    pub subtitle: Option<String>,
    /// In small type at the bottom: commit, whether it is dirty, number of seeds.
    pub footer: Option<String>,
}

/// Which way a quantity is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// As accuracy is.
    Higher,
    /// As the expected calibration error is.
    Lower,
}

impl Better {
    /// The arrow and, where there is room, the words.
    pub(super) fn hint(self, in_full: bool) -> &'static str {
        match (self, in_full) {
            (Self::Higher, true) => "↑ higher is better",
            (Self::Lower, true) => "↓ lower is better",
            (Self::Higher, false) => "↑ better",
            (Self::Lower, false) => "↓ better",
        }
    }
}

/// What an axis measures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quantity {
    /// Its name, such as `accuracy`.
    pub label: String,
    /// Its unit, such as `%`; values are given in it.
    pub unit: Option<String>,
    /// Which way it is better, where either way is.
    pub better: Option<Better>,
    /// Which values there can be: no axis and no interval goes beyond.
    pub range: Range,
}

impl Quantity {
    /// The part of an interval that is inside the range, where it has a width.
    pub(super) fn inside(&self, ends: Option<(f64, f64)>) -> Option<(f64, f64)> {
        let (low, high) = ends.filter(|(low, high)| low.is_finite() && high.is_finite())?;
        let (low, high) = (self.range.nearest(low), self.range.nearest(high));
        (low < high).then_some((low, high))
    }

    /// `accuracy (%)`.
    pub(super) fn with_unit(&self) -> String {
        match &self.unit {
            Some(unit) if !unit.is_empty() => format!("{} ({unit})", self.label),
            _ => self.label.clone(),
        }
    }
}
