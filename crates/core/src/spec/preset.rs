//! Named presets: complete sets of tables that a file starts from. Each is a
//! TOML file beside this one, whose comments say where every number is from.

use std::sync::LazyLock;

use serde_json::Value;

use super::raw::{RawCnn, RawMlp, Tables};

/// The preset of a file that names none.
pub const DEFAULT: &str = "seed-chapter";

/// One preset.
struct Preset {
    name: &'static str,
    text: &'static str,
}

const PRESETS: [Preset; 3] = [
    Preset { name: "seed-chapter", text: include_str!("presets/seed-chapter.toml") },
    Preset { name: "jem-paper", text: include_str!("presets/jem-paper.toml") },
    Preset { name: "ebmkit-mnist", text: include_str!("presets/ebmkit-mnist.toml") },
];

static TABLES: LazyLock<Vec<(Tables, Value)>> = LazyLock::new(|| {
    let read = |preset: &Preset| {
        let tables: Tables = toml::from_str(preset.text)
            .expect("the presets are part of the program and a test reads them");
        let value = serde_json::to_value(&tables).unwrap_or_default();
        (tables, value)
    };
    PRESETS.iter().map(read).collect()
});

/// The names of all presets, the default first.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|preset| preset.name)
}

/// The TOML text of the preset `name`, with its comments.
pub fn text(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|preset| preset.name == name).map(|preset| preset.text)
}

/// The tables of the preset `name`.
pub(crate) fn tables(name: &str) -> Option<&'static Tables> {
    let index = PRESETS.iter().position(|preset| preset.name == name)?;
    Some(&TABLES[index].0)
}

/// What the preset `name` gives the field at `path`.
pub(crate) fn value(name: &str, path: &str) -> Option<Value> {
    let index = PRESETS.iter().position(|preset| preset.name == name)?;
    let found = path.split('.').try_fold(&TABLES[index].1, |table, part| table.get(part))?;
    Some(found.clone())
}

/// What an MLP has where neither the file nor its preset says.
pub(crate) fn mlp() -> &'static RawMlp {
    TABLES
        .iter()
        .find_map(|(tables, _)| tables.model.as_ref()?.mlp.as_ref())
        .expect("a preset has an MLP; a test holds that")
}

/// What a CNN has where neither the file nor its preset says.
pub(crate) fn cnn() -> &'static RawCnn {
    TABLES
        .iter()
        .find_map(|(tables, _)| tables.model.as_ref()?.cnn.as_ref())
        .expect("a preset has a CNN; a test holds that")
}
