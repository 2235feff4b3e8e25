//! The fingerprints of the work tree, without building it.

use std::path::Path;

use git2::Repository;
use jem_fingerprint::Folder;

use super::{Code, RevisionError};

/// The fingerprints that a worker has that is built from the files as they
/// are, in the checkout that `folder` lies in, with libtorch in version
/// `libtorch`. None outside a checkout, and in one that holds no worker.
///
/// # Errors
/// When the code cannot be followed: a file is missing, or a path leads
/// nowhere.
pub fn fingerprints_here(folder: &Path, libtorch: &str) -> Result<Option<Code>, RevisionError> {
    let repository = Repository::discover(folder).ok();
    let Some(root) = repository.as_ref().and_then(Repository::workdir) else { return Ok(None) };
    if !root.join("crates/worker/Cargo.toml").is_file() {
        return Ok(None);
    }
    let code = jem_fingerprint::Code::of(&Folder::new(root), libtorch);
    let revision = "the work tree".to_owned();
    code.map(|code| Some(code.into())).map_err(|error| RevisionError::Code { revision, error })
}
