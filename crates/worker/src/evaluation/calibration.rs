//! A temperature fitted on held-out examples, and calibration before and
//! after it.

use std::error::Error;

use jem_core::results::{self, ReliabilityBin};
use jem_core::spec::Calibration;

use super::held_out::{on_test, on_validation};
use super::part::{Found, Look, Subject};
use crate::eval::metric::{
    Logits, MetricError, Predictions, calibration_error, classwise_ece, confidence_gap,
    ece_adaptive, reliability_bins, temperature,
};
use crate::eval::{Values, diagram};

/// Fits the temperature on the validation split and measures the test set.
///
/// # Errors
/// When logits are not finite, nothing was held out, or `look` fails.
pub fn measure(
    asked: &Calibration,
    subject: &Subject<'_>,
    look: Look<'_>,
) -> Result<Found, Box<dyn Error>> {
    look("validation")?;
    let held_out = on_validation(subject)
        .ok_or("no example was held out to fit a temperature on: set data.validation")?;
    let validation = Logits::new(&held_out.logits, held_out.classes)?;
    let fitted = temperature(&validation, &held_out.labels);
    look("test")?;
    let outputs = on_test(subject, "calibration");
    let test = Logits::new(&outputs.logits, outputs.classes)?;
    let labels = outputs.labels.as_slice();

    let mut found = Found::default();
    for &bins in &asked.bins {
        let path = format!("calib/classwise_ece/bins={bins}");
        found.values.put_or_why(path, classwise_ece(&test, labels, bins as usize));
    }
    found.values.put_or_why("calib/temperature".to_owned(), fitted.clone());
    let bins = asked.bins.first().copied().unwrap_or_default() as usize;
    let after = match fitted.clone().and_then(|t| test.divided_by(t)) {
        Ok(scaled) => {
            put_scaled(&mut found.values, &scaled, labels, &asked.bins)?;
            reliability(&scaled, labels, bins)?
        }
        Err(why) => {
            for path in paths(&asked.bins) {
                found.values.put_or_why(path, Err(why.clone()));
            }
            Vec::new()
        }
    };
    let file = results::Calibration {
        temperature: fitted.ok(),
        n_validation: held_out.labels.len() as u64,
        before: reliability(&test, labels, bins)?,
        after,
    };
    found.files.push((results::CALIBRATION, serde_json::to_vec_pretty(&file)?));
    Ok(found)
}

/// What is measured on scaled logits.
fn put_scaled(
    values: &mut Values,
    scaled: &Logits,
    labels: &[i64],
    bins: &[u64],
) -> Result<(), MetricError> {
    let predictions = Predictions::new(scaled, labels)?;
    let (confidences, correct) = (predictions.confidences(), predictions.correct());
    values.put("calib_scaled/nll".to_owned(), predictions.nll());
    values.put("calib_scaled/brier".to_owned(), predictions.brier());
    values.put("calib_scaled/gap".to_owned(), confidence_gap(confidences, correct)?);
    for &bins in bins {
        let m = bins as usize;
        let equal = reliability_bins(confidences, correct, m).map(|b| calibration_error(&b));
        values.put_or_why(format!("calib_scaled/ece/bins={bins}"), equal);
        let adaptive = ece_adaptive(confidences, correct, m);
        values.put_or_why(format!("calib_scaled/ece_adaptive/bins={bins}"), adaptive);
        let classwise = classwise_ece(scaled, labels, m);
        values.put_or_why(format!("calib_scaled/classwise_ece/bins={bins}"), classwise);
    }
    Ok(())
}

/// The paths of [`put_scaled`].
fn paths(bins: &[u64]) -> Vec<String> {
    let mut paths = ["nll", "brier", "gap"].map(|name| format!("calib_scaled/{name}")).to_vec();
    for m in bins {
        let names = ["ece", "ece_adaptive", "classwise_ece"];
        paths.extend(names.map(|name| format!("calib_scaled/{name}/bins={m}")));
    }
    paths
}

fn reliability(
    logits: &Logits,
    labels: &[i64],
    bins: usize,
) -> Result<Vec<ReliabilityBin>, MetricError> {
    let predictions = Predictions::new(logits, labels)?;
    let bins = reliability_bins(predictions.confidences(), predictions.correct(), bins)?;
    Ok(diagram(&bins))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_after_scaling_has_the_paths_that_are_named_where_it_cannot_be() {
        let logits = Logits::new(&[2.0, 0.0, 0.5, 1.0, 1.0, 0.0], 2).unwrap();
        let mut values = Values::default();
        put_scaled(&mut values, &logits, &[0, 1, 1], &[15, 20]).unwrap();
        let mut wanted = paths(&[15, 20]);
        wanted.sort();
        let put: Vec<&String> = values.metrics.keys().collect();
        assert_eq!(put, wanted.iter().collect::<Vec<_>>());
        for path in wanted {
            assert!(jem_core::metric::describe(&path).is_some(), "{path}");
        }
    }
}
