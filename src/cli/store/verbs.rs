//! The verbs of `jem store`.

use clap::Subcommand;
use jem_core::store::Store;

use super::{du, fsck, gc, ls, show, tags};
use crate::cli::CliError;
use crate::cli::open::Folders;

/// What to do with the store.
#[derive(Clone, Debug, Subcommand)]
pub enum StoreCommand {
    /// Read everything, and say what is wrong, what it costs and what mends it
    Fsck(fsck::FsckArgs),
    /// Sweep runs that no report or tag keeps; shows first what would go
    Gc(gc::GcArgs),
    /// What the bytes are used for
    Du(du::DuArgs),
    /// List the runs
    Ls(ls::LsArgs),
    /// Show a run, the runs of a trial, or an object
    Show(show::ShowArgs),
    /// Name runs, so that gc keeps them
    Tag(tags::TagArgs),
    /// Take a tag away
    Untag {
        /// The tag
        name: String,
    },
    /// List the tags
    Tags,
}

/// Runs `command` on the store.
///
/// # Errors
/// When the store cannot be read or written, or a check finds a loss.
pub fn run(command: &StoreCommand, folders: &Folders) -> Result<(), CliError> {
    let results = folders.results();
    // A check must also work where nothing else does.
    if let StoreCommand::Fsck(args) = command {
        return fsck::run(args, &results);
    }
    let store = Store::open(&results)?;
    match command {
        StoreCommand::Fsck(args) => fsck::run(args, &results),
        StoreCommand::Gc(args) => gc::run(args, &store, folders),
        StoreCommand::Du(args) => du::run(args, &store),
        StoreCommand::Ls(args) => ls::run(args, &store),
        StoreCommand::Show(args) => show::run(args, &store),
        StoreCommand::Tag(args) => tags::tag(args, &store, folders),
        StoreCommand::Untag { name } => tags::untag(name, &store),
        StoreCommand::Tags => tags::list(&store),
    }
}
