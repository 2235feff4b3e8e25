//! From a source to arrays: which files make up a split.

use std::path::Path;

use crate::digest::Digest;

use super::about::About;
use super::catalogue::{self, CatalogueFile, Entry, Role, catalogue};
use super::cifar::{self, Records};
use super::class_names::Labelling;
use super::error::DatasetError;
use super::folder::file_path;
use super::idx::{self, Kind};
use super::image_folder;
use super::images::{LabelledImages, Split};
use super::reader::{Layout, Part, read_split};
use super::reshaped::reshaped;
use super::resize::Wanted;
use super::source::Source;
use super::svhn;
use super::user_files::{Format, UserFiles};

/// A split that was read, and what exactly was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The images and labels.
    pub images: LabelledImages,
    /// Name and SHA-256 of each decoded file, in the order read. The names say
    /// a file's part in the set, never where it lies.
    pub digests: Vec<(String, Digest)>,
    /// The names of the classes, and what people should know.
    pub about: About,
}

/// Reads one split of `source`; a catalogue set from the data folder `dir`.
///
/// # Errors
/// When a file is missing, is not what the catalogue or its own header says,
/// or the set has no such split.
pub fn load(dir: &Path, source: &Source, split: Split) -> Result<Loaded, DatasetError> {
    match source {
        Source::Catalogue(name) => catalogue().entry(name)?.load(dir, split),
        Source::Reshaped(set) => {
            set.check()?;
            let loaded = set.entry()?.load(dir, split)?;
            Ok(Loaded { images: reshaped(loaded.images, set.wanted()), ..loaded })
        }
        Source::Files(files) => {
            let parts = user_parts(files, split)?;
            let classes = files.labelled(split);
            let loaded = read_split(parts, classes, files.pixel_max.unwrap_or(u8::MAX))?;
            // Pictures of a folder are brought to one shape as they are read.
            let wanted = if files.images.is_some() { Wanted::default() } else { files.wanted() };
            match wanted == Wanted::default() {
                true => Ok(loaded),
                false => Ok(Loaded { images: reshaped(loaded.images, wanted), ..loaded }),
            }
        }
    }
}

/// The digests that [`load`] will report, in its order. Those of a catalogue
/// set, of whatever shape, are known without reading, whatever the data folder
/// `dir` holds, where they are pinned; other files are hashed.
///
/// # Errors
/// When the set or split does not exist, or a file that is hashed cannot be read
/// or decompressed.
pub fn expected_digests(
    source: &Source,
    split: Split,
    dir: &Path,
) -> Result<Vec<(String, Digest)>, DatasetError> {
    match source {
        Source::Catalogue(name) => catalogue().entry(name)?.digests(dir, split),
        Source::Reshaped(set) => set.entry()?.digests(dir, split),
        Source::Files(files) => user_parts(files, split)?
            .into_iter()
            .map(|part| {
                let digest = part.digest()?;
                Ok((part.name, digest))
            })
            .collect(),
    }
}

/// The parts that [`load`] reads of `source`, in its order.
///
/// # Errors
/// When the set or the split does not exist.
pub(super) fn parts_of<'a>(
    source: &'a Source,
    split: Split,
    dir: &Path,
) -> Result<Vec<Part<'a>>, DatasetError> {
    match source {
        Source::Catalogue(name) => catalogue().entry(name)?.parts(dir, split),
        Source::Reshaped(set) => set.entry()?.parts(dir, split),
        Source::Files(files) => user_parts(files, split),
    }
}

/// Channels, height and width of the images; of the user's own files only the
/// header of the test images, or the first picture, is read.
///
/// # Errors
/// When the set does not exist, or the file's header is wrong.
pub fn shape_of(source: &Source) -> Result<[usize; 3], DatasetError> {
    match source {
        Source::Catalogue(name) => Ok(catalogue().entry(name)?.shape),
        Source::Reshaped(set) => set.shape(),
        Source::Files(files) => {
            files.check()?;
            let own = match files.format()? {
                Format::Idx(idx) => {
                    let [height, width] = idx::image_sides(&idx.test_images)?;
                    [1, height, width]
                }
                Format::Cifar(_) | Format::Cifar100(_) => cifar::SHAPE,
                Format::Svhn(_) => svhn::SHAPE,
                Format::Images(folders) => image_folder::shape(&folders.test, files.wanted())?,
            };
            Ok(files.wanted().shape(own))
        }
    }
}

/// How many classes there are; 1 where the user's own files say nothing of it.
///
/// # Errors
/// When the set does not exist.
pub fn classes_of(source: &Source) -> Result<usize, DatasetError> {
    match source {
        Source::Catalogue(name) => Ok(catalogue().entry(name)?.classes),
        Source::Reshaped(set) => Ok(set.entry()?.classes),
        Source::Files(files) => Ok(files.classes.unwrap_or(1)),
    }
}

/// The names of the classes of `source`, and those that its test images lack;
/// nothing but for labelled folders of pictures of the user's own. No picture is
/// opened.
///
/// # Errors
/// When a folder cannot be listed, or the classes of the test images are not those
/// of the training images.
pub fn class_names(source: &Source) -> Result<About, DatasetError> {
    let Source::Files(files) = source else { return Ok(About::default()) };
    match &files.images {
        Some(folders) if files.classes.is_some() => {
            image_folder::classes(&folders.test, &labelling(files, Split::Test))
        }
        _ => Ok(About::default()),
    }
}

/// The value of a fully bright pixel.
///
/// # Errors
/// When the set does not exist.
pub fn pixel_max_of(source: &Source) -> Result<u8, DatasetError> {
    match source {
        Source::Catalogue(name) => Ok(catalogue().entry(name)?.pixel_max),
        Source::Reshaped(set) => Ok(set.entry()?.pixel_max),
        Source::Files(files) => Ok(files.pixel_max.unwrap_or(u8::MAX)),
    }
}

impl Entry {
    /// Reads one split of this set from the data folder `dir`.
    ///
    /// # Errors
    /// When the set has no such split, a file is missing or damaged, or it is not
    /// what the catalogue says.
    pub fn load(&self, dir: &Path, split: Split) -> Result<Loaded, DatasetError> {
        let parts = self.parts(dir, split)?;
        let path = parts.first().map(|part| part.path.clone()).unwrap_or_default();
        let first = usize::from(self.first_label);
        let mut loaded = read_split(parts, Some(self.classes + first), self.pixel_max)?;
        let images = &mut loaded.images;
        images.classes = self.classes;
        if images.shape != self.shape {
            let shown = |[c, h, w]: [usize; 3]| format!("images of {c}×{h}×{w}");
            let (found, accepted) = (shown(images.shape), shown(self.shape));
            return Err(DatasetError::Dimensions { path, found, accepted });
        }
        if let Some(index) = images.labels.iter().position(|&label| label < self.first_label) {
            return Err(DatasetError::LabelTooSmall {
                path,
                found: images.labels[index],
                index,
                first: self.first_label,
            });
        }
        images.labels.iter_mut().for_each(|label| *label -= self.first_label);
        if self.transposed {
            transpose(images);
        }
        Ok(loaded)
    }

    /// Name and digest of each file that holds `split`, in the order read: those
    /// of the catalogue where it pins them, else those of the files in the data
    /// folder `dir`.
    ///
    /// # Errors
    /// When the set has no such split, or a file that is not pinned cannot be
    /// read.
    pub fn digests(&self, dir: &Path, split: Split) -> Result<Vec<(String, Digest)>, DatasetError> {
        let digest = |part: Part<'_>| {
            let pinned = part.known.and_then(|(_, file)| file.sha256);
            Ok((part.name.clone(), pinned.map_or_else(|| part.digest(), Ok)?))
        };
        self.parts(dir, split)?.into_iter().map(digest).collect()
    }

    /// The parts of `split`, at least one.
    fn parts<'a>(&'a self, dir: &Path, split: Split) -> Result<Vec<Part<'a>>, DatasetError> {
        let part = |file| {
            let part = self.part(dir, file);
            match self.format {
                catalogue::Format::Embedded => Part { layout: Layout::Digits(split), ..part },
                _ => part,
            }
        };
        let parts: Vec<Part<'_>> = self.files_of(split).map(part).collect();
        match parts.is_empty() {
            true => Err(DatasetError::NoSplit { what: format!("`{}`", self.name), split }),
            false => Ok(parts),
        }
    }

    /// How `file` of the data folder `dir` is read.
    pub(super) fn part<'a>(&'a self, dir: &Path, file: &'a CatalogueFile) -> Part<'a> {
        Part {
            name: self.digest_name(file),
            path: file_path(self, dir, file),
            layout: match (self.format, file.role) {
                (catalogue::Format::Idx, Role::Labels) => Layout::Idx(Kind::Labels),
                (catalogue::Format::Idx, Role::Images | Role::Records) => Layout::Idx(Kind::Images),
                (catalogue::Format::Cifar, _) => Layout::Cifar(Records::Ten),
                (catalogue::Format::Pictures, _) => Layout::Folder(Wanted::default()),
                (catalogue::Format::Embedded, _) => Layout::Digits(Split::Train),
            },
            known: Some((self, file)),
            labelling: Labelling {
                classes: Some(self.classes),
                complete: self.format == catalogue::Format::Pictures,
                ..Labelling::default()
            },
        }
    }

    fn digest_name(&self, file: &CatalogueFile) -> String {
        format!("{}/{}", self.name, file.name)
    }
}

/// Exchanges rows and columns of every image.
fn transpose(images: &mut LabelledImages) {
    let [channels, height, width] = images.shape;
    let mut pixels = Vec::with_capacity(images.pixels.len());
    for plane in images.pixels.chunks_exact(height * width) {
        pixels.extend(
            (0..width).flat_map(|column| plane.iter().skip(column).step_by(width).copied()),
        );
    }
    images.pixels = pixels;
    images.shape = [channels, width, height];
}

fn user_parts(files: &UserFiles, split: Split) -> Result<Vec<Part<'static>>, DatasetError> {
    files.check()?;
    let parts: Vec<_> = match files.format()? {
        Format::Idx(_) => idx_parts(files, split),
        format => {
            let (word, layout) = match format {
                Format::Cifar100(files) => {
                    ("cifar100", Layout::Cifar(Records::Hundred(files.labels)))
                }
                Format::Svhn(_) => ("svhn", Layout::Svhn),
                Format::Images(_) => ("images", Layout::Folder(files.wanted())),
                _ => ("cifar", Layout::Cifar(Records::Ten)),
            };
            let paths = format.paths(split).into_iter().enumerate();
            let part = |(i, path)| Part {
                labelling: labelling(files, split),
                ..user_part(format!("{word}/{split}_{i}"), path, layout)
            };
            paths.map(part).collect()
        }
    };
    if parts.is_empty() {
        return Err(DatasetError::NoSplit {
            what: Source::Files(Box::new(files.clone())).to_string(),
            split,
        });
    }
    Ok(parts)
}

fn user_part(name: String, path: &Path, layout: Layout) -> Part<'static> {
    Part { name, path: path.to_owned(), layout, known: None, labelling: Labelling::default() }
}

/// How the class folders of `split` become labels: the test images have the
/// classes of the training images, by name.
fn labelling(files: &UserFiles, split: Split) -> Labelling {
    let training = files.images.as_ref().and_then(|folders| folders.train.clone());
    Labelling {
        classes: files.labelled(split),
        complete: training.is_some(),
        training: training.filter(|_| split == Split::Test),
    }
}

/// The images, and the labels where they are looked at.
fn idx_parts(files: &UserFiles, split: Split) -> Vec<Part<'static>> {
    let part =
        |what: &str, path, kind| user_part(format!("idx/{split}_{what}"), path, Layout::Idx(kind));
    let images = files.paths(split).into_iter().map(|path| part("images", path, Kind::Images));
    let labels = files.label_path(split).map(|path| part("labels", path, Kind::Labels));
    images.chain(labels).collect()
}
