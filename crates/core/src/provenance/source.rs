//! The state of the source tree: commit, and all that differs from it.

use std::path::{Path, PathBuf};

use git2::{DiffFormat, DiffOptions, ErrorCode, Repository, StatusOptions};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// An untracked file larger than this is data, not source.
const LARGEST_SOURCE: u64 = 4 << 20;

/// The state of a git checkout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceState {
    /// The commit checked out, 40 hexadecimal characters; none before the first.
    pub commit: Option<String>,
    /// Whether anything tracked differs from the commit, or a source file is
    /// untracked.
    pub dirty: bool,
    /// Digest of the difference as a patch, where there is one.
    pub diff: Option<Digest>,
    /// Untracked files that git does not ignore.
    pub untracked: Vec<Untracked>,
    /// Digest of Cargo.lock, where there is one at the root.
    pub cargo_lock: Option<Digest>,
    /// Why the state could not be told, where it could not: then nothing else
    /// here is known, and the code counts as changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A file that git does not track and does not ignore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Untracked {
    /// Path from the root of the checkout.
    pub path: String,
    /// Digest of its bytes.
    pub digest: Digest,
}

/// A state, and the bytes that its digests stand for.
pub type Sourced = (SourceState, Vec<Vec<u8>>);

impl SourceState {
    /// A checkout whose state cannot be told.
    pub fn unknown(error: &SourceError) -> Self {
        Self {
            commit: None,
            dirty: true,
            diff: None,
            untracked: Vec::new(),
            cargo_lock: None,
            error: Some(error.to_string()),
        }
    }

    /// The commit's first seven characters, with `-dirty` where it is;
    /// `unknown-commit` where the state could not be told.
    pub fn short(&self) -> String {
        if self.error.is_some() {
            return "unknown-commit".to_owned();
        }
        let dirty = if self.dirty { "-dirty" } else { "" };
        let commit = self.commit.as_ref().map_or("no-commit", |c| c.get(..7).unwrap_or(c));
        format!("{commit}{dirty}")
    }

    /// The commit, where all of the source is in it.
    pub fn clean_commit(&self) -> Option<&str> {
        self.commit.as_deref().filter(|_| !self.dirty)
    }
}

/// There is a checkout, but its state cannot be told. That is not the same as
/// no checkout, nor as an unchanged one.
#[derive(Debug, thiserror::Error)]
#[error("the state of the checkout cannot be told: {0}")]
pub struct SourceError(String);

impl From<std::io::Error> for SourceError {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<git2::Error> for SourceError {
    fn from(error: git2::Error) -> Self {
        Self(error.message().to_owned())
    }
}

/// The state of the checkout that `folder` lies in, and the bytes its digests
/// stand for: the patch, the untracked files and Cargo.lock. None outside a
/// checkout.
/// What lies in one of the folders `outputs` (results, reports, data) is no
/// source, nor is a large untracked file or a repository inside this one.
///
/// # Errors
/// When there is a checkout and git, or a file of it, cannot be read.
pub fn source_state(folder: &Path, outputs: &[PathBuf]) -> Result<Option<Sourced>, SourceError> {
    let repository = match Repository::discover(folder) {
        Ok(repository) => repository,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // A bare repository has no files that could have been built.
    let Some(root) = repository.workdir().map(Path::to_owned) else { return Ok(None) };
    let head = match repository.head() {
        Ok(head) => Some(head.peel_to_commit()?),
        Err(error) if error.code() == ErrorCode::UnbornBranch => None,
        Err(error) => return Err(error.into()),
    };
    let mut kept = Vec::new();
    let mut keep = |bytes: Vec<u8>| {
        let digest = Digest::of(&bytes);
        kept.push(bytes);
        digest
    };
    let patch = patch(&repository, head.as_ref())?;
    let diff = (!patch.is_empty()).then(|| keep(patch));
    let mut untracked = Vec::new();
    for path in untracked_paths(&repository)? {
        let full = root.join(&path);
        if outputs.iter().any(|output| full.starts_with(output)) {
            continue;
        }
        if let Some(bytes) = source_bytes(&full)? {
            untracked.push(Untracked { path, digest: keep(bytes) });
        }
    }
    let cargo_lock = source_bytes(&root.join("Cargo.lock"))?.map(&mut keep);
    let state = SourceState {
        commit: head.map(|commit| commit.id().to_string()),
        dirty: diff.is_some() || !untracked.is_empty(),
        diff,
        untracked,
        cargo_lock,
        error: None,
    };
    Ok(Some((state, kept)))
}

/// The bytes of a source file, of a link its target; none where it is gone, is
/// a folder, or is too large for source.
fn source_bytes(path: &Path) -> Result<Option<Vec<u8>>, SourceError> {
    let read = || -> std::io::Result<Option<Vec<u8>>> {
        let meta = path.symlink_metadata()?;
        if meta.is_symlink() {
            return Ok(Some(std::fs::read_link(path)?.into_os_string().into_encoded_bytes()));
        }
        if !meta.is_file() || meta.len() > LARGEST_SOURCE {
            return Ok(None);
        }
        std::fs::read(path).map(Some)
    };
    match read() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => read.map_err(|error| SourceError(format!("{}: {error}", path.display()))),
    }
}

/// All that differs between the commit and the work tree, as a patch.
fn patch(repository: &Repository, head: Option<&git2::Commit<'_>>) -> Result<Vec<u8>, SourceError> {
    let tree = head.map(git2::Commit::tree).transpose()?;
    let mut options = DiffOptions::new();
    options.show_binary(true);
    let diff = repository.diff_tree_to_workdir_with_index(tree.as_ref(), Some(&mut options))?;
    let mut patch = Vec::new();
    diff.print(DiffFormat::Patch, |_, _, line| {
        if matches!(line.origin(), '+' | '-' | ' ') {
            patch.push(line.origin() as u8);
        }
        patch.extend_from_slice(line.content());
        true
    })?;
    Ok(patch)
}

fn untracked_paths(repository: &Repository) -> Result<Vec<String>, SourceError> {
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).include_ignored(false);
    let statuses = repository.statuses(Some(&mut options))?;
    let mut paths = Vec::new();
    for entry in statuses.iter().filter(|entry| entry.status().is_wt_new()) {
        paths.push(entry.path()?.to_owned());
    }
    paths.sort();
    Ok(paths)
}
