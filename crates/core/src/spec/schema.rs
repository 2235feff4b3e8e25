//! The JSON Schema of experiment files, for checking them and for editors.

use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::fields::fields;
use super::preset;
use super::raw::RawSpec;
use super::show::show_value;

/// The schema that files are checked against: without references, and with
/// no `null`, which TOML does not have.
pub(crate) static PLAIN: LazyLock<Value> = LazyLock::new(plain_schema_of::<RawSpec>);

/// The schema of `T` for checking a file: without references and `null`.
pub(super) fn plain_schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    schema
}

/// The JSON Schema (draft 2020-12) of experiment files, for editors: every
/// field with its description, accepted values and default, and every path
/// that a sweep accepts.
pub fn schema() -> Value {
    let mut schema = PLAIN.clone();
    for field in fields() {
        if let Some(found) = schema.pointer_mut(&pointer(&field.path)) {
            tell_defaults(found, &field.path);
        }
    }
    if let Some(found) = schema.pointer_mut("/properties/preset") {
        found["enum"] = preset::names().collect();
        found["default"] = json!(preset::DEFAULT);
    }
    let axes = axes();
    for kind in ["grid", "zip"] {
        let at = format!("/properties/sweep/items/properties/{kind}");
        if let Some(Value::Object(found)) = schema.pointer_mut(&at) {
            found.insert("properties".to_owned(), axes.clone());
            found.insert("additionalProperties".to_owned(), json!(false));
        }
    }
    schema
}

/// The JSON pointer of the field at `path` within the schema.
fn pointer(path: &str) -> String {
    path.split('.').map(|part| format!("/properties/{part}")).collect()
}

/// Adds what every preset gives the field.
fn tell_defaults(field: &mut Value, path: &str) {
    let given: Vec<(&str, Value)> =
        preset::names().filter_map(|name| Some((name, preset::value(name, path)?))).collect();
    if let Some((_, value)) = given.iter().find(|(name, _)| *name == preset::DEFAULT) {
        field["default"] = value.clone();
    }
    let said: Vec<String> =
        given.iter().map(|(name, value)| format!("{} ({name})", show_value(value))).collect();
    let what = field["description"].as_str().unwrap_or_default();
    field["description"] = json!(if said.is_empty() {
        format!("{what}\n\nSet by no preset.")
    } else {
        format!("{what}\n\nDefault: {}.", said.join(", "))
    });
}

/// The properties of `grid` and `zip`: every path, written as one key or as
/// nested tables.
fn axes() -> Value {
    let numbers = |n: usize| json!({ "type": "array", "minItems": n, "maxItems": n, "items": { "type": "number" } });
    let generator = |name: &str| {
        json!({
            "type": "object", "required": [name], "additionalProperties": false, "properties": { name: numbers(3) }
        })
    };
    let mut nested = Map::new();
    let mut properties = Map::new();
    for field in fields() {
        let mut options = vec![
            json!({ "type": "array", "minItems": 1, "items": field.schema }),
            field.schema.clone(),
        ];
        if field.is_number() {
            options.extend(["linspace", "logspace", "range"].map(generator));
        }
        let axis = json!({ "description": field.schema["description"], "anyOf": options });
        properties.insert(field.path.clone(), axis.clone());
        nest(&mut nested, &field.path, axis);
    }
    properties.extend(nested);
    Value::Object(properties)
}

/// Puts `axis` at `path` among the nested tables of `properties`.
fn nest(properties: &mut Map<String, Value>, path: &str, axis: Value) {
    let Some((table, rest)) = path.split_once('.') else {
        properties.insert(path.to_owned(), axis);
        return;
    };
    let table = properties.entry(table).or_insert_with(
        || json!({ "type": "object", "additionalProperties": false, "properties": {} }),
    );
    if let Some(inner) = table["properties"].as_object_mut() {
        nest(inner, rest, axis);
    }
}

/// Takes `null` out of every type, and formats that say nothing to an editor.
fn tidy(schema: &mut Value) {
    if let Value::Object(fields) = schema {
        fields.remove("format");
        if let Some(Value::Array(types)) = fields.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = &types[..] {
                let only = only.clone();
                fields.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(options)) = fields.get_mut("anyOf") {
            options.retain(|option| option["type"] != "null");
            if let [Value::Object(only)] = &options[..] {
                let only = only.clone();
                fields.remove("anyOf");
                for (key, value) in only {
                    fields.entry(key).or_insert(value);
                }
            }
        }
        fields.values_mut().for_each(tidy);
    } else if let Value::Array(items) = schema {
        items.iter_mut().for_each(tidy);
    }
}
