//! From an experiment file to its trials: the grid, the seeds, the ids.
//!
//! Trials are ordered by block, then by cell (the last axis written advances
//! fastest), then by seed. A trial that several blocks make is kept once,
//! where it first stands. A trial's ids depend on its own values alone, so an
//! added value, block or seed changes no trial that was there before.

mod allowance;
mod axis;
mod block;
mod computed;
mod counts;
mod draw;
mod expand;
mod experiment;
mod generate;
mod leaves;
mod names;
mod naming;
mod trials;

pub use experiment::Experiment;
pub use names::SYSTEM;
pub use trials::{Plan, Trial};
