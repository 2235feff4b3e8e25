//! Tags: names that people give to runs, so that `gc` keeps them.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::object::{Store, io_error};
use super::{StoreError, record};
use crate::durable;
use crate::id::RunId;
use crate::provenance::now;

/// The version of a tag's record.
const FORMAT: u32 = 1;
/// The longest name.
const LONGEST: usize = 100;

/// A name for some runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// The version of this record.
    pub format: u32,
    /// The name, which is also that of the file.
    pub name: String,
    /// The runs, in the order given.
    pub runs: Vec<RunId>,
    /// What the person who gave it wanted to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was given, in UTC.
    pub created: String,
}

/// Why a tag was not given or taken away.
#[derive(Debug, thiserror::Error)]
pub enum TagError {
    /// The name cannot be that of a file on every system.
    #[error(
        "`{0}` is no name for a tag: letters, digits, `.`, `_` and `-` are, at most {LONGEST}, \
         not beginning with `.` or `-`"
    )]
    Name(String),
    /// There is such a tag already.
    #[error("there is a tag `{0}` already\n  try: another name, or --force to give it again")]
    Exists(String),
    /// There is no such tag.
    #[error("there is no tag `{0}`\n  try: jem store tags")]
    Absent(String),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Tag {
    /// A tag given now.
    pub fn new(name: &str, runs: Vec<RunId>, note: Option<String>) -> Self {
        Self { format: FORMAT, name: name.to_owned(), runs, note, created: now() }
    }

    /// Reads the bytes of the file of the tag `name`, or says what is wrong
    /// with them.
    pub(super) fn parse(name: &str, bytes: &[u8]) -> Result<Self, String> {
        let tag: Self = match record::parse_sealed(Path::new(name), bytes, FORMAT, FORMAT) {
            Ok(tag) => tag,
            Err(StoreError::Unreadable { reason, .. }) => return Err(reason),
            Err(StoreError::Newer { found, .. }) => {
                return Err(format!("it has format {found}; this version reads up to {FORMAT}"));
            }
            Err(error) => return Err(error.to_string()),
        };
        match tag.name == name {
            true => Ok(tag),
            false => Err(format!("it names itself `{}`", tag.name)),
        }
    }
}

impl Store {
    fn tag_path(&self, name: &str) -> PathBuf {
        self.root().join("tags").join(format!("{name}.json"))
    }

    /// Records `tag`; one of the same name is replaced only where `replace`.
    ///
    /// # Errors
    /// When the name is none, is taken, or the file system says no.
    pub fn put_tag(&self, tag: &Tag, replace: bool) -> Result<(), TagError> {
        named(&tag.name)?;
        let path = self.tag_path(&tag.name);
        if !replace && path.exists() {
            return Err(TagError::Exists(tag.name.clone()));
        }
        let folder = self.root().join("tags");
        durable::create_dir_all(&folder).map_err(io_error(&folder))?;
        let text = record::text(&path, tag)?;
        durable::write_atomic(&path, &text).map_err(io_error(&path))?;
        durable::sync_dir(self.root()).map_err(io_error(self.root()))?;
        Ok(())
    }

    /// Takes the tag `name` away. The runs stay until `gc` sweeps them.
    ///
    /// # Errors
    /// When there is no such tag or the file system says no.
    pub fn remove_tag(&self, name: &str) -> Result<(), TagError> {
        named(name)?;
        let path = self.tag_path(name);
        match durable::remove_file(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(TagError::Absent(name.to_owned()));
            }
            done => done.map_err(io_error(&path))?,
        }
        let folder = self.root().join("tags");
        durable::sync_dir(&folder).map_err(io_error(&folder))?;
        Ok(())
    }

    /// Every tag, sorted by name.
    ///
    /// # Errors
    /// When one cannot be read: what it keeps is then not known.
    pub fn tags(&self) -> Result<Vec<Tag>, StoreError> {
        let folder = self.root().join("tags");
        let Some(entries) = durable::list(&folder).map_err(io_error(&folder))? else {
            return Ok(Vec::new());
        };
        let mut tags = Vec::new();
        for entry in entries {
            let path = entry.map_err(io_error(&folder))?.path();
            if let Some(name) = name_of(&path) {
                let bytes = durable::read(&path).map_err(io_error(&path))?;
                let reason = |reason| StoreError::Unreadable { path: path.clone(), reason };
                tags.push(Tag::parse(&name, &bytes).map_err(reason)?);
            }
        }
        tags.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tags)
    }
}

fn name_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
    named(name).is_ok().then(|| name.to_owned())
}

fn named(name: &str) -> Result<(), TagError> {
    let ordinary = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let first = name.chars().next().is_some_and(|c| !matches!(c, '.' | '-'));
    match first && name.len() <= LONGEST && name.chars().all(ordinary) {
        true => Ok(()),
        false => Err(TagError::Name(name.to_owned())),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::digest::Digest;

    fn tag(name: &str) -> Tag {
        Tag::new(name, vec![RunId::from_digest(Digest::of(b"run"))], Some("for table 2".to_owned()))
    }

    #[test]
    fn a_tag_is_given_once_read_back_and_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        assert_eq!(store.tags().unwrap(), []);
        store.put_tag(&tag("paper-2"), false).unwrap();
        assert!(matches!(store.put_tag(&tag("paper-2"), false), Err(TagError::Exists(_))));
        store.put_tag(&tag("paper-2"), true).unwrap();
        store.put_tag(&tag("a.b"), false).unwrap();
        let names: Vec<String> = store.tags().unwrap().into_iter().map(|tag| tag.name).collect();
        assert_eq!(names, ["a.b", "paper-2"]);
        store.remove_tag("a.b").unwrap();
        assert!(matches!(store.remove_tag("a.b"), Err(TagError::Absent(_))));
    }

    #[test]
    fn a_name_that_could_leave_the_folder_is_refused() {
        for name in ["", "..", "../x", "a/b", ".tmp-x", "-x", "a b", &"x".repeat(101)] {
            assert!(matches!(named(name), Err(TagError::Name(_))), "{name}");
        }
    }

    #[test]
    fn a_changed_byte_anywhere_in_a_tag_is_noticed() {
        let text = record::text(Path::new("paper"), &tag("paper")).unwrap();
        assert!(Tag::parse("paper", &text).is_ok());
        for place in 0..text.len() {
            let mut other = text.clone();
            other[place] ^= 1;
            assert!(Tag::parse("paper", &other).is_err(), "byte {place}");
        }
    }
}
