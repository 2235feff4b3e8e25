//! Specs and their values as people write them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::resolve::spell_out;
use super::resolved::Spec;

/// The tables of `spec` as TOML, with nothing left to a preset. Read again,
/// they give the same ids.
pub fn to_toml(spec: &Spec) -> String {
    toml::to_string(&spell_out(spec)).unwrap_or_default()
}

/// The value of the field at `path`, as typed by the field; `None` where the
/// spec has no such field, such as a width of the other kind of network.
pub fn value_at(spec: &Spec, path: &str) -> Option<Value> {
    let raw = serde_json::to_value(spell_out(spec)).ok()?;
    path.split('.').try_fold(&raw, |table, part| table.get(part)).cloned()
}

/// Every field of `spec` by path, as [`value_at`] gives it: all that is in a
/// file of its own, spelled out.
pub fn settings(spec: &Spec) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    flatten(String::new(), serde_json::to_value(spell_out(spec)).unwrap_or_default(), &mut found);
    found
}

fn flatten(path: String, value: Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, inner) in fields {
                let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                flatten(path, inner, found);
            }
        }
        leaf => {
            found.insert(path, leaf);
        }
    }
}

/// A real as people read it: without `.0`, and with an exponent where it is
/// very large or small.
pub(crate) fn show_number(real: f64) -> String {
    if real == 0.0 || !real.is_finite() || (1e-4..1e10).contains(&real.abs()) {
        real.to_string()
    } else {
        format!("{real:e}")
    }
}

/// A value as people read it: `0.1`, `20`, `mnist`, `[256, 256]`.
pub fn show_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(real) if number.is_f64() => show_number(real),
            _ => number.to_string(),
        },
        Value::Array(items) => {
            let shown: Vec<String> = items.iter().map(show_value).collect();
            format!("[{}]", shown.join(", "))
        }
        other => other.to_string(),
    }
}
