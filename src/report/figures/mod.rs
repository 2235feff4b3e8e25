//! The figures of a report: results in, drawings with their data out.

mod csv;
mod draft;
mod energies;
mod reliability;
mod samples;
mod sweeps;
mod training;

pub use draft::sections;
pub(super) use csv::{Csv, number};

use draft::{Chart, Drafts, Paneled, Planned, absent, caption, paneled};
