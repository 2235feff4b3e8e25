//! `jem accept`: a person's word that runs made with other parts count.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use jem_core::plan::{Plan, Trial};
use jem_core::provenance::{Code, History, host, now};
use jem_core::store::{Accepted, FORMAT, RunPair, Store};

use super::open::{self, Folders};
use super::origin::unbuilt_at_once;
use super::{CliError, Exit, planned};
use crate::schedule::{Keys, Past, Stale, Status};
use crate::terminal;

/// What `jem accept` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct AcceptArgs {
    /// The trial, by the first characters of its id; with --all the experiment's file
    #[arg(required_unless_present_any = ["list", "withdraw"])]
    pub what: Option<String>,
    /// The experiment's file [default: the one in experiments/ that has the trial]
    pub file: Option<PathBuf>,
    /// The experiment's file, named
    #[arg(long, value_name = "SPEC", conflicts_with = "file")]
    pub spec: Option<PathBuf>,
    /// Why the old numbers count; it stands in every table that uses them
    #[arg(long, value_name = "REASON")]
    pub because: Option<String>,
    /// Every stale trial of the experiment
    #[arg(long)]
    pub all: bool,
    /// List what was accepted
    #[arg(long, conflicts_with_all = ["what", "withdraw", "all", "because"])]
    pub list: bool,
    /// Take back what was accepted for this trial
    #[arg(long, value_name = "TRIAL", conflicts_with_all = ["what", "all", "because"])]
    pub withdraw: Option<String>,
}

/// Accepts, lists or takes back.
///
/// # Errors
/// Without a reason, when the trial is not stale, or the store says no.
pub fn run(args: &AcceptArgs, folders: &Folders) -> Result<(), CliError> {
    let results = folders.results();
    if args.list {
        return list(&Store::open(&results)?);
    }
    if let Some(trial) = &args.withdraw {
        return withdraw(trial, &Store::open(&results)?);
    }
    let because = args.because.as_deref().map(str::trim).unwrap_or_default();
    if because.is_empty() {
        let message = "a reason is needed: it stands in every table that uses the old numbers";
        return Err(CliError::new(Exit::Usage, message)
            .hint("jem accept TRIAL --spec SPEC --because \"why the numbers are the same\""));
    }
    let what = args.what.clone().unwrap_or_default();
    let given = args.spec.clone().or_else(|| args.file.clone());
    let file = match (args.all, given) {
        (true, given) => given.unwrap_or_else(|| PathBuf::from(&what)),
        (false, Some(given)) => given,
        (false, None) => experiment_of(&what, because, folders)?,
    };
    let plan = planned::plan(&file, folders)?;
    let (worker, code, _) = open::worker_with_code()?;
    if unbuilt_at_once(&worker, &code).is_some() {
        let message = "the word would be for the trials of a worker that is of other sources";
        return Err(CliError::new(Exit::BadInput, message).hint("cargo build"));
    }
    let data = folders.data();
    let keys = plan.keys(code.fingerprints, &data)?;
    let store = Store::open(&results)?;
    let wanted: Vec<&Trial> =
        if args.all { plan.trials.iter().collect() } else { named(&plan, &what, &file)? };
    let found = stale(&keys, &store, &wanted, &code)?;
    if found.is_empty() && args.all {
        let message = format!("no trial of {} is stale with a whole old run", file.display());
        return Err(CliError::new(Exit::BadInput, message)
            .hint(format!("jem plan {}, which says where each stands", file.display())));
    }
    if let (Some(trial), true) = (wanted.first(), found.is_empty()) {
        return Err(not_stale(&keys, &store, trial, &file)?);
    }
    let mut text = String::new();
    for (trial, stale) in &found {
        let accepted = word(&keys, trial, stale, because);
        store.accept(&accepted)?;
        let label = open::label(&plan, trial);
        let differs = accepted.differs.join("; ");
        text += &format!("accepted {} {label}: {differs}\n", trial.id.short());
    }
    let n = found.len();
    open::print(&format!("{text}{n} trials count by your word; jem accept --list shows them\n"))
}

/// Where experiments lie in a checkout.
const EXPERIMENTS: &str = "experiments";

/// The only file among the checkout's experiments, or outside a checkout among
/// those here, that plans a trial whose id begins with `prefix`.
fn experiment_of(prefix: &str, because: &str, folders: &Folders) -> Result<PathBuf, CliError> {
    let here = env::current_dir().unwrap_or_default();
    let root = History::around(&here).map_or(here.clone(), |history| history.root().to_owned());
    let folder = root.join(EXPERIMENTS);
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let real = here.canonicalize().unwrap_or(here);
    let shown = |file: &PathBuf| {
        let full = file.canonicalize().unwrap_or_else(|_| file.clone());
        full.strip_prefix(&real).map_or(full.clone(), Path::to_owned)
    };
    let mut found = Vec::new();
    let remembered = planned::remembered(folders)?;
    for file in files.iter().map(shown) {
        match Plan::read_by(&file, remembered.clone()) {
            Ok(plan) if !plan.find(prefix).is_empty() => found.push(file),
            Ok(_) => {}
            // One wrong file must not keep the others back.
            Err(_) => terminal::note(&format!(
                "passed over: {}, which is no correct spec",
                file.display()
            )),
        }
    }
    let with = |file: &str| format!("jem accept {prefix} --spec {file} --because \"{because}\"");
    match found.as_slice() {
        [file] => Ok(file.clone()),
        [] => {
            let message = format!(
                "no trial of the {} experiments in {} begins with `{prefix}`",
                files.len(),
                folder.display()
            );
            Err(CliError::new(Exit::BadInput, message).hint(with("SPEC")))
        }
        several => {
            let message = format!("{} experiments have a trial `{prefix}…`", several.len());
            let error = CliError::new(Exit::Usage, message);
            Err(several.iter().fold(error, |e, file| e.hint(with(&file.display().to_string()))))
        }
    }
}

/// The trials of `plan` whose one id begins with `prefix`: several only where
/// they differ in their evaluation or resources alone.
fn named<'a>(plan: &'a Plan, prefix: &str, file: &Path) -> Result<Vec<&'a Trial>, CliError> {
    let file = file.display();
    let found = plan.find(prefix);
    match found.as_slice() {
        [first, others @ ..] if others.iter().all(|trial| trial.id == first.id) => Ok(found),
        [] => {
            Err(CliError::new(Exit::BadInput, format!("no trial of {file} begins with `{prefix}`"))
                .hint(format!("jem plan {file}, which lists them")))
        }
        several => {
            let ids: Vec<String> = several.iter().take(4).map(|trial| trial.id.short()).collect();
            let message =
                format!("{} trials begin with `{prefix}`: {}", several.len(), ids.join(", "));
            Err(CliError::new(Exit::BadInput, message).hint("more characters of the id"))
        }
    }
}

/// Those of `trials` that are not done and have whole old runs.
fn stale<'a>(
    keys: &Keys<'_>,
    store: &Store,
    trials: &[&'a Trial],
    code: &Code,
) -> Result<Vec<(&'a Trial, Stale)>, CliError> {
    let statuses = keys.statuses(store)?;
    let each = keys.plan().trials.iter().zip(&statuses);
    let done: Vec<&Trial> =
        each.filter(|(_, status)| status.done()).map(|(trial, _)| trial).collect();
    let done: HashSet<_> = done.iter().map(|trial| keys.of(trial).evaluation.run_id()).collect();
    let past = Past::of(store, &trials.iter().map(|trial| trial.id).collect())?;
    let found = trials.iter().filter_map(|trial| {
        let keyed = keys.of(trial);
        let open = !done.contains(&keyed.evaluation.run_id());
        let stale = open.then(|| past.nearest(trial, &keyed, code)).flatten()?;
        stale.evaluation.is_some().then_some((*trial, stale))
    });
    Ok(found.collect())
}

/// Why `trial` cannot be accepted.
fn not_stale(
    keys: &Keys<'_>,
    store: &Store,
    trial: &Trial,
    file: &Path,
) -> Result<CliError, CliError> {
    let statuses = keys.statuses(store)?;
    let mut standing = keys.plan().trials.iter().zip(&statuses);
    let status = standing.find(|(one, _)| *one == trial).map(|(_, status)| status);
    let (id, file) = (trial.id.short(), file.display());
    Ok(match status {
        Some(Status::Accepted(word)) => {
            let message = format!("trial {id} is accepted already, because “{}”", word.because);
            CliError::new(Exit::BadInput, message).hint(format!("jem accept --withdraw {id}"))
        }
        Some(status) if status.done() => CliError::new(
            Exit::BadInput,
            format!("trial {id} is {}: nothing to accept", status.name()),
        ),
        _ => CliError::new(Exit::BadInput, format!("trial {id} has no whole old run to accept"))
            .hint(format!("jem run {file}")),
    })
}

fn word(keys: &Keys<'_>, trial: &Trial, stale: &Stale, because: &str) -> Accepted {
    let used = stale.evaluation.as_ref().map_or(stale.training.run, |run| run.run);
    let user = ["USER", "LOGNAME"].iter().find_map(|name| env::var(name).ok());
    Accepted {
        format: FORMAT,
        wanted: keys.of(trial).runs(),
        used: RunPair { training: stale.training.run, evaluation: used },
        because: because.to_owned(),
        by: format!("{}@{}", user.unwrap_or_else(|| "unknown".to_owned()), host().name),
        at: now(),
        differs: stale.differs.iter().map(ToString::to_string).collect(),
    }
}

fn list(store: &Store) -> Result<(), CliError> {
    let accepted = store.accepted()?;
    let mut text = String::new();
    for word in accepted.values() {
        let run = store.done(word.used.evaluation)?;
        let about = run.map_or_else(
            || "a trial whose old run is gone (this has no effect)".to_owned(),
            |run| format!("trial {} seed {}", run.trial.short(), run.seed),
        );
        text += &format!(
            "{about}: because “{}”\n  {} by {}; wanted {}, used {}\n",
            word.because,
            word.at,
            word.by,
            word.wanted.evaluation.short(),
            word.used.evaluation.short()
        );
        text.extend(word.differs.iter().map(|part| format!("  {part}\n")));
    }
    if accepted.is_empty() {
        text += "nothing was accepted\n";
    }
    open::print(&text)
}

fn withdraw(prefix: &str, store: &Store) -> Result<(), CliError> {
    let wanted = prefix.to_lowercase();
    let mut found = Vec::new();
    for word in store.accepted()?.into_values() {
        // Where the old run is gone, only the wanted one has a name.
        let trial = store.done(word.used.evaluation)?.map(|run| run.trial);
        let names = [trial.map(|id| id.to_string()), Some(word.wanted.evaluation.to_string())];
        if names.iter().flatten().any(|name| name.starts_with(&wanted)) {
            found.push((trial, word.wanted.evaluation));
        }
    }
    let trials: HashSet<_> = found.iter().map(|(trial, _)| *trial).collect();
    if trials.len() > 1 {
        let message = format!("{} accepted trials begin with `{prefix}`", trials.len());
        return Err(CliError::new(Exit::BadInput, message).hint("more characters of the id"));
    }
    if found.is_empty() {
        let message = format!("nothing was accepted for a trial that begins with `{prefix}`");
        return Err(CliError::new(Exit::BadInput, message).hint("jem accept --list"));
    }
    for (_, run) in &found {
        store.withdraw(*run)?;
    }
    open::print("withdrawn; the trial counts as its key says again\n")
}
