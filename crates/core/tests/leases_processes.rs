//! Leases among real processes: this test's binary starts itself again, and
//! the test named `the_other_process` is then what it does.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use jem_core::digest::Digest;
use jem_core::id::RunId;
use jem_core::store::{Claim, Leases, Store};

/// The store's folder, for a process that is not the test itself.
const STORE: &str = "JEM_TEST_LEASE_STORE";
const RUNS: usize = 40;

fn run(n: usize) -> RunId {
    RunId::from_digest(Digest::of(format!("run {n}").as_bytes()))
}

/// Does what it is told, a line each, and answers each with a line.
#[test]
fn the_other_process() {
    let Ok(root) = std::env::var(STORE) else { return };
    let store = Store::open(Path::new(&root)).unwrap();
    let leases = Leases::new(&store);
    println!("ready");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (what, n) = line.split_once(' ').unwrap();
        let n: usize = n.parse().unwrap();
        match what {
            "claim" => println!("{}", matches!(leases.claim(run(n)).unwrap(), Claim::Held)),
            "lost" => println!("{}", leases.lost().contains(&run(n))),
            "all" => {
                let mut held = Vec::new();
                // Everyone begins elsewhere, so that all meet in the middle too.
                for run_n in (0..RUNS).map(|at| (at + n * RUNS / 7) % RUNS) {
                    if leases.claim(run(run_n)).unwrap() == Claim::Held {
                        held.push(run_n.to_string());
                    }
                }
                println!("held {}", held.join(" "));
            }
            // Asks for one lease for a while, as many at once do.
            "insist" => {
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_secs(4) {
                    leases.claim(run(n)).unwrap();
                    std::thread::sleep(Duration::from_millis(3));
                }
                println!("{}", matches!(leases.claim(run(n)).unwrap(), Claim::Held));
            }
            other => panic!("what is `{other}`?"),
        }
    }
}

struct Other {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(store: &Store, identity: Option<&str>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "the_other_process", "--nocapture", "--test-threads=1"]);
        command.env(STORE, store.root()).env("JEM_LEASE_STALE_SECONDS", "1");
        if let Some(identity) = identity {
            command.env("JEM_HOST_IDENTITY", identity);
        }
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut other = Self { stdin: child.stdin.take().unwrap(), child, lines };
        // The harness has words of its own, before ours and on the same line.
        while !other.lines.next().unwrap().unwrap().ends_with("ready") {}
        other
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    fn hear(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    fn ask(&mut self, line: &str) -> String {
        self.tell(line);
        self.hear()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path()).unwrap();
    (folder, store)
}

#[test]
fn many_processes_share_many_runs_and_none_is_held_twice() {
    let (_folder, store) = store();
    let mut others: Vec<Other> = (0..7).map(|_| Other::start(&store, None)).collect();
    for (n, other) in others.iter_mut().enumerate() {
        other.tell(&format!("all {n}"));
    }
    let mut held = BTreeSet::new();
    for other in &mut others {
        let line = other.hear();
        for n in line.strip_prefix("held").unwrap().split_whitespace() {
            assert!(held.insert(n.to_owned()), "run {n} is held twice");
        }
    }
    assert_eq!((held.len(), store.holders().unwrap().len()), (RUNS, RUNS));
    // Killed, they hold nothing, also before anyone asks for their status.
    for other in &others {
        other.signal("-KILL");
    }
    let ours = Leases::new(&store);
    let begun = Instant::now();
    for n in 0..RUNS {
        while ours.claim(run(n)).unwrap() != Claim::Held {
            assert!(begun.elapsed() < Duration::from_secs(10), "a dead process holds run {n}");
        }
    }
}

#[test]
fn of_many_machines_one_takes_over_what_a_dead_one_held() {
    let (_folder, store) = store();
    let mut dead = Other::start(&store, Some("dead/boot-dead/ns"));
    assert_eq!(dead.ask("claim 0"), "true");
    dead.signal("-KILL");
    let mut others: Vec<Other> =
        (0..6).map(|n| Other::start(&store, Some(&format!("m{n}/boot-{n}/ns")))).collect();
    for other in &mut others {
        other.tell("insist 0");
    }
    let held = others.iter_mut().filter_map(|other| (other.hear() == "true").then_some(()));
    assert_eq!(held.count(), 1);
    assert!(others.iter_mut().all(|other| other.ask("lost 0") == "false"));
}

#[test]
fn a_machine_that_was_suspended_learns_on_waking_that_it_lost_its_lease() {
    let (_folder, store) = store();
    let mut sleeper = Other::start(&store, Some("sleeper/boot-s/ns"));
    let mut other = Other::start(&store, Some("other/boot-o/ns"));
    assert_eq!(sleeper.ask("claim 0"), "true");
    assert_eq!(other.ask("claim 0"), "false");
    sleeper.signal("-STOP");
    let begun = Instant::now();
    while other.ask("claim 0") != "true" {
        assert!(begun.elapsed() < Duration::from_secs(60), "never taken over");
        std::thread::sleep(Duration::from_millis(50));
    }
    sleeper.signal("-CONT");
    assert_eq!(sleeper.ask("lost 0"), "true");
    assert_eq!(sleeper.ask("claim 0"), "false");
    assert_eq!(other.ask("lost 0"), "false");
}
