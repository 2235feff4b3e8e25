//! Fields by path with the kind of their values: for those who ask for the
//! values of a run by name.

use serde_json::Value;

use super::fields::fields;
use super::resolve::spell_out;
use super::resolved::{Checkpoints, Device, Evaluate, Resources, Spec, Training};

/// What values a field has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A real or whole number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Word(Vec<&'static str>),
    /// Any text.
    Text,
    /// Values in their order.
    List,
}

/// The fields that can change a number, table by table, and what values they
/// have: all but those of `[resources]` that are part of no id.
pub fn field_kinds() -> impl Iterator<Item = (&'static str, FieldKind)> {
    let kept = |path: &str| match path.strip_prefix("resources.") {
        Some(name) => ["device", "threads"].contains(&name),
        None => true,
    };
    let fields = fields().iter().filter(move |field| kept(&field.path));
    fields.map(|field| (field.path.as_str(), kind(field.schema)))
}

fn kind(schema: &'static Value) -> FieldKind {
    match schema["type"].as_str() {
        Some("number" | "integer") => FieldKind::Number,
        Some("boolean") => FieldKind::Boolean,
        Some("array") => FieldKind::List,
        _ => words(schema).map_or(FieldKind::Text, FieldKind::Word),
    }
}

/// The words of an enumeration, which stand in one list or, with a
/// description each, apart.
fn words(schema: &'static Value) -> Option<Vec<&'static str>> {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(Value::as_str).collect();
    }
    schema["oneOf"].as_array()?.iter().map(|option| option["const"].as_str()).collect()
}

/// What the fields of `[data]` to `[evaluate]` are, by path, with nothing left
/// to a preset. A field that the spec has not, such as a width of the other
/// kind of network, is not among them; a table is its JSON text.
pub fn field_values(training: &Training, evaluate: &Evaluate) -> Vec<(&'static str, Value)> {
    let checkpoints = Checkpoints { steps: None, seconds: None, kept: 1 };
    let resources = Resources { device: Device::Cpu, threads: 1, timeout: None, checkpoints };
    let spec = Spec { training: training.clone(), evaluate: evaluate.clone(), resources };
    let raw = serde_json::to_value(spell_out(&spec)).unwrap_or_default();
    let value = |path: &str| {
        let found = path.split('.').try_fold(&raw, |table, part| table.get(part))?;
        match found {
            Value::Null => None,
            Value::Object(_) => Some(Value::String(found.to_string())),
            found => Some(found.clone()),
        }
    };
    let asked = fields().iter().filter(|field| !field.path.starts_with("resources."));
    asked.filter_map(|field| Some((field.path.as_str(), value(&field.path)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_recognised_from_the_schema() {
        let find = |path: &str| field_kinds().find(|(other, _)| *other == path).map(|(_, k)| k);
        assert_eq!(find("objective.lambda"), Some(FieldKind::Number));
        assert_eq!(find("sampler.steps"), Some(FieldKind::Number));
        assert_eq!(find("sampler.clamp"), Some(FieldKind::Boolean));
        assert_eq!(find("model.mlp.hidden"), Some(FieldKind::List));
        assert_eq!(find("data.train"), Some(FieldKind::Text));
        assert_eq!(find("resources.device"), Some(FieldKind::Word(vec!["cpu", "cuda"])));
        let inits = vec!["uniform", "normal", "data", "class_gaussian"];
        assert_eq!(find("sampler.init"), Some(FieldKind::Word(inits)));
        assert_eq!(find("resources.timeout"), None);
    }
}
