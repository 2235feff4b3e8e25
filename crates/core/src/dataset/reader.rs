//! Reads the files of one split into one array, hashing every byte on the way.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::durable;

use super::about::About;
use super::catalogue::{CatalogueFile, Entry};
use super::cifar::Records;
use super::class_names::Labelling;
use super::error::DatasetError;
use super::folder::{FileContent, FileState, state_of};
use super::idx::{self, Kind};
use super::images::LabelledImages;
use super::load::Loaded;
use super::magic::looks_like;
use super::resize::Wanted;
use super::{cifar, digits, image_folder, svhn};

/// One file of a split.
pub(super) struct Part<'a> {
    /// Its part in the set, which is what its digest is recorded under.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What it holds.
    pub layout: Layout,
    /// What the catalogue says of it; the user's own files have nothing said.
    pub known: Option<(&'a Entry, &'a CatalogueFile)>,
    /// How the classes of a folder of pictures become labels.
    pub labelling: Labelling,
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// IDX images or labels.
    Idx(Kind),
    /// CIFAR records, appended to those before.
    Cifar(Records),
    /// SVHN's MATLAB file.
    Svhn,
    /// A folder of pictures.
    Folder(Wanted),
    /// The embedded digits.
    Digits(super::images::Split),
}

impl Part<'_> {
    /// The digest of what the part holds.
    pub(super) fn digest(&self) -> Result<Digest, DatasetError> {
        match self.layout {
            Layout::Folder(_) => {
                self.folder_is_there()?;
                image_folder::digest(&self.path, self.skipped(), &self.labelling)
            }
            _ => Ok(self.bytes()?.1),
        }
    }

    /// The decompressed bytes and their digest; where the catalogue knows the
    /// file, they are its bytes.
    pub(super) fn bytes(&self) -> Result<(Vec<u8>, Digest), DatasetError> {
        if let Layout::Digits(_) = self.layout {
            return Ok((Vec::new(), digits::digest()));
        }
        let Some((entry, file, content)) = self.pinned() else {
            let io = |error: io::Error| match (error.kind(), self.known) {
                (io::ErrorKind::NotFound, Some((entry, _))) => self.not_brought(entry),
                _ => DatasetError::io(&self.path, error),
            };
            let mut bytes = Vec::new();
            let mut opened = durable::open(&self.path).map_err(io)?;
            opened.read_to_end(&mut bytes).map_err(io)?;
            if let Layout::Idx(kind) = self.layout {
                bytes = idx::decompress(&self.path, bytes, kind)?;
            }
            let digest = Digest::of(&bytes);
            return Ok((bytes, digest));
        };
        let bytes = self.read_known(entry, file)?;
        let found = FileContent::of(&bytes);
        if found == content {
            return Ok((bytes, found.sha256));
        }
        Err(self.disbelieve(entry, content, &bytes))
    }

    /// The catalogue's word on the file, where it knows its digest.
    fn pinned(&self) -> Option<(&Entry, &CatalogueFile, FileContent)> {
        let (entry, file) = self.known?;
        Some((entry, file, file.content()?))
    }

    /// Files of a folder of pictures that are passed over.
    fn skipped(&self) -> &[String] {
        self.known.map_or(&[], |(_, file)| &file.skipped)
    }

    /// Whether a folder of pictures that the catalogue knows is there.
    fn folder_is_there(&self) -> Result<(), DatasetError> {
        match self.known {
            Some((entry, _)) if !self.path.is_dir() => Err(self.not_brought(entry)),
            _ => Ok(()),
        }
    }

    fn not_brought(&self, entry: &Entry) -> DatasetError {
        DatasetError::NotBrought {
            set: entry.name.clone(),
            path: self.path.clone(),
            origin: entry.origin.clone(),
        }
    }

    /// Reads no more than shows whether the file is too long.
    fn read_known(&self, entry: &Entry, file: &CatalogueFile) -> Result<Vec<u8>, DatasetError> {
        let mut bytes = Vec::new();
        durable::open(&self.path)
            .and_then(|opened| opened.take(file.limit() + 1).read_to_end(&mut bytes))
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => {
                    DatasetError::NotFetched { set: entry.name.clone(), path: self.path.clone() }
                }
                _ => DatasetError::io(&self.path, error),
            })?;
        Ok(bytes)
    }

    fn disbelieve(&self, entry: &Entry, expected: FileContent, start: &[u8]) -> DatasetError {
        let found = match state_of(expected, &self.path) {
            FileState::Wrong { found, .. } => found,
            _ => FileContent::of(start),
        };
        let other = entry.files.iter().find(|other| other.sha256 == Some(found.sha256));
        let hint = match (other, looks_like(start)) {
            (Some(other), _) => {
                format!("; these are the bytes of `{}`: files were swapped", other.name)
            }
            (None, Some(name)) => format!("; it looks like {name}"),
            (None, None) => String::new(),
        };
        DatasetError::Checksum {
            set: entry.name.clone(),
            path: self.path.clone(),
            found: Box::new(found),
            expected: Box::new(expected),
            hint,
        }
    }
}

/// Reads all `parts` of a split whose labels must be below `classes` and whose
/// pixels at most `pixel_max`. Where there are no `classes` labels are not
/// looked at: all images have the label 0, of one class.
pub(super) fn read_split(
    parts: Vec<Part<'_>>,
    classes: Option<usize>,
    pixel_max: u8,
) -> Result<Loaded, DatasetError> {
    let labelled = classes.is_some();
    let mut images = LabelledImages {
        shape: [0; 3],
        pixels: Vec::new(),
        labels: Vec::new(),
        pixel_max,
        classes: classes.unwrap_or(1),
    };
    let (mut digests, mut about) = (Vec::new(), About::default());
    let (mut images_path, mut labels_path) = (PathBuf::new(), PathBuf::new());
    for part in parts {
        if let Layout::Folder(wanted) = part.layout {
            part.folder_is_there()?;
            let read = image_folder::read(&part.path, wanted, part.skipped(), &part.labelling)?;
            digests.push((part.name, read.digest));
            about = read.about;
            (images.shape, images.pixels, images.labels) = (read.shape, read.pixels, read.labels);
            (images_path, labels_path) = (part.path.clone(), part.path);
            continue;
        }
        let (bytes, digest) = part.bytes()?;
        digests.push((part.name, digest));
        match part.layout {
            Layout::Idx(Kind::Images) => {
                let idx = idx::parse(&part.path, bytes, Kind::Images)?;
                let [height, width] = idx.sides;
                images.shape = [1, height, width];
                images.pixels = idx.data;
                images_path = part.path;
            }
            Layout::Idx(Kind::Labels) => {
                images.labels = idx::parse(&part.path, bytes, Kind::Labels)?.data;
                labels_path = part.path;
            }
            Layout::Cifar(records) => {
                images.shape = cifar::SHAPE;
                let (pixels, labels) = (&mut images.pixels, &mut images.labels);
                // No byte is too large where labels are not looked at.
                let classes = classes.unwrap_or(256);
                cifar::append(&part.path, &bytes, records, classes, pixels, labels)?;
                (images_path, labels_path) = (part.path.clone(), part.path);
            }
            Layout::Svhn => {
                images.shape = svhn::SHAPE;
                (images.pixels, images.labels) = svhn::parse(&part.path, &bytes, labelled)?;
                (images_path, labels_path) = (part.path.clone(), part.path);
            }
            Layout::Folder(_) => {}
            Layout::Digits(split) => {
                images.shape = digits::SHAPE;
                (images.pixels, images.labels) = digits::read(split);
            }
        }
    }
    if !labelled {
        images.labels =
            vec![0; images.pixels.len() / images.shape.iter().product::<usize>().max(1)];
    }
    check(&images, &images_path, &labels_path)?;
    Ok(Loaded { images, digests, about })
}

/// What no single file can show: counts that agree, values in their range.
fn check(
    images: &LabelledImages,
    images_path: &Path,
    labels_path: &Path,
) -> Result<(), DatasetError> {
    let pixels_each = images.shape.iter().product::<usize>().max(1);
    if images.pixels.len() != images.len() * pixels_each {
        return Err(DatasetError::Counts {
            images_path: images_path.to_owned(),
            images: images.pixels.len() / pixels_each,
            labels_path: labels_path.to_owned(),
            labels: images.len(),
        });
    }
    let too_large = |values: &[u8], max: usize| {
        let place = values.iter().position(|&value| usize::from(value) > max)?;
        Some((place, values[place]))
    };
    if let Some((index, found)) = too_large(&images.labels, images.classes - 1) {
        return Err(DatasetError::Value {
            path: labels_path.to_owned(),
            what: "label",
            found,
            index,
            max: images.classes - 1,
            next: "check `classes`, or the file".to_owned(),
        });
    }
    let max = usize::from(images.pixel_max);
    if let Some((place, found)) = too_large(&images.pixels, max) {
        return Err(DatasetError::Value {
            path: images_path.to_owned(),
            what: "pixel",
            found,
            index: place / pixels_each,
            max,
            next: "check `pixel_max`, or the file".to_owned(),
        });
    }
    Ok(())
}
