//! Out-of-distribution sets as meant.

use serde::{Deserialize, Serialize};

use crate::dataset::Source;

/// A set of inputs that the network was not trained on. Those that are made
/// are made of test images; for validation of the training images that are held
/// out, where there are some, and from streams named `validation ood …`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OodSet {
    /// The test split of a dataset.
    Test(Source),
    /// The training set's own images, turned by 90°.
    Rotated,
    /// As many images of independent uniform pixels, from the stream `ood uniform`.
    UniformNoise,
    /// As many images of independent normal pixels, clipped to the range, from
    /// the stream `ood gaussian`.
    GaussianNoise,
    /// Each of the training set's own images averaged with another one,
    /// chosen by the stream `ood interpolation`.
    Interpolation,
    /// The training set's own images, deformed elastically (Simard et al. 2003)
    /// by fields from the stream `ood elastic`.
    Elastic,
    /// As many images of printed letters that do not look like digits, turned,
    /// slanted, scaled and blurred by draws from the stream `ood letters`.
    Letters,
}

impl OodSet {
    /// The set's name in metric paths and charts.
    pub fn name(&self) -> String {
        match self {
            Self::Test(source) => source.label(),
            Self::Rotated => "rotated".to_owned(),
            Self::UniformNoise => "uniform-noise".to_owned(),
            Self::GaussianNoise => "gaussian-noise".to_owned(),
            Self::Interpolation => "interpolation".to_owned(),
            Self::Elastic => "elastic".to_owned(),
            Self::Letters => "letters".to_owned(),
        }
    }
}
