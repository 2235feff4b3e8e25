#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::super::sample::Sample;
use super::super::{GcOptions, GcPlan, Leases, Listing, Usage, record_failure};
use super::*;
use crate::digest::Digest;
use crate::event::FailureClass;
use crate::id::RunId;

fn fsck(sample: &Sample) -> Report {
    fsck_with(sample, &brief())
}

/// Nobody is watched for long.
fn brief() -> CheckOptions {
    CheckOptions { watch: Duration::from_millis(1), ..CheckOptions::default() }
}

fn fsck_with(sample: &Sample, options: &CheckOptions) -> Report {
    check(sample.store.root(), options, &|_| Box::new(|_| {}))
}

/// The finding about `path`, a part of its path or the whole.
fn about<'a>(report: &'a Report, path: &str) -> Option<&'a Finding> {
    report.findings.iter().find(|finding| finding.path.contains(path))
}

/// Writes over a file, also over a read-only one.
fn put(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

fn name_of(sample: &Sample, path: &Path) -> String {
    path.strip_prefix(sample.store.root()).unwrap().display().to_string()
}

#[test]
fn a_whole_store_has_no_findings() {
    let (sample, ..) = Sample::full();
    sample.lease();
    for quick in [false, true] {
        let report = fsck_with(&sample, &CheckOptions { quick, ..CheckOptions::default() });
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
        assert_eq!(report.runs, 4);
    }
    let none =
        check(&sample.folder.path().join("none"), &CheckOptions::default(), &|_| Box::new(|_| {}));
    assert!(none.findings.is_empty());
}

#[test]
fn one_altered_byte_in_any_file_is_found_where_it_matters() {
    let (sample, ..) = Sample::full();
    sample.lease();
    for path in sample.files() {
        let (name, bytes) = (name_of(&sample, &path), fs::read(&path).unwrap());
        // Of the format the last byte only ends the line.
        let last = bytes.len().saturating_sub(2);
        for place in [0, last / 3, last / 2, last] {
            let mut other = bytes.clone();
            other[place] ^= 1;
            put(&path, &other);
            let report = fsck(&sample);
            let worst = report.worst();
            // Words for people, which nothing is read from.
            let free = name.ends_with("worker.log");
            let harmless = name.ends_with("events.jsonl");
            // A lease is no record: no seal, since its counter is written over
            // every few seconds. An altered byte of it may look like a holder
            // that is gone, or like another one. Then a trial is run by two for
            // a while, or put off until the counter has stood still long
            // enough; here both write the same bytes, and nothing false is believed.
            let lease = name.starts_with("leases/");
            if lease {
                assert!(worst <= Some(Severity::Repairable), "{name} byte {place}: {report:?}");
                assert_eq!(report.runs, 4);
            } else if harmless {
                let finding = about(&report, &name).unwrap();
                assert_eq!(finding.kind, Kind::AlteredLog, "{name} byte {place}");
            } else if !free {
                assert!(worst >= Some(Severity::Repairable), "{name} byte {place}: {report:?}");
                assert!(
                    report.findings.iter().all(|f| f.severity < Severity::Loss || f.mend.is_some()),
                    "{report:?}"
                );
            }
        }
        put(&path, &bytes);
    }
    assert!(fsck(&sample).findings.is_empty());
}

#[test]
fn an_altered_record_of_a_failure_is_found_and_costs_nothing() {
    let (sample, ..) = Sample::full();
    let attempt = sample.store.begin(RunId::from_digest(Digest::of(b"failed"))).unwrap();
    record_failure(attempt.path(), FailureClass::Timeout, "it took too long").unwrap();
    assert!(fsck(&sample).findings.is_empty());
    let path = attempt.path().join("failed.json");
    let bytes = fs::read(&path).unwrap();
    for place in 0..bytes.len() {
        let mut other = bytes.clone();
        other[place] ^= 1;
        put(&path, &other);
        let report = fsck(&sample);
        let finding = about(&report, "failed.json").unwrap();
        assert_eq!((finding.kind, report.worst()), (Kind::AlteredLog, Some(Severity::Harmless)));
    }
}

#[test]
fn an_altered_byte_anywhere_in_a_manifest_is_found() {
    let (sample, pairs, _) = Sample::full();
    for run in [pairs[1].training, pairs[1].evaluation] {
        let path = sample.store.run_path(run).join("manifest.json");
        let bytes = fs::read(&path).unwrap();
        for place in (0..bytes.len()).step_by(5) {
            let mut other = bytes.clone();
            other[place] ^= 2;
            fs::write(&path, &other).unwrap();
            assert_eq!(fsck(&sample).worst(), Some(Severity::Loss), "byte {place}");
        }
        fs::write(&path, &bytes).unwrap();
    }
}

#[test]
fn a_lost_result_names_its_trial_its_time_and_the_command() {
    let (sample, pairs, _) = Sample::full();
    let manifest = sample.store.manifest(pairs[1].training).unwrap().unwrap();
    let weights = sample.store.object_path(manifest.results["weights.safetensors"].digest);
    fs::remove_file(weights).unwrap();
    let shown = BTreeMap::from([(pairs[1].training, vec!["report abc".to_owned()])]);
    let report = fsck_with(&sample, &CheckOptions { quick: true, shown, ..brief() });
    let finding = report.findings.iter().find(|f| f.kind == Kind::MissingObject).unwrap();
    assert_eq!(finding.severity, Severity::Loss);
    assert!(finding.what.contains("`weights.safetensors` of run"), "{}", finding.what);
    let trial = manifest.trial.short();
    let cost = format!(
        "lambda=0.5 seed=1 (trial {trial}) will be trained and evaluated again: about 22 s; \
         until then report abc cannot be drawn again"
    );
    assert_eq!(finding.cost, cost);
    let mend = finding.mend.as_deref();
    assert_eq!(mend, Some("jem run tiny.toml (at commit abcdef0 with its recorded changes)"));
    // Its evaluation rests on it.
    let rests = report.findings.iter().find(|f| f.kind == Kind::NoTraining).unwrap();
    assert!(rests.path.contains(&pairs[1].evaluation.to_string()));
}

#[test]
fn a_file_that_is_gone_is_found_where_a_record_names_it() {
    let (sample, pairs, half) = Sample::full();
    for path in sample.files() {
        let (name, bytes) = (name_of(&sample, &path), fs::read(&path).unwrap());
        fs::remove_file(&path).unwrap();
        let report = fsck(&sample);
        let worst = report.worst();
        let training = pairs.iter().any(|p| name.contains(&format!("{}/manifest", p.training)));
        if name.starts_with("objects/") && !name.contains(&commit_only(&sample)) || training {
            assert_eq!(worst, Some(Severity::Loss), "{name}: {:?}", report.findings);
        }
        if name.ends_with(".state") {
            let finding = about(&report, &format!("{half}/checkpoints/0-10")).unwrap();
            assert_eq!((finding.kind, finding.severity), (Kind::BadCheckpoint, Severity::Loss));
            assert!(finding.cost.contains("at most about 12 s"), "{}", finding.cost);
        }
        if name == "format" {
            assert_eq!(worst, Some(Severity::Harmless));
        }
        fs::write(&path, &bytes).unwrap();
    }
}

/// What stands in no field of a provenance is not missed.
fn commit_only(sample: &Sample) -> String {
    let none = sample.store.object_path(Digest::of(b"nothing"));
    none.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn repair_moves_what_cannot_be_believed_and_the_rest_is_whole() {
    let (sample, pairs, half) = Sample::full();
    let manifest = sample.store.manifest(pairs[1].evaluation).unwrap().unwrap();
    let metrics = sample.store.object_path(manifest.results["metrics.json"].digest);
    put(&metrics, b"other");
    let broken = sample.store.run_path(pairs[0].training).join("manifest.json");
    put(&broken, b"{");
    let tag = sample.write("tags/paper.json", "no tag");
    let checkpoint = sample.write(&format!("runs/{half}/checkpoints/0-10.json"), "{}");
    let left = sample.write("objects/ab/.tmp-left", "half");
    sample.write("format", "q\n");
    let report = fsck(&sample);
    let young = report.repair(Duration::from_secs(3600)).unwrap();
    assert!(left.exists() && young.iter().any(|one| !one.done && one.did.contains("--grace 0")));
    for gone in [&metrics, &broken, &tag, &checkpoint] {
        assert!(!gone.exists(), "{}", gone.display());
    }
    let aside = sample.store.root().join("quarantine/1");
    assert_eq!(fs::read(aside.join("tags/paper.json")).unwrap(), b"no tag");
    assert_eq!(fs::read(aside.join("format")).unwrap(), b"q\n");
    super::super::Store::open(sample.store.root()).unwrap();
    fsck(&sample).repair(Duration::ZERO).unwrap();
    assert!(!left.exists());
    let kinds: Vec<Kind> = fsck(&sample).findings.iter().map(|f| f.kind).collect();
    for mended in [Kind::AlteredObject, Kind::BadManifest, Kind::BadTag, Kind::Format] {
        assert!(!kinds.contains(&mended), "{kinds:?}");
    }
    // The same trial again: the store is whole.
    sample.record(0.0, 0, "code");
    sample.record(0.5, 1, "code");
    let worst = fsck(&sample).worst();
    assert_eq!(worst, Some(Severity::Harmless), "{:?}", fsck(&sample).findings);
}

#[test]
fn what_a_live_lease_covers_is_left_alone() {
    let (sample, pairs, half) = Sample::full();
    let leases = Leases::new(&sample.store);
    for run in [half, pairs[0].training] {
        leases.claim(run).unwrap();
    }
    sample.write(&format!("runs/{half}/checkpoints/0-10.json"), "half wri");
    assert!(fsck(&sample).findings.is_empty());
    let broken = sample.store.run_path(pairs[0].training).join("manifest.json");
    put(&broken, b"{");
    let did = fsck(&sample).repair(Duration::ZERO).unwrap();
    assert!(
        broken.exists() && did.iter().any(|one| one.did.contains("holds its lease")),
        "{did:?}"
    );
    drop(leases);
    assert!(about(&fsck(&sample), "0-10.json").is_some());
}

#[test]
fn checkpoints_of_finished_runs_and_dead_leases_are_removed() {
    let (sample, pairs, _) = Sample::full();
    let run = pairs[0].training;
    let state = format!("runs/{run}/checkpoints/{}.state", Digest::of(b"x"));
    sample.write(&state, "x");
    let dead =
        r#"{"host":"h","boot":"HERE","pid_namespace":"NS","pid":4194305,"started":1,"nonce":"n"}"#;
    let me = super::super::Holder::me();
    let dead = dead.replace("HERE", &me.boot).replace("NS", &me.pid_namespace);
    sample.write(&format!("leases/{run}/1"), &dead);
    let report = fsck(&sample);
    assert_eq!(report.worst(), Some(Severity::Harmless));
    let kinds: Vec<Kind> = report.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::LeftCheckpoint, Kind::DeadLease]);
    report.repair(Duration::ZERO).unwrap();
    assert_eq!(fsck(&sample).findings[0].kind, Kind::Quarantined);
    assert!(!sample.store.root().join(state).exists());
}

#[test]
fn a_newer_store_is_told_and_left_as_it_is() {
    let (sample, ..) = Sample::full();
    sample.write("format", "99\n");
    let report = fsck(&sample);
    assert_eq!(report.findings.len(), 1);
    assert!(report.findings[0].what.contains("perhaps a changed byte"));
    assert!(report.repair(Duration::ZERO).unwrap().is_empty());
    assert_eq!(fs::read(sample.store.root().join("format")).unwrap(), b"99\n");
}

#[test]
fn contradictions_between_runs_and_their_results_are_found() {
    let (sample, pairs, _) = Sample::full();
    let mut evaluation = sample.store.manifest(pairs[1].evaluation).unwrap().unwrap();
    evaluation.training = Some(pairs[0].training);
    sample.store.finish(&evaluation).unwrap();
    let report = fsck(&sample);
    let finding = about(&report, &pairs[1].evaluation.to_string()).unwrap();
    assert_eq!(finding.kind, Kind::NoTraining);
    assert!(finding.what.contains("of another trial"), "{}", finding.what);
    let mut training = sample.store.manifest(pairs[0].training).unwrap().unwrap();
    training.outcome = crate::results::Outcome::finished(31);
    sample.store.finish(&training).unwrap();
    let report = fsck(&sample);
    let finding = about(&report, &format!("{}/manifest", pairs[0].training)).unwrap();
    assert!(finding.what.contains("outcome is not the one"), "{}", finding.what);
}

/// Puts something that is no file in the place of the one at `path`.
#[cfg(unix)]
fn replace(path: &Path, by: &str) {
    fs::remove_file(path).unwrap();
    match by {
        "a folder" => fs::create_dir(path).unwrap(),
        "a named pipe" => {
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        }
        _ => std::os::unix::fs::symlink("none", path).unwrap(),
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_in_a_files_place_is_found_at_once_and_put_aside() {
    for by in ["a folder", "a named pipe", "a link that leads nowhere"] {
        let (sample, ..) = Sample::full();
        for path in sample.files() {
            let (name, bytes) = (name_of(&sample, &path), fs::read(&path).unwrap());
            replace(&path, by);
            let report = fsck(&sample);
            let mut about = report.findings.iter().filter(|finding| finding.path == name);
            let what = format!("it is {by}");
            assert!(about.any(|finding| finding.what.contains(&what)), "{name}: {report:?}");
            assert!(report.worst() >= Some(Severity::Repairable), "{name}");
            let options = GcOptions { watch: Duration::from_millis(1), ..GcOptions::default() };
            assert!(GcPlan::of(&sample.store, &options, &BTreeMap::new()).is_err(), "{name}");
            std::hint::black_box(Listing::of(&sample.store).runs.len());
            // What only a lost record names is young, and stays.
            let mended = report.repair(Duration::from_secs(3600)).unwrap();
            assert!(mended.iter().any(|one| one.done && one.path == name), "{name}: {mended:?}");
            // What belongs there can be written again: the store is whole.
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let _ = fs::remove_file(&path);
            fs::write(&path, &bytes).unwrap();
            fs::remove_dir_all(sample.store.root().join("quarantine")).unwrap();
            // A checkpoint whose tensors were not there was put aside as well.
            let left = fsck(&sample).findings;
            let only = |finding: &Finding| finding.kind == Kind::LeftCheckpoint;
            assert!(left.iter().all(only), "{name}: {left:?}");
        }
    }
}

#[test]
fn what_was_written_since_it_was_looked_at_is_not_put_aside() {
    let (sample, pairs, _) = Sample::full();
    let manifest = sample.store.run_path(pairs[0].training).join("manifest.json");
    let right = fs::read(&manifest).unwrap();
    put(&manifest, b"{");
    let report = fsck(&sample);
    // A run is made again meanwhile.
    put(&manifest, &right);
    let did = report.repair(Duration::ZERO).unwrap();
    assert!(did.iter().any(|one| !one.done && one.did.contains("written again")), "{did:?}");
    assert_eq!(fs::read(&manifest).unwrap(), right);
    assert!(sample.store.done(pairs[0].training).unwrap().is_some());
}

#[test]
fn an_area_that_is_away_is_told_and_never_called_whole() {
    let (sample, ..) = Sample::full();
    for area in ["runs", "objects", "tags", "accepted", "commits"] {
        let (path, aside) = (sample.store.root().join(area), sample.folder.path().join("aside"));
        fs::rename(&path, &aside).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(sample.folder.path().join("none"), &path).unwrap();
        let report = fsck(&sample);
        let away = |finding: &&Finding| finding.path == area && finding.kind == Kind::Misplaced;
        let finding = report.findings.iter().find(away).unwrap();
        assert!(finding.mend.as_deref().unwrap().contains("bring back"), "{finding:?}");
        let advice: Vec<_> = report.findings.iter().filter_map(|f| f.mend.as_deref()).collect();
        assert!(!advice.contains(&"jem store gc"), "{area}: {advice:?}");
        report.repair(Duration::ZERO).unwrap();
        // Back again, as it was.
        fs::remove_file(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
    }
    let left: Vec<Kind> = fsck(&sample).findings.iter().map(|finding| finding.kind).collect();
    assert!(left.iter().all(|kind| *kind == Kind::Quarantined), "{left:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_in_any_file_make_a_reader_panic(
        which in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        cut in any::<prop::sample::Index>(),
        splice in any::<bool>(),
    ) {
        let (sample, ..) = Sample::full();
        sample.write(&format!("leases/{}/1", RunId::from_digest(Digest::of(b"r"))), "{}");
        let files = sample.files();
        let path = which.get(&files);
        let mut other = bytes;
        if splice {
            // Much of the old text, so that parsers come further.
            let old = fs::read(path).unwrap();
            let at = cut.index(old.len() + 1);
            other = [&old[..at], &other, &old[at..]].concat();
        }
        put(path, &other);
        std::hint::black_box(fsck(&sample).findings.len());
        std::hint::black_box(Listing::of(&sample.store).runs.len());
        std::hint::black_box(Usage::of(&sample.store).bytes());
        let options = GcOptions { watch: Duration::from_millis(1), ..GcOptions::default() };
        let plan = GcPlan::of(&sample.store, &options, &BTreeMap::new());
        std::hint::black_box(plan.is_ok());
        fsck(&sample).repair(Duration::ZERO).unwrap();
    }
}
