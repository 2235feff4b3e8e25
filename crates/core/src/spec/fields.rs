//! The fields that a spec has, by path: what can be written in its tables
//! and, by the same path, swept.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::raw::Tables;
use super::schema::PLAIN;
use crate::diagnostic::nearest;

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its path, such as `model.mlp.hidden`.
    pub path: String,
    /// The schema of its value.
    pub schema: &'static Value,
}

impl Field {
    /// Whether its values are numbers.
    pub fn is_number(&self) -> bool {
        self.is_whole() || self.schema["type"] == "number"
    }

    /// Whether its values are whole numbers.
    pub fn is_whole(&self) -> bool {
        self.schema["type"] == "integer"
    }
}

static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let mut found = Vec::new();
    for table in Tables::NAMES {
        collect(table.to_string(), &PLAIN["properties"][table], &mut found);
    }
    found
});

static BY_PATH: LazyLock<HashMap<&str, &Field>> =
    LazyLock::new(|| FIELDS.iter().map(|field| (field.path.as_str(), field)).collect());

fn collect(path: String, schema: &'static Value, found: &mut Vec<Field>) {
    match schema["properties"].as_object() {
        Some(properties) => {
            for (name, inner) in properties {
                collect(format!("{path}.{name}"), inner, found);
            }
        }
        None => found.push(Field { path, schema }),
    }
}

/// All fields, table by table.
pub fn fields() -> &'static [Field] {
    &FIELDS
}

/// The field at `path`.
pub fn field(path: &str) -> Option<&'static Field> {
    BY_PATH.get(path).copied()
}

/// The path that was probably meant by `written`: one that ends alike, or
/// else one that looks alike.
pub fn nearest_path(written: &str) -> Option<&'static str> {
    let last = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    let tail = written.rsplit('.').next().unwrap_or(written);
    let paths = || FIELDS.iter().map(|field| field.path.as_str());
    let mut ending_alike = paths().filter(|path| last(path) == tail);
    match (ending_alike.next(), ending_alike.next()) {
        (Some(only), None) => Some(only),
        _ => nearest(written, paths()),
    }
}

/// Fields, or tables of fields, of which a spec has only one.
pub const ALTERNATIVES: [(&str, &str); 8] = [
    ("train.epochs", "train.steps"),
    ("model.mlp", "model.cnn"),
    ("model.mlp", "model.wrn"),
    ("model.cnn", "model.wrn"),
    ("optimizer.adam", "optimizer.adamw"),
    ("optimizer.adam", "optimizer.sgd"),
    ("optimizer.adamw", "optimizer.sgd"),
    ("data.labels.fraction", "data.labels.per_class"),
];
