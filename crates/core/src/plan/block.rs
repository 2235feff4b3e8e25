//! One block of a sweep: its axes, what it leaves out, its seeds, and the
//! cells it makes.

use std::sync::Arc;

use super::allowance::Allowance;
use super::axis::{Axis, AxisReader, AxisValue, Column};
use crate::diagnostic::{Diagnostic, SourceText};
use crate::spec::{
    Document, Node, Spec, Tables, Written, by_path, check_alternatives, read_seeds, resolve, typed,
};

/// The most cells that the axes of one block may span.
const MAX_CELLS: u64 = 10_000_000;

/// Why every cell can be resolved.
pub const COMPLETE: &str = "a preset sets every field; a test holds that";

/// One block.
#[derive(Clone, Debug)]
pub struct Block {
    /// The axes; the last advances fastest.
    pub axes: Vec<Axis>,
    /// The seeds of every cell.
    pub seeds: Vec<u64>,
    /// The tables that the axes' values are laid over.
    base: Arc<Tables>,
    /// The numbers of the cells that are not left out.
    pub cells: Vec<u32>,
}

/// A condition that leaves cells out: for each of some axes, which of its
/// values match.
struct Exclusion {
    matching: Vec<(usize, Vec<bool>)>,
}

impl Block {
    /// The block of a file without a sweep: one cell.
    pub fn single(document: &Document, base: &Arc<Tables>) -> Self {
        let seeds = document.seeds.clone();
        Self { axes: Vec::new(), seeds, base: Arc::clone(base), cells: vec![0] }
    }

    /// Reads the block at `node`; what is wrong with it goes to `problems`.
    pub fn read(
        node: &Node,
        document: &Document,
        base: &Arc<Tables>,
        allowance: &mut Allowance,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let source = &document.source;
        let before = problems.len();
        let axes = AxisReader { source, problems, allowance }.read(node);
        check_paths(&axes, source, problems);
        let seeds = match node.entry("seeds") {
            Some(entry) => read_seeds(entry, source, problems),
            None => document.seeds.clone(),
        };
        if problems.len() > before {
            return None;
        }
        let mut block = Self { axes, seeds, base: Arc::clone(base), cells: Vec::new() };
        let count = block.count_cells(node, source, problems)?;
        let exclusions = node.entry("exclude").map_or(0, |entry| entry.node.items().len());
        let (cells, exclusions) = (u64::from(count), exclusions as u64);
        let fits = allowance.cells(cells).and_then(|()| allowance.comparisons(cells, exclusions));
        if let Err(why) = fits {
            let label = "with this block there are more";
            problems.push(Diagnostic::new(why).at(source, node.span.clone(), label));
            return None;
        }
        block.enumerate(count, node, source, problems)?;
        Some(block)
    }

    /// All columns with the number of their axis.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &Column)> {
        let numbered = self.axes.iter().enumerate();
        numbered.flat_map(|(number, axis)| axis.columns.iter().map(move |column| (number, column)))
    }

    /// Which value of each axis the cell `number` has.
    pub fn choices(&self, number: u32) -> Vec<usize> {
        let mut rest = number as usize;
        let mut choices: Vec<usize> = Vec::with_capacity(self.axes.len());
        for axis in self.axes.iter().rev() {
            choices.push(rest % axis.len());
            rest /= axis.len();
        }
        choices.reverse();
        choices
    }

    /// The values that set the cell with these `choices` apart.
    pub fn values<'a>(
        &'a self,
        choices: &'a [usize],
    ) -> impl Iterator<Item = (&'a Column, &'a AxisValue)> {
        self.columns().map(|(axis, column)| (column, &column.values[choices[axis]]))
    }

    /// The spec of the cell with these `choices`.
    pub fn spec(&self, choices: &[usize]) -> Spec {
        resolve(&self.tables(choices)).expect(COMPLETE)
    }

    /// The tables of the cell with these `choices`.
    pub fn tables(&self, choices: &[usize]) -> Tables {
        let mut tables = (*self.base).clone();
        for (_, chosen) in self.values(choices) {
            tables.overlay(&chosen.typed.tables);
        }
        tables
    }

    fn count_cells(
        &self,
        node: &Node,
        source: &Arc<SourceText>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<u32> {
        let count = self.axes.iter().try_fold(1u64, |count, axis| {
            count.checked_mul(axis.len() as u64).filter(|count| *count <= MAX_CELLS)
        });
        if count.is_none() {
            let sizes: Vec<String> = self.axes.iter().map(|axis| axis.len().to_string()).collect();
            problems.push(
                Diagnostic::new(format!("this block spans {} cells", sizes.join(" × ")))
                    .at(source, node.span.clone(), format!("at most {MAX_CELLS} are accepted"))
                    .help("draw from the box instead: `random = { n = …, over = { … } }`"),
            );
        }
        count.map(|count| count as u32)
    }

    /// Lists the cells that no `exclude` leaves out.
    fn enumerate(
        &mut self,
        count: u32,
        node: &Node,
        source: &Arc<SourceText>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<()> {
        let entries = node.entry("exclude").map_or(&[][..], |entry| entry.node.items());
        let before = problems.len();
        let exclusions: Vec<Exclusion> =
            entries.iter().map(|entry| self.exclusion(entry, source, problems)).collect();
        if problems.len() > before {
            return None;
        }
        let mut used = vec![false; exclusions.len()];
        for number in 0..count {
            let mut kept = true;
            if !exclusions.is_empty() {
                let choices = self.choices(number);
                for (exclusion, used) in exclusions.iter().zip(&mut used) {
                    if exclusion.matching.iter().all(|(axis, values)| values[choices[*axis]]) {
                        (kept, *used) = (false, true);
                    }
                }
            }
            if kept {
                self.cells.push(number);
            }
        }
        for (entry, _) in entries.iter().zip(used).filter(|(_, used)| !used) {
            problems.push(Diagnostic::new("this exclusion matches no cell").at(
                source,
                entry.span.clone(),
                "no cell of the block has these values",
            ));
        }
        if self.cells.is_empty() {
            problems.push(Diagnostic::new("every cell of this block is excluded").at(
                source,
                node.span.clone(),
                "nothing is left of this block",
            ));
        }
        (problems.len() == before).then_some(())
    }

    fn exclusion(
        &self,
        entry: &Node,
        source: &Arc<SourceText>,
        problems: &mut Vec<Diagnostic>,
    ) -> Exclusion {
        let mut matching = Vec::new();
        let conditions = by_path(entry, source, problems);
        if conditions.is_empty() {
            let label = "`path = value` is expected here";
            let empty = Diagnostic::new("an exclusion needs a condition");
            problems.push(empty.at(source, entry.span.clone(), label));
        }
        for Written { field, entry } in conditions {
            let Some((axis, column)) = self.columns().find(|(_, c)| c.field.path == field.path)
            else {
                let message = format!("`{}` is not swept in this block", field.path);
                let label = "only a swept field can set cells apart";
                let unswept = Diagnostic::new(message);
                problems.push(unswept.at(source, entry.key_span.clone(), label));
                continue;
            };
            match typed(field, &entry.node, source) {
                Ok(typed) => {
                    let same = |other: &AxisValue| other.typed.value == typed.value;
                    matching.push((axis, column.values.iter().map(same).collect()));
                }
                Err(said) => problems.extend(said),
            }
        }
        Exclusion { matching }
    }
}

/// No field stands on two axes of the block, and no alternatives do.
fn check_paths(axes: &[Axis], source: &Arc<SourceText>, problems: &mut Vec<Diagnostic>) {
    let columns: Vec<&Column> = axes.iter().flat_map(|axis| &axis.columns).collect();
    for (index, column) in columns.iter().enumerate() {
        let path = &column.field.path;
        if let Some(first) = columns[..index].iter().find(|other| other.field.path == *path) {
            problems.push(
                Diagnostic::new(format!("`{path}` is swept twice in one block"))
                    .at(source, column.key_span.clone(), "again here")
                    .at(source, first.key_span.clone(), "first here"),
            );
        }
    }
    let written: Vec<_> = columns
        .iter()
        .map(|column| (column.field.path.as_str(), column.key_span.clone()))
        .collect();
    check_alternatives(&written, source, problems);
}
