//! Sandboxes that are git repositories.

use std::fs;
use std::process::Command;

use super::{Sandbox, tiny};

/// Where the experiment lies in the repositories of these tests.
pub const SPEC: &str = "experiments/tiny.toml";

/// Runs git there and expects it to do as told.
pub fn git(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let said = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(sandbox.path(""))
        .output()
        .unwrap();
    assert!(said.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}

/// Commits all that is there; its id.
pub fn commit(sandbox: &Sandbox, message: &str) -> String {
    git(sandbox, &["add", "--all"]);
    git(sandbox, &["commit", "--quiet", "--message", message]);
    git(sandbox, &["rev-parse", "HEAD"])
}

/// A repository with the tiny experiment, run at its commit; `more` is appended to it.
pub fn repository(more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    git(&sandbox, &["init", "--quiet"]);
    fs::create_dir(sandbox.path("experiments")).unwrap();
    sandbox.write(".gitignore", "results/\ndata/\nreports/\n.cache/\n.local/\n");
    sandbox.write(SPEC, &tiny(more));
    commit(&sandbox, "an experiment");
    sandbox.ok(&["run", SPEC]);
    sandbox
}
