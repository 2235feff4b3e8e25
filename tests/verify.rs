//! `jem verify`, and runs that must be clean, through the real binaries.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;

use jem_core::provenance::Provenance;
use jem_core::results::METRICS;
use jem_core::store::{Manifest, Store};
use sandbox::{Said, Sandbox, TWO_LAMBDAS, manifests, tiny};

#[test]
fn trials_made_again_are_identical_and_a_sample_is_drawn_by_its_seed() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(TWO_LAMBDAS));
    let nothing = sandbox.jem(&["verify", "tiny.toml"]);
    assert!(nothing.code == 3 && nothing.err.contains("no finished trial"), "{nothing:?}");
    sandbox.ok(&["run", "tiny.toml"]);
    let before = sandbox.digests("results");
    let said = sandbox.ok(&["verify", "tiny.toml"]);
    assert!(said.contains("4 of 4 finished trials") && said.contains("0 different"), "{said}");
    assert!(said.contains("expected: the same bytes") && !said.contains("DIFFERENT"), "{said}");
    let one = sandbox.ok(&["verify", "tiny.toml", "--sample", "1", "--seed", "7"]);
    assert!(one.contains("1 of 4 finished trials are run again, drawn by seed 7"), "{one}");
    assert_eq!(one, sandbox.ok(&["verify", "tiny.toml", "--sample", "1", "--seed", "7"]));
    // A sample of nothing verifies nothing.
    assert_eq!(sandbox.jem(&["verify", "tiny.toml", "--sample", "0"]).code, 2);
    // Without the experiment's file what was asked is read from the results.
    let all = sandbox.ok(&["verify", "--json", "--keep", "again"]);
    let all: serde_json::Value = serde_json::from_str(&all).unwrap();
    assert_eq!((&all["summary"]["trials"], &all["summary"]["different"]), (&4.into(), &0.into()));
    assert_eq!(sandbox.digests("again"), before);
    assert_eq!(sandbox.digests("results"), before);
    assert_eq!(sandbox.jem(&["verify", "tiny.toml", "--keep", "again"]).code, 3);
}

#[test]
fn an_artifact_altered_with_its_manifest_is_found_different_and_how_far() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("").replace("seeds = 2", "seeds = 1"));
    sandbox.ok(&["run", "tiny.toml"]);
    let store = Store::open(&sandbox.path("results")).unwrap();
    let runs = manifests(&sandbox.path("results"));
    let mut run = runs.into_iter().find(|run| run.eval.is_some()).unwrap();
    let mut metrics: serde_json::Value =
        serde_json::from_slice(&store.result(&run, METRICS).unwrap()).unwrap();
    let was = metrics["metrics"]["clf/accuracy"].as_f64().unwrap();
    metrics["metrics"]["clf/accuracy"] = (was + 0.25).into();
    // An object of its own and a manifest that names it: nothing is broken.
    let forged = store.put(&serde_json::to_vec_pretty(&metrics).unwrap()).unwrap();
    run.results.insert(METRICS.to_owned(), forged);
    store.finish(&run).unwrap();
    let said = sandbox.jem(&["verify", "tiny.toml"]);
    assert_eq!(said.code, 1, "{said:?}");
    let line = said.out.lines().find(|line| line.contains("metrics.json")).unwrap();
    assert!(line.contains("DIFFERENT: 1 of") && line.contains("2.500e-1"), "{line}");
    assert!(line.contains("metrics.clf/accuracy"), "{line}");
    assert!(said.out.contains("1 different") && said.err.contains("1 artifact is"), "{said:?}");
}

/// Gives every run the record of another processor, and moves the NLL of the
/// evaluation by `by`.
fn as_if_made_elsewhere(store: &Store, runs: Vec<Manifest>, by: f64) {
    for mut run in runs {
        let record = store.get(run.records["provenance.json"].digest).unwrap();
        let mut record: Provenance = serde_json::from_slice(&record).unwrap();
        record.host.cpu = "Another Processor".to_owned();
        let record = store.put(&serde_json::to_vec(&record).unwrap()).unwrap();
        run.records.insert("provenance.json".to_owned(), record);
        if run.eval.is_some() {
            let mut metrics: serde_json::Value =
                serde_json::from_slice(&store.result(&run, METRICS).unwrap()).unwrap();
            let nll = metrics["metrics"]["clf/nll"].as_f64().unwrap();
            metrics["metrics"]["clf/nll"] = (nll + by).into();
            let moved = store.put(&serde_json::to_vec(&metrics).unwrap()).unwrap();
            run.results.insert(METRICS.to_owned(), moved);
        }
        store.finish(&run).unwrap();
    }
}

#[test]
fn numbers_of_another_model_are_held_to_a_stated_tolerance() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("").replace("seeds = 2", "seeds = 1"));
    sandbox.ok(&["run", "tiny.toml"]);
    let store = Store::open(&sandbox.path("results")).unwrap();
    as_if_made_elsewhere(&store, manifests(&sandbox.path("results")), 0.001);
    let said = sandbox.ok(&["verify", "tiny.toml"]);
    assert!(said.contains("made on Another Processor, repeated on"), "{said}");
    assert!(said.contains("not the same instructions"), "{said}");
    let line = said.lines().find(|line| line.contains("metrics.json")).unwrap();
    assert!(line.contains("within tolerance: 1 of") && line.contains("0 beyond"), "{line}");
    assert!(said.contains("1 within tolerance, 0 different"), "{said}");
    // Further apart it is no verification, and no refutation either.
    as_if_made_elsewhere(&store, manifests(&sandbox.path("results")), 1.0);
    let said = sandbox.jem(&["verify", "tiny.toml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(!said.out.contains("DIFFERENT") && said.out.contains("beyond tolerance"), "{said:?}");
    assert!(said.err.contains("neither confirms nor refutes"), "{said:?}");
    assert!(said.err.contains("on the model of processor that made them"), "{said:?}");
}

fn git(sandbox: &Sandbox, arguments: &[&str]) {
    let mut command = std::process::Command::new("git");
    let me = ["-c", "user.name=me", "-c", "user.email=me@example.org"];
    command.args(me).args(arguments).current_dir(sandbox.path(""));
    let output = command.env("HOME", sandbox.path("")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn commit(sandbox: &Sandbox) -> Said {
    git(sandbox, &["add", "."]);
    git(sandbox, &["commit", "-qm", "as it is"]);
    sandbox.jem(&["run", "tiny.toml", "--require-clean"])
}

#[test]
fn what_must_be_clean_refuses_dirty_checkouts_and_dirty_trials() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("").replace("seeds = 2", "seeds = 1"));
    let outside = sandbox.jem(&["run", "tiny.toml", "--require-clean"]);
    assert!(outside.code == 3 && outside.err.contains("no git checkout"), "{outside:?}");
    git(&sandbox, &["init", "-q"]);
    sandbox.write(".gitignore", "data/\n");
    let dirty = sandbox.jem(&["run", "tiny.toml", "--require-clean"]);
    assert!(dirty.code == 3 && dirty.err.contains("no commit yet"), "{dirty:?}");
    // Results and data are no source, so a run leaves the checkout clean.
    let clean = commit(&sandbox);
    assert_eq!(clean.code, 0, "{clean:?}");
    let records: Vec<_> = fs::read_dir(sandbox.path("results/commits")).unwrap().collect();
    assert_eq!(records.len(), 1);
    sandbox.ok(&["table", "tiny.toml", "--require-clean"]);
    sandbox.write("new.rs", "fn new() {}\n");
    for verb in ["run", "table", "report"] {
        let said = sandbox.jem(&[verb, "tiny.toml", "--require-clean"]);
        assert!(said.code == 3 && said.err.contains("--require-clean"), "{verb}: {said:?}");
    }
    sandbox.write("tiny.toml", &tiny(""));
    sandbox.ok(&["run", "tiny.toml"]);
    git(&sandbox, &["add", "."]);
    git(&sandbox, &["commit", "-qm", "more seeds"]);
    let said = sandbox.jem(&["table", "tiny.toml", "--require-clean"]);
    assert!(said.code == 3 && said.err.contains("1 of 2 trials"), "{said:?}");
    assert!(sandbox.ok(&["table", "tiny.toml"]).contains("-dirty"));
}

#[test]
fn a_broken_checkout_is_told_and_not_taken_for_none() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("").replace("seeds = 2", "seeds = 1"));
    git(&sandbox, &["init", "-q"]);
    git(&sandbox, &["add", "."]);
    git(&sandbox, &["commit", "-qm", "one"]);
    fs::remove_dir_all(sandbox.path(".git/objects")).unwrap();
    fs::create_dir(sandbox.path(".git/objects")).unwrap();
    let said = sandbox.jem(&["run", "tiny.toml"]);
    assert!(
        said.code == 0 && said.err.contains("state of the checkout cannot be told"),
        "{said:?}"
    );
    // One name, wherever the commit is told or asked for.
    assert!(sandbox.ok(&["table", "tiny.toml"]).contains("unknown-commit"));
    let listed = sandbox.ok(&["ls", "commit = unknown-commit"]);
    assert!(listed.contains("unknown-commit\n") && listed.contains("1 of 1 trial"), "{listed}");
    assert!(sandbox.ok(&["ls", "commit = no-commit"]).contains("0 of 1 trial"));
    assert!(sandbox.ok(&["store", "ls"]).contains("unknown-commit"));
}
