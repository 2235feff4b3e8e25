//! How a plan names the files of the user's own in ids: by their content.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::dataset::{Contents, DatasetError};
use crate::spec::{Places, Spec, Tables};

/// What says what the files hold that a plan names.
#[derive(Clone, Debug, Default)]
pub struct Naming {
    /// The folder that paths are taken from.
    base: PathBuf,
    /// Unset for a plan that no file is read for: its ids then hold the paths
    /// as they are written, and nothing can be run with them.
    contents: Option<Arc<dyn Contents>>,
}

impl Naming {
    /// For the experiment in `file`.
    pub fn new(file: &Path, contents: Option<Arc<dyn Contents>>) -> Self {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let base = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        Self { base, contents }
    }

    /// What says what files hold.
    pub fn contents(&self) -> Option<&dyn Contents> {
        self.contents.as_deref()
    }

    /// The tables as they are hashed.
    pub fn tables(&self, tables: Tables) -> Tables {
        match &self.contents {
            Some(contents) => tables.by_content(&self.base, contents.as_ref()),
            None => tables,
        }
    }

    /// The spec as a worker takes it, and where it finds each content.
    pub fn spec(&self, spec: &Spec) -> Result<(Spec, Places), DatasetError> {
        match &self.contents {
            Some(contents) => spec.by_content(&self.base, contents.as_ref()),
            None => Ok((spec.clone(), Places::new())),
        }
    }
}
