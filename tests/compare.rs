//! `jem compare` through the real binaries, in small repositories.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::collections::BTreeMap;
use std::fs;

use jem_core::digest::Digest;
use jem_core::id::RunParts;
use jem_core::provenance::{Code, Fingerprints, Parts, fingerprints_here};
use jem_core::results::{METRICS, Metrics};
use jem_core::spec::preset;
use jem_core::store::{CommitRecord, FORMAT, Manifest, RunKind, Store};
use sandbox::repository::{SPEC, commit, git, repository};
use sandbox::{SMALLEST_WORKER, Sandbox, TWO_LAMBDAS, files, fingerprint_file, manifests, tiny};
use serde_json::{Value, json};

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let said = sandbox.ok(&[&["compare"], arguments, &["--format", "json"]].concat());
    let mut found: Vec<Value> = serde_json::from_str(&said).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// How far the pairs of a comparison are one: `run`, `results`, …
fn sameness(comparison: &Value) -> Vec<String> {
    let cells = comparison["cells"].as_array().unwrap().iter();
    let pairs = cells.flat_map(|cell| cell["pairs"].as_array().unwrap());
    pairs.map(|pair| pair["same"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_commit_that_touches_nothing_numeric_shares_every_run() {
    let sandbox = repository(TWO_LAMBDAS);
    sandbox.write("chart.rs", "fn draw() {}\n");
    let second = commit(&sandbox, "a chart");
    // The second commit is known by a run at it, of another experiment.
    sandbox.write(SPEC, &tiny(TWO_LAMBDAS).replace("seeds = 2", "seeds = 3"));
    let third = commit(&sandbox, "another seed");
    sandbox.ok(&["run", SPEC]);
    let shared = json(&sandbox, &["HEAD~2", "HEAD", SPEC]);
    assert_eq!(sameness(&shared), ["run"; 4]);
    assert_eq!(shared["code"], json!([]));
    assert_eq!(shared["b"]["commit"], json!(third));
    assert_eq!(shared["files"][0]["path"], json!("chart.rs"));
    // The third seed stands on side B alone.
    let alone = |value: &Value| value["alone"][0].clone();
    let expected = json!({ "seed": 2, "side": "b", "planned": false });
    assert_eq!(alone(&shared["cells"][0]), expected);
    // Nothing was run at the second commit, and its files are no worker's.
    let said = sandbox.jem(&["compare", &second, "HEAD", SPEC]);
    assert_eq!(said.code, 3, "{said:?}");
    for needed in ["git worktree add", "just", &second[..7], "jem run"] {
        assert!(said.err.contains(needed), "no {needed} in {}", said.err);
    }
    // The work tree is what this build makes of it.
    let work = json(&sandbox, &["HEAD~2", "work"]);
    assert_eq!(sameness(&work), ["run"; 4]);
    let flags = ["--fail-on-difference", "--fail-on-worse", "clf/accuracy"];
    sandbox.ok(&[&["compare", "HEAD~2", "work", SPEC][..], &flags].concat());
    let told = sandbox.ok(&["compare", "HEAD~2", "work", SPEC]);
    for needed in ["nothing numeric changed", "4 share their run", "none: every pair"] {
        assert!(told.contains(needed), "no {needed} in {told}");
    }
}

#[test]
fn another_setting_gives_paired_differences_with_intervals_and_an_exit_code() {
    let sandbox = repository(&format!("{TWO_LAMBDAS}seeds = [0, 1, 2]\n"));
    let more = format!("{TWO_LAMBDAS}seeds = [0, 1, 2]\n[optimizer.adam]\nlr = 0.05\n");
    let changed =
        tiny(&more).replace("grid.objective.lambda = [0, 0.5]", "grid.objective.lambda = [0.5, 1]");
    // A table after an array of tables ends it, so the sweep goes last.
    let changed = changed.replace("[optimizer.adam]\nlr = 0.05\n", "");
    let changed = changed.replace("[objective]", "[optimizer.adam]\nlr = 0.05\n[objective]");
    sandbox.write(SPEC, &changed);
    sandbox.ok(&["run", SPEC]);
    let found = json(&sandbox, &["HEAD", "work", SPEC]);
    assert!(found["b"]["dirty"].as_bool().unwrap());
    // λ = 0 stands on A alone, 1 on B, 0.5 on both.
    let cells = found["cells"].as_array().unwrap();
    let values: Vec<f64> = cells.iter().map(|cell| cell["values"][0].as_f64().unwrap()).collect();
    let pairs: Vec<usize> = cells.iter().map(|c| c["pairs"].as_array().unwrap().len()).collect();
    assert_eq!((values, pairs), (vec![0.0, 0.5, 1.0], vec![0, 3, 0]));
    assert_eq!(sameness(&found), ["nothing"; 3]);
    let setting = &found["settings"][0];
    assert_eq!((&setting["what"], &setting["b"]), (&json!("optimizer.adam.lr"), &json!("0.05")));
    let accuracy = &cells[1]["metrics"][0];
    let pairs: Vec<(u64, f64, f64)> = serde_json::from_value(accuracy["pairs"].clone()).unwrap();
    let differences: Vec<f64> = pairs.iter().map(|(_, a, b)| b - a).collect();
    let mean = differences.iter().sum::<f64>() / 3.0;
    let square = |d: &f64| (d - mean) * (d - mean);
    let sd = (differences.iter().map(square).sum::<f64>() / 2.0).sqrt();
    // t₀.₉₇₅ of 2 degrees of freedom: 0.95 √(2 / 0.0975).
    let half = 0.95 * (2.0f64 / 0.0975).sqrt() * sd / 3f64.sqrt();
    let close = |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-9;
    assert!(close(&accuracy["mean"], mean) && close(&accuracy["half_width"], half), "{accuracy}");
    let said = sandbox.jem(&["compare", "HEAD", "work", SPEC, "--fail-on-difference"]);
    assert!(said.code == 1 && said.err.contains("3 of 3 pairs differ"), "{said:?}");
    let told = sandbox.ok(&["compare", "HEAD", "work", SPEC, "--format", "markdown"]);
    for needed in ["optimizer.adam.lr", "not planned", "interval", "| setting | where |"] {
        assert!(told.contains(needed), "no {needed} in {told}");
    }
}

#[test]
fn the_page_holds_its_charts_and_is_the_same_bytes_twice() {
    let sandbox = repository(TWO_LAMBDAS);
    sandbox.write(SPEC, &tiny(TWO_LAMBDAS).replace("steps = 3\n", "steps = 5\n"));
    commit(&sandbox, "longer chains");
    sandbox.ok(&["run", SPEC]);
    let arguments = ["compare", "HEAD~1", "HEAD", SPEC, "--out"];
    sandbox.ok(&arguments);
    let folders: Vec<_> = fs::read_dir(sandbox.path("reports/compare")).unwrap().collect();
    let folder = folders[0].as_ref().unwrap().path().join("tiny");
    let first = files(&folder);
    sandbox.ok(&arguments);
    assert_eq!(first, files(&folder));
    for name in ["index.html", "report.md", "comparison.json", "manifest.json"] {
        assert!(first.contains_key(name), "no {name}");
    }
    for ending in [".svg", ".png", ".csv"] {
        assert!(first.keys().any(|name| name.ends_with(ending)), "no {ending}");
    }
    let page = String::from_utf8_lossy(&first["index.html"]).into_owned();
    let here = sandbox.path("").display().to_string();
    assert!(page.contains("<svg") && page.contains("sampler.steps") && !page.contains(&here));
}

/// Puts the runs that stand in the store into it again as if code with
/// `fingerprints` had made them, their accuracy higher by 0.01 and 0.001 a seed.
fn made_by_other_code(store: &Store, fingerprints: Fingerprints) {
    let read = manifests(store.root());
    let other = |parts: &RunParts, fingerprint: Digest| RunParts { fingerprint, ..parts.clone() };
    for old in read.iter().filter(|manifest| manifest.kind == RunKind::Training) {
        let mut training = old.clone();
        training.parts = other(&old.parts, fingerprints.training);
        training.run = training.parts.run_id();
        elsewhere(store, &mut training);
        store.finish(&training).unwrap();
        let evaluation = read.iter().find(|manifest| manifest.training == Some(old.run)).unwrap();
        let mut evaluation = evaluation.clone();
        evaluation.parts = other(&evaluation.parts, fingerprints.both());
        let bytes = store.result(&evaluation, METRICS).unwrap();
        let mut metrics: Metrics = serde_json::from_slice(&bytes).unwrap();
        let accuracy = metrics.metrics.get_mut("clf/accuracy").unwrap();
        *accuracy -= 0.01 + 0.001 * old.seed as f64;
        let changed = store.put(&serde_json::to_vec(&metrics).unwrap()).unwrap();
        evaluation.results.insert(METRICS.to_owned(), changed);
        evaluation.run = evaluation.parts.run_id();
        elsewhere(store, &mut evaluation);
        evaluation.training = Some(training.run);
        store.finish(&evaluation).unwrap();
    }
}

/// Lets the record of `manifest` name another commit.
fn elsewhere(store: &Store, manifest: &mut Manifest) {
    let record = manifest.records.get_mut("provenance.json").unwrap();
    let mut origin: Value = serde_json::from_slice(&store.get(record.digest).unwrap()).unwrap();
    origin["source"]["commit"] = json!("f".repeat(40));
    *record = store.put(origin.to_string().as_bytes()).unwrap();
}

/// Records what is known of `commit`.
fn record(store: &Store, commit: &str, fingerprints: Fingerprints, sampler: &str) {
    let sgld = "crates/worker/src/jem/sgld.rs".to_owned();
    let parts = Parts {
        training: BTreeMap::from([(sgld, Digest::of(sampler.as_bytes()))]),
        evaluation: BTreeMap::new(),
    };
    let record = CommitRecord {
        format: FORMAT,
        commit: commit.to_owned(),
        fingerprints,
        parts,
        binaries: BTreeMap::new(),
        cargo_lock: None,
        at: "2026-01-01T00:00:00Z".to_owned(),
    };
    assert!(store.record_commit(&record).unwrap());
}

#[test]
fn other_code_is_named_by_its_parts_and_told_with_its_differences() {
    let sandbox = repository(&format!("{TWO_LAMBDAS}seeds = [0, 1, 2]\n"));
    let results = sandbox.path("results");
    let store = Store::open(&results).unwrap();
    let run = manifests(&results).into_iter().find(|m| m.kind == RunKind::Training).unwrap();
    let first = git(&sandbox, &["rev-parse", "HEAD"]);
    sandbox.write("sampler.rs", "changed\n");
    let second = commit(&sandbox, "another sampler");
    let (training, evaluation) = (Digest::of(b"sampler 2"), Digest::of(b"evaluation"));
    let other = Fingerprints { training, evaluation };
    made_by_other_code(&store, other);
    record(&store, &second, other, "2");
    let found = json(&sandbox, &[&first, &second, SPEC, "--metric", "clf/accuracy"]);
    assert_eq!(found["a"]["known"], json!("record"));
    assert_eq!(found["b"]["known"], json!("record"));
    assert_eq!(found["code"][0]["from"], json!(run.parts.fingerprint));
    // Training left the same bytes, of which the evaluation then made others.
    assert_eq!(sameness(&found), ["training"; 6]);
    for cell in found["cells"].as_array().unwrap() {
        let accuracy = &cell["metrics"][0];
        let number = |name: &str| accuracy[name].as_f64().unwrap();
        // Differences −0.010, −0.011, −0.012: t₀.₉₇₅ of 2 degrees is 0.95 √(2 / 0.0975).
        let half = 0.95 * (2.0f64 / 0.0975).sqrt() * 0.001 / 3f64.sqrt();
        assert!((number("mean") + 0.011).abs() < 1e-9, "{accuracy}");
        assert!((number("half_width") - half).abs() < 1e-9, "{accuracy}");
        assert_eq!(accuracy["verdict"], json!("worse"));
    }
    assert_eq!(found["tests"]["method"], json!("paired_t"));
    assert_eq!(found["tests"]["size"], json!(2));
    let worse = ["--fail-on-worse", "clf/accuracy"];
    let said = sandbox.jem(&[&["compare", &first, &second, SPEC][..], &worse].concat());
    assert!(said.code == 1 && said.err.contains("worse in 2 cells"), "{said:?}");
    assert!(said.err.contains("Holm-corrected over 2 tests"), "{said:?}");
    // The other way round it is better.
    sandbox.ok(&[&["compare", &second, &first, SPEC][..], &worse].concat());
}

#[test]
fn what_cannot_be_compared_is_said_with_the_next_command() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    let said = sandbox.jem(&["compare", "HEAD", "work", "tiny.toml"]);
    assert!(said.code == 3 && said.err.contains("no git checkout"), "{said:?}");
    let sandbox = repository("");
    for (arguments, code, needed) in [
        (vec!["v9", "work"], 3, "`v9`"),
        (vec!["HEAD", "work", "experiments/none.toml"], 3, "has no experiments/none.toml"),
        (vec!["HEAD", "work", "/etc/hostname"], 3, "outside the checkout"),
        (vec!["HEAD", "work", "--metric", "clf/acuracy"], 3, "`clf/accuracy`"),
        (vec!["HEAD", "work", "--fail-on-worse", "energy/mean/test"], 2, "neither better"),
    ] {
        let said = sandbox.jem(&[&["compare"], &arguments[..]].concat());
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        assert!(said.err.contains(needed), "{arguments:?}: {said:?}");
    }
    fs::remove_dir_all(sandbox.path("results")).unwrap();
    let said = sandbox.jem(&["compare", "work", "work", SPEC]);
    assert!(said.code == 3 && said.err.contains("neither side has a result"), "{said:?}");
}

#[test]
fn one_seed_alone_or_a_record_that_was_altered_lets_nothing_pass() {
    let sandbox = repository(TWO_LAMBDAS);
    let results = sandbox.path("results");
    let store = Store::open(&results).unwrap();
    sandbox.write("sampler.rs", "changed\n");
    let second = commit(&sandbox, "another sampler");
    let (training, evaluation) = (Digest::of(b"sampler 2"), Digest::of(b"evaluation"));
    let other = Fingerprints { training, evaluation };
    made_by_other_code(&store, other);
    record(&store, &second, other, "2");
    for run in manifests(&results).into_iter().filter(|run| run.seed == 1) {
        if [other.training, other.both()].contains(&run.parts.fingerprint) {
            fs::remove_dir_all(store.run_path(run.run)).unwrap();
        }
    }
    // B is better in the one pair of each cell, which says nothing.
    let worse = ["--fail-on-worse", "clf/accuracy"];
    let said = sandbox.jem(&[&["compare", &second, "HEAD~1", SPEC][..], &worse].concat());
    assert!(said.code == 1 && said.err.contains("cannot be told in 2 cells"), "{said:?}");
    let path = results.join(format!("commits/{second}.json"));
    let text = fs::read_to_string(&path).unwrap();
    let digest = training.to_hex();
    assert!(text.contains(&digest));
    Sandbox::overwrite(&path, text.replace(&digest, &"0".repeat(64)).as_bytes());
    let said = sandbox.jem(&["compare", "HEAD~1", &second, SPEC]);
    assert!(said.code == 3 && said.err.contains("it was altered"), "{said:?}");
}

#[test]
fn what_a_person_accepted_is_told_and_is_no_equality() {
    let sandbox = repository(TWO_LAMBDAS);
    let mut said = fingerprint_file();
    said["training"] = json!(Digest::of(b"another sampler"));
    let worker = sandbox.worker_that_says("after", &said);
    let because = "only a message changed";
    sandbox.ok_with(&worker, &["accept", SPEC, "--all", "--because", because]);
    let compare = ["compare", "HEAD", "work", SPEC];
    let told = sandbox.ok_with(&worker, &compare);
    for needed in ["0 share their run", "4 are the same by a person's word", because] {
        assert!(told.contains(needed), "no {needed} in {told}");
    }
    assert!(!told.contains("none: every pair"), "{told}");
    let found = sandbox.ok_with(&worker, &[&compare[..], &["--format", "json"]].concat());
    let found: Value = serde_json::from_str::<Vec<Value>>(&found).unwrap().remove(0);
    assert_eq!(sameness(&found), ["accepted"; 4]);
    assert_eq!(found["cells"][0]["metrics"][0]["verdict"], json!("no_pair"));
    for flags in [&["--fail-on-difference"][..], &["--fail-on-worse", "clf/accuracy"]] {
        let said = sandbox.with(&worker, &[&compare[..], flags].concat());
        assert_eq!(said.code, 1, "{flags:?}: {said:?}");
    }
    sandbox.ok_with(&worker, &[&compare[..], &["--out", "page"]].concat());
    for file in ["page/index.html", "page/report.md"] {
        assert!(fs::read_to_string(sandbox.path(file)).unwrap().contains(because), "{file}");
    }
}

/// Writes files into the sandbox, with their folders.
fn write(sandbox: &Sandbox, name: &str, text: &str) {
    fs::create_dir_all(sandbox.path(name).parent().unwrap()).unwrap();
    sandbox.write(name, text);
}

#[test]
fn a_work_tree_that_was_edited_and_not_built_is_what_its_files_say() {
    let sandbox = repository(TWO_LAMBDAS);
    for (name, text) in SMALLEST_WORKER {
        write(&sandbox, name, text);
    }
    // The worker has a folder `data` too.
    let ignored = fs::read_to_string(sandbox.path(".gitignore")).unwrap();
    sandbox.write(".gitignore", &ignored.replace("data/", "/data/"));
    commit(&sandbox, "a worker");
    let said = Code::parse(fingerprint_file().to_string().as_bytes()).unwrap();
    let here = fingerprints_here(&sandbox.path(""), said.libtorch().unwrap()).unwrap().unwrap();
    let store = Store::open(&sandbox.path("results")).unwrap();
    made_by_other_code(&store, here.fingerprints);
    let same = json(&sandbox, &["HEAD", "work", SPEC]);
    assert_eq!((&same["a"]["known"], &same["b"]["known"]), (&json!("tree"), &json!("files")));
    assert_eq!((same["code"].clone(), sameness(&same)), (json!([]), vec!["run".to_owned(); 4]));
    write(&sandbox, "crates/worker/src/training/mod.rs", "pub const RATE: f64 = 0.2;");
    let edited = json(&sandbox, &["HEAD", "work", SPEC]);
    assert_eq!(edited["code"][0]["parts"], json!(["crates/worker/src/training/mod.rs"]));
    assert_eq!(edited["b"]["done"], json!(0));
    let told = sandbox.jem(&["compare", "HEAD", "work", SPEC]);
    assert!(told.err.contains("cargo build && jem run"), "{told:?}");
}

#[test]
fn each_side_starts_from_its_own_presets() {
    let sandbox = repository(TWO_LAMBDAS);
    let store = Store::open(&sandbox.path("results")).unwrap();
    let first = git(&sandbox, &["rev-parse", "HEAD"]);
    let known = store.commit_record(&first).unwrap().unwrap();
    let file = |name: &str| format!("{}/{name}.toml", preset::FOLDER);
    for name in preset::names() {
        write(&sandbox, &file(name), preset::text(name).unwrap());
    }
    let also = |commit: String| CommitRecord { commit, ..known.clone() };
    assert!(store.record_commit(&also(commit(&sandbox, "the presets"))).unwrap());
    let found = json(&sandbox, &["HEAD~1", "HEAD", SPEC]);
    assert_eq!(sameness(&found), ["run"; 4]);
    // A file of presets that this experiment starts from, and nothing else.
    let text = preset::text(preset::DEFAULT).unwrap();
    let line = text.lines().find(|line| line.trim_start().starts_with("lr = ")).unwrap();
    write(&sandbox, &file(preset::DEFAULT), &text.replace(line, "lr = 0.125"));
    assert!(store.record_commit(&also(commit(&sandbox, "another rate"))).unwrap());
    let found = json(&sandbox, &["HEAD~1", "HEAD", SPEC]);
    let setting = &found["cells"][0]["settings"][0];
    assert_eq!((&setting["what"], &setting["b"]), (&json!("optimizer.adam.lr"), &json!("0.125")));
    assert_eq!(found["b"]["done"], json!(0));
    // One that this build cannot read is not replaced by its own.
    write(&sandbox, &file(preset::DEFAULT), &format!("{text}\n[futuristic]\nfield = 1\n"));
    assert!(store.record_commit(&also(commit(&sandbox, "of another age"))).unwrap());
    let said = sandbox.jem(&["compare", "HEAD~1", "HEAD", SPEC]);
    assert!(said.code == 3 && said.err.contains("cannot read the preset"), "{said:?}");
}
