//! Why a metric has no value.

use std::fmt;

/// Why a metric cannot be computed from what it was given.
///
/// `what` names the input as the metric's documentation does; an `index` counts
/// from zero in the slice that was passed (row-major for `[n, k]`).
#[derive(Clone, Debug, PartialEq)]
pub enum MetricError {
    /// An input without a single value.
    Empty {
        /// The empty input.
        what: &'static str,
    },
    /// A score that is NaN and so has no place in any order. Infinite scores
    /// have one and are accepted.
    NotANumber {
        /// The input that holds it.
        what: &'static str,
        /// Its place in that input.
        index: usize,
    },
    /// NaN or an infinity where arithmetic needs a finite number.
    NotFinite {
        /// The input that holds it.
        what: &'static str,
        /// Its place in that input.
        index: usize,
        /// The value itself.
        value: f64,
    },
    /// A confidence outside `[0, 1]`, such as a logit passed by mistake.
    NotAProbability {
        /// Its place among the confidences.
        index: usize,
        /// The value itself.
        value: f64,
    },
    /// Two inputs whose lengths do not fit together.
    ShapeMismatch {
        /// Which length is wrong, and what decides it.
        what: &'static str,
        /// The length that would fit.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// A label that names no class.
    LabelOutOfRange {
        /// Its place among the labels.
        index: usize,
        /// The label.
        label: i64,
        /// How many classes the logits have.
        classes: usize,
    },
    /// A rank metric between two groups of which one is empty, such as error
    /// detection where every prediction is right: it has no value, not 0 or 1.
    SingleClass {
        /// The group that is missing.
        missing: &'static str,
        /// How many inputs the other group has.
        n: usize,
    },
    /// Values that are all alike, where their spread is divided by.
    Constant {
        /// The input.
        what: &'static str,
    },
    /// A fit whose loss falls for ever.
    NoMinimum {
        /// Why it does.
        why: &'static str,
    },
    /// A histogram or calibration error over zero bins.
    NoBins,
    /// A score name that stands for no score.
    UnknownScore {
        /// The name as given.
        name: String,
    },
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { what } => write!(f, "no {what}: at least one is needed"),
            Self::NotANumber { what, index } => {
                write!(f, "{what}: value {index} is NaN; every value except NaN is accepted")
            }
            Self::NotFinite { what, index, value } => {
                write!(f, "{what}: value {index} is {value}; only finite numbers are accepted")
            }
            Self::NotAProbability { index, value } => write!(
                f,
                "confidences: value {index} is {value}; accepted are probabilities from 0 to 1"
            ),
            Self::ShapeMismatch { what, expected, found } => {
                write!(f, "{what}: expected {expected}, found {found}")
            }
            Self::LabelOutOfRange { index, label, classes } => write!(
                f,
                "labels: value {index} is {label}; accepted are 0 to {} for {classes} classes",
                classes.saturating_sub(1)
            ),
            Self::SingleClass { missing, n } => {
                write!(f, "no {missing} among {n} inputs: detecting them has no value")
            }
            Self::Constant { what } => {
                write!(f, "{what}: all values are the same; a spread above 0 is needed")
            }
            Self::NoMinimum { why } => f.write_str(why),
            Self::NoBins => write!(f, "0 bins: at least one is needed"),
            Self::UnknownScore { name } => {
                write!(f, "unknown score `{name}`; accepted are ")?;
                for (i, score) in super::Score::ALL.into_iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}`{score}`")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for MetricError {}

/// An error unless `values` holds at least one value and no NaN.
pub(super) fn check_orderable<S: Copy + Into<f64>>(
    what: &'static str,
    values: &[S],
) -> Result<(), MetricError> {
    if values.is_empty() {
        return Err(MetricError::Empty { what });
    }
    match values.iter().position(|&v| v.into().is_nan()) {
        Some(index) => Err(MetricError::NotANumber { what, index }),
        None => Ok(()),
    }
}

/// An error unless `values` holds at least one value and only finite ones.
pub(in crate::eval) fn check_finite<S: Copy + Into<f64>>(
    what: &'static str,
    values: &[S],
) -> Result<(), MetricError> {
    if values.is_empty() {
        return Err(MetricError::Empty { what });
    }
    for (index, &value) in values.iter().enumerate() {
        let value = value.into();
        if !value.is_finite() {
            return Err(MetricError::NotFinite { what, index, value });
        }
    }
    Ok(())
}

/// An error unless `found` is `expected`.
pub(super) fn check_len(
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), MetricError> {
    if expected == found {
        return Ok(());
    }
    Err(MetricError::ShapeMismatch { what, expected, found })
}
