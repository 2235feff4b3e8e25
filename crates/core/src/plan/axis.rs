//! The axes of a block: fields with the values they take, each with its place
//! in the file.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::allowance::Allowance;
use super::draw::Method;
use super::names::read_names;
use crate::diagnostic::{Diagnostic, SourceText};
use crate::spec::{Content, Entry, Field, Node, Typed, Written, by_path, typed};

/// Fields that advance together: one field of `grid`, or all of `zip`,
/// `random` or `sobol`.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The fields; all have the same number of values, which is not 0.
    pub columns: Vec<Column>,
    /// The names of the rows of a `zip`, where it has any.
    pub names: Option<Vec<String>>,
    /// What one should know of its values, as a sentence.
    pub note: Option<String>,
}

impl Axis {
    fn single(column: Column) -> Self {
        Self { columns: vec![column], names: None, note: None }
    }

    /// How many values the axis has.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(1, |column| column.values.len())
    }
}

/// A field and its values.
#[derive(Clone, Debug)]
pub struct Column {
    /// The field.
    pub field: &'static Field,
    /// Its key in the file.
    pub key_span: Range<usize>,
    /// Its values.
    pub values: Vec<AxisValue>,
}

/// One value of a field.
#[derive(Clone, Debug)]
pub struct AxisValue {
    /// The value.
    pub typed: Typed,
    /// Where it is written, or what it is computed from.
    pub span: Range<usize>,
}

/// Reads axes and collects what is wrong with them.
pub struct AxisReader<'a> {
    /// The file.
    pub source: &'a Arc<SourceText>,
    /// What was found so far.
    pub problems: &'a mut Vec<Diagnostic>,
    /// What may still be asked for.
    pub allowance: &'a mut Allowance,
}

impl AxisReader<'_> {
    /// The axes of `block`, in the order written.
    pub fn read(&mut self, block: &Node) -> Vec<Axis> {
        let mut axes = Vec::new();
        for entry in block.entries() {
            match entry.key.as_str() {
                "grid" => {
                    let columns = self.columns(&entry.node);
                    axes.extend(columns.into_iter().map(Axis::single));
                }
                "zip" => axes.extend(self.zip(&entry.node, block.entry("names"))),
                "random" => axes.extend(self.drawn(Method::Random, entry)),
                "sobol" => axes.extend(self.drawn(Method::Sobol, entry)),
                "names" if block.entry("zip").is_none() => {
                    let label = "there is no `zip` in this block";
                    let message = "names are those of the rows of a `zip`".to_owned();
                    self.problem(message, entry.key_span.clone(), label);
                }
                _ => {}
            }
        }
        axes
    }

    pub(super) fn problem(&mut self, message: String, place: Range<usize>, label: &str) {
        self.problems.push(Diagnostic::new(message).at(self.source, place, label));
    }

    fn columns(&mut self, table: &Node) -> Vec<Column> {
        let written = by_path(table, self.source, self.problems);
        written.into_iter().filter_map(|written| self.column(written)).collect()
    }

    fn zip(&mut self, table: &Node, names: Option<&Entry>) -> Option<Axis> {
        let columns = self.columns(table);
        let first = columns.first()?;
        let length = first.values.len();
        if let Some(other) = columns.iter().find(|column| column.values.len() != length) {
            self.problems.push(
                Diagnostic::new("fields that advance together need equally many values")
                    .at(self.source, other.key_span.clone(), count_values(other))
                    .at(self.source, first.key_span.clone(), count_values(first)),
            );
            return None;
        }
        let mut axis = Axis { columns, names: None, note: None };
        axis.names = names.and_then(|names| read_names(names, &axis, self.source, self.problems));
        Some(axis)
    }

    fn column(&mut self, written: Written<'_>) -> Option<Column> {
        let Written { field, entry } = written;
        let values: Vec<Option<AxisValue>> = match &entry.node.content {
            Content::List(items) => {
                if field.schema["type"] == "array" && !items.iter().any(is_list) {
                    self.lists_expected(field, entry);
                    return None;
                }
                items.iter().map(|item| self.value(field, item)).collect()
            }
            Content::Table(_) if field.is_number() => {
                let numbers = self.generated(&entry.node)?;
                let values = self.computed(field, numbers, &entry.node.span)?;
                values.into_iter().map(Some).collect()
            }
            _ => vec![self.value(field, &entry.node)],
        };
        if values.is_empty() {
            let message = format!("the axis `{}` has no values", field.path);
            self.problem(message, entry.node.span.clone(), "at least one value is needed here");
        }
        let values: Vec<AxisValue> = values.into_iter().collect::<Option<_>>()?;
        (!values.is_empty()).then(|| Column { field, key_span: entry.key_span.clone(), values })
    }

    fn lists_expected(&mut self, field: &Field, entry: &Entry) {
        let span = entry.node.span.clone();
        let written = self.source.text.get(span.clone()).unwrap_or("[…]");
        let label = format!("one value is a list: write [{written}]");
        let message = format!("each value of the axis `{}` is a list", field.path);
        self.problem(message, span, &label);
    }

    fn value(&mut self, field: &'static Field, node: &Node) -> Option<AxisValue> {
        match typed(field, node, self.source) {
            Ok(typed) => Some(AxisValue { typed, span: node.span.clone() }),
            Err(said) => {
                self.problems.extend(said);
                None
            }
        }
    }

    /// Values that are computed from what stands at `span`. The first wrong
    /// one speaks for the others.
    pub(super) fn computed(
        &mut self,
        field: &'static Field,
        numbers: Vec<f64>,
        span: &Range<usize>,
    ) -> Option<Vec<AxisValue>> {
        if let Err(why) = self.allowance.values(numbers.len()) {
            self.problem(why, span.clone(), "with these there are more");
            return None;
        }
        let source = self.source;
        let value = |number: f64| {
            let node = Node { span: span.clone(), content: Content::Real(number) };
            Ok(AxisValue { typed: typed(field, &node, source)?, span: node.span })
        };
        let values: Result<Vec<AxisValue>, Vec<Diagnostic>> =
            numbers.into_par_iter().map(value).collect();
        match values {
            Ok(values) => Some(values),
            Err(said) => {
                self.problems.extend(said);
                None
            }
        }
    }
}

fn count_values(column: &Column) -> String {
    match column.values.len() {
        1 => "1 value".to_owned(),
        n => format!("{n} values"),
    }
}

fn is_list(node: &Node) -> bool {
    matches!(node.content, Content::List(_))
}
