//! `[data]` as written, and the terms of the loss on its auxiliary set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tables::table;
use crate::dataset::Source;
use crate::spec::resolved::PixelRange;

table! {
    /// Training data and how it is scaled.
    RawData {
        /// What the network is trained and tested on: the name of a dataset, or files of your own.
        train: Source,
        /// Training examples held out for validation.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        validation: u64,
        /// Use only this many training examples, after the hold-out, drawn by seed in proportion to their classes; 0 for all of them.
        #[schemars(range(min = 0, max = 1_000_000_000))]
        limit: u64,
        /// The interval that pixels are scaled to.
        range: PixelRange,
        /// Standard deviation of Gaussian noise added to inputs in training and in testing, in units of the scaled range; 0 for none.
        #[schemars(range(min = 0, max = 10))]
        noise_std: f64,
        /// Whether inputs are uniform points of the cells that pixel values are of the range, in training and in testing: what a density of images is fitted to; unset for false.
        dequantise: bool,
        /// Whether the independent batch of the contrastive term is altered as data.augment says; true where not written. SADA-JEM: false.
        px_augment: bool,
        /// Whether the independent batch of the contrastive term gets the noise of data.noise_std; true where not written. SADA-JEM: false.
        px_noise: bool,
        /// An auxiliary out-of-distribution set to learn from, by its train split: the name of a dataset, or files of your own; "none" for none.
        auxiliary: Source,
    } with {
        /// Random alterations of training images.
        augment: RawAugment,
        /// How many training examples are labelled, chosen class by class; all of them where not written. The contrastive term learns from all.
        labels: RawLabels,
    }
}

table! {
    /// Random alterations of training images.
    RawAugment {
        /// Pixels of reflection padding on each side before a random crop to the image's own size; 0 for no crop.
        #[schemars(range(min = 0, max = 4096))]
        pad: u64,
        /// Whether half of the images are mirrored, left to right.
        flip: bool,
    }
}

/// How many training examples are labelled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawLabels {
    /// The share of each class that is labelled, rounded, at least one example; 1 for all; write either this or per_class.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
    pub fraction: Option<f64>,
    /// The number of labelled examples of each class; write either this or fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub per_class: Option<u64>,
}

impl RawLabels {
    /// Takes over the field that `over` sets, in the place of the other.
    pub fn overlay(&mut self, over: &Self) {
        if over.fraction.is_some() || over.per_class.is_some() {
            self.clone_from(over);
        }
    }
}

table! {
    /// Cross-entropy to the uniform distribution on the auxiliary batch (Hendrycks et al. 2019).
    RawOutlierExposure {
        /// The term's weight, 0.5 in the paper; 0 for none.
        #[schemars(range(min = 0, max = 1_000_000))]
        weight: f64,
    }
}

table! {
    /// Squared hinges that push energies of the labelled batch below m_in and of the auxiliary batch above m_out (Liu et al. 2020).
    RawEnergyMargin {
        /// The term's weight, 0.1 in the paper; 0 for none.
        #[schemars(range(min = 0, max = 1_000_000))]
        weight: f64,
        /// The energy that training images are to be below, −23 on CIFAR-10.
        #[schemars(range(min = -1_000_000, max = 1_000_000))]
        m_in: f64,
        /// The energy that auxiliary images are to be above, −5 on CIFAR-10.
        #[schemars(range(min = -1_000_000, max = 1_000_000))]
        m_out: f64,
    }
}
