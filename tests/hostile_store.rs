//! Stores, reports and specs that somebody else has had in hand, through the
//! real binaries: pipes and folders in the place of files, names that lead
//! elsewhere, altered leases, a strict umask, and gc beside a run.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jem_core::store::{RunKind, Store};
use sandbox::repository::{SPEC, git, repository};
use sandbox::{Said, Sandbox, attempts, manifests, signal, tiny, wait_until};
use serde_json::{Value, json};

/// A sandbox with one trial that is done.
fn one_done() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("").replace("seeds = 2", "seeds = 1"));
    sandbox.ok(&["run", "tiny.toml"]);
    sandbox
}

/// Runs a command that must come to an end by itself.
fn ends(sandbox: &Sandbox, arguments: &[&str]) -> Said {
    let mut command = sandbox.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            panic!("jem {arguments:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Said::of(child.wait_with_output().unwrap())
}

fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_pipe_in_the_place_of_any_file_is_named_and_nothing_waits_for_it() {
    let sandbox = one_done();
    sandbox.ok(&["report", "tiny.toml"]);
    let results = sandbox.path("results");
    let training = manifests(&results).into_iter().find(|m| m.kind == RunKind::Training).unwrap();
    let manifest = Store::open(&results).unwrap().run_path(training.run).join("manifest.json");
    for path in [results.join("format"), manifest] {
        let bytes = fs::read(&path).unwrap();
        pipe(&path);
        for verb in [&["run", "tiny.toml"][..], &["store", "ls"], &["store", "gc", "--all"]] {
            let said = ends(&sandbox, verb);
            let listed = verb == ["store", "ls"] && said.out.contains("it is a named pipe");
            let refused = said.code == 3 && said.err.contains("it is a named pipe");
            assert!(listed || refused, "{}, {verb:?}: {said:?}", path.display());
        }
        let said = ends(&sandbox, &["store", "fsck"]);
        assert!(said.code == 1 && said.out.contains("it is a named pipe"), "{said:?}");
        let said = ends(&sandbox, &["store", "fsck", "--repair"]);
        assert!(said.out.contains("moved to quarantine/"), "{said:?}");
        fs::write(&path, bytes).unwrap();
    }
    git(&sandbox, &["init", "--quiet"]);
    let page = files_called(&sandbox.path("reports"), "manifest.json").remove(0);
    pipe(&page);
    let folder = page.parent().unwrap().display().to_string();
    for verb in [&["reproduce", &folder, "--yes"][..], &["store", "gc", "--yes"]] {
        let said = ends(&sandbox, verb);
        assert!(said.code == 3 && said.err.contains("it is a named pipe"), "{verb:?}: {said:?}");
    }
    pipe(&sandbox.path("piped.toml"));
    for verb in ["run", "plan", "report", "table"] {
        let said = ends(&sandbox, &[verb, "piped.toml"]);
        assert!(said.code == 3 && said.err.contains("it is a named pipe"), "{verb}: {said:?}");
    }
    let said = ends(&sandbox, &["spec", "check", "/dev/zero"]);
    assert!(said.code == 3 && said.err.contains("it is a device"), "{said:?}");
}

fn files_called(folder: &Path, name: &str) -> Vec<PathBuf> {
    let all = sandbox::files(folder).into_keys();
    all.filter(|path| path.ends_with(name)).map(|path| folder.join(path)).collect()
}

#[test]
fn a_report_that_names_files_elsewhere_is_refused_and_nothing_is_written() {
    let sandbox = repository("");
    let said = sandbox.ok(&["report", SPEC]);
    let folder = sandbox.path(said.lines().last().unwrap()).parent().unwrap().to_owned();
    let outside = tempfile::tempdir().unwrap();
    let store = Store::open(&sandbox.path("results")).unwrap();
    let put = |bytes: &[u8]| store.put(bytes).unwrap().digest;
    let target = put(outside.path().to_string_lossy().as_bytes());
    let (up, text) = (put(b"../../.."), put(b"written"));
    let link = |path: &str, digest| json!({"path": path, "digest": digest, "mode": "link"});
    let plain = |path: &str| json!({"path": path, "digest": text});
    let whole = fs::read(folder.join("manifest.json")).unwrap();
    for (untracked, why) in [
        (json!([link("a", target), plain("a/x")]), "leads outside"),
        (json!([link("a/b", up), plain("a/b/x")]), "leads outside"),
        (json!([plain("../x")]), "outside the checkout"),
        (json!([plain(".git")]), "git's own"),
        (json!([plain("sub/.git/hooks/post-checkout")]), "git's own"),
    ] {
        let mut manifest: Value = serde_json::from_slice(&whole).unwrap();
        let commit = manifest["commit"].as_str().unwrap().to_owned();
        manifest["commit"] = json!(format!("{commit}-dirty"));
        manifest["source"]["dirty"] = json!(true);
        manifest["source"]["untracked"] = untracked.clone();
        fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
        let binaries = Path::new(env!("CARGO_BIN_EXE_jem")).parent().unwrap();
        let (report, binaries) = (folder.display().to_string(), binaries.display().to_string());
        let said = sandbox.jem(&["reproduce", &report, "--yes", "--binaries", &binaries]);
        assert!(said.code == 3 && said.err.contains(why), "{untracked}: {said:?}");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "{untracked}");
    }
}

#[test]
fn a_report_drawn_again_writes_and_removes_nothing_through_a_link() {
    let sandbox = one_done();
    sandbox.ok(&["report", "tiny.toml", "--out", "drawn"]);
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("kept.txt"), "kept").unwrap();
    // The manifest names a file that no report has any more, by way of a link.
    let path = sandbox.path("drawn/manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let kept = jem_core::digest::Digest::of(b"kept");
    manifest["files"]["away/kept.txt"] = json!(kept);
    manifest["files"]["mine.txt"] = json!(kept);
    fs::write(&path, manifest.to_string()).unwrap();
    symlink(outside.path(), sandbox.path("drawn/away")).unwrap();
    // A file that somebody has changed since is not the report's any more.
    sandbox.write("drawn/mine.txt", "changed");
    sandbox.ok(&["report", "tiny.toml", "--out", "drawn"]);
    assert_eq!(fs::read_to_string(outside.path().join("kept.txt")).unwrap(), "kept");
    assert_eq!(fs::read_to_string(sandbox.path("drawn/mine.txt")).unwrap(), "changed");
    fs::remove_dir_all(sandbox.path("drawn/charts")).unwrap();
    symlink(outside.path(), sandbox.path("drawn/charts")).unwrap();
    let said = sandbox.jem(&["report", "tiny.toml", "--out", "drawn"]);
    assert!(said.code == 4 && said.err.contains("nothing is written through it"), "{said:?}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn files_of_the_store_and_of_reports_are_the_users_alone_where_the_umask_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("").replace("seeds = 2", "seeds = 1"));
    for verb in ["run", "report", "table"] {
        let jem = sandbox.command(&[verb, "tiny.toml"]);
        let mut command = Command::new("sh");
        command.args(["-c", "umask 0077; exec \"$0\" \"$@\""]).arg(jem.get_program());
        command.args(jem.get_args()).current_dir(sandbox.path(""));
        for (name, value) in jem.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let said = Said::of(command.output().unwrap());
        assert_eq!(said.code, 0, "{said:?}");
    }
    let mut modes = std::collections::BTreeSet::new();
    for folder in ["results", "reports"] {
        for name in sandbox::files(&sandbox.path(folder)).into_keys() {
            let mode = sandbox.path(folder).join(&name).metadata().unwrap().mode() & 0o777;
            assert_eq!(mode & 0o077, 0, "{folder}/{name}: {mode:o}");
            modes.insert(mode);
        }
    }
    assert_eq!(modes.into_iter().collect::<Vec<_>>(), [0o400, 0o600]);
}

#[test]
fn why_a_run_waits_for_an_altered_lease_is_said_at_once() {
    let sandbox = one_done();
    let all = manifests(&sandbox.path("results"));
    let training = all.iter().find(|manifest| manifest.kind == RunKind::Training).unwrap().run;
    fs::remove_dir_all(sandbox.path("results/runs")).unwrap();
    let lease = sandbox.path(&format!("results/leases/{training}"));
    fs::create_dir_all(&lease).unwrap();
    fs::write(lease.join("7"), "altered").unwrap();
    let mut command = sandbox.command(&["run", "tiny.toml"]);
    let said = Said::of(command.env("JEM_LEASE_STALE_SECONDS", "3").output().unwrap());
    assert_eq!(said.code, 0, "{said:?}");
    let line = said.err.lines().find(|line| line.contains("waiting for")).unwrap();
    assert!(line.contains("a lease that does not say who holds it"), "{said:?}");
}

#[test]
fn gc_takes_nothing_that_is_young_or_that_a_run_beside_it_counts_on() {
    let sandbox = one_done();
    sandbox.write("other.toml", &tiny("").replace("seeds = 2", "seeds = [7]"));
    sandbox.ok(&["run", "other.toml"]);
    sandbox.ok(&["store", "tag", "other", "other.toml"]);
    // A moment old, and kept by nothing but the grace.
    let said = sandbox.ok(&["store", "gc", "--yes"]);
    assert!(said.contains("swept 0 runs and 0 objects"), "{said}");
    assert!(sandbox.ok(&["store", "gc"]).contains("kept by --grace"));
    // Done before; the run that goes on has these trials and a long one.
    let long = "[[sweep]]\ngrid.train.steps = [30, 200000]\n";
    sandbox.write("long.toml", &tiny(long).replace("seeds = 2", "seeds = 1"));
    let mut command = sandbox.command(&["run", "long.toml"]);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = |(_, events): &(PathBuf, Vec<_>)| !events.is_empty();
    let results = sandbox.path("results");
    wait_until("the third attempt", || {
        attempts(&results).iter().filter(|one| begun(one)).count() == 3
    });
    let gc = ["store", "gc", "--yes", "--grace", "0"];
    assert!(sandbox.ok(&["store", "gc", "--grace", "0"]).contains("a command that goes on at"));
    let said = sandbox.ok(&gc);
    assert!(said.contains("swept 0 runs"), "{said}");
    signal(run.id(), "-INT");
    assert_eq!(run.wait().unwrap().code(), Some(130));
    assert!(sandbox.ok(&["plan", "tiny.toml"]).contains("1 cached"));
    // Nobody counts on them any more.
    let said = sandbox.ok(&gc);
    assert!(said.contains("swept 2 runs"), "{said}");
}
