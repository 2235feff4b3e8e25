//! What people call axes and cells, and the order in which metrics stand.

use std::collections::BTreeSet;

use jem_core::metric::{describe, metrics};
use jem_core::plan::SYSTEM;
use jem_core::spec::show_value;
use serde_json::Value;

use super::Results;

/// Short names of swept paths: what follows the last dot, or the whole path
/// where two would be called the same.
pub fn axis_names(axes: &[String]) -> Vec<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let shared = |name: &String| axes.iter().filter(|path| last(path) == *name).count() > 1;
    let name = |path: &String| Some(last(path)).filter(|name| !shared(name));
    axes.iter().map(|path| name(path).unwrap_or_else(|| path.clone())).collect()
}

/// `lambda=0.1 step_size=1`: the values of a cell at `axes` that it has, a name
/// as it is;
/// `all trials` where nothing is swept.
pub fn cell_label(axes: &[String], values: &[Value]) -> String {
    let named = axis_names(axes).into_iter().zip(values);
    let words: Vec<String> = named
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match name == SYSTEM {
            true => show_value(value),
            false => format!("{name}={}", show_value(value)),
        })
        .collect();
    if words.is_empty() { "all trials".to_owned() } else { words.join(" ") }
}

/// Every metric that some trial has, or should have and says why not: in the
/// order in which metrics are declared, then by path.
pub(super) fn metric_paths(results: &Results) -> Vec<&str> {
    let trials = results.trials.iter();
    let paths: BTreeSet<&str> = trials
        .flat_map(|trial| trial.metrics.keys().chain(trial.undefined.keys()))
        .map(String::as_str)
        .collect();
    let mut paths: Vec<&str> = paths.into_iter().collect();
    paths.sort_by_key(|path| place(path));
    paths
}

/// The place of the declaration of `path`; undeclared ones stand last.
fn place(path: &str) -> usize {
    let declared = describe(path);
    let same = |info: &&jem_core::metric::MetricInfo| Some(**info) == declared;
    metrics().position(|info| same(&info)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn axes_are_called_by_their_last_part_unless_two_share_it() {
        let axes = ["objective.lambda", "sampler.steps", "train.steps"].map(str::to_owned);
        assert_eq!(axis_names(&axes), ["lambda", "sampler.steps", "train.steps"]);
    }

    #[test]
    fn a_cell_is_called_by_the_values_it_has() {
        let axes = ["objective.lambda", "model.mlp.hidden", "model.cnn.hidden"].map(str::to_owned);
        let values = [json!(0.1), json!([256, 256]), Value::Null];
        let axes_two = &axes[..2];
        assert_eq!(cell_label(axes_two, &values[..2]), "lambda=0.1 hidden=[256, 256]");
        assert_eq!(cell_label(&axes, &values), "lambda=0.1 model.mlp.hidden=[256, 256]");
        assert_eq!(cell_label(&[], &[]), "all trials");
        let named = [SYSTEM, "sampler.steps"].map(str::to_owned);
        assert_eq!(cell_label(&named, &[json!("JEM++"), json!(5)]), "JEM++ steps=5");
        assert_eq!(cell_label(&named, &[Value::Null, json!(5)]), "steps=5");
    }
}
