//! From results to what a report says.

use std::collections::BTreeMap;

use jem_core::metric::label;
use jem_core::results::{Divergence, Outcome};
use jem_core::spec::{DIVERGED, show_value};

use serde_json::Value;

use super::attack_table::attack_table;
use super::content::{Check, Content, Table};
use super::label::{value_shown, values_label};
use super::masking::masking;
use super::number::{counted, duration, plain};
use super::origin::{ReportContext, facts, footer};
use super::samples_table::samples_table;
use super::view::View;
use super::{figures, findings, purified};
use crate::chart::ChartError;
use crate::table::{
    CellResult, Checked, Column, PaperTable, Results, Shown, TrialResult, cell_label, cells, check,
};

/// Composes the report of `results`.
///
/// # Errors
/// When a figure is too large to paint.
pub fn compose(results: &Results, context: &ReportContext) -> Result<Content, ChartError> {
    let cells = cells(results);
    let view = View::new(results, &cells);
    let experiment = &results.experiment;
    let answer = findings::answer(&view);
    Ok(Content {
        title: experiment.report.title.clone(),
        name: experiment.name.clone(),
        question: experiment.question.clone(),
        checks: check(results).iter().map(|check| checked(&view, check)).collect(),
        notices: notices(&view, context),
        tiles: findings::tiles(&view),
        answer: answer.parts,
        further: findings::further(&view),
        facts: facts(&view, context),
        results: tables(&view),
        sections: figures::sections(&view, &footer(&view, context))?,
        exceptions: vec![answer.tests, diverged(&view), restarts(&view), undefined(&view)],
        trials: trials(&view, context),
    })
}

fn checked(view: &View<'_>, check: &Checked) -> Check {
    // The check knows its cell by the name it has at the terminal.
    let same = |cell: &&CellResult| cell_label(&view.results.axes, &cell.values) == check.cell;
    let cell = view.cells.iter().find(same);
    let cell = cell.map_or_else(|| check.cell.clone(), |cell| view.label(cell));
    let metric = match check.metric.as_str() {
        DIVERGED => "share of trials that diverged".to_owned(),
        path => label(path),
    };
    let value = match check.value {
        Some(value) => format!("{} {} (n = {})", check.statistic, plain(value), check.n),
        None => "no value".to_owned(),
    };
    let bound = |bound: f64| show_value(&bound.into());
    let range = match (check.min, check.max) {
        (Some(min), Some(max)) => format!("{} to {}", bound(min), bound(max)),
        (Some(min), None) => format!("at least {}", bound(min)),
        (None, Some(max)) => format!("at most {}", bound(max)),
        (None, None) => "any value".to_owned(),
    };
    Check {
        name: check.name.clone(),
        metric,
        cell,
        value,
        range,
        source: check.source.clone(),
        holds: check.holds,
    }
}

/// What has to be known before the numbers are read.
fn notices(view: &View<'_>, context: &ReportContext) -> Vec<String> {
    let (mut notices, results) = (Vec::new(), view.results);
    let missing = results.missing.len();
    let label = |values: &[Value]| values_label(view.names.iter().zip(values));
    if let Some(places) = results.missing_told(label) {
        let are = if missing == 1 { "is" } else { "are" };
        notices.push(format!(
            "{missing} of {} trials {are} not run yet: {places}. What follows is about the others. \
             Go on with: jem run {}",
            results.trials.len() + missing,
            file(results),
        ));
    }
    if results.dirty() {
        notices.push(
            "Some numbers came from a checkout that differed from its commit (dirty): the commit \
             alone does not give them again. The difference is kept in the store."
                .to_owned(),
        );
    }
    notices.extend(results.set_notes());
    notices.extend(results.hardware_notes());
    notices.extend(results.accepted_notes());
    if context.source.as_ref().is_some_and(|source| source.dirty) {
        notices.push("This report was made in a checkout that differs from its commit.".to_owned());
    }
    notices
}

/// The experiment's file without a folder of this machine.
fn file(results: &Results) -> String {
    let file = &results.experiment.file;
    let shown = if file.is_absolute() { file.file_name().map(Into::into) } else { None };
    shown.unwrap_or_else(|| file.clone()).display().to_string()
}

/// The table for people, its swept fields called as everywhere in the report.
/// Those with rows are shown.
fn tables(view: &View<'_>) -> Vec<Table> {
    let first = [findings::best(view), by_cell(view)];
    let of_parts = [
        findings::selective(view),
        findings::scaling(view),
        findings::long_chains(view),
        attack_table(view),
        findings::likelihood(view),
        masking(view),
    ];
    let rest = of_parts.into_iter().chain(purified::tables(view)).chain([samples_table(view)]);
    first.into_iter().chain(findings::scores(view)).chain(rest).collect()
}

fn by_cell(view: &View<'_>) -> Table {
    let table = PaperTable::of(view.results, Shown::Paper);
    let axis = |key: &String| view.results.axes.iter().position(|path| path == key);
    let title = |column: &Column| match axis(&column.key) {
        Some(place) => view.names[place].clone(),
        None => column.title(),
    };
    Table {
        title: "Results".to_owned(),
        note: [&table.note]
            .into_iter()
            .chain(&table.footnotes)
            .cloned()
            .collect::<Vec<_>>()
            .join(" "),
        head: table.columns.iter().map(title).collect(),
        rows: table.rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect(),
    }
}

fn diverged(view: &View<'_>) -> Table {
    let mut table = Table {
        title: "Diverged trials".to_owned(),
        note: "A trial that diverges is a result: it has no metrics and is in no mean.".to_owned(),
        head: heads(view, &["seed", "step", "reason", "values at that step"]),
        rows: Vec::new(),
    };
    for trial in &view.results.trials {
        if let Outcome::Diverged(Divergence { step, reason, values, .. }) = &trial.outcome {
            let values: Vec<String> =
                values.iter().map(|(name, v)| format!("{name} = {v}")).collect();
            let own = [trial.seed.to_string(), step.to_string(), reason.clone(), values.join(", ")];
            table.rows.push(values_of(trial).chain(own).collect());
        }
    }
    table
}

/// A row for each time a trial went back to an earlier point.
fn restarts(view: &View<'_>) -> Table {
    let columns =
        ["seed", "restart", "diverged at", "reason", "back to", "step size", "Langevin steps"];
    let mut table = Table {
        title: "Restarts after divergence".to_owned(),
        note: "A trial that diverged and went on from an earlier point, its chains with other \
               noise and, from there on, these settings."
            .to_owned(),
        head: heads(view, &columns),
        rows: Vec::new(),
    };
    for trial in &view.results.trials {
        for restart in trial.outcome.restarts() {
            let own = [
                trial.seed.to_string(),
                restart.number.to_string(),
                format!("step {}", restart.step),
                restart.reason.clone(),
                format!("step {}", restart.to),
                show_value(&restart.step_size.into()),
                restart.sampler_steps.to_string(),
            ];
            table.rows.push(values_of(trial).chain(own).collect());
        }
    }
    table
}

/// A row for each metric, cell and reason.
fn undefined(view: &View<'_>) -> Table {
    let mut table = Table {
        title: "Metrics without a value".to_owned(),
        note: "Trials that finished, but on whose predictions a metric is not defined.".to_owned(),
        head: heads(view, &["metric", "seeds", "why"]),
        rows: Vec::new(),
    };
    for cell in view.cells {
        let mut seeds: BTreeMap<(&String, &String), Vec<String>> = BTreeMap::new();
        for trial in view.trials_of(cell) {
            for pair in &trial.undefined {
                seeds.entry(pair).or_default().push(trial.seed.to_string());
            }
        }
        for ((metric, why), seeds) in seeds {
            let values = cell.values.iter().map(value_shown);
            let own = [label(metric), seeds.join(", "), why.clone()];
            table.rows.push(values.chain(own).collect());
        }
    }
    table
}

fn trials(view: &View<'_>, context: &ReportContext) -> Table {
    let columns = [
        "seed",
        "trial",
        "outcome",
        "commit",
        "reused",
        "accepted",
        "time",
        "steps/s",
        "training run",
        "evaluation run",
        "training results",
        "evaluation results",
    ];
    Table {
        title: "Trials and runs".to_owned(),
        note: format!(
            "{}. A trial is reused where it was trained by another state of the code than made \
             this report. Ids are cut to ten characters; manifest.json has them whole.",
            counted(view.results.trials.len(), "trial")
        ),
        head: heads(view, &columns),
        rows: view.results.trials.iter().map(|trial| row(trial, context)).collect(),
    }
}

fn row(trial: &TrialResult, context: &ReportContext) -> Vec<String> {
    let (outcome, steps) = match &trial.outcome {
        Outcome::Finished { steps, .. } => (format!("finished, {steps} steps"), *steps),
        Outcome::Diverged(found) => (format!("diverged at step {}", found.step), found.step),
    };
    let outcome = match trial.outcome.restarts().len() {
        0 => outcome,
        n => format!("{outcome}, {}", counted(n, "restart")),
    };
    let seconds = trial.cost.map(|(seconds, _)| seconds).filter(|seconds| *seconds > 0.0);
    let none = || "–".to_owned();
    let own = [
        trial.seed.to_string(),
        trial.trial.short(),
        outcome,
        trial.commit(),
        if context.reuses(trial) { "yes" } else { "no" }.to_owned(),
        trial.accepted.clone().unwrap_or_else(|| "no".to_owned()),
        seconds.map_or_else(none, duration),
        seconds.map_or_else(none, |seconds| plain(steps as f64 / seconds)),
        trial.runs.0.short(),
        trial.runs.1.short(),
        trial.digests.0.short(10),
        trial.digests.1.short(10),
    ];
    values_of(trial).chain(own).collect()
}

fn heads(view: &View<'_>, columns: &[&str]) -> Vec<String> {
    view.names.iter().cloned().chain(columns.iter().map(|name| (*name).to_owned())).collect()
}

fn values_of(trial: &TrialResult) -> impl Iterator<Item = String> {
    trial.values.iter().map(value_shown)
}
