//! An experiment's plan, and what its files of one's own hold, for the verbs.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use jem_core::dataset::{catalogue, is_present, path_of_content};
use jem_core::event::Job;
use jem_core::plan::Plan;
use jem_core::spec::Spec;
use jem_core::store::{Remembered, Store, StoreError};

use super::open::{self, Folders};
use super::{CliError, Exit};
use crate::schedule::{Keys, Stages};
use crate::terminal;

/// A plan whose ids rest on what its files hold.
pub struct Planned {
    plan: Plan,
    remembered: Arc<Remembered>,
}

impl Deref for Planned {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.plan
    }
}

/// What the store of `folders` remembers of files; it may not be there yet.
///
/// # Errors
/// When the store is of a newer version, or cannot be read.
pub fn remembered(folders: &Folders) -> Result<Arc<Remembered>, StoreError> {
    Ok(Arc::new(Remembered::in_store(Store::open(&folders.results())?)))
}

/// Reads and plans the experiment at `path`.
///
/// # Errors
/// When it is no correct experiment, or the store cannot be read.
pub fn plan(path: &Path, folders: &Folders) -> Result<Planned, CliError> {
    let remembered = remembered(folders)?;
    let plan = Plan::read_by(path, remembered.clone());
    let plan = plan.map_err(|error| open::no_experiment(path, &error))?;
    Ok(Planned { plan, remembered })
}

impl Planned {
    /// Names the runs of the plan's trials. What is only assumed of files that
    /// are gone is told on standard error.
    ///
    /// # Errors
    /// When a file can neither be read nor is remembered.
    pub fn keys<'a>(
        &'a self,
        stages: impl Into<Stages>,
        data: &'a Path,
    ) -> Result<Keys<'a>, CliError> {
        let keys = Keys::new(&self.plan, stages, data)?;
        // A store that cannot be written to remembers less; no number rests on it.
        let _ = self.remembered.record();
        tell_assumed(&self.remembered);
        Ok(keys)
    }

    /// Records what the files hold, once the store is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(&self) -> Result<(), StoreError> {
        self.remembered.record()
    }

    /// That every file which `jobs` read is there.
    ///
    /// # Errors
    /// With the first of which only the digest is known.
    pub fn files_are_there(&self, jobs: &[Job]) -> Result<(), CliError> {
        let assumed = self.remembered.assumed();
        let read = |path: &Path| {
            let of_own = |job: &Job| job.own.values().any(|own| own == path);
            jobs.iter().any(|job| of_own(job) || path.starts_with(&job.data))
        };
        let Some((_, content)) = assumed.iter().find(|(path, _)| read(path)) else { return Ok(()) };
        let why = content.assumed.as_deref().unwrap_or_default();
        let message =
            format!("{} trials are to be run whose data are not there: {why}", jobs.len());
        Err(CliError::new(Exit::BadInput, message)
            .hint("bring the files back to where they were")
            .hint("jem table, report, plan or store tag: what is done is shown without them"))
    }
}

/// Tells which content is only assumed, since files are gone.
pub fn tell_assumed(remembered: &Remembered) {
    for (_, content) in remembered.assumed() {
        let why = content.assumed.unwrap_or_default();
        terminal::note(&format!(
            "note: {why}; what follows is of the content read then, {}",
            path_of_content(content.digest)
        ));
    }
}

/// Catalogue sets that the trials read must have been fetched.
///
/// # Errors
/// With those that have not.
pub fn data_is_there(specs: &[Spec], data: &Path) -> Result<(), CliError> {
    let mut absent: Vec<String> = Vec::new();
    for spec in specs {
        for source in spec.training.data.sources().chain(spec.evaluate.sources()) {
            if let Some(name) = source.catalogue_name()
                && !absent.iter().any(|known| known == name)
                && !is_present(catalogue().entry(name)?, data)
            {
                absent.push(name.to_owned());
            }
        }
    }
    if absent.is_empty() {
        return Ok(());
    }
    let message = format!("not fetched yet: {}", absent.join(", "));
    Err(CliError::new(Exit::BadInput, message).hint(format!("jem data fetch {}", absent.join(" "))))
}
