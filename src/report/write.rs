//! A report as a folder of files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jem_core::digest::Digest;
use jem_core::durable::{TEMPORARY_PREFIX, sync_dir, write_atomic};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::content::Content;
use super::{ReportContext, compose, html, markdown};
use crate::chart::ChartError;
use crate::table::{Results, Shown, TableError, write_all};

/// The file that is written last.
const MANIFEST: &str = "manifest.json";
/// The version of that file.
const FORMAT: u32 = 1;

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

/// What a report's folder was made from, and of what.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    command: String,
    version: String,
    commit: String,
    experiment: Named,
    runs: Vec<Runs>,
    /// Digests by path, `/` between the parts.
    files: BTreeMap<String, Digest>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Named {
    name: String,
    digest: Digest,
}

/// The runs of a trial, and one digest over the results of each.
#[derive(Debug, Serialize, Deserialize)]
struct Runs {
    trial: String,
    training: String,
    training_results: Digest,
    evaluation: String,
    evaluation_results: Digest,
    /// Why a person accepted these runs for the trial, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted: Option<String>,
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
    let content = compose(results, context)?;
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| ReportError::Io { path, source }
    };
    fs::create_dir_all(folder).map_err(io(folder))?;
    let made =
        tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempdir_in(folder).map_err(io(folder))?;
    let tables = write_all(results, &made.path().join("tables"), Shown::Paper)?;
    let mut files = BTreeMap::new();
    for name in &tables {
        let path = made.path().join("tables").join(name);
        let bytes = fs::read(&path).map_err(io(&path))?;
        files.insert(format!("tables/{name}"), Digest::of(&bytes));
    }
    let pages = pages(&content, &tables)?;
    put_all(made.path(), &pages)?;
    files.extend(pages.iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes))));
    let former = former(folder);
    let manifest = manifest(results, context, files);
    install(made.path(), folder, &manifest, &former)?;
    Ok(Written { content, page: folder.join("index.html") })
}

/// Every file but the tables and the manifest, by path.
fn pages(content: &Content, tables: &[String]) -> Result<BTreeMap<String, Vec<u8>>, ReportError> {
    let mut pages = BTreeMap::from([
        ("index.html".to_owned(), html(content, tables)?.into_bytes()),
        ("report.md".to_owned(), markdown(content, tables).into_bytes()),
    ]);
    for figure in content.figures() {
        let path = |ending: &str| format!("charts/{}.{ending}", figure.name);
        pages.insert(path("svg"), figure.drawing.svg.clone().into_bytes());
        pages.insert(path("png"), figure.drawing.png.clone());
        pages.insert(path("csv"), figure.csv.clone().into_bytes());
    }
    Ok(pages)
}

fn put_all(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), ReportError> {
    let charts = folder.join("charts");
    fs::create_dir_all(&charts).map_err(|source| ReportError::Io { path: charts, source })?;
    files.par_iter().try_for_each(|(name, bytes)| {
        let path = folder.join(name);
        write_atomic(&path, bytes).map_err(|source| ReportError::Io { path, source })
    })
}

fn manifest(
    results: &Results,
    context: &ReportContext,
    files: BTreeMap<String, Digest>,
) -> Manifest {
    let runs = |trial: &crate::table::TrialResult| Runs {
        trial: trial.trial.to_string(),
        training: trial.runs.0.to_string(),
        training_results: trial.digests.0,
        evaluation: trial.runs.1.to_string(),
        evaluation_results: trial.digests.1,
        accepted: trial.accepted.clone(),
    };
    Manifest {
        format: FORMAT,
        command: context.command.clone(),
        version: context.version.clone(),
        commit: context.commit(),
        experiment: Named { name: results.experiment.name.clone(), digest: context.experiment },
        runs: results.trials.iter().map(runs).collect(),
        files,
    }
}

/// The files that a former report put into `folder`.
fn former(folder: &Path) -> BTreeSet<String> {
    let text = fs::read(folder.join(MANIFEST)).unwrap_or_default();
    let manifest: Option<Manifest> = serde_json::from_slice(&text).ok();
    // A manifest is a file like any other: it may name nothing outside.
    let inside =
        |name: &String| !name.split(['/', '\\']).any(|part| part == ".." || part.is_empty());
    let names = manifest.map(|manifest| manifest.files.into_keys()).into_iter().flatten();
    names.filter(inside).collect()
}

/// Puts the files that were made at `from` into `folder`, the manifest last.
fn install(
    from: &Path,
    folder: &Path,
    manifest: &Manifest,
    former: &BTreeSet<String>,
) -> Result<(), ReportError> {
    let put = || -> Result<(), (PathBuf, io::Error)> {
        // Until the last file is in its place, no manifest vouches for them.
        let old = folder.join(MANIFEST);
        removed(&old).map_err(|error| (old.clone(), error))?;
        for name in former.iter().filter(|name| !manifest.files.contains_key(*name)) {
            let path = folder.join(name);
            removed(&path).map_err(|error| (path, error))?;
        }
        for part in ["tables", "charts"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).map_err(|error| (path, error))?;
        }
        for name in manifest.files.keys() {
            let path = folder.join(name);
            fs::rename(from.join(name), &path).map_err(|error| (path, error))?;
        }
        for part in ["tables", "charts", "."] {
            let path = folder.join(part);
            sync_dir(&path).map_err(|error| (path, error))?;
        }
        let text =
            serde_json::to_vec_pretty(manifest).map_err(|error| (old.clone(), error.into()))?;
        write_atomic(&old, &text).map_err(|error| (old.clone(), error))
    };
    put().map_err(|(path, source)| ReportError::Io { path, source })
}

/// Removes a file that may not be there.
fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
