//! What is kept, why, and what would go.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::super::known::{Known, artifacts, named_digests};
use super::super::manifest::RunKind;
use super::super::object::{Store, io_error};
use super::super::survey::{File, Place, Survey};
use super::super::{Holder, Leases, clock};
use super::error::GcError;
use super::hold::{self, Horizon};
use super::wishes::Wishes;
use crate::digest::Digest;
use crate::durable;
use crate::id::{RunId, TrialId};

/// Runs that something outside the store keeps, each with the names of what
/// keeps it: reports, or an experiment.
pub type Outside = BTreeMap<RunId, Vec<String>>;

/// What `gc` is asked.
#[derive(Clone, Debug)]
pub struct GcOptions {
    /// Sweeps also where no report, tag or acceptance keeps anything.
    pub all: bool,
    /// Sweeps logs and checkpoints of runs that are not done.
    pub unfinished: bool,
    /// Sweeps what `fsck --repair` has put aside.
    pub quarantine: bool,
    /// Keeps what was written this short a time ago.
    pub grace: Duration,
    /// How long a holder on another machine is watched before it is taken to
    /// be dead. Only where there is one does this take time.
    pub watch: Duration,
}

impl Default for GcOptions {
    fn default() -> Self {
        let (grace, watch) = (Duration::from_secs(3600), Leases::stale_after());
        Self { all: false, unfinished: false, quarantine: false, grace, watch }
    }
}

/// A run that would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRun {
    /// The run.
    pub run: RunId,
    /// Its kind; none for a run that is not done.
    pub kind: Option<RunKind>,
    /// Its trial; none for a run that is not done.
    pub trial: Option<TrialId>,
    /// The training run whose lease covers it.
    pub lease: RunId,
    /// Bytes of its folder.
    pub bytes: u64,
}

/// An object that would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedObject {
    /// The object.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
    /// When it was last written or touched.
    pub(super) modified: SystemTime,
}

/// What would go, and what stays.
#[derive(Clone, Debug, Default)]
pub struct GcPlan {
    /// The runs that would go, evaluations before trainings.
    pub runs: Vec<PlannedRun>,
    /// The objects that would go.
    pub objects: Vec<PlannedObject>,
    /// Other files: checkpoints of runs that are done, and the quarantine.
    pub files: Vec<(String, u64)>,
    /// Why each kept run is kept.
    pub kept: BTreeMap<RunId, String>,
    /// Objects, and bytes, that nothing keeps but that are too new to go.
    pub young: (u64, u64),
    /// Objects, and bytes, that wait until nobody works in the store.
    pub waiting: (u64, u64),
    /// Folders of runs that are not done, and their bytes.
    pub unfinished: (u64, u64),
    /// Trials under a live lease.
    pub live: usize,
    /// Records of what commands count on that are gone.
    pub(super) dead: Vec<RunId>,
}

impl GcPlan {
    /// What would go of `store`, as it stands. Changes nothing.
    ///
    /// # Errors
    /// When nothing would be kept, or a record cannot be read.
    pub fn of(store: &Store, options: &GcOptions, outside: &Outside) -> Result<Self, GcError> {
        // Of a store that cannot be written, the newest file tells the time.
        let now = clock::now(store).ok();
        let survey = Survey::of(store.root());
        let newest = survey.files.iter().map(|file| file.modified).max();
        let now = now.or(newest).unwrap_or(SystemTime::UNIX_EPOCH);
        let (worked, ours) = (hold::worked(store), &BTreeSet::new());
        View { store, options, outside, now, worked, ours }.plan(None)
    }

    /// Bytes that would go.
    pub fn bytes(&self) -> u64 {
        let runs = self.runs.iter().map(|run| run.bytes);
        let objects = self.objects.iter().map(|object| object.size);
        runs.chain(objects).chain(self.files.iter().map(|(_, size)| *size)).sum()
    }
}

/// What a plan is made from.
pub(super) struct View<'a> {
    pub store: &'a Store,
    pub options: &'a GcOptions,
    pub outside: &'a Outside,
    /// When `gc` began, by the clock of the store's file system.
    pub now: SystemTime,
    /// When others had last worked in the store by then.
    pub worked: Option<SystemTime>,
    /// Training runs whose lease `gc` itself holds.
    pub ours: &'a BTreeSet<RunId>,
}

impl View<'_> {
    /// Plans. Once runs were swept, `gone` are the objects that their
    /// manifests named: then no more runs go, and these objects may go while
    /// others work in the store.
    ///
    /// What commands want is read first, then the leases are listed, then the
    /// manifests are read: see the module.
    pub fn plan(&self, gone: Option<&BTreeSet<Digest>>) -> Result<GcPlan, GcError> {
        let wanted = self.store.wanted()?;
        let mut live = self.store.live_holders(self.options.watch)?;
        live.retain(|run, _| !self.ours.contains(run));
        let wishes = Wishes::of(wanted, &live)?;
        let survey = Survey::of(self.store.root());
        let known = Known::of(self.store, &survey);
        if let Some(bad) = known.bad.first() {
            let (path, reason) = (bad.path.clone(), bad.reason.clone());
            return Err(GcError::Unknown { path, reason });
        }
        let denied = |path: &str, reason: &str| {
            let (path, reason) = (self.store.root().join(path), reason.to_owned());
            GcError::Denied { path, reason }
        };
        if let Some((path, reason)) = survey.denied.first() {
            return Err(denied(path, reason));
        }
        if let Some(found) = survey.misplaced.first() {
            let reason = format!("it is {}", found.what);
            return Err(match found.away {
                true => denied(&found.path, &reason),
                false => GcError::Unknown { path: found.path.clone(), reason },
            });
        }
        let records = Records::read(self.store, &survey)?;
        let mut plan = GcPlan { live: wishes.trials(&live), ..GcPlan::default() };
        plan.dead.clone_from(&wishes.dead);
        let seen = Seen { known: &known, survey: &survey, records: &records, live: &live };
        if gone.is_none() {
            plan.kept = self.kept(&seen, &wishes)?;
            self.plan_runs(&mut plan, &seen);
        }
        self.plan_objects(&mut plan, &seen, gone);
        let objects = plan.objects.len();
        if gone.is_none() && known.manifests.is_empty() && objects > 0 && !self.options.all {
            return Err(GcError::NoRuns { runs: self.store.root().join("runs"), objects });
        }
        Ok(plan)
    }

    /// From when on what was written is young; none where nothing is.
    fn young_from(&self) -> Option<SystemTime> {
        let grace = self.options.grace;
        let from = self.now.checked_sub(grace).unwrap_or(SystemTime::UNIX_EPOCH);
        (!grace.is_zero()).then_some(from)
    }

    /// Every run that is kept, with the reason.
    fn kept(&self, seen: &Seen<'_>, wishes: &Wishes) -> Result<BTreeMap<RunId, String>, GcError> {
        let Seen { known, survey, records, live } = seen;
        let mut kept = BTreeMap::new();
        for (run, names) in self.outside {
            kept.insert(*run, names.join(", "));
        }
        for (run, why) in &records.runs {
            kept.entry(*run).or_insert_with(|| why.clone());
        }
        let runs = known.manifests.len();
        if !kept.keys().any(|run| known.manifests.contains_key(run))
            && runs > 0
            && !self.options.all
        {
            return Err(GcError::NoRoots { runs });
        }
        for (run, why) in &wishes.runs {
            kept.entry(*run).or_insert_with(|| why.clone());
        }
        let seconds = self.options.grace.as_secs();
        for run in young(survey, self.young_from()) {
            let why = || format!("--grace, as written within the last {seconds} s");
            kept.entry(run).or_insert_with(why);
        }
        for (run, holder) in *live {
            let why = format!("leased by {}", holder.place());
            let evaluations = known.evaluations(*run).map(|manifest| manifest.run);
            for run in evaluations.chain([*run]) {
                kept.entry(run).or_insert_with(|| why.clone());
            }
        }
        // An evaluation is worth nothing without its training.
        let rests_on: Vec<(RunId, String)> = kept
            .iter()
            .filter_map(|(run, why)| Some((known.manifests.get(run)?.training?, why.clone())))
            .collect();
        for (run, why) in rests_on {
            kept.entry(run).or_insert(why);
        }
        Ok(kept)
    }

    fn plan_runs(&self, plan: &mut GcPlan, seen: &Seen<'_>) {
        let Seen { known, survey, live, .. } = seen;
        let (kept, young_from) = (&plan.kept, self.young_from());
        let is_young = |file: &File| young_from.is_some_and(|from| file.modified >= from);
        let mut bytes: BTreeMap<RunId, u64> = BTreeMap::new();
        for file in &survey.files {
            let (Place::Manifest(run)
            | Place::Log(run, ..)
            | Place::Checkpoint(run)
            | Place::State(run, _)) = &file.place
            else {
                continue;
            };
            *bytes.entry(*run).or_default() += file.size;
            let left = matches!(file.place, Place::Checkpoint(_) | Place::State(..));
            let done = known.trained(*run) && !live.contains_key(run);
            if left && kept.contains_key(run) && done && !is_young(file) {
                plan.files.push((file.path.clone(), file.size));
            }
        }
        for run in survey.runs.iter().filter(|run| !kept.contains_key(run)) {
            let bytes = bytes.get(run).copied().unwrap_or(0);
            let manifest = known.manifests.get(run);
            if manifest.is_none() && (!self.options.unfinished || !live.is_empty()) {
                plan.unfinished.0 += 1;
                plan.unfinished.1 += bytes;
                continue;
            }
            plan.runs.push(PlannedRun {
                run: *run,
                kind: manifest.map(|manifest| manifest.kind),
                trial: manifest.map(|manifest| manifest.trial),
                lease: manifest.and_then(|manifest| manifest.training).unwrap_or(*run),
                bytes,
            });
        }
        plan.runs.sort_by_key(|run| (run.kind == Some(RunKind::Training), run.run));
        if self.options.quarantine {
            // A file that was put aside keeps its time; its folder has that of
            // the repair.
            let put_aside = |file: &&File| {
                let folder: Vec<&str> = file.path.split('/').take(2).collect();
                let written = clock::written(&self.store.root().join(folder.join("/")));
                !young_from.is_some_and(|from| written.is_some_and(|then| then >= from))
            };
            let aside = survey.files.iter().filter(|file| file.place == Place::Quarantined);
            let aside = aside.filter(put_aside);
            plan.files.extend(aside.map(|file| (file.path.clone(), file.size)));
        }
    }

    fn plan_objects(&self, plan: &mut GcPlan, seen: &Seen<'_>, gone: Option<&BTreeSet<Digest>>) {
        let swept: BTreeSet<RunId> = plan.runs.iter().map(|run| run.run).collect();
        let mut named = seen.records.named.clone();
        let mut gone = gone.cloned().unwrap_or_default();
        // A kept run has a record that was altered: it may name anything.
        let mut unsure = false;
        for manifest in seen.known.manifests.values() {
            if swept.contains(&manifest.run) {
                gone.extend(artifacts(manifest).map(|(_, artifact)| artifact.digest));
            } else {
                named.extend(seen.known.named_by(manifest));
                unsure |= !seen.known.knows_all_of(manifest);
            }
        }
        let grace = self.options.grace;
        let mut horizon = Horizon::of(seen.survey, seen.live, self.now, self.worked, grace);
        horizon.busy |= unsure;
        for (file, digest) in seen.survey.each(object) {
            if named.contains(&digest) {
                continue;
            }
            let count = |total: &mut (u64, u64)| *total = (total.0 + 1, total.1 + file.size);
            if file.modified >= horizon.kept_from {
                count(&mut plan.young);
            } else if horizon.busy && !gone.contains(&digest) {
                count(&mut plan.waiting);
            } else {
                let (size, modified) = (file.size, file.modified);
                plan.objects.push(PlannedObject { digest, size, modified });
            }
        }
    }
}

/// Runs with a file that was written at `from` or later.
fn young(survey: &Survey, from: Option<SystemTime>) -> BTreeSet<RunId> {
    let each = survey.each(|place| match place {
        Place::Manifest(run)
        | Place::Log(run, ..)
        | Place::Checkpoint(run)
        | Place::State(run, _) => Some(*run),
        _ => None,
    });
    let young = each.filter(|(file, _)| from.is_some_and(|from| file.modified >= from));
    young.map(|(_, run)| run).collect()
}

/// What one look at the store shows.
struct Seen<'a> {
    known: &'a Known,
    survey: &'a Survey,
    records: &'a Records,
    live: &'a BTreeMap<RunId, Holder>,
}

fn object(place: &Place) -> Option<Digest> {
    match place {
        Place::Object(digest) => Some(*digest),
        _ => None,
    }
}

/// What tags, acceptances and commits' records keep.
struct Records {
    runs: BTreeMap<RunId, String>,
    named: BTreeSet<Digest>,
}

impl Records {
    fn read(store: &Store, survey: &Survey) -> Result<Self, GcError> {
        let mut found = Self { runs: BTreeMap::new(), named: BTreeSet::new() };
        for tag in store.tags()? {
            for run in tag.runs {
                found.runs.insert(run, format!("tag {}", tag.name));
            }
        }
        for file in &survey.files {
            let accepted = matches!(file.place, Place::Accepted(_));
            if !accepted && !matches!(file.place, Place::Tag(_) | Place::Commit(_)) {
                continue;
            }
            let path = store.root().join(&file.path);
            let bytes = durable::read(&path).map_err(io_error(&path))?;
            found.named.extend(named_digests(&bytes));
            if accepted {
                let runs = used(&bytes).ok_or_else(|| GcError::Unknown {
                    path: file.path.clone(),
                    reason: "it does not say which runs are used".to_owned(),
                })?;
                for run in runs {
                    found.runs.entry(run).or_insert_with(|| "accepted in another's place".into());
                }
            }
        }
        Ok(found)
    }
}

/// The runs that an acceptance uses.
fn used(bytes: &[u8]) -> Option<[RunId; 2]> {
    let record: Value = serde_json::from_slice(bytes).ok()?;
    let run = |name: &str| {
        let digest = Digest::parse(record["used"][name].as_str()?).ok()?;
        Some(RunId::from_digest(digest))
    };
    Some([run("training")?, run("evaluation")?])
}
