//! The settings in which two specs differ, leaf by leaf.

use std::collections::{BTreeMap, BTreeSet};

use jem_core::spec::show_value;
use serde_json::Value;

use super::Change;

/// What stands where a side has no such field.
const NONE: &str = "–";

/// Every field in which `b` differs from `a` but those in `but`, by path.
pub(super) fn changes(
    a: &BTreeMap<String, Value>,
    b: &BTreeMap<String, Value>,
    but: &[String],
) -> Vec<Change> {
    let paths: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let differs = |path: &&String| !but.contains(*path) && a.get(*path) != b.get(*path);
    let shown = |value: Option<&Value>| value.map_or_else(|| NONE.to_owned(), show_value);
    paths
        .into_iter()
        .filter(differs)
        .map(|path| Change { what: path.clone(), a: shown(a.get(path)), b: shown(b.get(path)) })
        .collect()
}
