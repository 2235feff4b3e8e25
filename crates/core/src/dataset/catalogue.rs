//! The catalogue of known sets, read once from `catalogue.toml`.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::digest::Digest;

use super::error::DatasetError;
use super::folder::FileContent;
use super::images::Split;
use super::mirror::Mirror;

/// All sets that are known by name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(rename = "set")]
    sets: Vec<Entry>,
}

/// One set of the catalogue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The name used in experiments, and of the set's folder.
    pub name: String,
    /// The name for people.
    pub title: String,
    /// How its files are read.
    pub format: Format,
    /// Channels, height, width.
    pub shape: [usize; 3],
    /// How many classes there are.
    pub classes: usize,
    /// The value of a fully bright pixel.
    pub pixel_max: u8,
    /// How many images each split has; none where editions differ.
    pub splits: Option<Splits>,
    /// Whether rows and columns are exchanged in the files: each image is turned
    /// over on reading.
    #[serde(default)]
    pub transposed: bool,
    /// The label in the files that stands for the first class.
    #[serde(default)]
    pub first_label: u8,
    /// The licence, or what is known of it.
    pub licence: String,
    /// The publication to cite.
    pub citation: String,
    /// The decoded files.
    #[serde(rename = "file")]
    pub files: Vec<CatalogueFile>,
    /// Where to fetch them, in the order tried; none where no file of a known
    /// digest is to be had: then from the user's mirror, or by hand.
    #[serde(rename = "mirror", default)]
    pub mirrors: Vec<Mirror>,
    /// What the authors call the files and where they publish them, where the
    /// user brings them.
    #[serde(default)]
    pub origin: String,
}

/// How the files of a set are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One IDX file of images and one of labels for each split.
    Idx,
    /// CIFAR binary files, concatenated in the order of the catalogue.
    Cifar,
    /// The digits that are part of the program.
    Embedded,
    /// A folder of pictures, with a folder for each class.
    Pictures,
}

/// The number of images in each split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Splits {
    /// Images to learn from.
    pub train: usize,
    /// Images to judge by.
    pub test: usize,
}

/// One decoded file of a set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueFile {
    /// Its name in the set's folder.
    pub name: String,
    /// What it holds.
    pub role: Role,
    /// The split it belongs to; absent where it holds both.
    pub split: Option<Split>,
    /// Its length, where it is pinned.
    pub bytes: Option<u64>,
    /// The digest of its bytes. A file without one is not pinned: it is read as
    /// it is found, and its digest is recorded instead of compared.
    pub sha256: Option<Digest>,
    /// Of a folder of pictures, files that are passed over by name, since the
    /// published ones cannot be read.
    #[serde(default)]
    pub skipped: Vec<String>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Pixels.
    Images,
    /// Labels.
    Labels,
    /// Records of a label and pixels.
    Records,
}

/// The embedded catalogue.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        Catalogue::parse(include_str!("catalogue.toml"))
            .expect("the catalogue is part of the program and a test reads it")
    });
    &CATALOGUE
}

impl Catalogue {
    /// Reads a catalogue.
    ///
    /// # Errors
    /// When the text is no catalogue, names a thing twice, has a name that could
    /// not be a file's in the set's own folder, or a number out of its range.
    pub fn parse(text: &str) -> Result<Self, DatasetError> {
        let catalogue: Self =
            toml::from_str(text).map_err(|error| DatasetError::Catalogue(error.to_string()))?;
        check_names(catalogue.sets.iter().map(|set| set.name.as_str()))?;
        for set in &catalogue.sets {
            check_names(set.files.iter().map(|file| file.name.as_str()))?;
            if !(1..=256).contains(&set.classes) || set.pixel_max == 0 {
                return Err(DatasetError::Catalogue(format!(
                    "`{}` has {} classes and pixel_max {}; 1 to 256 and 1 to 255 are accepted",
                    set.name, set.classes, set.pixel_max
                )));
            }
            if let Some(file) = set.files.iter().find(|f| f.bytes.is_some() != f.sha256.is_some()) {
                return Err(DatasetError::Catalogue(format!(
                    "`{}` of `{}` has one of `bytes` and `sha256`; both are needed, or neither",
                    file.name, set.name
                )));
            }
        }
        Ok(catalogue)
    }

    /// The sets in the catalogue's order.
    pub fn sets(&self) -> &[Entry] {
        &self.sets
    }

    /// The set of this name.
    ///
    /// # Errors
    /// When there is none; the error lists those there are.
    pub fn entry(&self, name: &str) -> Result<&Entry, DatasetError> {
        self.sets.iter().find(|set| set.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.sets.iter().map(|set| set.name.as_str()).collect();
            let nearest = names
                .iter()
                .map(|known| (strsim::jaro_winkler(known, &name.to_lowercase()), *known))
                .filter(|(likeness, _)| *likeness > 0.8)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            DatasetError::UnknownSet {
                name: name.to_owned(),
                nearest: nearest.map(|(_, known)| known.to_owned()),
                known: names.join(", "),
            }
        })
    }
}

impl Entry {
    /// The files that hold `split`, in the order they are read.
    pub fn files_of(&self, split: Split) -> impl Iterator<Item = &CatalogueFile> {
        self.files.iter().filter(move |file| file.split.is_none_or(|own| own == split))
    }

    /// The bytes of all files together; none where a file is not pinned.
    pub fn bytes(&self) -> Option<u64> {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Whether every file is compared with a known digest.
    pub fn is_pinned(&self) -> bool {
        self.files.iter().all(|file| file.content().is_some())
    }
}

/// The most bytes of a file that is not pinned.
const MOST_UNPINNED: u64 = 1 << 29;

impl CatalogueFile {
    /// The most bytes that the file can have.
    pub(super) fn limit(&self) -> u64 {
        self.bytes.unwrap_or(MOST_UNPINNED)
    }

    /// What the file must be to be believed; none where it is not pinned.
    pub fn content(&self) -> Option<FileContent> {
        Some(FileContent { bytes: self.bytes?, sha256: self.sha256? })
    }
}

impl Splits {
    /// The number of images in `split`.
    pub fn count(&self, split: Split) -> usize {
        match split {
            Split::Train => self.train,
            Split::Test => self.test,
        }
    }
}

fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), DatasetError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut seen = HashSet::new();
    for name in names {
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(DatasetError::Catalogue(format!(
                "`{name}` cannot be a name: letters, digits, `-`, `_` and `.` are accepted, \
                 and no `.` at the start"
            )));
        }
        if !seen.insert(name) {
            return Err(DatasetError::Catalogue(format!("`{name}` is named twice")));
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalogue_is_consistent() {
        for set in catalogue().sets() {
            for split in [Split::Train, Split::Test].into_iter().filter(|_| set.is_pinned()) {
                let count = set.splits.unwrap().count(split);
                let pixels = count * set.shape.iter().product::<usize>();
                let bytes: Option<u64> = set.files_of(split).map(|file| file.bytes).sum();
                let expected = match set.format {
                    Format::Idx => pixels + 16 + count + 8,
                    Format::Cifar => pixels + count,
                    Format::Embedded => 1797 * 65,
                    Format::Pictures => unreachable!("a folder has no digest that is pinned"),
                };
                assert_eq!(bytes, Some(expected as u64), "{} {split}", set.name);
            }
            let has_mirrors = set.is_pinned() && set.format != Format::Embedded;
            assert_eq!(!set.mirrors.is_empty(), has_mirrors, "{}", set.name);
            assert_eq!(set.origin.is_empty(), set.is_pinned(), "{}", set.name);
            for word in [&set.licence, &set.citation, &set.title] {
                assert!(!word.is_empty(), "{}", set.name);
            }
        }
    }

    #[test]
    fn canonical_addresses_are_secure_and_come_before_packages() {
        for set in catalogue().sets() {
            let is_https: Vec<bool> = set
                .mirrors
                .iter()
                .map(|mirror| mirror.to_string().starts_with("https://"))
                .collect();
            assert!(is_https.is_sorted_by(|a, b| a >= b), "{}", set.name);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_and_all() {
        let error = catalogue().entry("fashon-mnist").unwrap_err().to_string();
        assert!(error.contains("did you mean `fashion-mnist`?"), "{error}");
        assert!(error.contains("mnist, fashion-mnist, cifar-10, digits"), "{error}");
        let error = catalogue().entry("svhn").unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for name in ["../x", "a/b", ".hidden", "", "a\\b"] {
            let error = check_names([name].into_iter()).unwrap_err().to_string();
            assert!(error.contains("cannot be a name"), "{error}");
        }
        let error = check_names(["a", "a"].into_iter()).unwrap_err().to_string();
        assert!(error.contains("named twice"), "{error}");
    }
}
