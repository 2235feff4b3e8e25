//! What a worker does to the store, trial after trial, with all that it was
//! promised on the way.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jem_core::digest::Digest;
use jem_core::durable;
use jem_core::event::Event;
use jem_core::id::{CellId, EvalId, RunId, RunParts, TrialId};
use jem_core::results::Outcome;
use jem_core::store::{Attempt, Claim, FORMAT, Holder, Leases, Manifest, RunKind, Store};

/// Trials in the sequence; they share an object, as seeds share their spec.
const TRIALS: u64 = 2;
/// Checkpoints of each, of which two are kept.
const STEPS: u64 = 3;

/// Where the store lies below the folder that is traced.
pub const STORE: &str = "out/results";

/// What was promised at a point of the sequence, as text for a mark.
pub enum Promise {
    /// The object is there.
    Object(Digest),
    /// The run is done.
    Run(RunId),
    /// The file is there with these bytes.
    File(PathBuf, Digest),
    /// The file may go.
    NoFile(PathBuf),
}

impl Promise {
    fn text(&self) -> String {
        match self {
            Self::Object(digest) => format!("object {digest}"),
            Self::Run(run) => format!("run {run}"),
            Self::File(path, digest) => format!("file {digest} {}", path.display()),
            Self::NoFile(path) => format!("nofile {}", path.display()),
        }
    }

    /// Reads what [`Promise::text`] wrote.
    pub fn parse(text: &str) -> Self {
        let (kind, rest) = text.split_once(' ').unwrap();
        match kind {
            "object" => Self::Object(Digest::parse(rest).unwrap()),
            "run" => Self::Run(RunId::from_digest(Digest::parse(rest).unwrap())),
            "file" => {
                let (digest, path) = rest.split_once(' ').unwrap();
                Self::File(path.into(), Digest::parse(digest).unwrap())
            }
            _ => Self::NoFile(rest.into()),
        }
    }
}

/// One pass over all trials, below `base`.
pub struct Work<'a> {
    base: &'a Path,
    store: Store,
    mark: &'a dyn Fn(&str),
}

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn trial(seed: u64) -> TrialId {
    TrialId::from_digest(digest(&format!("trial {seed}")))
}

fn eval(seed: u64) -> EvalId {
    EvalId::from_digest(digest(&format!("eval {seed}")))
}

fn parts(of: Digest) -> RunParts {
    let environment = "cpu threads=1".to_owned();
    RunParts { of, fingerprint: digest("code"), environment, data: Vec::new() }
}

/// Training and evaluation run of each trial.
pub fn runs() -> Vec<[RunId; 2]> {
    (0..TRIALS)
        .map(|seed| [trial(seed).digest(), eval(seed).digest()].map(|of| parts(of).run_id()))
        .collect()
}

/// Does all that is missing below `base`, saying to `mark` what is promised
/// when; the digest over the results of every run, in the order of [`runs`].
pub fn work(base: &Path, mark: &dyn Fn(&str)) -> Vec<Digest> {
    let store = Store::create(&base.join(STORE)).unwrap();
    let work = Work { base, store, mark };
    work.promise_file(&work.store.root().join("format"));
    // Another machine each time, which does not wait for the one before.
    let holder = Holder { boot: "another".to_owned(), ..Holder::me() };
    let never = Duration::from_secs(3600);
    let leases = Leases::with(&work.store, holder, never, Duration::ZERO);
    for (seed, [training, evaluation]) in (0..TRIALS).zip(runs()) {
        assert_eq!(leases.claim(training).unwrap(), Claim::Held);
        if work.store.done(evaluation).unwrap().is_none() {
            work.trial(seed, training, evaluation);
        }
        leases.release(training).unwrap();
        work.tag(seed, [training, evaluation]);
    }
    let digest = |run| work.store.done(run).unwrap().unwrap().results_digest();
    runs().into_iter().flatten().map(digest).collect()
}

impl Work<'_> {
    fn promise(&self, promise: &Promise) {
        (self.mark)(&promise.text());
    }

    fn below_base(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.base).unwrap().to_owned()
    }

    /// What is at `path` now stays.
    fn promise_file(&self, path: &Path) {
        let found = Digest::of(&fs::read(path).unwrap());
        self.promise(&Promise::File(self.below_base(path), found));
    }

    fn write(&self, path: &Path, bytes: &[u8]) {
        self.promise(&Promise::NoFile(self.below_base(path)));
        durable::create_dir_all(path.parent().unwrap()).unwrap();
        durable::write_atomic(path, bytes).unwrap();
        self.promise_file(path);
    }

    fn remove(&self, path: &Path) {
        self.promise(&Promise::NoFile(self.below_base(path)));
        durable::remove_file(path).unwrap();
    }

    fn trial(&self, seed: u64, training: RunId, evaluation: RunId) {
        let mut attempt = self.store.begin(evaluation).unwrap();
        let path = attempt.path().display().to_string();
        attempt.log(&Event::TrialStarted { trial: trial(seed), attempt: path }).unwrap();
        if self.store.done(training).unwrap().is_none() {
            self.train(seed, training, &mut attempt);
        }
        let results =
            [("metrics.json", format!("metrics {seed}")), ("evaluate.json", "all".into())];
        let manifest = manifest(seed, RunKind::Evaluation, attempt.number());
        self.finish(manifest, &results, &attempt);
    }

    /// Trains from the newest checkpoint that is whole.
    fn train(&self, seed: u64, run: RunId, attempt: &mut Attempt) {
        let folder = self.store.run_path(run).join("checkpoints");
        let name = |step: u64| folder.join(format!("0-{step}.json"));
        let state = |step: u64| format!("state of {seed} at {step}");
        let state_path = |step: u64| folder.join(format!("{}.state", digest(&state(step))));
        let whole = |step: &u64| {
            let record = fs::read(name(*step)).ok().and_then(|text| String::from_utf8(text).ok());
            let bytes = fs::read(state_path(*step)).unwrap_or_default();
            record.is_some_and(|record| record == Digest::of(&bytes).to_hex())
        };
        let from = (1..=STEPS).rev().find(whole).unwrap_or(0);
        for step in from + 1..=STEPS {
            let progress = Event::CheckpointWritten { trial: trial(seed), step, bytes: 1 };
            self.write(&state_path(step), state(step).as_bytes());
            self.write(&name(step), digest(&state(step)).to_hex().as_bytes());
            attempt.log(&progress).unwrap();
            for old in (1..step.saturating_sub(1)).filter(|old| name(*old).exists()) {
                self.remove(&name(old));
                self.remove(&state_path(old));
            }
        }
        let results = [
            ("spec.json", "what both seeds share".to_owned()),
            ("weights.safetensors", format!("weights {seed} ").repeat(900)),
        ];
        let manifest = manifest(seed, RunKind::Training, attempt.number());
        self.finish(manifest, &results, attempt);
        for step in 1..=STEPS {
            self.promise(&Promise::NoFile(self.below_base(&name(step))));
            self.promise(&Promise::NoFile(self.below_base(&state_path(step))));
        }
        if folder.exists() {
            durable::remove_dir_all(&folder).unwrap();
        }
    }

    fn put(&self, bytes: &[u8]) -> jem_core::store::Artifact {
        let artifact = self.store.put(bytes).unwrap();
        self.promise(&Promise::Object(artifact.digest));
        artifact
    }

    fn finish(&self, mut manifest: Manifest, results: &[(&str, String)], attempt: &Attempt) {
        for (name, text) in results {
            manifest.results.insert((*name).to_owned(), self.put(text.as_bytes()));
        }
        manifest.records.insert("provenance.json".to_owned(), self.put(b"who, where, when"));
        let log = attempt.keep_log(&self.store).unwrap();
        self.promise(&Promise::Object(log.digest));
        manifest.records.insert("events.jsonl".to_owned(), log);
        self.store.finish(&manifest).unwrap();
        self.promise(&Promise::Run(manifest.run));
    }

    fn tag(&self, seed: u64, runs: [RunId; 2]) {
        let path = self.store.root().join("tags").join(format!("seed-{seed}.json"));
        self.write(&path, format!("{runs:?}").as_bytes());
    }
}

fn manifest(seed: u64, kind: RunKind, attempt: u32) -> Manifest {
    let measured = kind == RunKind::Evaluation;
    let of = if measured { eval(seed).digest() } else { trial(seed).digest() };
    let parts = parts(of);
    Manifest {
        format: FORMAT,
        kind,
        run: parts.run_id(),
        parts,
        cell: CellId::from_digest(digest("cell")),
        trial: trial(seed),
        eval: measured.then(|| eval(seed)),
        seed,
        training: measured.then(|| runs()[seed as usize][0]),
        part: None,
        outcome: Outcome::finished(STEPS),
        results: BTreeMap::new(),
        records: BTreeMap::new(),
        attempt,
    }
}
