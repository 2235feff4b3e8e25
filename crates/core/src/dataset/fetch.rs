//! Fetching a set: mirrors in order, each file believed only by its digest.

use std::fs;
use std::path::Path;

use super::catalogue::{CatalogueFile, Entry, Format};
use super::delivery::Delivery;
use super::error::DatasetError;
use super::folder::{FileState, file_path, state};
use super::lock::FolderLock;
use super::mirror::Mirror;

/// How far a fetch has come; told to whoever draws it.
pub trait FetchProgress {
    /// A download starts, of `total` bytes where that is known.
    fn begin(&mut self, what: &str, total: Option<u64>);
    /// That many more bytes have come; 0 means only that it is still alive.
    fn advance(&mut self, bytes: u64);
    /// Something worth a line of its own.
    fn note(&mut self, text: &str);
    /// The download that began last has ended, well or not.
    fn end(&mut self);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl FetchProgress for Quiet {
    fn begin(&mut self, _: &str, _: Option<u64>) {}
    fn advance(&mut self, _: u64) {}
    fn note(&mut self, _: &str) {}
    fn end(&mut self) {}
}

/// What a fetch had to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchOutcome {
    /// Nothing: every file was there with the right digest.
    Already,
    /// The missing files came from this mirror, or these.
    FetchedFrom(String),
}

/// Puts every file of the set into the data folder `dir`: from the mirror that
/// the environment variable `JEM_MIRROR` names, then from those of the catalogue.
/// Files that are there
/// and right are not fetched again. Each file appears under its name only when
/// it is whole and its digest is the catalogue's, so a fetch may be killed at
/// any moment and run again.
///
/// # Errors
/// When the folder cannot be made, or when no mirror delivers; the error then
/// has every mirror's reason.
pub fn fetch(
    entry: &Entry,
    dir: &Path,
    progress: &mut dyn FetchProgress,
) -> Result<FetchOutcome, DatasetError> {
    fetch_from(entry, dir, Mirror::own(), progress)
}

/// As [`fetch`], with this mirror of the user's own.
///
/// # Errors
/// As [`fetch`].
pub(super) fn fetch_from(
    entry: &Entry,
    dir: &Path,
    own: Option<Mirror>,
    progress: &mut dyn FetchProgress,
) -> Result<FetchOutcome, DatasetError> {
    if entry.format == Format::Embedded {
        return Ok(FetchOutcome::Already);
    }
    let folder = dir.join(&entry.name);
    fs::create_dir_all(&folder).map_err(|error| DatasetError::io(&folder, error))?;
    let _lock = FolderLock::take(&folder, progress);
    let mut missing = missing_files(entry, dir, progress);
    let (mut used, mut reasons) = (Vec::new(), Vec::new());
    for mirror in own.iter().chain(&entry.mirrors) {
        if missing.is_empty() {
            break;
        }
        let mut delivery = Delivery::new(entry, &folder, missing);
        let result = delivery.take_from(mirror, progress);
        if delivery.has_delivered() {
            used.push(mirror.to_string());
        }
        missing = delivery.into_missing();
        if let Err(reason) = result {
            progress.note(&format!("{mirror}: {reason}"));
            reasons.push(format!("  {mirror}: {reason}"));
        }
    }
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|file| file.name.as_str()).collect();
        return Err(DatasetError::Fetch {
            set: entry.name.clone(),
            reasons: match reasons.is_empty() {
                true => "  nothing: the catalogue has no mirror of it".to_owned(),
                false => reasons.join("\n"),
            },
            origin: match entry.origin.as_str() {
                "" => String::new(),
                origin => format!(", which are {origin}"),
            },
            files: names.join(", "),
            folder: folder.clone(),
        });
    }
    Ok(match used.is_empty() {
        true => FetchOutcome::Already,
        false => FetchOutcome::FetchedFrom(used.join(", ")),
    })
}

fn missing_files<'a>(
    entry: &'a Entry,
    dir: &Path,
    progress: &mut dyn FetchProgress,
) -> Vec<&'a CatalogueFile> {
    let mut is_missing = |file: &&CatalogueFile| {
        let path = file_path(entry, dir, file);
        match state(entry, file, dir) {
            FileState::Ok | FileState::Unpinned(_) => return false,
            FileState::Missing => {}
            FileState::Wrong { .. } | FileState::Unreadable(_) => progress.note(&format!(
                "{}: not the catalogue's bytes; it will be replaced",
                path.display()
            )),
        }
        true
    };
    entry.files.iter().filter(|file| is_missing(file)).collect()
}
