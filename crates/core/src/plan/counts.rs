//! How many images sets have, looked up once for a whole plan.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::dataset::{Source, Split, count_of};

/// Numbers of images by source and split.
#[derive(Debug)]
pub struct Counts {
    base: PathBuf,
    known: Mutex<HashMap<String, Option<u64>>>,
}

impl Counts {
    /// Of sets whose files are named from the folder `base`.
    pub fn new(base: &Path) -> Self {
        Self { base: base.to_owned(), known: Mutex::default() }
    }

    /// The images of `split` of `source`; none where their number is not known, as
    /// where the files are not there: whoever reads them says so.
    pub fn of(&self, source: &Source, split: Split) -> Option<u64> {
        if source.catalogue_name().is_some() {
            return count_of(source, split).ok()?;
        }
        let key = format!("{source:?} {split}");
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let count = || count_of(&source.based_on(&self.base), split).ok().flatten();
        *known.entry(key).or_insert_with(count)
    }
}
