//! Checkpoints: those that training cannot go on from, and what is left of
//! those that nobody needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use rayon::prelude::*;
use serde_json::Value;

use super::super::manifest::Artifact;
use super::super::survey::{File, Place};
use super::cost::about;
use super::finding::{Finding, Kind, Repair, Severity};
use super::whole::Look;
use crate::digest::Digest;
use crate::id::RunId;

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
        let bytes = match fs::read(look.store.root().join(&file.path)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                found.push(super::whole::unreadable(&file.path, &error.to_string()));
                continue;
            }
        };
        let record: Option<Value> = serde_json::from_slice(&bytes).ok();
        let fault = match &record {
            None => Some("it is not JSON".to_owned()),
            Some(record) => {
                let states = states(record);
                named.extend(states.iter().flatten().map(|state| state.digest));
                fault(run, record, &states, here, &altered)
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
        let bytes = fs::read(look.store.root().join(&file.path)).ok()?;
        (look.read)(file.size);
        (Digest::of(&bytes) != **digest).then_some(**digest)
    };
    states.par_iter().filter_map(altered).collect()
}

/// The states that a record names; none where it names them in no way that is
/// known here.
fn states(record: &Value) -> Option<Vec<Artifact>> {
    let one = |value: &Value| serde_json::from_value::<Artifact>(value.clone()).ok();
    let points = record["points"].as_array().map(Vec::as_slice).unwrap_or_default();
    std::iter::once(&record["state"]).chain(points).map(one).collect()
}

fn fault(
    run: RunId,
    record: &Value,
    states: &Option<Vec<Artifact>>,
    here: &Here<'_>,
    altered: &BTreeSet<Digest>,
) -> Option<String> {
    if record["run"].as_str() != Some(run.to_string().as_str()) {
        return Some("it is of another run".to_owned());
    }
    let Some(states) = states else {
        return Some("it does not say what it consists of".to_owned());
    };
    states.iter().find_map(|state| {
        let short = state.digest.short(10);
        match here.states.get(&state.digest) {
            None => Some(format!("its state {short} is not there")),
            Some(_) if altered.contains(&state.digest) => {
                Some(format!("its state {short} is altered"))
            }
            Some(file) if file.size != state.size => {
                Some(format!("its state {short} has {} bytes, not {}", file.size, state.size))
            }
            Some(_) => None,
        }
    })
}

fn cost(record: Option<&Value>) -> String {
    let most = record.and_then(|record| record["seconds"].as_f64());
    let most = most.map(|seconds| format!(": at most {} of training", about(seconds)));
    format!(
        "no result: training goes on from the checkpoint before it, or begins again{}",
        most.unwrap_or_default()
    )
}
