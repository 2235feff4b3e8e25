//! Why nothing was swept.

use std::path::PathBuf;

use super::super::StoreError;

/// Why nothing was swept.
#[derive(Debug, thiserror::Error)]
pub enum GcError {
    /// Nothing would be kept.
    #[error(
        "nothing is kept by a report or tag, so gc would sweep all {runs} runs\n  \
         try: jem store tag NAME SPEC first, or --all"
    )]
    NoRoots {
        /// The runs that are there.
        runs: usize,
    },
    /// No run is there, so every object would go.
    #[error(
        "{} has no run that is done, so gc would sweep all {objects} objects\n  \
         try: jem store fsck, if there were runs; --all, if the objects may go",
        runs.display()
    )]
    NoRuns {
        /// The folder of runs.
        runs: PathBuf,
        /// The objects that would go.
        objects: usize,
    },
    /// A record that cannot be read may name anything.
    #[error(
        "{path} cannot be read ({reason}), so what it keeps is not known\n  \
         try: jem store fsck --repair"
    )]
    Unknown {
        /// The record, from the store's folder.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder that cannot be read may hold anything.
    #[error(
        "{} cannot be read ({reason}), so what it keeps is not known\n  \
         try: give yourself the right to read it (chmod -R u+rX {}), or bring back the disk that \
         it is on",
        path.display(), path.display()
    )]
    Denied {
        /// The folder.
        path: PathBuf,
        /// What the system said, or what it is.
        reason: String,
    },
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
