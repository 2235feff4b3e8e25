//! `jem plan`, `jem explain` and `jem accept` through the real binaries: what
//! is said of a key, and of runs whose parts are others.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;
use std::path::{Path, PathBuf};

use jem_core::digest::Digest;
use jem_core::id::RunId;
use jem_core::provenance::Provenance;
use jem_core::store::{Claim, Leases, RunKind, Store};
use sandbox::repository::{SPEC, commit, repository};
use sandbox::{Part, Said, Sandbox, fingerprint_file, manifests, play, tiny};
use serde_json::{Value, json};

/// A copy of the worker that says of itself what the real one says, with
/// modules, and `changed` by hand where that is asked.
fn worker(sandbox: &Sandbox, name: &str, changed: bool) -> PathBuf {
    let mut said = fingerprint_file();
    let digest = |text: &str| Digest::of(text.as_bytes()).to_hex();
    let sgld = digest(if changed { "changed" } else { "as it was" });
    let tch = if changed { "crate tch 0.25.0" } else { "crate tch 0.24.0" };
    said["parts"] = json!({
        "training": { "crates/worker/src/jem/sgld.rs": sgld, tch: digest(tch), "a.rs": digest("a") },
        "evaluation": { "crates/worker/src/eval/measure.rs": digest("measure") },
    });
    if changed {
        said["training"] = digest("another training").into();
    }
    sandbox.worker_that_says(name, &said)
}

fn with(sandbox: &Sandbox, worker: &Path, arguments: &[&str]) -> Said {
    sandbox.with(worker, arguments)
}

fn ok(sandbox: &Sandbox, worker: &Path, arguments: &[&str]) -> String {
    sandbox.ok_with(worker, arguments)
}

/// The short id of the first trial that `jem plan` lists.
fn first_trial(plan: &str) -> String {
    plan.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}

/// Black and white squares of two classes, `n` of them, as IDX files.
fn images(sandbox: &Sandbox, name: &str, n: u32, seed: u8) {
    let mut pixels = vec![0, 0, 8, 3];
    let mut labels = vec![0, 0, 8, 1];
    for size in [n, 8, 8] {
        pixels.extend(size.to_be_bytes());
    }
    labels.extend(n.to_be_bytes());
    for image in 0..n {
        let label = (image % 2) as u8;
        labels.push(label);
        pixels.extend((0..64u32).map(|place| {
            let noise = (place.wrapping_mul(37) ^ image.wrapping_mul(101)) as u8 ^ seed;
            if (place < 32) == (label == 0) { 200 | (noise & 31) } else { noise & 31 }
        }));
    }
    fs::write(sandbox.path(&format!("{name}-images")), pixels).unwrap();
    fs::write(sandbox.path(&format!("{name}-labels")), labels).unwrap();
}

/// An experiment on files of the user's own.
fn on_own_files() -> String {
    let files = "train = { name = \"squares\", classes = 2, idx = { train_images = \"train-images\", \
                 train_labels = \"train-labels\", test_images = \"test-images\", test_labels = \
                 \"test-labels\" } }";
    let text = tiny("").replace("train = \"digits\"", files);
    text.replace("validation = 100", "validation = 8").replace("limit = 256", "limit = 128")
}

#[test]
fn a_key_is_explained_leaf_by_leaf_with_its_runs() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    let trial = first_trial(&sandbox.ok(&["plan", "tiny.toml"]));
    let said = sandbox.ok(&["explain", &trial, "tiny.toml"]);
    for needed in [
        "sampler.steps = 3",
        "data.train = digits",
        "ood = [rotated]",
        "seed 0",
        "environment device=cpu threads=1",
        "data read by training",
        "training run",
        "not done",
        "status: new",
    ] {
        assert!(said.contains(needed), "no `{needed}` in\n{said}");
    }
    sandbox.ok(&["run", "tiny.toml"]);
    let said = sandbox.ok(&["explain", &trial[..6], "tiny.toml"]);
    assert!(said.contains("done, made at no-commit") && said.contains("status: cached"), "{said}");
    let all = manifests(&sandbox.path("results"));
    let run = all.iter().find(|run| run.eval.is_some()).unwrap();
    let said = sandbox.ok(&["explain", &run.run.short()]);
    for needed in ["evaluation run", "by ", "binary jem-worker", "this build would make the same"] {
        assert!(said.contains(needed), "no `{needed}` in\n{said}");
    }
}

#[test]
fn a_prefix_of_nothing_or_of_several_things_is_told_so() {
    let sandbox = Sandbox::new();
    sandbox.write("many.toml", &tiny("[[sweep]]\nseeds = 40\n"));
    let nothing = sandbox.jem(&["explain", "0123456789abcdef", "many.toml"]);
    assert!(nothing.code == 3 && nothing.err.contains("jem plan many.toml"), "{nothing:?}");
    assert_eq!(sandbox.jem(&["explain", "xyz"]).code, 3);
    let plan = sandbox.ok(&["plan", "many.toml"]);
    let mut firsts: Vec<&str> =
        plan.lines().filter(|line| line.starts_with("  ")).map(|line| &line[2..3]).collect();
    firsts.sort_unstable();
    let twice = firsts.windows(2).find(|pair| pair[0] == pair[1]).unwrap()[0];
    let several = sandbox.jem(&["explain", twice, "many.toml"]);
    assert!(several.code == 3 && several.err.contains("more characters"), "{several:?}");
}

#[test]
fn another_thread_is_another_environment_and_is_told_old_and_new() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    sandbox.ok(&["run", "tiny.toml"]);
    sandbox.write("tiny.toml", &tiny("[resources]\nthreads = 2\n"));
    let plan = sandbox.ok(&["plan", "tiny.toml"]);
    assert!(plan.contains("2 trials: 2 stale"), "{plan}");
    assert!(plan.contains("2 stale because environment: threads=1 → threads=2"), "{plan}");
    let said = sandbox.ok(&["explain", &first_trial(&plan), "tiny.toml"]);
    assert!(said.contains("nearest run") && said.contains("threads=1 → threads=2"), "{said}");
}

#[test]
fn changed_images_are_other_trials_and_the_old_ones_bring_their_results_back() {
    let sandbox = Sandbox::new();
    images(&sandbox, "train", 160, 0);
    images(&sandbox, "test", 40, 1);
    sandbox.write("own.toml", &on_own_files());
    sandbox.ok(&["run", "own.toml"]);
    let plan = || sandbox.ok(&["plan", "own.toml"]);
    assert!(plan().contains("2 trials: 2 cached"));
    images(&sandbox, "train", 160, 3);
    assert!(plan().contains("2 trials: 2 new"), "{}", plan());
    images(&sandbox, "train", 160, 0);
    assert!(plan().contains("2 trials: 2 cached"), "{}", plan());
    images(&sandbox, "test", 40, 9);
    assert!(plan().contains("2 trials: 2 new"), "{}", plan());
}

#[test]
fn who_runs_a_trial_and_how_its_last_attempt_failed_are_told() {
    let sandbox = Sandbox::new();
    images(&sandbox, "train", 160, 0);
    images(&sandbox, "test", 40, 1);
    // The plan counts images and does not look at their sides.
    let padded = on_own_files().replace("validation = 8", "validation = 8\naugment = { pad = 8 }");
    sandbox.write("padded.toml", &padded);
    assert_eq!(sandbox.jem(&["run", "padded.toml"]).code, 1);
    let plan = sandbox.ok(&["plan", "padded.toml"]);
    assert!(plan.contains("2 trials: 2 failed"), "{plan}");
    assert!(plan.contains("bad input: data.augment.pad = 8: images of 8×8"), "{plan}");
    let said = sandbox.ok(&["explain", &first_trial(&plan), "padded.toml"]);
    let run = said.lines().find_map(|line| line.strip_prefix("training run ")).unwrap();
    let run = RunId::from_digest(Digest::parse(run).unwrap());
    let leases = Leases::new(&Store::open(&sandbox.path("results")).unwrap());
    assert!(matches!(leases.claim(run).unwrap(), Claim::Held));
    let plan = sandbox.ok(&["plan", "padded.toml"]);
    let place = leases.holder().place();
    assert!(plan.contains("2 trials: 1 running, 1 failed"), "{plan}");
    assert!(plan.contains(&format!("on {place}")), "{plan}");
}

#[test]
fn changed_code_is_told_by_module_and_crate() {
    let sandbox = Sandbox::new();
    let (before, after) = (worker(&sandbox, "before", false), worker(&sandbox, "after", true));
    sandbox.write("tiny.toml", &tiny(""));
    ok(&sandbox, &before, &["run", "tiny.toml"]);
    let plan = ok(&sandbox, &after, &["plan", "tiny.toml"]);
    let reason =
        "because training code: crate tch 0.24.0 → 0.25.0, crates/worker/src/jem/sgld.rs (";
    assert!(plan.contains("2 trials: 2 stale") && plan.contains(reason), "{plan}");
    assert!(!plan.contains("a.rs,") && !plan.contains("measure.rs"), "{plan}");
    let run = manifests(&sandbox.path("results"));
    let run = run.iter().find(|run| run.eval.is_some()).unwrap();
    let said = ok(&sandbox, &after, &["explain", &run.run.short(), "--all"]);
    assert!(said.contains("this build would make another run"), "{said}");
    assert!(said.contains("crates/worker/src/jem/sgld.rs"), "{said}");
}

#[test]
fn accepted_trials_are_not_run_and_every_table_shows_it_until_it_is_withdrawn() {
    let sandbox = Sandbox::new();
    let (before, after) = (worker(&sandbox, "before", false), worker(&sandbox, "after", true));
    sandbox.write("tiny.toml", &tiny(""));
    let trial = first_trial(&ok(&sandbox, &before, &["plan", "tiny.toml"]));
    let early = with(&sandbox, &after, &["accept", &trial, "tiny.toml", "--because", "so"]);
    assert!(early.code == 3 && early.err.contains("no whole old run"), "{early:?}");
    ok(&sandbox, &before, &["run", "tiny.toml"]);
    for because in [&[][..], &["--because", "  "]] {
        let arguments: Vec<&str> =
            ["accept", &trial, "--spec", "tiny.toml"].iter().chain(because).copied().collect();
        assert_eq!(with(&sandbox, &after, &arguments).code, 2);
    }
    let because = "only an error message changed";
    ok(&sandbox, &after, &["accept", &trial, "--spec", "tiny.toml", "--because", because]);
    let plan = ok(&sandbox, &after, &["plan", "tiny.toml"]);
    assert!(plan.contains("2 trials: 1 stale, 1 accepted"), "{plan}");
    ok(&sandbox, &after, &["accept", "tiny.toml", "--all", "--because", because]);
    let plan = ok(&sandbox, &after, &["plan", "tiny.toml"]);
    assert!(plan.contains("2 trials: 2 accepted") && plan.contains(because), "{plan}");
    let run = with(&sandbox, &after, &["run", "tiny.toml"]);
    assert!(run.code == 0 && run.out.contains("nothing to run"), "{run:?}");
    assert!(run.err.contains("2 trials are accepted by hand"), "{run:?}");
    let list = ok(&sandbox, &after, &["accept", "--list"]);
    assert!(list.contains(because) && list.contains("sgld.rs"), "{list}");
    for format in ["terminal", "markdown", "csv", "tex"] {
        let table = ok(&sandbox, &after, &["table", "tiny.toml", "--format", format]);
        assert!(table.contains(because) && table.contains("sgld.rs"), "{format}: {table}");
    }
    ok(&sandbox, &after, &["report", "tiny.toml"]);
    let report = sandbox.path("reports/no-commit/tiny");
    for file in ["index.html", "report.md", "manifest.json", "tables/trials.csv"] {
        let text = fs::read_to_string(report.join(file)).unwrap();
        assert!(text.contains(because), "{file}");
    }
    let chart = fs::read_to_string(report.join("charts/training.svg")).unwrap();
    assert!(chart.contains("accepted by hand"), "the chart's footer does not say it");
    let id = first_trial(&plan);
    ok(&sandbox, &after, &["accept", "--withdraw", &id]);
    assert!(ok(&sandbox, &after, &["plan", "tiny.toml"]).contains("1 stale, 1 accepted"));
    assert_eq!(with(&sandbox, &after, &["accept", "--withdraw", &id]).code, 3);
}

#[test]
fn a_run_keeps_the_code_and_the_digests_of_the_binaries_that_made_it() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("").replace("seeds = 2", "seeds = 1"));
    sandbox.ok(&["run", "tiny.toml"]);
    let store = Store::open(&sandbox.path("results")).unwrap();
    for run in manifests(&sandbox.path("results")) {
        let record = store.get(run.records["provenance.json"].digest).unwrap();
        let record: Provenance = serde_json::from_slice(&record).unwrap();
        let code: Value =
            serde_json::from_slice(&store.get(record.code.unwrap()).unwrap()).unwrap();
        if run.kind == RunKind::Training {
            assert_eq!(code["training"], run.parts.fingerprint.to_hex());
        }
        let jem = PathBuf::from(env!("CARGO_BIN_EXE_jem"));
        for name in ["jem", "jem-worker"] {
            let bytes = fs::read(jem.with_file_name(name)).unwrap();
            assert_eq!(record.binaries[name], Digest::of(&bytes), "{name}");
        }
    }
}

#[test]
fn fake_worker() {
    play();
}

#[test]
fn a_trial_that_took_too_long_is_told_though_its_worker_said_nothing() {
    let sandbox = Sandbox::new();
    let spec = tiny("[resources]\ntimeout = 1\n").replace("seeds = 2", "seeds = 1");
    sandbox.write("tiny.toml", &spec);
    let grace = [("JEM_GRACE_SECONDS", "1")];
    let child = sandbox.start_with(Part::Deaf, &["run", "tiny.toml"], &grace);
    assert_eq!(Said::of(child.wait_with_output().unwrap()).code, 1);
    let plan = sandbox.ok_with(&sandbox.path("worker.sh"), &["plan", "tiny.toml"]);
    assert!(plan.contains("1 trial: 1 failed"), "{plan}");
    assert!(plan.contains("timeout: it took longer than resources.timeout = 1"), "{plan}");
    sandbox.ok(&["store", "fsck"]);
}

#[test]
fn a_trial_is_accepted_without_its_file_where_one_experiment_alone_has_it() {
    let sandbox = repository("");
    let after = worker(&sandbox, "after", true);
    let trial = first_trial(&ok(&sandbox, &after, &["plan", SPEC]));
    let accept = ["accept", &trial, "--because", "so"];
    let none = with(&sandbox, &after, &["accept", "0123456789", "--because", "so"]);
    assert!(none.code == 3 && none.err.contains("no trial of the 1 experiments"), "{none:?}");
    sandbox.write("experiments/twin.toml", &tiny(""));
    sandbox.write("experiments/wrong.toml", "question = 3\n");
    let twice = with(&sandbox, &after, &accept);
    assert!(twice.code == 2 && twice.err.contains("--spec experiments/twin.toml"), "{twice:?}");
    sandbox.write("experiments/twin.toml", &tiny("").replace("steps = 3\n", "steps = 5\n"));
    let said = with(&sandbox, &after, &accept);
    assert!(said.code == 0 && said.err.contains("passed over: experiments/wrong.toml"), "{said:?}");
    let plan = ok(&sandbox, &after, &["plan", SPEC]);
    assert!(plan.contains("2 trials: 1 stale, 1 accepted"), "{plan}");
}

#[test]
fn every_verb_says_that_the_worker_is_of_other_sources() {
    let sandbox = repository("");
    let trial = first_trial(&sandbox.ok(&["plan", SPEC]));
    for (name, text) in sandbox::SMALLEST_WORKER {
        fs::create_dir_all(sandbox.path(name).parent().unwrap()).unwrap();
        sandbox.write(name, text);
    }
    commit(&sandbox, "a worker");
    let stale = "the worker was not built from these sources";
    for arguments in [&["plan", SPEC][..], &["explain", &trial, SPEC], &["table", SPEC]] {
        let said = sandbox.jem(arguments);
        assert!(said.code == 0 && said.err.contains(stale), "{arguments:?}: {said:?}");
    }
    for arguments in
        [&["table", SPEC, "--require-clean"][..], &["accept", &trial, SPEC, "--because", "so"]]
    {
        let said = sandbox.jem(arguments);
        assert!(said.code == 3 && said.err.contains(stale), "{arguments:?}: {said:?}");
    }
}
