//! Finished runs against the same runs made again, artifact by artifact.
//!
//! What is to be expected is said beforehand ([`expected`]): on the CPU with
//! the same processor model the same bytes, elsewhere numbers within a stated
//! tolerance. Then each artifact is compared ([`compare`]) and judged
//! ([`judge`]). A run of the store can be found again without its experiment's
//! file ([`recover()`]).

mod artifact;
mod expectation;
mod recover;
mod verdict;

pub use artifact::{Distance, Found, compare};
pub use expectation::{AT_DIVERGENCE, Expectation, TOLERANCES, Tolerance, expected, tolerance_of};
pub use recover::{Recovered, Unrecoverable, recover};
pub use verdict::{ArtifactVerdict, Judgement, RunVerdict, Summary, TrialVerdict, judge};
