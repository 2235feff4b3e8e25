//! How an experiment names its data: a set of the catalogue, or the user's own
//! files.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::DatasetError;

/// Where images come from: `"mnist"`, or a table of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A set of the catalogue, by name.
    Catalogue(String),
    /// Files of the user's own.
    Files(UserFiles),
}

/// Files of the user's own; exactly one of `idx` and `cifar` is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserFiles {
    /// What tables and charts call the set: letters, digits, `-`, `_` and `.`.
    /// The name of the test images' folder when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// IDX files, raw or gzip-compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idx: Option<IdxFiles>,
    /// CIFAR binary files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cifar: Option<CifarFiles>,
    /// How many classes there are, 1 to 256; every label is below it.
    pub classes: usize,
    /// The value of a fully bright pixel, 1 to 255; 255 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_max: Option<u8>,
}

/// IDX files. A set that only judges (out-of-distribution data) needs no train
/// files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdxFiles {
    /// Train images, `[n, h, w]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_images: Option<PathBuf>,
    /// Train labels, `[n]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_labels: Option<PathBuf>,
    /// Test images, `[n, h, w]`.
    pub test_images: PathBuf,
    /// Test labels, `[n]`.
    pub test_labels: PathBuf,
}

/// CIFAR binary files; each list is read in its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CifarFiles {
    /// Train records; may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub train: Vec<PathBuf>,
    /// Test records.
    pub test: Vec<PathBuf>,
}

impl Source {
    /// The set's name in metric paths and charts: that of the catalogue or of
    /// the user's own choice, else that of the folder or file of the test images.
    pub fn label(&self) -> String {
        let files = match self {
            Self::Catalogue(name) => return name.clone(),
            Self::Files(files) => files,
        };
        if let Some(name) = &files.name {
            return name.clone();
        }
        let path = files.first_test_file().unwrap_or(Path::new(""));
        let folder = path.parent().and_then(Path::file_name);
        let name = folder.or(path.file_stem()).unwrap_or_default();
        let plain = |c| if is_plain(c) { c } else { '-' };
        name.to_string_lossy().chars().map(plain).collect()
    }

    /// The source with relative paths taken from `base`, the folder of the
    /// experiment that names them. For reading only: a path is no part of what
    /// the data are.
    #[must_use]
    pub fn based_on(&self, base: &Path) -> Self {
        let Self::Files(files) = self else {
            return self.clone();
        };
        let mut files = files.clone();
        if let Some(idx) = &mut files.idx {
            for path in [&mut idx.test_images, &mut idx.test_labels] {
                *path = base.join(&path);
            }
            for path in [&mut idx.train_images, &mut idx.train_labels].into_iter().flatten() {
                *path = base.join(&path);
            }
        }
        if let Some(cifar) = &mut files.cifar {
            for path in cifar.train.iter_mut().chain(&mut cifar.test) {
                *path = base.join(&path);
            }
        }
        Self::Files(files)
    }
}

/// Whether `c` may stand in a name that becomes a part of a metric's path.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}

impl UserFiles {
    fn first_test_file(&self) -> Option<&Path> {
        let idx = self.idx.as_ref().map(|idx| &idx.test_images);
        let cifar = self.cifar.as_ref().and_then(|cifar| cifar.test.first());
        idx.or(cifar).map(PathBuf::as_path)
    }

    /// Whether the description can be used; the files are not looked at.
    ///
    /// # Errors
    /// When not exactly one format is given, a file lacks its partner, or a
    /// number is out of its range.
    pub fn check(&self) -> Result<(), DatasetError> {
        let wrong = |text: &str| Err(DatasetError::UserFiles(text.to_owned()));
        match (&self.idx, &self.cifar) {
            (None, None) => {
                return wrong(
                    "own data need one table of files: `idx = { test_images = …, test_labels = … }` \
                     or `cifar = { test = [ … ] }`",
                );
            }
            (Some(_), Some(_)) => {
                return wrong("own data have either `idx` or `cifar` files; remove one of the two");
            }
            (Some(idx), None) if idx.train_images.is_some() != idx.train_labels.is_some() => {
                return wrong(
                    "`train_images` and `train_labels` belong together: give both or neither",
                );
            }
            (None, Some(cifar)) if cifar.test.is_empty() => {
                return wrong("`cifar.test` names no file; at least one is needed");
            }
            _ => {}
        }
        if !(1..=256).contains(&self.classes) {
            return Err(DatasetError::UserFiles(format!(
                "`classes = {}`: 1 to 256 are accepted, as labels are single bytes",
                self.classes
            )));
        }
        if let Some(name) = &self.name
            && (name.is_empty() || !name.chars().all(is_plain))
        {
            return Err(DatasetError::UserFiles(format!(
                "`name = \"{name}\"`: letters, digits, `-`, `_` and `.` are accepted"
            )));
        }
        if self.pixel_max == Some(0) {
            return wrong("`pixel_max = 0`: 1 to 255 are accepted");
        }
        Ok(())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalogue(name) => f.write_str(name),
            Self::Files(files) => {
                let path = files.first_test_file().map(|path| path.display().to_string());
                write!(f, "own files ({}, …)", path.unwrap_or_default())
            }
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Catalogue(name) => serializer.serialize_str(name),
            Self::Files(files) => files.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = Source;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the name of a data set, or a table of files such as { idx = { … }, classes = 10 }",
        )
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Source, E> {
        Ok(Source::Catalogue(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
        let files = UserFiles::deserialize(MapAccessDeserializer::new(map))?;
        files.check().map_err(A::Error::custom)?;
        Ok(Source::Files(files))
    }
}

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let files = generator.subschema_for::<UserFiles>();
        json_schema!({
            "description": "The name of a data set of the catalogue, or files of the user's own.",
            "anyOf": [{ "type": "string" }, files]
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        train: Source,
    }

    fn read(text: &str) -> Result<Source, String> {
        let holder: Result<Holder, _> = toml::from_str(text);
        holder.map(|holder| holder.train).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_and_a_table_are_both_read_and_written_back() {
        let tables = [
            "train = \"mnist\"",
            "train = { idx = { test_images = \"a\", test_labels = \"b\" }, classes = 10 }",
            "train = { cifar = { test = [\"a\"], train = [\"b\"] }, classes = 3, pixel_max = 16 }",
        ];
        for text in tables {
            let source = read(text).unwrap();
            let json = serde_json::to_string(&source).unwrap();
            assert_eq!(serde_json::from_str::<Source>(&json).unwrap(), source);
            let written = toml::to_string(&Holder { train: source.clone() }).unwrap();
            assert_eq!(read(&written).unwrap(), source, "{written}");
        }
    }

    #[test]
    fn a_table_that_cannot_be_meant_is_an_error_in_words() {
        let cases = [
            ("train = 3", "the name of a data set, or a table"),
            ("train = { classes = 10 }", "need one table of files"),
            ("train = { idx = { test_images = \"a\" }, classes = 10 }", "test_labels"),
            ("train = { cifar = { test = [] }, classes = 10 }", "names no file"),
            ("train = { cifar = { test = [\"a\"] }, classes = 0 }", "1 to 256"),
            ("train = { cifar = { test = [\"a\"] }, classes = 2, colour = 1 }", "unknown field"),
            ("train = { cifar = { test = [\"a\"] }, classes = 2, pixel_max = 0 }", "1 to 255"),
            (
                "train = { idx = { test_images = \"a\", test_labels = \"b\", \
                 train_images = \"c\" }, classes = 2 }",
                "belong together",
            ),
        ];
        for (text, expected) in cases {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn relative_paths_are_taken_from_the_base_and_absolute_ones_kept() {
        let source =
            read("train = { idx = { test_images = \"a\", test_labels = \"/b\" }, classes = 10 }");
        let Source::Files(files) = source.unwrap().based_on(Path::new("/base")) else {
            panic!("a table gives files");
        };
        let idx = files.idx.unwrap();
        assert_eq!(idx.test_images, Path::new("/base/a"));
        assert_eq!(idx.test_labels, Path::new("/b"));
    }

    #[test]
    fn a_set_is_called_by_its_name_or_by_its_folder() {
        let label = |table: &str| read(&format!("train = {table}")).unwrap().label();
        assert_eq!(label("\"mnist\""), "mnist");
        let files = "cifar = { test = [\"data/my set/a.bin\"] }, classes = 2";
        assert_eq!(label(&format!("{{ {files} }}")), "my-set");
        assert_eq!(label(&format!("{{ name = \"kmnist\", {files} }}")), "kmnist");
        assert_eq!(label("{ cifar = { test = [\"a.bin\"] }, classes = 2 }"), "a");
        let error = read(&format!("train = {{ name = \"a/b\", {files} }}")).unwrap_err();
        assert!(error.contains("are accepted"), "{error}");
    }

    #[test]
    fn the_schema_allows_a_name_or_a_table() {
        let schema = schemars::schema_for!(Source).to_value();
        assert_eq!(schema["anyOf"][0]["type"], "string");
        assert!(schema["$defs"]["UserFiles"]["properties"]["classes"].is_object());
    }
}
