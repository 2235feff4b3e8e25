//! What is to be said of the sets that were read.

use serde::{Deserialize, Serialize};

use crate::dataset::{About, Split};

/// A list of [`SetAbout`], of an evaluation that read a set of which there is
/// something to be said.
pub const SETS: &str = "sets.json";

/// What is to be said of a split of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetAbout {
    /// The set's name in metric paths and charts.
    pub set: String,
    /// The split.
    pub split: Split,
    /// What is said.
    pub about: About,
}
