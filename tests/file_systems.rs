//! Stores on file systems that say no: full, read-only, closed to this user,
//! or no folder at all. Each is a real one, mounted in a namespace of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use sandbox::{Said, Sandbox, TWO_LAMBDAS, manifests, tiny};

/// Runs `script` in the sandbox with `unshare` and its `options`, `$JEM` being
/// the binary; none where this system has no namespaces for us.
fn unshared(sandbox: &Sandbox, options: &str, script: &str) -> Option<Said> {
    let mut probe = Command::new("unshare");
    let probe = probe.args([options, "true"]).stderr(Stdio::null()).status();
    if !probe.is_ok_and(|status| status.success()) {
        return None;
    }
    let jem = sandbox.command(&[]);
    let mut command = Command::new("unshare");
    command.args([options, "sh", "-c", script]).current_dir(sandbox.path(""));
    command.env("JEM", jem.get_program()).env("JEM_BACKOFF_MS", "10");
    for (name, value) in jem.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Some(Said::of(command.output().unwrap()))
}

/// The exit codes that the script printed, and what was said to standard error.
fn codes(said: &Said) -> Vec<&str> {
    said.out.lines().filter_map(|line| line.strip_prefix("code ")).collect()
}

#[test]
fn a_full_disk_stops_the_run_and_it_goes_on_after_space_is_made() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(TWO_LAMBDAS).replace("seeds = 2", "seeds = 6"));
    fs::create_dir(sandbox.path("results")).unwrap();
    // 12 trials want about 3 MB; the ballast leaves 1.
    let script = "mount -t tmpfs -o size=8m none results && head -c 7m /dev/zero > results/ballast
        \"$JEM\" run tiny.toml; echo code $?
        rm results/ballast
        \"$JEM\" run tiny.toml; echo code $?
        ls results/runs/*/manifest.json | wc -l";
    let Some(said) = unshared(&sandbox, "-Urm", script) else {
        return with_a_file_size_limit(&sandbox);
    };
    eprintln!("a tmpfs of 8 MB in a mount namespace; at first it said:\n{}", said.err);
    assert_eq!(codes(&said), ["4", "0"], "{said:?}");
    assert!(said.err.contains("disk full: "), "{said:?}");
    assert!(said.err.contains("missing"), "{said:?}");
    assert!(said.err.contains("jem run tiny.toml, which goes on"), "{said:?}");
    assert!(said.out.contains("12 of 12 trials done"), "{said:?}");
    assert_eq!(said.out.lines().last().unwrap().trim(), "24", "{said:?}");
}

/// Where nothing can be mounted: no file may grow beyond 4 kB.
fn with_a_file_size_limit(sandbox: &Sandbox) {
    eprintln!("no namespaces here: a limit on the size of files stands for the full disk");
    let jem = sandbox.command(&[]);
    let mut command = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$JEM\" run tiny.toml";
    command.args(["-c", script]).current_dir(sandbox.path("")).env("JEM", jem.get_program());
    let said = Said::of(command.output().unwrap());
    assert!([1, 4].contains(&said.code), "{said:?}");
    assert!(said.err.contains("jem run tiny.toml, which"), "{said:?}");
    assert!(sandbox.ok(&["run", "tiny.toml"]).contains("12 of 12 trials done"));
}

#[test]
fn a_read_only_store_is_said_and_nothing_is_begun() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("").replace("seeds = 2", "seeds = 1"));
    sandbox.ok(&["run", "tiny.toml"]);
    sandbox.write("tiny.toml", &tiny(""));
    let before = manifests(&sandbox.path("results")).len();
    let script = "mount --bind results results && mount -o remount,bind,ro results && \
                  \"$JEM\" run tiny.toml; echo code $?";
    let Some(said) = unshared(&sandbox, "-Urm", script) else {
        return as_a_file(&sandbox, "no namespaces here: no read-only mount; a file instead");
    };
    assert_eq!(codes(&said), ["4"], "{said:?}");
    assert!(said.err.contains("Read-only file system"), "{said:?}");
    assert!(said.err.contains("--results DIR"), "{said:?}");
    assert_eq!(manifests(&sandbox.path("results")).len(), before);
}

#[test]
fn a_store_that_this_user_may_not_write_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    let closed = sandbox.path("results");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    // Permissions do not hold root; in a user namespace that maps nobody they do.
    let script = "\"$JEM\" run tiny.toml; echo code $?";
    let Some(said) = unshared(&sandbox, "-U", script) else {
        return as_a_file(&sandbox, "no namespaces here: permissions may not hold us");
    };
    assert_eq!(codes(&said), ["4"], "{said:?}");
    assert!(said.err.contains("Permission denied"), "{said:?}");
    assert!(said.err.contains("--results DIR"), "{said:?}");
}

#[test]
fn a_store_of_which_a_part_may_not_be_written_is_said_before_the_first_trial() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny("").replace("seeds = 2", "seeds = 1"));
    sandbox.ok(&["run", "tiny.toml"]);
    sandbox.write("tiny.toml", &tiny(""));
    let before = sandbox::attempts(&sandbox.path("results")).len();
    let script = "\"$JEM\" run tiny.toml; echo code $?";
    let inside = |folder: &str| {
        let entries = fs::read_dir(sandbox.path("results").join(folder)).unwrap().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    for closed in [inside("objects"), vec![sandbox.path("results/runs")]] {
        let allow = |mode: u32| {
            let mode = fs::Permissions::from_mode(mode);
            closed.iter().for_each(|path| fs::set_permissions(path, mode.clone()).unwrap());
        };
        allow(0o555);
        // Permissions do not hold root; in a user namespace that maps nobody they do.
        let said = unshared(&sandbox, "-U", script);
        allow(0o755);
        let Some(said) = said else {
            return as_a_file(&sandbox, "no namespaces here: permissions may not hold us");
        };
        assert_eq!(codes(&said), ["4"], "{said:?}");
        assert!(said.err.contains("Permission denied") && said.err.contains("--results DIR"));
        assert!(!said.err.contains("tried again"), "{said:?}");
        assert_eq!(sandbox::attempts(&sandbox.path("results")).len(), before, "nothing is begun");
    }
}

#[test]
fn a_file_in_the_place_of_the_store_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", &tiny(""));
    as_a_file(&sandbox, "");
}

fn as_a_file(sandbox: &Sandbox, why: &str) {
    eprintln!("{why}");
    sandbox.write("occupied", "not a store");
    let said = sandbox.jem(&["run", "tiny.toml", "--results", "occupied"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("occupied"), "{said:?}");
    assert_eq!(fs::read_to_string(sandbox.path("occupied")).unwrap(), "not a store");
}
