//! A spanned tree is checked against the schema: unknown keys, wrong kinds,
//! values out of range, all of them at once and each with its place.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::show::show_number;
use super::tree::{Content, Entry, Node, integer};
use crate::diagnostic::{Diagnostic, SourceText, nearest, quoted_list};

/// Collects what is wrong with one file.
pub struct Checker<'a> {
    /// The file.
    pub source: &'a Arc<SourceText>,
    /// What was found so far.
    pub problems: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    /// A checker that has found nothing.
    pub fn new(source: &'a Arc<SourceText>) -> Self {
        Self { source, problems: Vec::new() }
    }

    /// The value of `node` as `schema` types it (a whole number written for a
    /// real becomes a real, and the reverse); `None` after a problem. `name`
    /// is how the value is called in messages.
    pub fn check(&mut self, schema: &Value, node: &Node, name: &str) -> Option<Value> {
        self.check_at(schema, node, name, node.span.clone())
    }

    fn check_at(
        &mut self,
        schema: &Value,
        node: &Node,
        name: &str,
        place: Range<usize>,
    ) -> Option<Value> {
        if let Some(names) = accepted_names(schema) {
            return self.check_name(&names, node, name, place);
        }
        if let Some(options) = schema["anyOf"].as_array() {
            return self.check_any(options, schema, node, name, place);
        }
        let Some(kind) = schema["type"].as_str() else {
            return Some(node.to_value());
        };
        match (kind, &node.content) {
            ("boolean", Content::Bool(flag)) => Some(Value::from(*flag)),
            ("string", Content::Text(text)) => Some(Value::from(text.as_str())),
            ("number" | "integer", Content::Integer(_) | Content::Real(_)) => {
                self.check_number(schema, node, name, place)
            }
            ("array", Content::List(items)) => self.check_list(schema, items, name, place),
            ("object", Content::Table(entries)) => self.check_table(schema, entries, name, place),
            _ => self.wrong(schema, node, name, place),
        }
    }

    fn wrong(
        &mut self,
        schema: &Value,
        node: &Node,
        name: &str,
        place: Range<usize>,
    ) -> Option<Value> {
        let accepted = describe(schema);
        let what = node.kind();
        let message = format!("`{name}` is {accepted}, not {what}");
        self.problems.push(Diagnostic::new(message).at(
            self.source,
            place,
            format!("{accepted} is expected here"),
        ));
        None
    }

    fn check_number(
        &mut self,
        schema: &Value,
        node: &Node,
        name: &str,
        place: Range<usize>,
    ) -> Option<Value> {
        let real = match node.content {
            Content::Integer(number) => number as f64,
            Content::Real(number) => number,
            _ => f64::NAN,
        };
        let bound = |key: &str| schema[key].as_f64();
        let inside = real.is_finite()
            && bound("minimum").is_none_or(|low| real >= low)
            && bound("maximum").is_none_or(|high| real <= high)
            && bound("exclusiveMinimum").is_none_or(|low| real > low)
            && bound("exclusiveMaximum").is_none_or(|high| real < high);
        let value = if schema["type"] == "number" {
            Some(Value::from(real))
        } else if let Content::Integer(number) = node.content {
            integer(number)
        } else if real.fract() == 0.0 && real.abs() < 2f64.powi(53) {
            integer(real as i128)
        } else {
            None
        };
        match value {
            Some(value) if inside => Some(value),
            _ => {
                // A generated number is not written in the file.
                let accepted = describe(schema);
                let message = format!("`{name}` cannot be {}", show_number(real));
                let label = format!("{accepted} is expected here");
                self.problems.push(Diagnostic::new(message).at(self.source, place, label));
                None
            }
        }
    }

    fn check_name(
        &mut self,
        names: &[&str],
        node: &Node,
        name: &str,
        place: Range<usize>,
    ) -> Option<Value> {
        let written = match &node.content {
            Content::Text(text) => text.as_str(),
            _ => "",
        };
        if names.contains(&written) {
            return Some(Value::from(written));
        }
        let message = match node.content {
            Content::Text(_) => format!("`{name}` cannot be `{written}`"),
            _ => format!("`{name}` is the name of one of its values, not {}", node.kind()),
        };
        let label = match nearest(written, names.iter().copied()) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => "unknown value".to_owned(),
        };
        let accepted = format!("accepted values: {}", quoted_list(names.iter().copied()));
        self.problems.push(Diagnostic::new(message).at(self.source, place, label).help(accepted));
        None
    }

    fn check_any(
        &mut self,
        options: &[Value],
        schema: &Value,
        node: &Node,
        name: &str,
        place: Range<usize>,
    ) -> Option<Value> {
        let fitting: Vec<&Value> = options.iter().filter(|option| fits(option, node)).collect();
        let mut nearest: Option<((usize, usize), Vec<Diagnostic>)> = None;
        for option in &fitting {
            let mut attempt = Checker::new(self.source);
            let value = attempt.check_at(option, node, name, place.clone());
            if value.is_some() {
                return value;
            }
            // Most likely meant is the option that has the keys that are there,
            // even where more are missing; of several, that with the fewest
            // problems.
            let place = (unknown_keys(option, node), attempt.problems.len());
            if nearest.as_ref().is_none_or(|(known, _)| place < *known) {
                nearest = Some((place, attempt.problems));
            }
        }
        match nearest {
            Some((_, problems)) => self.problems.extend(problems),
            None => return self.wrong(schema, node, name, place),
        }
        None
    }

    fn check_list(
        &mut self,
        schema: &Value,
        items: &[Node],
        name: &str,
        place: Range<usize>,
    ) -> Option<Value> {
        let count = items.len() as u64;
        let few = schema["minItems"].as_u64().is_some_and(|least| count < least);
        let many = schema["maxItems"].as_u64().is_some_and(|most| count > most);
        if few || many {
            let message = format!("`{name}` has {count} items");
            let label = format!("{} is expected here", describe(schema));
            self.problems.push(Diagnostic::new(message).at(self.source, place, label));
            return None;
        }
        let values: Vec<Option<Value>> =
            items.iter().map(|item| self.check(&schema["items"], item, name)).collect();
        values.into_iter().collect::<Option<Vec<Value>>>().map(Value::Array)
    }

    fn check_table(
        &mut self,
        schema: &Value,
        entries: &[Entry],
        name: &str,
        place: Range<usize>,
    ) -> Option<Value> {
        let properties = schema["properties"].as_object();
        let rest = &schema["additionalProperties"];
        let mut values = Map::new();
        let mut sound = true;
        for entry in entries {
            let known = properties.and_then(|known| known.get(&entry.key));
            let inner = match (known, rest) {
                (Some(inner), _) => inner,
                (None, Value::Bool(false)) => {
                    self.unknown_key(properties, entry, name);
                    sound = false;
                    continue;
                }
                (None, inner) => inner,
            };
            let path = match name {
                "" => entry.key.clone(),
                _ => format!("{name}.{}", entry.key),
            };
            match self.check_at(inner, &entry.node, &path, entry.place()) {
                Some(value) => values.insert(entry.key.clone(), value),
                None => {
                    sound = false;
                    None
                }
            };
        }
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if entries.iter().all(|entry| entry.key != key) {
                let what = schema["properties"][key]["description"].as_str().unwrap_or_default();
                let of = if name.is_empty() { String::new() } else { format!(" in `{name}`") };
                let message = format!("`{key}` is missing{of}");
                let place = if name.is_empty() { 0..0 } else { place.clone() };
                self.problems.push(
                    Diagnostic::new(message)
                        .at(self.source, place, format!("`{key} = …` is needed here"))
                        .help(format!("{key}: {what}")),
                );
                sound = false;
            }
        }
        sound.then_some(Value::Object(values))
    }

    fn unknown_key(&mut self, properties: Option<&Map<String, Value>>, entry: &Entry, table: &str) {
        let known = || properties.into_iter().flatten().map(|(key, _)| key.as_str());
        let label = match nearest(&entry.key, known()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "unknown key".to_owned(),
        };
        let place = if table.is_empty() { String::new() } else { format!(" in `{table}`") };
        self.problems.push(
            Diagnostic::new(format!("unknown key `{}`{place}", entry.key))
                .at(self.source, entry.key_span.clone(), label)
                .help(format!("accepted keys: {}", quoted_list(known()))),
        );
    }
}

/// How many keys of `node` a table of `schema` does not have.
fn unknown_keys(schema: &Value, node: &Node) -> usize {
    let known = |entry: &&Entry| schema["properties"].get(&entry.key).is_some();
    node.entries().iter().filter(|entry| !known(entry)).count()
}

/// Whether `node` is of the kind that `schema` describes.
fn fits(schema: &Value, node: &Node) -> bool {
    match (schema["type"].as_str(), &node.content) {
        (None, _) => true,
        (Some(kind), content) => matches!(
            (kind, content),
            ("boolean", Content::Bool(_))
                | ("string", Content::Text(_))
                | ("number" | "integer", Content::Integer(_) | Content::Real(_))
                | ("array", Content::List(_))
                | ("object", Content::Table(_))
        ),
    }
}

/// The names that `schema` accepts, if it accepts nothing else.
fn accepted_names(schema: &Value) -> Option<Vec<&str>> {
    if let Some(name) = schema["const"].as_str() {
        return Some(vec![name]);
    }
    if let Some(names) = schema["enum"].as_array() {
        return names.iter().map(Value::as_str).collect();
    }
    let options = schema["oneOf"].as_array()?;
    options.iter().map(|option| option["const"].as_str()).collect()
}

/// What `schema` accepts, in words.
pub fn describe(schema: &Value) -> String {
    if let Some(names) = accepted_names(schema) {
        return format!("one of {}", quoted_list(names));
    }
    if let Some(options) = schema["anyOf"].as_array() {
        let said: Vec<String> = options.iter().map(describe).collect();
        return said.join(" or ");
    }
    match schema["type"].as_str().unwrap_or_default() {
        "boolean" => "true or false".to_owned(),
        "string" => "text".to_owned(),
        "integer" => format!("a whole number{}", describe_range(schema)),
        "number" => format!("a number{}", describe_range(schema)),
        "array" => {
            let counts = match (schema["minItems"].as_u64(), schema["maxItems"].as_u64()) {
                (Some(low), Some(high)) => format!("{low} to {high} items"),
                (Some(low), None) => format!("at least {low} items"),
                (None, Some(high)) => format!("at most {high} items"),
                (None, None) => "any number of items".to_owned(),
            };
            format!("a list of {counts}, each {}", describe(&schema["items"]))
        }
        "object" => "a table".to_owned(),
        _ => "anything".to_owned(),
    }
}

fn describe_range(schema: &Value) -> String {
    let bound = |key: &str| schema[key].as_f64().map(show_number);
    let low = bound("exclusiveMinimum")
        .map(|low| format!("above {low}"))
        .or_else(|| bound("minimum").map(|low| format!("of at least {low}")));
    let high = bound("exclusiveMaximum")
        .map(|high| format!("below {high}"))
        .or_else(|| bound("maximum").map(|high| format!("at most {high}")));
    match (low, high) {
        (Some(low), Some(high)) => format!(" {low} and {high}"),
        (Some(low), None) => format!(" {low}"),
        (None, Some(high)) => format!(" of {high}"),
        (None, None) => String::new(),
    }
}
