//! `[evaluate.corruptions]`: test images made worse.

use serde::{Deserialize, Serialize};

/// `[evaluate.corruptions]`: the test images with every kind at every
/// severity from 1 to `severities`, and as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corruptions {
    /// The kinds, each once.
    pub kinds: Vec<Corruption>,
    /// The highest severity, 1 to 5.
    pub severities: u64,
    /// Use only this many of the test images, a draw by class; unset for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// A kind of corruption: after CIFAR-10-C (Hendrycks and Dietterich 2019) and,
/// from `Translate` on, after MNIST-C (Mu and Gilmer 2019).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Corruption {
    /// Normal noise on every pixel.
    GaussianNoise,
    /// Poisson noise: photons counted.
    ShotNoise,
    /// Pixels set to the lowest or the highest value.
    ImpulseNoise,
    /// A Gaussian blur.
    GaussianBlur,
    /// Less distance from the image's mean.
    Contrast,
    /// Every value higher.
    Brightness,
    /// A shift to a side, drawn for each image.
    Translate,
    /// A turn, its sense drawn for each image.
    Rotate,
    /// A horizontal shear, its sense drawn for each image.
    Shear,
    /// The values of a band in the middle are inverted.
    Stripe,
}

impl Corruption {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::GaussianNoise,
        Self::ShotNoise,
        Self::ImpulseNoise,
        Self::GaussianBlur,
        Self::Contrast,
        Self::Brightness,
        Self::Translate,
        Self::Rotate,
        Self::Shear,
        Self::Stripe,
    ];
}
