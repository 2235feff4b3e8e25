//! What is measured on a trained network.

pub mod attack;
mod bootstrap;
mod frechet;
mod groups;
pub mod likelihood;
mod long_chains;
mod masking;
mod measure;
pub mod metric;
mod neighbours;
mod outputs;
pub mod scores;
pub mod purify;
mod trivial;
mod values;

pub use bootstrap::{Resampled, bootstrap_auroc};
pub use frechet::{Moments, frechet_distance};
pub use groups::{near_and_far, validation_ood};
pub use long_chains::{Length, LongChains, long_chains};
pub use masking::{AtSize, Behind, masking, masking_behind, sign_test};
pub use measure::{Measured, diagram, measure, on_held_out, put_detection};
pub use neighbours::nearest;
pub use outputs::{NOISE_BATCH, Outputs, host, predict};
pub use trivial::Trivial;
pub use values::Values;
