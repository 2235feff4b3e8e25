//! What a store's bytes are used for, and by which experiment and cell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::check::{Trials, provenance};
use super::known::{EVENTS, Known, PROVENANCE, artifacts, named_digests};
use super::manifest::Manifest;
use super::object::Store;
use super::survey::{Place, Survey};
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;
use crate::results;

/// What bytes are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Trained networks.
    Weights,
    /// Samples out of replay buffers.
    Buffers,
    /// Outputs for each example.
    Predictions,
    /// All other results: metrics, curves, settings.
    OtherResults,
    /// Events and what workers said.
    Logs,
    /// Where training can go on from.
    Checkpoints,
    /// Provenance, sources, manifests, leases, tags and what else is recorded.
    Records,
    /// Objects that no record names.
    Unnamed,
    /// What `fsck --repair` has put aside.
    Quarantine,
    /// Half-written and foreign files.
    Leftovers,
}

impl Use {
    /// Every use, in the order shown.
    pub const ALL: [Self; 10] = [
        Self::Weights,
        Self::Buffers,
        Self::Predictions,
        Self::OtherResults,
        Self::Logs,
        Self::Checkpoints,
        Self::Records,
        Self::Unnamed,
        Self::Quarantine,
        Self::Leftovers,
    ];

    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Buffers => "buffers",
            Self::Predictions => "predictions",
            Self::OtherResults => "other results",
            Self::Logs => "logs",
            Self::Checkpoints => "checkpoints",
            Self::Records => "records",
            Self::Unnamed => "named by nothing",
            Self::Quarantine => "quarantine",
            Self::Leftovers => "leftovers",
        }
    }

    /// Of the result or record `name`.
    fn of(name: &str, manifest: &Manifest) -> Self {
        match name {
            results::WEIGHTS => Self::Weights,
            results::BUFFER | results::SAMPLES => Self::Buffers,
            results::PREDICTIONS => Self::Predictions,
            EVENTS => Self::Logs,
            _ if manifest.results.contains_key(name) => Self::OtherResults,
            _ => Self::Records,
        }
    }
}

/// Files, or objects, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

/// The runs of one cell, made by commands on one experiment's file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The experiment's name; none where the command does not tell it.
    pub experiment: Option<String>,
    /// The cell's values, such as `lambda=0.5`; its id where they are lost.
    pub cell: String,
}

/// What a store's bytes are used for. What several share is counted once.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// Files and objects by use.
    pub uses: BTreeMap<Use, Amount>,
    /// What belongs to each group alone, with its number of runs.
    pub groups: BTreeMap<Group, (u64, Amount)>,
    /// Objects that several groups share.
    pub shared: Amount,
}

impl Usage {
    /// Counts what lies in `store`. Damaged records count as what they are by
    /// their names.
    pub fn of(store: &Store) -> Self {
        let survey = Survey::of(store.root());
        let known = Known::of(store, &survey);
        let mut usage = Self::default();
        let mut uses = object_uses(&known);
        name_inner(store, &known, &survey, &mut uses);
        for file in &survey.files {
            let used = match &file.place {
                Place::Object(digest) => uses.get(digest).copied().unwrap_or(Use::Unnamed),
                Place::Log(..) => Use::Logs,
                Place::Checkpoint(_) | Place::State(..) => Use::Checkpoints,
                Place::Quarantined => Use::Quarantine,
                Place::Temporary | Place::Foreign | Place::Condemned(_) => Use::Leftovers,
                _ => Use::Records,
            };
            usage.uses.entry(used).or_default().add(file.size);
        }
        usage.group(store, &known, &survey);
        usage
    }

    /// All bytes.
    pub fn bytes(&self) -> u64 {
        self.uses.values().map(|amount| amount.bytes).sum()
    }

    fn group(&mut self, store: &Store, known: &Known, survey: &Survey) {
        let trials = Trials::of(store, known);
        let mut experiments: BTreeMap<Digest, Option<String>> = BTreeMap::new();
        let mut groups: BTreeMap<RunId, Group> = BTreeMap::new();
        let mut owners: BTreeMap<Digest, BTreeSet<&Group>> = BTreeMap::new();
        for manifest in known.manifests.values() {
            let record = manifest.records.get(PROVENANCE).map(|artifact| artifact.digest);
            let experiment = record.and_then(|digest| {
                let told = experiments.entry(digest);
                told.or_insert_with(|| experiment(&provenance(store, manifest)?)).clone()
            });
            let values = trials.cell_label(manifest.cell).join(" ");
            let cell = if values.is_empty() { manifest.cell.short() } else { values };
            groups.insert(manifest.run, Group { experiment, cell });
        }
        for (run, group) in &groups {
            self.groups.entry(group.clone()).or_default().0 += 1;
            let named = known.manifests.get(run).map(|manifest| known.named_by(manifest));
            for digest in named.into_iter().flatten() {
                owners.entry(digest).or_default().insert(group);
            }
        }
        for file in &survey.files {
            let owner = match &file.place {
                Place::Object(digest) => match owners.get(digest) {
                    Some(owners) if owners.len() > 1 => {
                        self.shared.add(file.size);
                        continue;
                    }
                    owners => owners.and_then(|owners| owners.first().copied()),
                },
                Place::Manifest(run)
                | Place::Log(run, ..)
                | Place::Checkpoint(run)
                | Place::State(run, _) => groups.get(run),
                _ => None,
            };
            if let Some(amount) = owner.and_then(|owner| self.groups.get_mut(owner)) {
                amount.1.add(file.size);
            }
        }
    }
}

/// The use of every object that a manifest names; of several, the first.
fn object_uses(known: &Known) -> BTreeMap<Digest, Use> {
    let mut uses: BTreeMap<Digest, Use> = BTreeMap::new();
    for manifest in known.manifests.values() {
        for (name, artifact) in artifacts(manifest) {
            let used = Use::of(name, manifest);
            uses.entry(artifact.digest)
                .and_modify(|known| *known = used.min(*known))
                .or_insert(used);
        }
    }
    uses
}

/// What records name is a record too.
fn name_inner(store: &Store, known: &Known, survey: &Survey, uses: &mut BTreeMap<Digest, Use>) {
    let mut inner: BTreeSet<Digest> =
        known.inner.values().flat_map(|inner| &inner.named).copied().collect();
    for file in &survey.files {
        if matches!(file.place, Place::Tag(_) | Place::Accepted(_) | Place::Commit(_)) {
            let bytes = durable::read(&store.root().join(&file.path)).unwrap_or_default();
            inner.extend(named_digests(&bytes));
        }
    }
    for digest in inner {
        uses.entry(digest).or_insert(Use::Records);
    }
}

/// The name of the experiment that a recorded command was given.
fn experiment(provenance: &Value) -> Option<String> {
    let words = provenance["command"].as_array()?.iter().filter_map(Value::as_str);
    let file = words.filter_map(|word| word.strip_suffix(".toml")).next()?;
    Some(file.rsplit(['/', '\\']).next().unwrap_or(file).to_owned())
}
