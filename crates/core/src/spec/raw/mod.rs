//! The spec as written: every field optional, ranges and descriptions on the
//! fields. The JSON Schema made from these types is what files are checked
//! against and what editors are given.

mod attacks;
mod data;
mod file;
mod generation;
mod likelihood;
mod model;
mod ood;
mod optimizer;
mod purification;
mod sweep;
mod tables;

pub use attacks::RawAttacks;
pub use data::{RawAugment, RawData, RawEnergyMargin, RawLabels, RawOutlierExposure};
pub use file::{RawExpectation, RawReport, RawSpec, Scale, Statistic, Tables};
pub use generation::RawGeneration;
pub use likelihood::RawLikelihood;
pub use model::{RawCnn, RawMlp, RawModel, RawWrn};
pub use ood::RawOod;
pub use optimizer::{RawAdam, RawAdamW, RawOptimizer, RawSgd};
pub use purification::{RawDescent, RawLangevinPurifier, RawPurification};
pub use sweep::{MAX_SEEDS, RawAxes, RawSeeds, RawSweep};
pub use tables::{
    RawCalibration, RawCorruptions, RawDivergence, RawEvaluate, RawLongChains, RawObjective,
    RawReplayBuffer, RawResources, RawSampler, RawScores, RawSelective, RawTrain,
};
