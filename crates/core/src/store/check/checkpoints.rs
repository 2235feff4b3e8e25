//! Checkpoints: those that training cannot go on from, and what is left of
//! those that nobody needs.

use std::collections::{BTreeMap, BTreeSet};

use super::super::manifest::Artifact;
use super::super::survey::{File, Place};
use super::super::{CheckpointRecord, StoreError};
use super::cost::about;
use super::finding::{Finding, Kind, Repair, Severity};
use super::whole::Look;
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;
use rayon::prelude::*;

/// The files of the checkpoints of one run.
#[derive(Default)]
struct Here<'a> {
    records: Vec<&'a File>,
    states: BTreeMap<Digest, &'a File>,
}

pub(super) fn check(look: &Look<'_>) -> Vec<Finding> {
    let mut here: BTreeMap<RunId, Here<'_>> = BTreeMap::new();
    for file in &look.survey.files {
        match &file.place {
            Place::Checkpoint(run) => here.entry(*run).or_default().records.push(file),
            Place::State(run, digest) => {
                here.entry(*run).or_default().states.insert(*digest, file);
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for (run, here) in here {
        // They come and go while their run goes on.
        if look.live.contains_key(&run) {
            continue;
        }
        if look.known.trained(run) {
            found.push(left(run, &here));
        } else {
            found.extend(of_run(look, run, &here));
        }
    }
    found
}

fn left(run: RunId, here: &Here<'_>) -> Finding {
    // Records first, so that none is ever there without its states.
    let files: Vec<&&File> = here.records.iter().chain(here.states.values()).collect();
    let bytes: u64 = files.iter().map(|file| file.size).sum();
    let path = format!("runs/{run}/checkpoints");
    let what = format!("{} files ({bytes} bytes) of a training that is done", files.len());
    let paths = files.into_iter().map(|file| file.path.clone()).collect();
    Finding::new(Severity::Harmless, Kind::LeftCheckpoint, path, what)
        .costs("nothing but their room on the disk")
        .repaired(Repair::Remove(paths), Some(run))
}

fn of_run(look: &Look<'_>, run: RunId, here: &Here<'_>) -> Vec<Finding> {
    let altered = altered_states(look, here);
    let mut found = Vec::new();
    let mut named = BTreeSet::new();
    for file in &here.records {
        let path = look.store.root().join(&file.path);
        let (record, fault) = match look.store.checkpoints(run).read(&path) {
            Ok(None) => continue,
            Ok(Some(record)) => {
                let states = record.points.iter().chain([&record.state]);
                named.extend(states.clone().map(|state| state.digest));
                let fault = states.into_iter().find_map(|state| fault(state, here, &altered));
                (Some(record), fault)
            }
            Err(StoreError::Unreadable { reason, .. }) => (None, Some(reason)),
            Err(StoreError::Newer { found: format, .. }) => {
                let what = format!("it has format {format}");
                let newer = Finding::new(Severity::Repairable, Kind::NewerRecord, &file.path, what);
                found.push(newer.mended_by("a newer jem"));
                continue;
            }
            Err(error) => {
                found.push(super::whole::unreadable(look, &file.path, &error.to_string()));
                continue;
            }
        };
        if let Some(fault) = fault {
            found.push(
                Finding::new(Severity::Loss, Kind::BadCheckpoint, &file.path, fault)
                    .costs(cost(record.as_ref()))
                    .mended_by("the same jem run")
                    .repaired(Repair::Aside, Some(run)),
            );
        }
    }
    for digest in &altered {
        let path = here.states[digest].path.clone();
        let what = "its bytes are not those that its name promises";
        found.push(
            Finding::new(Severity::Loss, Kind::BadCheckpoint, path, what)
                .costs(cost(None))
                .mended_by("the same jem run")
                .repaired(Repair::Aside, Some(run)),
        );
    }
    let unnamed = here.states.iter().filter(|(d, _)| !named.contains(d) && !altered.contains(d));
    for (_, file) in unnamed {
        let what = format!("{} bytes of a checkpoint that is not recorded", file.size);
        found.push(
            Finding::new(Severity::Harmless, Kind::LeftCheckpoint, &file.path, what)
                .costs("nothing: it was never believed")
                .repaired(Repair::Remove(vec![file.path.clone()]), Some(run)),
        );
    }
    found
}

fn altered_states(look: &Look<'_>, here: &Here<'_>) -> BTreeSet<Digest> {
    if look.options.quick {
        return BTreeSet::new();
    }
    let states: Vec<(&Digest, &&File)> = here.states.iter().collect();
    let altered = |(digest, file): &(&Digest, &&File)| {
        let bytes = durable::read(&look.store.root().join(&file.path)).ok()?;
        (look.read)(file.size);
        (Digest::of(&bytes) != **digest).then_some(**digest)
    };
    states.par_iter().filter_map(altered).collect()
}

/// What is wrong with a state that a record names.
fn fault(state: &Artifact, here: &Here<'_>, altered: &BTreeSet<Digest>) -> Option<String> {
    let short = state.digest.short(10);
    match here.states.get(&state.digest) {
        None => Some(format!("its state {short} is not there")),
        Some(_) if altered.contains(&state.digest) => Some(format!("its state {short} is altered")),
        Some(file) if file.size != state.size => {
            Some(format!("its state {short} has {} bytes, not {}", file.size, state.size))
        }
        Some(_) => None,
    }
}

fn cost(record: Option<&CheckpointRecord>) -> String {
    let most = record.map(|record| format!(": at most {} of training", about(record.seconds)));
    format!(
        "no result: training goes on from the checkpoint before it, or begins again{}",
        most.unwrap_or_default()
    )
}
