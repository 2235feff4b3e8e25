//! The fingerprints of a commit, without building it.

use std::path::{Path, PathBuf};

use git2::{Repository, Tree};
use jem_fingerprint::Sources;

use super::Code;

/// The fingerprints of a commit cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// The folder lies in no git checkout.
    #[error("{folder} lies in no git repository")]
    NoRepository {
        /// The folder.
        folder: PathBuf,
    },
    /// There is no such commit.
    #[error(
        "there is no commit `{revision}` here: {reason}; a commit, a tag, a branch or HEAD~1 is \
         accepted"
    )]
    NoCommit {
        /// What was asked for.
        revision: String,
        /// What git says.
        reason: String,
    },
    /// Its code cannot be followed.
    #[error("the code of `{revision}` cannot be followed: {error}")]
    Code {
        /// The commit.
        revision: String,
        /// What is wrong.
        error: jem_fingerprint::Error,
    },
}

/// The files of a commit.
struct Committed<'a> {
    repository: &'a Repository,
    tree: Tree<'a>,
}

impl Sources for Committed<'_> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let entry = self.tree.get_path(Path::new(path)).ok()?;
        let blob = self.repository.find_blob(entry.id()).ok()?;
        Some(blob.content().to_vec())
    }
}

/// The fingerprints that a worker has that is built from the commit `revision`
/// (a hash, a tag, `HEAD~1` …) of the repository that `folder` lies in, with
/// libtorch in version `libtorch`. They are found with the rules of this
/// build: those that an older build itself gave may differ from them. The work
/// tree plays no part.
///
/// # Errors
/// When there is no such commit, or its code cannot be followed.
pub fn fingerprints_at(
    folder: &Path,
    revision: &str,
    libtorch: &str,
) -> Result<Code, RevisionError> {
    let repository = Repository::discover(folder)
        .map_err(|_| RevisionError::NoRepository { folder: folder.to_owned() })?;
    let tree = repository
        .revparse_single(revision)
        .and_then(|object| object.peel_to_commit())
        .and_then(|commit| commit.tree())
        .map_err(|error| RevisionError::NoCommit {
            revision: revision.to_owned(),
            reason: error.message().to_owned(),
        })?;
    let sources = Committed { repository: &repository, tree };
    let code = jem_fingerprint::Code::of(&sources, libtorch);
    let code =
        code.map_err(|error| RevisionError::Code { revision: revision.to_owned(), error })?;
    Ok(code.into())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use git2::{IndexAddOption, Signature};

    use super::*;

    /// Commits all of `files`.
    fn commit(repository: &Repository, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = repository.workdir().unwrap().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut index = repository.index().unwrap();
        index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let who = Signature::now("a", "a@b.c").unwrap();
        let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
        let parents: Vec<_> = parent.iter().collect();
        repository.commit(Some("HEAD"), &who, &who, "x", &tree, &parents).unwrap();
    }

    const WORKER: [(&str, &str); 7] = [
        ("Cargo.lock", "version = 4\n"),
        ("crates/worker/src/lib.rs", "mod data; mod evaluation; mod start; mod training;"),
        ("crates/worker/src/data/mod.rs", "pub mod inputs;"),
        ("crates/worker/src/data/inputs.rs", "pub fn read() {}"),
        ("crates/worker/src/evaluation/mod.rs", "pub const BINS: u8 = 15;"),
        ("crates/worker/src/training/mod.rs", "pub const RATE: f64 = 0.1;"),
        ("crates/worker/src/start.rs", "pub fn start() {}"),
    ];

    #[test]
    fn each_commit_has_the_fingerprints_of_its_own_tree() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        commit(&repository, &WORKER);
        commit(&repository, &[("src/chart.rs", "pub fn draw() {}")]);
        commit(&repository, &[("crates/worker/src/training/mod.rs", "pub const RATE: f64 = 0.2;")]);
        let at = |revision: &str| fingerprints_at(folder.path(), revision, "2.0.0").unwrap();
        let [first, chart, rate] = ["HEAD~2", "HEAD~1", "HEAD"].map(at);
        assert_eq!(first, chart);
        assert_eq!(chart.fingerprints.evaluation, rate.fingerprints.evaluation);
        assert_ne!(chart.fingerprints.training, rate.fingerprints.training);
        let differ: Vec<_> = rate
            .parts
            .training
            .iter()
            .filter(|(name, digest)| chart.parts.training.get(*name) != Some(digest))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(differ, ["crates/worker/src/training/mod.rs"]);
    }

    #[test]
    fn the_tree_of_a_commit_and_its_checkout_have_the_same_fingerprints() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        commit(&repository, &WORKER);
        let sources = jem_fingerprint::Folder::new(folder.path());
        let checkout = jem_fingerprint::Code::of(&sources, "2.0.0").unwrap();
        assert_eq!(fingerprints_at(folder.path(), "HEAD", "2.0.0").unwrap(), checkout.into());
    }

    #[test]
    fn what_is_no_commit_and_what_is_no_worker_are_said() {
        let folder = tempfile::tempdir().unwrap();
        let said = |revision: &str| {
            fingerprints_at(folder.path(), revision, "none").unwrap_err().to_string()
        };
        assert!(said("HEAD").contains("no git repository"));
        let repository = Repository::init(folder.path()).unwrap();
        commit(&repository, &[("README.md", "")]);
        assert!(said("v9").contains("no commit `v9`"));
        assert!(said("HEAD").contains("Cargo.lock is not there"));
    }
}
