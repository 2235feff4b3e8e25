//! How an experiment names its data: a set of the catalogue, or the user's own
//! files.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::catalogue::{Format, catalogue};
use super::images::Split;
use super::reshaped::Reshaped;
use super::user_files::{UserFiles, is_plain};

/// Where images come from: `"mnist"`, the same of another shape, or a table of
/// files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A set of the catalogue, by name.
    Catalogue(String),
    /// A set of the catalogue, its images brought to another shape.
    Reshaped(Reshaped),
    /// Files of the user's own.
    Files(Box<UserFiles>),
}

impl Source {
    /// The set's name in metric paths and charts: that of the catalogue or of
    /// the user's own choice, else that of the folder or file of the test images.
    pub fn label(&self) -> String {
        let files = match self {
            Self::Catalogue(name) => return name.clone(),
            Self::Reshaped(set) => return set.name.clone(),
            Self::Files(files) => files,
        };
        if let Some(name) = &files.name {
            return name.clone();
        }
        let path = files.paths(Split::Test).first().copied().unwrap_or(Path::new(""));
        let folder = path.parent().and_then(Path::file_name);
        // A folder of images is called by its own name.
        let own = files.images.is_some().then(|| path.file_name()).flatten();
        let name = own.or(folder).or(path.file_stem()).unwrap_or_default();
        let plain = |c| if is_plain(c) { c } else { '-' };
        name.to_string_lossy().chars().map(plain).collect()
    }

    /// The set of the catalogue that is read; none where it is files of the
    /// user's own.
    pub fn catalogue_name(&self) -> Option<&str> {
        match self {
            Self::Catalogue(name) => Some(name),
            Self::Reshaped(set) => Some(&set.name),
            Self::Files(_) => None,
        }
    }

    /// Whether its images are pictures in folders, whose classes have names.
    pub fn is_of_pictures(&self) -> bool {
        match self {
            Self::Files(files) => files.images.is_some(),
            _ => self
                .catalogue_name()
                .and_then(|name| catalogue().entry(name).ok())
                .is_some_and(|entry| entry.format == Format::Pictures),
        }
    }

    /// Whether both read the same images for `split`, under whatever name and
    /// of whatever shape.
    pub fn is_of_same_set(&self, other: &Self, split: Split) -> bool {
        match (self, other) {
            (Self::Files(one), Self::Files(other)) => {
                let paths = one.paths(split);
                !paths.is_empty() && paths == other.paths(split)
            }
            _ => self.catalogue_name().is_some_and(|name| other.catalogue_name() == Some(name)),
        }
    }

    /// What to write to have images of `shape`, channels first, of this source,
    /// where that can be had: "write … in its place".
    pub fn remedy(&self, shape: [usize; 3]) -> Option<String> {
        let [channels, height, width] = shape;
        if ![1, 3].contains(&channels) {
            return None;
        }
        match self {
            Self::Files(files) => {
                let place = match (&files.images, files.classes) {
                    (Some(_), _) => "in its `images = { … }`".to_owned(),
                    (None, Some(_)) => "beside its `classes`".to_owned(),
                    (None, None) => format!("beside its `{}`", files.key()),
                };
                Some(format!("write resize = [{height}, {width}], channels = {channels} {place}"))
            }
            _ => {
                let entry = catalogue().entry(self.catalogue_name()?).ok()?;
                let written = match entry.shape == shape {
                    true => format!("\"{}\"", entry.name),
                    false => Reshaped::to(entry, shape).to_string(),
                };
                Some(format!("write {written} in its place"))
            }
        }
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
        for path in files.paths_mut() {
            *path = base.join(&path);
        }
        Self::Files(files)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalogue(name) => f.write_str(name),
            Self::Reshaped(set) => set.fmt(f),
            Self::Files(files) => {
                let paths = files.paths(Split::Test);
                let path = paths.first().map(|path| path.display().to_string());
                write!(f, "own files ({}, …)", path.unwrap_or_default())
            }
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Catalogue(name) => serializer.serialize_str(name),
            Self::Reshaped(set) => set.serialize(serializer),
            Self::Files(files) => files.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

/// Keys that a table of files alone has.
const FILES: [&str; 7] = ["idx", "cifar", "cifar100", "svhn", "images", "classes", "pixel_max"];

struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = Source;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the name of a data set, or a table of files such as { idx = { … }, classes = 10 }, \
             or a set of another shape such as { name = \"mnist\", resize = [32, 32], channels = 3 }",
        )
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Source, E> {
        Ok(Source::Catalogue(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
        // One JSON value first, to see which of the two tables it is.
        let table = Value::deserialize(MapAccessDeserializer::new(map))?;
        let is_given = |key: &str| table.get(key).is_some();
        if is_given("name") && !FILES.into_iter().any(is_given) {
            let set = Reshaped::deserialize(table).map_err(A::Error::custom)?;
            set.check().map_err(A::Error::custom)?;
            return Ok(Source::Reshaped(set));
        }
        let files = UserFiles::deserialize(table).map_err(A::Error::custom)?;
        files.check().map_err(A::Error::custom)?;
        Ok(Source::Files(Box::new(files)))
    }
}

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let files = generator.subschema_for::<UserFiles>();
        let reshaped = generator.subschema_for::<Reshaped>();
        json_schema!({
            "description": "The name of a data set of the catalogue, files of the user's own, or a set of the catalogue brought to another shape.",
            "anyOf": [{ "type": "string" }, files, reshaped]
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
            "train = { idx = { test_images = \"a\" } }",
            "train = { images = { test = \"a\" } }",
            "train = { cifar = { test = [\"a\"], train = [\"b\"] }, classes = 3, pixel_max = 16 }",
            "train = { cifar100 = { test = [\"a\"], labels = \"coarse\" }, classes = 20 }",
            "train = { svhn = { test = \"a.mat\", train = \"b.mat\" }, classes = 10 }",
            "train = { images = { test = \"a\", resize = [32, 32], channels = 3 }, classes = 1 }",
            "train = { svhn = { test = \"a\" }, classes = 10, resize = [28, 28], channels = 1 }",
            "train = { name = \"mnist\", resize = [32, 32], channels = 3 }",
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
            ("train = { idx = { test_labels = \"a\" }, classes = 10 }", "test_images"),
            ("train = { cifar = { test = [] }, classes = 10 }", "names no file"),
            ("train = { cifar = { test = [\"a\"] }, classes = 0 }", "1 to 256"),
            (
                "train = { cifar = { test = [\"a\"] }, svhn = { test = \"b\" }, classes = 10 }",
                "remove the others",
            ),
            ("train = { images = { test = \"a\", resize = [0, 32] }, classes = 1 }", "1 to 4096"),
            ("train = { images = { test = \"a\", channels = 2 }, classes = 1 }", "1 and 3"),
            ("train = { svhn = { test = \"a\" }, classes = 1, resize = [4, 5000] }", "1 to 4096"),
            ("train = { svhn = { test = \"a\" }, classes = 1, channels = 4 }", "1 and 3"),
            ("train = { images = { test = \"a\" }, classes = 1, channels = 3 }", "their own table"),
            ("train = { cifar100 = { test = [\"a\"], labels = \"x\" }, classes = 1 }", "coarse"),
            ("train = { name = \"mnist\" }", "alone: for a set of the catalogue as it is"),
            ("train = { name = \"mnist\", resize = [0, 1] }", "1 to 4096"),
            ("train = { name = \"mnist\", channels = 2 }", "1 and 3"),
            ("train = { name = \"mnist\", channels = 3, size = 1 }", "unknown field `size`"),
            ("train = { cifar = { test = [\"a\"] }, classes = 2, colour = 1 }", "unknown field"),
            ("train = { cifar = { test = [\"a\"] }, classes = 2, pixel_max = 0 }", "1 to 255"),
            (
                "train = { idx = { test_images = \"a\", test_labels = \"b\", \
                 train_labels = \"c\" }, classes = 2 }",
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
        assert_eq!(idx.test_labels.as_deref(), Some(Path::new("/b")));
    }

    #[test]
    fn a_set_is_called_by_its_name_or_by_its_folder() {
        let label = |table: &str| read(&format!("train = {table}")).unwrap().label();
        assert_eq!(label("\"mnist\""), "mnist");
        let files = "cifar = { test = [\"data/my set/a.bin\"] }, classes = 2";
        assert_eq!(label(&format!("{{ {files} }}")), "my-set");
        assert_eq!(label(&format!("{{ name = \"kmnist\", {files} }}")), "kmnist");
        assert_eq!(label("{ cifar = { test = [\"a.bin\"] }, classes = 2 }"), "a");
        assert_eq!(label("{ images = { test = \"data/textures\" }, classes = 1 }"), "textures");
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
