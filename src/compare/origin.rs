//! In what environment the results of both sides were made.

use super::pairs::Point;
use super::{Change, Side};
use crate::table::{Results, TrialResult};

/// Something known of the origin of a trial, in words.
type Fact = fn(&TrialResult) -> String;

/// What is known of the environment of both sides, equal or not: environment
/// keys, libtorch, machines, Cargo.lock, commits and whether these were dirty.
pub(super) fn environment(a: &Side, b: &Side, points: &[Point<'_>]) -> Vec<Change> {
    let keys = |which: usize| {
        let planned = points.iter().flat_map(|point| point.seeds.values());
        let done = planned.filter_map(|pair| pair[which].as_ref());
        distinct(done.filter(|trial| trial.result.is_some()).map(|t| t.environment.clone()))
    };
    let mut found = vec![Change { what: "environment key".to_owned(), a: keys(0), b: keys(1) }];
    let facts: [(&str, Fact); 6] = [
        ("libtorch", |trial| {
            trial.provenance.libtorch.clone().unwrap_or_else(|| "unknown".to_owned())
        }),
        ("processor", |trial| trial.hardware.text()),
        ("GPU", |trial| named(&trial.provenance.host.gpus.join(" + "))),
        ("Cargo.lock", |trial| {
            let source = trial.provenance.source.as_ref();
            let lock = source.and_then(|source| source.cargo_lock);
            lock.map_or_else(|| "none".to_owned(), |digest| digest.short(10))
        }),
        ("commit of the runs", TrialResult::commit),
        ("version of jem", |trial| trial.provenance.version.clone()),
    ];
    for (what, fact) in facts {
        let of = |results: &Results| distinct(results.trials.iter().map(fact));
        found.push(Change { what: what.to_owned(), a: of(&a.results), b: of(&b.results) });
    }
    let dirty = |results: &Results| if results.dirty() { "yes" } else { "no" }.to_owned();
    found.push(Change {
        what: "a run from a dirty checkout".to_owned(),
        a: dirty(&a.results),
        b: dirty(&b.results),
    });
    found
}

fn named(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.to_owned() }
}

/// Each text once, in the order of its first.
fn distinct(texts: impl Iterator<Item = String>) -> String {
    let mut found: Vec<String> = Vec::new();
    for text in texts {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    if found.is_empty() { "–".to_owned() } else { found.join("; ") }
}
