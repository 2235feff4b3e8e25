//! What is in other commits, read without checking them out.

use std::path::{Path, PathBuf};

use git2::{DiffOptions, ErrorCode, Object, ObjectType, Patch, Repository, Tree};
use serde::{Deserialize, Serialize};

use super::git::{Change, Git, path_text};

/// The git checkout that a folder lies in, and all its commits.
pub struct History {
    repository: Repository,
    root: PathBuf,
}

/// Why a commit could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no checkout around the folder.
    #[error("{0} lies in no git checkout")]
    NoCheckout(PathBuf),
    /// Nothing is called so.
    #[error("no commit, tag or branch is called `{name}`: {reason}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What git said.
        reason: String,
    },
    /// Git could not read its own files.
    #[error("git: {0}")]
    Git(String),
}

/// A file that differs between two states of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// Path from the root of the checkout, the later one where it was renamed.
    pub path: String,
    /// Lines that came.
    pub added: usize,
    /// Lines that went.
    pub removed: usize,
}

impl From<git2::Error> for HistoryError {
    fn from(error: git2::Error) -> Self {
        Self::Git(error.message().to_owned())
    }
}

impl History {
    /// The checkout that `folder` lies in.
    ///
    /// # Errors
    /// When there is none, or git cannot read it.
    pub fn around(folder: &Path) -> Result<Self, HistoryError> {
        let none = || HistoryError::NoCheckout(folder.to_owned());
        let repository = Repository::discover(folder).map_err(|error| match error.code() {
            ErrorCode::NotFound => none(),
            _ => error.into(),
        })?;
        let root = repository.workdir().ok_or_else(none)?.to_owned();
        Ok(Self { repository, root })
    }

    /// The root of the checkout, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `path`, taken from the folder `here`, as it is called in commits: from
    /// the root of the checkout, with `/` between the parts. None where it
    /// lies outside, or is no text.
    pub fn name_of(&self, path: &Path, here: &Path) -> Option<String> {
        let full = here.join(path);
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        // The file may be gone; its folder then says where it was.
        let full = match (full.canonicalize(), full.parent(), full.file_name()) {
            (Ok(full), ..) => full,
            (_, Some(folder), Some(name)) => real(folder).join(name),
            _ => full,
        };
        let inside = full.strip_prefix(real(&self.root)).ok()?;
        let parts: Option<Vec<&str>> = inside.iter().map(|part| part.to_str()).collect();
        Some(parts?.join("/")).filter(|name| !name.is_empty())
    }

    /// The commit that a commit's id or its beginning, a tag, a branch or an
    /// expression such as `HEAD~1` names, in full.
    ///
    /// # Errors
    /// When nothing is called so, or several commits are.
    pub fn commit(&self, name: &str) -> Result<String, HistoryError> {
        let unknown = |error: git2::Error| HistoryError::Unknown {
            name: name.to_owned(),
            reason: error.message().to_owned(),
        };
        let object = self.repository.revparse_single(name).map_err(unknown)?;
        Ok(object.peel_to_commit().map_err(unknown)?.id().to_string())
    }

    /// The first line of a commit's message.
    ///
    /// # Errors
    /// As [`History::commit`].
    pub fn subject(&self, commit: &str) -> Result<String, HistoryError> {
        let commit = self.repository.revparse_single(commit)?.peel_to_commit()?;
        let line = commit.summary_bytes().unwrap_or_default();
        Ok(String::from_utf8_lossy(line).into_owned())
    }

    /// The bytes of the file `path` in `commit`; none where it has no such
    /// file.
    ///
    /// # Errors
    /// When the commit or the file cannot be read.
    pub fn read(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>, HistoryError> {
        let Some(object) = self.object(commit, path)? else { return Ok(None) };
        Ok(object.as_blob().map(|blob| blob.content().to_vec()))
    }

    /// The names of the files that lie in the folder `path` of `commit`
    /// itself, sorted; none where it has no such folder.
    ///
    /// # Errors
    /// When the commit or the folder cannot be read.
    pub fn files(&self, commit: &str, path: &str) -> Result<Vec<String>, HistoryError> {
        let object = self.object(commit, path)?;
        let Some(folder) = object.as_ref().and_then(Object::as_tree) else {
            return Ok(Vec::new());
        };
        let files = folder.iter().filter(|entry| entry.kind() == Some(ObjectType::Blob));
        let mut names: Vec<String> =
            files.map(|entry| String::from_utf8_lossy(entry.name_bytes()).into_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// The files that differ between `from` and `to`, sorted by path; `None` is
    /// the work tree, but for its untracked files.
    ///
    /// # Errors
    /// When a commit or the work tree cannot be read.
    pub fn changes(
        &self,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Vec<FileChange>, HistoryError> {
        let (Some(commit), false) = (from.or(to), from == to) else { return Ok(Vec::new()) };
        if from.is_none() || to.is_none() {
            let said = Git::at(&self.root).changes(commit);
            if let Some(said) = said.map_err(|error| HistoryError::Git(error.to_string()))? {
                return Ok(changes_to_work_tree(said, from.is_none()));
            }
        }
        let mut options = DiffOptions::new();
        // From the work tree to a commit is the way back.
        options.reverse(from.is_none());
        let tree = self.tree(commit)?;
        let diff = match (from, to) {
            (Some(_), Some(to)) => {
                let to = self.tree(to)?;
                self.repository.diff_tree_to_tree(Some(&tree), Some(&to), Some(&mut options))?
            }
            _ => {
                self.repository.diff_tree_to_workdir_with_index(Some(&tree), Some(&mut options))?
            }
        };
        let mut found = Vec::new();
        for place in 0..diff.deltas().len() {
            let Some(delta) = diff.get_delta(place) else { continue };
            let file = delta.new_file().path_bytes().or_else(|| delta.old_file().path_bytes());
            let path = path_text(file.unwrap_or_default());
            let lines = match Patch::from_diff(&diff, place)? {
                Some(patch) => patch.line_stats()?,
                None => (0, 0, 0),
            };
            found.push(FileChange { path, added: lines.1, removed: lines.2 });
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    fn tree(&self, commit: &str) -> Result<Tree<'_>, HistoryError> {
        Ok(self.repository.revparse_single(commit)?.peel_to_commit()?.tree()?)
    }

    fn object(&self, commit: &str, path: &str) -> Result<Option<Object<'_>>, HistoryError> {
        match self.tree(commit)?.get_path(Path::new(path)) {
            Ok(entry) => Ok(Some(entry.to_object(&self.repository)?)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// What git says of the way to the work tree, or `back` from it.
fn changes_to_work_tree(said: Vec<Change>, back: bool) -> Vec<FileChange> {
    let change = |(path, came, went): Change| {
        let (added, removed) = if back { (went, came) } else { (came, went) };
        FileChange { path: path_text(&path), added, removed }
    };
    let mut found: Vec<FileChange> = said.into_iter().map(change).collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}
