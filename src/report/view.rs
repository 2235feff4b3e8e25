//! Results laid out for figures and sentences: which cells form a line, and in
//! which order.

use std::collections::{BTreeMap, BTreeSet};

use jem_core::spec::{Published, Scale, show_value};
use serde_json::Value;

use super::label::{axis_names, score_place, values_label};
use crate::chart::XScale;
use crate::table::{CellResult, Results, TrialResult};

/// What the one cell is called where nothing is swept.
const ALL_TRIALS: &str = "all trials";

/// The results of an experiment and how they are looked at.
#[derive(Debug)]
pub struct View<'a> {
    /// The results.
    pub results: &'a Results,
    /// Their cells.
    pub cells: &'a [CellResult],
    /// What the swept fields are called.
    pub names: Vec<String>,
    /// The horizontal axis, where one is swept and all its values are numbers.
    pub x: Option<Axis>,
    /// Cells that differ in x alone, by x; without an x, all cells in a line.
    pub lines: Vec<Line<'a>>,
    /// The other swept field, where lines differ in it alone and all its values
    /// are numbers: its place among the swept fields.
    pub second: Option<usize>,
    /// Names of fields that have one value for each x, and so are not told
    /// apart from it.
    pub tied: Vec<String>,
}

/// The horizontal axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Its place among the swept fields.
    pub index: usize,
    /// What it is called.
    pub name: String,
    /// How it is laid out.
    pub scale: XScale,
}

/// Cells that differ in x alone.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// The values they share, as `steps = 20`; empty for a single line.
    pub label: String,
    /// The cells.
    pub cells: Vec<&'a CellResult>,
}

/// A published result on the horizontal axis.
#[derive(Clone, Copy, Debug)]
pub struct Rung<'a> {
    /// Its value there.
    pub x: f64,
    /// The result.
    pub result: &'a Published,
}

impl<'a> View<'a> {
    /// Lays out `results`, whose cells are `cells`.
    pub fn new(results: &'a Results, cells: &'a [CellResult]) -> Self {
        let names = axis_names(&results.axes);
        let x = axis(results, cells, &names);
        let (lines, tied) = (Vec::new(), Vec::new());
        let mut view = Self { results, cells, names, x, lines, second: None, tied };
        let (kept, tied) = view.other_axes();
        let numbers = |axis: &usize| cells.iter().all(|cell| cell.values[*axis].is_number());
        view.second = <[usize; 1]>::try_from(&kept[..]).ok().map(|[axis]| axis).filter(numbers);
        view.tied = tied.into_iter().map(|axis| view.names[axis].clone()).collect();
        view.lines = view.grouped(&kept);
        view
    }

    /// The value of `cell` on the horizontal axis.
    pub fn x_of(&self, cell: &CellResult) -> Option<f64> {
        cell.values.get(self.x.as_ref()?.index)?.as_f64()
    }

    /// The cell by all its values; `all trials` where nothing is swept.
    pub fn label(&self, cell: &CellResult) -> String {
        let label = values_label(self.names.iter().zip(&cell.values));
        if label.is_empty() { ALL_TRIALS.to_owned() } else { label }
    }

    /// The cell within its line: by x alone where there is one.
    pub fn label_in_line(&self, cell: &CellResult) -> String {
        match (&self.x, self.x_of(cell)) {
            (Some(x), Some(_)) => values_label([(&x.name, &cell.values[x.index])].into_iter()),
            _ => self.label(cell),
        }
    }

    /// What images of `trial`, one of `cell`, are called beside others: the cell
    /// within its line, or the seed where nothing is swept.
    pub fn label_of_images(&self, cell: &CellResult, trial: &TrialResult) -> String {
        let label = self.label_in_line(cell);
        if label == ALL_TRIALS { format!("seed {}", trial.seed) } else { label }
    }

    /// The value of `cell` on the horizontal axis, as people read it.
    pub fn x_shown(&self, cell: &CellResult) -> String {
        let value = self.x.as_ref().and_then(|x| cell.values.get(x.index));
        value.map(show_value).unwrap_or_default()
    }

    /// The published results that were found at a value of x.
    pub fn rungs(&self) -> Vec<Rung<'a>> {
        let Some(x) = &self.x else { return Vec::new() };
        let path = &self.results.axes[x.index];
        let rung = |result: &'a Published| {
            let (_, value) = result.at.iter().find(|(at, _)| at == path)?;
            Some(Rung { x: value.as_f64()?, result })
        };
        self.results.experiment.report.published.iter().filter_map(rung).collect()
    }

    /// The trials of `cell`.
    pub fn trials_of(&self, cell: &CellResult) -> impl Iterator<Item = &'a TrialResult> {
        let (id, values) = (cell.cell, cell.values.clone());
        // Cells that differ in their evaluation alone share an id.
        let belongs = move |trial: &&TrialResult| trial.cell == id && trial.values == values;
        self.results.trials.iter().filter(belongs)
    }

    /// What a place on the horizontal axis is called: `λ`, or `setting`.
    pub fn x_name(&self) -> &str {
        self.x.as_ref().map_or("setting", |x| &x.name)
    }

    /// Whether a cell has a value of `metric`.
    pub fn has(&self, metric: &str) -> bool {
        self.cells.iter().any(|cell| cell.metrics.contains_key(metric))
    }

    /// The ECE to show: with 15 bins (Guo et al. 2017) if it was measured.
    pub fn ece(&self) -> Option<String> {
        let usual = "calib/ece/bins=15";
        let other = || self.metrics().into_iter().find(|path| path.starts_with("calib/ece/"));
        if self.has(usual) { Some(usual.to_owned()) } else { other() }
    }

    /// The out-of-distribution sets that were told from the test set.
    pub fn ood_sets(&self) -> Vec<String> {
        let set = |path: &String| {
            let (set, _) = path.strip_prefix("ood/auroc/")?.rsplit_once('/')?;
            Some(set.to_owned())
        };
        let sets: BTreeSet<String> = self.metrics().iter().filter_map(set).collect();
        sets.into_iter().collect()
    }

    /// The scores that `family`, such as `error/auroc`, was measured of; energy
    /// and its rival first.
    pub fn scores(&self, family: &str) -> Vec<String> {
        let score = |path: &String| {
            let score = path.strip_prefix(family)?.strip_prefix('/')?;
            Some(score.to_owned())
        };
        let mut scores: Vec<String> = self.metrics().iter().filter_map(score).collect();
        scores.sort_by_key(|score| score_place(score));
        scores
    }

    /// The largest number of seeds of a cell.
    pub fn most_seeds(&self) -> usize {
        self.cells.iter().map(|cell| cell.seeds.len()).max().unwrap_or(0)
    }

    /// Every metric that a cell has a value of.
    fn metrics(&self) -> BTreeSet<String> {
        self.cells.iter().flat_map(|cell| cell.metrics.keys().cloned()).collect()
    }

    /// Of the swept fields other than x, those that tell lines apart, and those
    /// that are a function of x.
    fn other_axes(&self) -> (Vec<usize>, Vec<usize>) {
        let Some(x) = &self.x else {
            return (Vec::new(), Vec::new());
        };
        let mut kept = Vec::new();
        let mut tied = Vec::new();
        for axis in (0..self.names.len()).filter(|axis| *axis != x.index) {
            let value = |cell: &'a CellResult| &cell.values[axis];
            let mut seen: BTreeMap<String, &Value> = BTreeMap::new();
            let function = self.cells.iter().all(|cell| {
                let first = seen.entry(cell.values[x.index].to_string()).or_insert(value(cell));
                *first == value(cell)
            });
            let varies = self.cells.iter().any(|cell| value(cell) != value(&self.cells[0]));
            match (varies, function) {
                (true, true) => tied.push(axis),
                (true, false) => kept.push(axis),
                (false, _) => {}
            }
        }
        (kept, tied)
    }

    /// Cells that agree on the fields in `kept`, in the order of the first of
    /// each; within a line by x, those without one last.
    fn grouped(&self, kept: &[usize]) -> Vec<Line<'a>> {
        let mut lines: Vec<Line<'a>> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for cell in self.cells {
            let named = || kept.iter().map(|axis| (&self.names[*axis], &cell.values[*axis]));
            let key: Vec<String> = named().map(|(_, value)| value.to_string()).collect();
            let place = *places.entry(key.join("\n")).or_insert_with(|| {
                lines.push(Line { label: values_label(named()), cells: Vec::new() });
                lines.len() - 1
            });
            lines[place].cells.push(cell);
        }
        if self.x.is_some() {
            let at = |cell: &CellResult| self.x_of(cell).unwrap_or(f64::INFINITY);
            for line in &mut lines {
                line.cells.sort_by(|a, b| at(a).total_cmp(&at(b)));
            }
        }
        lines
    }
}

/// The experiment's x, unless one of its values is no number.
fn axis(results: &Results, cells: &[CellResult], names: &[String]) -> Option<Axis> {
    let report = &results.experiment.report;
    let path = report.x.as_ref()?;
    let index = results.axes.iter().position(|axis| axis == path)?;
    let values = || cells.iter().map(|cell| &cell.values[index]);
    let numbers = values().all(|value| value.is_number() || value.is_null());
    if !numbers || values().all(Value::is_null) {
        return None;
    }
    let negative = values().filter_map(Value::as_f64).any(|value| value < 0.0);
    let scale = match report.x_scale {
        // The charts' logarithmic axis has a place for 0, but none below.
        Scale::Log | Scale::Symlog if !negative => XScale::Log,
        _ => XScale::Linear,
    };
    Some(Axis { index, name: names[index].clone(), scale })
}
