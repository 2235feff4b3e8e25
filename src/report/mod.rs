//! The report of an experiment at one commit: a page for a browser, the same as
//! Markdown, the figures and the tables, in one folder.
//!
//! ```text
//! reports/<commit>/<experiment>/
//!   index.html      needs no other file
//!   report.md       the same, with links to the figures
//!   charts/         every figure as SVG and PNG, and its data as CSV
//!   tables/         the tables in all their forms
//!   manifest.json   written last: what the folder was made from, and of what
//! ```
//!
//! Plain results go in ([`crate::table::Results`]); the store is not known here.
//! Nothing that is written names the time, the machine's name or a folder, so
//! that two renderings of the same results are the same bytes. What the page
//! says in words is made from the numbers and claims no more than they show.

mod attack_table;
mod comparison;
mod comparison_write;
mod compose;
mod content;
mod figures;
mod findings;
mod html;
mod label;
mod manifest;
mod markdown;
mod judged;
mod masking;
mod number;
mod origin;
mod owner;
mod purified;
mod reproduced;
mod samples_table;
mod view;
mod write;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod part_fixture;
#[cfg(test)]
mod part_tests;
#[cfg(test)]
mod hardware_tests;
#[cfg(test)]
mod tests;

pub use comparison_write::write_comparison;
pub use compose::compose;
pub use content::{Check, Claim, Content, Figure, Finding, Part, Section, Table, Tile, Way};
pub use html::html;
pub use manifest::{ManifestError, ReportManifest, ReportedExperiment, ReportedRuns};
pub use markdown::markdown;
pub use number::counted;
pub use origin::ReportContext;
pub use owner::default_folder;
pub use reproduced::{Reproduced, TableVerdict, TrialVerdict, reproduced};
pub use write::{ReportError, Written, write};
