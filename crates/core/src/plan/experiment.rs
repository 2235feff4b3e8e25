//! What a plan knows of its experiment beside the trials.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::block::Block;
use super::names::Told;
use crate::diagnostic::{Diagnostic, quoted_list};
use crate::spec::{Document, Expectation, Report, Scale};

/// An experiment: everything in its file that is not about single trials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Its name, which is that of its file without the ending.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// What it is to find out.
    pub question: String,
    /// The preset it starts from.
    pub preset: String,
    /// How its results are shown.
    pub report: Report,
    /// The values that show whether it worked.
    pub expect: Vec<Expectation>,
}

/// `[report]` with its defaults, which depend on what is swept.
pub fn resolve_report(
    document: &Document,
    (axes, told): (&[String], &Told),
    blocks: &[Block],
    problems: &mut Vec<Diagnostic>,
) -> Report {
    let written = &document.report;
    if let Some(x) = written.x.as_ref().filter(|x| !axes.contains(x)) {
        let swept = match axes {
            [] => "nothing is swept".to_owned(),
            _ => format!("swept: {}", quoted_list(axes.iter().map(String::as_str))),
        };
        let unswept = Diagnostic::new(format!("`{x}` is not swept and cannot be the charts' x"));
        problems.push(
            document.point_at(unswept, "report.x", "a swept path is expected here").help(swept),
        );
    }
    if let Some(x) = written.x.as_ref().filter(|x| told.covers(axes, x)) {
        let named = Diagnostic::new(format!("names stand for `{x}`: it cannot be the charts' x"));
        problems.push(document.point_at(named, "report.x", "the names are told instead"));
    }
    let x = written.x.clone().or_else(|| told.first(axes).cloned());
    let numbers = x.as_ref().map_or_else(Vec::new, |x| numbers_of(x, blocks));
    if written.x_scale == Some(Scale::Log) && numbers.iter().any(|number| *number <= 0.0) {
        let message = "a logarithmic axis has no place for values of 0 or below".to_owned();
        let label = "`symlog` has; `linear` as well";
        problems.push(document.point_at(Diagnostic::new(message), "report.x_scale", label));
    }
    Report {
        title: written.title.clone().unwrap_or_else(|| document.name.clone()),
        x,
        x_scale: written.x_scale.unwrap_or_else(|| scale_for(&numbers)),
        published: document.published.clone(),
    }
}

fn numbers_of(path: &str, blocks: &[Block]) -> Vec<f64> {
    let columns = blocks.iter().flat_map(Block::columns);
    let swept = columns.filter(|(_, column)| column.field.path == path);
    swept
        .flat_map(|(_, column)| &column.values)
        .filter_map(|one| one.typed.value.as_f64())
        .collect()
}

/// Linear, unless the positive values span two decades or more; then
/// logarithmic, with a linear part around zero if there are values to show in
/// it.
fn scale_for(numbers: &[f64]) -> Scale {
    let positive = || numbers.iter().copied().filter(|number| *number > 0.0);
    let (low, high) = (positive().fold(f64::INFINITY, f64::min), positive().fold(0.0, f64::max));
    if high / low < 100.0 || positive().next().is_none() {
        Scale::Linear
    } else if numbers.iter().any(|number| *number <= 0.0) {
        Scale::Symlog
    } else {
        Scale::Log
    }
}

/// Whether a cell with `value` at each path meets the conditions.
pub fn meets(conditions: &[(String, Value)], value: impl Fn(&str) -> Option<Value>) -> bool {
    conditions.iter().all(|(path, wanted)| value(path).as_ref() == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_follows_the_values() {
        assert_eq!(scale_for(&[]), Scale::Linear);
        assert_eq!(scale_for(&[0.0]), Scale::Linear);
        assert_eq!(scale_for(&[0.0, 1.0, 2.0, 50.0]), Scale::Linear);
        assert_eq!(scale_for(&[0.01, 0.1, 1.0]), Scale::Log);
        assert_eq!(scale_for(&[0.0, 0.01, 1.0, 10.0]), Scale::Symlog);
    }
}
