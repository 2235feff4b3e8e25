//! Near and far out-of-distribution sets, and those for validation.

use super::metric::{Logits, MetricError, Score, detection};
use super::{Outputs, Values};

/// What is averaged over the sets of a group.
const AVERAGED: [&str; 5] =
    ["auroc", "aupr_in", "aupr_out", "fpr95_id_positive", "fpr95_ood_positive"];

/// Adds, for each of `scores`, the means of AUROC, of AUPR both ways and of
/// FPR95 by both conventions over the sets named in `near`, and over those in
/// `far` (OpenOOD's two tables), with equal weight for each set. Where one set
/// has no value the mean has none.
pub fn near_and_far(values: &mut Values, scores: &[&str], near: &[String], far: &[String]) {
    for (group, sets) in [("near", near), ("far", far)] {
        if sets.is_empty() {
            continue;
        }
        for (name, score) in AVERAGED.iter().flat_map(|name| scores.iter().map(move |s| (name, s)))
        {
            let value = |set: &String| {
                let of = format!("ood/{name}/{set}/{score}");
                values.metrics.get(&of).copied().ok_or(format!("{of} has no value"))
            };
            let sum = sets.iter().map(value).sum::<Result<f64, String>>();
            let path = format!("ood/{name}_{group}/{score}");
            values.put_or_why(path, sum.map(|sum| sum / sets.len() as f64));
        }
    }
}

/// Adds the AUROC of each score on each set for validation, against the outputs
/// on `id`: the images that training held out, so that what is chosen by these
/// metrics has seen no test image, or the test images where there are none.
///
/// # Errors
/// When a logit is not finite.
pub fn validation_ood(
    values: &mut Values,
    id: &Outputs,
    sets: &[(String, Outputs)],
) -> Result<(), MetricError> {
    let logits = Logits::new(&id.logits, id.classes)?;
    for (set, outputs) in sets {
        let outside = Logits::new(&outputs.logits, outputs.classes)?;
        for score in Score::ALL {
            let path = format!("ood_validation/auroc/{set}/{}", score.name());
            let found = detection(&score.of(&logits), &score.of(&outside));
            values.put_or_why(path, found.map(|found| found.auroc));
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use jem_core::metric::describe;

    #[test]
    fn a_group_is_the_mean_of_its_sets_and_has_none_where_one_has_none() {
        let mut measured = Values::default();
        for score in Score::ALL {
            let mut put = |metric: &str, set: &str, value| {
                measured.metrics.insert(format!("ood/{metric}/{set}/{}", score.name()), value)
            };
            for (place, metric) in AVERAGED.iter().enumerate() {
                let value = 0.0625 * place as f64;
                put(metric, "a", 0.5 + value);
                put(metric, "b", 0.75 + value);
            }
        }
        let names = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        let scores = Score::ALL.map(Score::name);
        near_and_far(&mut measured, &scores, &names(&["a", "b"]), &names(&["a", "c"]));
        for (place, metric) in AVERAGED.iter().enumerate() {
            let mean = measured.metrics[&format!("ood/{metric}_near/energy")];
            assert_eq!(mean, 0.625 + 0.0625 * place as f64, "{metric}");
            assert!(describe(&format!("ood/{metric}_far/energy")).is_some(), "{metric}");
        }
        assert!(measured.undefined["ood/auroc_far/entropy"].contains("ood/auroc/c/entropy"));
        let before = measured.metrics.len();
        near_and_far(&mut measured, &scores, &[], &[]);
        assert_eq!(measured.metrics.len(), before);
    }

    #[test]
    fn validation_sets_have_paths_of_their_own() {
        let outputs = |logits: &[f32]| Outputs {
            logits: logits.to_vec(),
            labels: vec![0; logits.len() / 2],
            classes: 2,
        };
        let mut measured = Values::default();
        let far = [("far".to_owned(), outputs(&[-1.0, -1.0, 5.0, 0.0]))];
        validation_ood(&mut measured, &outputs(&[4.0, 0.0, 2.0, 1.0]), &far).unwrap();
        // Energies −4.02 and −2.31 inside, −(−0.31) and −5.01 outside: 2 of 4 pairs.
        assert_eq!(measured.metrics["ood_validation/auroc/far/energy"], 0.5);
        assert!(!measured.metrics.contains_key("ood/auroc/far/energy"));
    }
}
