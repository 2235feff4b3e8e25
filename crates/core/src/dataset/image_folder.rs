//! A folder of pictures as a split: a folder for each class, in the order of
//! their names (bytes), or all pictures in one folder, with the label 0.
//!
//! Hidden entries are passed over; anything else that is no `.png`, `.jpg` or
//! `.jpeg` file is an error, since it may be an image that was meant.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::digest::{Digest, Hasher};

use super::error::DatasetError;
use super::folder::open_regular;
use super::picture::{Picture, decode};
use super::resize::Wanted;

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
}

/// A picture of a folder.
struct Entry {
    path: PathBuf,
    /// From the folder on, with `/`.
    name: String,
    label: usize,
}

/// The pictures of `folder` but for those that are `skipped`, each as `wanted`,
/// with labels where they are asked for.
///
/// # Errors
/// When the folder or a picture cannot be read, two have not one shape, or
/// there are more classes than labels can say.
pub(super) fn read(
    folder: &Path,
    wanted: Wanted,
    skipped: &[String],
    labelled: bool,
) -> Result<Folder, DatasetError> {
    let mut digest = Folding::new();
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    let mut first: Option<([usize; 3], String)> = None;
    let entries = entries(folder, skipped)?;
    let classes = entries.last().map_or(0, |last| last.label + 1);
    if labelled && classes > MAX_CLASSES {
        let reason = format!(
            "{classes} folders; a set has at most {MAX_CLASSES} classes. Without `classes` no \
             label is looked at"
        );
        return Err(DatasetError::ImageFolder { path: folder.to_owned(), reason });
    }
    for entry in entries {
        let bytes = bytes_of(&entry.path)?;
        digest.take(&entry.name, &bytes);
        let picture = picture(&entry.path, &bytes, wanted)?;
        match &first {
            Some((shape, name)) if *shape != picture.shape => {
                return Err(other_shape(&entry.path, picture.shape, *shape, name));
            }
            Some(_) => {}
            None => first = Some((picture.shape, entry.name.clone())),
        }
        pixels.extend(picture.pixels);
        // Below `MAX_CLASSES`.
        labels.extend(labelled.then_some(entry.label as u8));
    }
    let shape = first.map_or([0; 3], |(shape, _)| shape);
    Ok(Folder { shape, pixels, labels, digest: digest.finish() })
}

/// The digest of the pictures of `folder` but for those that are `skipped`: of
/// their names within it and their bytes, in order, whatever else lies there
/// hidden.
///
/// # Errors
/// When the folder or a file cannot be read.
pub(super) fn digest(folder: &Path, skipped: &[String]) -> Result<Digest, DatasetError> {
    let mut digest = Folding::new();
    for entry in entries(folder, skipped)? {
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
    let entries = entries(folder, &[])?;
    let first = &entries[0].path;
    Ok(picture(first, &bytes_of(first)?, wanted)?.shape)
}

fn picture(path: &Path, bytes: &[u8], wanted: Wanted) -> Result<Picture, DatasetError> {
    let picture = decode(bytes).map_err(|reason| DatasetError::Damaged {
        path: path.to_owned(),
        what: "a PNG or JPEG picture that can be read",
        reason,
    })?;
    Ok(wanted.of(picture))
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
    let read = open_regular(path).and_then(|mut file| file.read_to_end(&mut bytes));
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
fn entries(folder: &Path, skipped: &[String]) -> Result<Vec<Entry>, DatasetError> {
    let wrong = |path: &Path, reason: String| {
        Err(DatasetError::ImageFolder { path: path.to_owned(), reason })
    };
    let top = list(folder)?;
    let classes = top.iter().filter(|(_, path)| path.is_dir()).count();
    let mut found = Vec::new();
    for (name, path) in top {
        if !path.is_dir() {
            if classes > 0 {
                let text = "a file beside folders of classes; move it into one, or away";
                return wrong(&path, text.to_owned());
            }
            found.push(entry(name, path, 0)?);
            continue;
        }
        let label = found.last().map_or(0, |last: &Entry| last.label + 1);
        let inside = list(&path)?;
        if inside.is_empty() {
            return wrong(&path, "a class without images; remove the folder".to_owned());
        }
        for (file, path) in inside {
            let name = format!("{name}/{file}");
            if !skipped.contains(&name) {
                found.push(entry(name, path, label)?);
            }
        }
    }
    if found.is_empty() {
        return wrong(folder, "there is no PNG or JPEG file in it".to_owned());
    }
    Ok(found)
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
fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>, DatasetError> {
    let io = |error| DatasetError::io(folder, error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            let reason = "the name is no UTF-8 text; rename it".to_owned();
            return Err(DatasetError::ImageFolder { path, reason });
        };
        if !name.starts_with('.') {
            found.push((name.to_owned(), path));
        }
    }
    found.sort();
    Ok(found)
}
