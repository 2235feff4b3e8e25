//! `jem store tag`, `untag` and `tags`.

use std::path::Path;

use jem_core::id::RunId;
use jem_core::store::{Listing, Store, Tag, TagError};

use super::find::{Found, find};
use super::words;
use crate::cli::open::{self, Folders, print};
use crate::cli::{CliError, Exit, planned};

/// What `jem store tag` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct TagArgs {
    /// The tag's name
    name: String,
    /// An experiment's file, or the beginnings of ids of runs and trials
    #[arg(required = true, value_name = "SPEC|RUN")]
    what: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Give it again where there is one of this name
    #[arg(long)]
    force: bool,
}

/// Gives a tag.
///
/// # Errors
/// When the name is none or taken, or there are no such runs.
pub fn tag(args: &TagArgs, store: &Store, folders: &Folders) -> Result<(), CliError> {
    let mut runs = Vec::new();
    let mut missing = 0;
    let listing = Listing::of(store);
    for what in &args.what {
        if what.ends_with(".toml") {
            missing += of_plan(Path::new(what), store, folders, &mut runs)?;
            continue;
        }
        match find(&listing, what)? {
            Found::Run(line) => {
                runs.extend(line.manifest.training);
                runs.push(line.manifest.run);
            }
            Found::Trial(lines) => runs.extend(lines.iter().map(|line| line.manifest.run)),
            Found::Object(object) => {
                let message = format!("`{what}` is the object {object}; a tag names runs");
                return Err(CliError::new(Exit::BadInput, message).hint("jem store ls"));
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    runs.retain(|run| seen.insert(*run));
    if runs.is_empty() {
        let message = "no trial of it is done with this build and these data";
        return Err(
            CliError::new(Exit::BadInput, message).hint(format!("jem run {}", args.what[0]))
        );
    }
    let count = words::count(runs.len() as u64, "run");
    store.put_tag(&Tag::new(&args.name, runs, args.note.clone()), args.force)?;
    let mut text = format!("{}: {count}\n", args.name);
    if missing > 0 {
        let trials = words::count(missing, "trial");
        text +=
            &format!("{trials} of the plan are not done and not in it; tag again with --force\n");
    }
    print(&text)
}

/// Adds the runs of the plan that are done; says how many trials are not.
fn of_plan(
    file: &Path,
    store: &Store,
    folders: &Folders,
    runs: &mut Vec<RunId>,
) -> Result<u64, CliError> {
    let plan = planned::plan(file, folders)?;
    let (_, fingerprints) = open::worker()?;
    let data = folders.data();
    let keys = plan.keys(fingerprints, &data)?;
    let mut missing = 0;
    for trial in &plan.trials {
        let keyed = keys.of(trial);
        let both = [keyed.training.run_id(), keyed.evaluation.run_id()];
        let mut done = true;
        for run in both {
            done &= store.done(run)?.is_some();
        }
        match done {
            true => runs.extend(both),
            false => missing += 1,
        }
    }
    Ok(missing)
}

/// Takes a tag away.
///
/// # Errors
/// When there is none of this name.
pub fn untag(name: &str, store: &Store) -> Result<(), CliError> {
    store.remove_tag(name)?;
    print(&format!("{name}: taken away; its runs stay until jem store gc\n"))
}

/// Lists the tags.
///
/// # Errors
/// When one cannot be read.
pub fn list(store: &Store) -> Result<(), CliError> {
    let row = |tag: &Tag| {
        let note = tag.note.clone().unwrap_or_default();
        vec![tag.name.clone(), tag.runs.len().to_string(), tag.created.clone(), note]
    };
    let tags = store.tags()?;
    if tags.is_empty() {
        return print("there is no tag; jem store tag NAME SPEC gives one\n");
    }
    print(&words::table(&["tag", "runs", "given", "note"], tags.iter().map(row).collect()))
}

impl From<TagError> for CliError {
    fn from(error: TagError) -> Self {
        match error {
            TagError::Store(error) => error.into(),
            TagError::Name(_) => Self::new(Exit::Usage, error.to_string()),
            error => Self::new(Exit::BadInput, error.to_string()),
        }
    }
}
