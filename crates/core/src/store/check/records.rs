//! Tags, acceptances, and what was known at a commit.

use std::collections::BTreeSet;

use super::super::StoreError;
use super::super::known::named_digests;
use super::super::survey::{File, Place};
use super::super::tags::Tag;
use super::finding::{Finding, Kind, Repair, Severity};
use super::whole::{Look, unreadable};
use crate::digest::Digest;
use crate::durable;
use crate::id::RunId;

pub(super) fn check(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &look.survey.files {
        let check: fn(&Look<'_>, &File, &str, &[u8]) -> Option<Finding> = match &file.place {
            Place::Tag(_) => tag,
            Place::Accepted(_) => accepted,
            Place::Commit(_) => commit,
            Place::Wanted(id) => {
                found.extend(wanted(look, file, *id));
                continue;
            }
            _ => continue,
        };
        let (Place::Tag(name) | Place::Accepted(name) | Place::Commit(name)) = &file.place else {
            continue;
        };
        match durable::read(&look.store.root().join(&file.path)) {
            Ok(bytes) => found.extend(check(look, file, name, &bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => found.push(unreadable(look, &file.path, &error.to_string())),
        }
    }
    found
}

/// Every digest that a tag, an acceptance or a commit's record names.
pub(super) fn named(look: &Look<'_>) -> BTreeSet<Digest> {
    let records =
        look.survey.files.iter().filter(|file| {
            matches!(file.place, Place::Tag(_) | Place::Accepted(_) | Place::Commit(_))
        });
    let read = |file: &File| durable::read(&look.store.root().join(&file.path)).unwrap_or_default();
    records.flat_map(|file| named_digests(&read(file))).collect()
}

/// Runs named in damaged text that are there all the same.
fn salvaged(look: &Look<'_>, bytes: &[u8]) -> String {
    let named = named_digests(bytes).into_iter().map(RunId::from_digest);
    let there: Vec<String> =
        named.filter(|run| look.known.manifests.contains_key(run)).map(|run| run.short()).collect();
    match there.is_empty() {
        true => String::new(),
        false => format!(" (it still names {})", there.join(" ")),
    }
}

fn tag(look: &Look<'_>, file: &File, name: &str, bytes: &[u8]) -> Option<Finding> {
    let tag = match Tag::parse(name, bytes) {
        Ok(tag) => tag,
        Err(reason) => {
            let what = reason + &salvaged(look, bytes);
            return Some(
                Finding::new(Severity::Loss, Kind::BadTag, &file.path, what)
                    .costs("no run: but the tag keeps nothing, and gc refuses until it is mended")
                    .mended_by(format!("jem store tag {name} with its experiment or runs"))
                    .repaired(Repair::Aside, None),
            );
        }
    };
    let gone: BTreeSet<RunId> = not_whole(look, &tag.runs);
    (!gone.is_empty()).then(|| {
        let what = format!("{} of its {} runs are not whole", gone.len(), tag.runs.len());
        Finding::new(Severity::Loss, Kind::Dangling, &file.path, what)
            .costs(look.cost_of(&gone))
            .mended_by(format!("{}, or jem store untag {name}", look.command_for(&gone)))
    })
}

fn not_whole(look: &Look<'_>, runs: &[RunId]) -> BTreeSet<RunId> {
    let whole = |run: &RunId| {
        look.known.manifests.get(run).is_some_and(|manifest| look.known.whole(manifest))
    };
    runs.iter().filter(|run| !whole(run)).copied().collect()
}

/// The record that a person gave other runs the place of the wanted ones.
fn accepted(look: &Look<'_>, file: &File, wanted: &str, bytes: &[u8]) -> Option<Finding> {
    let bad = |what: &str| {
        let what = what.to_owned() + &salvaged(look, bytes);
        Some(
            Finding::new(Severity::Loss, Kind::BadAcceptance, &file.path, what)
                .costs("no run: but the trial counts as stale again, and would be run")
                .mended_by("jem accept TRIAL --because \"…\"")
                .repaired(Repair::Aside, None),
        )
    };
    let Ok(run) = Digest::parse(wanted) else { return bad("its name is no run's") };
    let path = look.store.root().join(&file.path);
    let used = match super::super::accepted::parse(&path, RunId::from_digest(run), bytes) {
        Ok(record) => record.used,
        Err(error) => return bad(&reason(error)),
    };
    let gone = not_whole(look, &[used.training, used.evaluation]);
    (!gone.is_empty()).then(|| {
        let what = "the runs that it accepts are not whole";
        Finding::new(Severity::Loss, Kind::Dangling, &file.path, what)
            .costs("the trial will be trained and evaluated again, with today's code")
            .mended_by("jem run with its experiment's file")
    })
}

/// What a command counts on: left by one that is gone, or not readable.
fn wanted(look: &Look<'_>, file: &File, id: RunId) -> Option<Finding> {
    if !look.live.contains_key(&id) {
        let what = "what a command counted on that is gone";
        return Some(
            Finding::new(Severity::Harmless, Kind::HalfWritten, &file.path, what)
                .costs("nothing: it keeps no run any more")
                .repaired(Repair::Leftover, Some(id)),
        );
    }
    let bytes = durable::read(&look.store.root().join(&file.path)).ok()?;
    let path = look.store.root().join(&file.path);
    let what = reason(super::super::wanted::parse(&path, &bytes).err()?);
    Some(
        Finding::new(Severity::Repairable, Kind::BadWanted, &file.path, what)
            .costs("nothing: but gc refuses until the command that wrote it is over")
            .mended_by("wait for that command"),
    )
}

fn commit(look: &Look<'_>, file: &File, commit: &str, bytes: &[u8]) -> Option<Finding> {
    let path = look.store.root().join(&file.path);
    let what = reason(super::super::commits::parse(&path, commit, bytes).err()?);
    Some(
        Finding::new(Severity::Repairable, Kind::BadCommit, &file.path, what)
            .costs("nothing: the next command at that commit writes it again; until then `jem explain` and `jem compare` know less of it")
            .repaired(Repair::Aside, None),
    )
}

/// What is wrong with a record, without its path.
fn reason(error: StoreError) -> String {
    match error {
        StoreError::Unreadable { reason, .. } => reason,
        other => other.to_string(),
    }
}
