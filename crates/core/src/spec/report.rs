//! What is asked of an experiment's results: how they are shown, and the
//! values that show whether it worked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::published::Published;
pub use super::raw::{Scale, Statistic};

/// The pseudo-metric whose value is the share of trials that diverged.
pub const DIVERGED: &str = "trial/diverged";

/// How the report shows the results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The report's title.
    pub title: String,
    /// The swept path on the horizontal axis of charts; `None` when nothing
    /// is swept.
    pub x: Option<String>,
    /// The scale of that axis.
    pub x_scale: Scale,
    /// Published results that stand beside the experiment's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Published>,
}

/// A range that a metric is expected to fall in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The name of the check.
    pub name: String,
    /// The metric's name, or [`DIVERGED`].
    pub metric: String,
    /// The cells concerned: those that have all these values, path and typed
    /// value; all cells when empty.
    pub condition: Vec<(String, Value)>,
    /// The smallest value expected.
    pub min: Option<f64>,
    /// The largest value expected.
    pub max: Option<f64>,
    /// What is taken over the seeds of a cell.
    pub statistic: Statistic,
    /// Where the range comes from.
    pub source: String,
}

impl Expectation {
    /// Whether `value` is in the expected range; NaN never is.
    pub fn holds(&self, value: f64) -> bool {
        !value.is_nan()
            && self.min.is_none_or(|min| value >= min)
            && self.max.is_none_or(|max| value <= max)
    }
}
