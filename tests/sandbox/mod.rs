//! A folder of its own for each test, and the real binaries run in it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test file uses a part of this")]

mod fake;
mod processes;
pub mod repository;
mod worker;

#[allow(unused_imports, reason = "each test file uses a part of this")]
pub use {
    fake::{Part, play},
    processes::{alive, attempts, signal, wait_until, words_of, workers_of},
    worker::{SMALLEST_WORKER, fingerprint_file},
};

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use jem_core::store::{Manifest, RunKind, Store};

/// A small experiment: seconds, not minutes. `more` is appended.
pub fn tiny(more: &str) -> String {
    format!(
        r#"question = "Does it run?"
seeds = 2
[data]
train = "digits"
validation = 100
limit = 256
range = "[-1, 1]"
[model.mlp]
hidden = [16]
[sampler]
steps = 3
step_size = 1
noise_std = 0.01
init = "uniform"
[objective]
energy_l2 = 0.1
[replay_buffer]
size = 128
[train]
steps = 30
batch_size = 32
[evaluate]
ood = ["rotated"]
samples = 4
{more}"#
    )
}

/// The sweep that most tests run: two λ, two seeds.
pub const TWO_LAMBDAS: &str = "[[sweep]]\ngrid.objective.lambda = [0, 0.5]\n";

pub struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The command, not yet run, with nothing of the machine in its way.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let jem = PathBuf::from(env!("CARGO_BIN_EXE_jem"));
        let worker = jem.with_file_name("jem-worker");
        assert!(
            worker.exists(),
            "no {}: run `cargo build` first, as `just test` does",
            worker.display()
        );
        let mut command = Command::new(jem);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("JEM_RESULTS")
            .env_remove("JEM_WORKER")
            .env_remove("JEM_HOST_IDENTITY")
            .env("JEM_DATA", self.path("data"))
            .env("HOME", self.folder.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    pub fn jem(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().unwrap())
    }

    /// Runs and expects exit code 0.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let said = self.jem(arguments);
        assert_eq!(said.code, 0, "jem {arguments:?}: {said:?}");
        said.out
    }

    /// Writes over a file that may be read-only, as a failing disk does.
    pub fn overwrite(path: &Path, bytes: &[u8]) {
        fs::remove_file(path).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The digest of every run's results, by kind and trial.
    pub fn digests(&self, results: &str) -> BTreeMap<(String, String), String> {
        let mut found = BTreeMap::new();
        for manifest in manifests(&self.path(results)) {
            let kind = match manifest.kind {
                RunKind::Training => "training",
                RunKind::Evaluation => "evaluation",
            };
            let key = (kind.to_owned(), manifest.trial.to_string());
            found.insert(key, manifest.results_digest().to_hex());
        }
        found
    }
}

/// Every manifest in the store at `results`.
pub fn manifests(results: &Path) -> Vec<Manifest> {
    let all = Store::open(results).unwrap().manifests().unwrap();
    all.into_iter().map(|(_, manifest)| manifest.unwrap()).collect()
}

/// Every file below `folder`: path from there, and bytes.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
