//! A folder of pictures as a split: a folder for each class, or all pictures in
//! one folder, with the label 0. The labels of classes are those of the training
//! folder, in the order of their names (bytes); a test folder has them by name.
//!
//! Hidden entries are passed over; anything else that is no `.png`, `.jpg` or
//! `.jpeg` file is an error, since it may be an image that was meant.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::digest::{Digest, Hasher};

use super::about::{About, Remarks};
use super::class_names::{Labelling, labels_among, normalised, shown};
use super::error::DatasetError;
use super::picture::{Decoded, decode};
use super::resize::Wanted;
use crate::durable;

/// Labels are single bytes.
const MAX_CLASSES: usize = 256;

/// A folder that was read.
#[derive(Debug)]
pub(super) struct Folder {
    /// Channels, height, width.
    pub shape: [usize; 3],
    /// `[n, c, h, w]`
    pub pixels: Vec<u8>,
    /// `[n]`; none unless they are asked for.
    pub labels: Vec<u8>,
    /// That of [`digest`].
    pub digest: Digest,
    /// Its classes, and what is to be said of its pictures.
    pub about: About,
}

/// The pictures of a folder, in order.
struct Listing {
    entries: Vec<Entry>,
    /// The names of the classes that labels count; none where pictures stand in
    /// no folders of classes.
    classes: Vec<String>,
}

impl Listing {
    /// The classes, and which of them have no picture.
    fn about(&self) -> About {
        let has_some = |label: usize| self.entries.iter().any(|entry| entry.label == label);
        let missing = self.classes.iter().enumerate().filter(|(label, _)| !has_some(*label));
        let missing = missing.map(|(_, name)| name.clone()).collect();
        About { classes: self.classes.clone(), missing, notes: Vec::new() }
    }
}

/// A picture of a folder.
struct Entry {
    path: PathBuf,
    /// From the folder on, with `/`.
    name: String,
    label: usize,
}

/// The pictures of `folder` but for those that are `skipped`, each as `wanted`,
/// with labels where `labelling` asks for them.
///
/// # Errors
/// When the folder or a picture cannot be read, two have not one shape, or
/// their classes are not those that they should be.
pub(super) fn read(
    folder: &Path,
    wanted: Wanted,
    skipped: &[String],
    labelling: &Labelling,
) -> Result<Folder, DatasetError> {
    let mut digest = Folding::new();
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    let mut first: Option<([usize; 3], String)> = None;
    let mut remarks = Remarks::default();
    let listing = listing(folder, skipped, labelling)?;
    let mut about = if labelling.classes.is_some() { listing.about() } else { About::default() };
    for entry in listing.entries {
        let bytes = bytes_of(&entry.path)?;
        digest.take(&entry.name, &bytes);
        let Decoded { picture, remarks: own } = picture(&entry.path, &bytes)?;
        let picture = wanted.of(picture);
        remarks.take(&entry.name, &own);
        match &first {
            Some((shape, name)) if *shape != picture.shape => {
                return Err(other_shape(&entry.path, picture.shape, *shape, name));
            }
            Some(_) => {}
            None => first = Some((picture.shape, entry.name.clone())),
        }
        pixels.extend(picture.pixels);
        // Below `MAX_CLASSES`.
        labels.extend(labelling.classes.is_some().then_some(entry.label as u8));
    }
    remarks.check_range().map_err(|reason| wrong(folder, reason))?;
    about.notes = remarks.sentences();
    let shape = first.map_or([0; 3], |(shape, _)| shape);
    Ok(Folder { shape, pixels, labels, digest: digest.finish(), about })
}

/// The digest of the pictures of `folder` but for those that are `skipped`: of
/// their names within it and their bytes, in order, whatever else lies there
/// hidden.
///
/// # Errors
/// When the folder or a file cannot be read, or its classes are not those that
/// they should be.
pub(super) fn digest(
    folder: &Path,
    skipped: &[String],
    labelling: &Labelling,
) -> Result<Digest, DatasetError> {
    let mut digest = Folding::new();
    for entry in listing(folder, skipped, labelling)?.entries {
        digest.take(&entry.name, &bytes_of(&entry.path)?);
    }
    Ok(digest.finish())
}

/// The shape of the first picture of `folder` as `wanted`.
///
/// # Errors
/// When the folder or the picture cannot be read.
pub(super) fn shape(folder: &Path, wanted: Wanted) -> Result<[usize; 3], DatasetError> {
    if let (Some([height, width]), Some(channels)) = (wanted.sides, wanted.channels) {
        return Ok([channels, height, width]);
    }
    let entries = listing(folder, &[], &Labelling::default())?.entries;
    let first = &entries[0].path;
    Ok(wanted.of(picture(first, &bytes_of(first)?)?.picture).shape)
}

/// The classes of `folder`, and which of them have no picture; none is opened.
///
/// # Errors
/// When the folder cannot be listed, or its classes are not those that they
/// should be.
pub(super) fn classes(folder: &Path, labelling: &Labelling) -> Result<About, DatasetError> {
    Ok(listing(folder, &[], labelling)?.about())
}

/// How many pictures `folder` has; none is opened.
///
/// # Errors
/// When the folder cannot be listed.
pub(super) fn count(folder: &Path) -> Result<usize, DatasetError> {
    Ok(listing(folder, &[], &Labelling::default())?.entries.len())
}

fn picture(path: &Path, bytes: &[u8]) -> Result<Decoded, DatasetError> {
    decode(bytes).map_err(|reason| DatasetError::Damaged {
        path: path.to_owned(),
        what: "a PNG or JPEG picture that can be read",
        reason,
    })
}

fn wrong(path: &Path, reason: impl Into<String>) -> DatasetError {
    DatasetError::ImageFolder { path: path.to_owned(), reason: reason.into() }
}

fn other_shape(path: &Path, found: [usize; 3], shape: [usize; 3], first: &str) -> DatasetError {
    let ([c, h, w], [fc, fh, fw]) = (found, shape);
    let reason = format!(
        "its shape is {c}×{h}×{w}, that of `{first}` {fc}×{fh}×{fw}; all must be alike: write \
         `resize = [h, w]`, and `channels = 1` or `3`, to have them made so"
    );
    DatasetError::ImageFolder { path: path.to_owned(), reason }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut bytes = Vec::new();
    let read = durable::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|error| DatasetError::io(path, error))?;
    Ok(bytes)
}

/// The digest over the pictures of a folder.
struct Folding(Hasher);

impl Folding {
    fn new() -> Self {
        Self(Hasher::for_domain("jem image folder v1"))
    }

    /// A name holds no zero byte and a digest has one length, so no two
    /// folders give the same bytes.
    fn take(&mut self, name: &str, bytes: &[u8]) {
        self.0.update(name.as_bytes()).update(&[0]).update(Digest::of(bytes).bytes());
    }

    fn finish(self) -> Digest {
        self.0.finish()
    }
}

/// The pictures of `folder` in order, at least one, without those whose name from
/// the folder on is one of `skipped`.
fn listing(
    folder: &Path,
    skipped: &[String],
    labelling: &Labelling,
) -> Result<Listing, DatasetError> {
    let top = list(folder)?;
    let own: Vec<String> =
        top.iter().filter(|(_, path)| path.is_dir()).map(|(name, _)| name.clone()).collect();
    if let Some((_, file)) = top.iter().find(|(_, path)| !own.is_empty() && !path.is_dir()) {
        return Err(wrong(file, "a file beside folders of classes; move it into one, or away"));
    }
    let (labels, classes) = labels(folder, own, labelling)?;
    let mut entries = Vec::new();
    let mut labels = labels.into_iter();
    for (name, path) in top {
        // Where pictures stand in no folders there are no labels either.
        let Some(label) = labels.next() else {
            entries.push(entry(name, path, 0)?);
            continue;
        };
        let inside = list(&path)?;
        if inside.is_empty() {
            return Err(wrong(&path, "a class without images; remove the folder"));
        }
        for (file, path) in inside {
            let name = format!("{name}/{file}");
            if !skipped.contains(&name) {
                entries.push(entry(name, path, label)?);
            }
        }
    }
    match entries.is_empty() {
        true => Err(wrong(folder, "there is no PNG or JPEG file in it")),
        false => Ok(Listing { entries, classes }),
    }
}

/// The label of each of the class folders `own` of `folder`, and the names of all
/// classes.
fn labels(
    folder: &Path,
    own: Vec<String>,
    labelling: &Labelling,
) -> Result<(Vec<usize>, Vec<String>), DatasetError> {
    let Some(classes) = labelling.classes else { return Ok(((0..own.len()).collect(), own)) };
    if own.len() > MAX_CLASSES {
        let reason = format!(
            "{} folders; a set has at most {MAX_CLASSES} classes. Without `classes` no label is \
             looked at",
            own.len()
        );
        return Err(wrong(folder, reason));
    }
    let Some(training) = &labelling.training else {
        // Pictures in one folder are all of one class.
        let count = own.len().max(1);
        if labelling.complete && count != classes {
            let names: Vec<&str> = own.iter().map(String::as_str).collect();
            let found = match names.is_empty() {
                true => "its pictures stand in no folders of classes".to_owned(),
                false => format!("it has {} folders of classes ({})", names.len(), shown(&names)),
            };
            let reason = format!("{found}, but `classes = {classes}`: write as many as there are");
            return Err(wrong(folder, reason));
        }
        return Ok(((0..own.len()).collect(), own));
    };
    let known: Vec<String> = list(training)?
        .into_iter()
        .filter(|(_, path)| path.is_dir())
        .map(|(name, _)| name)
        .collect();
    match (own.is_empty(), known.is_empty()) {
        (true, false) => {
            let names: Vec<&str> = known.iter().map(String::as_str).collect();
            let reason = format!(
                "its pictures stand in no folders of classes; those of the training images are \
                 {}: put each into the folder of its class",
                shown(&names)
            );
            Err(wrong(folder, reason))
        }
        (true, true) => Ok((Vec::new(), known)),
        _ => Ok((labels_among(&own, folder, &known, training)?, known)),
    }
}

fn entry(name: String, path: PathBuf, label: usize) -> Result<Entry, DatasetError> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let known = ["png", "jpg", "jpeg"];
    let is_known = extension.is_some_and(|e| known.iter().any(|k| e.eq_ignore_ascii_case(k)));
    if is_known && !path.is_dir() {
        return Ok(Entry { path, name, label });
    }
    let reason = "no `.png`, `.jpg` or `.jpeg` file; move it out of the folder of images";
    Err(DatasetError::ImageFolder { path, reason: reason.to_owned() })
}

/// Names and paths in `folder`, without hidden ones, by the bytes of the name.
/// Names are in the form of [`normalised`], whatever the file system keeps, so
/// that a copy on another system is the same set.
fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>, DatasetError> {
    let io = |error| DatasetError::io(folder, error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(wrong(&path, "the name is no UTF-8 text; rename it"));
        };
        if !name.starts_with('.') {
            found.push((normalised(name), path));
        }
    }
    found.sort();
    if let Some(pair) = found.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let reason = "its name differs from another one's in the Unicode form of its letters \
                      alone (NFC and NFD); rename one of the two";
        return Err(wrong(&pair[1].1, reason));
    }
    Ok(found)
}
