//! `jem store` through the real binaries: what is lost is found, told and
//! made again; what goes is nobody's.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jem_core::store::{Manifest, RunKind, Store};
use sandbox::{Said, Sandbox, TWO_LAMBDAS, files, manifests, tiny};
use serde_json::Value;

/// A sandbox whose four trials are done.
fn done() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(TWO_LAMBDAS));
    sandbox.ok(&["run", "tiny.toml"]);
    sandbox
}

fn store(sandbox: &Sandbox) -> Store {
    Store::open(&sandbox.path("results")).unwrap()
}

/// A run of this kind, and where its result `name` lies.
fn result(sandbox: &Sandbox, kind: RunKind, name: &str) -> (Manifest, PathBuf) {
    let all = manifests(&sandbox.path("results"));
    let run = all.into_iter().find(|manifest| manifest.kind == kind).unwrap();
    let path = store(sandbox).object_path(run.results[name].digest);
    (run, path)
}

/// Changes one byte in the middle of the file.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    Sandbox::overwrite(path, &bytes);
}

fn findings(said: &Said) -> Vec<Value> {
    let told: Value = serde_json::from_str(&said.out).unwrap();
    told["findings"].as_array().unwrap().clone()
}

#[test]
fn altered_weights_are_told_with_their_cost_put_aside_and_made_again() {
    let sandbox = done();
    let before = sandbox.digests("results");
    assert!(sandbox.ok(&["store", "fsck"]).contains("all is whole"));
    let (run, weights) = result(&sandbox, RunKind::Training, "weights.safetensors");
    flip(&weights);
    assert!(sandbox.ok(&["store", "fsck", "--quick"]).contains("all is whole"));
    let said = sandbox.jem(&["store", "fsck"]);
    assert_eq!(said.code, 1, "{said:?}");
    let cost = format!("(trial {}) will be trained and evaluated again: about ", run.trial.short());
    for needed in ["altered object", "`weights.safetensors`", "lambda=", "seed=", &cost] {
        assert!(said.out.contains(needed), "no {needed} in {}", said.out);
    }
    assert!(said.err.contains("jem store fsck --repair, then jem run tiny.toml"), "{said:?}");
    let said = sandbox.jem(&["store", "fsck", "--repair"]);
    assert!(said.code == 1 && said.out.contains("moved to quarantine/1/objects/"), "{said:?}");
    assert!(sandbox.ok(&["run", "tiny.toml"]).contains("4 of 4 trials done (3 were before"));
    assert_eq!(sandbox.digests("results"), before);
    sandbox.ok(&["store", "fsck"]);
}

#[test]
fn lost_predictions_are_only_measured_again() {
    let sandbox = done();
    let before = sandbox.digests("results");
    let (run, path) = result(&sandbox, RunKind::Evaluation, "predictions.safetensors");
    fs::remove_file(path).unwrap();
    let said = sandbox.jem(&["store", "fsck", "--json"]);
    let found = findings(&said);
    assert_eq!((said.code, found.len()), (1, 1), "{said:?}");
    assert_eq!(found[0]["kind"], "missing_object");
    let cost = format!("(trial {}) will be evaluated again: about ", run.trial.short());
    assert!(found[0]["cost"].as_str().unwrap().contains(&cost), "{said:?}");
    assert_eq!(found[0]["mend"], "jem run tiny.toml");
    assert!(sandbox.ok(&["plan", "tiny.toml"]).contains("1 evaluate"));
    sandbox.ok(&["run", "tiny.toml"]);
    assert_eq!(sandbox.digests("results"), before);
    // The log of the lost run is named by nothing any more.
    assert!(sandbox.ok(&["store", "fsck"]).contains("harmless: orphaned objects"));
}

#[test]
fn a_damaged_manifest_stops_a_run_until_it_is_put_aside() {
    let sandbox = done();
    let before = sandbox.digests("results");
    let (run, _) = result(&sandbox, RunKind::Training, "spec.json");
    flip(&store(&sandbox).run_path(run.run).join("manifest.json"));
    let said = sandbox.jem(&["run", "tiny.toml"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(sandbox.ok(&["store", "ls"]).contains("cannot be believed: runs/"));
    let said = sandbox.jem(&["store", "show", &run.run.short()]);
    assert!(said.code == 3 && said.err.contains("jem store fsck"), "{said:?}");
    assert_eq!(sandbox.jem(&["store", "gc", "--all"]).code, 3);
    assert_eq!(sandbox.jem(&["store", "fsck", "--repair"]).code, 1);
    sandbox.ok(&["run", "tiny.toml"]);
    assert_eq!(sandbox.digests("results"), before);
    sandbox.ok(&["store", "fsck"]);
}

#[test]
fn one_changed_byte_in_any_file_of_a_real_store_makes_nothing_panic() {
    let sandbox = done();
    sandbox.ok(&["store", "tag", "paper", "tiny.toml"]);
    let results = sandbox.path("results");
    let mut kinds = std::collections::BTreeSet::new();
    for (name, bytes) in files(&results) {
        // One of each kind is enough here; the unit tests have them all.
        let kind = name.split('/').map(|part| if part.len() > 30 { "*" } else { part });
        let kind = if name.starts_with("objects") { name.clone() } else { kind.collect() };
        if !kinds.insert(kind) || bytes.is_empty() {
            continue;
        }
        let path = results.join(&name);
        flip(&path);
        for verb in [&["fsck"][..], &["ls"], &["du"], &["gc"], &["tags"]] {
            let arguments = [&["store"], verb].concat();
            let said = sandbox.jem(&arguments);
            assert!([0, 1, 3].contains(&said.code), "{name} {verb:?}: {said:?}");
            assert!(!said.err.contains("panicked"), "{name} {verb:?}: {said:?}");
            if verb == ["fsck"] && name.starts_with("objects") {
                assert!(said.code == 1 && said.out.contains("altered object"), "{name}: {said:?}");
            }
        }
        Sandbox::overwrite(&path, &bytes);
    }
    assert!(kinds.len() > 40, "{kinds:?}");
    assert!(sandbox.ok(&["store", "fsck"]).contains("all is whole"));
}

#[test]
fn gc_keeps_what_a_report_or_tag_names_and_frees_the_rest() {
    let sandbox = done();
    let said = sandbox.jem(&["store", "gc", "--yes", "--grace", "0"]);
    assert!(said.code == 3 && said.err.contains("jem store tag NAME SPEC"), "{said:?}");
    sandbox.write("one.toml", &tiny("[[sweep]]\nseeds = [0]\ngrid.objective.lambda = [0.5]\n"));
    sandbox.ok(&["store", "tag", "one", "one.toml", "--note", "for table 2"]);
    assert!(sandbox.ok(&["store", "tags"]).contains("for table 2"));
    let keep = ["store", "gc", "--grace", "0", "--keep-experiment", "tiny.toml"];
    assert!(sandbox.ok(&keep).contains("nothing would go"));
    let dry = sandbox.ok(&["store", "gc", "--grace", "0"]);
    assert!(dry.contains("training runs") && dry.contains("kept by tag one: 2 runs"), "{dry}");
    assert_eq!(manifests(&sandbox.path("results")).len(), 8);
    let swept = sandbox.ok(&["store", "gc", "--grace", "0", "--yes"]);
    assert!(swept.contains("swept 6 runs"), "{swept}");
    assert!(sandbox.ok(&["store", "fsck"]).contains("all is whole"));
    assert!(sandbox.ok(&["plan", "one.toml"]).contains("1 cached"));
    sandbox.ok(&["report", "one.toml"]);
    sandbox.ok(&["store", "untag", "one"]);
    let dry = sandbox.ok(&["store", "gc", "--grace", "0"]);
    assert!(dry.contains("kept by report ") && dry.contains("nothing would go"), "{dry}");
    assert!(sandbox.ok(&["run", "tiny.toml"]).contains("4 of 4 trials done (1 were before"));
}

/// Makes all objects look old, as their file system has it.
fn age(results: &Path) {
    let old = SystemTime::now() - Duration::from_secs(7200);
    for name in files(&results.join("objects")).into_keys() {
        let file = fs::File::open(results.join("objects").join(name)).unwrap();
        file.set_times(fs::FileTimes::new().set_modified(old)).unwrap();
    }
}

#[test]
fn a_sweep_beside_gc_in_a_loop_loses_nothing() {
    // The same trials with other evaluation settings, so that many objects
    // are put that are there already and that nothing keeps.
    let (undisturbed, sandbox) = (Sandbox::new(), Sandbox::new());
    let before = tiny(TWO_LAMBDAS).replace("seeds = 2", "seeds = 8");
    let more = before.replace("samples = 4", "samples = 3");
    undisturbed.write("tiny.toml", &more);
    undisturbed.ok(&["run", "tiny.toml"]);
    sandbox.write("tiny.toml", &before);
    sandbox.ok(&["run", "tiny.toml"]);
    age(&sandbox.path("results"));
    sandbox.write("more.toml", &more);
    let mut run = sandbox.command(&["run", "more.toml", "--workers", "1"]);
    let mut run = run.stdout(std::process::Stdio::null()).spawn().unwrap();
    let (mut sweeps, mut swept) = (0, 0);
    let gc = ["store", "gc", "--all", "--yes", "--grace", "1", "--keep-experiment", "more.toml"];
    while run.try_wait().unwrap().is_none() {
        let said = sandbox.ok(&gc);
        let runs: u64 = said.split_whitespace().nth(1).unwrap().parse().unwrap();
        (sweeps, swept) = (sweeps + 1, swept + runs);
    }
    assert!(run.wait().unwrap().success());
    assert!(sweeps > 0 && swept > 0, "{sweeps} sweeps beside the run took {swept} runs");
    assert!(sandbox.ok(&["plan", "more.toml"]).contains("16 trials: 16 cached"));
    sandbox.ok(&["store", "fsck"]);
    sandbox.ok(&gc);
    assert_eq!(sandbox.digests("results"), undisturbed.digests("results"));
    eprintln!("{sweeps} sweeps beside the run took {swept} runs");
}

#[test]
fn runs_trials_and_objects_are_shown_by_the_beginnings_of_their_ids() {
    let sandbox = done();
    let (run, path) = result(&sandbox, RunKind::Evaluation, "metrics.json");
    let shown = sandbox.ok(&["store", "show", &run.run.short()]);
    for needed in
        ["evaluation run", "metrics.json", "attempt 1 (won)", "command", "whole        yes"]
    {
        assert!(shown.contains(needed), "no {needed} in {shown}");
    }
    let shown = sandbox.ok(&["store", "show", &run.trial.short()]);
    assert!(shown.contains("training run") && shown.contains("evaluation run"), "{shown}");
    let digest = run.results["metrics.json"].digest.short(12);
    assert!(sandbox.ok(&["store", "show", &digest]).contains("clf/accuracy"));
    let bytes = sandbox.ok(&["store", "show", "--bytes", &digest]);
    assert_eq!(bytes, fs::read_to_string(path).unwrap());
    let listed = sandbox.ok(&["store", "ls", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&listed).unwrap().as_array().unwrap().len(), 8);
    // 16 first characters, and more ids than that.
    let ambiguous = (0..16).map(|n| sandbox.jem(&["store", "show", &format!("{n:x}")]));
    let said = ambiguous.into_iter().find(|said| said.err.contains("is the beginning of")).unwrap();
    assert!(said.code == 3 && said.err.contains("\n  object "), "{said:?}");
    for (wrong, why) in
        [("xyz", "no beginning of an id"), ("0123456789", "no run, trial or object")]
    {
        let said = sandbox.jem(&["store", "show", wrong]);
        assert!(said.code == 3 && said.err.contains(why), "{said:?}");
    }
    let du = sandbox.ok(&["store", "du", "--cells"]);
    assert!(du.contains("weights") && du.contains("tiny  lambda=0.5"), "{du}");
}

#[test]
fn a_store_that_may_only_be_read_is_checked_and_shown_and_says_so_where_it_must_change() {
    use std::os::unix::process::CommandExt;
    let sandbox = done();
    // Root may write anywhere: then the commands run as nobody.
    let root = fs::metadata("/proc/self").map(|meta| std::os::unix::fs::MetadataExt::uid(&meta));
    let (root, results) = (root.unwrap() == 0, sandbox.path("results"));
    let closed = |path: &Path, mode: u32| {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    closed(&sandbox.path(""), 0o755);
    for folder in ["", "objects", "runs", "leases"] {
        closed(&results.join(folder), 0o555);
    }
    let jem = |arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        if root {
            command.uid(65534).gid(65534);
        }
        Said::of(command.output().unwrap())
    };
    for verb in [&["fsck"][..], &["ls"], &["du"], &["gc", "--all"]] {
        let said = jem(&[&["store"], verb].concat());
        assert_eq!(said.code, 0, "{verb:?}: {said:?}");
    }
    for verb in [&["gc", "--all", "--yes"][..], &["tag", "a", "tiny.toml"]] {
        let said = jem(&[&["store"], verb].concat());
        assert_eq!(said.code, 4, "{verb:?}: {said:?}");
        assert!(said.err.contains("Permission denied") && said.err.contains("try: "), "{said:?}");
    }
    closed(&results.join("objects"), 0o000);
    let said = jem(&["store", "fsck"]);
    let mend = format!("chmod -R u+rX {}", results.join("objects").display());
    assert!(said.code == 1 && said.out.contains(&mend), "{said:?}");
    assert!(!said.out.contains("is not there"), "what cannot be seen is not lost: {said:?}");
    closed(&results.join("objects"), 0o555);
    closed(&results.join("runs"), 0o000);
    let said = jem(&["store", "fsck"]);
    let mend = format!("chmod -R u+rX {}", results.join("runs").display());
    assert!(said.code == 1 && said.out.contains(&mend), "{said:?}");
    assert!(!said.out.contains("jem store gc"), "{said:?}");
    let said = jem(&["store", "gc", "--all"]);
    assert!(said.code == 4 && said.err.contains(&mend), "{said:?}");
    for folder in ["", "objects", "runs", "leases"] {
        closed(&results.join(folder), 0o755);
    }
}

#[test]
fn files_deleted_while_a_sweep_runs_cost_their_trials_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(TWO_LAMBDAS).replace("seeds = 2", "seeds = 4"));
    let run = sandbox.start(&["run", "tiny.toml", "--workers", "2"], &[]);
    sandbox.wait_for_an_attempt("results");
    for folder in ["objects", "runs", "leases"] {
        // Others write there meanwhile.
        let _ = fs::remove_dir_all(sandbox.path("results").join(folder));
    }
    let said = Said::of(run.wait_with_output().unwrap());
    assert!([0, 1, 4].contains(&said.code), "{said:?}");
    assert!(!said.err.contains("panicked"), "{said:?}");
    let said = sandbox.jem(&["store", "fsck", "--repair", "--grace", "0"]);
    assert!([0, 1].contains(&said.code), "{said:?}");
    assert!(sandbox.ok(&["run", "tiny.toml"]).contains("8 "));
    assert!(sandbox.ok(&["plan", "tiny.toml"]).contains("8 trials: 8 cached"));
    sandbox.ok(&["store", "fsck"]);
}
