//! Copies of the real worker that say of themselves what a test wants.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Said, Sandbox};

/// The smallest worker whose code can be followed.
pub const SMALLEST_WORKER: [(&str, &str); 8] = [
    ("Cargo.lock", "version = 4\n"),
    ("crates/worker/Cargo.toml", "[package]\nname = \"jem-worker\"\n"),
    ("crates/worker/src/lib.rs", "mod data; mod evaluation; mod start; mod training;"),
    ("crates/worker/src/data/mod.rs", "pub mod inputs;"),
    ("crates/worker/src/data/inputs.rs", "pub fn read() {}"),
    ("crates/worker/src/evaluation/mod.rs", "pub const BINS: u8 = 15;"),
    ("crates/worker/src/training/mod.rs", "pub const RATE: f64 = 0.1;"),
    ("crates/worker/src/start.rs", "pub fn start() {}"),
];

/// What the build says of the real worker.
pub fn fingerprint_file() -> Value {
    let real = PathBuf::from(env!("CARGO_BIN_EXE_jem")).with_file_name("jem-worker");
    let said = fs::read(real.with_extension("fingerprint.json")).unwrap();
    serde_json::from_slice(&said).unwrap()
}

impl Sandbox {
    /// A copy of the worker in the folder `name`, whose fingerprint file says
    /// `said`. Where that is not what the worker says itself, it runs nothing.
    pub fn worker_that_says(&self, name: &str, said: &Value) -> PathBuf {
        let real = PathBuf::from(env!("CARGO_BIN_EXE_jem")).with_file_name("jem-worker");
        let folder = self.path(name);
        fs::create_dir(&folder).unwrap();
        let path = folder.join("jem-worker");
        fs::copy(&real, &path).unwrap();
        fs::write(path.with_extension("fingerprint.json"), said.to_string()).unwrap();
        // A build writes the file before the binary.
        let later = SystemTime::now() + Duration::from_secs(5);
        File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
        path
    }

    /// Runs jem with the worker at `worker`.
    pub fn with(&self, worker: &Path, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).env("JEM_WORKER", worker).output().unwrap())
    }

    /// As [`Sandbox::with`], and expects exit code 0.
    pub fn ok_with(&self, worker: &Path, arguments: &[&str]) -> String {
        let said = self.with(worker, arguments);
        assert_eq!(said.code, 0, "jem {arguments:?}: {said:?}");
        said.out
    }
}
