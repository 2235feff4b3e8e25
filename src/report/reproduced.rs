//! A report against another one of the same experiment: what of it is the same
//! bytes, what the same numbers, and what differs.

use std::collections::BTreeMap;
use std::path::Path;

use jem_core::digest::Digest;
use jem_core::durable;
use jem_core::provenance::is_known_model;
use jem_core::results::{EPOCHS, METRICS};

use super::{ReportManifest, ReportedRuns};
use crate::table::{TableDifference, csv_difference};
use crate::verify::tolerance_of;

/// A report made again, against the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reproduced {
    /// Every table of the first report, in the order of their names.
    pub tables: Vec<(String, TableVerdict)>,
    /// Every trial of the first report, in its order.
    pub trials: Vec<(String, TrialVerdict)>,
    /// Trials that only the second has: the first was drawn before all were
    /// done.
    pub more: usize,
    /// Trials of the first report whose runs a person accepted.
    pub accepted: usize,
    /// The models of processor that made the trials of
    /// [`TrialVerdict::OtherModel`] and those that repeated them, each once.
    pub models: (Vec<String>, Vec<String>),
}

/// How a table came out.
#[derive(Clone, Debug, PartialEq)]
pub enum TableVerdict {
    /// The same bytes.
    Identical,
    /// The same numbers; only the commit that they are said to come from is
    /// another.
    SameNumbers,
    /// Numbers within the tolerance between models of processor, of trials
    /// that another model made; for a form that is not taken apart without the
    /// difference.
    Within(Option<TableDifference>),
    /// Other numbers, told column by column.
    Differs(TableDifference),
    /// Other bytes, in a form that is not taken apart here.
    OtherBytes,
    /// The second report has no such table.
    Missing,
    /// The first report's file is no longer what its manifest says.
    Altered,
}

/// How a trial came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialVerdict {
    /// The results of training and of evaluation are the same bytes.
    Identical,
    /// Those of training are, those of evaluation are not.
    Evaluation,
    /// Those of training differ.
    Training,
    /// The results differ, and were not made and repeated on one model of
    /// processor, or it is not known that they were.
    OtherModel,
    /// The results differ, and the first report used runs that a person
    /// accepted: other code than its commit's made them.
    Accepted,
    /// The second report has no such trial.
    Missing,
}

impl TableVerdict {
    /// Whether the numbers are the same.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Identical | Self::SameNumbers | Self::Within(_))
    }
}

impl Reproduced {
    /// Whether every result of the same model of processor is the same, to
    /// the bit, and every table is too, or is within the tolerance between
    /// models where another model repeated a trial.
    pub fn holds(&self) -> bool {
        let fine = |verdict| matches!(verdict, TrialVerdict::Identical | TrialVerdict::OtherModel);
        let trials = self.trials.iter().all(|(_, trial)| fine(*trial));
        trials && self.tables.iter().all(|(_, table)| table.holds())
    }

    /// Whether another model of processor repeated a trial, with other bytes.
    pub fn is_of_other_models(&self) -> bool {
        self.trials_that(TrialVerdict::OtherModel) > 0
    }

    /// How many trials came out so.
    pub fn trials_that(&self, verdict: TrialVerdict) -> usize {
        self.trials.iter().filter(|(_, trial)| *trial == verdict).count()
    }
}

/// Compares `second`, whose files lie in `again`, with `first`, whose files lie
/// in `folder`.
pub fn reproduced(
    (first, folder): (&ReportManifest, &Path),
    (second, again): (&ReportManifest, &Path),
) -> Reproduced {
    let others: BTreeMap<&str, &ReportedRuns> =
        second.runs.iter().map(|runs| (runs.trial.as_str(), runs)).collect();
    let mut models = (Vec::new(), Vec::new());
    let mut trial = |runs: &ReportedRuns| {
        let verdict = match others.get(runs.trial.as_str()) {
            None => TrialVerdict::Missing,
            Some(other) if runs.accepted.is_some() && !same(runs, other) => TrialVerdict::Accepted,
            Some(other) if !same(runs, other) && !same_model(runs, other) => {
                take_in(&mut models.0, &runs.models);
                take_in(&mut models.1, &other.models);
                TrialVerdict::OtherModel
            }
            Some(other) if other.training_results != runs.training_results => {
                TrialVerdict::Training
            }
            Some(other) if other.evaluation_results != runs.evaluation_results => {
                TrialVerdict::Evaluation
            }
            Some(_) => TrialVerdict::Identical,
        };
        (runs.trial.clone(), verdict)
    };
    let trials: Vec<_> = first.runs.iter().map(&mut trial).collect();
    let found = trials.iter().filter(|(_, verdict)| *verdict != TrialVerdict::Missing).count();
    let other_model = trials.iter().any(|(_, verdict)| *verdict == TrialVerdict::OtherModel);
    let names = first.files.iter().filter(|(name, _)| name.starts_with("tables/"));
    let (numbers, forms): (Vec<_>, Vec<_>) = names.partition(|(name, _)| name.ends_with(".csv"));
    let mut tables: BTreeMap<String, TableVerdict> = BTreeMap::new();
    // A table's numbers are compared in its CSV; its other forms follow it.
    for (name, digest) in numbers.into_iter().chain(forms) {
        let files = (folder.join(name), again.join(name));
        let verdict = match second.files.get(name) {
            _ if is_altered(&files.0, *digest) => TableVerdict::Altered,
            None => TableVerdict::Missing,
            Some(other) if other == digest => TableVerdict::Identical,
            Some(_) if name.ends_with(".csv") => numbers_of(&files.0, &files.1, other_model),
            Some(_) => match tables.get(&csv_of(name)) {
                Some(TableVerdict::Within(_)) => TableVerdict::Within(None),
                Some(csv) if csv.holds() => TableVerdict::SameNumbers,
                _ => TableVerdict::OtherBytes,
            },
        };
        tables.insert(name.clone(), verdict);
    }
    let more = second.runs.len().saturating_sub(found);
    let accepted = first.runs.iter().filter(|runs| runs.accepted.is_some()).count();
    let tables = tables.into_iter().collect();
    Reproduced { tables, trials, more, accepted, models }
}

fn same(one: &ReportedRuns, other: &ReportedRuns) -> bool {
    (one.training_results, one.evaluation_results)
        == (other.training_results, other.evaluation_results)
}

/// Whether one model of processor, a known one, made both.
fn same_model(one: &ReportedRuns, other: &ReportedRuns) -> bool {
    one.models == other.models && matches!(&one.models[..], [only] if is_known_model(only))
}

/// Adds `models` to `all`, each once.
fn take_in(all: &mut Vec<String>, models: &[String]) {
    for model in models {
        if !all.contains(model) {
            all.push(model.clone());
        }
    }
}

/// Whether the file is there with other bytes than `digest` stands for.
fn is_altered(path: &Path, digest: Digest) -> bool {
    durable::read(path).is_ok_and(|bytes| Digest::of(&bytes) != digest)
}

/// `tables/cells.csv` for `tables/cells.parquet`
fn csv_of(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}.csv")
}

fn numbers_of(first: &Path, second: &Path, other_model: bool) -> TableVerdict {
    let curves = first.file_stem().is_some_and(|name| name == "epochs");
    let tolerance = tolerance_of(if curves { EPOCHS } else { METRICS });
    let (Ok(first), Ok(second)) = (durable::read(first), durable::read(second)) else {
        return TableVerdict::OtherBytes;
    };
    match csv_difference(&first, &second, &tolerance) {
        Ok(difference) if difference.only_records() => TableVerdict::SameNumbers,
        Ok(difference) if other_model && difference.is_within() => {
            TableVerdict::Within(Some(difference))
        }
        Ok(difference) => TableVerdict::Differs(difference),
        Err(_) => TableVerdict::OtherBytes,
    }
}
