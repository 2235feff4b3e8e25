//! The evaluation metrics: pure functions from slices to numbers.
//!
//! No tensors, no files, no random numbers. Everything is computed in `f64`,
//! costs at most `O(n log n)`, sums in a fixed order and sorts by
//! `f64::total_cmp`, so the same input gives the same bits every time. Rank
//! metrics take tied scores together: they do not depend on the order in which
//! the inputs arrive.
//!
//! A score is oriented once, higher = more out-of-distribution (or more likely
//! wrong), and every function here takes it in that orientation.

mod calibration;
mod classification;
mod classwise;
mod combination;
mod error;
mod inception_score;
mod logits;
mod mixing;
mod normal_quantile;
mod ood;
mod ranking;
mod reliability;
mod score;
mod summary;
mod temperature;

pub use calibration::{
    ReliabilityBin, adaptive_bins, calibration_error, confidence_gap, ece, ece_adaptive,
    max_calibration_error, mce, reliability_bins,
};
pub use classification::Predictions;
pub use classwise::classwise_ece;
pub use combination::{ErrorModel, rank_mean};
pub use error::MetricError;
pub(super) use error::check_finite;
pub use inception_score::inception_score;
pub use logits::Logits;
pub use mixing::{ess_bulk, ess_mean, rank_rhat, split_rhat};
pub use ood::{Detection, detection};
pub use reliability::{RiskPoint, aurc, error_auroc, excess_aurc, risk_curve, selective_risk};
pub use score::Score;
pub use summary::{SharedHistogram, Summary, shared_histogram, summary};
pub use temperature::temperature;
