//! Accuracy and calibration on corrupted test images.

use std::error::Error;

use jem_core::results::{self, CorruptionPoint};
use jem_core::spec::Corruptions;

use super::part::{Found, Look, Subject};
use crate::data::{corrupted, first};
use crate::eval::metric::{Logits, Predictions, calibration_error, reliability_bins};

/// Bins of the expected calibration error.
const BINS: usize = 15;

/// Every kind at every severity, and their means by severity.
///
/// # Errors
/// When the logits are not finite, or `look` fails.
pub fn measure(
    asked: &Corruptions,
    subject: &Subject<'_>,
    look: Look<'_>,
) -> Result<Found, Box<dyn Error>> {
    let mut found = Found::default();
    let test = first(subject.test, asked.limit);
    let mut points = Vec::new();
    for &kind in &asked.kinds {
        for severity in 1..=asked.severities {
            look(&format!("{} {severity}", results::corruption_name(kind)))?;
            let images = corrupted(&test, kind, severity);
            let outputs = subject.outputs(&subject.images(&images), "test noise test");
            let logits = Logits::new(&outputs.logits, outputs.classes)?;
            let predictions = Predictions::new(&logits, &outputs.labels)?;
            let bins = reliability_bins(predictions.confidences(), predictions.correct(), BINS)?;
            points.push(CorruptionPoint {
                kind,
                severity,
                n: images.len() as u64,
                accuracy: predictions.accuracy(),
                ece: calibration_error(&bins),
            });
        }
    }
    for severity in 1..=asked.severities {
        let at: Vec<&CorruptionPoint> = points.iter().filter(|p| p.severity == severity).collect();
        let mean = |of: fn(&CorruptionPoint) -> f64| {
            at.iter().map(|point| of(point)).sum::<f64>() / at.len() as f64
        };
        let path = |name: &str| format!("corrupted/{name}/severity={severity}");
        found.values.put(path("mean_accuracy"), mean(|point| point.accuracy));
        found.values.put(path("mean_ece"), mean(|point| point.ece));
    }
    found.files.push((results::CORRUPTIONS, serde_json::to_vec_pretty(&points)?));
    Ok(found)
}
