//! Which differences may be claimed: paired tests over shared seeds, corrected
//! over all tests of a family. Pure functions of numbers; nothing here knows of
//! metrics or reports.
//!
//! One comparison gives one difference for each seed that both of its sides
//! have ([`Paired`]). All comparisons behind one set of statements are a
//! [`Family`], and the probability that a family without any true difference
//! claims one or more is at most [`LEVEL`]:
//!
//! - with [`FEWEST_FLIPPED`] or more seeds in every comparison, by sign flips
//!   made jointly over all of them, with the largest |t|, step-down (Westfall
//!   and Young 1993): exact where differences are symmetric about 0. With fewer
//!   seeds the smallest p-value, 2/2ⁿ, cannot be below [`LEVEL`];
//! - otherwise by two-sided paired t tests with Holm's correction (Holm 1979).
//!
//! Fewer than [`FEWEST_SEEDS`] shared seeds are no test.

mod family;
mod flips;
mod holm;
mod paired;
mod student;

#[cfg(test)]
pub(crate) mod noise;
#[cfg(test)]
mod tests;

pub use family::{Family, Method, Outcome, Test};
pub use paired::Paired;
pub use student::quantile as t_quantile;

/// The probability, at most, that a family without any true difference claims
/// one.
pub const LEVEL: f64 = 0.05;

/// Shared seeds below which nothing is tested.
pub const FEWEST_SEEDS: usize = 3;

/// Shared seeds from which signs are flipped: 2/2⁶ is the first below
/// [`LEVEL`].
pub const FEWEST_FLIPPED: usize = 6;

/// Seeds up to which every flip is tried; with more, t tests are made.
pub const MOST_FLIPPED: usize = 16;
