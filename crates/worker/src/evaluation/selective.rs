//! Selective classification: what energy, max softmax and their combinations
//! gain by leaving the least certain inputs unanswered.

use std::error::Error;

use jem_core::results::{self, RiskCurve};
use jem_core::spec::Selective;

use super::held_out::{on_test, on_validation};
use super::part::{Found, Look, Subject};
use crate::eval::metric::{
    ErrorModel, Logits, MetricError, Predictions, Score, aurc, error_auroc, excess_aurc, rank_mean,
    risk_curve, selective_risk,
};
use crate::eval::{Outputs, Values};

/// Coverages at which the risk is a metric, in percent.
const PERCENTS: [usize; 3] = [80, 90, 95];

/// Scores the test set by energy, by max softmax, by the mean of their ranks,
/// and by a logistic regression on both that was fitted on the validation
/// split.
///
/// # Errors
/// When logits are not finite, or `look` fails.
pub fn measure(
    asked: &Selective,
    subject: &Subject<'_>,
    look: Look<'_>,
) -> Result<Found, Box<dyn Error>> {
    look("validation")?;
    let model = match on_validation(subject) {
        None => Err("no example was held out to fit it on: data.validation = 0".to_owned()),
        Some(held_out) => fitted(&held_out)?.map_err(|why| why.to_string()),
    };
    look("test")?;
    let (mut found, curves) =
        measured(&on_test(subject, "selective"), model, asked.points as usize)?;
    found.files.push((results::SELECTIVE, serde_json::to_vec(&curves)?));
    Ok(found)
}

/// The combination, or why it cannot be fitted.
fn fitted(held_out: &Outputs) -> Result<Result<ErrorModel, MetricError>, MetricError> {
    let logits = Logits::new(&held_out.logits, held_out.classes)?;
    let predictions = Predictions::new(&logits, &held_out.labels)?;
    Ok(ErrorModel::fit(&logits, predictions.correct()))
}

fn measured(
    test: &Outputs,
    model: Result<ErrorModel, String>,
    points: usize,
) -> Result<(Found, Vec<RiskCurve>), MetricError> {
    let logits = Logits::new(&test.logits, test.classes)?;
    let predictions = Predictions::new(&logits, &test.labels)?;
    let correct = predictions.correct();
    let (mut found, mut curves) = (Found::default(), Vec::new());
    let [energy, softmax] = [Score::Energy, Score::MaxSoftmax].map(|score| score.of(&logits));
    let ranks = rank_mean(&energy, &softmax)?;
    let mut scores = vec![
        (Score::Energy.name(), energy),
        (Score::MaxSoftmax.name(), softmax),
        (results::RANK_MEAN, ranks),
    ];
    match model.and_then(|model| model.scores(&logits).map_err(|why| why.to_string())) {
        Ok(combined) => scores.push((results::LOGISTIC, combined)),
        Err(why) => {
            for path in paths(results::LOGISTIC) {
                found.values.put_or_why(path, Err(why.clone()));
            }
        }
    }
    for (name, scores) in &scores {
        put(&mut found.values, name, scores, correct);
        let curve = risk_curve(scores, correct, points)?;
        curves.push(RiskCurve {
            score: (*name).to_owned(),
            n: correct.len() as u64,
            answered: curve.iter().map(|point| point.answered as u64).collect(),
            risk: curve.iter().map(|point| point.risk).collect(),
        });
    }
    Ok((found, curves))
}

/// AUROC and AURC of energy and max softmax by themselves are among what every
/// evaluation measures.
fn put(values: &mut Values, name: &str, scores: &[f64], correct: &[bool]) {
    if combined(name) {
        values.put_or_why(format!("error/auroc/{name}"), error_auroc(scores, correct));
        values.put_or_why(format!("error/aurc/{name}"), aurc(scores, correct));
    }
    values.put_or_why(format!("error/excess_aurc/{name}"), excess_aurc(scores, correct));
    for percent in PERCENTS {
        let path = format!("error/risk/{name}/percent={percent}");
        values.put_or_why(path, selective_risk(scores, correct, percent));
    }
}

fn combined(name: &str) -> bool {
    [results::RANK_MEAN, results::LOGISTIC].contains(&name)
}

/// The paths of [`put`] for a combination.
fn paths(name: &str) -> Vec<String> {
    let mut paths: Vec<String> =
        ["auroc", "aurc", "excess_aurc"].map(|metric| format!("error/{metric}/{name}")).to_vec();
    paths.extend(PERCENTS.map(|percent| format!("error/risk/{name}/percent={percent}")));
    paths
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn outputs() -> Outputs {
        let logits = vec![4.0, 0.0, 0.0, 3.0, 2.0, 1.0, 0.5, 0.0];
        Outputs { logits, labels: vec![0, 1, 1, 0], classes: 2 }
    }

    #[test]
    fn every_score_has_a_curve_that_ends_at_the_error_rate() {
        let model = fitted(&outputs()).unwrap().map_err(|why| why.to_string());
        let (found, curves) = measured(&outputs(), model, 200).unwrap();
        let names: Vec<&str> = curves.iter().map(|curve| curve.score.as_str()).collect();
        assert_eq!(names, ["energy", "max_softmax", "rank_mean", "logistic"]);
        for curve in &curves {
            assert_eq!(curve.answered, [1, 2, 3, 4]);
            assert_eq!(curve.risk.last(), Some(&0.25));
        }
        // Max softmax puts the error third: 0, 0, 1/3, 1/4.
        assert_eq!(curves[1].risk[2], 1.0 / 3.0);
        for path in paths("rank_mean").iter().chain(&paths("logistic")) {
            assert!(found.values.metrics.contains_key(path), "{path}");
            assert!(jem_core::metric::describe(path).is_some(), "{path}");
        }
        assert!(!found.values.metrics.contains_key("error/aurc/energy"));
    }

    #[test]
    fn without_held_out_examples_the_fitted_combination_is_undefined_and_says_why() {
        let (found, curves) = measured(&outputs(), Err("none was held out".into()), 2).unwrap();
        assert_eq!(curves.len(), 3);
        assert!(paths("logistic").iter().all(|path| {
            found.values.undefined.get(path).is_some_and(|why| why == "none was held out")
        }));
    }
}
