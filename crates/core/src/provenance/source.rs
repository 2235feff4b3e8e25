//! The state of the source tree: commit, and all that differs from it.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use git2::{DiffFormat, DiffOptions, ErrorCode, Repository, StatusOptions};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::durable;

/// The bytes of a larger untracked file are not kept: it may be data. That it
/// is there counts all the same.
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
    /// Digest of its bytes; of a link, of its target's name.
    pub digest: Digest,
    /// What it is, where it is no plain file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<FileMode>,
    /// Its size in bytes, where it is too large for them to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unkept: Option<u64>,
}

/// What a file is beside its bytes, as git tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileMode {
    /// Its owner may execute it.
    Executable,
    /// A symbolic link; its bytes are its target's name.
    Link,
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
/// source, nor is a repository inside this one. Of a large untracked file the
/// bytes are not among those returned.
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
        untracked.extend(untracked_file(&full, path, &mut keep)?);
    }
    let cargo_lock = match untracked_file(&root.join("Cargo.lock"), String::new(), &mut keep)? {
        Some(Untracked { digest, unkept: None, .. }) => Some(digest),
        _ => None,
    };
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

/// The file at `full`, called `path`, whose bytes go to `keep` unless it is
/// too large; none where it is gone or is a folder.
fn untracked_file(
    full: &Path,
    path: String,
    keep: &mut dyn FnMut(Vec<u8>) -> Digest,
) -> Result<Option<Untracked>, SourceError> {
    let read = || -> std::io::Result<Option<Untracked>> {
        let meta = full.symlink_metadata()?;
        let made = |digest, mode, unkept| Some(Untracked { path, digest, mode, unkept });
        if meta.is_symlink() {
            let target = std::fs::read_link(full)?.into_os_string().into_encoded_bytes();
            return Ok(made(keep(target), Some(FileMode::Link), None));
        }
        if !meta.is_file() {
            return Ok(None);
        }
        let mode = is_executable(&meta).then_some(FileMode::Executable);
        if meta.len() > LARGEST_SOURCE {
            return Ok(made(Digest::of_reader(durable::open(full)?)?.0, mode, Some(meta.len())));
        }
        Ok(made(keep(durable::read(full)?), mode, None))
    };
    match read() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => read.map_err(|error| SourceError(format!("{}: {error}", full.display()))),
    }
}

#[cfg(unix)]
fn is_executable(meta: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

/// All that differs between the commit and the work tree, as a patch.
fn patch(repository: &Repository, head: Option<&git2::Commit<'_>>) -> Result<Vec<u8>, SourceError> {
    let tree = head.map(git2::Commit::tree).transpose()?;
    let mut options = DiffOptions::new();
    // With diff.noprefix or diff.mnemonicPrefix set, git could not apply it.
    options.show_binary(true).old_prefix("a").new_prefix("b");
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use git2::{IndexAddOption, Signature};

    use super::*;

    /// A repository with one commit of `file.txt`, whose configuration would
    /// write patches without prefixes.
    fn repository(folder: &Path) -> Repository {
        let repository = Repository::init(folder).unwrap();
        repository.config().unwrap().set_bool("diff.noprefix", true).unwrap();
        fs::write(folder.join("file.txt"), "one\n").unwrap();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        let tree = index.write_tree().unwrap();
        let who = Signature::now("a", "a@b.c").unwrap();
        let tree = repository.find_tree(tree).unwrap();
        repository.commit(Some("HEAD"), &who, &who, "x", &tree, &[]).unwrap();
        drop(tree);
        repository
    }

    #[test]
    fn a_patch_has_the_prefixes_that_git_apply_expects_whatever_is_configured() {
        let folder = tempfile::tempdir().unwrap();
        repository(folder.path());
        fs::write(folder.path().join("file.txt"), "two\n").unwrap();
        let (state, kept) = source_state(folder.path(), &[]).unwrap().unwrap();
        let patch = kept.iter().find(|bytes| Some(Digest::of(bytes)) == state.diff).unwrap();
        let patch = String::from_utf8(patch.clone()).unwrap();
        assert!(patch.contains("--- a/file.txt\n+++ b/file.txt\n"), "{patch}");
    }

    #[test]
    fn a_large_untracked_file_makes_the_tree_dirty_and_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        repository(folder.path());
        let (state, _) = source_state(folder.path(), &[]).unwrap().unwrap();
        assert!(!state.dirty);
        let bytes = vec![7; LARGEST_SOURCE as usize + 1];
        fs::write(folder.path().join("large.rs"), &bytes).unwrap();
        let (state, kept) = source_state(folder.path(), &[]).unwrap().unwrap();
        assert!(state.dirty && kept.is_empty());
        let digest = Digest::of(&bytes);
        let unkept = Some(bytes.len() as u64);
        let large = Untracked { path: "large.rs".to_owned(), digest, mode: None, unkept };
        assert_eq!(state.untracked, [large]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_an_executable_are_told_from_plain_files() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        repository(folder.path());
        symlink("file.txt", folder.path().join("link")).unwrap();
        fs::write(folder.path().join("run.sh"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(folder.path().join("run.sh"), PermissionsExt::from_mode(0o755))
            .unwrap();
        fs::write(folder.path().join("zlain.txt"), "").unwrap();
        let (state, kept) = source_state(folder.path(), &[]).unwrap().unwrap();
        let modes: Vec<_> = state.untracked.iter().map(|file| file.mode).collect();
        assert_eq!(modes, [Some(FileMode::Link), Some(FileMode::Executable), None]);
        assert!(kept.contains(&b"file.txt".to_vec()));
        // A plain file is recorded as it ever was.
        let text = serde_json::to_string(&state.untracked[2]).unwrap();
        assert!(!text.contains("mode") && !text.contains("unkept"), "{text}");
    }
}
