//! The settings in which two specs differ, leaf by leaf.

use std::collections::{BTreeMap, BTreeSet};

use jem_core::provenance::FileChange;
use jem_core::spec::{preset, show_value};
use serde_json::Value;

use super::Change;

/// The code that reads experiment files. The presets are no part of it: each
/// side is read with its own.
const READERS: [&str; 3] =
    ["crates/core/src/spec/", "crates/core/src/plan/", "crates/core/src/dataset/catalogue.toml"];

/// Whether a file among `files` has a say in what an experiment file means.
pub(super) fn read_otherwise(files: &[FileChange]) -> bool {
    files.iter().any(|file| {
        let reads = READERS.iter().any(|reader| file.path.starts_with(reader));
        reads && !file.path.starts_with(preset::FOLDER)
    })
}

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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_reads_experiment_files_is_where_it_is_looked_for() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for path in READERS.iter().chain([&preset::FOLDER]) {
            assert!(root.join(path).exists(), "{path}");
        }
        let changed = |path: &str| {
            read_otherwise(&[FileChange { path: path.to_owned(), added: 1, removed: 0 }])
        };
        assert!(changed("crates/core/src/plan/draw.rs"));
        assert!(!changed("src/chart/axis.rs"));
        assert!(!changed(&format!("{}/seed-chapter.toml", preset::FOLDER)));
    }
}
