//! `jem ls` through the real binaries.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;

use sandbox::{Sandbox, TWO_LAMBDAS, tiny};
use serde_json::Value;

/// Four finished trials with both numbers of bins, and one that diverged.
fn two_experiments() -> Sandbox {
    let sandbox = Sandbox::new();
    let bins = |text: String| text.replace("[evaluate]", "[evaluate]\nece_bins = [20, 15]");
    sandbox.write("tiny.toml", &bins(tiny(TWO_LAMBDAS)));
    let wild = "[optimizer.adam]\nlr = 1000\n[divergence]\nmax_energy_gap = 50\ncheck_every = 1\n";
    sandbox.write("wild.toml", &tiny(wild).replace("seeds = 2", "seeds = [7]"));
    sandbox.ok(&["run", "tiny.toml"]);
    sandbox.ok(&["run", "wild.toml"]);
    sandbox
}

#[test]
fn a_query_picks_runs_of_any_experiment_by_settings_metrics_and_facts() {
    let sandbox = two_experiments();
    let count = |query: &str| sandbox.ok(&["ls", query, "--count"]).trim().to_owned();
    for (query, expected) in [
        ("", "5"),
        ("lambda > 0.3 and ece < 1", "2"),
        ("lambda = 0 and seed in [0, 5]", "1"),
        ("outcome = diverged", "1"),
        ("exists(accuracy)", "4"),
        ("accuracy <= 2", "4"),
        ("not accuracy > 2", "5"),
        ("ece/bins=20 >= 0 and mlp.hidden = [16]", "4"),
        ("command ~ WILD and adam.lr = 1e3", "1"),
        ("device = cpu and threads = 1 and not (dirty or stale)", "5"),
        ("commit = 4fa0892", "0"),
        ("started > 2020 and started < 2020-01-02", "0"),
    ] {
        assert_eq!(count(query), expected, "{query}");
    }

    let shown = sandbox.ok(&["ls", "lambda > 0.3 and ece < 1", "--sort", "seed", "--reverse"]);
    let lines: Vec<&str> = shown.lines().collect();
    for name in ["trial", "seed", "objective.lambda", "calib/ece/bins=15", "outcome", "commit"] {
        assert!(lines[0].contains(name), "{shown}");
    }
    assert!(lines[2].split_whitespace().nth(1) == Some("1"), "{shown}");
    assert!(lines[2].ends_with("no-commit") && lines[4] == "2 of 5 trials", "{shown}");
    assert_eq!(sandbox.ok(&["ls", "lambda = 7"]), "0 of 5 trials\n");

    let csv = ["ls", "--csv", "--columns", "seed,accuracy", "--sort", "accuracy", "--limit", "5"];
    let csv = sandbox.ok(&csv);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[5]), (6, "seed,clf/accuracy", "7,"), "{csv}");

    let json = sandbox.ok(&["ls", "outcome = diverged and lr > 0", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["optimizer.adam.lr"], 1000.0);
    assert_eq!((&json[0]["seed"], &json[0]["commit"]), (&Value::from(7), &Value::Null));
    assert_eq!(json[0]["trial"].as_str().unwrap().len(), 64);
    assert_eq!(json.as_array().unwrap().len(), 1);

    let names = sandbox.ok(&["ls", "--names"]);
    for (name, kind) in
        [("ood/auroc/rotated/energy", "a number"), ("outcome", "one of `finished`, `diverged`")]
    {
        let told = names.lines().any(|line| line.contains(name) && line.contains(kind));
        assert!(told, "{name}: {names}");
    }
}

/// A user who reads n off the list must not count a seed twice.
#[test]
fn a_trial_that_was_evaluated_again_is_one_row() {
    let sandbox = Sandbox::new();
    let text = tiny(TWO_LAMBDAS);
    sandbox.write("tiny.toml", &text);
    sandbox.ok(&["run", "tiny.toml"]);
    // Another evaluation of the same trainings, with a part.
    let more = "[evaluate.calibration]\nbins = [15]\n";
    sandbox.write("more.toml", &format!("{text}{more}"));
    sandbox.ok(&["run", "more.toml"]);
    let count = |args: &[&str]| sandbox.ok(args).trim().to_owned();
    assert_eq!(count(&["ls", "lambda = 0", "--count"]), "2");
    assert_eq!(count(&["ls", "lambda = 0", "--count", "--runs"]), "4");
    let shown = sandbox.ok(&["ls"]);
    let last = shown.lines().last();
    assert_eq!(last, Some("4 of 4 trials; 8 runs are behind them, which --runs lists"));
    assert!(sandbox.ok(&["ls", "--runs"]).ends_with("8 of 8 runs\n"));
    assert_eq!(sandbox.ok(&["ls", "--csv"]).lines().count(), 5);
    let json: Value = serde_json::from_str(&sandbox.ok(&["ls", "runs > 1", "--json"])).unwrap();
    assert_eq!((json.as_array().unwrap().len(), &json[0]["runs"]), (4, &Value::from(2)));
    // The newest evaluation stands for the trial.
    assert_eq!(count(&["ls", "command ~ more.toml", "--count"]), "4");
}

#[test]
fn a_wrong_query_is_pointed_at_and_an_empty_answer_is_an_error_only_when_asked() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.ok(&["ls", "lambda > 0.3 and ece < 0.05"]), "0 of 0 trials\n");
    assert_eq!(sandbox.ok(&["ls", "--json"]), "[]\n");
    let said = sandbox.jem(&["ls", "--count", "--fail-empty"]);
    assert_eq!((said.code, said.out.as_str()), (1, "0\n"), "{said:?}");
    for (query, expected) in [
        ("lamda > 1", "did you mean `lambda`?"),
        ("lambda > high", "`objective.lambda` is a number"),
        ("noise_std = 1", "`data.noise_std`, `sampler.noise_std`"),
        ("(lambda > 1", "`)` is expected here"),
    ] {
        let said = sandbox.jem(&["ls", query]);
        assert_eq!(said.code, 2, "{said:?}");
        for part in [expected, "query:1:", "^", "jem ls --help"] {
            assert!(said.err.contains(part), "no {part} in {}", said.err);
        }
        assert!(said.out.is_empty(), "{said:?}");
    }
    let said = sandbox.jem(&["ls", "--columns", "seed,acuracy"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("did you mean `accuracy`?"), "{said:?}");
    let help = sandbox.ok(&["ls", "--help"]);
    assert!(help.contains("exists(name)") && help.contains("binds closest"), "{help}");
}

#[test]
fn runs_that_cannot_be_read_are_counted_and_left_out() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("[[sweep]]\ngrid.objective.lambda = [0, 0.5, 1]\n"));
    sandbox.ok(&["run", "tiny.toml"]);
    let evaluations: Vec<_> = sandbox::manifests(&sandbox.path("results"))
        .into_iter()
        .filter(|manifest| manifest.training.is_some())
        .collect();
    let run = |n: usize| sandbox.path("results/runs").join(evaluations[n].run.to_string());
    // A manifest cut short, an object that is missing, one that is altered.
    let manifest = run(0).join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, &text[..text.len() / 2]).unwrap();
    let object = |n: usize| {
        let hex = evaluations[n].results["metrics.json"].digest.to_hex();
        sandbox.path("results/objects").join(&hex[..2]).join(&hex[2..])
    };
    fs::remove_file(object(1)).unwrap();
    let bytes = fs::read(object(2)).unwrap();
    fs::remove_file(object(2)).unwrap();
    fs::write(object(2), [b"[", &bytes[1..]].concat()).unwrap();
    fs::write(sandbox.path("results/runs/stray"), "x").unwrap();
    let said = sandbox.jem(&["ls"]);
    assert_eq!((said.code, said.out.lines().last()), (0, Some("3 of 3 trials")), "{said:?}");
    assert!(said.err.contains("3 runs are unreadable") && said.err.contains("fsck"), "{said:?}");
    for evaluation in evaluations.iter().take(3) {
        assert!(said.err.contains(&evaluation.run.short()), "{said:?}");
    }
}
