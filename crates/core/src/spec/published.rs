//! Published figures: what others' papers say, which `[report]` may name to
//! stand beside an experiment's own results.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::attack_range;
use super::check::Checker;
use super::error::SpecError;
use super::paths::{by_path, typed};
use super::raw::RawAxes;
use super::resolved::PixelRange;
use super::schema::plain_schema_of;
use super::tree::{Entry, Node};
use crate::diagnostic::{Diagnostic, SourceText, nearest, quoted_list};
use crate::metric::{self, Direction, Unit};

/// Where the figures lie, from the folder of the experiment's file.
pub const PUBLISHED_FILE: &str = "references/published.toml";
/// What begins an entry of `report.published` that names a data set.
const BY_DATASET: &str = "dataset:";
/// What begins the path of an accuracy under an attack that is no metric here.
pub(super) const ROBUST: &str = "robust_accuracy/";

/// Quantities that papers publish and that are no metric here: what is measured
/// here under a like name has another extractor, reference or attack.
const QUANTITIES: [(&str, &str, Direction); 2] = [
    ("fid", "FID", Direction::LowerIsBetter),
    ("inception_score", "Inception Score", Direction::HigherIsBetter),
];

/// How a figure is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Known {
    /// Read in the publication that it is from.
    #[serde(rename = "primary source")]
    Primary,
    /// Read in a later paper's table.
    #[serde(rename = "later table")]
    Later,
    /// From memory: printed as unverified.
    #[serde(rename = "memory")]
    Memory,
}

/// Figures of one system that were published together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The system, by which experiments name it; several results may share it.
    pub name: String,
    /// The publication.
    pub cite: String,
    /// What the system was trained and tested on.
    pub dataset: String,
    /// How the figures are known.
    pub known: Known,
    /// What has to be known to read them; where they stand.
    pub note: Option<String>,
    /// Trainings that they are means of, where that was said.
    pub seeds: Option<u64>,
    /// Settings that they were found at, path and typed value.
    pub at: Vec<(String, Value)>,
    /// The figures, in the order of their paths.
    pub values: Vec<PublishedValue>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedValue {
    /// A metric's path, or a quantity that only papers have.
    pub path: String,
    /// The figure.
    pub value: f64,
    /// The figure with the digits that it was given with.
    pub shown: String,
    /// Its standard deviation over trainings, likewise.
    pub sd: Option<String>,
}

/// The file of published figures.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it stands for the schema; the file is read as a tree")]
struct RawFile {
    /// Figures that were published together.
    result: Vec<RawResult>,
}

/// Figures that were published together.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawResult {
    /// The system, by which experiments name it.
    name: String,
    /// The publication, as in "Grathwohl et al. 2020".
    cite: String,
    /// What it was trained and tested on.
    dataset: String,
    /// How the figures are known: "primary source", "later table" or "memory".
    known: Known,
    /// What has to be known to read them.
    note: Option<String>,
    /// The range of the pixels in which the source gives the sizes of attacks,
    /// which are written here as the source has them.
    attack_range: Option<PixelRange>,
    /// Trainings that they are means of.
    #[schemars(range(min = 1))]
    seeds: Option<u64>,
    /// Settings that they were found at: path = value.
    #[expect(dead_code, reason = "settings are read as a tree, typed as the fields are")]
    at: Option<RawAxes>,
    /// The figures: metric = number, or metric = { value = …, sd = … }.
    #[expect(dead_code, reason = "figures are read as a tree, with their digits")]
    values: BTreeMap<String, RawFigure>,
}

/// A figure, with or without its spread.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it stands for the schema")]
enum RawFigure {
    /// The figure.
    Plain(f64),
    /// The figure and its standard deviation over trainings.
    Spread(RawSpread),
}

/// A figure and its spread.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it stands for the schema")]
struct RawSpread {
    /// The figure.
    value: f64,
    /// Its standard deviation over trainings.
    #[schemars(range(min = 0))]
    sd: f64,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(plain_schema_of::<RawFile>);

/// Name, unit and direction of what a figure at `path` measures; `None` where
/// there is no such metric and no such quantity.
pub fn quantity(path: &str) -> Option<(String, Unit, Direction)> {
    if let Some(info) = metric::describe(path) {
        return Some((metric::label(path), info.unit, info.direction));
    }
    if let Some(attack) = path.strip_prefix(ROBUST).filter(|attack| !attack.is_empty()) {
        let name = format!("robust accuracy, {attack}");
        return Some((name, Unit::Fraction, Direction::HigherIsBetter));
    }
    let found = QUANTITIES.iter().find(|(key, _, _)| *key == path);
    found.map(|(_, name, direction)| ((*name).to_owned(), Unit::Dimensionless, *direction))
}

/// Reads the `text` of the file of published figures called `name`.
///
/// # Errors
/// With everything that is wrong with it.
pub fn read_published(name: &str, text: &str) -> Result<Vec<Published>, SpecError> {
    let source = SourceText::new(name, text);
    let tree = Node::parse(&source).map_err(SpecError::new)?;
    let mut checker = Checker::new(&source);
    checker.check(&SCHEMA, &tree, "");
    let mut problems = checker.problems;
    SpecError::unless_empty(std::mem::take(&mut problems))?;
    let results = tree.entry("result").map_or(&[][..], |entry| entry.node.items());
    let read: Vec<Published> =
        results.iter().filter_map(|node| result(node, &source, &mut problems)).collect();
    SpecError::unless_empty(problems)?;
    Ok(read)
}

fn result(
    node: &Node,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Published> {
    // What keeps it from being read has been said by the checker.
    let raw: RawResult = serde_json::from_value(node.to_value()).ok()?;
    for (key, text) in [("name", &raw.name), ("cite", &raw.cite), ("dataset", &raw.dataset)] {
        let place = || node.entry(key).map_or(0..0, Entry::place);
        if text.trim().is_empty() {
            let empty = Diagnostic::new(format!("the {key} of a published result is empty"));
            problems.push(empty.at(source, place(), "a text is expected here"));
        } else if text.starts_with(BY_DATASET) {
            let taken = Diagnostic::new(format!("no {key} begins with `{BY_DATASET}`"));
            problems.push(taken.at(source, place(), "an experiment selects by it"));
        }
    }
    let mut at = Vec::new();
    if let Some(settings) = node.entry("at") {
        for written in by_path(&settings.node, source, problems) {
            match typed(written.field, &written.entry.node, source) {
                Ok(typed) => at.push((written.field.path.clone(), typed.value)),
                Err(said) => problems.extend(said),
            }
        }
    }
    let figures = node.entry("values").map_or(&[][..], |entry| entry.node.entries());
    problems.extend(attack_range::refuse_unknown(figures, raw.attack_range, source));
    Some(Published {
        name: raw.name,
        cite: raw.cite,
        dataset: raw.dataset,
        known: raw.known,
        note: raw.note,
        seeds: raw.seeds,
        at,
        values: values(figures, raw.attack_range, source, problems),
    })
}

/// The figures of a result, each once.
fn values(
    figures: &[Entry],
    attack_range: Option<PixelRange>,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> Vec<PublishedValue> {
    let mut values: Vec<PublishedValue> = Vec::new();
    for entry in figures {
        let Some(value) = figure(entry, attack_range, source, problems) else { continue };
        if values.iter().any(|known| known.path == value.path) {
            let message = format!("`{}` stands for `{}` a second time", entry.key, value.path);
            let label = "one figure for a metric is expected";
            problems.push(Diagnostic::new(message).at(source, entry.key_span.clone(), label));
        } else {
            values.push(value);
        }
    }
    values
}

fn figure(
    entry: &Entry,
    attack_range: Option<PixelRange>,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> Option<PublishedValue> {
    let Some((name, unit, _)) = quantity(&entry.key) else {
        problems.push(unknown_quantity(entry, source));
        return None;
    };
    let path = match attack_range::in_unit_pixels(entry, attack_range, source) {
        Ok(path) => path,
        Err(said) => {
            problems.push(said);
            return None;
        }
    };
    let number = entry.node.entry("value").map_or(&entry.node, |inner| &inner.node);
    let value = number.to_value().as_f64()?;
    if unit == Unit::Fraction && !(0.0..=1.0).contains(&value) {
        let message = format!("{name} cannot be {value}: it is a fraction");
        let label = "a number from 0 to 1 is expected here";
        problems.push(Diagnostic::new(message).at(source, number.span.clone(), label));
    }
    let given = |node: &Node| source.text[node.span.clone()].trim_start_matches('+').to_owned();
    Some(PublishedValue {
        path,
        value,
        shown: given(number),
        sd: entry.node.entry("sd").map(|inner| given(&inner.node)),
    })
}

fn unknown_quantity(entry: &Entry, source: &Arc<SourceText>) -> Diagnostic {
    let own = QUANTITIES.iter().map(|(key, _, _)| *key).chain(["robust_accuracy/<attack>"]);
    let known = || metric::metrics().map(|info| info.pattern).chain(own.clone());
    let label = match nearest(&entry.key, known()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "unknown quantity".to_owned(),
    };
    Diagnostic::new(format!("there is no metric `{}`, nor is it a quantity of papers", entry.key))
        .at(source, entry.key_span.clone(), label)
        .help(format!("accepted: {}", quoted_list(known())))
}

/// The results that an experiment names: `wanted` are the items of its
/// `report.published` in `experiment`, the results lie in `all`, which were
/// read from `file`. What names none is added to `problems`.
pub fn select(
    all: &[Published],
    wanted: &[Node],
    (experiment, file): (&Arc<SourceText>, &Path),
    problems: &mut Vec<Diagnostic>,
) -> Vec<Published> {
    let mut chosen = vec![false; all.len()];
    for node in wanted {
        let written = node.to_value();
        let written = written.as_str().unwrap_or_default();
        let dataset = written.strip_prefix(BY_DATASET).map(str::trim);
        let meant = |one: &Published| match dataset {
            Some(dataset) => one.dataset == dataset,
            None => one.name == written,
        };
        if !all.iter().any(meant) {
            let unknown = unknown_name(all, written, dataset, file);
            let label = unknown.1.map_or_else(
                || "unknown name".to_owned(),
                |meant| format!("did you mean \"{meant}\"?"),
            );
            problems.push(unknown.0.at(experiment, node.span.clone(), label));
        }
        for (one, chosen) in all.iter().zip(&mut chosen) {
            *chosen |= meant(one);
        }
    }
    let chosen = all.iter().zip(chosen).filter(|(_, chosen)| *chosen);
    chosen.map(|(one, _)| one.clone()).collect()
}

/// What is said of a name that no result has, and the name that was meant.
fn unknown_name(
    all: &[Published],
    written: &str,
    dataset: Option<&str>,
    file: &Path,
) -> (Diagnostic, Option<String>) {
    let mut known: Vec<String> = Vec::new();
    for one in all {
        let name = match dataset {
            Some(_) => format!("{BY_DATASET} {}", one.dataset),
            None => one.name.clone(),
        };
        if !known.contains(&name) {
            known.push(name);
        }
    }
    let meant = nearest(written, known.iter().map(String::as_str)).map(str::to_owned);
    let message = match dataset {
        Some(dataset) => format!("nothing is published on `{dataset}`"),
        None => format!("there is no published result `{written}`"),
    };
    let file = file.display();
    let names = quoted_list(known.iter().map(String::as_str));
    let help = format!("{file} has: {names}; or `{BY_DATASET} <data set>` for all of one");
    (Diagnostic::new(message).help(help), meant)
}

/// Where the published figures of the experiment at `path` lie.
pub fn published_file(path: &Path) -> PathBuf {
    path.parent().unwrap_or_else(|| Path::new("")).join(PUBLISHED_FILE)
}
