//! Processes under test: who they are, what they left, and harm done to them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use jem_core::event::Event;

use super::Sandbox;

impl Sandbox {
    /// Starts the command with `environment`, its outputs kept.
    pub fn start(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Child {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits until some run in `results` has an events log with a line in it.
    pub fn wait_for_an_attempt(&self, results: &str) {
        let results = self.path(results);
        let begun = || attempts(&results).iter().any(|(_, events)| !events.is_empty());
        wait_until("an attempt", begun);
    }
}

/// Every attempt in the store at `results`: its folder and its events.
pub fn attempts(results: &Path) -> Vec<(PathBuf, Vec<Event>)> {
    let list = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
    let runs = list(results.join("runs"));
    let folders = runs.flat_map(|run| list(run.path().join("attempts"))).map(|entry| entry.path());
    let events = |folder: PathBuf| {
        let text = fs::read_to_string(folder.join("events.jsonl")).unwrap_or_default();
        let events = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        (folder, events)
    };
    folders.map(events).collect()
}

/// What the workers of all attempts wrote, and how their attempts failed.
pub fn words_of(results: &Path) -> String {
    let logs = attempts(results).into_iter().map(|(folder, _)| folder.join("worker.log"));
    logs.map(|log| fs::read_to_string(log).unwrap_or_default()).collect()
}

/// The workers started by the process `front`.
pub fn workers_of(front: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{front}/task")).into_iter().flatten().flatten();
    let children = tasks.map(|task| task.path().join("children"));
    let listed = children.map(|path| fs::read_to_string(path).unwrap_or_default());
    let pids = |text: String| -> Vec<u32> {
        text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
    };
    listed.flat_map(pids).collect()
}

/// Waits until `holds`, at most a minute.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited a minute for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether the process runs: not gone, and not ended and unasked for.
pub fn alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Sends the signal `name`, such as `-KILL`.
pub fn signal(pid: u32, name: &str) {
    let status = std::process::Command::new("kill").args([name, &pid.to_string()]).status();
    assert!(status.unwrap().success());
}
