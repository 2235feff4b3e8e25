//! A person's word that runs made with other parts count for a trial:
//! `accepted/<wanted evaluation run>.json`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::object::{Store, io_error};
use super::{FORMAT, SEALED, StoreError, record};
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;

/// The training run of a trial and the evaluation run on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPair {
    /// The training run.
    pub training: RunId,
    /// The evaluation run.
    pub evaluation: RunId,
}

/// What was accepted, for what, by whom and why. A record, not a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The version of this record.
    pub format: u32,
    /// The runs that the key names.
    pub wanted: RunPair,
    /// The runs that count in their stead.
    pub used: RunPair,
    /// The person's reason; never empty.
    pub because: String,
    /// Who said so, `user@host`.
    pub by: String,
    /// When, in UTC.
    pub at: String,
    /// Each part of the key in which the runs differ, old → new.
    pub differs: Vec<String>,
}

impl Store {
    /// Records that `accepted.used` counts for `accepted.wanted`, in the place
    /// of what was recorded for it before.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn accept(&self, accepted: &Accepted) -> Result<(), StoreError> {
        let folder = self.accepted_folder();
        durable::create_dir_all(&folder).map_err(io_error(&folder))?;
        let path = self.accepted_path(accepted.wanted.evaluation);
        let text = record::text(&path, accepted)?;
        durable::write_atomic(&path, &text).map_err(io_error(&path))
    }

    /// Takes back what was accepted for the evaluation run `wanted`; says
    /// whether there was anything.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn withdraw(&self, wanted: RunId) -> Result<bool, StoreError> {
        let path = self.accepted_path(wanted);
        match durable::remove_file(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(io_error(&path)(e)),
        }
        let folder = self.accepted_folder();
        durable::sync_dir(&folder).map_err(io_error(&folder))?;
        Ok(true)
    }

    /// Everything that was accepted, by the evaluation run wanted.
    ///
    /// # Errors
    /// When a record cannot be read: an override is never passed over in
    /// silence.
    pub fn accepted(&self) -> Result<BTreeMap<RunId, Accepted>, StoreError> {
        let folder = self.accepted_folder();
        let Some(entries) = durable::list(&folder).map_err(io_error(&folder))? else {
            return Ok(BTreeMap::new());
        };
        let mut found = BTreeMap::new();
        for entry in entries {
            let name = entry.map_err(io_error(&folder))?.file_name();
            // What has another name is a temporary file, or not ours.
            let digest =
                name.to_str().and_then(|name| Digest::parse(name.strip_suffix(".json")?).ok());
            let Some(wanted) = digest.map(RunId::from_digest) else { continue };
            if let Some(accepted) = self.read_accepted(wanted)? {
                found.insert(wanted, accepted);
            }
        }
        Ok(found)
    }

    fn read_accepted(&self, wanted: RunId) -> Result<Option<Accepted>, StoreError> {
        let path = self.accepted_path(wanted);
        // It may have been withdrawn meanwhile.
        let Some(bytes) = record::read(&path)? else { return Ok(None) };
        parse(&path, wanted, &bytes).map(Some)
    }

    fn accepted_folder(&self) -> PathBuf {
        self.root().join("accepted")
    }

    fn accepted_path(&self, wanted: RunId) -> PathBuf {
        self.accepted_folder().join(format!("{wanted}.json"))
    }
}

/// What `bytes`, from the file at `path`, say was accepted for the evaluation
/// run `wanted`.
///
/// # Errors
/// When they are no such record, were altered, or are about another run.
pub(super) fn parse(path: &Path, wanted: RunId, bytes: &[u8]) -> Result<Accepted, StoreError> {
    let accepted: Accepted = record::parse_sealed(path, bytes, FORMAT, SEALED)?;
    if accepted.wanted.evaluation != wanted {
        let reason = format!("it is about run {}", accepted.wanted.evaluation);
        return Err(StoreError::Unreadable { path: path.to_owned(), reason });
    }
    Ok(accepted)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::*;

    fn run(name: &str) -> RunId {
        RunId::from_digest(Digest::of(name.as_bytes()))
    }

    fn accepted() -> Accepted {
        let pair = |name: &str| RunPair {
            training: run(&format!("{name} training")),
            evaluation: run(&format!("{name} evaluation")),
        };
        Accepted {
            format: FORMAT,
            wanted: pair("new"),
            used: pair("old"),
            because: "only a message changed".to_owned(),
            by: "me@here".to_owned(),
            at: "2026-01-01T00:00:00Z".to_owned(),
            differs: vec!["environment: threads=1 → threads=2".to_owned()],
        }
    }

    #[test]
    fn what_was_accepted_is_read_back_and_can_be_withdrawn_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        assert!(store.accepted().unwrap().is_empty());
        store.accept(&accepted()).unwrap();
        let again = Accepted { because: "said twice".to_owned(), ..accepted() };
        store.accept(&again).unwrap();
        assert_eq!(store.accepted().unwrap(), BTreeMap::from([(run("new evaluation"), again)]));
        assert!(store.withdraw(run("new evaluation")).unwrap());
        assert!(!store.withdraw(run("new evaluation")).unwrap());
        assert!(store.accepted().unwrap().is_empty());
    }

    #[test]
    fn a_record_that_cannot_be_read_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        store.accept(&accepted()).unwrap();
        let path = store.accepted_path(run("new evaluation"));
        let newer = Accepted { format: FORMAT + 1, ..accepted() };
        for text in ["{", &serde_json::to_string(&newer).unwrap()] {
            fs::write(&path, text).unwrap();
            let said = store.accepted().unwrap_err().to_string();
            assert!(said.contains(&path.display().to_string()), "{said}");
        }
        fs::rename(&path, store.accepted_path(run("another"))).unwrap();
        assert!(store.accepted().is_err());
    }
}
