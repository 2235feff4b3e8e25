//! What is measured on a trained network.

mod measure;
pub mod metric;
mod outputs;

pub use measure::{Measured, measure};
pub use outputs::{Outputs, predict};
