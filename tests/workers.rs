//! Workers that lie, do not read, do not stop writing or say nothing, and ends
//! that are told by what is in the store, through the real binaries.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Child;

use sandbox::repository::git;
use sandbox::{Part, Said, Sandbox, alive, manifests, play, signal, tiny, wait_until, workers_of};

/// Waits until the front has ended, which is a failure after a minute.
fn over(mut front: Child) -> Said {
    wait_until("the front's end", || front.try_wait().unwrap().is_some());
    Said::of(front.wait_with_output().unwrap())
}

fn one_trial() -> String {
    tiny("").replace("seeds = 2", "seeds = 1")
}

fn with_fakes(sandbox: &Sandbox, part: Part, more: &[(&str, &str)]) -> Child {
    sandbox.write("one.toml", &one_trial());
    sandbox.start_with(part, &["run", "one.toml", "--workers", "1"], more)
}

/// Not a test of anything: what workers run that play a part.
#[test]
fn fake_worker() {
    play();
}

/// A program that runs `script`, in which `$WORKER` is the real worker.
fn script(sandbox: &Sandbox, name: &str, script: &str) -> String {
    let real = PathBuf::from(env!("CARGO_BIN_EXE_jem")).with_file_name("jem-worker");
    let text = format!("#!/bin/sh\nWORKER='{}'\n{script}", real.display());
    let path = sandbox.write(name, &text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn a_worker_that_says_finished_and_wrote_nothing_has_failed() {
    let sandbox = Sandbox::new();
    let said = over(with_fakes(&sandbox, Part::Lies, &[]));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("0 of 1 trials done"), "{said:?}");
    assert!(said.out.contains("1 failed (1 store)"), "{said:?}");
    assert!(said.err.contains("has no whole manifest of its run"), "{said:?}");
    assert!(!said.err.contains("accuracy"), "progress counts what is in the store: {said:?}");
}

/// Runs two trials, one of which was done before, with a worker whose process
/// does `harm` to the store once all is finished and before it ends.
fn harmed(harm: &str) -> Said {
    let sandbox = Sandbox::new();
    sandbox.write("two.toml", &one_trial());
    sandbox.ok(&["run", "two.toml"]);
    sandbox.write("two.toml", &tiny(""));
    let run = "if [ \"$1\" = --fingerprints ]; then exec \"$WORKER\" \"$1\"; fi\n\"$WORKER\"\n";
    let worker = script(&sandbox, "worker.sh", &format!("{run}{harm}\n"));
    let arguments = ["run", "two.toml", "--workers", "1"];
    over(sandbox.start(&arguments, &[("JEM_WORKER", &worker)]))
}

#[test]
fn trials_that_are_swept_before_the_end_are_named_and_the_code_is_1() {
    let said = harmed("rm -r results/runs/*");
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("0 of 2 trials done"), "{said:?}");
    assert!(said.out.contains("2 lost"), "{said:?}");
    let lost: Vec<&str> = said.err.lines().filter(|line| line.starts_with("lost: ")).collect();
    assert_eq!(lost.len(), 2, "{said:?}");
    assert!(lost.iter().any(|line| line.contains("seed=0  its result was there when")), "{lost:?}");
    assert!(lost.iter().any(|line| line.contains("seed=1  it was said to be")), "{lost:?}");
    assert!(said.err.contains("jem run two.toml, which runs only what is missing"), "{said:?}");
}

#[test]
fn a_store_that_is_gone_at_the_end_is_named_and_the_code_is_4() {
    let said = harmed("mv results elsewhere");
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.out.contains("0 of 2 trials done"), "{said:?}");
    assert!(said.err.contains("results is gone: it was renamed or removed"), "{said:?}");
}

#[test]
fn a_worker_that_reads_no_orders_holds_up_neither_the_front_nor_its_end() {
    // So many files that are in no commit are named in each job, which then is
    // larger than what a pipe holds.
    let sandbox = Sandbox::new();
    git(&sandbox, &["init", "--quiet"]);
    sandbox.write(".gitignore", "results/\ndata/\n.cache/\n.local/\n");
    git(&sandbox, &["add", ".gitignore"]);
    git(&sandbox, &["commit", "--quiet", "--message", "one"]);
    for n in 0..1500 {
        sandbox.write(&format!("a-file-that-is-in-no-commit-and-has-a-long-name-{n}"), "");
    }
    let front = with_fakes(&sandbox, Part::ReadsNothing, &[("JEM_GRACE_SECONDS", "1")]);
    wait_until("the worker", || sandbox.path("beats").exists());
    let workers = workers_of(front.id());
    signal(front.id(), "-TERM");
    let said = over(front);
    assert_eq!(said.code, 75, "{said:?}");
    assert!(workers.iter().all(|pid| !alive(*pid)), "{said:?}");
}

#[test]
fn a_worker_that_takes_no_orders_is_ended_at_once_with_the_reason() {
    let sandbox = Sandbox::new();
    let said = over(with_fakes(&sandbox, Part::ClosesInput, &[]));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("the worker takes no more orders"), "{said:?}");
}

#[test]
fn a_worker_that_ends_no_line_is_killed_and_named() {
    let sandbox = Sandbox::new();
    let said = over(with_fakes(&sandbox, Part::EndsNoLine, &[]));
    assert_eq!(said.code, 1, "{said:?}");
    let needed = "the worker wrote more than 1048576 bytes without ending the line, and was killed";
    assert!(said.err.contains(needed), "{said:?}");
}

#[test]
fn a_mute_worker_is_said_to_be_silent_and_not_to_have_died_of_a_signal() {
    let sandbox = Sandbox::new();
    let said = over(with_fakes(&sandbox, Part::Mute, &[("JEM_STALL_SECONDS", "0.25")]));
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("stalled: the worker said nothing for 1 s and was"), "{said:?}");
    assert!(!said.err.contains("signal 9"), "{said:?}");
}

#[test]
fn a_worker_that_closes_its_outputs_and_lives_is_silent_and_not_waited_for() {
    let sandbox = Sandbox::new();
    let said = over(with_fakes(&sandbox, Part::ClosesOutputs, &[("JEM_STALL_SECONDS", "0.5")]));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("the worker said nothing for"), "{said:?}");
}

#[test]
fn a_signal_before_any_trial_has_its_exit_code_and_leaves_no_process() {
    for (name, code, killed_by) in
        [("-TERM", 75, None), ("-USR1", 75, None), ("-HUP", 75, None), ("-INT", -1, Some(2))]
    {
        let sandbox = Sandbox::new();
        sandbox.write("one.toml", &one_trial());
        // It is asked what it was built from, and does not answer.
        let asked = "echo $$ > asked.new; mv asked.new asked; while :; do sleep 1; done\n";
        let worker = script(&sandbox, "worker.sh", asked);
        let mut front = sandbox.start(&["run", "one.toml"], &[("JEM_WORKER", &worker)]);
        wait_until("the question", || sandbox.path("asked").exists());
        let asked: u32 = fs::read_to_string(sandbox.path("asked")).unwrap().trim().parse().unwrap();
        signal(front.id(), name);
        wait_until("the front's end", || front.try_wait().unwrap().is_some());
        let status = front.wait().unwrap();
        assert_eq!((status.code().unwrap_or(-1), status.signal()), (code, killed_by), "{name}");
        wait_until("the end of what it started", || !alive(asked));
    }
}

#[test]
fn a_sweep_that_was_started_to_outlive_its_terminal_does() {
    let sandbox = Sandbox::new();
    sandbox.write("one.toml", &one_trial().replace("steps = 30", "steps = 800"));
    let jem = env!("CARGO_BIN_EXE_jem");
    let mut command = std::process::Command::new("sh");
    // As `nohup` does.
    command.args(["-c", &format!("trap '' HUP; exec '{jem}' run one.toml --workers 1")]);
    command.current_dir(sandbox.path("")).env("HOME", sandbox.path(""));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let front = command.spawn().unwrap();
    sandbox.wait_for_an_attempt("results");
    signal(front.id(), "-HUP");
    let said = over(front);
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn a_fetch_that_is_stopped_leaves_no_client_running() {
    for (name, code) in [("-TERM", 75), ("-INT", 130), ("-KILL", -1)] {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.path("bin")).unwrap();
        // As a client does that starts others; where it is killed with the
        // front, those that it started are not ours to reach.
        let client = "sleep 600 & echo $$ $! > running.new; mv running.new \"$RUNNING\"; wait\n";
        script(&sandbox, "bin/npm", client);
        let path = format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap());
        let running = sandbox.path("running").display().to_string();
        let environment = [("PATH", path.as_str()), ("RUNNING", running.as_str())];
        let mut front = sandbox.start(&["data", "fetch", "mnist"], &environment);
        wait_until("the client", || Path::new(&running).exists());
        let text = fs::read_to_string(&running).unwrap();
        let clients: Vec<u32> = text.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
        signal(front.id(), name);
        wait_until("the front's end", || front.try_wait().unwrap().is_some());
        assert_eq!(front.wait().unwrap().code().unwrap_or(-1), code, "{name}");
        let reached = if name == "-KILL" { 1 } else { 2 };
        wait_until("the clients' end", || clients[..reached].iter().all(|pid| !alive(*pid)));
        for left in &clients[reached..] {
            signal(*left, "-KILL");
        }
    }
}

/// A folder with a libc10 of its own, as another installation of PyTorch has.
fn another_libtorch(sandbox: &Sandbox) -> String {
    let real = PathBuf::from(env!("CARGO_BIN_EXE_jem")).with_file_name("jem-worker");
    let listed = std::process::Command::new("ldd").arg(real).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let line = listed.lines().find(|line| line.contains("libc10.so")).unwrap();
    let own = line.split_whitespace().nth(2).unwrap();
    fs::create_dir(sandbox.path("made-up")).unwrap();
    fs::copy(own, sandbox.path("made-up/libc10.so")).unwrap();
    sandbox.path("made-up").display().to_string()
}

#[test]
fn a_variable_that_names_another_libtorch_is_not_given_to_the_workers() {
    let sandbox = Sandbox::new();
    sandbox.write("one.toml", &one_trial());
    let folder = another_libtorch(&sandbox);
    let arguments = ["run", "one.toml", "--results", "calm"];
    sandbox.ok(&arguments);
    let arguments = ["run", "one.toml", "--workers", "1"];
    let more = [("LD_LIBRARY_PATH", folder.as_str()), ("MKL_NUM_THREADS", "2")];
    let said = over(sandbox.start(&arguments, &more));
    assert_eq!(said.code, 0, "{said:?}");
    let words = "numbers under the same ids: LD_LIBRARY_PATH, MKL_NUM_THREADS";
    assert!(said.err.contains(words), "{said:?}");
    assert_eq!(sandbox.digests("results"), sandbox.digests("calm"));
}

#[test]
fn a_worker_with_a_part_of_another_libtorch_runs_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("one.toml", &one_trial());
    let folder = another_libtorch(&sandbox);
    let text = format!("LD_LIBRARY_PATH='{folder}' exec \"$WORKER\" \"$@\"\n");
    let worker = script(&sandbox, "worker.sh", &text);
    let arguments = ["run", "one.toml", "--workers", "1"];
    let said = over(sandbox.start(&arguments, &[("JEM_WORKER", &worker)]));
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("libc10.so was loaded from"), "{said:?}");
    assert!(said.err.contains("made-up"), "{said:?}");
    assert!(manifests(&sandbox.path("results")).is_empty(), "{said:?}");
}
