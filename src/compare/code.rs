//! In which modules and crates the code of two sides differs.

use std::collections::{BTreeMap, BTreeSet};

use jem_core::digest::Digest;
use serde::Serialize;

use super::Known;

/// A stage whose code differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodeChange {
    /// `training` or `evaluation`.
    pub stage: &'static str,
    /// The fingerprint on side A.
    pub from: Digest,
    /// The fingerprint on side B.
    pub to: Digest,
    /// `a.rs`, `b.rs (new)`, `c.rs (gone)`, `crate tch 0.24.0 → 0.25.0`; empty
    /// where one of the sides does not know its parts.
    pub parts: Vec<String>,
}

/// The stages whose code differs; none where nothing numeric changed.
pub(super) fn code_changes(a: &Known, b: &Known) -> Vec<CodeChange> {
    let mut found = Vec::new();
    if a.stages.training != b.stages.training {
        found.push(CodeChange {
            stage: "training",
            from: a.stages.training,
            to: b.stages.training,
            parts: changed(&a.parts.training, &b.parts.training),
        });
    }
    let parts = changed(&a.parts.evaluation, &b.parts.evaluation);
    // The fingerprint of an evaluation is over that of training as well: where
    // that differs, the parts alone tell whether evaluation does.
    let alone = found.is_empty() && a.stages.evaluation != b.stages.evaluation;
    if alone || !parts.is_empty() {
        let (from, to) = (a.stages.evaluation, b.stages.evaluation);
        found.push(CodeChange { stage: "evaluation", from, to, parts });
    }
    found
}

/// The parts in which `b` differs from `a`; none where either does not know
/// its parts.
fn changed(a: &BTreeMap<String, Digest>, b: &BTreeMap<String, Digest>) -> Vec<String> {
    if a.is_empty() || b.is_empty() {
        return Vec::new();
    }
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        match (a.get(name), b.get(name)) {
            (Some(from), Some(to)) if from == to => {}
            (Some(_), Some(_)) => found.push(name.clone()),
            (Some(_), None) => match other_version(name, a, b) {
                Some(version) => found.push(format!("{name} → {version}")),
                None => found.push(format!("{name} (gone)")),
            },
            // A version that came in the place of another is told with it.
            (None, _) if other_version(name, b, a).is_some() => {}
            (None, _) => found.push(format!("{name} (new)")),
        }
    }
    found
}

/// The version of the crate `name`, one of `here`, that is only `there`.
fn other_version<'p>(
    name: &str,
    here: &BTreeMap<String, Digest>,
    there: &'p BTreeMap<String, Digest>,
) -> Option<&'p str> {
    let (head, _) = name.rsplit_once(' ')?;
    there.keys().filter(|other| !here.contains_key(*other)).find_map(|other| {
        let (other, version) = other.rsplit_once(' ')?;
        (other == head).then_some(version)
    })
}
