//! Results as data frames.
//!
//! Ids and names are strings, values reals, counts unsigned, and the column of
//! a swept path has the type of its field: boolean, integer, real, or text,
//! which lists are as well. What is not there is null, never NaN or an empty
//! text.

use jem_core::metric::{Direction, describe};
use jem_core::results::Outcome;
use jem_core::spec::show_value;
use polars::prelude::*;
use serde_json::Value;

use super::cells::{cells, groups};
use super::hardware::hardware_of;
use super::label::metric_paths;
use super::{Results, Statistics, TableError, TrialResult};

/// One row a trial: `trial`, `cell`, `seed`, a column for each swept path,
/// `commit`, `accepted` (why a person accepted runs with other parts, where one
/// did), `hardware` (the models of processor that made it), `outcome` (`finished` or `diverged`), `diverged_step`, `restarts`, then a
/// column for each metric.
///
/// # Errors
/// When two columns would have the same name.
pub fn trials(results: &Results) -> Result<DataFrame, TableError> {
    let rows: Vec<&TrialResult> = results.trials.iter().collect();
    let mut columns = identity(results, &rows);
    let outcome = |trial: &&TrialResult| match trial.outcome {
        Outcome::Finished { .. } => ("finished", None),
        Outcome::Diverged(ref divergence) => ("diverged", Some(divergence.step)),
    };
    let (outcomes, steps): (Vec<&str>, Vec<Option<u64>>) = rows.iter().map(outcome).unzip();
    columns.push(column("outcome", outcomes));
    columns.push(column("diverged_step", steps));
    let restarts: Vec<u64> =
        rows.iter().map(|trial| trial.outcome.restarts().len() as u64).collect();
    columns.push(column("restarts", restarts));
    for path in metric_paths(results) {
        let values: Vec<Option<f64>> =
            rows.iter().map(|trial| trial.metrics.get(path).copied()).collect();
        columns.push(column(path, values));
    }
    Ok(DataFrame::new(rows.len(), columns)?)
}

/// One row a trial and metric: the columns that name the trial, `metric`,
/// `value`, `unit`, `direction`, and in `undefined` why there is no value.
///
/// # Errors
/// As [`trials`].
pub fn metrics(results: &Results) -> Result<DataFrame, TableError> {
    let paths = metric_paths(results);
    let mut rows = Vec::new();
    let (mut metrics, mut values, mut undefined) = (Vec::new(), Vec::new(), Vec::new());
    for trial in &results.trials {
        for path in &paths {
            let (value, why) = (trial.metrics.get(*path), trial.undefined.get(*path));
            if value.is_some() || why.is_some() {
                rows.push(trial);
                metrics.push(*path);
                values.push(value.copied());
                undefined.push(why.map(String::as_str));
            }
        }
    }
    let mut columns = identity(results, &rows);
    columns.extend(metric_columns(&metrics));
    columns.insert(columns.len() - 2, column("value", values));
    columns.push(column("undefined", undefined));
    Ok(DataFrame::new(rows.len(), columns)?)
}

/// One row a trial, point of its training curves and quantity: the columns
/// that name the trial, `epoch`, `step`, `metric`, `value`.
///
/// # Errors
/// As [`trials`].
pub fn epochs(results: &Results) -> Result<DataFrame, TableError> {
    let mut rows = Vec::new();
    let (mut epochs, mut steps) = (Vec::new(), Vec::new());
    let (mut metrics, mut values) = (Vec::new(), Vec::new());
    for trial in &results.trials {
        for epoch in &trial.epochs {
            for (path, value) in &epoch.means {
                rows.push(trial);
                epochs.push(epoch.epoch);
                steps.push(epoch.step);
                metrics.push(path.as_str());
                values.push(*value);
            }
        }
    }
    let mut columns = identity(results, &rows);
    columns.push(column("epoch", epochs));
    columns.push(column("step", steps));
    columns.push(column("metric", metrics));
    columns.push(column("value", values));
    Ok(DataFrame::new(rows.len(), columns)?)
}

/// One row a cell and metric: `cell`, a column for each swept path, `commit`,
/// `accepted`, `hardware`, `n` (the seeds with a value), `diverged` (the seeds
/// that diverged), `metric`, `mean`, `sd`, `min` and `max` (over the seeds), the
/// 95 % interval of the mean as `ci95_low`, `ci95_high` and `ci95_method` (see
/// [`super::Interval`]), `unit`, `direction`.
///
/// # Errors
/// As [`trials`].
pub fn cell_statistics(results: &Results) -> Result<DataFrame, TableError> {
    let (cells, groups) = (cells(results), groups(results));
    let paths = metric_paths(results);
    let each: Vec<_> = cells
        .iter()
        .zip(&groups)
        .flat_map(|(cell, group)| paths.iter().map(move |path| (cell, group, *path)))
        .collect();
    let statistics: Vec<_> = each.iter().map(|(cell, _, path)| cell.metrics.get(*path)).collect();
    let mut columns = vec![column(
        "cell",
        each.iter().map(|(cell, ..)| cell.cell.to_string()).collect::<Vec<_>>(),
    )];
    let first = each.iter().map(|(_, group, _)| group[0]).collect::<Vec<_>>();
    columns.extend(setting_columns(results, &first));
    let commits: Vec<String> = groups.iter().map(|group| commits_of(group)).collect();
    let repeated = commits.iter().flat_map(|commit| paths.iter().map(move |_| commit.as_str()));
    columns.push(column("commit", repeated.collect::<Vec<_>>()));
    let accepted: Vec<Option<String>> = groups.iter().map(|group| accepted_of(group)).collect();
    let repeated = accepted.iter().flat_map(|one| paths.iter().map(move |_| one.as_deref()));
    columns.push(column("accepted", repeated.collect::<Vec<Option<&str>>>()));
    let hardware: Vec<String> = groups.iter().map(|group| hardware_of(group)).collect();
    let repeated = hardware.iter().flat_map(|one| paths.iter().map(move |_| one.as_str()));
    columns.push(column("hardware", repeated.collect::<Vec<_>>()));
    let n = statistics.iter().map(|found| found.map_or(0, |found| found.values.len() as u64));
    columns.push(column("n", n.collect::<Vec<_>>()));
    let diverged = each.iter().map(|(cell, ..)| cell.diverged as u64);
    columns.push(column("diverged", diverged.collect::<Vec<_>>()));
    let [metric, unit, direction] = metric_columns(&each.iter().map(|e| e.2).collect::<Vec<_>>());
    columns.push(metric);
    let mean = statistics.iter().map(|found| found.map(|found| found.mean));
    columns.push(column("mean", mean.collect::<Vec<_>>()));
    let sd = statistics.iter().map(|found| found.and_then(|found| found.sd));
    columns.push(column("sd", sd.collect::<Vec<_>>()));
    columns.extend(interval_columns(&statistics));
    columns.extend([unit, direction]);
    Ok(DataFrame::new(each.len(), columns)?)
}

/// `min`, `max`, `ci95_low`, `ci95_high`, `ci95_method`.
fn interval_columns(statistics: &[Option<&Statistics>]) -> [Column; 5] {
    let real = |name: &str, of: &dyn Fn(&Statistics) -> Option<f64>| {
        column(name, statistics.iter().map(|found| of((*found)?)).collect::<Vec<Option<f64>>>())
    };
    let method = |found: &Option<&Statistics>| Some((*found)?.interval?.method.name());
    [
        real("min", &|found| Some(found.ends().0)),
        real("max", &|found| Some(found.ends().1)),
        real("ci95_low", &|found| Some(found.interval?.low)),
        real("ci95_high", &|found| Some(found.interval?.high)),
        column("ci95_method", statistics.iter().map(method).collect::<Vec<Option<&str>>>()),
    ]
}

/// Every commit of the trials, each once.
fn commits_of(trials: &[&TrialResult]) -> String {
    let mut commits: Vec<String> = Vec::new();
    for commit in trials.iter().map(|trial| trial.commit()) {
        if !commits.contains(&commit) {
            commits.push(commit);
        }
    }
    commits.join("; ")
}

/// Every reason for accepted runs among the trials, each once.
fn accepted_of(trials: &[&TrialResult]) -> Option<String> {
    let mut reasons: Vec<&str> = Vec::new();
    for reason in trials.iter().filter_map(|trial| trial.accepted.as_deref()) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// `trial`, `cell`, `seed`, a column for each swept path, `commit`, `accepted`
/// and `hardware`, for rows about these trials.
pub(super) fn identity(results: &Results, rows: &[&TrialResult]) -> Vec<Column> {
    let mut columns = vec![
        column("trial", rows.iter().map(|row| row.trial.to_string()).collect::<Vec<_>>()),
        column("cell", rows.iter().map(|row| row.cell.to_string()).collect::<Vec<_>>()),
        column("seed", rows.iter().map(|row| row.seed).collect::<Vec<_>>()),
    ];
    columns.extend(setting_columns(results, rows));
    columns.push(column("commit", rows.iter().map(|row| row.commit()).collect::<Vec<_>>()));
    let accepted: Vec<Option<&str>> = rows.iter().map(|row| row.accepted.as_deref()).collect();
    columns.push(column("accepted", accepted));
    let hardware: Vec<String> = rows.iter().map(|row| row.hardware.text()).collect();
    columns.push(column("hardware", hardware));
    columns
}

/// A column for each of [`Results::axes`], then for each swept path that names
/// stand for.
fn setting_columns(results: &Results, rows: &[&TrialResult]) -> Vec<Column> {
    let named = results.trials.first().map_or(&[][..], |trial| &trial.named);
    let paths = results.axes.iter().chain(named.iter().map(|(path, _)| path));
    let each = paths.enumerate().map(|(place, path)| {
        let values: Vec<&Value> = rows.iter().map(|row| setting(row, place)).collect();
        axis_column(path, kind(results, place), &values)
    });
    each.collect()
}

/// The value of `trial` in this place of [`setting_columns`].
fn setting(trial: &TrialResult, place: usize) -> &Value {
    let beyond = || &trial.named[place - trial.values.len()].1;
    trial.values.get(place).unwrap_or_else(beyond)
}

pub(super) fn column<T, Phantom: ?Sized>(name: &str, values: T) -> Column
where
    Series: NamedFrom<T, Phantom>,
{
    Column::new(name.into(), values)
}

/// `metric`, `unit`, `direction` for rows about these metrics.
fn metric_columns(paths: &[&str]) -> [Column; 3] {
    let unit = |path: &&str| describe(path).map(|info| info.unit.to_string());
    let direction = |path: &&str| {
        describe(path).map(|info| match info.direction {
            Direction::HigherIsBetter => "higher is better",
            Direction::LowerIsBetter => "lower is better",
            Direction::None => "none",
        })
    };
    [
        column("metric", paths),
        column("unit", paths.iter().map(unit).collect::<Vec<Option<String>>>()),
        column("direction", paths.iter().map(direction).collect::<Vec<Option<&str>>>()),
    ]
}

/// What the values of a swept path are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    Integer,
    Real,
    Text,
}

/// The kind of the values at the axis in this place: the narrowest that holds
/// all of them. Lists and tables are text.
fn kind(results: &Results, place: usize) -> Kind {
    let values = || {
        let values = results.trials.iter().map(|trial| setting(trial, place));
        values.filter(|value| !value.is_null())
    };
    if values().next().is_none() {
        Kind::Text
    } else if values().all(Value::is_boolean) {
        Kind::Boolean
    } else if values().all(|value| value.as_i64().is_some()) {
        Kind::Integer
    } else if values().all(Value::is_number) {
        Kind::Real
    } else {
        Kind::Text
    }
}

fn axis_column(path: &str, kind: Kind, values: &[&Value]) -> Column {
    let each = values.iter();
    match kind {
        Kind::Boolean => column(path, each.map(|v| v.as_bool()).collect::<Vec<_>>()),
        Kind::Integer => column(path, each.map(|v| v.as_i64()).collect::<Vec<_>>()),
        Kind::Real => column(path, each.map(|v| v.as_f64()).collect::<Vec<_>>()),
        Kind::Text => {
            let text = |v: &&Value| (!v.is_null()).then(|| show_value(v));
            column(path, each.map(text).collect::<Vec<_>>())
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::sample;
    use super::*;
    use serde_json::json;

    fn types(frame: &DataFrame) -> Vec<String> {
        let columns = frame.columns().iter();
        columns.map(|column| format!("{}: {}", column.name(), column.dtype())).collect()
    }

    #[test]
    fn a_trial_is_a_row_and_what_it_lacks_is_null() {
        let frame = trials(&sample::results()).unwrap();
        assert_eq!(frame.height(), 7);
        assert_eq!(
            types(&frame)[..12],
            [
                "trial: str",
                "cell: str",
                "seed: u64",
                "objective.lambda: f64",
                "commit: str",
                "accepted: str",
                "hardware: str",
                "outcome: str",
                "diverged_step: u64",
                "restarts: u64",
                "clf/accuracy: f64",
                "clf/nll: f64",
            ]
        );
        let accuracy = frame.column("clf/accuracy").unwrap().f64().unwrap().clone();
        assert_eq!(
            accuracy.iter().collect::<Vec<_>>(),
            [Some(0.75), Some(0.8125), Some(0.875), Some(0.75), None, None, None]
        );
        let steps = frame.column("diverged_step").unwrap().u64().unwrap().clone();
        assert_eq!(steps.iter().flatten().collect::<Vec<_>>(), [101, 100, 101]);
        assert_eq!(frame.column("error/auroc/energy").unwrap().null_count(), 4);
    }

    #[test]
    fn a_metric_without_a_value_is_a_row_that_says_why() {
        let frame = metrics(&sample::results()).unwrap();
        // Three trials with 11 metrics, one of them undefined, and one more.
        assert_eq!(frame.height(), 4 * 11);
        assert_eq!(frame.column("value").unwrap().null_count(), 1);
        assert_eq!(frame.column("undefined").unwrap().null_count(), 43);
        let names = &types(&frame)[7..];
        let expected =
            ["metric: str", "value: f64", "unit: str", "direction: str", "undefined: str"];
        assert_eq!(names, expected);
    }

    #[test]
    fn training_curves_are_there_for_diverged_trials_too() {
        let frame = epochs(&sample::results()).unwrap();
        assert_eq!(frame.height(), 4 * 2 + 3);
        assert_eq!(frame.column("step").unwrap().u64().unwrap().max(), Some(200));
    }

    #[test]
    fn a_cell_whose_trials_all_diverged_keeps_its_rows() {
        let frame = cell_statistics(&sample::results()).unwrap();
        assert_eq!(frame.height(), 3 * 11);
        let accuracy: Vec<_> = (0..3)
            .map(|cell| format!("{:?}", frame.get(11 * cell).unwrap().split_off(2)))
            .collect();
        assert!(accuracy[0].contains("0.8125"), "{accuracy:?}");
        let n = frame.column("n").unwrap().u64().unwrap().clone();
        assert_eq!([n.get(0), n.get(11), n.get(22)], [Some(3), Some(1), Some(0)]);
        assert_eq!(frame.column("sd").unwrap().f64().unwrap().get(11), None);
        assert_eq!(frame.column("mean").unwrap().f64().unwrap().get(22), None);
        let low = frame.column("ci95_low").unwrap().f64().unwrap().clone();
        assert!(low.get(0).is_some_and(|low| (low - 0.6100).abs() < 1e-4), "{:?}", low.get(0));
        assert_eq!((low.get(11), low.get(22)), (None, None));
        let method = frame.column("ci95_method").unwrap().str().unwrap().clone();
        assert_eq!((method.get(0), method.get(11)), (Some("logit t"), None));
    }

    #[test]
    fn the_column_of_a_swept_path_has_the_type_of_its_field() {
        let mut results = sample::results();
        for (value, dtype) in [
            (json!(3), "i64"),
            (json!(3.0), "f64"),
            (json!(true), "bool"),
            (json!("mnist"), "str"),
            (json!([256, 256]), "str"),
            (json!(null), "str"),
        ] {
            results.trials.iter_mut().skip(1).for_each(|trial| trial.values = vec![value.clone()]);
            results.trials[0].values = vec![Value::Null];
            let frame = trials(&results).unwrap();
            assert_eq!(types(&frame)[3], format!("objective.lambda: {dtype}"));
            assert!(frame.column("objective.lambda").unwrap().null_count() >= 1);
        }
    }

    #[test]
    fn what_a_name_stands_for_has_columns_of_its_own() {
        let mut results = sample::results();
        results.axes = vec!["system".to_owned()];
        for trial in &mut results.trials {
            let lambda = std::mem::replace(&mut trial.values, vec![json!("JEM")]);
            trial.named = vec![("objective.lambda".to_owned(), lambda[0].clone())];
        }
        for frame in [trials(&results).unwrap(), metrics(&results).unwrap()] {
            assert_eq!(types(&frame)[3..5], ["system: str", "objective.lambda: f64"]);
        }
        let frame = cell_statistics(&results).unwrap();
        assert_eq!(types(&frame)[1..3], ["system: str", "objective.lambda: f64"]);
        let lambda = frame.column("objective.lambda").unwrap().f64().unwrap().clone();
        assert_eq!((lambda.get(0), lambda.get(11)), (Some(0.0), Some(0.1)));
    }

    #[test]
    fn without_trials_the_frames_are_empty() {
        let mut results = sample::results();
        results.trials.clear();
        for frame in [trials, metrics, epochs, cell_statistics] {
            assert_eq!(frame(&results).unwrap().height(), 0);
        }
    }
}
