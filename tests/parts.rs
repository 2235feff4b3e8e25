//! Parts of an evaluation: runs of their own, added to finished trials without
//! training again, and taken over where they are there.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::collections::BTreeMap;
use std::fs;

use jem_core::store::Manifest;
use sandbox::{Sandbox, manifests, tiny};

const CORRUPTIONS: &str = "[evaluate.corruptions]\nkinds = [\"gaussian_noise\", \"contrast\"]\nseverities = 2\nlimit = 50\n";

/// How many runs of training, whole evaluations and parts there are.
fn runs(sandbox: &Sandbox) -> (usize, usize) {
    let all = manifests(&sandbox.path("results"));
    let trainings = all.iter().filter(|manifest| manifest.training.is_none()).count();
    (trainings, all.len() - trainings)
}

#[test]
fn a_part_is_added_to_finished_trials_and_its_run_is_taken_over() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    sandbox.ok(&["run", "tiny.toml"]);
    assert_eq!(runs(&sandbox), (2, 2));
    sandbox.write("tiny.toml", &tiny(CORRUPTIONS));
    assert!(sandbox.ok(&["plan", "tiny.toml"]).contains("2 trials: 2 evaluate"));
    let said = sandbox.ok(&["eval", "tiny.toml"]);
    assert!(said.contains("2 of 2 trials done"), "{said}");
    // Of each trial: the part, and the whole; what every evaluation measures
    // was there.
    assert_eq!(runs(&sandbox), (2, 6));
    let table = sandbox.ok(&["table", "tiny.toml", "--format", "csv", "--all-metrics"]);
    assert!(table.contains("corrupted/mean_accuracy/severity=2"), "{table}");

    // Another set is a new evaluation, but the corruptions are the same run.
    let more = tiny(CORRUPTIONS).replace(r#"["rotated"]"#, r#"["rotated", "uniform-noise"]"#);
    sandbox.write("tiny.toml", &more);
    sandbox.ok(&["eval", "tiny.toml"]);
    assert_eq!(runs(&sandbox), (2, 10));

    // The whole has the bytes of one that was made at once.
    sandbox.ok(&["run", "tiny.toml", "--results", "fresh"]);
    let digests = |results: &str| -> BTreeMap<String, String> {
        let of = |run: &Manifest| (run.run.to_string(), run.results_digest().to_hex());
        manifests(&sandbox.path(results)).iter().map(of).collect()
    };
    let (again, fresh) = (digests("results"), digests("fresh"));
    assert_eq!(fresh.len(), 8);
    assert!(fresh.iter().all(|(run, digest)| again.get(run) == Some(digest)));
    sandbox.ok(&["store", "fsck"]);
    sandbox.ok(&["verify", "tiny.toml"]);
    // Four evaluations of each of two trials, for either list of sets one with
    // the corruptions and one without; their parts are no rows.
    for (more, wanted) in [(&[][..], 2), (&["--runs"], 8)] {
        let listed = sandbox.ok(&[&["ls", "accuracy >= 0", "--json"][..], more].concat());
        let rows: serde_json::Value = serde_json::from_str(&listed).unwrap();
        assert_eq!(rows.as_array().map(Vec::len), Some(wanted), "{listed}");
    }
}

#[test]
fn long_chains_are_a_part_with_metrics_for_each_start() {
    let sandbox = Sandbox::new();
    let chains = "[evaluate.chains]\nn = 3\nsteps = 40\nevery = 2\nstates = 3\n";
    sandbox.write("tiny.toml", &tiny(chains));
    sandbox.ok(&["run", "tiny.toml"]);
    let table = sandbox.ok(&["table", "tiny.toml", "--format", "csv", "--all-metrics"]);
    for metric in ["rhat", "ess", "energy", "energy_change", "displacement", "saturation"] {
        let path = format!("chains/{metric}/uniform");
        assert!(table.contains(&path), "{path} is not in\n{table}");
    }
    let all = manifests(&sandbox.path("results"));
    for file in ["chains.json", "chains.safetensors"] {
        assert!(all.iter().any(|manifest| manifest.results.contains_key(file)), "{file}");
    }
}

#[test]
fn calibration_and_selective_classification_are_parts_with_files_and_figures() {
    let sandbox = Sandbox::new();
    let parts = "[evaluate.calibration]\nbins = [10]\n[evaluate.selective]\npoints = 20\n";
    sandbox.write("tiny.toml", &tiny(parts));
    sandbox.ok(&["run", "tiny.toml"]);
    let table = sandbox.ok(&["table", "tiny.toml", "--format", "csv", "--all-metrics"]);
    for path in [
        "calib/classwise_ece/bins=10",
        "error/aurc/rank_mean",
        "error/excess_aurc/energy",
        "error/risk/max_softmax/percent=90",
    ] {
        assert!(table.contains(path), "{path} is not in\n{table}");
    }
    let all = manifests(&sandbox.path("results"));
    for file in ["calibration.json", "selective.json"] {
        assert!(all.iter().any(|manifest| manifest.results.contains_key(file)), "{file}");
    }
    sandbox.ok(&["report", "tiny.toml"]);
    let report = fs::read_to_string(sandbox.path("reports/no-commit/tiny/report.md")).unwrap();
    assert!(report.contains("charts/risk-coverage.svg"), "{report}");
    assert!(report.contains("### Detection of errors"), "{report}");
    assert!(report.contains("### Temperature scaling"), "{report}");
}

#[test]
fn scores_are_a_part_that_is_tuned_on_validation_sets_alone() {
    let sandbox = Sandbox::new();
    let scores = "validation_ood = [\"interpolation\"]\nnear = [\"rotated\"]\n\
                  [evaluate.scores]\nlimit_train = 100\nbootstrap = 40\nknn_k = [5, 1]\n";
    sandbox.write("tiny.toml", &tiny(scores));
    sandbox.ok(&["run", "tiny.toml"]);
    let all = manifests(&sandbox.path("results"));
    let read = |run: &Manifest, name: &str| -> serde_json::Value {
        let hex = run.results[name].digest.to_hex();
        let path = sandbox.path("results/objects").join(&hex[..2]).join(&hex[2..]);
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    let whole = |run: &&Manifest| run.results.contains_key("scores.json") && run.part.is_none();
    let run = all.iter().find(whole).unwrap();
    let metrics = &read(run, "metrics.json")["metrics"];
    let value = |path: &str| metrics[path].as_f64();
    for kind in jem_core::spec::PostHoc::ALL {
        let name = kind.name();
        let found = value(&format!("ood/auroc/rotated/{name}"));
        assert!(found.is_some_and(|auroc| (0.0..=1.0).contains(&auroc)), "{name}: {metrics}");
        assert_eq!(value(&format!("ood/auroc_near/{name}")), found, "{name}");
        assert!(value(&format!("ood_validation/auroc/interpolation/{name}")).is_some());
    }
    for name in ["energy", "max_softmax", "max_logit", "entropy", "knn", "approximate_mass"] {
        let end = |which: &str| value(&format!("ood/auroc_{which}/rotated/{name}"));
        assert!(end("low") < end("high"), "{name}: {metrics}");
    }
    let told = read(run, "scores.json");
    assert_eq!(told["tuned_on"], serde_json::json!(["interpolation"]));
    assert_eq!((&told["n_train"], &told["told_from"]), (&100.into(), &"held-out".into()));
    let knn = told["scores"].as_array().unwrap().iter().find(|one| one["score"] == "knn").unwrap();
    let tried = knn["tried"].as_array().unwrap();
    let auroc = |place: usize| tried[place]["auroc"].as_f64().unwrap();
    assert_eq!(tried.len(), 2);
    let best = if auroc(1) > auroc(0) { 1.0 } else { 5.0 };
    assert_eq!(knn["chosen"], serde_json::json!([["k", best]]));

    // With nothing to tune on the first value of each list is used: at T = 1
    // that is the energy.
    let untuned = scores.replace("validation_ood = [\"interpolation\"]\n", "");
    sandbox.write("tiny.toml", &tiny(&untuned));
    sandbox.ok(&["eval", "tiny.toml"]);
    let all = manifests(&sandbox.path("results"));
    let of = |run: &&Manifest| {
        whole(run) && read(run, "scores.json")["tuned_on"] == serde_json::json!([])
    };
    let run = all.iter().find(of).unwrap();
    let metrics = &read(run, "metrics.json")["metrics"];
    assert_eq!(metrics["ood/auroc/rotated/energy_t"], metrics["ood/auroc/rotated/energy"]);
    sandbox.ok(&["report", "tiny.toml"]);
    sandbox.ok(&["verify", "tiny.toml"]);
}

#[test]
fn purification_is_a_part_with_a_metric_for_each_defence_and_attack() {
    let sandbox = Sandbox::new();
    let asked = "[evaluate.purification]\nlimit = 12\nepsilon = 0.1\nattack_steps = 3\neot = 2\n\
         queries = 5\nreplicates = 4\npoints = 2\nmax_unrolled = 20\n\
         attacks = [\"none\", \"transfer\", \"bpda\", \"full_gradient\", \"square\", \"joint\"]\n\
         [evaluate.purification.seed]\nsteps = 4\n\
         [evaluate.purification.stochastic]\nsteps = 20\nchains = 2\n";
    sandbox.write("tiny.toml", &tiny(asked));
    sandbox.ok(&["run", "tiny.toml"]);
    let table = sandbox.ok(&["table", "tiny.toml", "--format", "csv", "--all-metrics"]);
    for path in [
        "purified/accuracy/none/transfer",
        "purified/accuracy/seed/full_gradient",
        "purified/accuracy/stochastic/square",
        "purified/detected/stochastic/joint",
        "purified/accepted_wrong/seed/bpda",
        "purified/after/stochastic/bpda/10",
    ] {
        assert!(table.contains(path), "{path} is not in\n{table}");
    }
    // Two chains of 20 steps of one input are more than 20.
    assert!(!table.contains("purified/detected/stochastic/full_gradient"), "{table}");
    let said = sandbox.ok(&["report", "tiny.toml", "--out", "report"]);
    let page = fs::read_to_string(sandbox.path("report/report.md")).unwrap_or(said);
    for words in ["Accuracy behind purifiers, under attack", "not run: would need a graph of 40"] {
        assert!(page.contains(words), "{words} is not in\n{page}");
    }
}

#[test]
fn samples_are_a_part_whose_id_says_whether_the_inception_file_was_there() {
    let sandbox = Sandbox::new();
    let asked = "[evaluate.generation]\nsamples = 70\nsteps = 5\nper_class = 2\nlooks = 3\n\
                 limit_train = 200\nextractors = [\"classifier\", \"inception\"]\n\
                 inception_file = \"i.pt\"\ninception_sha256 = \"";
    let asked = format!("{asked}{}\"\n", "ab".repeat(32));
    sandbox.write("tiny.toml", &tiny(&asked));
    sandbox.ok(&["run", "tiny.toml"]);
    let table = sandbox.ok(&["table", "tiny.toml", "--format", "csv", "--all-metrics"]);
    for source in ["fresh", "buffer", "conditional", "real"] {
        for metric in ["frechet", "inception_score", "n"] {
            let path = format!("samples/{metric}/{source}/classifier");
            // One without a value is listed too.
            assert!(table.contains(&path), "{path} is not in\n{table}");
        }
        assert!(table.contains(&format!("samples/neighbour_distance/{source}")), "{table}");
    }
    assert!(table.contains("samples/conditional_agreement/classifier"), "{table}");
    let all = manifests(&sandbox.path("results"));
    let part = all.iter().find(|m| m.results.contains_key("generation.json")).unwrap();
    let digest = part.results["metrics.json"].digest.to_hex();
    let path = sandbox.path("results/objects").join(&digest[..2]).join(&digest[2..]);
    let metrics: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let why = metrics["undefined"]["samples/frechet/fresh/inception"].as_str().unwrap();
    assert!(why.contains("pip download"), "{why}");
    // 20 samples have no covariance of 64 features; 70 have.
    assert!(metrics["metrics"]["samples/frechet/fresh/classifier"].is_number(), "{metrics}");
    assert_eq!(metrics["metrics"]["samples/n/conditional/classifier"], 20.0, "{metrics}");
    let few = metrics["undefined"]["samples/frechet/conditional/classifier"].as_str().unwrap();
    assert!(few.contains("20 images have no covariance of 64 features"), "{few}");
    assert!(few.ends_with("raise evaluate.generation.per_class"), "{few}");

    // The file is there now: the evaluation is another, and its digest is asked for.
    assert!(sandbox.ok(&["plan", "tiny.toml"]).contains("2 cached"));
    sandbox.write("i.pt", "no network");
    assert!(sandbox.ok(&["plan", "tiny.toml"]).contains("2 stale"));
    let said = sandbox.jem(&["eval", "tiny.toml"]);
    assert!(said.code != 0 && said.err.contains("its SHA-256 is"), "{said:?}");
}

#[test]
fn eval_trains_nothing_and_says_what_it_leaves_out() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(CORRUPTIONS));
    let said = sandbox.jem(&["eval", "tiny.toml"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("2 trials are not trained"), "{said:?}");
    assert!(said.out.contains("nothing to run"), "{said:?}");
    assert!(manifests(&sandbox.path("results")).is_empty());
}

#[test]
fn a_part_that_is_altered_in_the_store_is_not_taken_over() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(CORRUPTIONS));
    sandbox.ok(&["run", "tiny.toml"]);
    let all = manifests(&sandbox.path("results"));
    let digest = all.iter().find_map(|m| m.results.get("corruptions.json")).unwrap().digest;
    let hex = digest.to_hex();
    let path = sandbox.path("results/objects").join(&hex[..2]).join(&hex[2..]);
    let mut bytes = fs::read(&path).unwrap();
    bytes[10] ^= 1;
    Sandbox::overwrite(&path, &bytes);
    let more = tiny(CORRUPTIONS).replace(r#"["rotated"]"#, r#"["rotated", "uniform-noise"]"#);
    sandbox.write("tiny.toml", &more);
    let said = sandbox.jem(&["eval", "tiny.toml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("holds other bytes"), "{said:?}");
}

#[test]
fn a_set_of_another_shape_is_out_of_distribution_for_own_files() {
    let sandbox = Sandbox::new();
    for (name, n) in [("train", 96u32), ("test", 20)] {
        let mut pixels = vec![0, 0, 8, 3];
        pixels.extend([n, 6, 5].iter().flat_map(|size| size.to_be_bytes()));
        pixels.extend((0..n * 30).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8));
        let mut labels = vec![0, 0, 8, 1];
        labels.extend(n.to_be_bytes());
        labels.extend((0..n).map(|image| (image % 2) as u8));
        fs::write(sandbox.path(&format!("{name}-images")), pixels).unwrap();
        fs::write(sandbox.path(&format!("{name}-labels")), labels).unwrap();
    }
    let files = "train = { classes = 2, idx = { train_images = \"train-images\", train_labels = \
                 \"train-labels\", test_images = \"test-images\", test_labels = \"test-labels\" } }";
    let file = |ood: &str| {
        let text = tiny("").replace("train = \"digits\"", files);
        let text = text.replace("validation = 100", "validation = 8").replace("limit = 256", "");
        text.replace("seeds = 2", "seeds = 1").replace("\"rotated\"", ood)
    };
    sandbox.write("tiny.toml", &file("\"digits\""));
    let said = sandbox.jem(&["run", "tiny.toml"]);
    let entry = "{ name = \"digits\", resize = [6, 5] }";
    assert_ne!(said.code, 0, "{said:?}");
    assert!(said.err.contains(&format!("write {entry} in its place")), "{said:?}");
    sandbox.write("tiny.toml", &file(entry));
    sandbox.ok(&["run", "tiny.toml"]);
    let table = sandbox.ok(&["table", "tiny.toml", "--format", "csv", "--all-metrics"]);
    assert!(table.contains("ood/auroc/digits/energy"), "{table}");
    sandbox.ok(&["verify", "tiny.toml"]);
}

#[test]
fn log_likelihood_is_a_part_beside_densities_from_the_images_alone() {
    let sandbox = Sandbox::new();
    // Pixels' cells, and chains on the box of the pixel range.
    let asked = "[evaluate.likelihood]\nchains = 24\ntemperatures = 200\nreverse = 50\n";
    let box_model = tiny(asked)
        .replace("range = \"[-1, 1]\"", "range = \"[-1, 1]\"\ndequantise = true")
        .replace("noise_std = 0.01", "boundary = \"reflect\"\nkind = \"mala\"\nnoise_std = 0")
        .replace("step_size = 1\n", "step_size = 0.001\n");
    sandbox.write("tiny.toml", &box_model);
    sandbox.ok(&["run", "tiny.toml"]);
    let all = manifests(&sandbox.path("results"));
    let read = |run: &Manifest, name: &str| -> serde_json::Value {
        let hex = run.results[name].digest.to_hex();
        let path = sandbox.path("results/objects").join(&hex[..2]).join(&hex[2..]);
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    };
    let whole = |run: &&Manifest| run.results.contains_key("likelihood.json") && run.part.is_none();
    let runs: Vec<&Manifest> = all.iter().filter(whole).collect();
    assert_eq!(runs.len(), 2);
    for run in runs {
        let (metrics, known) = (read(run, "metrics.json"), read(run, "likelihood.json"));
        let value = |path: &str| metrics["metrics"][path].as_f64();
        for name in ["gaussian", "ppca", "base"] {
            let nats = value(&format!("likelihood/nats/{name}")).unwrap();
            let bits = value(&format!("likelihood/bits_per_dim/{name}")).unwrap();
            // 64 pixels of 17 levels, the scaled range 2 wide.
            let width = 2.0f64 / 17.0;
            assert!((bits + (nats / 64.0 + width.ln()) / 2f64.ln()).abs() < 1e-9);
        }
        // Every pixel alike has log₂ 17 = 4.09 bits.
        assert!(value("likelihood/bits_per_dim/gaussian").unwrap() < 3.5, "{metrics}");
        for metric in ["ess", "acceptance"] {
            assert!(value(&format!("likelihood/{metric}/model")).is_some(), "{metrics}");
        }
        // The model's number is there, or the reason why it is not.
        let why = metrics["undefined"]["likelihood/nats/model"].as_str();
        assert_ne!(value("likelihood/nats/model").is_some(), why.is_some(), "{metrics}");
        assert_eq!(known["densities"].as_array().map(Vec::len), Some(6));
        assert_eq!(known["annealing"].as_array().map(Vec::len), Some(3));
        assert_eq!(known["n"], 450);
    }
    sandbox.ok(&["report", "tiny.toml"]);
    let report = fs::read_to_string(sandbox.path("reports/no-commit/tiny/report.md")).unwrap();
    assert!(report.contains("Log-likelihood of test images"), "{report}");
    sandbox.ok(&["verify", "tiny.toml"]);
}
