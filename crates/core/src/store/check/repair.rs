//! What `fsck --repair` does. Nothing is deleted that could be worth
//! something: it is moved to `quarantine/<number>/` by a rename.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::object::{Store, io_error};
use super::super::{FORMAT, Life, StoreError, clock};
use super::finding::{Finding, Kind, Repair, Seen};
use super::whole::Report;
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;

/// What was done about a finding.
#[derive(Clone, Debug)]
pub struct Mended {
    /// Where, from the store's folder.
    pub path: String,
    /// What was done, or why nothing was.
    pub did: String,
    /// Whether something was.
    pub done: bool,
}

impl Report {
    /// Mends what can be mended without running anything. What a live lease
    /// covers is left alone, and so is what was written less than `grace` ago
    /// by the clock of the store's own file system.
    ///
    /// # Errors
    /// When the file system says no; what was done before stays done.
    pub fn repair(&self, grace: Duration) -> Result<Vec<Mended>, StoreError> {
        if !self.findings.iter().any(Finding::repairable) {
            return Ok(Vec::new());
        }
        let store = Store::unchecked(&self.root);
        let live = store.live_holders(self.watch)?.into_keys().collect();
        let mut repair = Repairing { store, live, grace, aside: None };
        let mut mended = Vec::new();
        for finding in &self.findings {
            if let Some(how) = &finding.repair {
                let (done, did) = match repair.mend(finding, how)? {
                    Ok(did) => (true, did),
                    Err(why) => (false, why),
                };
                mended.push(Mended { path: finding.path.clone(), did, done });
            }
        }
        Ok(mended)
    }
}

struct Repairing {
    store: Store,
    live: BTreeSet<RunId>,
    grace: Duration,
    /// This repair's folder in the quarantine, once something lies in it.
    aside: Option<PathBuf>,
}

/// What was done, or why nothing was.
type Did = Result<String, String>;

impl Repairing {
    fn mend(&mut self, finding: &Finding, how: &Repair) -> Result<Did, StoreError> {
        if finding.run.is_some_and(|run| self.live.contains(&run)) {
            return Ok(Err("left alone: a live process holds its lease".to_owned()));
        }
        match how {
            Repair::Aside => self.put_aside(&finding.path, finding),
            Repair::Lease(folder) => {
                // Its holder may have come, or another, since it was looked at.
                let run = finding.run.and_then(|run| self.store.holders().ok()?.remove(&run));
                if run.is_some_and(|holder| holder.life() == Life::Alive) {
                    return Ok(Err("left alone: a live process holds it by now".to_owned()));
                }
                self.put_aside(folder, finding)
            }
            Repair::Leftover => self.remove_leftover(&finding.path),
            Repair::Remove(paths) => {
                if let Some(why) = self.too_young(paths.iter().map(String::as_str))? {
                    return Ok(Err(why));
                }
                for path in paths {
                    self.remove(path)?;
                }
                Ok(Ok("removed".to_owned()))
            }
            Repair::Restore(to) => self.restore(&finding.path, to),
            Repair::Format => {
                let path = self.path("format");
                let text = format!("{FORMAT}\n");
                if path.exists() {
                    let _ = self.put_aside("format", finding)?;
                }
                durable::write_atomic(&path, text.as_bytes()).map_err(io_error(&path))?;
                Ok(Ok(format!("written anew: {FORMAT}")))
            }
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.store.root().join(path)
    }

    /// Moves what has the name `path` into the quarantine, unless it was put
    /// there since `finding` was made.
    fn put_aside(&mut self, path: &str, finding: &Finding) -> Result<Did, StoreError> {
        let from = self.path(path);
        let to = self.quarantine()?.join(path);
        if let Some(folder) = to.parent() {
            durable::create_dir_all(folder).map_err(io_error(folder))?;
        }
        match durable::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Err("gone meanwhile".to_owned()));
            }
            renamed => renamed.map_err(io_error(&from))?,
        }
        // A run may have put the right bytes in its place since it was read.
        let same = finding.path != path || finding.seen.is_none_or(|seen| is_as_seen(&to, seen));
        if !same || finding.kind == Kind::AlteredObject && right(&to, path) {
            // Unlike a rename, a link replaces nothing: what was written once
            // more in between is as good.
            match durable::link(&to, &from) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                linked => linked.map_err(io_error(&from))?,
            }
            durable::remove_file(&to).map_err(io_error(&to))?;
            return Ok(Err("it was written again meanwhile".to_owned()));
        }
        for path in [&to, &from] {
            let folder = path.parent().unwrap_or(path);
            durable::sync_dir(folder).map_err(io_error(folder))?;
        }
        let shown = to.strip_prefix(self.store.root()).unwrap_or(&to).display().to_string();
        Ok(Ok(format!("moved to {shown}")))
    }

    /// This repair's folder, numbered one above those that are there.
    fn quarantine(&mut self) -> Result<PathBuf, StoreError> {
        if let Some(folder) = &self.aside {
            return Ok(folder.clone());
        }
        let all = self.path("quarantine");
        durable::create_dir_all(&all).map_err(io_error(&all))?;
        let mut number = 1;
        loop {
            let folder = all.join(number.to_string());
            match durable::create_dir(&folder) {
                Ok(()) => {
                    self.aside = Some(folder.clone());
                    return Ok(folder);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(io_error(&folder)(error)),
            }
        }
    }

    fn remove_leftover(&mut self, path: &str) -> Result<Did, StoreError> {
        let full = self.path(path);
        let Ok(meta) = fs::symlink_metadata(&full) else {
            return Ok(Err("gone meanwhile".to_owned()));
        };
        if let Some(why) = self.too_young([path].into_iter())? {
            return Ok(Err(why));
        }
        let removed = if meta.is_dir() {
            durable::remove_dir_all(&full)
        } else {
            durable::remove_file(&full)
        };
        removed.map_err(io_error(&full))?;
        Ok(Ok("removed".to_owned()))
    }

    /// Why the files are left alone: one was written within the grace, by the
    /// clock of the store's file system. One from the future is young.
    fn too_young<'a>(
        &self,
        mut paths: impl Iterator<Item = &'a str>,
    ) -> Result<Option<String>, StoreError> {
        let now = clock::now(&self.store)?;
        let young = |path| {
            let written = clock::written(&self.path(path));
            let age = written.map(|then| now.duration_since(then).unwrap_or_default());
            age.is_some_and(|age| age < self.grace)
        };
        let seconds = self.grace.as_secs();
        Ok(paths.any(young).then(|| {
            format!(
                "left alone: written less than {seconds} s ago, so it may be in use; \
                 --grace 0 removes it where nothing runs"
            )
        }))
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        let path = self.path(path);
        match durable::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&path)(error)),
            _ => Ok(()),
        }
    }

    /// Gives an object its name back, unless it was put again: then the other
    /// is as good, if it has the right bytes.
    fn restore(&self, from: &str, to: &str) -> Result<Did, StoreError> {
        let (path, to) = (to, self.path(to));
        if to.exists() {
            if !right(&to, path) {
                return Ok(Err("left alone: what has its name by now is altered".to_owned()));
            }
            self.remove(from)?;
            return Ok(Ok("removed: it was put again since".to_owned()));
        }
        let from = self.path(from);
        match durable::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Err("gone meanwhile".to_owned()))
            }
            renamed => {
                renamed.map_err(io_error(&from))?;
                Ok(Ok("given its name back".to_owned()))
            }
        }
    }
}

/// Whether the file at `path` is the one that was seen.
fn is_as_seen(path: &Path, seen: Seen) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| {
        // A link was listed with the size of what it leads to.
        let size = meta.is_symlink() || meta.len() == seen.size;
        meta.is_dir() || size && meta.modified().is_ok_and(|then| then == seen.modified)
    })
}

/// Whether the file at `file` has the bytes that the object at `path` must
/// have.
fn right(file: &Path, path: &str) -> bool {
    let hex: String = path.trim_start_matches("objects").split('/').collect();
    durable::read(file).is_ok_and(|bytes| Digest::of(&bytes).to_hex() == hex)
}
