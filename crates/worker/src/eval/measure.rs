//! From outputs to metrics: which function under which path.

use jem_core::results::{Energies, Histogram, ReliabilityBin};

use super::metric::{
    self, Detection, Logits, MetricError, Predictions, Score, aurc, calibration_error,
    confidence_gap, detection, ece_adaptive, error_auroc, max_calibration_error, reliability_bins,
    shared_histogram, summary,
};
use super::{Outputs, Values};

/// Bins of the reliability diagram, of MCE and of the adaptive ECE (Guo et
/// al. 2017).
const DIAGRAM_BINS: usize = 15;
/// Bins of the energy histograms.
const ENERGY_BINS: usize = 40;

/// All that is measured on one trial.
#[derive(Debug, Default)]
pub struct Measured {
    /// The metrics.
    pub values: Values,
    /// The reliability diagram of the test set.
    pub reliability: Vec<ReliabilityBin>,
    /// Histograms of E(x) with shared edges.
    pub energies: Energies,
}

/// Measures the outputs on the test set, and on each out-of-distribution set
/// by name. `ece_bins` are the numbers of equal-width bins for ECE.
///
/// # Errors
/// When a logit is not finite, or the test set is empty.
pub fn measure(
    test: &Outputs,
    ood: &[(String, Outputs)],
    ece_bins: &[u64],
) -> Result<Measured, MetricError> {
    let mut measured = Measured::default();
    let logits = Logits::new(&test.logits, test.classes)?;
    let predictions = Predictions::new(&logits, &test.labels)?;
    classification(&mut measured, &predictions, ece_bins)?;
    let sets = ood
        .iter()
        .map(|(name, set)| Ok((name.as_str(), Logits::new(&set.logits, set.classes)?)))
        .collect::<Result<Vec<_>, MetricError>>()?;
    for score in Score::ALL {
        let id = score.of(&logits);
        let name = score.name();
        let correct = predictions.correct();
        measured.values.put_or_why(format!("error/auroc/{name}"), error_auroc(&id, correct));
        measured.values.put_or_why(format!("error/aurc/{name}"), aurc(&id, correct));
        for (set, logits) in &sets {
            let found = detection(&id, &score.of(logits));
            put_sizes(&mut measured.values, set, &found);
            put_detection(&mut measured.values, set, name, found);
        }
    }
    energies(&mut measured, &logits, &predictions, &sets)?;
    Ok(measured)
}

fn classification(
    measured: &mut Measured,
    predictions: &Predictions,
    ece_bins: &[u64],
) -> Result<(), MetricError> {
    let (confidences, correct) = (predictions.confidences(), predictions.correct());
    measured.values.put("clf/accuracy".to_owned(), predictions.accuracy());
    measured.values.put("clf/nll".to_owned(), predictions.nll());
    measured.values.put("clf/brier".to_owned(), predictions.brier());
    measured.values.put("clf/n".to_owned(), correct.len() as f64);
    measured.values.put("calib/gap".to_owned(), confidence_gap(confidences, correct)?);
    put_ece(&mut measured.values, "calib", predictions, ece_bins);
    let adaptive = ece_adaptive(confidences, correct, DIAGRAM_BINS);
    measured.values.put_or_why(format!("calib/ece_adaptive/bins={DIAGRAM_BINS}"), adaptive);
    let bins = reliability_bins(confidences, correct, DIAGRAM_BINS)?;
    let mce = max_calibration_error(&bins);
    measured.reliability = diagram(&bins);
    measured.values.put(format!("calib/mce/bins={DIAGRAM_BINS}"), mce);
    Ok(())
}

/// Adds accuracy, NLL, ECE and the mean energy on the images that training held
/// out: what settings are chosen by.
///
/// # Errors
/// When a logit is not finite, or there is no image.
pub fn on_held_out(
    values: &mut Values,
    held_out: &Outputs,
    ece_bins: &[u64],
) -> Result<(), MetricError> {
    let logits = Logits::new(&held_out.logits, held_out.classes)?;
    let predictions = Predictions::new(&logits, &held_out.labels)?;
    values.put("validation/accuracy".to_owned(), predictions.accuracy());
    values.put("validation/nll".to_owned(), predictions.nll());
    let energy = summary(&Score::Energy.of(&logits)).map(|energies| energies.mean);
    values.put_or_why("energy/mean/validation".to_owned(), energy);
    put_ece(values, "validation", &predictions, ece_bins);
    Ok(())
}

/// Adds the ECE by each number of equal-width bins, as `<group>/ece/bins=<m>`.
fn put_ece(values: &mut Values, group: &str, predictions: &Predictions, ece_bins: &[u64]) {
    let (confidences, correct) = (predictions.confidences(), predictions.correct());
    for &bins in ece_bins {
        let found = reliability_bins(confidences, correct, bins as usize);
        let path = format!("{group}/ece/bins={bins}");
        values.put_or_why(path, found.map(|bins| calibration_error(&bins)));
    }
}

/// `bins` as they are kept.
pub fn diagram(bins: &[metric::ReliabilityBin]) -> Vec<ReliabilityBin> {
    let kept = |bin: &metric::ReliabilityBin| ReliabilityBin {
        lo: bin.lo,
        hi: bin.hi,
        count: bin.count as u64,
        confidence: bin.confidence,
        accuracy: bin.accuracy,
    };
    bins.iter().map(kept).collect()
}

/// Adds what tells how well `score` tells the inputs of `set`.
pub fn put_detection(
    values: &mut Values,
    set: &str,
    score: &str,
    found: Result<Detection, MetricError>,
) {
    type Field = fn(&Detection) -> f64;
    let fields: [(&str, Field); 5] = [
        ("auroc", |d| d.auroc),
        ("aupr_in", |d| d.aupr_in),
        ("aupr_out", |d| d.aupr_out),
        ("fpr95_id_positive", |d| d.fpr95_id_positive),
        ("fpr95_ood_positive", |d| d.fpr95_ood_positive),
    ];
    for (name, field) in fields {
        let value = found.as_ref().map(field).map_err(Clone::clone);
        values.put_or_why(format!("ood/{name}/{set}/{score}"), value);
    }
}

fn put_sizes(values: &mut Values, set: &str, found: &Result<Detection, MetricError>) {
    if let Ok(found) = found {
        values.metrics.insert(format!("ood/n_id/{set}"), found.n_id as f64);
        values.metrics.insert(format!("ood/n_ood/{set}"), found.n_ood as f64);
    }
}

/// Means and standard deviations of E(x) per set, and the histograms.
fn energies(
    measured: &mut Measured,
    test: &Logits,
    predictions: &Predictions,
    ood: &[(&str, Logits)],
) -> Result<(), MetricError> {
    let of_test = Score::Energy.of(test);
    let half = |wanted: bool| -> Vec<f64> {
        let pairs = of_test.iter().zip(predictions.correct());
        pairs.filter(|(_, correct)| **correct == wanted).map(|(e, _)| *e).collect()
    };
    let mut groups = vec![("correct", half(true)), ("misclassified", half(false))];
    groups.extend(ood.iter().map(|(name, logits)| (*name, Score::Energy.of(logits))));
    for (name, values) in
        std::iter::once(("test", &of_test)).chain(groups.iter().map(|(n, v)| (*n, v)))
    {
        let found = summary(values);
        measured.values.put_or_why(
            format!("energy/mean/{name}"),
            found.as_ref().map(|s| s.mean).map_err(Clone::clone),
        );
        let sd = found.and_then(|s| s.sd.ok_or(MetricError::Empty { what: "second value" }));
        measured.values.put_or_why(format!("energy/sd/{name}"), sd);
    }
    let values: Vec<&[f64]> = groups.iter().map(|(_, values)| values.as_slice()).collect();
    let shared = shared_histogram(&values, ENERGY_BINS)?;
    let labelled = groups.iter().zip(shared.counts);
    measured.energies = Energies {
        edges: shared.edges,
        histograms: labelled
            .map(|((label, _), counts)| Histogram { label: (*label).to_owned(), counts })
            .collect(),
    };
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn outputs(logits: &[f32], labels: &[i64]) -> Outputs {
        Outputs { logits: logits.to_vec(), labels: labels.to_vec(), classes: 2 }
    }

    #[test]
    fn every_set_and_score_gets_its_paths_and_the_numbers_of_the_hand() {
        let test = outputs(&[4.0, 0.0, 0.0, 3.0, 2.0, 1.0], &[0, 1, 1]);
        let far = outputs(&[-1.0, -1.0, -2.0, -2.0], &[0, 0]);
        let measured = measure(&test, &[("far".to_owned(), far)], &[15, 20]).unwrap();
        let m = &measured.values.metrics;
        assert!((m["clf/accuracy"] - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(m["ood/auroc/far/energy"], 1.0);
        assert_eq!(m["ood/fpr95_id_positive/far/energy"], 0.0);
        assert_eq!((m["ood/n_id/far"], m["ood/n_ood/far"]), (3.0, 2.0));
        assert!((m["energy/mean/far"] - (1.5 - 2f64.ln())).abs() < 1e-9);
        assert!(m.contains_key("calib/ece/bins=20"));
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let confidence = (sigmoid(4.0) + sigmoid(3.0) + sigmoid(1.0)) / 3.0;
        assert!((m["calib/gap"] - (confidence - 2.0 / 3.0)).abs() < 1e-12);
        assert_eq!(m["clf/n"], 3.0);
        let counts: u64 = measured.energies.histograms.iter().flat_map(|h| &h.counts).sum();
        assert_eq!(counts, 5);
    }

    #[test]
    fn a_perfect_classifier_has_no_error_auroc_and_says_why() {
        let test = outputs(&[4.0, 0.0, 0.0, 3.0], &[0, 1]);
        let measured = measure(&test, &[], &[15]).unwrap();
        assert!(measured.values.undefined.contains_key("error/auroc/energy"));
        assert!(measured.values.undefined.contains_key("energy/mean/misclassified"));
        assert_eq!(measured.values.metrics["clf/accuracy"], 1.0);
    }

    #[test]
    fn held_out_images_have_metrics_of_their_own() {
        let mut values = Values::default();
        on_held_out(&mut values, &outputs(&[4.0, 0.0, 0.0, 3.0, 2.0, 1.0], &[0, 1, 1]), &[15])
            .unwrap();
        assert!((values.metrics["validation/accuracy"] - 2.0 / 3.0).abs() < 1e-12);
        assert!(values.metrics.contains_key("validation/ece/bins=15"));
        assert!(values.metrics["energy/mean/validation"] < -2.0);
        assert!(!values.metrics.contains_key("clf/accuracy"));
    }

    #[test]
    fn a_logit_that_is_not_finite_is_an_error() {
        assert!(measure(&outputs(&[f32::NAN, 0.0], &[0]), &[], &[15]).is_err());
    }
}
