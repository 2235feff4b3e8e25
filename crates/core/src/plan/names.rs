//! Names for the rows of a `zip`, by which people tell its cells. They are in
//! no id: a name can be changed, and nothing is trained again.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::axis::Axis;
use super::block::Block;
use super::trials::{Plan, Trial};
use crate::diagnostic::{Diagnostic, SourceText};
use crate::spec::{Content, Entry};

/// What the column of the names is called, beside the paths that are swept.
pub const SYSTEM: &str = "system";

/// The most characters of a name.
const LONGEST: usize = 60;

/// The names in `entry`, one for each value of `axis`; what is wrong with them
/// goes to `problems`.
pub fn read_names(
    entry: &Entry,
    axis: &Axis,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Vec<String>> {
    let before = problems.len();
    let mut names: Vec<String> = Vec::new();
    for item in entry.node.items() {
        // What is no text has been said by the checker.
        let Content::Text(text) = &item.content else { return None };
        let name = text.trim().to_owned();
        let length = name.chars().count();
        let wrong = if name.is_empty() {
            Some("it is empty".to_owned())
        } else if name.chars().any(char::is_control) {
            Some("a name is one line of text".to_owned())
        } else if length > LONGEST {
            Some(format!("it has {length} characters; at most {LONGEST} are accepted"))
        } else if names.contains(&name) {
            Some("it stands here twice".to_owned())
        } else {
            None
        };
        if let Some(why) = wrong {
            let message = format!("`{name}` cannot be the name of a row");
            problems.push(Diagnostic::new(message).at(source, item.span.clone(), why));
        }
        names.push(name);
    }
    if names.len() != axis.len() {
        let label = format!("{} names, but `zip` has {} values", names.len(), axis.len());
        let uneven = Diagnostic::new("each row of `zip` needs a name");
        problems.push(uneven.at(source, entry.node.span.clone(), label));
    }
    (problems.len() == before).then_some(names)
}

/// Says where a name stands for one row in one block and for another in
/// another.
pub fn check_names(blocks: &[Block], source: &Arc<SourceText>, problems: &mut Vec<Diagnostic>) {
    let mut rows: HashMap<&str, Vec<(&str, Value)>> = HashMap::new();
    for axis in blocks.iter().flat_map(|block| &block.axes) {
        for (place, name) in axis.names.iter().flatten().enumerate() {
            let columns = axis.columns.iter();
            let mut row: Vec<(&str, Value)> = columns
                .map(|one| (one.field.path.as_str(), one.values[place].typed.value.clone()))
                .collect();
            row.sort_by_key(|(path, _)| *path);
            let first = rows.entry(name).or_insert_with(|| row.clone());
            if *first != row {
                let span = axis.columns.first().map_or(0..0, |column| column.key_span.clone());
                let message = format!("`{name}` is the name of two rows with other values");
                problems.push(Diagnostic::new(message).at(source, span, "the second is here"));
            }
        }
    }
}

/// How the cells of a plan are told to people.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Whether some have names.
    named: bool,
    /// The places among the swept paths of those that are told as they are.
    kept: Vec<usize>,
    /// Of those that a name stands for wherever they are swept.
    covered: Vec<usize>,
}

impl Told {
    /// Of `blocks`, which sweep `axes`.
    pub fn of(blocks: &[Block], axes: &[String]) -> Self {
        let sweeping = |path: &String| {
            let all = blocks.iter().flat_map(|block| &block.axes);
            let path = path.clone();
            all.filter(move |axis| axis.columns.iter().any(|one| one.field.path == path))
        };
        let by_name = |place: &usize| sweeping(&axes[*place]).all(|axis| axis.names.is_some());
        let (covered, kept) = (0..axes.len()).partition(by_name);
        let named = blocks.iter().flat_map(|block| &block.axes).any(|axis| axis.names.is_some());
        Self { named, kept, covered }
    }

    /// The first path that is told as it is.
    pub fn first<'a>(&self, axes: &'a [String]) -> Option<&'a String> {
        self.kept.first().map(|place| &axes[*place])
    }

    /// Whether a name stands for `path`, one of `axes`.
    pub fn covers(&self, axes: &[String], path: &str) -> bool {
        self.covered.iter().any(|place| axes[*place] == path)
    }
}

impl Plan {
    /// What sets the cells apart for people: [`SYSTEM`] where rows have names,
    /// then each of [`Plan::axes`] that no name stands for.
    pub fn told_axes(&self) -> Vec<String> {
        let name = self.told.named.then(|| SYSTEM.to_owned());
        name.into_iter().chain(at(&self.told.kept, &self.axes)).collect()
    }

    /// The value of `trial` at each of [`Plan::told_axes`]; null where it has
    /// none.
    pub fn told_values(&self, trial: &Trial) -> Vec<Value> {
        let name = self.told.named.then(|| self.name_of(trial).map_or(Value::Null, Value::from));
        name.into_iter().chain(at(&self.told.kept, &self.all_values(trial))).collect()
    }

    /// The paths that a name stands for, and the values of `trial` there.
    pub fn named_values(&self, trial: &Trial) -> Vec<(String, Value)> {
        let paths = at(&self.told.covered, &self.axes).into_iter();
        paths.zip(at(&self.told.covered, &self.all_values(trial))).collect()
    }

    /// The name of the row that `trial` is of.
    pub fn name_of(&self, trial: &Trial) -> Option<&str> {
        let block = self.block_of(trial);
        let choices = block.choices(trial.number);
        let mut numbered = block.axes.iter().zip(choices);
        numbered.find_map(|(axis, choice)| Some(axis.names.as_ref()?.get(choice)?.as_str()))
    }

    fn all_values(&self, trial: &Trial) -> Vec<Value> {
        self.values_of(trial).into_iter().map(|(_, value)| value.clone()).collect()
    }
}

fn at<T: Clone>(places: &[usize], all: &[T]) -> Vec<T> {
    places.iter().map(|place| all[*place].clone()).collect()
}
