//! Checkpoints that are altered, foreign or of a newer version, through the real
//! binaries: what cannot be used is said and is in nobody's way.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use jem_core::arrays::Arrays;
use jem_core::digest::Digest;
use jem_core::event::Event;
use jem_core::id::RunId;
use jem_core::provenance::Provenance;
use jem_core::store::Store;
use sandbox::{Sandbox, attempts, manifests, signal, tiny, wait_until, words_of, workers_of};

/// One trial of a second or two, with a checkpoint every few steps and points
/// to go back to.
fn one_trial() -> String {
    tiny(
        "[resources]\ncheckpoint_steps = 20\n[divergence]\nrollback_every = 50\nmax_restarts = 2\n",
    )
    .replace("steps = 30", "steps = 1500")
    .replace("seeds = 2", "seeds = 1")
}

fn files(sandbox: &Sandbox, results: &str, ending: &str) -> Vec<PathBuf> {
    let list = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
    let runs = list(sandbox.path(results).join("runs"));
    let all = runs.flat_map(|run| list(run.path().join("checkpoints"))).map(|entry| entry.path());
    all.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

/// Records by step, rising.
fn records(sandbox: &Sandbox, results: &str) -> Vec<(u64, PathBuf)> {
    let step = |path: PathBuf| {
        let name = path.file_stem()?.to_str()?.split_once('-')?;
        Some((name.1.parse().ok()?, path))
    };
    let mut found: Vec<_> = files(sandbox, results, ".json").into_iter().filter_map(step).collect();
    found.sort();
    found
}

/// The sandbox with `calm`, which was not disturbed, and `results`, killed once
/// some checkpoints were written.
fn killed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("one.toml", &one_trial());
    sandbox.ok(&["run", "one.toml", "--results", "calm"]);
    let mut front = sandbox.start(&["run", "one.toml"], &[]);
    wait_until("checkpoints", || {
        records(&sandbox, "results").last().is_some_and(|(step, _)| *step >= 120)
    });
    let workers = workers_of(front.id());
    signal(front.id(), "-KILL");
    front.wait().unwrap();
    wait_until("the worker's end", || workers.iter().all(|pid| !sandbox::alive(*pid)));
    assert!(manifests(&sandbox.path("results")).is_empty(), "it was killed too late");
    sandbox
}

fn resumed_at(sandbox: &Sandbox) -> Vec<u64> {
    let events = attempts(&sandbox.path("results")).into_iter().flat_map(|(_, events)| events);
    events
        .filter_map(|e| if let Event::Resumed { step, .. } = e { Some(step) } else { None })
        .collect()
}

/// The state that the record at `path` names.
fn state_of(path: &PathBuf) -> PathBuf {
    let record: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let digest = record["state"]["digest"].as_str().unwrap();
    path.with_file_name(format!("{digest}.state"))
}

#[test]
fn the_checkpoint_before_an_altered_one_is_gone_on_from_and_the_results_are_the_same() {
    let sandbox = killed();
    let known = records(&sandbox, "results");
    let [.., (before, _), (_, newest)] = &known[..] else { panic!("{known:?}") };
    let state = state_of(newest);
    let mut bytes = fs::read(&state).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    Sandbox::overwrite(&state, &bytes);
    // It would be the newest for ever, and is no record.
    fs::write(newest.with_file_name("7-9.json"), "{}").unwrap();
    fs::write(newest.with_file_name(".tmp-half"), vec![0; 1000]).unwrap();
    // Stopped again a little later: what was written meanwhile is there.
    let mut front = sandbox.start(&["run", "one.toml"], &[]);
    wait_until("the next checkpoints", || {
        let found = records(&sandbox, "results");
        found.len() == 2 && found.iter().all(|(step, _)| step > before)
    });
    // A front that is killed takes with it the words that it has not read yet.
    wait_until("the worker's words", || {
        words_of(&sandbox.path("results")).contains("is passed over")
    });
    let workers = workers_of(front.id());
    signal(front.id(), "-KILL");
    front.wait().unwrap();
    wait_until("the worker's end", || workers.iter().all(|pid| !sandbox::alive(*pid)));
    let known = records(&sandbox, "results");
    assert!(
        files(&sandbox, "results", "half").is_empty()
            && known.iter().all(|(step, _)| *step > *before)
    );
    let words = words_of(&sandbox.path("results"));
    assert!(words.contains("is passed over"), "{words}");
    sandbox.ok(&["run", "one.toml"]);
    let resumed = resumed_at(&sandbox);
    assert_eq!(resumed.len(), 2, "{resumed:?}");
    assert!(resumed.contains(before), "{resumed:?} {before}");
    assert_eq!(sandbox.digests("results"), sandbox.digests("calm"));
}

#[test]
fn the_checkpoint_before_one_that_does_not_fit_is_gone_on_from() {
    let sandbox = killed();
    let newest = records(&sandbox, "results").pop().unwrap().1;
    let run = newest.ancestors().nth(2).unwrap().file_name().unwrap().to_str().unwrap();
    let store = Store::open(&sandbox.path("results")).unwrap();
    let checkpoints = store.checkpoints(RunId::from_digest(Digest::parse(run).unwrap()));
    let known = checkpoints.records().unwrap().remove(0);
    // Whole, sealed and newer; but one has no tensor in it, and the other a
    // point less than its standing says.
    let empty = checkpoints.put_state(&Arrays::default().to_bytes().unwrap()).unwrap();
    for (more, state, points) in [(1, empty, known.points.clone()), (2, known.state, Vec::new())] {
        let (mut standing, step) = (known.standing.clone(), known.step + more);
        standing["step"] = step.into();
        let mut other = checkpoints.draft(known.restart, step, standing, state);
        other.points = points;
        checkpoints.record(&other, 9).unwrap();
    }
    sandbox.ok(&["run", "one.toml"]);
    assert_eq!(resumed_at(&sandbox), [known.step]);
    let words = words_of(&sandbox.path("results"));
    for (more, why) in [(1, "holds no"), (2, "0 points, its standing")] {
        let said = format!("the checkpoint of step {} is passed over: ", known.step + more);
        let line = words.lines().find(|line| line.contains(&said));
        assert!(line.is_some_and(|line| line.contains(why)), "{words}");
    }
    assert_eq!(sandbox.digests("results"), sandbox.digests("calm"));
}

#[test]
fn a_checkpoint_of_a_newer_version_is_refused_and_stays() {
    let sandbox = killed();
    let known = records(&sandbox, "results");
    let newer = known[0].1.with_file_name("7-9.json");
    fs::write(&newer, r#"{"format": 99, "what": "nobody knows yet"}"#).unwrap();
    let said = sandbox.jem(&["run", "one.toml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err.contains("7-9.json has format 99, which a newer version of jem wrote"),
        "{said:?}"
    );
    assert!(newer.exists() && known.iter().all(|(_, path)| path.exists()));
    fs::remove_file(&newer).unwrap();
    sandbox.ok(&["run", "one.toml"]);
    assert_eq!(resumed_at(&sandbox), [known[known.len() - 1].0]);
    assert_eq!(sandbox.digests("results"), sandbox.digests("calm"));
}

#[test]
fn the_binary_that_ran_is_on_record_and_not_what_started_it() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("").replace("seeds = 2", "seeds = 1"));
    let real = PathBuf::from(env!("CARGO_BIN_EXE_jem")).with_file_name("jem-worker");
    let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", real.display());
    let path = sandbox.write("worker.sh", &script);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let worker = path.display().to_string();
    let front = sandbox.start(&["run", "tiny.toml"], &[("JEM_WORKER", &worker)]);
    let said = sandbox::Said::of(front.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{said:?}");
    let ran = Digest::of(&fs::read(&real).unwrap()).to_hex();
    let store = Store::open(&sandbox.path("results")).unwrap();
    for manifest in manifests(&sandbox.path("results")) {
        let bytes = store.get(manifest.records["provenance.json"].digest).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(record["binaries"]["jem-worker"], *ran, "{record}");
    }
}

#[test]
fn a_training_that_continues_from_a_checkpoint_of_another_model_names_both() {
    let sandbox = killed();
    let newest = records(&sandbox, "results").pop().unwrap().1;
    let run = newest.ancestors().nth(2).unwrap().file_name().unwrap().to_str().unwrap();
    let store = Store::open(&sandbox.path("results")).unwrap();
    let run = RunId::from_digest(Digest::parse(run).unwrap());
    let checkpoints = store.checkpoints(run);
    let here = checkpoints.records().unwrap()[0].models.clone();
    assert_eq!(here.len(), 1, "a checkpoint names the model that wrote it");
    for mut record in checkpoints.records().unwrap() {
        record.models = vec!["Another Processor".to_owned()];
        checkpoints.record(&record, 2).unwrap();
    }
    sandbox.ok(&["run", "one.toml"]);
    // The model is a record: the results are those of the undisturbed run.
    assert_eq!(sandbox.digests("results"), sandbox.digests("calm"));
    let manifest = store.done(run).unwrap().unwrap();
    let record = store.get(manifest.records["provenance.json"].digest).unwrap();
    let record: Provenance = serde_json::from_slice(&record).unwrap();
    assert_eq!(record.models, ["Another Processor".to_owned(), here[0].clone()]);
    let table = sandbox.ok(&["table", "one.toml", "--format", "markdown"]);
    assert!(table.contains("1 trial was trained on more than one model"), "{table}");
    let list = sandbox.ok(&["ls", "hardware ~ \"another processor, then\"", "--json"]);
    assert!(list.contains(&format!("Another Processor, then {}", here[0])), "{list}");
    let said = sandbox.ok(&["verify", "one.toml"]);
    assert!(said.contains("made on Another Processor, then "), "{said}");
    assert!(said.contains("not the same instructions"), "{said}");
}
