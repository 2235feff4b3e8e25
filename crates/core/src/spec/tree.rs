//! TOML as a tree that remembers where everything stands in the file.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, SourceText};

/// A value and its place in the file.
#[derive(Clone, Debug)]
pub struct Node {
    /// The bytes of the file that the value is written in.
    pub span: Range<usize>,
    /// The value.
    pub content: Content,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number; infinite where the text names one or is too large.
    Real(f64),
    /// Text.
    Text(String),
    /// A date or a time.
    Date,
    /// Values in their order.
    List(Vec<Node>),
    /// Fields in the order written.
    Table(Vec<Entry>),
}

/// A field of a table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The bytes of the file that the key is written in.
    pub key_span: Range<usize>,
    /// The value.
    pub node: Node,
}

impl Entry {
    /// Where to point at for this field: its value, or its key if the value
    /// is a table, which may be scattered over the file.
    pub fn place(&self) -> Range<usize> {
        match self.node.content {
            Content::Table(_) => self.key_span.clone(),
            _ => self.node.span.clone(),
        }
    }
}

impl Node {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// With one diagnostic for each syntax error.
    pub fn parse(source: &Arc<SourceText>) -> Result<Self, Vec<Diagnostic>> {
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        if errors.is_empty() {
            let span = table.span();
            return Ok(Self { span, content: from_table(table.get_ref()) });
        }
        Err(errors
            .iter()
            .map(|error| {
                let diagnostic = Diagnostic::new(format!("not valid TOML: {}", error.message()));
                diagnostic.at(source, error.span().unwrap_or(0..0), "")
            })
            .collect())
    }

    /// The fields, if this is a table; none otherwise.
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The items, if this is a list; none otherwise.
    pub fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The field `key`, if this is a table that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The field at `path`, whose parts are separated by dots.
    pub fn find(&self, path: &str) -> Option<&Entry> {
        let (head, rest) = match path.split_once('.') {
            Some((head, rest)) => (head, Some(rest)),
            None => (path, None),
        };
        let entry = self.entry(head)?;
        rest.map_or(Some(entry), |rest| entry.node.find(rest))
    }

    /// What kind of value this is, in words.
    pub fn kind(&self) -> &'static str {
        match self.content {
            Content::Bool(_) => "true or false",
            Content::Integer(_) => "a whole number",
            Content::Real(_) => "a number",
            Content::Text(_) => "text",
            Content::Date => "a date",
            Content::List(_) => "a list",
            Content::Table(_) => "a table",
        }
    }

    /// The value without places.
    pub fn to_value(&self) -> Value {
        match &self.content {
            Content::Bool(flag) => Value::from(*flag),
            Content::Integer(number) => integer(*number).unwrap_or(Value::Null),
            Content::Real(number) => Value::from(*number),
            Content::Text(text) => Value::from(text.as_str()),
            Content::Date => Value::Null,
            Content::List(items) => items.iter().map(Self::to_value).collect(),
            Content::Table(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.node.to_value())).collect()
            }
        }
    }
}

/// `number` as JSON has it, unless it needs more than 64 bits.
pub fn integer(number: i128) -> Option<Value> {
    match u64::try_from(number) {
        Ok(number) => Some(Value::from(number)),
        Err(_) => i64::try_from(number).ok().map(Value::from),
    }
}

fn from_table(table: &DeTable<'_>) -> Content {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: key.span(),
            node: from_value(value),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    Content::Table(entries)
}

fn from_value(value: &Spanned<DeValue<'_>>) -> Node {
    let content = match value.get_ref() {
        DeValue::Boolean(flag) => Content::Bool(*flag),
        DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Content::Integer(number),
            Err(_) => Content::Real(f64::INFINITY),
        },
        DeValue::Float(number) => Content::Real(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::String(text) => Content::Text(text.to_string()),
        DeValue::Datetime(_) => Content::Date,
        DeValue::Array(items) => Content::List(items.iter().map(from_value).collect()),
        DeValue::Table(table) => from_table(table),
    };
    Node { span: value.span(), content }
}
