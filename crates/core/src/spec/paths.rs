//! Tables whose keys are paths of fields: `grid`, `zip`, `over`, `exclude`
//! and `where`. A path may be one quoted key or nested tables.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::check::Checker;
use super::fields::{ALTERNATIVES, Field, field, fields, nearest_path};
use super::raw::Tables;
use super::tree::{Content, Entry, Node};
use crate::diagnostic::{Diagnostic, SourceText};

/// A field and what is written for it.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// The field.
    pub field: &'static Field,
    /// Key and value.
    pub entry: &'a Entry,
}

/// The fields named in `table`, in the order written. What is no field is
/// added to `problems`.
pub fn by_path<'a>(
    table: &'a Node,
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Written<'a>> {
    let mut found = Vec::new();
    walk("", table, source, &mut found, problems);
    found.sort_by_key(|written| written.entry.key_span.start);
    for (index, written) in found.iter().enumerate() {
        let path = &written.field.path;
        if let Some(first) = found[..index].iter().find(|other| other.field.path == *path) {
            problems.push(
                Diagnostic::new(format!("`{path}` is given twice"))
                    .at(source, written.entry.key_span.clone(), "again here")
                    .at(source, first.entry.key_span.clone(), "first here"),
            );
        }
    }
    found
}

fn walk<'a>(
    prefix: &str,
    table: &'a Node,
    source: &Arc<SourceText>,
    found: &mut Vec<Written<'a>>,
    problems: &mut Vec<Diagnostic>,
) {
    for entry in table.entries() {
        let path = match prefix {
            "" => entry.key.clone(),
            _ => format!("{prefix}.{}", entry.key),
        };
        let within = |field: &Field| {
            field.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        if let Some(field) = field(&path) {
            found.push(Written { field, entry });
        } else if matches!(entry.node.content, Content::Table(_)) && fields().iter().any(within) {
            walk(&path, &entry.node, source, found, problems);
        } else {
            problems.push(unknown_path(&path, entry, source));
        }
    }
}

fn unknown_path(path: &str, entry: &Entry, source: &Arc<SourceText>) -> Diagnostic {
    let label = match nearest_path(path) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "unknown path".to_owned(),
    };
    Diagnostic::new(format!("a spec has no field `{path}`"))
        .at(source, entry.key_span.clone(), label)
        .help("`jem spec schema` and `jem spec show` list the fields; a path is table.field")
}

/// A value of a field.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The value as the field types it.
    pub value: Value,
    /// Tables with this value alone.
    pub tables: Tables,
}

/// The value of `node` as `field` types it.
///
/// # Errors
/// With what is wrong with it.
pub fn typed(
    field: &Field,
    node: &Node,
    source: &Arc<SourceText>,
) -> Result<Typed, Vec<Diagnostic>> {
    let mut checker = Checker::new(source);
    match checker.check(field.schema, node, &field.path) {
        Some(value) => match single(&field.path, value.clone()) {
            Ok(tables) => Ok(Typed { value, tables }),
            Err(why) => {
                Err(vec![Diagnostic::new(format!("`{}` cannot be this: {why}", field.path)).at(
                    source,
                    node.span.clone(),
                    "",
                )])
            }
        },
        None => Err(checker.problems),
    }
}

/// Tables in which only the field at `path` is set.
///
/// # Errors
/// When the value is not one of the field's, in words.
fn single(path: &str, value: Value) -> Result<Tables, String> {
    let nested = path
        .rsplit('.')
        .fold(value, |inner, part| Value::Object(Map::from_iter([(part.to_owned(), inner)])));
    serde_json::from_value(nested).map_err(|error| error.to_string())
}

/// Adds a problem for each pair of alternatives that are both in `written`.
pub fn check_alternatives(
    written: &[(&str, Range<usize>)],
    source: &Arc<SourceText>,
    problems: &mut Vec<Diagnostic>,
) {
    let find = |start: &str| {
        written.iter().find(|(path, _)| {
            path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    for (one, other) in ALTERNATIVES {
        if let (Some((_, first)), Some((_, second))) = (find(one), find(other)) {
            problems.push(
                Diagnostic::new(format!("`{one}` and `{other}` exclude each other"))
                    .at(source, second.clone(), "remove this")
                    .at(source, first.clone(), "or this"),
            );
        }
    }
}
