//! Which images of a set were used, where a limit cut it.

use serde::{Deserialize, Serialize};

/// A list of [`ImagesUsed`], of an evaluation in which a limit cut a set.
pub const IMAGES_USED: &str = "images_used.json";

/// Images that one purpose used of one set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagesUsed {
    /// What looked at them: `evaluation` for what every evaluation measures,
    /// else the part, such as `attacks`, with what it used them for where that
    /// is not plain, such as `generation reference`.
    pub purpose: String,
    /// The set: `test`, `training`, `held-out` for the images that training
    /// held out, or the name of an out-of-distribution set. A set that is made
    /// of test images is made of those of `test`, and has no entry.
    pub set: String,
    /// How many images they were drawn from.
    pub of: u64,
    /// Their places in the set's file, counted from 0; of held-out images in
    /// the file of the training set.
    pub rows: Vec<u64>,
}

impl ImagesUsed {
    /// The images at `rows`, none of them below 0, of a set with `of` images.
    pub fn of(set: &str, purpose: &str, of: usize, rows: &[i64]) -> Self {
        let rows = rows.iter().map(|&row| row.unsigned_abs()).collect();
        Self { purpose: purpose.to_owned(), set: set.to_owned(), of: of as u64, rows }
    }
}
