//! Several `jem run` on one store, of one machine and of two.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::collections::BTreeMap;
use std::process::Child;
use std::time::{Duration, Instant};

use jem_core::event::Event;
use sandbox::{
    Part, Said, Sandbox, TWO_LAMBDAS, attempts, manifests, play, signal, tiny, wait_until,
    workers_of,
};

fn over(front: Child) -> Said {
    Said::of(front.wait_with_output().unwrap())
}

/// Not a test of anything: what workers run that play a part.
#[test]
fn fake_worker() {
    play();
}

/// How often each trial began and finished, by trial.
fn executions(sandbox: &Sandbox) -> BTreeMap<String, (usize, usize)> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (_, events) in attempts(&sandbox.path("results")) {
        for event in events {
            match event {
                Event::TrialStarted { trial, .. } => {
                    counts.entry(trial.to_string()).or_default().0 += 1;
                }
                Event::TrialFinished { trial, .. } => {
                    counts.entry(trial.to_string()).or_default().1 += 1;
                }
                _ => {}
            }
        }
    }
    counts
}

/// The number before `word` in the summary, 0 where it is not there.
fn counted(said: &Said, word: &str) -> usize {
    let Some((before, _)) = said.out.split_once(&format!(" {word}")) else { return 0 };
    before.rsplit([' ', '(']).next().unwrap().parse().unwrap_or(0)
}

#[test]
fn ten_runs_at_once_do_every_trial_of_fifty_once() {
    let sandbox = Sandbox::new();
    let text = tiny(TWO_LAMBDAS).replace("seeds = 2", "seeds = 25");
    let text =
        text.replace("steps = 30", "steps = 4").replace("validation = 100", "validation = 10");
    sandbox.write("tiny.toml", &text);
    let begun = Instant::now();
    let start = |_| sandbox.start(&["run", "tiny.toml", "--workers", "1"], &[]);
    let fronts: Vec<Child> = (0..10).map(start).collect();
    let said: Vec<Said> = fronts.into_iter().map(over).collect();
    let codes: Vec<i32> = said.iter().map(|one| one.code).collect();
    for one in &said {
        assert_eq!(one.code, 0, "{one:?}");
        let all = ["50 of 50 trials done", "all 50 trials are done"];
        assert!(all.iter().any(|text| one.out.contains(text)), "{one:?}");
    }
    let executions = executions(&sandbox);
    assert_eq!(executions.len(), 50);
    assert!(executions.values().all(|counts| *counts == (1, 1)), "{executions:?}");
    let passed: usize = said.iter().map(|one| counted(one, "passed")).sum();
    assert_eq!(passed, 50, "{said:?}");
    let seconds = begun.elapsed().as_secs_f64();
    eprintln!(
        "ten runs of a sweep of 50: {passed} trials executed, codes {codes:?}, {seconds:.1} s"
    );
}

#[test]
fn trials_that_share_a_training_run_train_it_once() {
    let sandbox = Sandbox::new();
    let sweep = "[[sweep]]\ngrid.evaluate.samples = [2, 3, 4]\n";
    sandbox.write("tiny.toml", &tiny(sweep).replace("seeds = 2", "seeds = 1"));
    let fronts = [(); 2].map(|()| sandbox.start(&["run", "tiny.toml", "--workers", "2"], &[]));
    for front in fronts {
        let said = over(front);
        assert_eq!(said.code, 0, "{said:?}");
    }
    let trained = attempts(&sandbox.path("results")).into_iter().flat_map(|(_, events)| events);
    let trained = trained
        .filter(|e| matches!(e, Event::TrainingFinished { seconds, .. } if *seconds > 0.0))
        .count();
    assert_eq!((trained, manifests(&sandbox.path("results")).len()), (1, 4));
}

/// An experiment of one trial, of a few seconds.
fn one_trial() -> String {
    tiny("").replace("steps = 30", "steps = 1200").replace("seeds = 2", "seeds = 1")
}

/// The environment of a process on the machine `name`.
fn on(name: &'static str) -> [(&'static str, &'static str); 2] {
    [("JEM_HOST_IDENTITY", name), ("JEM_LEASE_STALE_SECONDS", "2")]
}

#[test]
fn a_machine_takes_over_what_another_died_at() {
    let sandbox = Sandbox::new();
    sandbox.write("one.toml", &one_trial());
    let mut a = sandbox.start(&["run", "one.toml"], &on("a/boot-a/ns-a"));
    sandbox.wait_for_an_attempt("results");
    let b = sandbox.start(&["run", "one.toml"], &on("b/boot-b/ns-b"));
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(attempts(&sandbox.path("results")).len(), 1, "b waits");
    signal(a.id(), "-KILL");
    a.wait().unwrap();
    let killed = Instant::now();
    wait_until("the takeover", || attempts(&sandbox.path("results")).len() == 2);
    eprintln!("taken over after {:.1} s", killed.elapsed().as_secs_f64());
    let said = over(b);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("1 of 1 trials done"), "{said:?}");
    assert!(executions(&sandbox).values().all(|(_, finished)| *finished == 1));
}

#[test]
fn a_machine_that_was_frozen_finds_its_trial_done_by_another() {
    let sandbox = Sandbox::new();
    sandbox.write("one.toml", &one_trial());
    let a = sandbox.start(&["run", "one.toml"], &on("a/boot-a/ns-a"));
    sandbox.wait_for_an_attempt("results");
    let frozen: Vec<u32> = workers_of(a.id()).into_iter().chain([a.id()]).collect();
    frozen.iter().for_each(|pid| signal(*pid, "-STOP"));
    let b = over(sandbox.start(&["run", "one.toml"], &on("b/boot-b/ns-b")));
    assert_eq!(b.code, 0, "{b:?}");
    assert!(b.out.contains("1 passed"), "{b:?}");
    let digests = sandbox.digests("results");
    frozen.iter().rev().for_each(|pid| signal(*pid, "-CONT"));
    let a = over(a);
    assert_eq!(a.code, 0, "{a:?}");
    assert!(a.out.contains("1 of 1 trials done"), "{a:?}");
    assert_eq!(sandbox.digests("results"), digests);
}

#[test]
fn a_run_waits_for_another_and_does_nothing_twice() {
    let sandbox = Sandbox::new();
    sandbox.write("one.toml", &one_trial());
    let first = sandbox.start(&["run", "one.toml"], &[]);
    sandbox.wait_for_an_attempt("results");
    let second = sandbox.start(&["run", "one.toml"], &[]);
    std::thread::sleep(Duration::from_millis(700));
    assert!(workers_of(second.id()).is_empty(), "a worker was started for nothing");
    let (first, second) = (over(first), over(second));
    assert_eq!((first.code, second.code), (0, 0), "{first:?} {second:?}");
    assert_eq!(counted(&first, "passed"), 1, "{first:?}");
    assert_eq!(counted(&second, "by other processes"), 1, "{second:?}");
    assert!(executions(&sandbox).values().all(|counts| *counts == (1, 1)));
}

#[test]
fn what_another_process_failed_at_is_taken_up_here() {
    let sandbox = Sandbox::new();
    sandbox.write("one.toml", &(one_trial() + "[resources]\ntimeout = 1\n"));
    let start =
        || sandbox.start_with(Part::Polite, &["run", "one.toml"], &[("JEM_GRACE_SECONDS", "1")]);
    let begun = Instant::now();
    // The one that comes second waits until the other's trial has timed out.
    for said in [start(), start()].map(over) {
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.out.contains("1 failed (1 timeout)"), "{said:?}");
    }
    assert!(begun.elapsed() > Duration::from_secs(2), "both ran at once");
}
