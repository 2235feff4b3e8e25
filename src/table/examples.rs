//! What each trained network said of each example, as a data frame.

use jem_core::arrays::Arrays;
use jem_core::results::PREDICTIONS;
use jem_core::store::Store;
use polars::prelude::*;
use rayon::prelude::*;

use super::frames::column;
use super::load::predictions;
use super::{Results, TableError, TrialResult};

/// One row a trial, set and example: `trial`, `commit`, `accepted`, `set`, `index` (from
/// 0), `label` (null on out-of-distribution sets), `predicted`, `probability`
/// (of the predicted class), `energy` (nats), and the probability of each
/// class in `p0`, `p1`, … This is large, and read from the store here alone.
///
/// # Errors
/// When the arrays of a trial are altered or do not fit together.
pub fn examples(results: &Results, store: &Store) -> Result<DataFrame, TableError> {
    let read: Vec<Result<Vec<Set>, TableError>> =
        results.trials.par_iter().map(|trial| sets(trial, store)).collect();
    let read = read.into_iter().collect::<Result<Vec<_>, _>>()?;
    let classes = read.iter().flatten().map(|set| set.classes).max().unwrap_or(0);
    let mut all = frame_of("", ("", None), &Set::default(), classes)?;
    for (trial, sets) in results.trials.iter().zip(read) {
        let (id, commit) = (trial.trial.to_string(), trial.commit());
        let from = (commit.as_str(), trial.accepted.as_deref());
        for set in sets {
            all.vstack_mut_owned(frame_of(&id, from, &set, classes)?)?;
        }
    }
    Ok(all)
}

/// The outputs on one set of n examples.
#[derive(Default)]
struct Set {
    name: String,
    classes: usize,
    /// `[n]`
    labels: Vec<Option<i64>>,
    /// `[n]`
    predicted: Vec<i64>,
    /// `[n]`
    energies: Vec<f32>,
    /// `[n, classes]`
    probabilities: Vec<f32>,
}

/// The sets of a trial, the test set first, then by name; none where it
/// diverged.
fn sets(trial: &TrialResult, store: &Store) -> Result<Vec<Set>, TableError> {
    let Some(arrays) = predictions(trial, store)? else {
        return Ok(Vec::new());
    };
    let named = arrays.iter().filter_map(|(path, _)| path.strip_suffix("/probabilities"));
    let mut names: Vec<&str> = named.collect();
    names.sort_by_key(|name| (*name != "test", *name));
    let read = |name: &str| {
        set(&arrays, name).ok_or_else(|| TableError::Unreadable {
            run: trial.runs.1,
            name: PREDICTIONS.to_owned(),
            reason: format!("the arrays of the set `{name}` do not fit together"),
        })
    };
    names.into_iter().map(read).collect()
}

fn set(arrays: &Arrays, name: &str) -> Option<Set> {
    let (shape, probabilities) = arrays.f32(&format!("{name}/probabilities"))?;
    let (logits_shape, logits) = arrays.f32(&format!("{name}/logits"))?;
    let (energies_shape, energies) = arrays.f32(&format!("{name}/energies"))?;
    let &[n, classes] = shape else { return None };
    if logits_shape != shape || energies_shape != [n] || classes == 0 {
        return None;
    }
    let labels = match arrays.i64(&format!("{name}/labels")) {
        Some(labels) => labels.iter().copied().map(Some).collect(),
        None => vec![None; n],
    };
    let fits = labels.len() == n;
    fits.then(|| Set {
        name: name.to_owned(),
        classes,
        labels,
        predicted: logits.chunks_exact(classes).map(largest).collect(),
        energies: energies.to_vec(),
        probabilities: probabilities.to_vec(),
    })
}

/// The place of the largest logit, the first of equal ones: probabilities
/// tie where the softmax saturates.
fn largest(row: &[f32]) -> i64 {
    let mut best = 0;
    for (place, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = place;
        }
    }
    best as i64
}

/// Rows about `set`, with columns for `classes`, null beyond its own.
fn frame_of(
    trial: &str,
    (commit, accepted): (&str, Option<&str>),
    set: &Set,
    classes: usize,
) -> PolarsResult<DataFrame> {
    let n = set.predicted.len();
    let same = |name: &str, text: &str| {
        StringChunked::full(name.into(), text, n).into_series().into_column()
    };
    let probability =
        |row: usize, class: i64| set.probabilities.get(row * set.classes + class as usize).copied();
    let of_predicted =
        set.predicted.iter().enumerate().map(|(row, class)| probability(row, *class));
    let mut columns = vec![
        same("trial", trial),
        same("commit", commit),
        column("accepted", vec![accepted; n]),
        same("set", &set.name),
        column("index", (0..n as u32).collect::<Vec<_>>()),
        column("label", &set.labels),
        column("predicted", &set.predicted),
        column("probability", of_predicted.collect::<Vec<Option<f32>>>()),
        column("energy", &set.energies),
    ];
    for class in 0..classes {
        let own = class < set.classes;
        let of_class = (0..n).map(|row| own.then(|| probability(row, class as i64)).flatten());
        columns.push(column(&format!("p{class}"), of_class.collect::<Vec<Option<f32>>>()));
    }
    DataFrame::new(n, columns)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn arrays() -> Arrays {
        let mut arrays = Arrays::default();
        for (name, n) in [("test", 2), ("far", 1)] {
            arrays.insert_f32(
                format!("{name}/logits"),
                &[n, 2],
                vec![1.0, 3.0, 2.0, 2.0][..2 * n].to_vec(),
            );
            arrays.insert_f32(
                format!("{name}/probabilities"),
                &[n, 2],
                vec![0.25, 0.75, 0.5, 0.5][..2 * n].to_vec(),
            );
            arrays.insert_f32(format!("{name}/energies"), &[n], vec![-3.0; n]);
        }
        arrays.insert_i64("test/labels", vec![1, 1]);
        arrays
    }

    #[test]
    fn a_row_holds_label_prediction_and_the_probability_of_each_class() {
        let test = set(&arrays(), "test").unwrap();
        assert_eq!(test.predicted, [1, 0]);
        let frame = frame_of("t", ("c", None), &test, 3).unwrap();
        let names: Vec<_> = frame.get_column_names().iter().map(|name| name.to_string()).collect();
        assert_eq!(
            names[4..],
            ["index", "label", "predicted", "probability", "energy", "p0", "p1", "p2"]
        );
        let probability = frame.column("probability").unwrap().f32().unwrap().clone();
        assert_eq!(probability.iter().collect::<Vec<_>>(), [Some(0.75), Some(0.5)]);
        assert_eq!(frame.column("p2").unwrap().null_count(), 2);
        let far = frame_of("t", ("c", None), &set(&arrays(), "far").unwrap(), 3).unwrap();
        assert_eq!(far.column("label").unwrap().null_count(), 1);
        assert_eq!(frame.vstack(&far).unwrap().height(), 3);
    }

    #[test]
    fn arrays_of_different_lengths_are_told() {
        let mut arrays = arrays();
        arrays.insert_i64("test/labels", vec![1]);
        assert!(set(&arrays, "test").is_none());
        arrays.insert_f32("far/energies", &[3], vec![0.0; 3]);
        assert!(set(&arrays, "far").is_none());
    }
}
