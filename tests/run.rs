//! `jem plan` and `jem run` through the real binaries.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;

use sandbox::{
    Said, Sandbox, TWO_LAMBDAS, alive, attempts, manifests, signal, tiny, wait_until, workers_of,
};

#[test]
fn a_sweep_runs_once_and_a_second_run_does_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(TWO_LAMBDAS));
    let plan = sandbox.ok(&["plan", "tiny.toml"]);
    assert!(plan.contains("4 trials: 4 new") && plan.contains("lambda=0.5 seed=1"), "{plan}");
    let first = sandbox.ok(&["run", "tiny.toml"]);
    assert!(first.contains("4 of 4 trials done"), "{first}");
    let before = manifests(&sandbox.path("results")).len();
    let again = sandbox.ok(&["run", "tiny.toml"]);
    assert!(again.contains("nothing to run"), "{again}");
    assert_eq!((before, manifests(&sandbox.path("results")).len()), (8, 8));
    assert!(sandbox.ok(&["plan", "tiny.toml"]).contains("4 trials: 4 cached"));
}

#[test]
fn the_number_of_workers_and_the_folder_change_no_result() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(TWO_LAMBDAS));
    sandbox.ok(&["run", "tiny.toml", "--workers", "1", "--results", "one"]);
    sandbox.ok(&["run", "tiny.toml", "--workers", "3", "--results", "three"]);
    let (one, three) = (sandbox.digests("one"), sandbox.digests("three"));
    assert_eq!(one.len(), 8);
    assert_eq!(one, three);
}

#[test]
fn adding_a_seed_or_a_lambda_runs_only_what_is_new() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("[[sweep]]\nseeds = [0]\ngrid.objective.lambda = [0]\n"));
    sandbox.ok(&["run", "tiny.toml"]);
    sandbox
        .write("tiny.toml", &tiny("[[sweep]]\nseeds = [0, 5]\ngrid.objective.lambda = [0.5, 0]\n"));
    assert!(sandbox.ok(&["plan", "tiny.toml"]).contains("4 trials: 3 new, 1 cached"));
}

#[test]
fn adding_an_ood_set_evaluates_again_and_trains_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    sandbox.ok(&["run", "tiny.toml"]);
    sandbox
        .write("tiny.toml", &tiny("").replace(r#"["rotated"]"#, r#"["rotated", "uniform-noise"]"#));
    assert!(sandbox.ok(&["plan", "tiny.toml"]).contains("2 trials: 2 evaluate"));
    let trained = sandbox.digests("results");
    sandbox.ok(&["run", "tiny.toml"]);
    let training = |digests: &std::collections::BTreeMap<(String, String), String>| {
        digests.keys().filter(|(kind, _)| kind == "training").count()
    };
    assert_eq!((training(&trained), training(&sandbox.digests("results"))), (2, 2));
    let evaluations =
        manifests(&sandbox.path("results")).iter().filter(|m| m.eval.is_some()).count();
    assert_eq!(evaluations, 4);
}

#[test]
fn a_diverged_trial_is_a_result_with_its_step() {
    let sandbox = Sandbox::new();
    let wild = "[optimizer.adam]\nlr = 1000\n[divergence]\nmax_energy_gap = 50\ncheck_every = 1\n";
    sandbox.write("wild.toml", &tiny(wild));
    let said = sandbox.ok(&["run", "wild.toml"]);
    assert!(said.contains("2 diverged"), "{said}");
    assert!(sandbox.ok(&["plan", "wild.toml"]).contains("2 trials: 2 diverged"));
    for manifest in manifests(&sandbox.path("results")) {
        let outcome = serde_json::to_value(&manifest.outcome).unwrap();
        assert!(outcome["diverged"]["step"].as_u64().unwrap() >= 1, "{outcome}");
    }
}

#[test]
fn results_name_no_time_host_or_path() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    sandbox.ok(&["run", "tiny.toml"]);
    let here = sandbox.path("").display().to_string();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for manifest in manifests(&sandbox.path("results")) {
        for (name, artifact) in &manifest.results {
            let hex = artifact.digest.to_hex();
            let path = sandbox.path("results/objects").join(&hex[..2]).join(&hex[2..]);
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            assert!(!text.contains(here.trim_end_matches('/')), "{name}");
            assert!(!text.contains(&format!("\"{}\"", host.trim())), "{name}");
            assert!(!text.contains("seconds"), "{name}");
        }
    }
}

#[test]
fn data_that_is_not_there_names_the_command_that_fetches_it() {
    let sandbox = Sandbox::new();
    sandbox.write("mnist.toml", &tiny("").replace("\"digits\"", "\"mnist\""));
    let said = sandbox.jem(&["run", "mnist.toml"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("jem data fetch mnist"), "{said:?}");
    assert!(!sandbox.path("results").exists());
}

#[test]
fn a_wrong_spec_is_pointed_at_and_runs_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.toml", &tiny("").replace("noise_std = 0.01", "noise_sdt = 0.01"));
    let said = sandbox.jem(&["run", "bad.toml"]);
    assert_eq!(said.code, 3, "{said:?}");
    for needed in ["bad.toml:", "^", "noise_sdt", "`noise_std`", "jem spec check"] {
        assert!(said.err.contains(needed), "no {needed} in {}", said.err);
    }
}

#[test]
fn a_gpu_that_is_not_there_is_said_and_not_waited_for() {
    if std::path::Path::new("/proc/driver/nvidia/version").exists() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("gpu.toml", &tiny("[resources]\ndevice = \"cuda\"\n"));
    let said = sandbox.jem(&["run", "gpu.toml"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("resources.device"), "{said:?}");
}

/// An experiment whose trials take long enough to be disturbed.
fn long() -> String {
    tiny("").replace("steps = 30", "steps = 20000")
}

#[test]
fn ctrl_c_stops_with_code_130_and_the_same_command_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.write("long.toml", &long());
    let front = sandbox.start(&["run", "long.toml"], &[("JEM_GRACE_SECONDS", "2")]);
    sandbox.wait_for_an_attempt("results");
    let workers = workers_of(front.id());
    assert!(!workers.is_empty());
    signal(front.id(), "-INT");
    let said = Said::of(front.wait_with_output().unwrap());
    assert_eq!(said.code, 130, "{said:?}");
    assert!(said.err.contains("goes on with what is missing"), "{said:?}");
    wait_until("the workers' end", || workers.iter().all(|pid| !alive(*pid)));
    assert!(manifests(&sandbox.path("results")).is_empty());
    assert!(sandbox.ok(&["plan", "long.toml"]).contains("2 trials: 2 new"));
}

#[test]
fn a_killed_front_takes_its_workers_with_it() {
    let sandbox = Sandbox::new();
    sandbox.write("long.toml", &long());
    let mut front = sandbox.start(&["run", "long.toml"], &[]);
    sandbox.wait_for_an_attempt("results");
    let workers = workers_of(front.id());
    // Also one that is frozen and cannot see that the front is gone.
    signal(workers[0], "-STOP");
    signal(front.id(), "-KILL");
    front.wait().unwrap();
    wait_until("the workers' end", || workers.iter().all(|pid| !alive(*pid)));
}

#[test]
fn a_trial_whose_workers_are_all_killed_fails_alone_and_names_the_log() {
    let sandbox = Sandbox::new();
    sandbox.write("long.toml", &long().replace("seeds = 2", "seeds = 1"));
    let quick = [("JEM_BACKOFF_MS", "10")];
    let front = sandbox.start(&["run", "long.toml", "--workers", "1"], &quick);
    for attempt in 1..=3 {
        let begun = || attempts(&sandbox.path("results")).len() == attempt;
        wait_until("another attempt", begun);
        signal(workers_of(front.id())[0], "-KILL");
    }
    let said = Said::of(front.wait_with_output().unwrap());
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("1 failed (1 worker died)"), "{said:?}");
    let log = said.err.lines().rev().find_map(|line| line.trim().strip_prefix("log: ")).unwrap();
    assert!(log.contains("attempts/3/"), "{log}");
    assert!(fs::read_to_string(log).unwrap().contains("signal 9"), "{said:?}");
    assert!(said.err.contains("jem run long.toml"), "{said:?}");
}
