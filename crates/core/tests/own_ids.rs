//! Ids of trials on files of the user's own: what the files hold counts, and
//! not where they lie.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jem_core::plan::{Plan, Trial};
use jem_core::store::{Remembered, Store};

/// An experiment on own files; `data` and `evaluate` are its tables' rest.
fn text(data: &str, evaluate: &str) -> String {
    format!("question = \"?\"\n[data]\nvalidation = 0\n{data}\n[evaluate]\n{evaluate}\n")
}

const OOD: &str = "ood = [{ name = \"other\", cifar = { test = [\"ood.bin\"] } }]";

fn train(path: &str) -> String {
    format!("train = {{ cifar = {{ train = [\"{path}\"], test = [\"test.bin\"] }}, classes = 10 }}")
}

/// A CIFAR-10 file of 256 images, the first of which begins with `word`: a plan
/// counts the images of every file.
fn images(word: &str) -> Vec<u8> {
    let mut bytes = vec![0; 256 * (1 + 32 * 32 * 3)];
    bytes[1..=word.len()].copy_from_slice(word.as_bytes());
    bytes
}

/// A folder with the files that experiments here name.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["train.bin", "test.bin", "ood.bin", "auxiliary.bin"] {
        fs::write(folder.path().join(name), images(name)).unwrap();
    }
    folder
}

fn plan(folder: &Path, text: &str) -> Plan {
    let file = folder.join("own.toml");
    fs::write(&file, text).unwrap();
    let store = Store::open(&folder.join("results")).unwrap();
    Plan::read_by(&file, Arc::new(Remembered::in_store(store))).unwrap()
}

fn first(folder: &Path, text: &str) -> Trial {
    plan(folder, text).trials[0]
}

#[test]
fn one_content_at_two_paths_is_one_trial_and_other_content_is_another() {
    let folder = folder();
    let at = |path: &str| folder.path().join(path);
    let written = first(folder.path(), &text(&train("train.bin"), OOD));
    fs::create_dir(at("deep")).unwrap();
    fs::copy(at("train.bin"), at("deep/copy.bin")).unwrap();
    let absolute = at("train.bin").display().to_string();
    for path in ["./train.bin", "deep/../train.bin", "deep/copy.bin", &absolute] {
        let spelt = first(folder.path(), &text(&train(path), OOD));
        assert_eq!((spelt.id, spelt.eval), (written.id, written.eval), "{path}");
    }
    // The same path and size, other bytes.
    fs::write(at("train.bin"), images("TRAIN.bin")).unwrap();
    let changed = first(folder.path(), &text(&train("train.bin"), OOD));
    assert_ne!(changed.cell, written.cell);
    // Judged by other images: the same training, another evaluation.
    fs::copy(at("deep/copy.bin"), at("train.bin")).unwrap();
    fs::write(at("ood.bin"), images("other")).unwrap();
    let judged = first(folder.path(), &text(&train("train.bin"), OOD));
    assert_eq!(judged.id, written.id);
    assert_ne!(judged.eval, written.eval);
}

#[test]
fn of_a_source_only_what_is_read_counts() {
    let folder = folder();
    let with = |more: &str| text(&format!("{}\n{more}", train("train.bin")), OOD);
    let auxiliary = |test: &str| {
        with(&format!(
            "auxiliary = {{ cifar = {{ train = [\"auxiliary.bin\"], test = [\"{test}\"] }} }}\n\
             [objective.outlier_exposure]\nweight = 0.5"
        ))
    };
    // The test split of an auxiliary set is read by nothing, and may be missing.
    let one = first(folder.path(), &auxiliary("ood.bin"));
    assert_eq!(one.id, first(folder.path(), &auxiliary("nowhere.bin")).id);
    fs::write(folder.path().join("auxiliary.bin"), images("another")).unwrap();
    assert_ne!(one.id, first(folder.path(), &auxiliary("ood.bin")).id);
    // A set that is judged by gives metrics its name, which is part of the id.
    let named = |name: &str| {
        text(
            &train("train.bin"),
            &format!("ood = [{{ name = \"{name}\", cifar = {{ test = [\"ood.bin\"] }} }}]"),
        )
    };
    let (a, b) = (first(folder.path(), &named("a")), first(folder.path(), &named("b")));
    assert_eq!(a.id, b.id);
    assert_ne!(a.eval, b.eval);
}

#[test]
fn what_a_worker_is_given_has_the_ids_of_the_plan_and_no_path() {
    let folder = folder();
    let sweep = "\n[[sweep]]\ngrid.\"data.train\" = [\n  { cifar = { train = [\"train.bin\"], test = \
                 [\"test.bin\"] }, classes = 10 },\n  { cifar = { train = [\"auxiliary.bin\"], test \
                 = [\"test.bin\"] }, classes = 10 },\n]\ngrid.objective.lambda = [0, 1]\n";
    let plan = plan(folder.path(), &(text(&train("train.bin"), OOD) + sweep));
    assert_eq!(plan.trials.len(), 4);
    for trial in &plan.trials {
        let (spec, own) = plan.for_worker(trial).unwrap();
        assert_eq!((spec.cell_id(), spec.eval_id(trial.seed)), (trial.cell, trial.eval));
        let json = serde_json::to_string(&spec).unwrap();
        assert!(!json.contains(".bin"), "{json}");
        assert_eq!(own.len(), 3);
        for path in own.values() {
            assert!(path.is_absolute() && path.is_file(), "{}", path.display());
        }
        let located: Vec<_> =
            spec.training.data.sources().map(|source| source.located(&own).to_string()).collect();
        assert!(located[0].contains("test.bin"), "{located:?}");
    }
}

#[test]
fn a_plan_whose_files_are_gone_and_forgotten_says_so_when_it_is_to_be_run() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &text(&train("train.bin"), OOD));
    let error = plan.for_worker(&plan.trials[0]).unwrap_err().to_string();
    assert!(error.contains("train.bin"), "{error}");
}

#[test]
fn ids_of_catalogue_sets_do_not_depend_on_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = text("train = \"digits\"", "ood = [\"rotated\"]");
    let known = plan(folder.path(), &text);
    let plain = Plan::parse("own", "own.toml", &text).unwrap();
    assert_eq!(known.trials[0], plain.trials[0]);
}

#[test]
fn a_copy_of_the_training_set_is_no_other_set() {
    let folder = folder();
    let refused = |data: &str, evaluate: &str, field: &str| {
        let plan = plan(folder.path(), &text(data, evaluate));
        let error = plan.for_worker(&plan.trials[0]).unwrap_err().to_string();
        assert!(error.contains(field) && error.contains("byte for byte"), "{error}");
    };
    fs::copy(folder.path().join("test.bin"), folder.path().join("ood.bin")).unwrap();
    refused(&train("train.bin"), OOD, "evaluate.ood");
    fs::write(folder.path().join("ood.bin"), images("another")).unwrap();
    let copy = "auxiliary = { cifar = { train = [\"./train.bin\"], test = [\"ood.bin\"] } }\n\
                [objective.outlier_exposure]\nweight = 0.5";
    refused(&format!("{}\n{copy}", train("train.bin")), OOD, "data.auxiliary");
}
