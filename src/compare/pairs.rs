//! Which trials of the two sides belong together: those with the same swept
//! values and seed.

use std::collections::{BTreeMap, HashMap};

use jem_core::spec::settings;
use serde_json::Value;

use super::Side;
use crate::table::TrialResult;

/// A trial of one side's plan.
pub(super) struct Planned<'s> {
    /// Every field of its spec, by path.
    pub settings: BTreeMap<String, Value>,
    /// Its environment key.
    pub environment: String,
    /// Its result, where it is done.
    pub result: Option<&'s TrialResult>,
}

/// The trials of one point of the grid on both sides, by seed.
pub(super) struct Point<'s> {
    /// The value at each of the axes; null where it has none.
    pub values: Vec<Value>,
    /// By seed, the trial of side A and that of side B.
    pub seeds: BTreeMap<u64, [Option<Planned<'s>>; 2]>,
}

/// What cells are told apart by: where both sides have names for the same
/// paths, these; otherwise what is [`swept`].
pub(super) fn axes(a: &Side, b: &Side) -> Vec<String> {
    if named_alike(a, b) { a.plan.told_axes() } else { swept(a, b) }
}

fn named_alike(a: &Side, b: &Side) -> bool {
    let (told, other) = (a.plan.told_axes(), b.plan.told_axes());
    told == other && a.plan.axes == b.plan.axes && told != a.plan.axes
}

/// The paths that either side sweeps: those of A, then those of B alone.
fn swept(a: &Side, b: &Side) -> Vec<String> {
    let mut axes = a.plan.axes.clone();
    axes.extend(b.plan.axes.iter().filter(|path| !a.plan.axes.contains(path)).cloned());
    axes
}

/// Every point of either grid, in the order of A's plan, then of B's, with its
/// values at [`axes`]. Points are the same where all swept settings are,
/// whatever their names; a path that only one side sweeps has its one value on
/// the other.
pub(super) fn points<'s>(a: &'s Side, b: &'s Side) -> Vec<Point<'s>> {
    let (swept, named) = (swept(a, b), named_alike(a, b));
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut points: Vec<Point<'s>> = Vec::new();
    for (which, side) in [a, b].into_iter().enumerate() {
        let results = results(side);
        for trial in &side.plan.trials {
            let spec = side.plan.spec_of(trial);
            let settings = settings(&spec);
            let value = |path: &String| settings.get(path).cloned().unwrap_or_default();
            let values: Vec<Value> = swept.iter().map(value).collect();
            let own = side.plan.told_values(trial);
            let planned = Planned {
                result: results.get(&key(own.iter(), trial.seed)).copied(),
                environment: spec.resources.environment_key(),
                settings,
            };
            let place = *places.entry(key(values.iter(), 0)).or_insert_with(|| {
                let values = if named { own } else { values };
                points.push(Point { values, seeds: BTreeMap::new() });
                points.len() - 1
            });
            points[place].seeds.entry(trial.seed).or_default()[which] = Some(planned);
        }
    }
    points
}

/// The results of a side by swept values and seed.
fn results(side: &Side) -> HashMap<String, &TrialResult> {
    let trials = side.results.trials.iter();
    trials.map(|trial| (key(trial.values.iter(), trial.seed), trial)).collect()
}

fn key<'v>(values: impl Iterator<Item = &'v Value>, seed: u64) -> String {
    let mut key = seed.to_string();
    for value in values {
        key.push('\n');
        key.push_str(&value.to_string());
    }
    key
}
