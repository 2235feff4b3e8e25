//! `jem reproduce`: makes a report again from its commit, and compares.

use std::env;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Command;

use jem_core::digest::Digest;
use jem_core::durable::{self, parts_below};
use jem_core::id::RunId;
use jem_core::plan::Plan;
use jem_core::provenance::{Hardware, History, Provenance, SourceState};
use jem_core::store::Store;
use tempfile::TempDir;

use super::built::Binaries;
use super::checkout::Worktree;
use super::child::Children;
use super::open::Folders;
use super::{CliError, Exit, outcome};
use crate::report::{ReportManifest, Reproduced, counted, reproduced};
use crate::schedule::{Keys, Stages};
use crate::terminal;

/// What `jem reproduce` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct ReproduceArgs {
    /// A report's folder, or its manifest.json
    pub report: PathBuf,
    /// Keep the new results and the new report in DIR, which is made
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Begin without asking
    #[arg(long, short)]
    pub yes: bool,
    /// Use jem and jem-worker in DIR instead of building the report's commit
    #[arg(long, value_name = "DIR", conflicts_with = "rebuild")]
    pub binaries: Option<PathBuf>,
    /// Build even where the binaries that run now are those of the commit
    #[arg(long)]
    pub rebuild: bool,
    /// Trials at once [default: what the machine holds]; changes no result
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
}

/// What is to be made again.
struct Report {
    manifest: ReportManifest,
    /// Where its files lie.
    folder: PathBuf,
    /// The commit, in full.
    commit: String,
    /// The state it was made in, where it differed from the commit.
    dirty: Option<SourceState>,
}

/// Makes a report again and compares it with the first.
///
/// # Errors
/// When its commit or its changes are not there, something cannot be built or
/// run, or a result differs.
pub fn run(args: &ReproduceArgs, folders: &Folders) -> Result<(), CliError> {
    let here = env::current_dir().unwrap_or_default();
    let history = History::around(&here).map_err(|error| {
        CliError::new(Exit::BadInput, error.to_string())
            .hint("the same command in a checkout that has the report's commit")
    })?;
    let store = Store::open(&folders.results())?;
    let report = read(args, &history, &store)?;
    ask(args, &report)?;
    let children = Children::new();
    let (scratch, kept) = scratch(args)?;
    // Once the user has stopped it, what failed on the way out is no news.
    let found = make_again(args, folders, &history, &store, &report, &children, &kept)
        .map_err(|error| children.check().err().unwrap_or(error))?;
    drop(scratch);
    let (text, holds) = (outcome::reproduced(&found, &report.manifest), found.holds());
    terminal::print(&text)?;
    if args.keep.is_some() {
        terminal::note(&format!("kept: {}", kept.display()));
    }
    if holds {
        return Ok(());
    }
    let error = CliError::new(Exit::Failed, "the report is not reproduced");
    Err(match args.keep {
        Some(_) => error,
        None => error.hint("--keep DIR, to look at the new results and the new report"),
    })
}

/// Reads the report and finds its commit.
fn read(args: &ReproduceArgs, history: &History, store: &Store) -> Result<Report, CliError> {
    let (manifest, path) = ReportManifest::read(&args.report).map_err(|error| {
        CliError::new(Exit::BadInput, error.to_string())
            .hint("a folder that jem report wrote, as reports/COMMIT/EXPERIMENT")
    })?;
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let short = manifest.commit.clone();
    let (name, is_dirty) = match short.strip_suffix("-dirty") {
        Some(name) => (name, true),
        None => (short.as_str(), false),
    };
    let state = manifest.source.clone().or_else(|| recorded(&manifest, store));
    let full = state.as_ref().and_then(|state| state.commit.clone());
    if name == "no-commit" {
        let message = format!(
            "{} was made outside a git checkout, or before the first commit; \
                               its code is not recorded",
            args.report.display()
        );
        return Err(CliError::new(Exit::BadInput, message)
            .hint("jem report in a checkout, whose reports name their commit"));
    }
    let commit = history.commit(full.as_deref().unwrap_or(name)).map_err(|error| {
        CliError::new(Exit::BadInput, format!("the commit of the report is not here: {error}"))
            .hint("git fetch --all --tags, or the same command in a clone that has it")
    })?;
    let dirty = match (is_dirty, state) {
        (false, _) => None,
        (true, Some(state)) if built_from_elsewhere(&state) && args.binaries.is_none() => {
            let message = format!(
                "the report was made at {short} by binaries that were not built from the files of \
                 the checkout; what they were built from is in no commit and was not kept"
            );
            return Err(CliError::new(Exit::BadInput, message)
                .hint("--binaries DIR, the jem and jem-worker that made it"));
        }
        (true, Some(state)) => Some(state),
        (true, None) => {
            let message = format!(
                "the report was made at {short}, and neither its manifest nor a run of it in the \
                 store says what differed from the commit"
            );
            return Err(CliError::new(Exit::BadInput, message)
                .hint("--results DIR, the store that its runs were made with"));
        }
    };
    Ok(Report { manifest, folder, commit, dirty })
}

/// Whether nothing but the binaries differed from the commit.
fn built_from_elsewhere(state: &SourceState) -> bool {
    state.dirty && state.diff.is_none() && state.untracked.is_empty()
}

/// Fills in the models of processor that made the runs of a report, where its
/// manifest does not name them, as far as `store` knows them.
fn name_models(manifest: &mut ReportManifest, store: &Store) {
    let made_on = |run: &str| {
        let run = store.done(RunId::from_digest(Digest::parse(run).ok()?)).ok().flatten()?;
        let record = store.get(run.records.get("provenance.json")?.digest).ok()?;
        let record: Provenance = serde_json::from_slice(&record).ok()?;
        Some(record.made_on(&run.parts.environment))
    };
    for runs in manifest.runs.iter_mut().filter(|runs| runs.models.is_empty()) {
        let both = [&runs.training, &runs.evaluation].map(|run| made_on(run));
        if let [Some(trained_on), Some(evaluated_on)] = both {
            let hardware = Hardware { trained_on, evaluated_on };
            runs.models = hardware.models().into_iter().map(str::to_owned).collect();
        }
    }
}

/// The state in which a run of the report was made, where it is the report's:
/// a manifest of version 1 does not say it in full.
fn recorded(manifest: &ReportManifest, store: &Store) -> Option<SourceState> {
    let digests = manifest.runs.iter().filter_map(|runs| Digest::parse(&runs.evaluation).ok());
    let states = digests.filter_map(|digest| {
        let run = store.done(RunId::from_digest(digest)).ok().flatten()?;
        let record = store.get(run.records.get("provenance.json")?.digest).ok()?;
        serde_json::from_slice::<Provenance>(&record).ok()?.source
    });
    states.into_iter().find(|state| state.short() == manifest.commit)
}

/// Says what will be done, and asks unless told not to.
fn ask(args: &ReproduceArgs, report: &Report) -> Result<(), CliError> {
    let ReportManifest { commit, experiment, runs, .. } = &report.manifest;
    terminal::note(&format!(
        "{}: {} at {commit}; runs code of that commit, in a worktree of its own, with \
         scratch results",
        experiment.name,
        counted(runs.len(), "trial")
    ));
    if args.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        let message = "nobody is there to be asked";
        return Err(CliError::new(Exit::Usage, message).hint("--yes, to begin without asking"));
    }
    terminal::prompt("go on? [y/N] ");
    let mut answer = String::new();
    let _ = io::stdin().read_line(&mut answer);
    if answer.trim().eq_ignore_ascii_case("y") {
        return Ok(());
    }
    Err(CliError::new(Exit::Interrupted, "not begun"))
}

/// A folder for the worktree, and the one for what is made, which is the same
/// unless it is kept.
fn scratch(args: &ReproduceArgs) -> Result<(TempDir, PathBuf), CliError> {
    let failed = |path: &Path, error: io::Error| {
        CliError::new(Exit::Machine, format!("{}: {error}", path.display()))
    };
    let made = tempfile::Builder::new().prefix("jem-reproduce-").tempdir();
    let scratch = made.map_err(|error| failed(&env::temp_dir(), error))?;
    let Some(keep) = &args.keep else {
        let path = scratch.path().to_owned();
        return Ok((scratch, path));
    };
    let keep = std::path::absolute(keep).unwrap_or_else(|_| keep.clone());
    if fs::read_dir(&keep).is_ok_and(|mut entries| entries.next().is_some()) {
        let message = format!("{} is not empty", keep.display());
        return Err(CliError::new(Exit::Usage, message).hint("--keep with a new folder"));
    }
    fs::create_dir_all(&keep).map_err(|error| failed(&keep, error))?;
    Ok((scratch, keep))
}

/// Checks out, builds, runs, reports; compares the two reports.
fn make_again(
    args: &ReproduceArgs,
    folders: &Folders,
    history: &History,
    store: &Store,
    report: &Report,
    children: &Children,
    kept: &Path,
) -> Result<Reproduced, CliError> {
    let worktree_folder = tempfile::Builder::new().prefix("jem-worktree-").tempdir();
    let worktree_folder =
        worktree_folder.map_err(|error| CliError::new(Exit::Machine, error.to_string()))?;
    let path = worktree_folder.path().join("checkout");
    let worktree = Worktree::add(history.root(), &report.commit, &path)?;
    if let Some(state) = &report.dirty {
        worktree.make_dirty(state, store)?;
    }
    let spec = spec(report, worktree.path())?;
    same_data(&report.manifest, &worktree.path().join(&spec), &folders.data())?;
    let binaries = binaries(args, folders, history, report, children, &worktree, kept)?;
    children.check()?;
    let (results, again) = (kept.join("results"), kept.join("report"));
    let jem = |verb: &str| {
        let mut command = Command::new(&binaries.jem);
        command.current_dir(worktree.path()).env("JEM_WORKER", &binaries.worker);
        command.env_remove("JEM_RESULTS").env_remove("JEM_DATA");
        command.arg(verb).arg(&spec).arg("--results").arg(&results);
        command.arg("--data").arg(folders.data());
        command
    };
    let mut running = jem("run");
    if let Some(workers) = args.workers {
        running.arg("--workers").arg(workers.to_string());
    }
    let ended = children.run(&mut running, "jem run")?;
    if !ended.success() {
        let message = format!("the runs cannot be made again: jem run ended with {ended}");
        return Err(CliError::new(Exit::Failed, message)
            .hint("jem data fetch, for datasets that are missing; --keep DIR, for the logs"));
    }
    // An expectation that fails is told by its exit code; the report is there.
    children.run(jem("report").arg("--out").arg(&again), "jem report")?;
    let (mut second, _) = ReportManifest::read(&again)
        .map_err(|error| CliError::new(Exit::Failed, format!("no new report: {error}")))?;
    let mut first = report.manifest.clone();
    name_models(&mut first, store);
    name_models(&mut second, &Store::open(&results)?);
    Ok(reproduced((&first, &report.folder), (&second, &again)))
}

/// The report's experiment file in the checkout at `root`, from there.
fn spec(report: &Report, root: &Path) -> Result<String, CliError> {
    let experiment = &report.manifest.experiment;
    let is_it = |name: &String| {
        // The manifest may name anything: only a file of the checkout is run.
        parts_below(Path::new(name)).is_some()
            && durable::read(&root.join(name))
                .is_ok_and(|bytes| Digest::of(&bytes) == experiment.digest)
    };
    let command = report.manifest.command.rsplit(' ').next().unwrap_or_default().to_owned();
    let usual = format!("experiments/{}.toml", experiment.name);
    let mut names = experiment.file.iter().cloned().chain([command, usual]);
    names.find(is_it).ok_or_else(|| {
        let message = format!(
            "{} has no experiment file with the digest that the report names, {}",
            report.manifest.commit, experiment.digest
        );
        CliError::new(Exit::BadInput, message)
            .hint("jem report with a file that is part of the checkout")
    })
}

/// That the data files are those that the report was made from. They are told
/// by the experiment file `spec`; where this version cannot read that, nothing
/// is said, and the results will tell.
fn same_data(first: &ReportManifest, spec: &Path, data: &Path) -> Result<(), CliError> {
    let (Ok(plan), false) = (Plan::read(spec), first.data.is_empty()) else { return Ok(()) };
    // Which code reads the data plays no part.
    let none = Digest::of(b"");
    let keys = Keys::new(&plan, Stages { training: none, evaluation: none }, data);
    let keys = keys.map_err(|error| {
        // The worktree has what the commit has.
        CliError::from(error).hint(
            "git add --force FILE and a report at that commit, where git ignores a data file that \
             the experiment names: no commit has it",
        )
    })?;
    let now = keys.data_files();
    let changed = first.data.iter().find(|file| !now.contains(file));
    let Some((name, then)) = changed else { return Ok(()) };
    let found = now.iter().find(|(other, _)| other == name);
    let found = found.map_or_else(|| "none".to_owned(), |(_, digest)| digest.to_string());
    let message = format!(
        "the data file {name} is not what the report was made from\n  then: {then}\n  now:  {found}"
    );
    Err(CliError::new(Exit::BadInput, message).hint("--data DIR, the datasets it was made with"))
}

/// The binaries to run: given, those of this build, or built.
fn binaries(
    args: &ReproduceArgs,
    folders: &Folders,
    history: &History,
    report: &Report,
    children: &Children,
    worktree: &Worktree,
    kept: &Path,
) -> Result<Binaries, CliError> {
    if let Some(folder) = &args.binaries {
        terminal::note(&format!(
            "binaries: those in {}; the commit is not built",
            folder.display()
        ));
        return Binaries::in_folder(folder);
    }
    let state = folders.source().map(|(state, _)| state);
    let here = state.filter(|state| !state.dirty).and_then(|state| state.commit);
    if !args.rebuild
        && report.dirty.is_none()
        && here.as_deref() == Some(&report.commit)
        && let Some(binaries) = Binaries::of_this_build(history, &report.commit)
    {
        terminal::note(&format!(
            "binaries: this build, which is of {}; --rebuild builds anew",
            report.manifest.commit
        ));
        return Ok(binaries);
    }
    let roots = (history.root(), worktree.path());
    Binaries::build(children, roots, &report.manifest.commit, &kept.join("bin"))
}
