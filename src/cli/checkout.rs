//! A commit checked out in a worktree of its own, removed when it is no longer
//! needed.

use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use jem_core::digest::Digest;
use jem_core::provenance::{FileMode, SourceState, Untracked};
use jem_core::store::Store;

use super::{CliError, Exit};

/// A worktree. Dropping it removes it, from the disk and from git's list.
#[derive(Debug)]
pub struct Worktree {
    root: PathBuf,
    path: PathBuf,
}

impl Worktree {
    /// Checks `commit` of the repository at `root` out into `path`, which is
    /// made.
    ///
    /// # Errors
    /// When git says no.
    pub fn add(root: &Path, commit: &str, path: &Path) -> Result<Self, CliError> {
        let worktree = Self { root: root.to_owned(), path: path.to_owned() };
        let mut git = git(root);
        git.args(["worktree", "add", "--quiet", "--detach"]).arg(path).arg(commit);
        said(&mut git, None, "git worktree add")?;
        Ok(worktree)
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lays what differed from the commit in `state` over it: the difference
    /// and the untracked files, whose bytes are taken from `store`.
    ///
    /// # Errors
    /// When the store lacks some of the bytes, or the difference does not fit.
    pub fn make_dirty(&self, state: &SourceState, store: &Store) -> Result<(), CliError> {
        let missing = missing_bytes(state, store);
        if !missing.is_empty() {
            let message = format!(
                "the report was made with changes that no commit has, and the store lacks their \
                 bytes:\n  {}",
                missing.join("\n  ")
            );
            return Err(CliError::new(Exit::BadInput, message)
                .hint("--results DIR, the store that its runs were made with"));
        }
        if let Some(diff) = state.diff {
            let patch = store.get(diff)?;
            let mut git = git(&self.path);
            git.args(["apply", "--binary", "--whitespace=nowarn", "-"]);
            said(&mut git, Some(&patch), "git apply")?;
        }
        for file in &state.untracked {
            let relative = file.to_path();
            // A record is a file like any other: it may name nothing outside.
            if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
                let message =
                    format!("the report names a file outside the checkout: {}", file.path);
                return Err(CliError::new(Exit::BadInput, message));
            }
            let path = self.path.join(&relative);
            let bytes = store.get(file.digest)?;
            let made = path.parent().map_or(Ok(()), fs::create_dir_all);
            made.and_then(|()| put(&path, file.mode, &bytes)).map_err(|error| {
                CliError::new(Exit::Machine, format!("{}: {error}", path.display()))
            })?;
        }
        Ok(())
    }
}

/// Makes the file at `path` what it was.
fn put(path: &Path, mode: Option<FileMode>, bytes: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::{PermissionsExt, symlink};
        match mode {
            Some(FileMode::Link) => return symlink(OsStr::from_bytes(bytes), path),
            Some(FileMode::Executable) => {
                fs::write(path, bytes)?;
                return fs::set_permissions(path, fs::Permissions::from_mode(0o755));
            }
            None => {}
        }
    }
    let _ = mode;
    fs::write(path, bytes)
}

/// What of the changes in `state` the store has no bytes of, in words.
fn missing_bytes(state: &SourceState, store: &Store) -> Vec<String> {
    let there = |digest: Digest| store.object_path(digest).is_file();
    let mut missing = Vec::new();
    if let Some(diff) = state.diff.filter(|diff| !there(*diff)) {
        missing.push(format!("the difference, {diff}"));
    }
    let files = state.untracked.iter().filter(|file| !there(file.digest));
    missing.extend(files.map(|file| match file.unkept {
        None => format!("{}, {}", file.path, file.digest),
        Some(size) => {
            let Untracked { path, digest, .. } = file;
            format!("{path}, {digest}: with {size} bytes it was too large to be kept")
        }
    }));
    missing
}

impl Drop for Worktree {
    fn drop(&mut self) {
        let mut remove = git(&self.root);
        remove.args(["worktree", "remove", "--force", "--force"]).arg(&self.path);
        // What git cannot remove is removed by hand, and then forgotten by git.
        if said(&mut remove, None, "git worktree remove").is_err() {
            let _ = fs::remove_dir_all(&self.path);
            let _ = said(git(&self.root).args(["worktree", "prune"]), None, "git worktree prune");
        }
    }
}

fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).stdin(Stdio::null());
    // Set inside a hook, these would name another repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        git.env_remove(name);
    }
    git
}

/// Runs `command` to its end with `input`.
fn said(command: &mut Command, input: Option<&[u8]>, name: &str) -> Result<(), CliError> {
    let failed = |why: String| CliError::new(Exit::Machine, format!("{name}: {why}"));
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    // A terminal's Ctrl-C is for jem: it ends what it began in order.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| {
        failed(error.to_string()).hint("install git, which checks the commit out")
    })?;
    if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), input) {
        // Where git does not read to the end, its exit code says why.
        let _ = pipe.write_all(bytes);
    }
    let ended = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if ended.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&ended.stderr).trim().to_owned()))
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn links_and_executables_come_back_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        put(&at("plain"), None, b"text").unwrap();
        put(&at("link"), Some(FileMode::Link), b"plain").unwrap();
        put(&at("run"), Some(FileMode::Executable), b"#!/bin/sh").unwrap();
        assert_eq!(fs::read_link(at("link")).unwrap(), Path::new("plain"));
        let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o111;
        assert_eq!((mode("plain"), mode("run")), (0, 0o111));
    }
}
