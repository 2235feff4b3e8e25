//! A trial from its job to its manifests.

mod evaluation;
mod failure;
mod inputs;
mod serve;
mod training;
mod trial;

pub use failure::Failure;
pub use inputs::Inputs;
pub use serve::serve;
pub use trial::{Say, run_trial};
