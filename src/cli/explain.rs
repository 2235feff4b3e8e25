//! `jem explain`: every part of the key of a trial or of a run.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jem_core::digest::Digest;
use jem_core::id::RunId;
use jem_core::plan::{Plan, Trial};
use jem_core::store::{Manifest, Store};

use super::open::{self, Folders};
use super::origin::unbuilt_at_once;
use super::planned;
use super::told::{Build, Detail, told_run, told_trial};
use super::{CliError, Exit};
use crate::schedule::{Keys, Past, look};

/// What `jem explain` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct ExplainArgs {
    /// A trial or a run, by the first characters of its id
    pub what: String,
    /// The experiment's file, for a trial that it plans
    pub spec: Option<PathBuf>,
    /// Every module and crate, and every digest in full
    #[arg(long)]
    pub all: bool,
}

/// Explains a trial of an experiment, or a run of the store.
///
/// # Errors
/// When nothing, or more than one thing, has that name, or the store cannot be
/// read.
pub fn run(args: &ExplainArgs, folders: &Folders) -> Result<(), CliError> {
    let prefix = args.what.to_lowercase();
    let hexadecimal = prefix.bytes().all(|byte| byte.is_ascii_hexdigit());
    if prefix.is_empty() || prefix.len() > 64 || !hexadecimal {
        let message = format!("`{}` does not begin the id of a run or a trial", args.what);
        return Err(CliError::new(Exit::BadInput, message)
            .hint("the first characters of an id, as jem plan and reports show them"));
    }
    let (worker, code, _) = open::worker_with_code()?;
    unbuilt_at_once(&worker, &code);
    let store = Store::open(&folders.results())?;
    let data = folders.data();
    let detail = Detail { all: args.all };
    let build = Build { code: &code, data: &data };
    if let Some(file) = &args.spec {
        let plan = planned::plan(file, folders)?;
        let keys = plan.keys(code.fingerprints, &data)?;
        let trials = planned(&keys, &prefix, file)?;
        if !trials.is_empty() {
            return open::print(&trials_text(&keys, &trials, &store, &build, detail)?);
        }
    }
    let runs = found(&store, &prefix)?;
    if runs.is_empty() {
        let (place, hint) = match &args.spec {
            Some(file) => {
                let file = file.display();
                (
                    format!("no trial of {file}, and nothing in the store,"),
                    format!("jem plan {file}"),
                )
            }
            None => {
                ("no run or trial in the store".to_owned(), format!("jem explain {prefix} SPEC"))
            }
        };
        return Err(
            CliError::new(Exit::BadInput, format!("{place} begins with `{prefix}`")).hint(hint)
        );
    }
    let texts: Result<Vec<String>, CliError> =
        runs.iter().map(|run| told_run(run, &store, &build, detail)).collect();
    open::print(&texts?.join("\n"))
}

fn trials_text(
    keys: &Keys<'_>,
    trials: &[&Trial],
    store: &Store,
    build: &Build<'_>,
    detail: Detail,
) -> Result<String, CliError> {
    let statuses = keys.statuses(store)?;
    let known = look(keys, store, &statuses, build.code)?;
    let past = Past::of(store, &trials.iter().map(|trial| trial.id).collect::<HashSet<_>>())?;
    let mut texts = Vec::new();
    for trial in trials {
        let place = keys.plan().trials.iter().position(|one| one == *trial).unwrap_or_default();
        let nearest = past.nearest(trial, &keys.of(trial), build.code);
        let standing = (&statuses[place], known[place].as_ref());
        texts.push(told_trial(keys, trial, standing, nearest.as_ref(), store, build, detail)?);
    }
    Ok(texts.join("\n"))
}

/// The trials of the plan that `prefix` names, by their own id or by that of a
/// run they want; several only where they share the id.
fn planned<'a>(keys: &Keys<'a>, prefix: &str, file: &Path) -> Result<Vec<&'a Trial>, CliError> {
    let plan: &'a Plan = keys.plan();
    let mut found = plan.find(prefix);
    if found.is_empty() {
        let begins = |run: RunId| run.to_string().starts_with(prefix);
        let wants = |trial: &&Trial| {
            let runs = keys.of(trial).runs();
            begins(runs.training) || begins(runs.evaluation)
        };
        found = plan.trials.iter().filter(wants).collect();
    }
    let ids: HashSet<_> = found.iter().map(|trial| trial.id).collect();
    if ids.len() > 1 {
        let labels = found
            .iter()
            .take(4)
            .map(|trial| format!("\n  {}  {}", trial.id.short(), open::label(plan, trial)));
        let message = format!(
            "{} trials of {} begin with `{prefix}`:{}",
            ids.len(),
            file.display(),
            labels.collect::<String>()
        );
        return Err(CliError::new(Exit::BadInput, message).hint("more characters of the id"));
    }
    Ok(found)
}

/// The runs of the store that `prefix` names, by their own id or by that of
/// their trial.
fn found(store: &Store, prefix: &str) -> Result<Vec<Manifest>, CliError> {
    let folder = store.root().join("runs");
    let names = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let all: Vec<RunId> = names
        .filter_map(|entry| Digest::parse(entry.file_name().to_str()?).ok())
        .map(RunId::from_digest)
        .collect();
    let runs: Vec<&RunId> = all.iter().filter(|run| run.to_string().starts_with(prefix)).collect();
    if let [run] = runs.as_slice() {
        return match store.manifest(**run)? {
            Some(manifest) => Ok(vec![manifest]),
            None => {
                Err(CliError::new(Exit::BadInput, format!("run {run} was begun and never done"))
                    .hint("jem plan SPEC, which says how its trial stands"))
            }
        };
    }
    if runs.len() > 1 {
        let ids: Vec<String> = runs.iter().take(4).map(|run| run.short()).collect();
        let message = format!("{} runs begin with `{prefix}`: {}", runs.len(), ids.join(", "));
        return Err(CliError::new(Exit::BadInput, message).hint("more characters of the id"));
    }
    let mut of_trial: Vec<Manifest> = Vec::new();
    for run in all {
        // A run that cannot be read is not what is asked for here.
        let manifest = store.manifest(run).ok().flatten();
        of_trial.extend(manifest.filter(|one| one.trial.to_string().starts_with(prefix)));
    }
    let trials: HashSet<_> = of_trial.iter().map(|run| run.trial).collect();
    if trials.len() > 1 {
        let message = format!("{} trials in the store begin with `{prefix}`", trials.len());
        return Err(CliError::new(Exit::BadInput, message).hint("more characters of the id"));
    }
    of_trial.sort_by_key(|run| (run.eval.is_some(), run.run));
    Ok(of_trial)
}
