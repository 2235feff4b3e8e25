//! A trial from its job to its manifests. What can change a number stands in
//! `training/` and `evaluation/`; here are events, checkpoints and the store.

mod checkpoint;
mod evaluation;
mod failure;
mod life;
mod note;
mod own;
mod same_data;
mod serve;
mod signals;
mod training;
mod trial;

pub use failure::Failure;
pub use note::note;
pub use serve::serve;
pub use trial::{Say, run_trial};
