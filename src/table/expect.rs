//! The results against what was expected of them.

use jem_core::spec::{DIVERGED, Expectation, Statistic};

use super::cells::groups;
use super::label::cell_label;
use super::{Results, TrialResult};

/// An expectation, checked on one cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The name of the check.
    pub name: String,
    /// The metric's path.
    pub metric: String,
    /// What was taken over the seeds: `mean`, `min`, `max`, `median`.
    pub statistic: &'static str,
    /// The cell, by its swept values.
    pub cell: String,
    /// How many values the statistic was taken over.
    pub n: usize,
    /// The value found; none where no trial has one.
    pub value: Option<f64>,
    /// The smallest value expected.
    pub min: Option<f64>,
    /// The largest value expected.
    pub max: Option<f64>,
    /// Whether the value is there and in the range.
    pub holds: bool,
    /// Where the range comes from.
    pub source: String,
}

/// Every expectation on every cell that it is about: in the order of the
/// expectations, then of the cells. One whose cells are all missing is there
/// once, without a value.
pub fn check(results: &Results) -> Vec<Checked> {
    let groups = groups(results);
    let mut all = Vec::new();
    for (place, expectation) in results.experiment.expect.iter().enumerate() {
        let concerned: Vec<&Vec<&TrialResult>> = groups
            .iter()
            .filter(|group| group.iter().any(|trial| trial.concerned_by.contains(&place)))
            .collect();
        if concerned.is_empty() {
            all.push(checked(expectation, "no trial is done".to_owned(), Vec::new()));
        }
        for trials in concerned {
            let label = cell_label(&results.axes, &trials[0].values);
            all.push(checked(expectation, label, values(&expectation.metric, trials)));
        }
    }
    all
}

/// The values of `metric`; for [`DIVERGED`], 1 where a trial diverged, else 0.
fn values(metric: &str, trials: &[&TrialResult]) -> Vec<f64> {
    if metric == DIVERGED {
        return trials.iter().map(|trial| f64::from(u8::from(trial.outcome.diverged()))).collect();
    }
    trials.iter().filter_map(|trial| trial.metrics.get(metric).copied()).collect()
}

fn checked(expectation: &Expectation, cell: String, values: Vec<f64>) -> Checked {
    // The share of trials that diverged is a mean, whatever is asked of metrics.
    let statistic = match expectation.metric.as_str() {
        DIVERGED => Statistic::Mean,
        _ => expectation.statistic,
    };
    let value = over_seeds(statistic, &values);
    Checked {
        name: expectation.name.clone(),
        metric: expectation.metric.clone(),
        statistic: match statistic {
            Statistic::Mean => "mean",
            Statistic::Min => "min",
            Statistic::Max => "max",
            Statistic::Median => "median",
        },
        cell,
        n: values.len(),
        value,
        min: expectation.min,
        max: expectation.max,
        holds: value.is_some_and(|value| expectation.holds(value)),
        source: expectation.source.clone(),
    }
}

fn over_seeds(statistic: Statistic, values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let (first, last) = (sorted.first()?, sorted.last()?);
    Some(match statistic {
        Statistic::Mean => values.iter().sum::<f64>() / n as f64,
        Statistic::Min => *first,
        Statistic::Max => *last,
        Statistic::Median => (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn expectations_are_checked_on_the_cells_they_are_about() {
        let checked = check(&sample::results());
        let found: Vec<_> =
            checked.iter().map(|c| (c.name.as_str(), c.cell.as_str(), c.value, c.holds)).collect();
        assert_eq!(
            found,
            [
                ("learns", "lambda=0", Some(0.8125), true),
                ("learns", "lambda=0.1", Some(0.75), true),
                ("large λ diverges", "lambda=10", Some(1.0), true),
            ]
        );
    }

    #[test]
    fn the_share_of_diverged_trials_is_a_mean() {
        let mut results = sample::results();
        results.trials.iter_mut().for_each(|trial| trial.concerned_by = vec![1]);
        results.experiment.expect[1].statistic = Statistic::Max;
        let shares: Vec<_> = check(&results).into_iter().skip(1).map(|c| (c.value, c.n)).collect();
        assert_eq!(shares, [(Some(0.0), 3), (Some(0.5), 2), (Some(1.0), 2)]);
    }

    #[test]
    fn what_has_no_value_does_not_hold() {
        let mut results = sample::results();
        results.trials.iter_mut().for_each(|trial| trial.concerned_by = vec![0]);
        let checked = check(&results);
        let diverged = checked.iter().find(|c| c.cell == "lambda=10").cloned();
        assert_eq!(diverged.map(|c| (c.value, c.n, c.holds)), Some((None, 0, false)));
        let missing = checked.last().cloned();
        assert_eq!(
            missing.map(|c| (c.cell, c.holds)),
            Some(("no trial is done".to_owned(), false))
        );
    }

    #[test]
    fn each_statistic_is_that_of_the_hand() {
        let values = [4.0, 1.0, 2.0, 3.0];
        let of = |statistic| over_seeds(statistic, &values);
        assert_eq!(of(Statistic::Mean), Some(2.5));
        assert_eq!(of(Statistic::Median), Some(2.5));
        assert_eq!((of(Statistic::Min), of(Statistic::Max)), (Some(1.0), Some(4.0)));
        assert_eq!(over_seeds(Statistic::Median, &values[..3]), Some(2.0));
        assert_eq!(over_seeds(Statistic::Min, &[]), None);
    }
}
