//! Objects by digest, and the doors to runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Artifact, FORMAT, Manifest, StoreError, clock, record};
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;

/// A store: a folder.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// What an error of the file system at `path` is to the store.
pub(super) fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
    move |source| {
        let path = path.to_owned();
        if let Some(durable::Full { needed, free, no_more_files }) = durable::Full::of(&source) {
            return StoreError::Full { path, needed, free, no_more_files };
        }
        if let Some(durable::NotAFile(what)) = durable::NotAFile::of(&source) {
            return StoreError::NotAFile { path, what };
        }
        match source.kind() {
            // A file cannot be given the name of a folder.
            io::ErrorKind::IsADirectory => StoreError::NotAFile { path, what: "a folder" },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::Denied { path, source }
            }
            _ => StoreError::Io { path, source },
        }
    }
}

/// The format of the store at `root`; none where there is no store yet.
fn format_of(root: &Path) -> Result<Option<u32>, StoreError> {
    let path = root.join("format");
    let Some(bytes) = record::read(&path)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    let found = text.trim().parse::<u64>().map_err(|_| {
        let start: String = text.trim().chars().take(40).collect();
        let reason = format!("`{start}` is not the number of a store's format");
        StoreError::Unreadable { path: path.clone(), reason }
    })?;
    record::check(&path, found, FORMAT)?;
    Ok(Some(found as u32))
}

impl Store {
    /// Opens the store at `root` to write in, making it where it is not. One
    /// of an older format becomes one of this: what is in it stays as it is.
    ///
    /// # Errors
    /// When the folder cannot be made or has a newer format; a newer store is
    /// not touched.
    pub fn create(root: &Path) -> Result<Self, StoreError> {
        let found = format_of(root)?;
        for folder in ["objects", "runs"] {
            let path = root.join(folder);
            durable::create_dir_all(&path).map_err(io_error(&path))?;
        }
        if found == Some(FORMAT) {
            // Another process may have been killed before it synced.
            durable::sync_dir(root).map_err(io_error(root))?;
        } else {
            let (path, text) = (root.join("format"), format!("{FORMAT}\n"));
            durable::write_atomic(&path, text.as_bytes()).map_err(io_error(&path))?;
        }
        Ok(Self { root: root.to_owned() })
    }

    /// Opens the store at `root` to read. A folder that is not there reads as
    /// an empty store.
    ///
    /// # Errors
    /// When it has a newer format.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        format_of(root)?;
        Ok(Self { root: root.to_owned() })
    }

    /// The store at `root`, whatever its format says: for those that check it.
    pub(super) fn unchecked(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The store's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the object `digest` lies.
    pub fn object_path(&self, digest: Digest) -> PathBuf {
        let hex = digest.to_hex();
        self.root.join("objects").join(&hex[..2]).join(&hex[2..])
    }

    /// The folder of `run`.
    pub fn run_path(&self, run: RunId) -> PathBuf {
        self.root.join("runs").join(run.to_string())
    }

    /// The folder of the leases.
    pub(super) fn leases_path(&self) -> PathBuf {
        self.root.join("leases")
    }

    /// Puts `bytes` into the store, once. Where they are already, they get
    /// the time of now, so that `gc` sees that somebody counts on them. What
    /// has their name is read and not taken on trust: where it was altered,
    /// the bytes take its place.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn put(&self, bytes: &[u8]) -> Result<Artifact, StoreError> {
        let artifact = Artifact { digest: Digest::of(bytes), size: bytes.len() as u64 };
        let path = self.object_path(artifact.digest);
        let above = self.root.join("objects");
        let folder = path.parent().unwrap_or(&above);
        let there = self.holds(artifact) && durable::read(&path).is_ok_and(|found| found == bytes);
        if there && clock::touch(&path).is_ok() {
            // Who put it there may have been killed before its name was synced.
            durable::sync_dir(folder).map_err(io_error(folder))?;
        } else {
            durable::create_dir_all(folder).map_err(io_error(folder))?;
            durable::write_atomic_readonly(&path, bytes).map_err(io_error(&path))?;
        }
        // The folder may be another's, made a moment ago.
        durable::sync_dir(&above).map_err(io_error(&above))?;
        Ok(artifact)
    }

    /// Whether the object is there at its recorded size.
    pub fn holds(&self, artifact: Artifact) -> bool {
        fs::metadata(self.object_path(artifact.digest))
            .is_ok_and(|meta| meta.is_file() && meta.len() == artifact.size)
    }

    /// The bytes of the object `digest`, hashed as they are read.
    ///
    /// # Errors
    /// When it is absent, unreadable or altered.
    pub fn get(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        let path = self.object_path(digest);
        let bytes = durable::read(&path).map_err(io_error(&path))?;
        let found = Digest::of(&bytes);
        if found != digest {
            return Err(StoreError::Altered { path, expected: digest, found });
        }
        Ok(bytes)
    }

    /// The bytes of the result `name` of `manifest`.
    ///
    /// # Errors
    /// As [`Store::get`], and when there is no such result.
    pub fn result(&self, manifest: &Manifest, name: &str) -> Result<Vec<u8>, StoreError> {
        let artifact = manifest
            .results
            .get(name)
            .ok_or_else(|| StoreError::NoArtifact { run: manifest.run, name: name.to_owned() })?;
        self.get(artifact.digest)
    }

    /// The manifest of `run`, where the run is done: the manifest is valid
    /// and every object it names is there at its recorded size.
    ///
    /// # Errors
    /// When a manifest is there and cannot be read.
    pub fn done(&self, run: RunId) -> Result<Option<Manifest>, StoreError> {
        Ok(self.manifest(run)?.filter(|manifest| {
            let mut artifacts = manifest.results.values().chain(manifest.records.values());
            artifacts.all(|artifact| self.holds(*artifact))
        }))
    }

    /// Records `manifest`: the last thing a run does.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn finish(&self, manifest: &Manifest) -> Result<(), StoreError> {
        let folder = self.run_path(manifest.run);
        durable::create_dir_all(&folder).map_err(io_error(&folder))?;
        let path = folder.join("manifest.json");
        let text = record::text(&path, manifest)?;
        durable::write_atomic(&path, &text).map_err(io_error(&path))?;
        let runs = self.root.join("runs");
        durable::sync_dir(&runs).map_err(io_error(&runs))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn an_altered_object_of_the_right_size_is_replaced_by_the_bytes_that_are_put() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let artifact = store.put(b"right bytes").unwrap();
        let path = store.object_path(artifact.digest);
        for other in [&b"wrong bytes"[..], b"short", b""] {
            fs::remove_file(&path).unwrap();
            fs::write(&path, other).unwrap();
            assert!(store.get(artifact.digest).is_err());
            assert_eq!(store.put(b"right bytes").unwrap(), artifact);
            assert_eq!(store.get(artifact.digest).unwrap(), b"right bytes");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_in_the_place_of_an_object_is_named_and_never_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        let artifact = store.put(b"bytes").unwrap();
        let path = store.object_path(artifact.digest);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let said = [store.put(b"bytes").unwrap_err(), store.get(artifact.digest).unwrap_err()];
        for said in said.map(|error| error.to_string()) {
            assert!(said.contains("it is a folder") && said.contains("fsck --repair"), "{said}");
        }
        fs::remove_dir(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let said = store.get(artifact.digest).unwrap_err().to_string();
        assert!(said.contains("it is a named pipe"), "{said}");
        // A file takes the place of a pipe, or of a link, by itself.
        store.put(b"bytes").unwrap();
        assert_eq!(store.get(artifact.digest).unwrap(), b"bytes");
    }
}
