//! What a report says in words: the answer to the experiment's question, and
//! further findings, each with the tests behind them.
//!
//! A direction ("higher", "lower", "use max softmax") is claimed by a corrected
//! paired test alone ([`crate::significance`]). All tests behind the answer are
//! one family, and those behind each further heading another; every family
//! states its size and method. Everything else is a value, or "no clear
//! difference" with the difference that would have been seen.

mod accuracy;
mod against_trivial;
mod answer;
mod attacks;
mod best;
mod calibration;
mod change;
mod detection;
mod divergence;
mod errors;
mod further;
mod grouped;
mod headline;
mod likelihood;
mod long_chains;
mod ood;
mod published;
mod questions;
mod scaling;
mod scores;
mod selective;
mod standing;
mod tiles;
mod words;

#[cfg(test)]
mod null_sweep;
#[cfg(test)]
mod tests;

pub use answer::answer;
pub use best::best;
pub use further::further;
pub use likelihood::table as likelihood;
pub use long_chains::table as long_chains;
pub use questions::{Asked, Family, Questions};
pub use scaling::table as scaling;
pub use scores::scores;
pub use selective::table as selective;
pub use tiles::tiles;
pub use words::difference;
