//! A store with a file of every kind, for tests.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::lease::Lease;
use super::{
    Accepted, Artifact, CommitRecord, FORMAT, Holder, Manifest, RunKind, RunPair, Store, Tag,
};
use crate::digest::{Canonical, Digest};
use crate::event::Event;
use crate::id::{CellId, EvalId, RunId, RunParts, TrialId};
use crate::provenance::{Fingerprints, Parts};
use crate::results::{self, Outcome};

/// A store in a folder of its own.
pub(super) struct Sample {
    pub folder: tempfile::TempDir,
    pub store: Store,
}

/// Both runs of a trial.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub training: RunId,
    pub evaluation: RunId,
}

fn spec(lambda: f64) -> Value {
    json!({"objective": {"lambda": lambda}, "train": {"steps": 30}})
}

fn evaluate() -> Value {
    json!({"ood": ["rotated"], "samples": 4})
}

fn ids(lambda: f64, seed: u64) -> (CellId, TrialId, EvalId) {
    let cell = CellId::new(&Canonical::of(&spec(lambda)), &[]);
    let trial = TrialId::new(cell, seed);
    (cell, trial, EvalId::new(trial, &Canonical::of(&evaluate()), &[]))
}

fn parts(of: Digest, code: &str) -> RunParts {
    RunParts {
        of,
        fingerprint: Digest::of(code.as_bytes()),
        environment: "cpu 1".to_owned(),
        data: vec![("digits".to_owned(), Digest::of(b"digits"))],
    }
}

type Files = BTreeMap<String, Artifact>;

impl Sample {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(&folder.path().join("results")).unwrap();
        Self { folder, store }
    }

    /// Two trials that are done, one that is trained half-way, and a tag, an
    /// acceptance and the record of a commit.
    pub fn full() -> (Self, [Pair; 2], RunId) {
        let sample = Self::new();
        let pairs = [sample.record(0.0, 0, "code"), sample.record(0.5, 1, "code")];
        let half = sample.half_trained();
        let runs = vec![pairs[0].training, pairs[0].evaluation];
        sample.store.put_tag(&Tag::new("paper", runs, None), false).unwrap();
        let wanted = RunId::from_digest(Digest::of(b"wanted"));
        let accepted = Accepted {
            format: FORMAT,
            wanted: RunPair { training: wanted, evaluation: wanted },
            used: RunPair { training: pairs[1].training, evaluation: pairs[1].evaluation },
            because: "it was only a name".to_owned(),
            by: "me".to_owned(),
            at: "now".to_owned(),
            differs: Vec::new(),
        };
        sample.store.accept(&accepted).unwrap();
        let lock = sample.store.put(b"a lock file").unwrap().digest;
        let code = Digest::of(b"code");
        let record = CommitRecord {
            format: FORMAT,
            commit: "0123456789".repeat(4),
            fingerprints: Fingerprints { training: code, evaluation: code },
            parts: Parts::default(),
            binaries: BTreeMap::new(),
            cargo_lock: Some(lock),
            at: "now".to_owned(),
        };
        sample.store.record_commit(&record).unwrap();
        (sample, pairs, half)
    }

    /// Adds a lease that this process holds, of a run that left nothing yet. gc
    /// keeps what is unfinished beside it, so not every test wants one.
    pub fn lease(&self) {
        let lease = Lease::new(&self.store, RunId::from_digest(Digest::of(b"leased")));
        assert_eq!(lease.take(None, &Holder::me()).unwrap(), Some(1));
        lease.beat(1, 7).unwrap();
    }

    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.store.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The ids of the runs that [`Sample::record`] makes.
    pub fn ids(lambda: f64, seed: u64, code: &str) -> Pair {
        let (_, trial, eval) = ids(lambda, seed);
        let run = |of: Digest| parts(of, code).run_id();
        Pair { training: run(trial.digest()), evaluation: run(eval.digest()) }
    }

    /// Records both runs of a trial, as made by `code`.
    pub fn record(&self, lambda: f64, seed: u64, code: &str) -> Pair {
        let store = &self.store;
        let put = |bytes: &[u8]| store.put(bytes).unwrap();
        let (spec, evaluate) = (spec(lambda), evaluate());
        let (cell, trial, eval) = ids(lambda, seed);
        let outcome = Outcome::finished(30);
        let manifest = |kind, parts: RunParts, training: Option<RunId>, attempt| Manifest {
            format: FORMAT,
            kind,
            run: parts.run_id(),
            parts,
            cell,
            trial,
            eval: training.map(|_| eval),
            seed,
            training,
            part: None,
            outcome: outcome.clone(),
            results: Files::new(),
            records: Files::new(),
            attempt,
        };
        let evaluation_parts = parts(eval.digest(), code);
        let mut attempt = store.begin(evaluation_parts.run_id()).unwrap();
        let log = [
            Event::TrialStarted { trial, attempt: "attempts/1".to_owned(), protocol: None },
            Event::TrainingFinished {
                trial,
                outcome: outcome.clone(),
                seconds: 20.0,
                peak_rss: 4096,
            },
        ];
        log.iter().for_each(|event| attempt.log(event).unwrap());
        fs::write(attempt.path().join("worker.log"), "words").unwrap();
        let kept = attempt.keep_log(store).unwrap();
        let records = || -> Files {
            let provenance = put(&self.provenance().to_string().into_bytes());
            [("provenance.json".to_owned(), provenance), ("events.jsonl".to_owned(), kept)].into()
        };
        let text = |value: &Value| value.to_string().into_bytes();
        let name = format!("{lambda} {seed}");
        let mut training = manifest(RunKind::Training, parts(trial.digest(), code), None, 1);
        training.records = records();
        for (file, bytes) in [
            (results::SPEC, text(&json!([spec, seed]))),
            (results::EPOCHS, b"[]".to_vec()),
            (results::OUTCOME, serde_json::to_vec(&outcome).unwrap()),
            (results::WEIGHTS, format!("weights {name}").into_bytes()),
            (results::BUFFER, format!("buffer {name}").into_bytes()),
        ] {
            training.results.insert(file.to_owned(), put(&bytes));
        }
        let run = Some(training.run);
        let mut evaluation = manifest(RunKind::Evaluation, evaluation_parts, run, attempt.number());
        evaluation.records = records();
        let metrics =
            json!({"outcome": outcome, "metrics": {"clf/accuracy": 0.5 + lambda}, "undefined": {}});
        for (file, bytes) in [
            (results::METRICS, text(&metrics)),
            (results::EVALUATE, text(&evaluate)),
            (results::PREDICTIONS, format!("predictions {name}").into_bytes()),
            (results::RELIABILITY, b"[1]".to_vec()),
            (results::ENERGIES, format!("energies {name}").into_bytes()),
            (results::SAMPLES, format!("samples {name}").into_bytes()),
        ] {
            evaluation.results.insert(file.to_owned(), put(&bytes));
        }
        store.finish(&training).unwrap();
        store.finish(&evaluation).unwrap();
        let finished = Event::TrialFinished {
            trial,
            run: evaluation.run,
            outcome,
            accuracy: Some(0.5),
            seconds: 22.0,
        };
        attempt.log(&finished).unwrap();
        Pair { training: training.run, evaluation: evaluation.run }
    }

    fn provenance(&self) -> Value {
        let put = |bytes: &[u8]| self.store.put(bytes).unwrap().digest;
        json!({
            "source": {
                "commit": "abcdef0123456789", "dirty": true, "diff": put(b"the patch"),
                "untracked": [{"path": "src/new.rs", "digest": put(b"fn new() {}")}],
                "cargo_lock": put(b"a lock file"),
            },
            "host": {"name": "box", "cpu": "one"},
            "command": ["/somewhere/jem", "run", "tiny.toml"],
            "binaries": {"jem": Digest::of(b"a binary, which is not kept")},
        })
    }

    /// A training with one checkpoint, not done.
    fn half_trained(&self) -> RunId {
        let run = RunId::from_digest(Digest::of(b"half"));
        let checkpoints = self.store.checkpoints(run);
        let [state, point] =
            [b"tensors".as_slice(), b"a point"].map(|bytes| checkpoints.put_state(bytes).unwrap());
        let mut record = checkpoints.draft(0, 10, json!({"epochs": []}), state);
        (record.points, record.seconds) = (vec![point], 12.0);
        checkpoints.record(&record, 2).unwrap();
        run
    }

    /// Makes every object look two hours old, as its file system has it.
    pub fn age(&self) {
        self.age_below("objects");
    }

    /// Makes every file look two hours old.
    pub fn age_all(&self) {
        self.age_below("");
    }

    fn age_below(&self, area: &str) {
        let old = SystemTime::now() - Duration::from_secs(7200);
        let times = fs::FileTimes::new().set_modified(old);
        for path in self.files() {
            if path.starts_with(self.store.root().join(area)) {
                fs::File::open(&path).unwrap().set_times(times).unwrap();
            }
        }
    }

    /// Every file of the store.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut waiting = vec![self.store.root().to_owned()];
        while let Some(next) = waiting.pop() {
            for entry in fs::read_dir(next).unwrap().flatten() {
                match entry.path().is_dir() {
                    true => waiting.push(entry.path()),
                    false => found.push(entry.path()),
                }
            }
        }
        found.sort();
        found
    }
}
