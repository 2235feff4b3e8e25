//! What a worker and a person do to the store, trial after trial, with all that
//! they were promised on the way: through the store's own functions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jem_core::digest::Digest;
use jem_core::event::Event;
use jem_core::id::{CellId, EvalId, RunId, RunParts, TrialId};
use jem_core::results::Outcome;
use jem_core::store::{
    Accepted, Attempt, CheckpointRecord, Claim, FORMAT, Holder, Leases, Manifest, RunKind, RunPair,
    Store, Tag,
};
use serde_json::Value;

/// Trials in the sequence; they share an object, as seeds share their spec.
const TRIALS: u64 = 2;
/// Checkpoints of each.
const STEPS: u64 = 3;
/// How many of them are kept.
const KEPT: u64 = 2;

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

    /// Files of the store that may go, or become others, from now on.
    fn let_go(&self, paths: &[PathBuf]) {
        for path in paths {
            self.promise(&Promise::NoFile(self.below_base(path)));
        }
    }

    fn trial(&self, seed: u64, training: RunId, evaluation: RunId) {
        let mut attempt = self.store.begin(evaluation).unwrap();
        let path = attempt.path().display().to_string();
        attempt
            .log(&Event::TrialStarted { trial: trial(seed), attempt: path, protocol: None })
            .unwrap();
        if self.store.done(training).unwrap().is_none() {
            self.train(seed, training, &mut attempt);
        }
        let results =
            [("metrics.json", format!("metrics {seed}")), ("evaluate.json", "all".into())];
        let manifest = manifest(seed, RunKind::Evaluation, attempt.number());
        self.finish(manifest, &results, &attempt);
    }

    /// Trains from the newest checkpoint that is whole, as the worker does.
    fn train(&self, seed: u64, run: RunId, attempt: &mut Attempt) {
        let checkpoints = self.store.checkpoints(run);
        let folder = checkpoints.path();
        let name = |step: u64| folder.join(format!("0-{step}.json"));
        let state = |step: u64| format!("state of {seed} at {step}");
        // One point to go back to, which all of them name.
        let point = format!("point of {seed}");
        let kept = |text: &str| folder.join(format!("{}.state", digest(text)));
        let whole = |record: &CheckpointRecord| {
            let holds = |artifact, text: &str| {
                checkpoints.state(artifact).is_ok_and(|bytes| bytes == text.as_bytes())
            };
            holds(record.state, &state(record.step))
                && record.points.iter().all(|artifact| holds(*artifact, &point))
        };
        let found = checkpoints.found().unwrap().into_iter().flatten().find(whole);
        checkpoints.go_back_to(found.as_ref()).unwrap();
        for step in found.map_or(0, |record| record.step) + 1..=STEPS {
            // The one before the last goes with the next.
            let old = step.saturating_sub(KEPT);
            self.let_go(&[name(old), kept(&state(old))]);
            let points = vec![checkpoints.put_state(point.as_bytes()).unwrap()];
            let written = checkpoints.put_state(state(step).as_bytes()).unwrap();
            let mut record = checkpoints.draft(0, step, Value::Null, written);
            record.points = points;
            checkpoints.record(&record, KEPT).unwrap();
            for path in [name(step), kept(&state(step)), kept(&point)] {
                self.promise_file(&path);
            }
            attempt.log(&Event::CheckpointWritten { trial: trial(seed), step, bytes: 1 }).unwrap();
        }
        let results = [
            ("spec.json", "what both seeds share".to_owned()),
            ("weights.safetensors", format!("weights {seed} ").repeat(900)),
        ];
        let manifest = manifest(seed, RunKind::Training, attempt.number());
        self.finish(manifest, &results, attempt);
        for step in 1..=STEPS {
            self.let_go(&[name(step), kept(&state(step)), kept(&point)]);
        }
        checkpoints.clear().unwrap();
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

    /// A person names the runs of a trial, and accepts them for another.
    fn tag(&self, seed: u64, [training, evaluation]: [RunId; 2]) {
        let tag = Tag::new(&format!("seed-{seed}"), vec![training, evaluation], None);
        let path = self.store.root().join("tags").join(format!("{}.json", tag.name));
        self.let_go(std::slice::from_ref(&path));
        self.store.put_tag(&tag, true).unwrap();
        self.promise_file(&path);
        let wanted = RunId::from_digest(digest(&format!("wanted {seed}")));
        let accepted = Accepted {
            format: FORMAT,
            wanted: RunPair { training: wanted, evaluation: wanted },
            used: RunPair { training, evaluation },
            because: "only a word".to_owned(),
            by: "me".to_owned(),
            at: "now".to_owned(),
            differs: Vec::new(),
        };
        let path = self.store.root().join("accepted").join(format!("{wanted}.json"));
        self.store.accept(&accepted).unwrap();
        self.promise_file(&path);
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
