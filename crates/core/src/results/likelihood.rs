//! What is known of the likelihood of test images, beside the metrics.

use serde::{Deserialize, Serialize};

/// A [`LikelihoodResults`], of an evaluation with `[evaluate.likelihood]`.
pub const LIKELIHOOD: &str = "likelihood.json";

/// Densities of the same dequantised test images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LikelihoodResults {
    /// Test images.
    pub n: u64,
    /// Pixel values of an image, d.
    pub dimensions: u64,
    /// Levels of a pixel.
    pub levels: u64,
    /// The width of a level in the scaled pixel range: a log-density in
    /// scaled pixels plus d ln width is one in levels.
    pub level_width: f64,
    /// The box that the model is a density on, in scaled pixels.
    pub bounds: (f64, f64),
    /// The densities, the model first.
    pub densities: Vec<DensityOfImages>,
    /// The runs of annealed importance sampling, by the density they are for.
    pub annealing: Vec<AnnealingRun>,
}

/// One density, and what it gives the test images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DensityOfImages {
    /// Its name in metric paths.
    pub name: String,
    /// What was chosen on validation images, such as a ridge or a number of
    /// components; none where nothing was.
    pub chosen: Option<f64>,
    /// Mean log-density in nats per image over scaled pixels; none where it
    /// is not to be trusted.
    pub nats: Option<f64>,
    /// Standard deviation over the images.
    pub nats_sd: Option<f64>,
}

/// A normaliser by annealed importance sampling.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnealingRun {
    /// The density it is for.
    pub density: String,
    /// Chains.
    pub chains: u64,
    /// Densities between the base distribution and this one.
    pub temperatures: u64,
    /// ln Ẑ, whether it is to be trusted or not; none where it is not finite.
    pub log_z: Option<f64>,
    /// Its bootstrap interval, from 2.5 % to 97.5 %.
    pub log_z_interval: Option<(f64, f64)>,
    /// Its standard error by the delta method.
    pub log_z_se: Option<f64>,
    /// Effective number of weights.
    pub ess: Option<f64>,
    /// ln Ẑ from chains that were run backwards; none where none were. From
    /// samples that are not exact it is no bound.
    pub log_z_reverse: Option<f64>,
    /// Why it is not to be trusted; none where nothing speaks against it.
    pub doubt: Option<String>,
    /// β of the points of the next two, rising.
    pub betas: Vec<f64>,
    /// Mean probability of acceptance at each.
    pub acceptance: Vec<f64>,
    /// Step size at each, in units of the base's standard deviations.
    pub step_sizes: Vec<f64>,
}
