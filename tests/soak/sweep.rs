//! A small sweep and its stores, disturbed and not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use jem_core::event::Event;
use jem_core::id::RunId;
use jem_core::store::{RunKind, Store};

use crate::faults::Struck;
use crate::sandbox::{Sandbox, manifests, tiny};

/// Digests of results by kind and trial.
pub type Digests = BTreeMap<(String, String), String>;

pub struct Sweep {
    pub sandbox: Sandbox,
    steps: u64,
}

impl Sweep {
    /// A sweep of a second or two, with checkpoints every few steps. With two
    /// threads its network is wide enough that libtorch shares the products
    /// between them, and its steps are fewer.
    pub fn new(more: &str, threads: u64) -> Self {
        let sandbox = Sandbox::new();
        let extra = format!(
            "[resources]\nthreads = {threads}\ncheckpoint_steps = 7\n[divergence]\n\
             max_energy_gap = 6\ncheck_every = 5\nrollback_every = 40\nmax_restarts = 2\n\
             restart_step_size = 0.5\n"
        );
        let text = tiny(&format!("{extra}{more}"));
        let steps = if threads > 1 { 60 } else { 400 };
        let text = text.replace("steps = 30", &format!("steps = {steps}"));
        let mut text = text.replace("seeds = 2\n[data]", "[data]");
        if threads > 1 {
            text = text.replace("hidden = [16]", "hidden = [640, 640]");
            text = text.replace("batch_size = 32", "batch_size = 64");
        }
        sandbox.write("sweep.toml", &text);
        Self { sandbox, steps }
    }

    /// Runs it once without a fault; what it leaves.
    pub fn undisturbed(&self) -> Digests {
        self.sandbox.ok(&["run", "sweep.toml", "--results", "calm"]);
        self.sandbox.digests("calm")
    }

    /// Starts it, in a process group of its own.
    pub fn start(&self, results: &str) -> Child {
        self.start_saying(results, Stdio::null(), Stdio::null())
    }

    /// As [`Self::start`], with these outputs.
    pub fn start_saying(&self, results: &str, out: Stdio, err: Stdio) -> Child {
        use std::os::unix::process::CommandExt;
        let mut command = self.sandbox.command(&["run", "sweep.toml", "--results", results]);
        command.env("JEM_BACKOFF_MS", "10").env("JEM_STALL_SECONDS", "3");
        // Two spinning threads on a busy processor would take minutes.
        command.env("JEM_LEASE_STALE_SECONDS", "3").env("OMP_WAIT_POLICY", "passive");
        command.process_group(0).stdout(out).stderr(err);
        command.spawn().unwrap()
    }

    /// Runs what is missing, undisturbed; it must end well.
    pub fn finish(&self, results: &str) {
        let mut run = self.start(results);
        let status = run.wait().unwrap();
        if !status.success() {
            let said = self.sandbox.jem(&["run", "sweep.toml", "--results", results]);
            panic!("the last run ended with {status}; once more: {said:?}");
        }
    }

    /// Whether all that is expected is there.
    pub fn is_done(&self, results: &str, expected: &Digests) -> bool {
        self.path(results).exists() && self.sandbox.digests(results).len() == expected.len()
    }

    /// The runs of the whole sweep.
    pub fn runs(&self) -> Vec<RunId> {
        manifests(&self.path("calm")).into_iter().map(|manifest| manifest.run).collect()
    }

    /// What the way in which a run has ended by itself, where it has, says of
    /// the store as it is now.
    pub fn judge(&self, results: &str, ended: Option<ExitStatus>) -> Struck {
        let store = Store::open(&self.path(results)).unwrap();
        let missing = |run: &RunId| !matches!(store.done(*run), Ok(Some(_)));
        let zero = ended.is_some_and(|status| status.success());
        let zero_without_results = zero && self.runs().iter().any(missing);
        Struck { zero_without_results, ..Struck::default() }
    }

    /// Every run that the store calls done must be whole, and the one that an
    /// undisturbed sweep has. Says which there are, and how many differ.
    pub fn check_all_that_is_believed(
        &self,
        results: &str,
        expected: &Digests,
    ) -> (BTreeSet<RunId>, u64) {
        let store = Store::open(&self.path(results)).unwrap();
        let (mut checked, mut differing) = (BTreeSet::new(), 0);
        for manifest in manifests(&self.path(results)) {
            let Some(believed) = store.done(manifest.run).unwrap() else { continue };
            for artifact in believed.results.values().chain(believed.records.values()) {
                assert_eq!(store.get(artifact.digest).unwrap().len() as u64, artifact.size);
            }
            let kind = match believed.kind {
                RunKind::Training => "training",
                RunKind::Evaluation => "evaluation",
            };
            let key = (kind.to_owned(), believed.trial.to_string());
            if expected.get(&key) != Some(&believed.results_digest().to_hex()) {
                println!("soak: {results}: {key:?} differs");
                differing += 1;
            }
            checked.insert(believed.run);
        }
        (checked, differing)
    }

    /// `jem store fsck` finds nothing wrong.
    pub fn fsck(&self, results: &str) {
        self.sandbox.ok(&["store", "fsck", "--results", results]);
    }

    /// Restarts after divergence in the whole sweep.
    pub fn restarts(&self, results: &str) -> usize {
        let trained = |kind: RunKind| matches!(kind, RunKind::Training);
        let all = manifests(&self.path(results));
        all.iter().filter(|m| trained(m.kind)).map(|m| m.outcome.restarts().len()).sum()
    }

    /// Starts the sweep and kills all of it once a training is `percent` done;
    /// says at which step that was seen.
    pub fn kill_when_so_far(&self, results: &str, percent: u64) -> u64 {
        let mut run = self.start(results);
        let begun = Instant::now();
        loop {
            let step = self.events(results).iter().rev().find_map(|event| match event {
                Event::CheckpointWritten { step, .. } => Some(*step),
                _ => None,
            });
            let enough = step.unwrap_or(0) >= self.steps * percent / 100;
            if enough || run.try_wait().unwrap().is_some() {
                kill_group(run.id());
                run.wait().unwrap();
                return step.unwrap_or(0);
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "no step {percent} %");
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    /// How often a training went on from a checkpoint.
    pub fn resumptions(&self, results: &str) -> u64 {
        let resumed = |event: &&Event| matches!(event, Event::Resumed { .. });
        self.events(results).iter().filter(resumed).count() as u64
    }

    /// All events of all attempts.
    fn events(&self, results: &str) -> Vec<Event> {
        let runs = fs::read_dir(self.path(results).join("runs")).into_iter().flatten().flatten();
        let attempts = runs
            .flat_map(|run| fs::read_dir(run.path().join("attempts")).into_iter().flatten())
            .flatten();
        let logs = attempts.filter_map(|at| fs::read(at.path().join("events.jsonl")).ok());
        let lines: Vec<Vec<u8>> = logs
            .flat_map(|log| log.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>())
            .collect();
        lines.iter().filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    pub fn path(&self, results: &str) -> PathBuf {
        self.sandbox.path(results)
    }

    /// Removes a store that has served.
    pub fn forget(&self, results: &str) {
        fs::remove_dir_all(self.path(results)).unwrap();
    }
}

/// Kills a process group with signal 9.
pub fn kill_group(leader: u32) {
    let target = format!("-{leader}");
    let _ = std::process::Command::new("kill").args(["-9", "--", &target]).status();
}
