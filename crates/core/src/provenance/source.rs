//! The state of the source tree: commit, and all that differs from it.

use std::path::{Path, PathBuf};

use git2::{DiffFormat, DiffOptions, Repository, StatusOptions};
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

impl SourceState {
    /// The commit's first seven characters, with `-dirty` where it is.
    pub fn short(&self) -> String {
        let Some(commit) = &self.commit else { return "no-commit".to_owned() };
        let dirty = if self.dirty { "-dirty" } else { "" };
        format!("{}{dirty}", commit.get(..7).unwrap_or(commit))
    }
}

/// The state of the checkout that `folder` lies in, and the bytes its digests
/// stand for: the patch, the untracked files and Cargo.lock. None outside a
/// checkout.
/// What lies in one of the folders `outputs` (results, reports, data) is no source.
pub fn source_state(folder: &Path, outputs: &[PathBuf]) -> Option<(SourceState, Vec<Vec<u8>>)> {
    let repository = Repository::discover(folder).ok()?;
    let root = repository.workdir()?.to_owned();
    let head = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let mut kept = Vec::new();
    let mut keep = |bytes: Vec<u8>| {
        let digest = Digest::of(&bytes);
        kept.push(bytes);
        digest
    };
    let patch = patch(&repository, head.as_ref())?;
    let diff = (!patch.is_empty()).then(|| keep(patch));
    let mut untracked = Vec::new();
    for path in untracked_paths(&repository) {
        let full = root.join(&path);
        let large = full.metadata().is_ok_and(|meta| meta.len() > LARGEST_SOURCE);
        if large || outputs.iter().any(|output| full.starts_with(output)) {
            continue;
        }
        if let Ok(bytes) = std::fs::read(&full) {
            untracked.push(Untracked { path, digest: keep(bytes) });
        }
    }
    let cargo_lock = std::fs::read(root.join("Cargo.lock")).ok().map(&mut keep);
    let state = SourceState {
        commit: head.map(|commit| commit.id().to_string()),
        dirty: diff.is_some() || !untracked.is_empty(),
        diff,
        untracked,
        cargo_lock,
    };
    Some((state, kept))
}

/// All that differs between the commit and the work tree, as a patch.
fn patch(repository: &Repository, head: Option<&git2::Commit<'_>>) -> Option<Vec<u8>> {
    let tree = head.and_then(|commit| commit.tree().ok());
    let mut options = DiffOptions::new();
    options.show_binary(true);
    let diff =
        repository.diff_tree_to_workdir_with_index(tree.as_ref(), Some(&mut options)).ok()?;
    let mut patch = Vec::new();
    diff.print(DiffFormat::Patch, |_, _, line| {
        if matches!(line.origin(), '+' | '-' | ' ') {
            patch.push(line.origin() as u8);
        }
        patch.extend_from_slice(line.content());
        true
    })
    .ok()?;
    Some(patch)
}

fn untracked_paths(repository: &Repository) -> Vec<String> {
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).include_ignored(false);
    let Ok(statuses) = repository.statuses(Some(&mut options)) else {
        return Vec::new();
    };
    let mut paths: Vec<String> = statuses
        .iter()
        .filter(|entry| entry.status().is_wt_new())
        .filter_map(|entry| entry.path().ok().map(str::to_owned))
        .collect();
    paths.sort();
    paths
}
