//! Scores of inputs that are computed from the images alone, without a network.
//! A network that detects out-of-distribution images no better than these has
//! not been shown to know anything about them.

/// A trivial score; higher values mean out-of-distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrivialScore {
    /// |s − s̄|: the share s of values above 0 in the file's bytes, against its
    /// mean s̄ over the training images.
    LitPixels,
    /// The squared distance from the space of the first principal components
    /// of the training images.
    PcaResidual,
    /// The squared Mahalanobis distance from the training images, with one mean
    /// and one covariance.
    Gaussian,
}

impl TrivialScore {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::LitPixels, Self::PcaResidual, Self::Gaussian];

    /// The score's name in metric paths, as in `ood/auroc/rotated/gaussian`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LitPixels => "lit_pixels",
            Self::PcaResidual => "pca_residual",
            Self::Gaussian => "gaussian",
        }
    }

    /// The trivial score of this name; none of any other score.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|score| score.name() == name)
    }
}
