//! The whole check, and what all its parts have at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::known::Known;
use super::super::object::Store;
use super::super::survey::{File, Misplaced, Place, Survey};
use super::super::{FORMAT, Holder, Leases};
use super::cost::Trials;
use super::finding::{Finding, Kind, Repair, Seen, Severity};
use super::{checkpoints, leases, objects, records, runs};
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;

/// What `fsck` is asked.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// Looks at names and sizes only, and hashes nothing.
    pub quick: bool,
    /// Runs that something outside the store shows, such as a report, with
    /// the names of what shows them.
    pub shown: BTreeMap<RunId, Vec<String>>,
    /// How long a holder on another machine is watched before it is taken to
    /// be dead. Only where there is one does this take time.
    pub watch: Duration,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { quick: false, shown: BTreeMap::new(), watch: Leases::stale_after() }
    }
}

/// What `fsck` found.
#[derive(Debug)]
pub struct Report {
    /// The findings: the worst first, then by kind and path.
    pub findings: Vec<Finding>,
    /// Runs that are recorded.
    pub runs: usize,
    /// Objects that are there.
    pub objects: usize,
    /// Bytes that were read, or only counted by a quick check.
    pub bytes: u64,
    pub(super) root: PathBuf,
    pub(super) watch: Duration,
}

/// What every part of the check has at hand.
pub(super) struct Look<'a> {
    pub store: &'a Store,
    pub survey: &'a Survey,
    pub known: &'a Known,
    pub trials: &'a Trials<'a>,
    /// Who holds which training run.
    pub live: &'a BTreeMap<RunId, Holder>,
    pub options: &'a CheckOptions,
    /// Told of bytes as they are read.
    pub read: &'a (dyn Fn(u64) + Sync),
}

/// Checks the store at `root`. `begun` is told the bytes that will be read,
/// and answers with what is told of bytes as they are. All damage is a finding.
pub fn check(
    root: &Path,
    options: &CheckOptions,
    begun: &dyn Fn(u64) -> Box<dyn Fn(u64) + Sync>,
) -> Report {
    let store = Store::unchecked(root);
    let survey = Survey::of(root);
    let live = store.live_holders(options.watch).unwrap_or_default();
    let known = Known::of(&store, &survey);
    let trials = Trials::of(&store, &known);
    let bytes = survey.files.iter().filter(|file| hashed(&file.place)).map(|f| f.size).sum();
    let read = begun(if options.quick { 0 } else { bytes });
    let look = Look {
        store: &store,
        survey: &survey,
        known: &known,
        trials: &trials,
        live: &live,
        options,
        read: read.as_ref(),
    };
    let mut findings: Vec<Finding> = format(&look).into_iter().collect();
    findings.extend(denied(&look));
    findings.extend(misplaced(&look));
    findings.extend(objects::check(&look));
    findings.extend(runs::check(&look));
    findings.extend(checkpoints::check(&look));
    findings.extend(leases::check(&look));
    findings.extend(records::check(&look));
    findings.extend(leftovers(&look));
    remember(&survey, &mut findings);
    findings.sort_by(|a, b| (b.severity, a.kind, &a.path).cmp(&(a.severity, b.kind, &b.path)));
    let (runs, objects) = (known.manifests.len() + known.bad.len(), known.objects.len());
    Report { findings, runs, objects, bytes, root: root.to_owned(), watch: options.watch }
}

/// Notes when each file that a finding is about was written, as it was listed
/// before anything was read.
fn remember(survey: &Survey, findings: &mut [Finding]) {
    let seen = |file: &File| Seen { modified: file.modified, size: file.size };
    let files: BTreeMap<&str, Seen> =
        survey.files.iter().map(|file| (file.path.as_str(), seen(file))).collect();
    for finding in findings {
        finding.seen = files.get(finding.path.as_str()).copied();
    }
}

fn hashed(place: &Place) -> bool {
    matches!(place, Place::Object(_) | Place::State(..))
}

impl Report {
    /// How bad the worst finding is.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

impl Look<'_> {
    /// Whether every folder and manifest could be read, so that what names
    /// what is known.
    pub fn all_is_read(&self) -> bool {
        let Survey { denied, misplaced, .. } = self.survey;
        self.known.bad.is_empty() && denied.is_empty() && misplaced.is_empty()
    }

    /// What it costs that `runs` do not count: trials, and what shows them.
    pub fn cost_of(&self, runs: &BTreeSet<RunId>) -> String {
        let mut cost = self.trials.again(runs);
        let shown: BTreeSet<&String> =
            runs.iter().filter_map(|run| self.options.shown.get(run)).flatten().collect();
        if !shown.is_empty() {
            let names: Vec<&str> = shown.into_iter().map(String::as_str).collect();
            cost += &format!("; until then {} cannot be drawn again", names.join(", "));
        }
        cost
    }

    /// The command that makes the first of `runs` again.
    pub fn command_for(&self, runs: &BTreeSet<RunId>) -> String {
        let known = &self.known;
        let found = runs
            .iter()
            .find_map(|run| known.manifests.get(run).or_else(|| known.evaluations(*run).next()));
        let named = found.map(|manifest| self.trials.command(manifest));
        named.unwrap_or_else(|| "jem run with its experiment's file".to_owned())
    }

    /// The training run whose lease covers `run`.
    pub fn covered_by(&self, run: RunId) -> RunId {
        self.known.manifests.get(&run).and_then(|m| m.training).unwrap_or(run)
    }
}

/// The version of the layout.
fn format(look: &Look<'_>) -> Option<Finding> {
    let there = look.survey.files.iter().any(|file| file.place == Place::Format);
    // Something else in its place is told on its own.
    if look.survey.misplaced.iter().any(|found| found.path == "format") {
        return None;
    }
    if !there {
        let filled = !look.known.objects.is_empty() || !look.survey.runs.is_empty();
        let what = "the file is not there";
        return filled.then(|| {
            Finding::new(Severity::Harmless, Kind::Format, "format", what)
                .costs("nothing: the next `jem run` writes it")
                .repaired(Repair::Format, None)
        });
    }
    let found = |severity, what: String| Finding::new(severity, Kind::Format, "format", what);
    let bytes = match durable::read(&look.store.root().join("format")) {
        Ok(bytes) => bytes,
        Err(error) => return Some(unreadable(look, "format", &error.to_string())),
    };
    let text = String::from_utf8_lossy(&bytes);
    match text.trim().parse::<u32>() {
        Ok(1..=FORMAT) => None,
        Ok(newer) if newer > FORMAT => {
            let what = format!("format {newer}; this version reads up to {FORMAT}");
            let older = look.known.bad.iter().all(|bad| !bad.newer);
            let guess = match older && !look.known.manifests.is_empty() {
                true => {
                    ", yet every run in it is of a format that it reads: perhaps a changed byte"
                }
                false => "",
            };
            Some(
                found(Severity::Repairable, what + guess)
                    .costs("nothing, but every command refuses the store")
                    .mended_by(format!(
                        "a newer jem; or, where none was used here, write {FORMAT} into the file"
                    )),
            )
        }
        _ => {
            let what = format!("`{}` is no version of the layout", text.trim().escape_debug());
            let cost = "nothing, but every command refuses the store";
            let finding = found(Severity::Repairable, what).costs(cost);
            Some(finding.repaired(Repair::Format, None))
        }
    }
}

/// A file or folder that the system does not let us read.
pub(super) fn unreadable(look: &Look<'_>, path: &str, reason: &str) -> Finding {
    let full = look.store.root().join(path);
    Finding::new(Severity::Repairable, Kind::Unreadable, path, reason)
        .costs("nothing may be lost, but what is there is not checked and cannot be used")
        .mended_by(format!("give yourself the right to read it (chmod -R u+rX {})", full.display()))
}

fn denied(look: &Look<'_>) -> Vec<Finding> {
    look.survey.denied.iter().map(|(path, reason)| unreadable(look, path, reason)).collect()
}

/// What is neither file nor folder where one belongs. A manifest's place is
/// told with the runs.
fn misplaced(look: &Look<'_>) -> Vec<Finding> {
    let told = |found: &&Misplaced| !matches!(found.place, Some(Place::Manifest(_)));
    let finding = |found: &Misplaced| {
        let belongs = if found.place.is_some() { "a file" } else { "a folder" };
        let what = format!("it is {}, where {belongs} of the store belongs", found.what);
        let finding = Finding::new(Severity::Repairable, Kind::Misplaced, &found.path, what);
        if found.away {
            let path = look.store.root().join(&found.path);
            let mend = format!("bring back what {} leads to", path.display());
            return finding.costs("what it led to cannot be used, and gc refuses").mended_by(mend);
        }
        finding
            .costs("what belongs there is not there, and cannot be written")
            .repaired(Repair::Aside, covered(look, found))
    };
    look.survey.misplaced.iter().filter(told).map(finding).collect()
}

/// The run whose lease covers what belongs in the place of `found`.
fn covered(look: &Look<'_>, found: &Misplaced) -> Option<RunId> {
    let run = found.path.strip_prefix("runs/")?.split('/').next()?;
    Digest::parse(run).ok().map(|digest| look.covered_by(RunId::from_digest(digest)))
}

/// What processes that died left, what nothing knows, and what was put aside.
fn leftovers(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let harmless =
        |kind, path: &str, what: String| Finding::new(Severity::Harmless, kind, path, what);
    let (mut aside, mut bytes) = (0, 0);
    for file in &look.survey.files {
        match &file.place {
            Place::Temporary => {
                let what = format!("{} bytes, left by a write that did not end", file.size);
                found.push(
                    harmless(Kind::HalfWritten, &file.path, what)
                        .costs("nothing: it was never believed")
                        .repaired(Repair::Leftover, None),
                );
            }
            Place::Foreign => {
                let what = "no file of the layout has this name; it is left alone".to_owned();
                found.push(harmless(Kind::Foreign, &file.path, what));
            }
            Place::Quarantined => (aside, bytes) = (aside + 1, bytes + file.size),
            _ => {}
        }
    }
    if aside > 0 {
        let what = format!("{aside} files ({bytes} bytes) that an earlier repair put aside");
        found.push(
            harmless(Kind::Quarantined, "quarantine", what)
                .mended_by("jem store gc --quarantine, once nobody wants to look at them"),
        );
    }
    found
}
