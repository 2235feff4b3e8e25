//! What is measured on a trained network.

mod groups;
mod long_chains;
mod measure;
pub mod metric;
mod outputs;
mod values;

pub use groups::{near_and_far, validation_ood};
pub use long_chains::{Length, LongChains, long_chains};
pub use measure::{Measured, measure};
pub use outputs::{Outputs, predict};
pub use values::Values;
