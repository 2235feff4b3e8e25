//! What a value of an axis changes among the canonical leaves of a block's
//! first cell, so that the other cells can be hashed by splicing.
//!
//! Every field of the tables ends up in leaves of its own, except for
//! alternatives, which no block sweeps together. So the changes that two
//! fields of a block make never touch the same leaf, and together they are the
//! changes of the cell that has both; a property test holds that.

use rayon::prelude::*;
use serde_json::Value;

use super::axis::AxisValue;
use super::block::{Block, COMPLETE};
use super::naming::Naming;
use crate::digest::{Canonical, encode_leaf};
use crate::spec::{Tables, resolve, resolve_table, value};

/// A canonical leaf: its path and its encoding, which is empty when unset.
type Leaf = (String, Vec<u8>);

/// What of a spec is hashed into which id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The training tables: CellId.
    Training,
    /// `evaluate`: EvalId.
    Evaluate,
}

impl Part {
    /// The part that `table` is of; `None` if it is hashed into no id.
    fn of(table: &str) -> Option<Self> {
        match table {
            "resources" => None,
            "evaluate" => Some(Self::Evaluate),
            _ => Some(Self::Training),
        }
    }
}

/// The canonical form of a block's first cell, and what every value of its
/// axes changes there.
pub struct Splicer {
    /// The training tables of the first cell.
    pub training: Canonical,
    /// `evaluate` of the first cell.
    pub evaluate: Canonical,
    changes: Vec<Changes>,
}

/// What the values of one column change.
struct Changes {
    /// The number of the column's axis.
    axis: usize,
    /// Where the changes belong.
    part: Part,
    /// The changed leaves, by the number of the value.
    leaves: Vec<Vec<Leaf>>,
}

impl Splicer {
    /// Resolves every value of every axis of `block` once.
    pub fn new(block: &Block, naming: &Naming) -> Self {
        let first = vec![0; block.axes.len()];
        let tables = naming.tables(block.tables(&first));
        let spec = resolve(&tables).expect(COMPLETE);
        let changes = block.columns().filter_map(|(axis, column)| {
            let table = column.field.path.split('.').next().unwrap_or_default();
            let part = Part::of(table)?;
            // The other tables have no say in what this one is.
            let alone = tables.only(table);
            let base = leaves_of(&alone, table);
            let change = |chosen: &AxisValue| {
                let mut changed = alone.clone();
                changed.overlay(&naming.tables(chosen.typed.tables.clone()));
                difference(&base, leaves_of(&changed, table))
            };
            let leaves = column.values.par_iter().map(change).collect();
            Some(Changes { axis, part, leaves })
        });
        Self {
            changes: changes.collect(),
            training: Canonical::of(&value(&spec.training)),
            evaluate: Canonical::of(&value(&spec.evaluate)),
        }
    }

    /// The leaves of `part` in which the cell with these `choices` differs
    /// from the first one, sorted by path.
    pub fn replaced(&self, part: Part, choices: &[usize]) -> Vec<(&str, &[u8])> {
        let mut leaves = Vec::with_capacity(self.changes.len());
        for changes in self.changes.iter().filter(|changes| changes.part == part) {
            let changed = &changes.leaves[choices[changes.axis]];
            leaves.extend(changed.iter().map(|(path, leaf)| (path.as_str(), leaf.as_slice())));
        }
        leaves.sort_unstable_by_key(|(path, _)| *path);
        leaves
    }
}

/// The canonical leaves of one table.
fn leaves_of(tables: &Tables, table: &str) -> Vec<Leaf> {
    let tree = resolve_table(tables, table).expect(COMPLETE);
    let mut leaves = Vec::new();
    // The fields of `evaluate` are hashed without a table's name before them.
    collect(if table == "evaluate" { "" } else { table }, &tree, &mut leaves);
    leaves
}

/// The leaves of `new` that are not in `base`, and, unset, those of `base`
/// that `new` has not.
fn difference(base: &[Leaf], mut new: Vec<Leaf>) -> Vec<Leaf> {
    let gone = base.iter().filter(|(path, _)| new.iter().all(|(other, _)| other != path));
    let gone: Vec<Leaf> = gone.map(|(path, _)| (path.clone(), Vec::new())).collect();
    new.retain(|leaf| !base.contains(leaf));
    new.extend(gone);
    new
}

/// Flattens `value` as [`Canonical`] does.
fn collect(path: &str, value: &Value, leaves: &mut Vec<Leaf>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, inner) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(&path, inner, leaves);
            }
        }
        leaf => leaves.push((path.to_owned(), encode_leaf(leaf))),
    }
}
