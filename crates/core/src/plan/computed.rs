//! Reads the values of axes that are computed: by a generator, or drawn from
//! a box.

use std::collections::HashSet;

use super::axis::{Axis, AxisReader, Column};
use super::draw::{Method, Side, draw};
use super::generate::{linspace, logspace, range};
use crate::diagnostic::{Diagnostic, nearest, quoted_list};
use crate::spec::{Content, Entry, Field, Node, Written, by_path};

impl AxisReader<'_> {
    /// The numbers of `{ linspace = … }`, `{ logspace = … }` or
    /// `{ range = … }`.
    pub(super) fn generated(&mut self, node: &Node) -> Option<Vec<f64>> {
        const NAMES: [&str; 3] = ["linspace", "logspace", "range"];
        let entry = self.only_entry(node, &NAMES)?;
        let arguments = self.numbers::<3>(entry)?;
        let [a, b, c] = arguments;
        let made = match entry.key.as_str() {
            "linspace" => linspace(a, b, c),
            "logspace" => logspace(a, b, c),
            _ => range(a, b, c),
        };
        match made {
            Ok(numbers) => Some(numbers),
            Err(why) => {
                self.problem(why, entry.node.span.clone(), "");
                None
            }
        }
    }

    /// The one field of `node`, which must have one of `names`.
    fn only_entry<'n>(&mut self, node: &'n Node, names: &[&str]) -> Option<&'n Entry> {
        if let [entry] = node.entries() {
            if names.contains(&entry.key.as_str()) {
                return Some(entry);
            }
            let label = match nearest(&entry.key, names.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "unknown key".to_owned(),
            };
            let accepted = format!("accepted keys: {}", quoted_list(names.iter().copied()));
            self.problems.push(
                Diagnostic::new(format!("unknown key `{}`", entry.key))
                    .at(self.source, entry.key_span.clone(), label)
                    .help(accepted),
            );
        } else {
            let label = format!("one of {} is expected here", quoted_list(names.iter().copied()));
            self.problem("a table with one key is expected".to_owned(), node.span.clone(), &label);
        }
        None
    }

    fn numbers<const N: usize>(&mut self, entry: &Entry) -> Option<[f64; N]> {
        let number = |item: &Node| match item.content {
            Content::Integer(number) => Some(number as f64),
            Content::Real(number) if number.is_finite() => Some(number),
            _ => None,
        };
        let numbers: Option<Vec<f64>> = entry.node.items().iter().map(number).collect();
        let numbers = numbers.and_then(|numbers| <[f64; N]>::try_from(numbers).ok());
        if numbers.is_none() {
            let message = format!("`{}` takes a list of {N} numbers", entry.key);
            let label = match entry.key.as_str() {
                "linspace" | "logspace" => "[first, last, number of values] is expected here",
                "range" => "[first, end, step] is expected here",
                _ => "[low, high] is expected here",
            };
            self.problem(message, entry.place(), label);
        }
        numbers
    }

    pub(super) fn drawn(&mut self, method: Method, entry: &Entry) -> Option<Axis> {
        // A missing or wrong `n` or `over` has been said by the schema.
        let whole = |key: &str| match entry.node.entry(key)?.node.content {
            Content::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        };
        let (n, over) = (whole("n")?, entry.node.entry("over")?);
        let seed = u32::try_from(whole("seed").unwrap_or(0)).ok()?;
        if n == 0 || n > method.most() {
            let message = format!("{n} points cannot be drawn by {}", method.key());
            let place = entry.node.entry("n")?.place();
            self.problem(message, place, &format!("1 to {} are accepted", method.most()));
            return None;
        }
        let written = by_path(&over.node, self.source, self.problems);
        if written.is_empty() {
            let message = format!("`{}` draws over no field", method.key());
            self.problem(message, over.place(), "`path = { linear = [low, high] }` is needed");
            return None;
        }
        let mut columns: Vec<Column> = Vec::new();
        for (dimension, Written { field, entry }) in written.into_iter().enumerate() {
            let side = self.side(field, entry)?;
            let numbers = draw(method, side, n, seed, dimension as u32, &field.path);
            let values = self.computed(field, numbers, &entry.node.span)?;
            columns.push(Column { field, key_span: entry.key_span.clone(), values });
        }
        let merged = equal_rows(&columns);
        let note = (merged > 0).then(|| {
            format!(
                "{merged} of the {n} points of `{}` are equal to earlier ones once they are \
                 rounded: each is run once",
                method.key()
            )
        });
        Some(Axis { columns, names: None, note })
    }

    fn side(&mut self, field: &Field, entry: &Entry) -> Option<Side> {
        if !field.is_number() {
            let message = format!("`{}` is not a number and cannot be drawn", field.path);
            self.problem(message, entry.key_span.clone(), "list its values in `grid` or `zip`");
            return None;
        }
        let range = self.only_entry(&entry.node, &["linear", "log"])?;
        let [low, high] = self.numbers::<2>(range)?;
        let log = range.key == "log";
        let wrong = if low >= high {
            Some("the first number must be below the second")
        } else if log && low <= 0.0 {
            Some("a logarithmic range lies above 0")
        } else {
            None
        };
        if let Some(label) = wrong {
            let message = format!("nothing can be drawn from {low} to {high}");
            self.problem(message, range.node.span.clone(), label);
            return None;
        }
        if !field.is_whole() {
            return Some(Side { low, high, log, whole: false });
        }
        let (first, last) = (low.ceil(), high.floor());
        if first > last {
            let message = format!("there is no whole number from {low} to {high}");
            let label = format!("`{}` is a whole number", field.path);
            self.problem(message, range.node.span.clone(), &label);
            return None;
        }
        Some(Side { low: first, high: last, log, whole: true })
    }
}

/// How many rows of `columns`, which are equally long, are equal to earlier ones.
fn equal_rows(columns: &[Column]) -> usize {
    let rows = columns.first().map_or(0, |column| column.values.len());
    let row = |number: usize| -> String {
        columns.iter().map(|column| format!("{} ", column.values[number].typed.value)).collect()
    };
    let different: HashSet<String> = (0..rows).map(row).collect();
    rows - different.len()
}
