//! Named presets: complete sets of tables that a file starts from. Each is a
//! TOML file beside this one, whose comments say where every number is from.
//! The presets of another commit are read from its files: what it trains with
//! is what its own presets say.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::raw::{RawCnn, RawMlp, RawWrn, Tables};
use super::resolve::resolve;

/// The preset of a file that names none.
pub const DEFAULT: &str = "seed-chapter";

/// Where the presets lie, from the root of the workspace.
pub const FOLDER: &str = "crates/core/src/spec/presets";

const TEXTS: [(&str, &str); 5] = [
    ("seed-chapter", include_str!("presets/seed-chapter.toml")),
    ("jem-paper", include_str!("presets/jem-paper.toml")),
    ("jem-wrn", include_str!("presets/jem-wrn.toml")),
    ("ebmkit-mnist", include_str!("presets/ebmkit-mnist.toml")),
    ("jem-plus-plus", include_str!("presets/jem-plus-plus.toml")),
];

static EMBEDDED: LazyLock<Arc<Presets>> = LazyLock::new(|| Arc::new(Presets::read(TEXTS)));

/// The presets of one state of the source.
#[derive(Clone, Debug)]
pub struct Presets(Vec<(String, Read)>);

/// A preset's tables, also as plain values; or why this program cannot read
/// it.
type Read = Result<(Tables, Value), String>;

impl Presets {
    /// Those that are part of this program.
    pub fn embedded() -> &'static Arc<Self> {
        &EMBEDDED
    }

    /// The presets in `texts`, each with its name. One that cannot be read is
    /// an error only in a file that starts from it.
    pub fn read<N: Into<String>, T: AsRef<str>>(texts: impl IntoIterator<Item = (N, T)>) -> Self {
        let read = |text: &str| -> Read {
            let tables: Tables = toml::from_str(text).map_err(|error| error.to_string())?;
            // The presets of another commit may lack what this program needs.
            resolve(&tables).map_err(|unset| unset.to_string())?;
            let value = serde_json::to_value(&tables).map_err(|error| error.to_string())?;
            Ok((tables, value))
        };
        Self(texts.into_iter().map(|(name, text)| (name.into(), read(text.as_ref()))).collect())
    }

    /// Their names, the default first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The tables of the preset `name`; none where there is no such preset.
    ///
    /// # Errors
    /// In words, when this program cannot read it.
    pub(crate) fn tables(&self, name: &str) -> Option<Result<&Tables, &str>> {
        let (_, read) = self.0.iter().find(|(known, _)| known == name)?;
        Some(read.as_ref().map(|(tables, _)| tables).map_err(String::as_str))
    }

    /// What the preset `name` gives the field at `path`.
    pub(crate) fn value(&self, name: &str, path: &str) -> Option<Value> {
        let (_, read) = self.0.iter().find(|(known, _)| known == name)?;
        let (_, value) = read.as_ref().ok()?;
        let found = path.split('.').try_fold(value, |table, part| table.get(part))?;
        Some(found.clone())
    }

    /// Whether a network that a file names, and whose fields it does not all
    /// give, is completed by this program as it is by theirs.
    pub fn completes_as_embedded(&self) -> bool {
        let kinds = |presets: &Self| -> Vec<(String, Value)> {
            let mut found: Vec<(String, Value)> = Vec::new();
            for (_, value) in presets.0.iter().filter_map(|(_, read)| read.as_ref().ok()) {
                for (kind, network) in value["model"].as_object().into_iter().flatten() {
                    if found.iter().all(|(known, _)| known != kind) {
                        found.push((kind.clone(), network.clone()));
                    }
                }
            }
            found.sort_by(|a, b| a.0.cmp(&b.0));
            found
        };
        kinds(self) == kinds(Self::embedded())
    }
}

/// The names of all presets, the default first.
pub fn names() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(name, _)| *name)
}

/// The TOML text of the preset `name`, with its comments.
pub fn text(name: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// What the preset `name` gives the field at `path`.
pub(crate) fn value(name: &str, path: &str) -> Option<Value> {
    EMBEDDED.value(name, path)
}

/// All tables of this program's presets.
fn embedded() -> impl Iterator<Item = &'static Tables> {
    static READ: LazyLock<Vec<Tables>> = LazyLock::new(|| {
        let read = |(_, text): &(&str, &str)| {
            toml::from_str(text).expect("the presets are part of the program and a test reads them")
        };
        TEXTS.iter().map(read).collect()
    });
    READ.iter()
}

/// What an MLP has where neither the file nor its preset says.
pub(crate) fn mlp() -> &'static RawMlp {
    embedded()
        .find_map(|tables| tables.model.as_ref()?.mlp.as_ref())
        .expect("a preset has an MLP; a test holds that")
}

/// What a CNN has where neither the file nor its preset says.
pub(crate) fn cnn() -> &'static RawCnn {
    embedded()
        .find_map(|tables| tables.model.as_ref()?.cnn.as_ref())
        .expect("a preset has a CNN; a test holds that")
}

/// What a wide residual network has where neither the file nor its preset
/// says.
pub(crate) fn wrn() -> &'static RawWrn {
    embedded()
        .find_map(|tables| tables.model.as_ref()?.wrn.as_ref())
        .expect("a preset has a wide residual network; a test holds that")
}
