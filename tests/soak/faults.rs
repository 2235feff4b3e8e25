//! What can happen to a sweep, at an instant that dice choose.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use jem_core::random::Stream;

use crate::around::Around;
use crate::sandbox::Sandbox;
use crate::sweep::{Sweep, kill_group};

/// Numbers that one seed fixes.
pub struct Dice {
    stream: Stream,
    thrown: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self { stream: Stream::new(seed, "soak"), thrown: 0 }
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.thrown += 1;
        (self.stream.uniform_f64(self.thrown) * n as f64) as u64
    }

    pub fn choose<T>(&mut self, mut from: Vec<T>) -> Option<T> {
        (!from.is_empty()).then(|| {
            let at = self.below(from.len() as u64) as usize;
            from.swap_remove(at)
        })
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Fault {
    KillWorker,
    KillFront,
    KillAll,
    StopWorkerForGood,
    FreezeWorkers,
    Terminate,
    TerminateAll,
    KillOneOfTwins,
    FlipByteOfCheckpoint,
    DeleteFile,
    Around(Around),
}

const FAULTS: [Fault; 20] = [
    Fault::KillWorker,
    Fault::KillWorker,
    Fault::KillFront,
    Fault::KillFront,
    Fault::KillAll,
    Fault::KillAll,
    Fault::KillAll,
    Fault::StopWorkerForGood,
    Fault::FreezeWorkers,
    Fault::Terminate,
    Fault::TerminateAll,
    Fault::KillOneOfTwins,
    Fault::FlipByteOfCheckpoint,
    Fault::DeleteFile,
    Fault::Around(Around::CollectGarbage),
    Fault::Around(Around::RenameStore),
    Fault::Around(Around::CloseTerminal),
    Fault::Around(Around::FullTerminal),
    Fault::Around(Around::StuckTerminal),
    Fault::Around(Around::PlantFifo),
];

/// What came of an instant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Struck {
    /// The sweep still ran at that instant.
    pub running: bool,
    /// A run that should have ended by itself did not, for longer than any may.
    pub hung: bool,
    /// A run ended by itself with exit code 0 though the store, as it was then,
    /// lacked results.
    pub zero_without_results: bool,
}

impl Fault {
    /// One of those in whose names `part` stands; of all where that is empty.
    pub fn pick(dice: &mut Dice, part: &str) -> Self {
        let named = FAULTS.into_iter().filter(|fault| fault.name().contains(part));
        dice.choose(named.collect()).unwrap()
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::KillWorker => "a worker is killed (signal 9)",
            Self::KillFront => "the dispatcher is killed (signal 9)",
            Self::KillAll => "the whole group is killed (signal 9)",
            Self::StopWorkerForGood => "a worker stops answering",
            Self::FreezeWorkers => "all workers are frozen for a while (SIGSTOP)",
            Self::Terminate => "the run is preempted (SIGTERM)",
            Self::TerminateAll => "every process of the run is preempted (SIGTERM)",
            Self::KillOneOfTwins => "two runs share the store, one is killed",
            Self::FlipByteOfCheckpoint => "killed, and a byte of a checkpoint flips",
            Self::DeleteFile => "a file of the store is deleted under a run",
            Self::Around(around) => around.name(),
        }
    }

    /// Whether it kills with signal 9 at its instant. The others end what still
    /// runs so too, but at an instant that was not theirs to choose.
    pub fn kills(self) -> bool {
        matches!(
            self,
            Self::KillWorker
                | Self::KillFront
                | Self::KillAll
                | Self::KillOneOfTwins
                | Self::FlipByteOfCheckpoint
        )
    }

    /// Runs the sweep on the store `results` and lets the fault happen at a
    /// random instant; what runs then ends by itself or is ended.
    pub fn strike(self, sweep: &Sweep, results: &str, dice: &mut Dice) -> Struck {
        if let Self::Around(around) = self {
            return around.strike(sweep, results, dice);
        }
        let mut run = sweep.start(results);
        let instant = Duration::from_millis(dice.below(2500));
        let running = wait(&mut run, instant);
        match self {
            Self::KillWorker => {
                signal_workers(run.id(), "-KILL", dice);
                // The run takes the trial up again; it is left some time for
                // that, and is killed wherever it then is.
                wait(&mut run, Duration::from_millis(dice.below(2500)));
            }
            Self::StopWorkerForGood => {
                signal_workers(run.id(), "-STOP", dice);
                wait(&mut run, Duration::from_millis(4000 + dice.below(1500)));
            }
            Self::FreezeWorkers => {
                let workers = children(run.id());
                workers.iter().for_each(|worker| signal(*worker, "-STOP"));
                wait(&mut run, Duration::from_millis(dice.below(2500)));
                workers.iter().for_each(|worker| signal(*worker, "-CONT"));
                return let_end(&mut run, sweep, results, running);
            }
            Self::KillFront => {
                let workers = children(run.id());
                run.kill().unwrap();
                run.wait().unwrap();
                // Its workers find their standard input closed.
                until("the workers' end", || workers.iter().all(|pid| !alive(*pid)));
                return Struck { running, ..Struck::default() };
            }
            Self::Terminate | Self::TerminateAll => {
                if matches!(self, Self::TerminateAll) {
                    children(run.id()).into_iter().for_each(|worker| signal(worker, "-TERM"));
                }
                signal(run.id(), "-TERM");
                return let_end(&mut run, sweep, results, running);
            }
            Self::KillOneOfTwins => {
                let mut twin = sweep.start(results);
                end(&mut run);
                wait(&mut twin, Duration::from_millis(dice.below(2500)));
                end(&mut twin);
            }
            Self::FlipByteOfCheckpoint => {
                end(&mut run);
                if let Some(path) = dice.choose(checkpoints(&sweep.path(results))) {
                    flip(&path, dice);
                }
            }
            Self::DeleteFile => {
                // Not what is done: that is `jem store fsck`'s to find.
                let files = unfinished(&sweep.path(results));
                if let Some(path) = dice.choose(files) {
                    let _ = fs::remove_file(path);
                }
                wait(&mut run, Duration::from_millis(dice.below(1500)));
            }
            Self::KillAll | Self::Around(_) => {}
        }
        let ended = run.try_wait().unwrap();
        end(&mut run);
        Struck { running, ..sweep.judge(results, ended) }
    }
}

/// Longer than any run of the sweep takes, also on a machine with other work.
const FOREVER: Duration = Duration::from_secs(180);

/// Lets the run end by itself. One that does not is ended, and has hung.
pub fn let_end(run: &mut Child, sweep: &Sweep, results: &str, running: bool) -> Struck {
    let hung = wait(run, FOREVER);
    let ended = run.try_wait().unwrap();
    end(run);
    Struck { running, hung, ..sweep.judge(results, ended) }
}

/// Waits for the run's end, but not longer than `most`; whether it still runs.
pub fn wait(run: &mut Child, most: Duration) -> bool {
    let begun = Instant::now();
    while run.try_wait().unwrap().is_none() {
        if begun.elapsed() >= most {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

/// Kills the front and all its workers, each a group of its own.
pub fn end(run: &mut Child) {
    let workers = children(run.id());
    kill_group(run.id());
    for worker in &workers {
        kill_group(*worker);
    }
    run.wait().unwrap();
    until("the workers' end", || workers.iter().all(|pid| !alive(*pid)));
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited a minute for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn children(of: u32) -> Vec<u32> {
    let listed = fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten();
    let of_thread = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).ok();
    let text: String = listed.filter_map(of_thread).collect();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

pub fn signal(pid: u32, name: &str) {
    // It may have ended by itself in the meantime.
    let _ = Command::new("kill").args([name, &pid.to_string()]).status();
}

fn signal_workers(front: u32, name: &str, dice: &mut Dice) {
    if let Some(worker) = dice.choose(children(front)) {
        signal(worker, name);
    }
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { below(&path, found) } else { found.push(path) }
    }
}

fn checkpoints(results: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    below(&results.join("runs"), &mut found);
    found.retain(|path| path.components().any(|part| part.as_os_str() == "checkpoints"));
    found.sort();
    found
}

/// Files of runs that are not done, and leases.
pub fn unfinished(results: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for run in fs::read_dir(results.join("runs")).into_iter().flatten().flatten() {
        if !run.path().join("manifest.json").exists() {
            below(&run.path(), &mut found);
        }
    }
    below(&results.join("leases"), &mut found);
    found.sort();
    found
}

fn flip(path: &Path, dice: &mut Dice) {
    let mut bytes = fs::read(path).unwrap();
    if bytes.is_empty() {
        return;
    }
    let at = dice.below(bytes.len() as u64) as usize;
    bytes[at] ^= 1 << dice.below(8);
    Sandbox::overwrite(path, &bytes);
}
