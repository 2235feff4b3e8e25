//! The real workspace: nothing that makes numbers lies outside what is
//! followed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jem_fingerprint::{Code, Folder, MEMBERS, named};

/// What the code around the numbers may name of tch: it counts devices and
/// hands on the one that `start` chose, as it did the threads. No tensor is
/// among it.
const AROUND: [&str; 3] = ["tch::Cuda", "tch::Cuda::device_count", "tch::Device"];
/// Where that code lies.
const RUN: &str = "crates/worker/src/run/";
/// The modules that compute with tensors. The code around them sees whole
/// trainings and evaluations, and of these modules only an error and the
/// values of a step, which it tells as progress.
const INSIDE: [&str; 2] = ["jem", "eval"];
const SEEN: [&str; 2] = ["Misfit", "StepValues"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files that training or evaluation rests on.
static PARTS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let code = Code::of(&Folder::new(root()), "none").unwrap_or_else(|error| panic!("{error}"));
    code.training.parts.into_keys().chain(code.evaluation.parts.into_keys()).collect()
});

/// Every Rust file of the worker that is no part, with its text. `build.rs` is
/// none: it computes the fingerprint.
fn outside() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("crates/worker/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                if !PARTS.contains(&name) {
                    found.push((name, fs::read_to_string(path).unwrap()));
                }
            }
        }
    }
    assert!(!found.is_empty(), "at least the worker's main.rs is no part");
    found
}

#[test]
fn nothing_outside_the_parts_names_a_tensor() {
    let mut wrong = Vec::new();
    for (file, text) in outside() {
        for name in named(&file, &text).unwrap() {
            let torch = ["tch", "torch_sys"].contains(&name.split("::").next().unwrap());
            let allowed = file.starts_with(RUN) && AROUND.contains(&name.as_str());
            if torch && !allowed {
                wrong.push(format!("{file} names {name}, but no fingerprint counts that file"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_outside_the_parts_reaches_into_what_computes() {
    let mut wrong = Vec::new();
    for (file, text) in outside() {
        for name in named(&file, &text).unwrap() {
            let mut path = name
                .split("::")
                .skip_while(|word| ["crate", "super", "self", "jem_worker"].contains(word));
            let inside = path.next().is_some_and(|word| INSIDE.contains(&word));
            if inside && !path.next().is_some_and(|word| SEEN.contains(&word)) {
                wrong.push(format!("{file} names {name}: have training or evaluation do it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn charts_tables_and_the_scheduler_are_no_parts() {
    for part in PARTS.iter() {
        let known = part.starts_with("crates/core/")
            || part.starts_with("crates/worker/")
            || part.starts_with("crates/fingerprint/")
            || part.starts_with("crate ")
            || part.starts_with("libtorch ");
        assert!(known, "{part}");
    }
}

#[test]
fn every_member_of_the_workspace_is_followed() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let line = manifest.lines().find(|line| line.starts_with("members = [")).unwrap();
    let named: BTreeSet<String> =
        line.split('"').skip(1).step_by(2).map(|member| format!("{member}/src")).collect();
    let followed = MEMBERS.iter().map(|member| member.folder.to_owned()).collect();
    assert_eq!(named, followed);
}
