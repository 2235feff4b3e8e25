//! `[evaluate.calibration]` and `[evaluate.selective]`: how far a classifier's
//! confidence can be trusted, and what is gained by not answering.

use serde::{Deserialize, Serialize};

use super::constraint::Violation;
use super::resolved::{Evaluate, Training};

/// `[evaluate.calibration]`: a temperature fitted on the examples that
/// training held out, and calibration before and after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Numbers of bins of the calibration errors, each once; the diagram has
    /// the first.
    pub bins: Vec<u64>,
}

/// `[evaluate.selective]`: risk–coverage curves of scores and of their
/// combinations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selective {
    /// Points of a curve at most, evenly spaced in coverage.
    pub points: u64,
}

/// A temperature needs examples that the network was not trained on.
pub(super) fn check_calibration(
    evaluate: &Evaluate,
    training: &Training,
    found: &mut Vec<Violation>,
) {
    let Some(Calibration { bins }) = &evaluate.calibration else { return };
    if training.data.validation == 0 {
        found.push(Violation::new(
            "a temperature is to be fitted on held-out examples, and there are none".to_owned(),
            &["evaluate.calibration.bins", "data.validation"],
            "hold examples out of training with data.validation, such as 5000 of MNIST's 60,000",
        ));
    }
    if let Some(index) = (1..bins.len()).find(|index| bins[..*index].contains(&bins[*index])) {
        found.push(Violation::new(
            format!("{} bins are listed twice", bins[index]),
            &["evaluate.calibration.bins"],
            "list each number of bins once",
        ));
    }
}
