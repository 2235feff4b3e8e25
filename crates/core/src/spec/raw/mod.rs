//! The spec as written: every field optional, ranges and descriptions on the
//! fields. The JSON Schema made from these types is what files are checked
//! against and what editors are given.

mod data;
mod file;
mod ood;
mod sweep;
mod tables;

pub use data::{RawAugment, RawData, RawEnergyMargin, RawLabels, RawOutlierExposure};
pub use file::{RawExpectation, RawReport, RawSpec, Scale, Statistic, Tables};
pub use ood::RawOod;
pub use sweep::{MAX_SEEDS, RawAxes, RawSeeds, RawSweep};
pub use tables::{
    RawAdam, RawCnn, RawCorruptions, RawDivergence, RawEvaluate, RawLongChains, RawMlp, RawModel,
    RawObjective, RawOptimizer, RawReplayBuffer, RawResources, RawSampler, RawTrain,
};
