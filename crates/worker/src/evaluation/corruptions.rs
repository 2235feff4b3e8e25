//! Accuracy and calibration on corrupted test images.

use std::error::Error;

use jem_core::dataset::LabelledImages;
use jem_core::results::{self, CorruptionPoint};
use jem_core::spec::Corruptions;

use super::part::{Found, Look, Subject};
use crate::data::corrupted;
use crate::eval::metric::{Logits, MetricError, Predictions, calibration_error, reliability_bins};

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
    let test = subject.test_images(asked.limit, "corruptions");
    // The same images as they are: ECE depends on how many there are.
    look("images as they are")?;
    let clean = measured(&test, subject)?;
    let mut points = Vec::new();
    for &kind in &asked.kinds {
        let point = |severity, (accuracy, ece)| {
            let n = test.len() as u64;
            CorruptionPoint { kind, severity, n, accuracy, ece }
        };
        points.push(point(0, clean));
        for severity in 1..=asked.severities {
            look(&format!("{} {severity}", results::corruption_name(kind)))?;
            points.push(point(severity, measured(&corrupted(&test, kind, severity), subject)?));
        }
    }
    for severity in 0..=asked.severities {
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

/// Accuracy and ECE on `images`.
fn measured(images: &LabelledImages, subject: &Subject<'_>) -> Result<(f64, f64), MetricError> {
    let outputs = subject.outputs(&subject.images(images), "test noise test");
    let logits = Logits::new(&outputs.logits, outputs.classes)?;
    let predictions = Predictions::new(&logits, &outputs.labels)?;
    let bins = reliability_bins(predictions.confidences(), predictions.correct(), BINS)?;
    Ok((predictions.accuracy(), calibration_error(&bins)))
}
