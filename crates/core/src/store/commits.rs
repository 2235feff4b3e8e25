//! What was known when a command ran at a clean commit:
//! `commits/<commit>.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::object::{Store, io_error};
use super::{FORMAT, SEALED, StoreError, record};
use crate::digest::Digest;
use crate::durable;
use crate::provenance::{Fingerprints, Parts};

/// What a commit is, for comparing it with another without building it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitRecord {
    /// The version of this record.
    pub format: u32,
    /// The commit, in full.
    pub commit: String,
    /// What the worker built at it is made of.
    pub fingerprints: Fingerprints,
    /// The digest of each part of the code; none where the build did not say.
    pub parts: Parts,
    /// Digests of the binaries, by name (`jem`, `jem-worker`).
    pub binaries: BTreeMap<String, Digest>,
    /// Digest of Cargo.lock, where there is one.
    pub cargo_lock: Option<Digest>,
    /// When the record was made, in UTC.
    pub at: String,
}

impl Store {
    /// Records a commit, unless the same is recorded already; says whether it
    /// was written.
    ///
    /// # Errors
    /// When the commit has no commit's name, or the file system says no.
    pub fn record_commit(&self, record: &CommitRecord) -> Result<bool, StoreError> {
        let path = self.commit_path(&record.commit)?;
        // A record that cannot be read is replaced: it is known anew.
        if let Ok(Some(known)) = self.commit_record(&record.commit)
            && (CommitRecord { at: record.at.clone(), ..known }) == *record
        {
            return Ok(false);
        }
        let folder = self.root().join("commits");
        durable::create_dir_all(&folder).map_err(io_error(&folder))?;
        let text = record::text(&path, record)?;
        durable::write_atomic(&path, &text).map_err(io_error(&path))?;
        Ok(true)
    }

    /// What is recorded of `commit`, given in full.
    ///
    /// # Errors
    /// When there is a record and it cannot be read.
    pub fn commit_record(&self, commit: &str) -> Result<Option<CommitRecord>, StoreError> {
        let path = self.commit_path(commit)?;
        let Some(bytes) = record::read(&path)? else { return Ok(None) };
        parse(&path, commit, &bytes).map(Some)
    }

    /// A commit's name becomes a file's, so it must be nothing else.
    fn commit_path(&self, commit: &str) -> Result<PathBuf, StoreError> {
        let path = self.root().join("commits").join(format!("{commit}.json"));
        if commit.len() < 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let reason = format!("`{commit}` is not the full name of a commit");
            return Err(StoreError::Unreadable { path, reason });
        }
        Ok(path)
    }
}

/// What `bytes`, from the file at `path`, say was known at `commit`.
///
/// # Errors
/// When they are no such record, were altered, or are about another commit.
pub(super) fn parse(path: &Path, commit: &str, bytes: &[u8]) -> Result<CommitRecord, StoreError> {
    let record: CommitRecord = record::parse_sealed(path, bytes, FORMAT, SEALED)?;
    if record.commit != commit {
        let reason = format!("it is about commit {}", record.commit);
        return Err(StoreError::Unreadable { path: path.to_owned(), reason });
    }
    Ok(record)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn record() -> CommitRecord {
        let (training, evaluation) = (Digest::of(b"training"), Digest::of(b"evaluation"));
        CommitRecord {
            format: FORMAT,
            commit: "0123456789".repeat(4),
            fingerprints: Fingerprints { training, evaluation },
            parts: Parts::default(),
            binaries: BTreeMap::from([("jem".to_owned(), Digest::of(b"jem"))]),
            cargo_lock: None,
            at: "2026-01-01T00:00:00Z".to_owned(),
        }
    }

    #[test]
    fn a_record_is_written_again_only_where_more_than_the_time_differs() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        assert_eq!(store.commit_record(&record().commit).unwrap(), None);
        assert!(store.record_commit(&record()).unwrap());
        let later = CommitRecord { at: "2026-01-02T00:00:00Z".to_owned(), ..record() };
        assert!(!store.record_commit(&later).unwrap());
        assert_eq!(store.commit_record(&record().commit).unwrap(), Some(record()));
        let other = CommitRecord { cargo_lock: Some(Digest::of(b"lock")), ..later };
        assert!(store.record_commit(&other).unwrap());
        assert_eq!(store.commit_record(&record().commit).unwrap(), Some(other));
    }

    #[test]
    fn a_name_that_is_no_commit_names_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        for commit in ["../../../../../../../../../../etc/somewhere/else", "HEAD", ""] {
            assert!(store.commit_record(commit).is_err(), "{commit}");
        }
    }
}
