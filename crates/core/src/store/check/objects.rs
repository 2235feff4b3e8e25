//! Objects: what is named and not there, what is there and altered, and what
//! nothing names.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use rayon::prelude::*;
use serde_json::Value;

use super::super::known::artifacts;
use super::super::survey::{CONDEMNED_PREFIX, Place};
use super::cost::provenance;
use super::finding::{Finding, Kind, Repair, Severity};
use super::whole::{Look, unreadable};
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;

/// Who names an object.
#[derive(Debug, Default)]
struct Named {
    /// Runs, each with the name of the file that the object is to it.
    directly: BTreeMap<RunId, String>,
    /// What it is to the provenance of a run, and the first such run.
    inside: Option<(String, RunId)>,
    /// Sizes that records give it.
    sizes: BTreeSet<u64>,
}

/// What is wrong with an object.
enum Fault {
    Missing,
    Altered(String),
    Unreadable(String),
}

pub(super) fn check(look: &Look<'_>) -> Vec<Finding> {
    let named = named(look);
    let mut faults = read_all(look, &named);
    let condemned: BTreeSet<Digest> = condemned(look).collect();
    let known = &look.known.objects;
    for digest in named.keys().filter(|digest| !known.contains_key(digest)) {
        if !condemned.contains(digest) {
            faults.push((*digest, Fault::Missing));
        }
    }
    let none = Named::default();
    let told = faults
        .into_iter()
        .map(|(digest, fault)| tell(look, digest, &fault, named.get(&digest).unwrap_or(&none)));
    let mut found: Vec<Finding> = told.collect();
    found.extend(condemned.iter().map(|digest| given_back(look, *digest, &named)));
    found.extend(orphans(look, &named));
    found
}

/// Every object that a record names. What a provenance names is found by the
/// fields that hold bytes of the store; other digests in it are of files
/// elsewhere.
fn named(look: &Look<'_>) -> BTreeMap<Digest, Named> {
    let mut named: BTreeMap<Digest, Named> = BTreeMap::new();
    let mut told = BTreeSet::new();
    for manifest in look.known.manifests.values() {
        for (name, artifact) in artifacts(manifest) {
            let entry = named.entry(artifact.digest).or_default();
            entry.directly.insert(manifest.run, name.to_owned());
            entry.sizes.insert(artifact.size);
        }
        let record = manifest.records.get(super::super::known::PROVENANCE);
        if record.is_some_and(|record| told.insert(record.digest))
            && let Some(provenance) = provenance(look.store, manifest)
        {
            for (what, digest) in kept(&provenance) {
                let entry = named.entry(digest).or_default();
                entry.inside.get_or_insert((what, manifest.run));
            }
        }
    }
    named
}

/// The pieces of the source tree that a provenance has in the store.
fn kept(provenance: &Value) -> Vec<(String, Digest)> {
    let source = &provenance["source"];
    let one = |what: &str, value: &Value| {
        let digest = Digest::parse(value.as_str()?).ok()?;
        Some((what.to_owned(), digest))
    };
    let mut kept: Vec<_> = [
        one("the difference from the commit", &source["diff"]),
        one("Cargo.lock", &source["cargo_lock"]),
        one("the parts of the fingerprint", &provenance["code"]),
    ]
    .into_iter()
    .flatten()
    .collect();
    let untracked = source["untracked"].as_array().into_iter().flatten();
    // Of a file that was too large only the digest is known.
    for file in untracked.filter(|file| file["unkept"].is_null()) {
        let what = format!("the source file {}", file["path"].as_str().unwrap_or("?"));
        kept.extend(one(&what, &file["digest"]));
    }
    kept
}

/// Reads every object, or looks at its size where the check is quick.
fn read_all(look: &Look<'_>, named: &BTreeMap<Digest, Named>) -> Vec<(Digest, Fault)> {
    let there: Vec<(Digest, u64)> =
        look.known.objects.iter().map(|(d, size)| (*d, *size)).collect();
    let fault = |(digest, size): &(Digest, u64)| {
        let fault = match look.options.quick {
            true => wrong_size(named.get(digest), *size),
            false => hash(look, *digest),
        };
        (look.read)(*size);
        fault.map(|fault| (*digest, fault))
    };
    there.par_iter().filter_map(fault).collect()
}

fn wrong_size(named: Option<&Named>, size: u64) -> Option<Fault> {
    let recorded = named?.sizes.iter().find(|recorded| **recorded != size)?;
    Some(Fault::Altered(format!("{size} bytes where {recorded} are recorded")))
}

fn hash(look: &Look<'_>, digest: Digest) -> Option<Fault> {
    match durable::read(&look.store.object_path(digest)) {
        Ok(bytes) => {
            let found = Digest::of(&bytes);
            let what = || Fault::Altered(format!("its bytes have the digest {found}"));
            (found != digest).then(what)
        }
        // `gc`, or a person, may remove it while we look.
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(Fault::Unreadable(error.to_string())),
    }
}

fn path_of(digest: Digest) -> String {
    let hex = digest.to_hex();
    format!("objects/{}/{}", &hex[..2], &hex[2..])
}

fn tell(look: &Look<'_>, digest: Digest, fault: &Fault, named: &Named) -> Finding {
    let path = path_of(digest);
    let role = role(named);
    let (kind, what) = match fault {
        Fault::Missing => (Kind::MissingObject, format!("{role} is not there")),
        Fault::Altered(how) => (Kind::AlteredObject, format!("{role} is altered: {how}")),
        Fault::Unreadable(reason) => return unreadable(look, &path, reason),
    };
    let runs: BTreeSet<RunId> = named.directly.keys().copied().collect();
    let mut finding = Finding::new(Severity::Loss, kind, path, what);
    if !runs.is_empty() {
        finding = finding.costs(look.cost_of(&runs)).mended_by(look.command_for(&runs));
    } else if named.inside.is_some() {
        let cost = "no number: but the source that runs were made from cannot be brought back";
        finding = finding.costs(cost).mended_by("copy the file from another copy of the store");
    } else {
        finding.severity = Severity::Harmless;
        finding = finding.costs("nothing: no record names it");
    }
    match fault {
        Fault::Altered(_) => {
            let mut users = runs.iter().map(|run| look.covered_by(*run));
            let user = users.find(|run| look.live.contains_key(run));
            finding.repaired(Repair::Aside, user)
        }
        _ => finding,
    }
}

/// `weights.safetensors of run 0123456789 and 2 more`
fn role(named: &Named) -> String {
    let mut runs = named.directly.iter();
    if let Some((run, name)) = runs.next() {
        let more = match runs.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        return format!("`{name}` of run {}{more}", run.short());
    }
    match &named.inside {
        Some((what, run)) => format!("{what} of run {}", run.short()),
        None => "an object that no record names".to_owned(),
    }
}

fn condemned(look: &Look<'_>) -> impl Iterator<Item = Digest> {
    let each = look.survey.each(|place| match place {
        Place::Condemned(digest) => Some(*digest),
        _ => None,
    });
    each.map(|(_, digest)| digest)
}

/// An object that `gc` had renamed, and was killed before it removed it.
fn given_back(look: &Look<'_>, digest: Digest, named: &BTreeMap<Digest, Named>) -> Finding {
    let hex = digest.to_hex();
    let path = format!("objects/{}/{CONDEMNED_PREFIX}{}", &hex[..2], &hex[2..]);
    let wanted = named.contains_key(&digest) && !look.known.objects.contains_key(&digest);
    let (severity, cost) = match wanted {
        true => (Severity::Repairable, "nothing once it has its name again"),
        false => (Severity::Harmless, "nothing: no record names it"),
    };
    Finding::new(severity, Kind::HalfWritten, path, "`jem store gc` was stopped as it removed it")
        .costs(cost)
        .repaired(Repair::Restore(path_of(digest)), None)
}

fn orphans(look: &Look<'_>, named: &BTreeMap<Digest, Named>) -> Option<Finding> {
    let known = look.known;
    let inner: BTreeSet<&Digest> = known.inner.values().flat_map(|inner| &inner.named).collect();
    let elsewhere = super::records::named(look);
    let (mut count, mut bytes) = (0u64, 0);
    for (digest, size) in &known.objects {
        if !named.contains_key(digest) && !inner.contains(digest) && !elsewhere.contains(digest) {
            (count, bytes) = (count + 1, bytes + size);
        }
    }
    let what = format!("{count} objects ({bytes} bytes) that no record names");
    let cost = match (known.manifests.is_empty(), look.live.is_empty()) {
        _ if !look.all_is_read() => "nothing, unless a record that cannot be read names them",
        (true, _) => "nothing, unless the runs that name them are only away for a while",
        (false, false) => "nothing: a run that goes on may be writing them",
        (false, true) => "nothing but their room on the disk",
    };
    (count > 0).then(|| {
        let found = Finding::new(Severity::Harmless, Kind::OrphanedObjects, "objects", what);
        // Where something cannot be read, to sweep is no advice.
        match look.all_is_read() && !known.manifests.is_empty() {
            true => found.costs(cost).mended_by("jem store gc"),
            false => found.costs(cost),
        }
    })
}
