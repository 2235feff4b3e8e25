//! Leases: those that cannot be read, and those whose holder is gone.

use std::collections::BTreeMap;

use super::super::survey::{File, Place};
use super::super::{Holder, Life};
use super::finding::{Finding, Kind, Repair, Severity};
use super::whole::Look;
use crate::durable;
use crate::id::RunId;

/// The files of one lease that matter.
#[derive(Default)]
struct Here<'a> {
    /// The highest generation: it is the lease.
    last: Option<(u64, &'a File)>,
    released: Vec<u64>,
}

pub(super) fn check(look: &Look<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut leases: BTreeMap<RunId, Here<'_>> = BTreeMap::new();
    for (file, (run, name)) in look.survey.each(|place| match place {
        Place::Lease(run, name) => Some((*run, name.as_str())),
        _ => None,
    }) {
        let here = leases.entry(run).or_default();
        if let Some(generation) = name.strip_suffix(".released").and_then(|n| n.parse().ok()) {
            here.released.push(generation);
        } else if let Ok(generation) = name.parse::<u64>() {
            let last = here.last.filter(|(last, _)| *last > generation);
            here.last = last.or(Some((generation, file)));
        } else if name.strip_suffix(".beat").is_none_or(|n| n.parse::<u64>().is_err()) {
            let what = "no file of a lease has this name; it is left alone";
            found.push(Finding::new(Severity::Harmless, Kind::Foreign, &file.path, what));
        }
    }
    for (run, here) in leases {
        if let Some((generation, file)) = here.last
            && !here.released.contains(&generation)
        {
            found.extend(told(look, run, file));
        }
    }
    found
}

/// What is wrong with a lease that is not released.
fn told(look: &Look<'_>, run: RunId, file: &File) -> Option<Finding> {
    let bytes = durable::read(&look.store.root().join(&file.path)).ok()?;
    let holder: Option<Holder> = serde_json::from_slice(&bytes).ok();
    let folder = format!("leases/{run}");
    let Some(holder) = holder else {
        let what = "it does not say who holds it";
        return Some(
            Finding::new(Severity::Harmless, Kind::BadLease, &file.path, what)
                .costs("nothing: the next `jem run` waits until it is stale, and takes it over")
                .repaired(Repair::Lease(folder), Some(run)),
        );
    };
    let why = match (holder.life(), look.live.contains_key(&run)) {
        (Life::Alive, _) | (Life::Unknown, true) => return None,
        (Life::Gone, _) => "is gone",
        (Life::Unknown, false) => "did not show itself while we watched",
    };
    let what = format!("its holder {} {why}", holder.place());
    Some(
        Finding::new(Severity::Harmless, Kind::DeadLease, &file.path, what)
            .costs("nothing: the next `jem run` takes it over")
            .repaired(Repair::Lease(folder), Some(run)),
    )
}
