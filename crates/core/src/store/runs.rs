//! All runs of a store.

use std::path::Path;

use rayon::prelude::*;

use super::object::{Store, io_error};
use super::{FORMAT, Manifest, SEALED, StoreError, record};
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;

/// A run that has a manifest, and that manifest or why it cannot be read.
pub type Recorded = (RunId, Result<Manifest, StoreError>);

impl Store {
    /// Every run that has a folder, done or not, in order of their ids.
    ///
    /// # Errors
    /// When the folder of runs is there and cannot be listed.
    pub fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        named_by_run(&self.root().join("runs"), "")
    }

    /// The manifest of `run`, where one was written. Whether its objects are
    /// still there is another question: see [`Store::done`].
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn manifest(&self, run: RunId) -> Result<Option<Manifest>, StoreError> {
        let path = self.run_path(run).join("manifest.json");
        let Some(bytes) = record::read(&path)? else { return Ok(None) };
        let manifest = parse(&path, &bytes)?;
        if manifest.run != run {
            let reason = format!("it names run {}", manifest.run);
            return Err(StoreError::Unreadable { path, reason });
        }
        Ok(Some(manifest))
    }

    /// Every manifest that was written, or why it cannot be read, in order of
    /// the runs' ids. Whether their objects are still there is not looked at.
    ///
    /// # Errors
    /// When the folder of runs is there and cannot be listed.
    pub fn manifests(&self) -> Result<Vec<Recorded>, StoreError> {
        let read = |run: RunId| Some((run, self.manifest(run).transpose()?));
        Ok(self.runs()?.into_par_iter().filter_map(read).collect())
    }
}

/// The manifest that `bytes`, from the file at `path`, hold.
///
/// # Errors
/// When they are none, or were altered.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Manifest, StoreError> {
    record::parse_sealed(path, bytes, FORMAT, SEALED)
}

/// The runs that entries of `folder` are named by, each with `ending`, in
/// order. Other names are passed over, and a folder that is not there has none.
pub(super) fn named_by_run(folder: &Path, ending: &str) -> Result<Vec<RunId>, StoreError> {
    let Some(entries) = durable::list(folder).map_err(io_error(folder))? else {
        return Ok(Vec::new());
    };
    let mut runs = Vec::new();
    for entry in entries {
        let name = entry.map_err(io_error(folder))?.file_name();
        let name = name.to_string_lossy();
        let Some(name) = name.strip_suffix(ending) else { continue };
        // Ids are written in one way only.
        let digest = Digest::parse(name).ok().filter(|digest| digest.to_hex() == name);
        runs.extend(digest.map(RunId::from_digest));
    }
    runs.sort();
    Ok(runs)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn runs_are_the_folders_named_by_one_and_manifests_those_that_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let [one, two] = ["one", "two"].map(|n| RunId::from_digest(Digest::of(n.as_bytes())));
        for name in [one.to_string(), two.to_string(), "other".into(), "A".repeat(64)] {
            fs::create_dir(folder.path().join("runs").join(name)).unwrap();
        }
        let mut expected = vec![one, two];
        expected.sort();
        assert_eq!(store.runs().unwrap(), expected);
        fs::write(store.run_path(two).join("manifest.json"), b"{").unwrap();
        let manifests = store.manifests().unwrap();
        assert_eq!(manifests.len(), 1);
        assert_eq!(manifests[0].0, two);
        assert!(matches!(manifests[0].1, Err(StoreError::Unreadable { .. })));
        let empty = Store::open(&folder.path().join("none")).unwrap();
        assert!(empty.runs().unwrap().is_empty() && empty.manifests().unwrap().is_empty());
    }
}
