//! `jem reproduce` through the real binaries, which stand for a build of the
//! report's commit.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jem_core::digest::Digest;
use sandbox::repository::{SPEC, commit, git, repository};
use sandbox::{Said, Sandbox, TWO_LAMBDAS, files, tiny};
use serde_json::{Value, json};

/// The folder of the binaries under test.
fn binaries() -> String {
    Path::new(env!("CARGO_BIN_EXE_jem")).parent().unwrap().display().to_string()
}

/// The report of the experiment as it is now, and its folder.
fn report(sandbox: &Sandbox) -> PathBuf {
    let said = sandbox.ok(&["report", SPEC]);
    let page = said.lines().last().unwrap();
    sandbox.path(page).parent().unwrap().to_owned()
}

fn reproduce(sandbox: &Sandbox, report: &Path, more: &[&str]) -> Said {
    let (report, binaries) = (report.display().to_string(), binaries());
    let arguments = [&["reproduce", &report, "--yes", "--binaries", &binaries], more].concat();
    sandbox.jem(&arguments)
}

/// That no worktree is left in git's list.
fn no_worktree_is_left(sandbox: &Sandbox) {
    assert_eq!(git(sandbox, &["worktree", "list"]).lines().count(), 1);
}

/// Changes the manifest of the report in `folder`.
fn edit(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(path, manifest.to_string()).unwrap();
}

#[test]
fn a_report_is_reproduced_from_its_commit_to_the_byte() {
    let sandbox = repository(TWO_LAMBDAS);
    let folder = report(&sandbox);
    // The checkout has moved on, the store is another: the commit has it all.
    sandbox.write(SPEC, "something else");
    commit(&sandbox, "something else");
    let before = files(&sandbox.path("results"));
    let said = reproduce(&sandbox, &folder, &["--keep", "again"]);
    assert_eq!(said.code, 0, "{said:?}");
    for needed in ["4 of 4 trials have identical results", "tables/cells.csv  identical"] {
        assert!(said.out.contains(needed), "no {needed} in {said:?}");
    }
    assert!(said.out.ends_with("\nreproduced\n"), "{said:?}");
    no_worktree_is_left(&sandbox);
    assert_eq!(before, files(&sandbox.path("results")));
    let (first, second) = (files(&folder), files(&sandbox.path("again/report")));
    for (name, bytes) in first.iter().filter(|(name, _)| name.starts_with("tables/")) {
        assert!(second[name] == *bytes, "{name}");
    }
    // The same report once more must not fall into the folder that was kept.
    let said = reproduce(&sandbox, &folder, &["--keep", "again"]);
    assert!(said.code == 2 && said.err.contains("not empty"), "{said:?}");
}

#[test]
fn what_differs_is_named_with_how_far_and_fails() {
    let sandbox = repository("");
    let folder = report(&sandbox);
    let table = folder.join("tables/trials.csv");
    let text = fs::read_to_string(&table).unwrap();
    // As if the first report had been made of other numbers.
    let row = text.lines().nth(1).unwrap();
    let place = text.lines().next().unwrap().split(',').position(|c| c == "clf/accuracy").unwrap();
    let value = row.split(',').nth(place).unwrap();
    let other = format!("{}", value.parse::<f64>().unwrap() + 0.25);
    fs::write(&table, text.replacen(&format!(",{value},"), &format!(",{other},"), 1)).unwrap();
    let said = reproduce(&sandbox, &folder, &[]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("tables/trials.csv  altered since"), "{said:?}");
    edit(&folder, |manifest| {
        manifest["files"]["tables/trials.csv"] = json!(Digest::of(&fs::read(&table).unwrap()));
        manifest["runs"][1]["evaluation_results"] = json!(Digest::of(b"others"));
    });
    let said = reproduce(&sandbox, &folder, &[]);
    assert_eq!(said.code, 1, "{said:?}");
    for needed in [
        "1 of 2 trials have identical results",
        "training identical, evaluation different",
        "tables/trials.csv  different: clf/accuracy in 1 rows, by up to 2.500e-1",
        "NOT reproduced",
    ] {
        assert!(said.out.contains(needed), "no {needed} in {}", said.out);
    }
    no_worktree_is_left(&sandbox);
}

#[test]
fn what_another_model_repeated_is_held_to_a_tolerance_and_named() {
    let sandbox = repository("");
    let folder = report(&sandbox);
    let table = folder.join("tables/trials.csv");
    let text = fs::read_to_string(&table).unwrap();
    let place = text.lines().next().unwrap().split(',').position(|c| c == "clf/nll").unwrap();
    let value = text.lines().nth(1).unwrap().split(',').nth(place).unwrap().to_owned();
    let moved = |by: f64| {
        let other = format!(",{},", value.parse::<f64>().unwrap() + by);
        fs::write(&table, text.replacen(&format!(",{value},"), &other, 1)).unwrap();
        edit(&folder, |manifest| {
            manifest["files"]["tables/trials.csv"] = json!(Digest::of(&fs::read(&table).unwrap()));
            manifest["runs"][1]["evaluation_results"] = json!(Digest::of(b"others"));
            manifest["runs"][1]["models"] = json!(["Another Processor"]);
        });
        reproduce(&sandbox, &folder, &[])
    };
    let said = moved(0.001);
    assert_eq!(said.code, 0, "{said:?}");
    for needed in [
        "different, on another model of processor",
        "tables/trials.csv  within tolerance: clf/nll in 1 rows",
        "reproduced within tolerance; 1 trials were made on Another Processor, repeated on",
        "not the same instructions",
    ] {
        assert!(said.out.contains(needed), "no {needed} in {}", said.out);
    }
    let said = moved(1.0);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("NOT reproduced; 1 trials were made on Another"), "{said:?}");
}

#[test]
fn changes_that_no_commit_has_are_taken_from_the_store_or_missed() {
    let sandbox = repository("");
    sandbox.write(SPEC, &tiny("").replace("step_size = 1", "step_size = 2"));
    sandbox.write("notes.txt", "untracked\n");
    std::os::unix::fs::symlink("notes.txt", sandbox.path("link")).unwrap();
    sandbox.ok(&["run", SPEC]);
    let folder = report(&sandbox);
    assert!(folder.to_string_lossy().contains("-dirty"), "{folder:?}");
    git(&sandbox, &["checkout", "--quiet", "--", SPEC]);
    fs::remove_file(sandbox.path("notes.txt")).unwrap();
    fs::remove_file(sandbox.path("link")).unwrap();
    let said = reproduce(&sandbox, &folder, &[]);
    assert!(said.code == 0 && said.out.contains("tables/paper.md  identical"), "{said:?}");
    // Version 1 did not say the state in full; a run of the report does.
    let mut diff = String::new();
    edit(&folder, |manifest| {
        diff = manifest["source"]["diff"].as_str().unwrap().to_owned();
        manifest["format"] = json!(1);
        manifest.as_object_mut().unwrap().retain(|name, _| name != "source" && name != "data");
        manifest["experiment"].as_object_mut().unwrap().remove("file");
    });
    let said = reproduce(&sandbox, &folder, &[]);
    assert_eq!(said.code, 0, "{said:?}");
    let object = sandbox.path("results/objects").join(&diff[..2]).join(&diff[2..]);
    fs::remove_file(object).unwrap();
    let said = reproduce(&sandbox, &folder, &[]);
    assert!(said.code == 3 && said.err.contains(&diff), "{said:?}");
    no_worktree_is_left(&sandbox);
}

#[test]
fn what_cannot_be_reproduced_is_refused_before_anything_is_done() {
    let sandbox = repository("");
    let folder = report(&sandbox);
    let refused = |change: &dyn Fn(&mut Value), needed: &str| {
        let first = fs::read(folder.join("manifest.json")).unwrap();
        edit(&folder, |manifest| change(manifest));
        let said = reproduce(&sandbox, &folder, &[]);
        assert!(said.code == 3 && said.err.contains(needed), "{needed}: {said:?}");
        fs::write(folder.join("manifest.json"), first).unwrap();
        no_worktree_is_left(&sandbox);
    };
    let unknown = "0123456789".repeat(4);
    refused(
        &|manifest| manifest["source"]["commit"] = json!(unknown),
        "the commit of the report is not here",
    );
    refused(&|manifest| manifest["format"] = json!(99), "a newer jem");
    refused(&|manifest| manifest["commit"] = json!("no-commit"), "outside a git checkout");
    refused(
        &|manifest| manifest["experiment"]["digest"] = json!(Digest::of(b"other")),
        "no experiment file with the digest",
    );
    refused(
        &|manifest| manifest["data"][0][1] = json!(Digest::of(b"other")),
        "is not what the report was made from",
    );
    fs::write(folder.join("manifest.json"), "{").unwrap();
    let said = reproduce(&sandbox, &folder, &[]);
    assert!(said.code == 3 && said.err.contains("no manifest of a report"), "{said:?}");
    let said = sandbox.jem(&["reproduce", "reports/nothing", "--yes"]);
    assert!(said.code == 3 && said.err.contains("reports/nothing"), "{said:?}");
    // Nobody sits there to be asked.
    let folder = report(&sandbox);
    let said = sandbox.jem(&["reproduce", &folder.display().to_string()]);
    assert!(said.code == 2 && said.err.contains("--yes"), "{said:?}");
}

#[test]
fn stopping_it_leaves_no_worktree_behind() {
    stopped_by("-INT", 130);
}

#[test]
fn a_machine_that_is_wanted_back_is_told_from_a_person_who_stops_it() {
    stopped_by("-TERM", 75);
}

fn stopped_by(signal: &str, code: i32) {
    let sandbox = repository("");
    let folder = report(&sandbox);
    // The commit's experiment takes long, which the first report does not know.
    sandbox.write(SPEC, &tiny("").replace("steps = 30", "steps = 200000"));
    let long = commit(&sandbox, "a long one");
    edit(&folder, |manifest| {
        manifest["source"]["commit"] = json!(long);
        let bytes = fs::read(sandbox.path(SPEC)).unwrap();
        manifest["experiment"]["digest"] = json!(Digest::of(&bytes));
    });
    let (report, binaries) = (folder.display().to_string(), binaries());
    let mut command = sandbox.command(&["reproduce", &report, "--yes", "--binaries", &binaries]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pid = child.id();
    let begun = Instant::now();
    // The front that was started has a worker: git, which is started before
    // it, has children too.
    let children = |pid: u32| {
        let path = format!("/proc/{pid}/task/{pid}/children");
        let listed = fs::read_to_string(path).unwrap_or_default();
        listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()
    };
    let is_worker = |pid: u32| {
        fs::read_to_string(format!("/proc/{pid}/comm"))
            .is_ok_and(|name| name.trim() == "jem-worker")
    };
    while !children(pid).into_iter().any(|front| children(front).into_iter().any(is_worker)) {
        assert!(begun.elapsed() < Duration::from_secs(60), "no worker was started");
        std::thread::sleep(Duration::from_millis(20));
    }
    // As a terminal does: to every process of the command.
    let fronts = children(pid);
    for pid in [vec![pid], fronts].concat() {
        // The first signal may have ended the others already.
        let _ = Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    }
    assert_eq!(child.wait().unwrap().code(), Some(code));
    no_worktree_is_left(&sandbox);
}

#[test]
fn why_a_report_may_not_come_out_the_same_is_told_with_the_verdict() {
    let sandbox = repository("");
    let folder = report(&sandbox);
    // As if the first had been drawn early, of a run that a person accepted.
    edit(&folder, |manifest| {
        let runs = manifest["runs"].as_array_mut().unwrap();
        runs.pop();
        runs[0]["accepted"] = json!("only a message");
        runs[0]["training_results"] = json!(Digest::of(b"of other code"));
    });
    let said = reproduce(&sandbox, &folder, &[]);
    assert_eq!(said.code, 1, "{said:?}");
    for needed in [
        "different: the report has runs that a person accepted",
        "NOT reproduced; 1 trials of the report count by a person's word",
        "drawn when 1 of 2 trials were done",
    ] {
        assert!(said.out.contains(needed), "no {needed} in {}", said.out);
    }
}

#[test]
fn a_report_of_binaries_that_no_commit_has_is_made_with_these_alone() {
    let sandbox = repository("");
    let folder = report(&sandbox);
    edit(&folder, |manifest| {
        let commit = manifest["commit"].as_str().unwrap().to_owned();
        manifest["commit"] = json!(format!("{commit}-dirty"));
        manifest["source"]["dirty"] = json!(true);
    });
    let report = folder.display().to_string();
    let said = sandbox.jem(&["reproduce", &report, "--yes"]);
    assert!(said.code == 3 && said.err.contains("--binaries DIR"), "{said:?}");
    let said = reproduce(&sandbox, &folder, &[]);
    assert!(said.code == 0, "{said:?}");
}
