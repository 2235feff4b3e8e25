//! What `[data]` says beside where images come from: how they are altered in
//! training, and which of them are labelled.

use serde::{Deserialize, Serialize};

use super::ood::OodSet;
use super::resolved::{Data, Evaluate};
use crate::dataset::Source;

/// `data.augment`: random alterations of training images, never of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augment {
    /// Pixels of reflection padding on each side, before a random crop to the
    /// image's own size; unset for no crop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad: Option<u64>,
    /// Whether half of the images, chosen at random, are mirrored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flip: bool,
}

impl Augment {
    /// Whether it alters nothing.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }
}

/// `data.labels`: how many of the training examples are labelled. They are
/// drawn class by class from the stream `labelled`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Labels {
    /// This share of each class, in (0, 1), rounded, at least one example.
    Fraction(f64),
    /// This many of each class.
    PerClass(u64),
}

impl Data {
    /// The sets whose train splits are read.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.train).chain(&self.auxiliary)
    }
}

impl Evaluate {
    /// Every out-of-distribution set, those for validation last.
    pub fn sets(&self) -> impl Iterator<Item = &OodSet> {
        self.ood.iter().chain(&self.validation_ood)
    }

    /// The sets whose test splits are read beside that of the training set, in
    /// the order read.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sets().filter_map(|set| match set {
            OodSet::Test(source) => Some(source),
            _ => None,
        })
    }
}
