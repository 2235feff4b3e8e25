//! The states of the source that a person can name, and what is in them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jem_core::durable;
use jem_core::plan::Plan;
use jem_core::provenance::{Code, FileChange, History, Parts, fingerprints_here};
use jem_core::spec::preset::{self, Presets};
use jem_core::store::Store;

use super::open::{self, Folders};
use super::{CliError, Exit};
use crate::compare::{Known, KnownFrom, Revision, derived_from, known_of};
use crate::terminal;

/// Where experiments lie in a checkout.
const EXPERIMENTS: &str = "experiments";

/// The checkout that the command runs in.
pub struct Checkout<'f> {
    history: History,
    folders: &'f Folders,
    here: PathBuf,
}

impl<'f> Checkout<'f> {
    /// The checkout around the folder that the command runs in.
    ///
    /// # Errors
    /// When there is none.
    pub fn here(folders: &'f Folders) -> Result<Self, CliError> {
        let here = env::current_dir().unwrap_or_default();
        let history = History::around(&here).map_err(|error| {
            CliError::new(Exit::BadInput, error.to_string())
                .hint("the same command in a git checkout; its commits are what is compared")
        })?;
        Ok(Self { history, folders, here })
    }

    /// What `name` names: the work tree as `work` or `.`, else a commit.
    ///
    /// # Errors
    /// When nothing is called so.
    pub fn revision(&self, name: &str) -> Result<Revision, CliError> {
        let failed = |error: jem_core::provenance::HistoryError| {
            CliError::new(Exit::BadInput, error.to_string())
                .hint("git log --oneline, git tag, git branch; or `work` for the work tree")
        };
        let work = matches!(name, "work" | ".");
        let (commit, dirty) = if work {
            let state = self.folders.source().map(|(state, _)| state);
            let dirty = state.as_ref().is_some_and(|state| state.dirty);
            (state.and_then(|state| state.commit), dirty)
        } else {
            (Some(self.history.commit(name).map_err(failed)?), false)
        };
        let subject = match (&commit, work) {
            (Some(commit), false) => self.history.subject(commit).map_err(failed)?,
            (_, true) if dirty => "uncommitted changes".to_owned(),
            _ => String::new(),
        };
        Ok(Revision { name: name.to_owned(), commit, subject, work, dirty })
    }

    /// What `revision` computes with.
    ///
    /// # Errors
    /// When that is not known; the message says how to make it known.
    pub fn known(
        &self,
        revision: &Revision,
        store: &Store,
        spec: Option<&Path>,
    ) -> Result<Known, CliError> {
        if revision.work {
            return self.work();
        }
        let commit = revision.commit.as_deref().unwrap_or_default();
        let like = open::worker_with_code().map(|(_, code, _)| code.parts).unwrap_or_default();
        let derived = || derived_from(self.history.root(), commit, &like);
        match known_of(store, commit)? {
            // What was recorded before parts were can still be taken apart.
            Some(known) if known.parts == Parts::default() => {
                let parts = derived().filter(|derived| derived.stages == known.stages);
                let parts = parts.map(|derived| derived.parts).unwrap_or_default();
                return Ok(Known { parts, ..known });
            }
            Some(known) => return Ok(known),
            None => {}
        }
        if let Some(known) = derived() {
            return Ok(known);
        }
        let message = format!(
            "what {} computes with is not known: no command of jem ran at it with this store",
            revision.title()
        );
        let error = CliError::new(Exit::BadInput, message);
        Err(self.how_to_run(revision, spec).into_iter().fold(error, CliError::hint))
    }

    /// What the work tree computes with: what its worker was built from, unless
    /// the files have changed since.
    fn work(&self) -> Result<Known, CliError> {
        let (_, built, _) = open::worker_with_code()?;
        let root = self.history.root();
        let here = built.libtorch().map(|libtorch| fingerprints_here(root, libtorch));
        let here = here.transpose().map_err(|error| {
            let message = format!("what the work tree computes with is not known: {error}");
            CliError::new(Exit::BadInput, message).hint("cargo build, which says the same in full")
        })?;
        let (Code { fingerprints, parts }, from) = match here.flatten() {
            Some(files) if files.fingerprints != built.fingerprints => (files, KnownFrom::Files),
            _ => (built, KnownFrom::Worker),
        };
        Ok(Known { stages: fingerprints.into(), parts, from })
    }

    /// The commands that make the results of `revision`, of the experiment at
    /// `spec`.
    pub fn how_to_run(&self, revision: &Revision, spec: Option<&Path>) -> Vec<String> {
        let spec = spec.map_or_else(|| "SPEC".to_owned(), |spec| spec.display().to_string());
        if revision.work {
            return vec![format!("cargo build && jem run {spec}")];
        }
        let (short, results) = (revision.short(), self.folders.results());
        vec![
            format!("git worktree add --detach ../jem-{short} {short}"),
            format!("cd ../jem-{short} && ./justw build"),
            format!("target/debug/jem run {spec} --results {}", results.display()),
        ]
    }

    /// The text of the experiment file `name` (from the root of the checkout)
    /// in `revision`; none where it has no such file.
    ///
    /// # Errors
    /// When it cannot be read, or is no text.
    pub fn text(&self, revision: &Revision, name: &str) -> Result<Option<String>, CliError> {
        let bad = |why: String| {
            CliError::new(Exit::BadInput, format!("{name} in {}: {why}", revision.title()))
        };
        let bytes = match (&revision.commit, revision.work) {
            (Some(commit), false) => {
                self.history.read(commit, name).map_err(|error| bad(error.to_string()))?
            }
            _ => match durable::read(&self.history.root().join(name)) {
                Ok(bytes) => Some(bytes),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(bad(error.to_string())),
            },
        };
        bytes.map(|b| String::from_utf8(b).map_err(|e| bad(e.to_string()))).transpose()
    }

    /// Plans the experiment file `name` as it is in `revision`; none where it
    /// has no such file.
    ///
    /// # Errors
    /// When it is no correct experiment there.
    pub fn plan(&self, revision: &Revision, name: &str) -> Result<Option<Plan>, CliError> {
        let Some(text) = self.text(revision, name)? else { return Ok(None) };
        let file = self.shown(name);
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
        let presets = self.presets(revision)?;
        if !presets.completes_as_embedded() && text.contains("model") {
            terminal::note(&format!(
                "warning: {}: fields that a network of {name} lacks are completed as this build \
                 does it, not as that one does",
                revision.title()
            ));
        }
        let shown = file.display().to_string();
        let plan = Plan::parse_from(stem, &shown, &text, &presets).map_err(|error| {
            let message = format!("{error}\n  this is {name} as it is in {}", revision.title());
            CliError::new(Exit::BadInput, message)
        })?;
        Ok(Some(plan))
    }

    /// The presets that experiment files start from in `revision`; those of
    /// this build where it has none, as a checkout that only holds experiments.
    fn presets(&self, revision: &Revision) -> Result<Arc<Presets>, CliError> {
        let mut names = self.files(revision, preset::FOLDER)?;
        if names.is_empty() {
            return Ok(Arc::clone(Presets::embedded()));
        }
        // In the order of this build, then by name.
        let known: Vec<String> = preset::names().map(|name| format!("{name}.toml")).collect();
        names.sort_by_key(|name| known.iter().position(|one| one == name).unwrap_or(known.len()));
        let mut texts = Vec::new();
        for name in names {
            let text = self.text(revision, &format!("{}/{name}", preset::FOLDER))?;
            texts.extend(text.map(|text| (name.trim_end_matches(".toml").to_owned(), text)));
        }
        Ok(Arc::new(Presets::read(texts)))
    }

    /// The names of the TOML files in `folder` of `revision`, sorted.
    fn files(&self, revision: &Revision, folder: &str) -> Result<Vec<String>, CliError> {
        let mut names = match (&revision.commit, revision.work) {
            (Some(commit), false) => self
                .history
                .files(commit, folder)
                .map_err(|error| CliError::new(Exit::BadInput, error.to_string()))?,
            _ => fs::read_dir(self.history.root().join(folder))
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect(),
        };
        names.retain(|name| name.ends_with(".toml"));
        names.sort();
        Ok(names)
    }

    /// `name`, from the root of the checkout, as it is called from here.
    fn shown(&self, name: &str) -> PathBuf {
        let full = self.history.root().join(name);
        let here = self.here.canonicalize().unwrap_or_else(|_| self.here.clone());
        full.strip_prefix(here).map(Path::to_owned).unwrap_or(full)
    }

    /// `spec`, given from here, as it is called from the root of the checkout.
    ///
    /// # Errors
    /// When it lies outside.
    pub fn name_of(&self, spec: &Path) -> Result<String, CliError> {
        self.history.name_of(spec, &self.here).ok_or_else(|| {
            let root = self.history.root().display();
            let message = format!("{} lies outside the checkout {root}", spec.display());
            CliError::new(Exit::BadInput, message).hint("a file of the checkout")
        })
    }

    /// The experiment files that both have, from the root of the checkout.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn experiments(&self, a: &Revision, b: &Revision) -> Result<Vec<String>, CliError> {
        let theirs = self.files(b, EXPERIMENTS)?;
        let both = self.files(a, EXPERIMENTS)?.into_iter().filter(|name| theirs.contains(name));
        Ok(both.map(|name| format!("{EXPERIMENTS}/{name}")).collect())
    }

    /// The source files that differ between the two.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn changes(&self, a: &Revision, b: &Revision) -> Result<Vec<FileChange>, CliError> {
        let side = |revision: &Revision| revision.commit.clone().filter(|_| !revision.work);
        let (from, to) = (side(a), side(b));
        let found = self.history.changes(from.as_deref(), to.as_deref());
        let mut files = found.map_err(|error| CliError::new(Exit::BadInput, error.to_string()))?;
        if from.is_some() == to.is_some() {
            return Ok(files);
        }
        let untracked = self.folders.source().map(|(state, _)| state.untracked);
        for file in untracked.unwrap_or_default() {
            let bytes = durable::read(&self.history.root().join(&file.path)).unwrap_or_default();
            let lines = bytes.split_inclusive(|byte| *byte == b'\n').count();
            let (added, removed) = if a.work { (0, lines) } else { (lines, 0) };
            files.push(FileChange { path: file.path, added, removed });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }
}
