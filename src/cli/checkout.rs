//! A commit checked out in a worktree of its own, removed when it is no longer
//! needed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jem_core::digest::Digest;
use jem_core::provenance::{SourceState, Untracked, git_in};
use jem_core::store::Store;

use super::untracked::{Laid, check_links, lay};
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
        let mut git = git_in(root);
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
    /// When the store lacks some of the bytes, the difference does not fit, or
    /// a file would lie outside the checkout.
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
        // All bytes are read, and so hashed, before the first file is written.
        let files: Vec<Laid<'_>> = state
            .untracked
            .iter()
            .map(|file| Ok((file, store.get(file.digest)?)))
            .collect::<Result<_, CliError>>()?;
        if let Some(diff) = state.diff {
            let patch = store.get(diff)?;
            // git writes below its checkout alone, and into no `.git`; but what
            // a link that it makes leads to is not its business.
            let mut git = git_in(&self.path);
            git.args(["apply", "--numstat", "-z", "-"]);
            let listed = said(&mut git, Some(&patch), "git apply")?;
            apply(&self.path, &patch)?;
            check_links(&self.path, &paths_of(&listed))?;
        }
        lay(&self.path, &files)
    }
}

fn apply(checkout: &Path, patch: &[u8]) -> Result<(), CliError> {
    let mut git = git_in(checkout);
    git.args(["apply", "--binary", "--whitespace=nowarn", "-"]);
    said(&mut git, Some(patch), "git apply").map(drop)
}

/// The paths that `git apply --numstat -z` lists: two numbers and a path for
/// each, between tabs and up to a zero byte.
fn paths_of(listed: &[u8]) -> Vec<Vec<u8>> {
    let lines = listed.split(|byte| *byte == 0);
    lines
        .filter_map(|line| line.splitn(3, |byte| *byte == b'\t').nth(2))
        .map(<[u8]>::to_vec)
        .collect()
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
        let mut remove = git_in(&self.root);
        remove.args(["worktree", "remove", "--force", "--force"]).arg(&self.path);
        // What git cannot remove is removed by hand, and then forgotten by git.
        if said(&mut remove, None, "git worktree remove").is_err() {
            let _ = fs::remove_dir_all(&self.path);
            let _ =
                said(git_in(&self.root).args(["worktree", "prune"]), None, "git worktree prune");
        }
    }
}

/// Runs `command` to its end with `input`; what it printed.
fn said(command: &mut Command, input: Option<&[u8]>, name: &str) -> Result<Vec<u8>, CliError> {
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
    // On a thread of its own: git may have more to say than a pipe holds
    // before it has read all.
    let (pipe, bytes) = (child.stdin.take(), input.unwrap_or_default().to_owned());
    let writer = std::thread::spawn(move || pipe.map_or(Ok(()), |mut p| p.write_all(&bytes)));
    let ended = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if ended.status.success() {
        return match writer.join() {
            Ok(Ok(())) => Ok(ended.stdout),
            Ok(Err(error)) => Err(failed(format!("it has not read all of its input: {error}"))),
            Err(_) => Err(failed("its input could not be written".to_owned())),
        };
    }
    Err(failed(String::from_utf8_lossy(&ended.stderr).trim().to_owned()))
}
