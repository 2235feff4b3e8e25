//! The plain arrays that every reader ends in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the two parts a set is published in. A validation split is cut from
/// the train split later, where the experiment says how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// The images to learn from.
    Train,
    /// The images to judge by.
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Test => "test",
        })
    }
}

/// Images with one label each, as the bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledImages {
    /// Channels, height, width.
    pub shape: [usize; 3],
    /// `[n, c, h, w]`, row-major, each 0 to `pixel_max`.
    pub pixels: Vec<u8>,
    /// `[n]`, each below `classes`.
    pub labels: Vec<u8>,
    /// The value of a fully bright pixel: 255, or 16 for the digits.
    pub pixel_max: u8,
    /// How many classes there are.
    pub classes: usize,
}

impl LabelledImages {
    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}
