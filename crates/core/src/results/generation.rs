//! What is known of a model's samples, beside the images themselves.

use serde::{Deserialize, Serialize};

/// A [`Generation`], of an evaluation with `[evaluate.generation]`.
pub const GENERATION: &str = "generation.json";
/// Images of it, in [0, 1]: `<source>` and `<source>/neighbours`
/// `[n, c, h, w]` for each of its sources, and `strips` `[n, looks, c, h, w]`.
pub const GENERATION_IMAGES: &str = "generation.safetensors";

/// Samples of one network, scored and shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// Steps of each chain.
    pub steps: u64,
    /// Chain steps done at each look of the filmstrips.
    pub looks: Vec<u64>,
    /// What gave the features.
    pub extractors: Vec<ExtractorUsed>,
    /// Fréchet distances and Inception Scores, each with its conditions.
    pub scores: Vec<SampleScore>,
    /// What is shown of each source.
    pub shown: Vec<ShownSamples>,
    /// Training images that neighbours were sought in.
    pub neighbours_among: u64,
}

/// An extractor and what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtractorUsed {
    /// Its name in metric paths.
    pub name: String,
    /// What it is, in words.
    pub what: String,
    /// Features of an image.
    pub features: u64,
    /// Its accuracy on the test set; none where it gives no classes of ours.
    pub accuracy: Option<f64>,
}

/// How samples of one source compare with real images, by one extractor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleScore {
    /// `fresh`, `buffer`, `conditional`, or `real`: images of the split that
    /// is not the reference.
    pub source: String,
    /// The extractor's name.
    pub extractor: String,
    /// Samples scored.
    pub n: u64,
    /// Samples that those were chosen from.
    pub of: u64,
    /// How: `none`, or `most confident`.
    pub selection: String,
    /// The split compared with.
    pub reference: String,
    /// Images of it.
    pub n_reference: u64,
    /// Features of an image.
    pub features: u64,
    /// Whether a covariance, of the samples or of the reference, has no more
    /// images than it has rows: its rank is below its size, and the Fréchet
    /// distance is undefined.
    pub rank_deficient: bool,
    /// The Fréchet distance; none where it is undefined.
    pub frechet: Option<f64>,
    /// The Inception Score over one split; none where it is undefined.
    pub inception_score: Option<f64>,
}

/// The first samples of a source, with their nearest training images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownSamples {
    /// The source.
    pub source: String,
    /// The class that each was made for, where it was.
    pub asked: Option<Vec<u64>>,
    /// The class that the small classifier sees in each, where it was asked.
    pub seen: Option<Vec<u64>>,
    /// The place of each one's nearest training image in the training set.
    pub neighbours: Vec<u64>,
    /// Their distances, L2 over pixel values in [0, 1].
    pub distances: Vec<f64>,
}
