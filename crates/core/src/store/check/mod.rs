//! `fsck`: reads everything in a store and says what is missing, altered,
//! left over or contradictory, what each finding costs, and what mends it.
//!
//! Nothing here changes the store but [`Report::repair`], and that deletes
//! nothing that was not left by a dead process: what cannot be believed is
//! moved to `quarantine/<number>/`, under the path that it had.

mod finding;
mod cost;
mod whole;
mod objects;
mod runs;
mod checkpoints;
mod leases;
mod records;
mod repair;

#[cfg(test)]
mod tests;

pub(super) use cost::{Trials, provenance};
pub use finding::{Finding, Kind, Severity};
pub use repair::Mended;
pub use whole::{CheckOptions, Report, check};
