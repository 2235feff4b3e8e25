//! The figures of a report: results in, drawings with their data out.

mod attacks;
mod chain_states;
mod chains;
mod corruptions;
mod csv;
mod draft;
mod energies;
mod generation;
mod image_rows;
mod maps;
mod published;
mod purification;
mod reliability;
mod rows;
mod samples;
mod scaling;
mod selective;
mod sweeps;
mod training;

pub(super) use attacks::called as attack_called;
pub(super) use csv::{Csv, number};
pub use draft::sections;

use draft::{Chart, Drafts, Paneled, Planned, absent, by_line, caption, paneled};
