//! The power fails after every change that a worker makes to the store, in the
//! manner of ALICE (Pillai et al., OSDI 2014): what was not synced is lost, cut
//! off or zeros, in every way that matters and in random ones. Afterwards
//! nothing half-written may be believed, all that was promised must be there,
//! and the same work done again must come to the same results.
//!
//! Kill −9 cannot show a missing sync, since the kernel keeps what it was told.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod disk;
mod work;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use disk::{Disk, Leaves, Tree};
use jem_core::digest::Digest;
use jem_core::durable::{Operation, Trace};
use jem_core::store::Store;
use rayon::prelude::*;
use work::{Promise, STORE, runs, work};

/// Random subsets tried at each point.
const SUBSETS: u64 = 4;

/// A folder where syncs cost nothing, where there is one.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap()
}

struct Undisturbed {
    trace: Vec<Operation>,
    results: Vec<Digest>,
    tree: Tree,
}

static UNDISTURBED: LazyLock<Undisturbed> = LazyLock::new(|| {
    let folder = folder();
    let trace = Trace::of(folder.path());
    let results = work(folder.path(), &|text| trace.mark(text));
    let tree = Tree::of(folder.path());
    Undisturbed { trace: trace.operations(), results, tree }
});

/// What was promised when the power failed.
#[derive(Clone, Default)]
struct Promised {
    objects: Vec<Digest>,
    runs: Vec<usize>,
    files: BTreeMap<PathBuf, Digest>,
}

impl Promised {
    fn take(&mut self, text: &str) {
        match Promise::parse(text) {
            Promise::Object(digest) => self.objects.push(digest),
            Promise::Run(run) => {
                let place = runs().into_iter().flatten().position(|known| known == run);
                self.runs.extend(place);
            }
            Promise::File(path, digest) => drop(self.files.insert(path, digest)),
            Promise::NoFile(path) => drop(self.files.remove(&path)),
        }
    }
}

/// What is wrong with the store below `base`, if anything is.
fn judge(base: &Path, promised: &Promised) -> Result<(), String> {
    let store = Store::open(&base.join(STORE)).map_err(|e| e.to_string())?;
    for (n, run) in runs().into_iter().flatten().enumerate() {
        match store.done(run).map_err(|e| e.to_string())? {
            Some(manifest) => {
                for (name, artifact) in manifest.results.iter().chain(&manifest.records) {
                    let bytes = store.get(artifact.digest).map_err(|e| format!("{name}: {e}"))?;
                    if bytes.len() as u64 != artifact.size {
                        return Err(format!("{name} of run {n} has another size"));
                    }
                }
                if manifest.results_digest() != UNDISTURBED.results[n] {
                    return Err(format!("run {n} has other results"));
                }
            }
            None if promised.runs.contains(&n) => return Err(format!("run {n} was done")),
            None => {}
        }
    }
    for (run, manifest) in store.manifests().map_err(|e| e.to_string())? {
        manifest.map_err(|e| format!("{run}: {e}"))?;
    }
    for digest in &promised.objects {
        store.get(*digest).map_err(|e| format!("an object that was put: {e}"))?;
    }
    for (path, digest) in &promised.files {
        let found = fs::read(base.join(path)).ok().map(|bytes| Digest::of(&bytes));
        if found != Some(*digest) {
            return Err(format!("{} was written", path.display()));
        }
    }
    // Of a record there is the whole or nothing.
    for run in runs().into_iter().flatten() {
        for record in store.checkpoints(run).found().map_err(|e| e.to_string())? {
            record.map_err(|e| format!("a checkpoint: {e}"))?;
        }
    }
    store.tags().map_err(|e| e.to_string())?;
    store.accepted().map_err(|e| e.to_string())?;
    store.holders().map(drop).map_err(|e| e.to_string())
}

/// Lets the power fail after every prefix of `trace`; the number of states
/// that differ, or what is wrong in one of them. Where `again`, all work is
/// done again on each.
fn crash(trace: &[Operation], again: bool) -> Result<usize, String> {
    let (mut disk, mut promised) = (Disk::new(), Promised::default());
    let mut seen = HashSet::new();
    for (n, operation) in trace.iter().enumerate() {
        disk.take(operation);
        if let Operation::Mark(text) = operation {
            promised.take(text);
        }
        let certain = [Leaves::All, Leaves::Nothing, Leaves::Names, Leaves::Zeros, Leaves::Bytes];
        let seeds = (0..SUBSETS).map(|k| Leaves::Some(n as u64 * SUBSETS + k));
        let mark = matches!(operation, Operation::Mark(_)).then_some(n);
        let states = certain.into_iter().chain(seeds).map(|leaves| (leaves, disk.after(leaves)));
        let states = states.filter(|(_, tree)| seen.insert((tree.digest(), mark)));
        let states: Vec<(Leaves, Tree)> = states.collect();
        let wrong = states.par_iter().find_map_first(|(leaves, tree)| {
            let wrong = survive(tree, &promised, again).err()?;
            Some(format!("after {n} ({operation:?}), {leaves:?} left: {wrong}"))
        });
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
    }
    Ok(seen.len())
}

fn survive(tree: &Tree, promised: &Promised, again: bool) -> Result<(), String> {
    let folder = folder();
    tree.lay_out(folder.path());
    judge(folder.path(), promised)?;
    if again {
        if work(folder.path(), &|_| ()) != UNDISTURBED.results {
            return Err("done again, the results differ".to_owned());
        }
        // Checkpoints have served by now.
        judge(folder.path(), &Promised { files: BTreeMap::new(), ..promised.clone() })?;
    }
    Ok(())
}

#[test]
fn the_trace_tells_all_that_is_on_the_disk() {
    let mut disk = Disk::new();
    UNDISTURBED.trace.iter().for_each(|operation| disk.take(operation));
    assert_eq!(disk.after(Leaves::All), UNDISTURBED.tree);
    let number = |wanted: fn(&Operation) -> bool| {
        let found = UNDISTURBED.trace.iter().filter(|operation| wanted(operation)).count();
        assert!(found > 0);
    };
    number(|o| matches!(o, Operation::Link { .. }));
    number(|o| matches!(o, Operation::Rename { .. }));
    number(|o| matches!(o, Operation::RemoveFolder(_)));
}

#[test]
fn after_a_loss_of_power_at_any_point_nothing_false_is_believed_and_nothing_promised_is_lost() {
    let begun = std::time::Instant::now();
    match crash(&UNDISTURBED.trace, true) {
        Ok(states) => eprintln!(
            "{} operations, {states} states after a crash, {:.1} s",
            UNDISTURBED.trace.len(),
            begun.elapsed().as_secs_f64()
        ),
        Err(wrong) => panic!("{wrong}"),
    }
}

/// The trace of a program that does not do what `left_out` names.
fn without(left_out: impl Fn(&Operation) -> bool) -> Vec<Operation> {
    UNDISTURBED.trace.iter().filter(|operation| !left_out(operation)).cloned().collect()
}

fn is_below(path: &Path, folder: &str) -> bool {
    path.starts_with(Path::new(STORE).join(folder))
}

#[test]
fn a_program_that_leaves_out_one_kind_of_sync_is_caught() {
    type Kind<'a> = (&'a str, &'a (dyn Fn(&Operation) -> bool + Sync));
    let depth = |path: &Path| path.strip_prefix(STORE).map_or(0, |path| path.iter().count());
    let file =
        |o: &Operation, folder: &str| matches!(o, Operation::SyncFile(p) if is_below(p, folder));
    let at = |o: &Operation, folder: &str, n: usize| matches!(o, Operation::SyncFolder(p) if is_below(p, folder) && depth(p) == n);
    let checkpoints =
        |o: &Operation| matches!(o, Operation::SyncFolder(p) if p.ends_with("checkpoints"));
    let kinds: [Kind<'_>; 14] = [
        ("every file", &|o| matches!(o, Operation::SyncFile(_))),
        ("every folder", &|o| matches!(o, Operation::SyncFolder(_))),
        ("the bytes of objects", &|o| file(o, "objects")),
        ("the bytes of manifests and checkpoints", &|o| file(o, "runs")),
        ("the bytes of tags", &|o| file(o, "tags")),
        ("the bytes of what was accepted", &|o| file(o, "accepted")),
        ("the names of what was accepted", &|o| at(o, "accepted", 1)),
        ("the names of objects", &|o| at(o, "objects", 2)),
        ("the folders of objects", &|o| at(o, "objects", 1)),
        ("the names of manifests", &|o| at(o, "runs", 2)),
        ("the names of runs", &|o| at(o, "runs", 1)),
        ("the names of checkpoints", &checkpoints),
        ("the names of tags", &|o| at(o, "tags", 1)),
        ("the names in the store's folder", &|o| at(o, "", 0)),
    ];
    for (name, left_out) in kinds {
        let trace = without(left_out);
        assert!(trace.len() < UNDISTURBED.trace.len(), "no sync of {name} in the trace");
        assert!(crash(&trace, false).is_err(), "without the sync of {name} nothing is noticed");
    }
}

#[test]
fn a_program_that_renames_before_it_syncs_is_caught() {
    let mut trace = UNDISTURBED.trace.clone();
    let mut swapped = 0;
    for n in 1..trace.len() {
        if let (Operation::SyncFile(_), Operation::Rename { to, .. }) = (&trace[n - 1], &trace[n]) {
            let to = to.clone();
            trace.swap(n - 1, n);
            trace[n] = Operation::SyncFile(to);
            swapped += 1;
        }
    }
    assert!(swapped > 10);
    let wrong = crash(&trace, false).unwrap_err();
    eprintln!("caught: {wrong}");
}

#[test]
fn a_program_that_writes_its_manifest_before_its_results_is_caught() {
    // The manifest's operations, moved before those of the first object.
    let trace = &UNDISTURBED.trace;
    let is =
        |o: &Operation, name: &str| matches!(o, Operation::Rename { to, .. } if to.ends_with(name));
    let renamed = trace.iter().position(|o| is(o, "manifest.json")).unwrap();
    let (from, to) = (renamed - 3, renamed + 2);
    let object = trace
        .iter()
        .position(|o| matches!(o, Operation::Rename { to, .. } if is_below(to, "objects")));
    let before = object.unwrap() - 3;
    let mut moved: Vec<Operation> = trace[..before].to_vec();
    moved.extend_from_slice(&trace[from..to]);
    moved.extend_from_slice(&trace[before..from]);
    moved.extend_from_slice(&trace[to..]);
    // A manifest without its objects is no run that is done: nothing false is
    // believed, so this alone is harmless; with a promise it is caught.
    assert!(crash(&moved, false).is_ok());
    let promise =
        trace[renamed..].iter().find(|o| matches!(o, Operation::Mark(t) if t.starts_with("run")));
    moved.insert(before + (to - from), promise.unwrap().clone());
    assert!(crash(&moved, false).is_err());
}
