//! A report as a folder of files.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jem_core::digest::Digest;
use jem_core::durable::{self, Beneath, TEMPORARY_PREFIX, write_atomic};
use rayon::prelude::*;
use serde::Serialize;
use tempfile::TempDir;

use super::content::Content;
use super::manifest::MANIFEST;
use super::owner::Former;
use super::{ReportContext, ReportManifest, compose, html, markdown};
use crate::chart::ChartError;
use crate::table::{Results, Shown, TableError, write_all};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A figure could not be drawn.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// A table could not be made.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The page could not be made.
    #[error("the page could not be made: {0}")]
    Page(#[from] minijinja::Error),
    /// The folder holds the report of another experiment file.
    #[error("{folder} holds the report or the tables of another experiment file, {by}", folder = folder.display())]
    Taken {
        /// The folder.
        folder: PathBuf,
        /// The other file.
        by: String,
    },
    /// A file could not be written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A report that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// What it says.
    pub content: Content,
    /// The page.
    pub page: PathBuf,
}

/// Writes the report of `results` into `folder`, which is made. Every file is
/// first made in full beside it, then put in its place; files of a former
/// report that this one has not are removed, and what others put there stays.
///
/// # Errors
/// When a table or figure cannot be made, or a file not be written.
pub fn write(
    results: &Results,
    context: &ReportContext,
    folder: &Path,
) -> Result<Written, ReportError> {
    let former = Former::of(folder, results, context)?;
    let content = compose(results, context)?;
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| ReportError::Io { path, source }
    };
    let made = scratch_in(folder)?;
    let tables = write_all(results, &made.path().join("tables"), Shown::Paper)?;
    let mut files = BTreeMap::new();
    for name in &tables {
        let path = made.path().join("tables").join(name);
        let bytes = durable::read(&path).map_err(io(&path))?;
        files.insert(format!("tables/{name}"), Digest::of(&bytes));
    }
    let pages = pages(&content, &tables)?;
    put_all(made.path(), &pages)?;
    files.extend(pages.iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes))));
    let mut manifest = ReportManifest::new(results, context, files);
    manifest.held = former.held(manifest.shown());
    // Until the last file is in its place no file is vouched for, and yet no
    // run that is shown, or was, may be swept.
    let meanwhile = ReportManifest { files: BTreeMap::new(), ..manifest.clone() };
    let meanwhile = ReportManifest { held: former.held(std::iter::empty()), ..meanwhile };
    install_all(made.path(), folder, &manifest.files, Some(&meanwhile), &manifest)?;
    Ok(Written { content, page: folder.join("index.html") })
}

/// Every file but the tables and the manifest, by path.
fn pages(content: &Content, tables: &[String]) -> Result<BTreeMap<String, Vec<u8>>, ReportError> {
    let mut pages = BTreeMap::from([
        ("index.html".to_owned(), html(content, tables)?.into_bytes()),
        ("report.md".to_owned(), markdown(content, tables).into_bytes()),
    ]);
    for figure in content.figures() {
        pages.extend(figure.files());
    }
    Ok(pages)
}

/// A folder inside `folder`, which is made, to make files in before they are
/// put into their places.
pub(super) fn scratch_in(folder: &Path) -> Result<TempDir, ReportError> {
    let made = fs::create_dir_all(folder)
        .and_then(|()| tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempdir_in(folder));
    made.map_err(|source| ReportError::Io { path: folder.to_owned(), source })
}

/// Writes `files` below `folder`, by path.
pub(super) fn put_all(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), ReportError> {
    let charts = folder.join("charts");
    fs::create_dir_all(&charts).map_err(|source| ReportError::Io { path: charts, source })?;
    files.par_iter().try_for_each(|(name, bytes)| {
        let path = folder.join(name);
        write_atomic(&path, bytes).map_err(|source| ReportError::Io { path, source })
    })
}

/// Removes the file `name` of a former report, if it still is what that report
/// put there. Its manifest is a file like any other: what it names outside the
/// folder, or by way of a link, stays, and so does what somebody has changed.
fn remove_former(target: &Beneath, name: &str, digest: Digest) -> io::Result<()> {
    let Ok((folder, name)) = target.holder_of(Path::new(name), false) else { return Ok(()) };
    match folder.read(name) {
        Ok(bytes) if Digest::of(&bytes) == digest => folder.remove_if_there(name),
        _ => Ok(()),
    }
}

/// Puts `files`, which were made at `from`, into `folder`, and `manifest` last;
/// `meanwhile` stands there until then, where it is given.
pub(super) fn install_all(
    from: &Path,
    folder: &Path,
    files: &BTreeMap<String, Digest>,
    meanwhile: Option<&ReportManifest>,
    manifest: &impl Serialize,
) -> Result<(), ReportError> {
    let former = Former::files(folder);
    let parts: BTreeSet<&str> =
        files.keys().filter_map(|name| Some(name.rsplit_once('/')?.0)).collect();
    let put = || -> Result<(), (PathBuf, io::Error)> {
        let old = folder.join(MANIFEST);
        let at = |name: &str| {
            let path = folder.join(name);
            move |error| (path, error)
        };
        // Nothing is written or removed through a link that lies in the folder.
        let target = Beneath::open(folder).map_err(at(""))?;
        // Until the last file is in its place, no manifest vouches for them.
        match meanwhile {
            Some(meanwhile) => put_json(&old, meanwhile)?,
            None => target.remove_if_there(OsStr::new(MANIFEST)).map_err(at(MANIFEST))?,
        }
        for (name, digest) in former.iter().filter(|(name, _)| !files.contains_key(*name)) {
            remove_former(&target, name, *digest).map_err(at(name))?;
        }
        for name in files.keys() {
            let made = from.join(name);
            let (part, name) = target.holder_of(Path::new(name), true).map_err(at(name))?;
            part.take_in(&made, name).map_err(|error| (made, error))?;
        }
        for part in parts.iter().chain([&""]) {
            let synced = target.folder(Path::new(part), false).and_then(|part| part.sync());
            synced.map_err(at(part))?;
        }
        put_json(&old, manifest)
    };
    put().map_err(|(path, source)| ReportError::Io { path, source })
}

fn put_json(path: &Path, record: &impl Serialize) -> Result<(), (PathBuf, io::Error)> {
    let text =
        serde_json::to_vec_pretty(record).map_err(|error| (path.to_owned(), error.into()))?;
    write_atomic(path, &text).map_err(|error| (path.to_owned(), error))
}
