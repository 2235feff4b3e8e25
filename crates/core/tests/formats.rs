//! Stores of every format that there was, and of one that is still to come.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jem_core::digest::Digest;
use jem_core::event::Event;
use jem_core::id::RunId;
use jem_core::results::{Epoch, Metrics, Outcome};
use jem_core::store::{FORMAT, RunKind, Store, StoreError};

/// Run and digest of its results, as the program said that wrote the store in
/// `fixtures/store-v1`.
const RUNS: [[&str; 2]; 2] = [
    [
        "1849a32cb8b1df66d8f94e164ed42e20506c87dde3969593210010e3d249fd1f",
        "1c56d2fb1fc5c7d3a4f395f6a2d54e35c731f56ece198a20a5bae53d4c0ba1ec",
    ],
    [
        "6e7d77572b72df6880215a246d3abe002589a03ea2011a5759cd71dbd51fc6b6",
        "58f3ad06511b9cfa82425819a48dad556faf8ba6fba459ce3019c4e286b7c89a",
    ],
];

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store-v1")
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// A copy of the store of format 1.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files(&fixture()) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn run(text: &str) -> RunId {
    RunId::from_digest(Digest::parse(text).unwrap())
}

/// Reads all that is in the store and holds it against what was written.
fn read(store: &Store) {
    assert_eq!(store.manifests().unwrap().len(), 2);
    let manifests = RUNS.map(|[name, results]| {
        let manifest = store.done(run(name)).unwrap().unwrap();
        assert_eq!(manifest.results_digest().to_hex(), results);
        for artifact in manifest.results.values().chain(manifest.records.values()) {
            store.get(artifact.digest).unwrap();
        }
        manifest
    });
    let [training, evaluation] = &manifests;
    assert_eq!((training.format, training.kind), (1, RunKind::Training));
    assert_eq!((evaluation.format, evaluation.training), (1, Some(training.run)));
    assert_eq!((&training.outcome, training.seed), (&Outcome::finished(3), 7));
    let json = |name: &str| store.result(evaluation, name).unwrap();
    let metrics: Metrics = serde_json::from_slice(&json("metrics.json")).unwrap();
    assert_eq!(metrics.metrics["clf/accuracy"], 0.75);
    let epochs = store.result(training, "epochs.json").unwrap();
    let epochs: Vec<Epoch> = serde_json::from_slice(&epochs).unwrap();
    assert_eq!(epochs[0].step, 3);
    let log = store.get(evaluation.records["events.jsonl"].digest).unwrap();
    let events = log.split(|byte| *byte == b'\n');
    let known: Vec<Event> = events.filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(known.len(), 3);
}

#[test]
fn a_store_of_format_1_is_read_as_it_is() {
    let before = files(&fixture());
    read(&Store::open(&fixture()).unwrap());
    assert_eq!(files(&fixture()), before);
}

#[test]
fn the_first_writer_makes_a_store_of_format_1_one_of_this_format() {
    let folder = copy();
    let store = Store::create(folder.path()).unwrap();
    read(&store);
    let mut expected = files(&fixture());
    assert_eq!(expected.insert("format".into(), format!("{FORMAT}\n").into()).unwrap(), b"1\n");
    assert_eq!(files(folder.path()), expected);
    // Work goes on beside what was there.
    let again = store.begin(run(RUNS[1][0])).unwrap();
    assert_eq!(again.number(), 2);
    read(&Store::create(folder.path()).unwrap());
}

#[test]
fn a_newer_store_is_refused_and_not_touched() {
    let folder = copy();
    let path = folder.path().join("format");
    fs::write(&path, format!("{}\n", FORMAT + 1)).unwrap();
    fs::remove_dir_all(folder.path().join("objects")).unwrap();
    let before = files(folder.path());
    for error in [Store::open(folder.path()), Store::create(folder.path())].map(Result::unwrap_err)
    {
        let newer = |found: &str| found == (FORMAT + 1).to_string();
        assert!(
            matches!(&error, StoreError::Newer { path: p, found } if *p == path && newer(found))
        );
    }
    assert_eq!(files(folder.path()), before);
    assert!(!folder.path().join("objects").exists());
}

#[test]
fn a_newer_manifest_is_named_as_such_although_its_fields_are_unknown() {
    let folder = copy();
    let store = Store::create(folder.path()).unwrap();
    let path = store.run_path(run(RUNS[0][0])).join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"format\": 1", "\"format\": 7, \"new\": {}")).unwrap();
    let error = store.done(run(RUNS[0][0])).unwrap_err();
    assert!(matches!(&error, StoreError::Newer { found, .. } if found == "7"), "{error}");
    assert!(error.to_string().starts_with(&format!("{} has format 7", path.display())));
    let all = store.manifests().unwrap();
    assert_eq!(all.iter().filter(|(_, manifest)| manifest.is_ok()).count(), 1);
}

#[test]
fn a_format_that_is_no_number_is_said_to_be_none() {
    let folder = copy();
    for text in ["", "two", "-1", "0", "2.0", "\u{0}\u{0}"] {
        fs::write(folder.path().join("format"), text).unwrap();
        let error = Store::create(folder.path()).unwrap_err();
        assert!(matches!(error, StoreError::Unreadable { .. }), "{text:?}: {error}");
    }
}
