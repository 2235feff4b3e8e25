//! What one should know of a plan before it is run, one line each.

use std::path::Path;

use jem_core::dataset::{Source, class_names};
use jem_core::diagnostic::quoted_list;
use jem_core::plan::Plan;

/// Lines on draws that are equal, and on the classes of folders of pictures. Folders
/// that cannot be read are passed over: whoever reads their pictures says so.
pub fn notes(plan: &Plan) -> Vec<String> {
    let mut lines = plan.notes();
    let base = plan.experiment.file.parent().unwrap_or(Path::new(""));
    let sets = training_sets(plan);
    for source in &sets {
        let Ok(about) = class_names(&source.based_on(base)) else { continue };
        let of = if sets.len() > 1 { format!(" of {}", source.label()) } else { String::new() };
        let listed = |names: &[String]| quoted_list(names.iter().map(String::as_str));
        if !about.classes.is_empty() {
            lines.push(format!("the classes{of}, by label from 0: {}", listed(&about.classes)));
        }
        if !about.missing.is_empty() {
            let missing = listed(&about.missing);
            lines.push(format!("the test images{of} have none of the classes {missing}"));
        }
    }
    lines
}

/// Every set that some trial is trained on, once.
fn training_sets(plan: &Plan) -> Vec<Source> {
    let swept = plan.axes.iter().any(|path| path.starts_with("data."));
    let trials = plan.trials.iter().take(if swept { usize::MAX } else { 1 });
    let mut sets: Vec<Source> = Vec::new();
    for trial in trials {
        let set = plan.spec_of(trial).training.data.train;
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    sets
}
