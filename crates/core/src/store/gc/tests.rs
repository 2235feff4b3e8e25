#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::super::sample::{Pair, Sample};
use super::super::survey::{Place, Survey};
use super::super::{CheckOptions, Claim, Leases, Severity, Store, Tag, check};
use super::*;
use crate::durable::{Operation, Trace};
use crate::id::RunId;

fn at_once() -> GcOptions {
    GcOptions { grace: Duration::ZERO, ..GcOptions::default() }
}

fn nothing() -> Result<Outside, GcError> {
    Ok(Outside::new())
}

fn whole(store: &Store, pair: Pair) -> bool {
    [pair.training, pair.evaluation].iter().all(|run| store.done(*run).unwrap().is_some())
}

fn worst(store: &Store) -> Option<Severity> {
    check(store.root(), &CheckOptions::default(), &|_| Box::new(|_| {})).worst()
}

/// Two trials, of which the first is tagged, all of it old.
fn tagged() -> (Sample, Pair, Pair) {
    let sample = Sample::new();
    let (kept, other) = (sample.record(0.0, 0, "code"), sample.record(0.5, 1, "code"));
    let tag = Tag::new("paper", vec![kept.evaluation], None);
    sample.store.put_tag(&tag, false).unwrap();
    sample.age();
    (sample, kept, other)
}

#[test]
fn without_a_report_or_tag_nothing_goes_unless_all_is_said() {
    let sample = Sample::new();
    sample.record(0.0, 0, "code");
    sample.age();
    let refused = sweep(&sample.store, &at_once(), &nothing).unwrap_err();
    assert!(refused.to_string().contains("jem store tag NAME SPEC first, or --all"), "{refused}");
    let all = GcOptions { all: true, ..at_once() };
    let swept = sweep(&sample.store, &all, &nothing).unwrap();
    assert_eq!(swept.runs, 2);
    let left: Vec<_> = sample
        .files()
        .iter()
        .map(|p| p.strip_prefix(sample.store.root()).unwrap().to_owned())
        .collect();
    assert_eq!(left, [std::path::PathBuf::from("format")]);
}

#[test]
fn a_tag_keeps_an_evaluation_its_training_and_all_that_their_records_name() {
    let (sample, kept, other) = tagged();
    let plan = GcPlan::of(&sample.store, &at_once(), &Outside::new()).unwrap();
    let planned: Vec<RunId> = plan.runs.iter().map(|run| run.run).collect();
    assert_eq!(planned, [other.evaluation, other.training]);
    assert!(whole(&sample.store, other), "a plan removes nothing");
    let swept = sweep(&sample.store, &at_once(), &nothing).unwrap();
    assert_eq!((swept.runs, swept.objects as usize), (2, plan.objects.len()));
    assert_eq!(swept.bytes, plan.bytes());
    assert!(whole(&sample.store, kept) && !sample.store.run_path(other.training).exists());
    assert_eq!(worst(&sample.store), None);
    let again = sweep(&sample.store, &at_once(), &nothing).unwrap();
    assert_eq!((again.runs, again.objects), (0, 0));
}

#[test]
fn what_reports_show_and_what_a_lease_covers_stays() {
    let (sample, kept, other) = tagged();
    let leases = Leases::new(&sample.store);
    leases.claim(other.training).unwrap();
    let swept = sweep(&sample.store, &at_once(), &nothing).unwrap();
    assert_eq!((swept.runs, swept.objects), (0, 0));
    drop(leases);
    let shown = || {
        let runs = [other.evaluation, other.training].map(|run| (run, vec!["report a".to_owned()]));
        Ok::<_, GcError>(Outside::from(runs))
    };
    assert_eq!(sweep(&sample.store, &at_once(), &shown).unwrap().runs, 0);
    assert!(whole(&sample.store, kept) && whole(&sample.store, other));
}

#[test]
fn new_objects_and_those_that_a_command_may_still_name_wait() {
    let (sample, ..) = tagged();
    let orphan = sample.store.put(b"put a moment ago").unwrap();
    let grace = GcOptions { grace: Duration::from_secs(60), ..GcOptions::default() };
    let plan = GcPlan::of(&sample.store, &grace, &Outside::new()).unwrap();
    assert_eq!(plan.young.0, 1);
    // The difference from a commit, put before the first lease.
    sample.age();
    let lease = RunId::from_digest(crate::digest::Digest::of(b"something that runs"));
    let leases = Leases::new(&sample.store);
    leases.claim(lease).unwrap();
    let plan = GcPlan::of(&sample.store, &at_once(), &Outside::new()).unwrap();
    assert_eq!((plan.waiting.0, plan.live), (1, 1));
    assert!(!plan.objects.is_empty(), "what a swept run named goes all the same");
    leases.release(lease).unwrap();
    let plan = GcPlan::of(&sample.store, &grace, &Outside::new()).unwrap();
    assert_eq!(plan.waiting.0, 1, "somebody worked here within the grace");
    sweep(&sample.store, &at_once(), &nothing).unwrap();
    assert!(!sample.store.holds(orphan));
}

#[test]
fn unreadable_records_and_damaged_manifests_are_a_reason_to_refuse() {
    let (sample, kept, _) = tagged();
    for path in [format!("runs/{}/manifest.json", kept.training), "tags/paper.json".to_owned()] {
        let path = sample.store.root().join(path);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..text.len() / 2]).unwrap();
        let refused = sweep(&sample.store, &at_once(), &nothing).unwrap_err();
        assert!(refused.to_string().contains("try: "), "{refused}");
        fs::write(&path, text).unwrap();
    }
    assert!(whole(&sample.store, kept));
}

#[test]
fn unfinished_runs_and_the_quarantine_stay_unless_they_are_asked_for() {
    let (sample, _, half) = Sample::full();
    sample.write("quarantine/1/format", "q");
    sweep(&sample.store, &at_once(), &nothing).unwrap();
    assert!(sample.store.run_path(half).exists());
    let more = GcOptions { unfinished: true, quarantine: true, ..at_once() };
    sweep(&sample.store, &more, &nothing).unwrap();
    assert!(!sample.store.run_path(half).exists());
    assert!(!sample.store.root().join("quarantine/1/format").exists());
    assert_eq!(worst(&sample.store), None);
}

#[test]
fn manifests_are_gone_for_good_before_the_first_object_goes() {
    let (sample, _, other) = tagged();
    let trace = Trace::of(sample.store.root());
    sweep(&sample.store, &at_once(), &nothing).unwrap();
    let operations = trace.operations();
    let at = |wanted: &dyn Fn(&Operation) -> bool| operations.iter().rposition(wanted).unwrap();
    let folder = |run: RunId| std::path::PathBuf::from(format!("runs/{run}"));
    let objects = operations.iter().position(
        |operation| matches!(operation, Operation::Remove(path) if path.starts_with("objects")),
    );
    for run in [other.training, other.evaluation] {
        let manifest = folder(run).join("manifest.json");
        let removed = at(&|o| matches!(o, Operation::Remove(path) if *path == manifest));
        let synced = at(&|o| matches!(o, Operation::SyncFolder(path) if *path == folder(run)));
        assert!(removed < synced && synced < objects.unwrap());
    }
}

#[test]
fn an_object_that_is_put_again_gets_a_new_time() {
    let sample = Sample::new();
    let artifact = sample.store.put(b"bytes").unwrap();
    sample.age();
    let path = sample.store.object_path(artifact.digest);
    let old = fs::metadata(&path).unwrap().modified().unwrap();
    sample.store.put(b"bytes").unwrap();
    assert!(fs::metadata(&path).unwrap().modified().unwrap() > old);
}

#[test]
fn what_a_killed_sweep_had_renamed_gets_its_name_back() {
    let (sample, kept, _) = tagged();
    let manifest = sample.store.manifest(kept.training).unwrap().unwrap();
    let path = sample.store.object_path(manifest.results["weights.safetensors"].digest);
    let name = path.file_name().unwrap().to_str().unwrap();
    fs::rename(&path, path.with_file_name(format!(".gc-{name}"))).unwrap();
    assert_eq!(worst(&sample.store), Some(Severity::Loss));
    let report = check(sample.store.root(), &CheckOptions::default(), &|_| Box::new(|_| {}));
    assert!(report.findings.iter().any(|finding| finding.what.contains("gc")), "{report:?}");
    sweep(&sample.store, &at_once(), &nothing).unwrap();
    assert!(path.exists());
    assert_eq!(worst(&sample.store), None);
}

#[test]
fn a_sweep_in_a_loop_takes_nothing_from_runs_beside_it() {
    let sample = Sample::new();
    let (kept, done) = (Mutex::new(BTreeSet::new()), AtomicBool::new(false));
    let outside = || {
        let kept = kept.lock().unwrap();
        Ok::<_, GcError>(kept.iter().map(|run| (*run, vec!["report".to_owned()])).collect())
    };
    let all = GcOptions { all: true, ..at_once() };
    let swept = std::thread::scope(|scope| {
        let sweeps = scope.spawn(|| {
            let mut swept = Swept::default();
            while !done.load(Ordering::SeqCst) {
                let one = sweep(&sample.store, &all, &outside).unwrap();
                swept.runs += one.runs;
                swept.objects += one.objects;
            }
            swept
        });
        let leases = Leases::new(&sample.store);
        for seed in 0..60u32 {
            // Old code left the same bytes, and nothing keeps its runs.
            let (lambda, seed) = (f64::from(seed) / 10.0, u64::from(seed));
            for code in ["old", "new"] {
                let run = Sample::ids(lambda, seed, code).training;
                assert_eq!(leases.claim(run).unwrap(), Claim::Held);
                let pair = sample.record(lambda, seed, code);
                if code == "new" {
                    kept.lock().unwrap().extend([pair.training, pair.evaluation]);
                }
                assert!(whole(&sample.store, pair), "trial {seed} by {code}");
                leases.forget(run).unwrap();
            }
        }
        done.store(true, Ordering::SeqCst);
        sweeps.join().unwrap()
    });
    assert!(swept.runs > 0, "the sweep must have had something to do: {swept:?}");
    for run in kept.lock().unwrap().iter() {
        assert!(sample.store.done(*run).unwrap().is_some(), "{run}");
    }
    sweep(&sample.store, &all, &outside).unwrap();
    assert!(worst(&sample.store) < Some(Severity::Repairable));
}

#[test]
fn a_run_that_was_written_within_the_grace_stays_done_or_not() {
    let (sample, _, half) = Sample::full();
    sample.record(0.9, 9, "code");
    let grace = GcOptions {
        unfinished: true,
        quarantine: true,
        grace: Duration::from_secs(3600),
        ..GcOptions::default()
    };
    sample.write("quarantine/1/format", "put aside a moment ago");
    let runs = sample.store.runs().unwrap();
    let swept = sweep(&sample.store, &grace, &nothing).unwrap();
    assert_eq!((swept.runs, swept.objects, swept.bytes), (0, 0, 0));
    assert_eq!(sample.store.runs().unwrap(), runs);
    // What is old goes, and what is from the future is not old.
    sample.age_all();
    let later = std::time::SystemTime::now() + Duration::from_secs(86_400);
    let manifest = sample.store.run_path(half).join("checkpoints/0-10.json");
    let times = fs::FileTimes::new().set_modified(later);
    fs::File::open(manifest).unwrap().set_times(times).unwrap();
    let swept = sweep(&sample.store, &grace, &nothing).unwrap();
    assert!(swept.runs > 0 && sample.store.run_path(half).exists(), "{swept:?}");
}

#[test]
fn what_a_command_that_goes_on_counts_on_stays_and_goes_after_it() {
    let (sample, kept, other) = tagged();
    let runs = BTreeSet::from([other.training, other.evaluation]);
    let wanted = sample.store.want(runs).unwrap();
    let plan = GcPlan::of(&sample.store, &at_once(), &Outside::new()).unwrap();
    assert!(plan.runs.is_empty() && plan.live == 0, "{plan:?}");
    assert!(plan.kept[&other.training].contains("a command that goes on at"), "{plan:?}");
    assert_eq!(sweep(&sample.store, &at_once(), &nothing).unwrap().runs, 0);
    drop(wanted);
    assert_eq!(sweep(&sample.store, &at_once(), &nothing).unwrap().runs, 2);
    assert!(whole(&sample.store, kept));
}

#[test]
fn what_a_dead_command_counted_on_keeps_nothing_and_is_forgotten() {
    let (sample, ..) = tagged();
    let wanted = sample.store.want(sample.store.runs().unwrap().into_iter().collect());
    // As a kill leaves it: the record and the lease, which nobody beats for.
    std::mem::forget(wanted.unwrap());
    let lease = fs::read_dir(sample.store.root().join("leases")).unwrap().next().unwrap().unwrap();
    let text = fs::read_to_string(lease.path().join("1")).unwrap();
    let pid = format!("\"pid\":{}", std::process::id());
    for file in fs::read_dir(lease.path()).unwrap().flatten() {
        fs::remove_file(file.path()).unwrap();
    }
    fs::write(lease.path().join("1"), text.replace(&pid, "\"pid\":4194305")).unwrap();
    let report = check(sample.store.root(), &CheckOptions::default(), &|_| Box::new(|_| {}));
    assert_eq!(report.worst(), Some(Severity::Harmless), "{report:?}");
    assert_eq!(sweep(&sample.store, &at_once(), &nothing).unwrap().runs, 2);
    assert_eq!(fs::read_dir(sample.store.root().join("wanted")).unwrap().count(), 0);
    assert_eq!(worst(&sample.store), None);
}

#[test]
fn a_store_whose_runs_are_gone_or_away_keeps_its_objects_unless_all_is_said() {
    let (sample, kept, _) = tagged();
    let (runs, aside) = (sample.store.root().join("runs"), sample.folder.path().join("aside"));
    let objects = || {
        Survey::of(sample.store.root())
            .each(|place| match place {
                Place::Object(digest) => Some(*digest),
                _ => None,
            })
            .count()
    };
    let before = objects();
    fs::rename(&runs, &aside).unwrap();
    let refused = |needed: &str| {
        let refused = sweep(&sample.store, &at_once(), &nothing).unwrap_err().to_string();
        assert!(refused.contains(needed), "{refused}");
        assert_eq!(objects(), before);
    };
    refused("has no run that is done");
    fs::create_dir(&runs).unwrap();
    refused("so gc would sweep all");
    fs::remove_dir(&runs).unwrap();
    fs::write(&runs, "").unwrap();
    refused("it is a file");
    #[cfg(unix)]
    {
        fs::remove_file(&runs).unwrap();
        std::os::unix::fs::symlink(sample.folder.path().join("none"), &runs).unwrap();
        refused("it is a link that leads nowhere");
    }
    fs::remove_file(&runs).unwrap();
    fs::rename(&aside, &runs).unwrap();
    sweep(&sample.store, &at_once(), &nothing).unwrap();
    assert!(whole(&sample.store, kept));
}

#[test]
fn an_altered_record_of_a_kept_run_keeps_what_only_it_may_name() {
    let (sample, kept, _) = tagged();
    let patch = sample.store.put(b"the patch").unwrap();
    let manifest = sample.store.manifest(kept.training).unwrap().unwrap();
    let record = sample.store.object_path(manifest.records["provenance.json"].digest);
    fs::remove_file(&record).unwrap();
    fs::write(&record, "{}").unwrap();
    sample.age();
    sweep(&sample.store, &at_once(), &nothing).unwrap();
    assert!(sample.store.holds(patch));
}

#[test]
fn the_name_of_a_condemned_object_goes_to_the_right_bytes() {
    let sample = Sample::new();
    let artifact = sample.store.put(b"right").unwrap();
    let path = sample.store.object_path(artifact.digest);
    let name = path.file_name().unwrap().to_str().unwrap();
    fs::rename(&path, path.with_file_name(format!(".gc-{name}"))).unwrap();
    fs::write(&path, "wrong").unwrap();
    let grace = GcOptions { grace: Duration::from_secs(60), ..GcOptions::default() };
    sweep(&sample.store, &grace, &nothing).unwrap();
    assert_eq!(sample.store.get(artifact.digest).unwrap(), b"right");
}
