//! Two states of the code and of an experiment against each other: commits, or
//! a commit and the work tree.
//!
//! What each side computes with is looked up ([`known_of`], [`derived_from`]), its results are
//! loaded as any table's ([`Side`]), its trials are matched by swept values and
//! seed, and the differences of all cells and metrics are tested together
//! ([`compare()`]). Two sides with equal fingerprints share
//! their runs: then nothing differs because nothing was run twice.

mod accepted;
mod code;
mod comparison;
mod difference;
mod gate;
mod known;
mod markdown;
mod origin;
mod pairs;
mod settings;
mod side;
mod terminal;
mod told;

#[cfg(test)]
mod null_sweep;
#[cfg(test)]
mod tests;

pub use code::CodeChange;
pub use comparison::{
    Alone, Cell, Change, Comparison, Counts, Pair, Same, SideFacts, TestFacts, Which, compare,
};
pub use difference::{Difference, Verdict};
pub use gate::{Gate, gate};
pub use known::{Known, KnownFrom, derived_from, known_of};
pub use markdown::to_markdown;
pub use side::{Revision, Side, SideError};
pub use terminal::to_terminal;
pub use told::{Sheet, difference_text, sheets, summary};
