//! Whether a store can be written, asked before the work begins whose results
//! it could not take.

use std::io;
use std::path::Path;

use super::StoreError;
use super::object::{Store, io_error};
use crate::durable;
use crate::id::RunId;

impl Store {
    /// That the store can take what `runs` leave: every folder that they write
    /// into can be written. A file is made, and removed again, in the folders
    /// of the layout; below them the system is only asked.
    ///
    /// # Errors
    /// When one cannot, with its path.
    pub fn check_writable(&self, runs: &[RunId]) -> Result<(), StoreError> {
        let root = self.root();
        durable::create_dir_all(&self.leases_path()).map_err(io_error(&self.leases_path()))?;
        for folder in ["", "objects", "runs", "leases"] {
            let folder = root.join(folder);
            durable::clock(&folder).map_err(io_error(&folder))?;
        }
        let objects = root.join("objects");
        let listed = durable::list(&objects).map_err(io_error(&objects))?;
        for entry in listed.into_iter().flatten() {
            let entry = entry.map_err(io_error(&objects))?;
            if entry.file_name().len() == 2 {
                ask(&entry.path())?;
            }
        }
        for run in runs {
            let folder = self.run_path(*run);
            for folder in [&folder, &folder.join("attempts"), &folder.join("checkpoints")] {
                ask(folder)?;
            }
            ask(&self.leases_path().join(run.to_string()))?;
        }
        Ok(())
    }
}

/// That the folder at `path`, where there is one, may be written by this user.
fn ask(path: &Path) -> Result<(), StoreError> {
    match may_write(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        asked => asked.map_err(io_error(path)),
    }
}

#[cfg(unix)]
fn may_write(path: &Path) -> io::Result<()> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    Ok(accessat(CWD, path, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?)
}

#[cfg(not(unix))]
fn may_write(_: &Path) -> io::Result<()> {
    Ok(())
}
