//! Where what is made now comes from: the checkout, the binaries, the code;
//! kept beside runs and commits, and held clean for those who insist.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jem_core::digest::Digest;
use jem_core::durable;
use jem_core::provenance::{
    Code, Fingerprints, History, Provenance, SourceState, fingerprints_here, host, now,
};
use jem_core::store::{CommitRecord, FORMAT, Store};

use super::built::{changed_since, is_as_built};
use super::open::Folders;
use super::{CliError, Exit};
use crate::table::{Results, TrialResult};
use crate::terminal;

/// What is known of checkout and code when a command begins.
pub struct Origin {
    /// The state of the checkout; none outside one. It is dirty also where the
    /// worker was built from other sources than those in it.
    pub source: Option<SourceState>,
    /// What the worker was built from.
    pub code: Code,
    /// The bytes that the digests of `source` stand for.
    kept: Vec<Vec<u8>>,
    worker: PathBuf,
    /// The bytes that say what the worker was built from.
    described: Vec<u8>,
    /// What a worker built from this checkout would have been, where it is not
    /// this one.
    unbuilt: Option<Fingerprints>,
    /// A file that has changed since one of the binaries was built from it.
    changed: Option<PathBuf>,
    binaries: OnceLock<BTreeMap<String, Digest>>,
}

impl Origin {
    /// Looks at the checkout, and at the worker at `worker`, of which
    /// `described` says that it was built from `code`. Warns where that is not
    /// what lies in the checkout.
    pub fn look(folders: &Folders, worker: &Path, code: Code, described: Vec<u8>) -> Self {
        let (mut source, kept) = folders.source().unzip();
        let unbuilt = unbuilt(&code);
        let changed = source.as_ref().and_then(|_| changed(worker));
        if let (Some(source), true) = (&mut source, unbuilt.is_some() || changed.is_some()) {
            source.dirty = true;
        }
        Self {
            source,
            code,
            kept: kept.unwrap_or_default(),
            worker: worker.to_owned(),
            described,
            unbuilt,
            changed,
            binaries: OnceLock::new(),
        }
    }

    /// Puts what differs from the commit into the store, so that a report can be
    /// made again. A store that cannot be written keeps no report back.
    pub fn keep_what_is_dirty(&self, store: &Store) {
        let put = || self.kept.iter().try_for_each(|piece| store.put(piece).map(drop));
        if self.source.as_ref().is_some_and(|source| source.dirty)
            && let Err(error) = put()
        {
            terminal::note(&format!("not kept: what differs from the commit: {error}"));
        }
    }

    /// Puts back what runs of this state name and somebody may have removed. That
    /// it cannot be put is no failure: no result rests on it.
    pub fn keep_what_is_known(&self, store: &Store) {
        for piece in self.kept.iter().chain([&self.described]) {
            let _ = store.put(piece);
        }
    }

    /// The record that stands beside every run made now; all bytes it names
    /// are put into the store.
    ///
    /// # Errors
    /// When the store cannot be written or a binary not be read.
    pub fn provenance(&self, store: &Store) -> Result<Provenance, CliError> {
        for piece in &self.kept {
            store.put(piece)?;
        }
        Ok(Provenance {
            source: self.source.clone(),
            host: host(),
            command: std::env::args().collect(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            libtorch: None,
            started: now(),
            code: Some(store.put(&self.described)?.digest),
            binaries: self.binaries()?.clone(),
            unbuilt: self.unbuilt,
            models: Vec::new(),
        })
    }

    /// Keeps what is known of a clean commit, for comparing it later. That it
    /// cannot be kept is told and is no failure: no result rests on it.
    pub fn record_commit(&self, store: &Store) {
        let Some(source) = &self.source else { return };
        let Some(commit) = source.clean_commit() else { return };
        let record = || -> Result<bool, CliError> {
            Ok(store.record_commit(&CommitRecord {
                format: FORMAT,
                commit: commit.to_owned(),
                fingerprints: self.code.fingerprints,
                parts: self.code.parts.clone(),
                binaries: self.binaries()?.clone(),
                cargo_lock: source.cargo_lock,
                at: now(),
            })?)
        };
        if let Err(error) = record() {
            terminal::note(&format!(
                "warning: what is known of commit {commit} is not kept: {error}"
            ));
        }
    }

    /// Digests of the program that runs and of the worker, by name.
    fn binaries(&self) -> Result<&BTreeMap<String, Digest>, CliError> {
        if let Some(known) = self.binaries.get() {
            return Ok(known);
        }
        let (jem, worker) = rayon::join(|| digest_of(&running()), || digest_of(&self.worker));
        let found = [("jem".to_owned(), jem?), ("jem-worker".to_owned(), worker?)];
        Ok(self.binaries.get_or_init(|| BTreeMap::from(found)))
    }

    /// Refuses what is not wholly in a commit.
    ///
    /// # Errors
    /// Where there is no commit, or the checkout or the worker differs from
    /// it.
    pub fn require_clean(&self) -> Result<(), CliError> {
        if self.unbuilt.is_some() {
            let message = format!("--require-clean: {STALE_WORKER}");
            return Err(CliError::new(Exit::BadInput, message).hint("cargo build"));
        }
        if let Some(file) = &self.changed {
            let message = format!("--require-clean: {}", changed_words(file));
            return Err(CliError::new(Exit::BadInput, message).hint("cargo build"));
        }
        require_clean(self.source.as_ref())
    }
}

const STALE_WORKER: &str = "the worker was not built from these sources";

/// What a worker built from this checkout would be, where that is not what the
/// worker's `code` is; told on standard error, for what follows is of the code
/// that was built. None where the checkout holds
/// no worker, or an old worker does not say what it rests on.
fn unbuilt(code: &Code) -> Option<Fingerprints> {
    match fingerprints_here(&std::env::current_dir().ok()?, code.libtorch()?) {
        Ok(here) => {
            let here = here?.fingerprints;
            let other = (here != code.fingerprints).then_some(here);
            if other.is_some() {
                terminal::note(&format!("warning: {STALE_WORKER}; try: cargo build"));
            }
            other
        }
        Err(error) => {
            terminal::note(&format!(
                "warning: whether the worker was built from these sources is not known: {error}"
            ));
            None
        }
    }
}

/// As [`unbuilt`], for what must answer at once: where no file is newer than
/// the worker at `worker`, its code is not followed.
pub fn unbuilt_at_once(worker: &Path, code: &Code) -> Option<Fingerprints> {
    let history = std::env::current_dir().ok().and_then(|here| History::around(&here).ok());
    let as_built = history.is_some_and(|history| is_as_built(worker, history.root()));
    if as_built { None } else { unbuilt(code) }
}

/// A file of the checkout that has changed since this program, or the worker,
/// was built from it; told on standard error. A comment or a chart is no part
/// of a fingerprint, and yet not what its commit has.
fn changed(worker: &Path) -> Option<PathBuf> {
    let history = History::around(&std::env::current_dir().ok()?).ok()?;
    let front = std::env::current_exe().ok();
    let found = front.as_deref().into_iter().chain([worker]);
    let found = found.filter_map(|binary| changed_since(binary, history.root())).next()?;
    terminal::note(&format!("warning: {}; try: cargo build", changed_words(&found)));
    Some(found)
}

fn changed_words(file: &Path) -> String {
    format!("{} has changed since these binaries were built", file.display())
}

/// Refuses a checkout that is not wholly in a commit.
///
/// # Errors
/// Where there is no commit, or the checkout differs from it.
pub fn require_clean(source: Option<&SourceState>) -> Result<(), CliError> {
    let why = match source {
        None => "this is no git checkout".to_owned(),
        Some(SourceState { error: Some(error), .. }) => error.clone(),
        Some(SourceState { commit: None, .. }) => "there is no commit yet".to_owned(),
        Some(source) if source.dirty => {
            let untracked = source.untracked.len();
            let tracked = source.diff.map(|_| "tracked files are changed".to_owned());
            let new = (untracked > 0).then(|| format!("{untracked} files are not tracked"));
            let said: Vec<String> = tracked.into_iter().chain(new).collect();
            format!("the checkout differs from its commit: {}", said.join(", "))
        }
        Some(_) => return Ok(()),
    };
    Err(CliError::new(Exit::BadInput, format!("--require-clean: {why}"))
        .hint("git status, then git commit")
        .hint("without --require-clean: the difference is then kept with every run"))
}

/// Refuses results of which some were not made at a clean commit.
///
/// # Errors
/// With the number of trials concerned, and one of them.
pub fn require_clean_trials(results: &Results) -> Result<(), CliError> {
    let unclean = |trial: &&TrialResult| {
        [&trial.provenance, &trial.evaluated]
            .iter()
            .any(|from| from.source.as_ref().is_none_or(|source| source.clean_commit().is_none()))
    };
    let trials: Vec<&TrialResult> = results.trials.iter().filter(unclean).collect();
    let Some(first) = trials.first() else { return Ok(()) };
    let message = format!(
        "--require-clean: {} of {} trials were not made at a clean commit, such as {} ({})",
        trials.len(),
        results.trials.len(),
        first.trial.short(),
        first.commit()
    );
    Err(CliError::new(Exit::BadInput, message)
        .hint("another --results folder, and jem run --require-clean into it"))
}

/// The file of the program that runs. Where a build has put another in its
/// place, the kernel still leads to the one that runs.
fn running() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { running } else { std::env::current_exe().unwrap_or(running) }
}

fn digest_of(path: &Path) -> Result<Digest, CliError> {
    let found = durable::open(path).and_then(Digest::of_reader);
    let (digest, _) = found
        .map_err(|error| CliError::new(Exit::Machine, format!("{}: {error}", path.display())))?;
    Ok(digest)
}
