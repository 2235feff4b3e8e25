//! What `jem reproduce` found, for a terminal.

use crate::report::{ReportManifest, Reproduced, TableVerdict, TrialVerdict};
use crate::table::{ColumnDifference, TableDifference};

/// Trials that are named; the others are counted.
const MOST: usize = 10;

/// The report made again against the first, in words.
pub fn reproduced(found: &Reproduced, first: &ReportManifest) -> String {
    let all = found.trials.len();
    let identical = found.trials_that(TrialVerdict::Identical);
    let mut text = format!(
        "{} at {}: {identical} of {all} trials have identical results\n",
        first.experiment.name, first.commit
    );
    let other = |(_, verdict): &&(String, TrialVerdict)| *verdict != TrialVerdict::Identical;
    for (trial, verdict) in found.trials.iter().filter(other).take(MOST) {
        let words = match verdict {
            TrialVerdict::Identical => "identical",
            TrialVerdict::Evaluation => "training identical, evaluation different",
            TrialVerdict::Training => "training different",
            TrialVerdict::OtherModel => "different, on another model of processor",
            TrialVerdict::Accepted => "different: the report has runs that a person accepted",
            TrialVerdict::Missing => "not made again",
        };
        text += &format!("  {}  {words}\n", trial.get(..10).unwrap_or(trial));
    }
    match (all - identical).saturating_sub(MOST) {
        0 => {}
        n => text += &format!("  and {n} more\n"),
    }
    if found.more > 0 {
        text +=
            &format!("{} trials are new: the report was drawn before they were done\n", found.more);
    }
    text += "tables:\n";
    for (name, verdict) in &found.tables {
        let words = match verdict {
            TableVerdict::Identical => "identical".to_owned(),
            TableVerdict::SameNumbers => "the same numbers, said to come from elsewhere".to_owned(),
            TableVerdict::Within(Some(difference)) => {
                format!("within tolerance: {}", table(difference))
            }
            TableVerdict::Within(None) => "of numbers within tolerance".to_owned(),
            TableVerdict::Differs(difference) => format!("different: {}", table(difference)),
            TableVerdict::OtherBytes => "different bytes".to_owned(),
            TableVerdict::Missing => "not made again".to_owned(),
            TableVerdict::Altered => {
                "altered since the report was written: it is not what the manifest names".to_owned()
            }
        };
        text += &format!("  {name}  {words}\n");
    }
    text + &format!("{}\n", verdict(found))
}

/// `reproduced`, where another model of processor did so within tolerance, or
/// `NOT reproduced` with what may be why.
fn verdict(found: &Reproduced) -> String {
    let models = || {
        let name = |models: &[String]| match models {
            [] => "a processor that is not known".to_owned(),
            models => models.join(" and "),
        };
        let (then, now) = (name(&found.models.0), name(&found.models.1));
        let n = found.trials_that(TrialVerdict::OtherModel);
        format!("{n} trials were made on {then}, repeated on {now}: not the same instructions")
    };
    if found.holds() {
        return match found.is_of_other_models() {
            true => format!("reproduced within tolerance; {}", models()),
            false => "reproduced".to_owned(),
        };
    }
    let mut why = Vec::new();
    if found.is_of_other_models() {
        why.push(format!("{}, which may give other numbers", models()));
    }
    if found.trials_that(TrialVerdict::Accepted) > 0 {
        why.push(format!(
            "{} trials of the report count by a person's word: other code than that of its commit \
             made their runs",
            found.accepted
        ));
    }
    if found.more > 0 {
        why.push(format!(
            "the report was drawn when {} of {} trials were done, and its tables hold only those",
            found.trials.len(),
            found.trials.len() + found.more
        ));
    }
    match why.is_empty() {
        true => "NOT reproduced".to_owned(),
        false => format!("NOT reproduced; {}", why.join("; ")),
    }
}

fn table(found: &TableDifference) -> String {
    let mut said = Vec::new();
    if let Some((first, second)) = found.heights {
        said.push(format!("{first} rows before, {second} now"));
    }
    if !found.alone.is_empty() {
        said.push(format!("only in one of them: {}", found.alone.join(", ")));
    }
    let numbers = found.columns.iter().filter(|column| !column.record);
    said.extend(numbers.take(6).map(|ColumnDifference { name, rows, largest, .. }| {
        let far = largest.map_or_else(String::new, |far| format!(", by up to {far:.3e}"));
        format!("{name} in {rows} rows{far}")
    }));
    said.join("; ")
}
