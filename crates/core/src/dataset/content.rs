//! What the files that no catalogue pins hold, as ids name it: by the digest of
//! their content, whatever path they lie at.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::digest::{Digest, Hasher};

use super::digits;
use super::error::DatasetError;
use super::idx::Kind;
use super::images::Split;
use super::load::parts_of;
use super::reader::{Layout, Part};
use super::source::Source;
use super::user_files::{IdxFiles, ImageFolders, SvhnFiles, UserFiles};

/// What stands before a digest in the place of a path.
const PREFIX: &str = "sha256:";
/// What stands in the place of a path that a format asks for and nothing reads.
const UNUSED: &str = "unused";

/// One file or folder that a split is read from.
pub struct DataPart<'a>(Part<'a>);

/// What a part holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The digest of it, which is that of [`super::load`].
    pub digest: Digest,
    /// Why that is only the digest last seen there: the part cannot be read
    /// now. Unset where it was read, or is known not to have changed.
    pub assumed: Option<String>,
}

/// Says what parts hold: by reading them, or from what is remembered of them.
pub trait Contents: fmt::Debug + Send + Sync {
    /// What `part` holds.
    ///
    /// # Errors
    /// When it cannot be read, and nothing is remembered of it.
    fn of(&self, part: &DataPart<'_>) -> Result<Content, DatasetError>;

    /// Whether at `path` there is, or was, a file that may be absent and is
    /// believed by its `digest` alone.
    fn has(&self, path: &Path, digest: Digest) -> bool;
}

/// How a file, or all files of a folder, look from outside. Where it is the
/// same, the bytes are taken to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The digest of names, sizes, times and inodes.
    pub digest: Digest,
    /// How many files there are.
    pub files: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// When the last of them was changed.
    pub changed: SystemTime,
}

/// What a source is to an experiment, and so which of its files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceRole {
    /// It is trained and tested on: both splits.
    Training,
    /// Its train split is learnt from as out-of-distribution.
    Auxiliary,
    /// Its test split is judged by, and its name is a part of metrics' names.
    Judging,
}

impl SourceRole {
    fn splits(self) -> &'static [Split] {
        match self {
            Self::Training => &[Split::Train, Split::Test],
            Self::Auxiliary => &[Split::Train],
            Self::Judging => &[Split::Test],
        }
    }
}

/// The parts that [`super::load`] reads of `source`, in its order; those of a
/// catalogue set lie in the data folder `dir`.
///
/// # Errors
/// When the set or the split does not exist.
pub fn data_parts<'a>(
    source: &'a Source,
    split: Split,
    dir: &Path,
) -> Result<Vec<DataPart<'a>>, DatasetError> {
    Ok(parts_of(source, split, dir)?.into_iter().map(DataPart).collect())
}

/// The digests that [`super::load`] will report, in its order, as
/// [`super::expected_digests`] gives them, where `contents` says what parts hold
/// that are not pinned.
///
/// # Errors
/// When the set or the split does not exist, or a part is neither read nor
/// remembered.
pub fn digests_by(
    contents: &dyn Contents,
    source: &Source,
    split: Split,
    dir: &Path,
) -> Result<Vec<(String, Digest)>, DatasetError> {
    let digest = |part: DataPart<'_>| {
        let digest = match part.pinned() {
            Some(pinned) => pinned,
            None => contents.of(&part)?.digest,
        };
        Ok((part.name().to_owned(), digest))
    };
    data_parts(source, split, dir)?.into_iter().map(digest).collect()
}

impl DataPart<'_> {
    /// Its part in the set, which its digest is recorded under.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// How its bytes are taken: a digest of one kind says nothing of another.
    pub fn kind(&self) -> &'static str {
        match self.0.layout {
            Layout::Idx(Kind::Images) => "idx images",
            Layout::Idx(Kind::Labels) => "idx labels",
            // The catalogue passes over some of the files.
            Layout::Folder(_) if self.0.known.is_some() => "folder of the catalogue",
            Layout::Folder(_) => "folder of images",
            Layout::Cifar(_) | Layout::Svhn | Layout::Digits(_) => "file",
        }
    }

    /// Its digest where that is known without reading: the catalogue pins it,
    /// or it is a part of this program.
    pub fn pinned(&self) -> Option<Digest> {
        match self.0.layout {
            Layout::Digits(_) => Some(digits::digest()),
            _ => self.0.known.and_then(|(_, file)| file.sha256),
        }
    }

    /// The digest of what it holds, by reading it.
    ///
    /// # Errors
    /// When it cannot be read or decompressed.
    pub fn digest(&self) -> Result<Digest, DatasetError> {
        self.0.digest()
    }

    /// How it looks from outside.
    ///
    /// # Errors
    /// When it, or a file in it, cannot be looked at.
    pub fn stamp(&self) -> io::Result<Stamp> {
        Stamp::of(self.path())
    }
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        list(path, "", &mut files)?;
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut hasher = Hasher::for_domain("jem stamp v1");
        let (mut bytes, mut changed) = (0, SystemTime::UNIX_EPOCH);
        for (name, meta) in &files {
            hasher.update(&(name.len() as u64).to_le_bytes()).update(name);
            hasher.update(&meta.len().to_le_bytes());
            changed = changed.max(times_and_inode(meta, &mut hasher)?);
            bytes += meta.len();
        }
        Ok(Self { digest: hasher.finish(), files: files.len() as u64, bytes, changed })
    }
}

/// The file at `path`, or all files below the folder, with their names from
/// there.
fn list(path: &Path, name: &str, files: &mut Vec<(Vec<u8>, Metadata)>) -> io::Result<()> {
    let meta = fs::metadata(path)?;
    if !meta.is_dir() {
        files.push((name.as_bytes().to_vec(), meta));
        return Ok(());
    }
    // A class's folder has files alone: nothing that is read lies deeper.
    let mut waiting = vec![(path.to_owned(), Vec::new(), 0)];
    while let Some((folder, prefix, depth)) = waiting.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let own = path.file_name().unwrap_or_default().as_encoded_bytes();
            let name = [prefix.as_slice(), b"/", own].concat();
            let meta = fs::metadata(&path)?;
            if meta.is_dir() && depth == 0 {
                waiting.push((path, name.clone(), 1));
            }
            files.push((name, meta));
        }
    }
    Ok(())
}

/// Feeds what changes with a file's bytes to `hasher`; says when it was last
/// changed. On Unix that includes the time of the inode's change, which no
/// program can set back.
#[cfg(unix)]
fn times_and_inode(meta: &Metadata, hasher: &mut Hasher) -> io::Result<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    use std::time::Duration;
    for number in [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()] {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(&meta.ino().to_le_bytes()).update(&meta.dev().to_le_bytes());
    let since = Duration::from_secs(u64::try_from(meta.ctime()).unwrap_or(0) + 1);
    let changed = SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH);
    Ok(meta.modified()?.max(changed))
}

#[cfg(not(unix))]
fn times_and_inode(meta: &Metadata, hasher: &mut Hasher) -> io::Result<SystemTime> {
    let modified = meta.modified()?;
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    hasher.update(&since.as_nanos().to_le_bytes());
    Ok(modified)
}

/// What stands in a spec for the path of content with this digest.
pub fn path_of_content(digest: Digest) -> String {
    format!("{PREFIX}{digest}")
}

impl Source {
    /// The source with the digest of its content in the place of each path that
    /// an experiment reads in the place of `role`; relative paths are taken
    /// from `base`. What is not read is left out, and a name stays only where
    /// it is a part of metrics' names. A set of the catalogue is itself.
    ///
    /// Each path read goes to `places`, by what stands in its place.
    ///
    /// # Errors
    /// When the content of a path is not known.
    pub fn by_content(
        &self,
        role: SourceRole,
        base: &Path,
        contents: &dyn Contents,
        places: &mut BTreeMap<String, PathBuf>,
    ) -> Result<Self, DatasetError> {
        let Self::Files(files) = self else { return Ok(self.clone()) };
        let based = self.based_on(base);
        let mut known = BTreeMap::new();
        for split in role.splits() {
            for part in data_parts(&based, *split, Path::new(""))? {
                let place = path_of_content(contents.of(&part)?.digest);
                known.insert(part.path().to_owned(), PathBuf::from(&place));
                places.entry(place).or_insert_with(|| part.path().to_owned());
            }
        }
        let named = |path: &Path| known.get(&base.join(path)).cloned();
        let mut files = files.replaced(role.splits(), &named);
        files.name = (role == SourceRole::Judging).then(|| self.label());
        Ok(Self::Files(Box::new(files)))
    }

    /// The source with the path that `places` has for what stands in its place,
    /// where it has one: the way back from [`Source::by_content`].
    #[must_use]
    pub fn located(&self, places: &BTreeMap<String, PathBuf>) -> Self {
        let Self::Files(files) = self else { return self.clone() };
        let mut files = files.clone();
        for path in files.paths_mut() {
            if let Some(place) = path.to_str().and_then(|text| places.get(text)) {
                path.clone_from(place);
            }
        }
        Self::Files(files)
    }
}

impl UserFiles {
    /// The same with the files of `splits` called by `named`; the others are
    /// left out, or called unused where the format asks for them.
    fn replaced(&self, splits: &[Split], named: &dyn Fn(&Path) -> Option<PathBuf>) -> Self {
        let of = |split, path: &Path| named(path).filter(|_| splits.contains(&split));
        let may = |split, path: &Option<PathBuf>| path.as_deref().and_then(|path| of(split, path));
        let must = |split, path: &Path| of(split, path).unwrap_or_else(|| UNUSED.into());
        let all =
            |split, paths: &[PathBuf]| paths.iter().filter_map(|path| of(split, path)).collect();
        let some = |split, paths: &[PathBuf]| -> Vec<PathBuf> {
            paths
                .iter()
                .take(if splits.contains(&split) { paths.len() } else { 1 })
                .map(|path| must(split, path))
                .collect()
        };
        let (train, test) = (Split::Train, Split::Test);
        let mut files = self.clone();
        files.idx = self.idx.as_ref().map(|idx| IdxFiles {
            train_images: may(train, &idx.train_images),
            train_labels: may(train, &idx.train_labels),
            test_images: must(test, &idx.test_images),
            test_labels: may(test, &idx.test_labels),
        });
        if let Some(cifar) = &mut files.cifar {
            (cifar.train, cifar.test) = (all(train, &cifar.train), some(test, &cifar.test));
        }
        if let Some(cifar) = &mut files.cifar100 {
            (cifar.train, cifar.test) = (all(train, &cifar.train), some(test, &cifar.test));
        }
        files.svhn = self
            .svhn
            .as_ref()
            .map(|svhn| SvhnFiles { train: may(train, &svhn.train), test: must(test, &svhn.test) });
        files.images = self.images.as_ref().map(|folders| ImageFolders {
            train: may(train, &folders.train),
            test: must(test, &folders.test),
            ..folders.clone()
        });
        files
    }
}
