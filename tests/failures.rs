//! What goes wrong while trials run, through the real binaries: workers that
//! die, stall and overrun, machines that are wanted back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::process::Child;
use std::time::{Duration, Instant};

use jem_core::event::{Event, FailureClass};
use sandbox::{
    Part, Said, Sandbox, alive, attempts, manifests, play, signal, tiny, wait_until, words_of,
    workers_of,
};

/// An experiment whose trials take a second or two.
fn medium() -> String {
    tiny("").replace("steps = 30", "steps = 800")
}

/// One that takes far longer than a test.
fn endless() -> String {
    tiny("").replace("steps = 30", "steps = 1000000").replace("seeds = 2", "seeds = 3")
}

fn over(front: Child) -> Said {
    Said::of(front.wait_with_output().unwrap())
}

/// Starts a front on an endless experiment, with workers that play `part`.
fn with_fakes(sandbox: &Sandbox, text: &str, part: Part, more: &[(&str, &str)]) -> Child {
    sandbox.write("endless.toml", text);
    sandbox.start_with(part, &["run", "endless.toml", "--workers", "2"], more)
}

fn two_begun(sandbox: &Sandbox) {
    wait_until("two attempts", || attempts(&sandbox.path("results")).len() == 2);
}

/// Not a test of anything: what workers run that play a part.
#[test]
fn fake_worker() {
    play();
}

#[test]
fn a_killed_or_frozen_worker_leaves_a_flaky_trial_with_the_same_results() {
    let sandbox = Sandbox::new();
    sandbox.write("medium.toml", &medium());
    sandbox.ok(&["run", "medium.toml", "--results", "calm"]);
    // Well above the worker's beat of 2 s, so that only a frozen one is silent.
    for (harm, class, seconds) in [("-KILL", "worker died", "30"), ("-STOP", "stalled", "5")] {
        let arguments = ["run", "medium.toml", "--workers", "1", "--results", class];
        let quick = [("JEM_BACKOFF_MS", "10"), ("JEM_STALL_SECONDS", seconds)];
        let begun = Instant::now();
        let front = sandbox.start(&arguments, &quick);
        sandbox.wait_for_an_attempt(class);
        signal(workers_of(front.id())[0], harm);
        let said = over(front);
        eprintln!("{class}: noticed and made good, {:.1} s in all", begun.elapsed().as_secs_f64());
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains("2 of 2 trials done"), "{said:?}");
        assert!(said.out.contains("1 passed, 1 flaky"), "{said:?}");
        let why = said.err.lines().find(|line| line.starts_with("flaky: ")).unwrap();
        assert!(why.contains(class), "{why}");
        assert!(words_of(&sandbox.path(class)).contains(class), "the log is kept");
        assert_eq!(sandbox.digests(class), sandbox.digests("calm"));
    }
}

#[test]
fn a_worker_that_beats_and_does_nothing_has_stalled() {
    let sandbox = Sandbox::new();
    let one = endless().replace("seeds = 3", "seeds = 1");
    let quick = [("JEM_STANDSTILL_SECONDS", "0.5")];
    let said = over(with_fakes(&sandbox, &one, Part::StandsStill, &quick));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("1 failed (1 stalled)"), "{said:?}");
    assert_eq!(said.err.matches("tried again in").count(), 2, "{said:?}");
}

#[test]
fn a_trial_that_takes_too_long_is_stopped_and_may_go_on() {
    let sandbox = Sandbox::new();
    let text = endless().replace("seeds = 3", "seeds = 1") + "[resources]\ntimeout = 1\n";
    sandbox.write("slow.toml", &text);
    let said = over(sandbox.start(&["run", "slow.toml"], &[("JEM_GRACE_SECONDS", "10")]));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("1 failed (1 timeout)"), "{said:?}");
    assert!(said.err.contains("longer resources.timeout"), "{said:?}");
    assert_eq!(attempts(&sandbox.path("results")).len(), 1, "not tried again");
}

#[test]
fn a_worker_that_does_not_stop_in_time_is_killed() {
    let sandbox = Sandbox::new();
    let text = endless().replace("seeds = 3", "seeds = 1") + "[resources]\ntimeout = 1\n";
    let said = over(with_fakes(&sandbox, &text, Part::Deaf, &[("JEM_GRACE_SECONDS", "1")]));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("1 failed (1 timeout)"), "{said:?}");
}

#[test]
fn a_machine_that_is_wanted_back_gets_checkpoints_and_code_75() {
    for name in ["-TERM", "-USR1"] {
        let sandbox = Sandbox::new();
        let front = with_fakes(&sandbox, &endless(), Part::Polite, &[]);
        two_begun(&sandbox);
        let workers = workers_of(front.id());
        signal(front.id(), name);
        let said = over(front);
        assert_eq!(said.code, 75, "{said:?}");
        let kept = "stopped; what is done is kept, and 2 running trials left a checkpoint";
        assert!(said.err.contains(kept), "{said:?}");
        assert!(said.out.contains("0 failed, 3 not done"), "{said:?}");
        assert!(workers.iter().all(|pid| !alive(*pid)));
    }
}

#[test]
fn after_sigterm_the_same_command_goes_on_to_the_same_results() {
    let sandbox = Sandbox::new();
    sandbox.write("medium.toml", &medium());
    sandbox.ok(&["run", "medium.toml", "--results", "calm"]);
    let short = [("JEM_GRACE_SECONDS", "5")];
    let front = sandbox.start(&["run", "medium.toml"], &short);
    sandbox.wait_for_an_attempt("results");
    signal(front.id(), "-TERM");
    let said = over(front);
    assert_eq!(said.code, 75, "{said:?}");
    assert!(said.err.contains("jem run medium.toml, which goes on"), "{said:?}");
    assert!(manifests(&sandbox.path("results")).len() < 4, "it was stopped too late");
    sandbox.ok(&["run", "medium.toml"]);
    assert_eq!(sandbox.digests("results"), sandbox.digests("calm"));
}

#[test]
fn a_second_ctrl_c_ends_all_at_once() {
    let sandbox = Sandbox::new();
    let front = with_fakes(&sandbox, &endless(), Part::Deaf, &[]);
    two_begun(&sandbox);
    let (workers, begun) = (workers_of(front.id()), Instant::now());
    signal(front.id(), "-INT");
    std::thread::sleep(Duration::from_millis(500));
    assert!(alive(front.id()), "the first one waits for checkpoints");
    signal(front.id(), "-INT");
    let status = front.wait_with_output().unwrap().status;
    assert!(!status.success() && begun.elapsed() < Duration::from_secs(10), "{status}");
    wait_until("the workers' end", || workers.iter().all(|pid| !alive(*pid)));
}

#[test]
fn a_worker_that_finds_the_disk_full_ends_the_run_in_order() {
    let sandbox = Sandbox::new();
    let full = Part::Fails(FailureClass::DiskFull);
    let said = over(with_fakes(&sandbox, &endless(), full, &[]));
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("disk full: its words for disk full"), "{said:?}");
    assert!(said.err.contains("jem run endless.toml, which goes on"), "{said:?}");
    assert!(said.out.contains("0 failed, 3 not done"), "{said:?}");
}

#[test]
fn every_class_of_failure_has_its_retries_and_its_exit_code() {
    let one = endless().replace("seeds = 3", "seeds = 1");
    for (class, code, retries) in [
        (FailureClass::BadInput, 1, 0),
        (FailureClass::Bug, 1, 0),
        (FailureClass::Store, 1, 1),
        (FailureClass::OutOfMemory, 1, 1),
        (FailureClass::GpuOutOfMemory, 1, 2),
        (FailureClass::Preempted, 75, 0),
    ] {
        let sandbox = Sandbox::new();
        let said = over(with_fakes(&sandbox, &one, Part::Fails(class), &[]));
        assert_eq!(said.code, code, "{class:?}: {said:?}");
        assert_eq!(said.err.matches("tried again in").count(), retries, "{class:?}: {said:?}");
        let name = class.name();
        if class == FailureClass::Preempted {
            assert!(said.out.contains("0 failed, 1 not done"), "{said:?}");
        } else {
            assert!(said.out.contains(&format!("1 failed (1 {name})")), "{said:?}");
            assert!(said.err.contains(&format!("({name}) its words for {name}")), "{said:?}");
            assert!(words_of(&sandbox.path("results")).contains(name), "the log is kept");
        }
    }
}

#[test]
fn a_worker_that_no_kill_ends_is_not_waited_for() {
    let sandbox = Sandbox::new();
    let text = endless().replace("seeds = 3", "seeds = 1") + "[resources]\ntimeout = 1\n";
    let begun = Instant::now();
    let said = over(with_fakes(&sandbox, &text, Part::Undead, &[("JEM_GRACE_SECONDS", "1")]));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("1 failed (1 timeout)"), "{said:?}");
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
}

#[test]
fn a_batch_system_that_signals_every_process_gets_checkpoints() {
    let sandbox = Sandbox::new();
    sandbox.write("medium.toml", &medium());
    sandbox.ok(&["run", "medium.toml", "--results", "calm"]);
    for name in ["TERM", "USR1"] {
        let front = sandbox.start(&["run", "medium.toml", "--results", name], &[]);
        sandbox.wait_for_an_attempt(name);
        let all: Vec<u32> = workers_of(front.id()).into_iter().chain([front.id()]).collect();
        all.iter().for_each(|pid| signal(*pid, &format!("-{name}")));
        let said = over(front);
        assert_eq!(said.code, 75, "{said:?}");
        assert!(!said.err.contains("worker died"), "{said:?}");
        let written = |event: &Event| matches!(event, Event::CheckpointWritten { .. });
        let events = || attempts(&sandbox.path(name)).into_iter().flat_map(|(_, events)| events);
        assert!(events().any(|event| written(&event)), "{said:?}");
        sandbox.ok(&["run", "medium.toml", "--results", name]);
        assert!(events().any(|event| matches!(event, Event::Resumed { .. })));
        assert_eq!(sandbox.digests(name), sandbox.digests("calm"));
    }
}

#[test]
fn where_no_worker_comes_up_the_run_ends_with_the_reason() {
    let sandbox = Sandbox::new();
    let said = over(with_fakes(&sandbox, &endless(), Part::StillBorn, &[]));
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("exit code 1") && said.err.contains("no such library"), "{said:?}");
}
