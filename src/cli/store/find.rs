//! What a person means by the beginning of an id.

use std::collections::BTreeSet;

use jem_core::digest::Digest;
use jem_core::store::{Listing, RunLine};

use crate::cli::{CliError, Exit};

/// Candidates that are named, at most.
const NAMED: usize = 10;

/// What a person meant.
#[derive(Debug)]
pub enum Found<'a> {
    /// One run.
    Run(&'a RunLine),
    /// The runs of one trial, trainings first.
    Trial(Vec<&'a RunLine>),
    /// One object.
    Object(Digest),
}

/// What `prefix` is the beginning of: a run's, a trial's or an object's id.
///
/// # Errors
/// When it is the beginning of nothing, or of several; they are then named.
pub fn find<'a>(listing: &'a Listing, prefix: &str) -> Result<Found<'a>, CliError> {
    let wrong = |message: String| CliError::new(Exit::BadInput, message);
    let lower = prefix.to_ascii_lowercase();
    if lower.is_empty() || lower.len() > 64 || !lower.chars().all(|c| c.is_ascii_hexdigit()) {
        let message = format!("`{prefix}` is no beginning of an id: it has 0–9 and a–f only");
        return Err(wrong(message).hint("jem store ls"));
    }
    let begins = |digest: Digest| digest.to_hex().starts_with(&lower);
    let runs: Vec<&RunLine> =
        listing.runs.iter().filter(|run| begins(run.manifest.run.digest())).collect();
    let of_trials: Vec<&RunLine> =
        listing.runs.iter().filter(|run| begins(run.manifest.trial.digest())).collect();
    let trials: BTreeSet<_> = of_trials.iter().map(|run| run.manifest.trial).collect();
    let objects: Vec<Digest> = listing.objects.keys().copied().filter(|d| begins(*d)).collect();
    match (runs.as_slice(), trials.len(), objects.as_slice()) {
        ([run], 0, []) => Ok(Found::Run(run)),
        ([], 1, []) => Ok(Found::Trial(of_trials)),
        ([], 0, [object]) => Ok(Found::Object(*object)),
        ([], 0, []) => match listing.unreadable.iter().find(|(run, ..)| begins(run.digest())) {
            Some((_, path, reason)) => {
                Err(wrong(format!("{path} cannot be believed: {reason}")).hint("jem store fsck"))
            }
            None => Err(wrong(format!("no run, trial or object begins with `{prefix}`"))
                .hint("jem store ls")),
        },
        _ => {
            let runs = runs.iter().map(|run| format!("run {} {}", run.manifest.run, run.label));
            let trials = trials.iter().map(|trial| format!("trial {trial}"));
            let objects = objects.iter().map(|object| format!("object {object}"));
            let all: Vec<String> = runs.chain(trials).chain(objects).collect();
            let mut message = format!("`{prefix}` is the beginning of {} ids:", all.len());
            for one in all.iter().take(NAMED) {
                message += &format!("\n  {one}");
            }
            if all.len() > NAMED {
                message += &format!("\n  and {} more", all.len() - NAMED);
            }
            Err(wrong(message).hint("more of its characters"))
        }
    }
}
