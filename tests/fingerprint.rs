//! The fingerprint of the real worker: in the binary, beside it, and from the
//! sources.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::path::{Path, PathBuf};
use std::process::Command;

use jem_core::provenance::{Code, beside_with_parts};
use sandbox::{Said, Sandbox, tiny};

fn worker() -> PathBuf {
    let worker = Path::new(env!("CARGO_BIN_EXE_jem")).with_file_name("jem-worker");
    assert!(worker.exists(), "no {}: run `cargo build` first", worker.display());
    worker
}

#[test]
fn the_worker_says_its_parts_and_the_file_beside_it_says_the_same() {
    let said = Command::new(worker()).arg("--fingerprints").output().unwrap();
    let code = Code::parse(&said.stdout).unwrap();
    let (beside, bytes) = beside_with_parts(&worker()).unwrap();
    assert_eq!((&code, &said.stdout), (&beside, &bytes));
    for parts in [&code.parts.training, &code.parts.evaluation] {
        assert!(parts.contains_key("crates/worker/src/jem/energy.rs"));
        assert!(parts.keys().any(|part| part.starts_with("crate tch ")));
        assert!(parts.keys().any(|part| part.starts_with("libtorch 2.")));
    }
    assert!(code.parts.training.contains_key("crates/worker/src/jem/sgld.rs"));
}

#[cfg(unix)]
#[test]
fn a_worker_without_the_file_beside_it_is_asked() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    let linked = sandbox.path("jem-worker");
    std::os::unix::fs::symlink(worker(), &linked).unwrap();
    let plan = |sandbox: &Sandbox| {
        let mut command = sandbox.command(&["plan", "tiny.toml"]);
        Said::of(command.env("JEM_WORKER", &linked).output().unwrap())
    };
    assert_eq!(plan(&sandbox).code, 0, "{:?}", plan(&sandbox));
    // A worker of a newer build says what the front cannot read.
    std::fs::remove_file(&linked).unwrap();
    sandbox.write("jem-worker", "#!/bin/sh\necho '{\"format\": 9}'\n");
    let all = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
    std::fs::set_permissions(&linked, all).unwrap();
    let newer = plan(&sandbox);
    assert!(newer.code != 0 && newer.err.contains("format is 9"), "{newer:?}");
    assert!(newer.err.contains("cargo build"), "{newer:?}");
}
