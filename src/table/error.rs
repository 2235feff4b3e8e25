//! Why there is no table.

use std::path::PathBuf;

use jem_core::id::RunId;
use jem_core::store::StoreError;
use polars::error::PolarsError;

/// Why results could not be read or a table not be made.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not give a file of a run.
    #[error("`{name}` of run {run}: {source}")]
    File {
        /// The run.
        run: RunId,
        /// The name of the file.
        name: String,
        /// What the store says.
        source: Box<StoreError>,
    },
    /// A file of a run holds what this version cannot read.
    #[error(
        "`{name}` of run {run} cannot be read: {reason}\n  try: move runs/{run} out of the store \
         and run the experiment again"
    )]
    Unreadable {
        /// The run.
        run: RunId,
        /// The name of the file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An evaluation whose training run is not in the store.
    #[error(
        "run {evaluation} evaluated the training run {}, which is not whole in the store\n  try: \
         move runs/{evaluation} out of the store and run the experiment again",
        training.map_or_else(|| "(none)".to_owned(), |run| run.to_string())
    )]
    NoTraining {
        /// The evaluation run.
        evaluation: RunId,
        /// The training run that its manifest names.
        training: Option<RunId>,
    },
    /// A data frame could not be made.
    #[error("the table cannot be made: {0}")]
    Frame(#[from] PolarsError),
    /// A file of a table could not be written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
