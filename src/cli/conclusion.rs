//! What `jem run` says when it is over, and its exit code.

use std::collections::BTreeMap;
use std::path::Path;

use jem_core::event::FailureClass;
use jem_core::plan::Plan;

use super::{CliError, Exit, open};
use crate::progress::{TrialLine, human};
use crate::report::counted;
use crate::schedule::{End, Ended, Setback, Space};
use crate::terminal;

/// How a run ended, with what it takes to say so.
pub struct Conclusion<'a> {
    /// The experiment.
    pub plan: &'a Plan,
    /// How the dispatcher ended.
    pub ended: &'a Ended,
    /// Trials that were done before, and still are.
    pub cached: usize,
    /// Trials that had a result of which nothing is in the store any more, with
    /// what is known of it.
    pub lost: Vec<String>,
    /// The folder of the store.
    pub store: &'a Path,
    /// Trials of the whole plan that diverged.
    pub diverged: usize,
    /// How long it took.
    pub time: std::time::Duration,
    /// Room in the store, where the disk is full and it is known what a trial
    /// takes.
    pub space: Option<Space>,
}

/// Says which trials needed more than one attempt, and which failed, with why.
pub fn tell_setbacks(ended: &Ended, lines: &[TrialLine]) {
    let tell = |what: &str, trial: usize, setback: &Setback| {
        let TrialLine { id, label, .. } = &lines[trial];
        let Setback { class, message, log } = setback;
        let log = log.as_ref().map(|log| format!("\n    log: {}", log.display()));
        let log = log.unwrap_or_default();
        terminal::note(&format!("{what}: {id} {label}  ({}) {message}{log}", class.name()));
    };
    for (trial, setbacks) in &ended.flaky {
        setbacks.iter().for_each(|setback| tell("flaky", *trial, setback));
    }
    for (trial, setback) in &ended.failed {
        tell("failed", *trial, setback);
    }
}

impl Conclusion<'_> {
    /// Prints it: trials that are lost one by one, then the counts.
    ///
    /// # Errors
    /// When not all trials are done, with the exit code that says why; where
    /// they are, when the counts cannot be printed.
    pub fn say(&self) -> Result<(), CliError> {
        for lost in &self.lost {
            terminal::note(&format!("lost: {lost}"));
        }
        let printed = open::print(&format!("{}\n", self.summary()));
        match self.error() {
            None => printed,
            Some(error) => Err(error),
        }
    }

    fn summary(&self) -> String {
        let Ended { finished, flaky, diverged, elsewhere, failed, waiting, .. } = self.ended;
        // What is in the brackets adds up to what is done: a trial that needed
        // more than one attempt and then diverged is a diverged one.
        let done = self.cached + finished.len() + elsewhere.len();
        let here = |trial: &&usize| diverged.contains(*trial);
        let shaky = finished.iter().filter(|t| flaky.contains_key(*t) && !here(t)).count();
        let unstable = finished.iter().filter(here).count();
        let passed = finished.len() - shaky - unstable;
        let mut parts = vec![format!("{} were before", self.cached), format!("{passed} passed")];
        let some = |n: usize, what: &str| (n > 0).then(|| format!("{n} {what}"));
        parts.extend(some(shaky, "flaky"));
        parts.extend(some(elsewhere.len(), "by other processes"));
        parts.push(format!("{unstable} diverged"));
        let all = if self.diverged > unstable {
            format!(", {} of all diverged", self.diverged)
        } else {
            String::new()
        };
        let waiting = some(*waiting, "not done").map_or_else(String::new, |n| format!(", {n}"));
        let lost = some(self.lost.len(), "lost").map_or_else(String::new, |n| format!(", {n}"));
        format!(
            "{}: {done} of {} trials done ({}){all}, {} failed{}{lost}{waiting}, in {}",
            self.plan.experiment.name,
            self.plan.trials.len(),
            parts.join(", "),
            failed.len(),
            by_class(failed.values()),
            human(self.time),
        )
    }

    fn error(&self) -> Option<CliError> {
        let Ended { failed, waiting, end, .. } = self.ended;
        let file = self.plan.experiment.file.display();
        let goes_on = format!("jem run {file}, which goes on with what is missing");
        let stopped = |exit: Exit| CliError::new(exit, self.stopped()).hint(goes_on.clone());
        match end {
            Some(End::Interrupted) => return Some(stopped(Exit::Interrupted)),
            Some(End::Preempted) => return Some(stopped(Exit::Preempted)),
            Some(End::Machine(class, message)) => {
                let message = format!("{}: {message}{}", class.name(), self.missing());
                return Some(CliError::new(Exit::Machine, message).hint(match class {
                    FailureClass::DiskFull => format!("more room there, then {goes_on}"),
                    _ => goes_on,
                }));
            }
            None => {}
        }
        let hint = format!("jem run {file}, which runs only what is missing");
        if !self.lost.is_empty() && !self.store.is_dir() {
            let message = format!(
                "the store {} is gone: it was renamed or removed while it was in use, and {} had \
                 their results there",
                self.store.display(),
                counted(self.lost.len(), "trial")
            );
            let error = CliError::new(Exit::Machine, message);
            return Some(error.hint("the store in its place again").hint(hint));
        }
        let counts = [
            (failed.len(), "failed"),
            (self.lost.len(), "had a result that is not in the store any more"),
            (*waiting, "not begun"),
        ];
        let counts = counts.iter().filter(|(n, _)| *n > 0);
        let parts: Vec<String> = counts.map(|(n, what)| format!("{n} {what}")).collect();
        if parts.is_empty() {
            return None;
        }
        let message = format!("not all trials are done: {}", parts.join(", "));
        Some(CliError::new(Exit::Failed, message).hint(hint))
    }

    fn stopped(&self) -> String {
        let left = match self.ended.checkpoints {
            0 => "no running trial left a checkpoint".to_owned(),
            1 => "1 running trial left a checkpoint".to_owned(),
            n => format!("{n} running trials left a checkpoint"),
        };
        format!("stopped; what is done is kept, and {left}")
    }

    fn missing(&self) -> String {
        let Some(space) = self.space else { return String::new() };
        let Space { free, each, left } = space;
        // It is not bytes that are missing.
        if space.missing() == 0 {
            return format!("\n  {} are free, and {left} trials are left", bytes(free));
        }
        format!(
            "\n  a trial of this experiment takes about {}, {left} are left and {} are free: about \
             {} are missing",
            bytes(each),
            bytes(free),
            bytes(space.missing())
        )
    }
}

/// ` (2 timeout, 1 bug)`, empty where none failed.
fn by_class<'a>(failed: impl Iterator<Item = &'a Setback>) -> String {
    let mut counts: BTreeMap<FailureClass, usize> = BTreeMap::new();
    for setback in failed {
        *counts.entry(setback.class).or_default() += 1;
    }
    let all: Vec<String> =
        counts.iter().map(|(class, n)| format!("{n} {}", class.name())).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

/// `812 B`, `1.4 kB`, `3.0 GB`.
fn bytes(n: u64) -> String {
    let mut value = n as f64;
    if n < 1000 {
        return format!("{n} B");
    }
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 999.95 {
            break;
        }
        (value, unit) = (value / 1000.0, next);
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_as_people_say_them() {
        assert_eq!([0, 999, 1000, 1_450_000].map(bytes), ["0 B", "999 B", "1.0 kB", "1.4 MB"]);
    }

    fn summary(ended: &Ended, cached: usize, diverged: usize) -> String {
        let text = "question = \"?\"\nseeds = 9\ndata.train = \"digits\"\n\
                    data.validation = 100\nevaluate.ood = [\"rotated\"]\n";
        let plan = Plan::parse("sums", "sums.toml", text).unwrap();
        let time = std::time::Duration::from_secs(1);
        let said = Conclusion {
            plan: &plan,
            ended,
            cached,
            lost: Vec::new(),
            store: Path::new(""),
            diverged,
            time,
            space: None,
        };
        said.summary()
    }

    #[test]
    fn what_is_in_the_brackets_adds_up_to_what_is_done() {
        let setback =
            || Setback { class: FailureClass::WorkerDied, message: String::new(), log: None };
        let mut ended = Ended {
            finished: vec![0, 1, 2, 3],
            // One of the two diverged in the end.
            flaky: [(1, vec![setback()]), (2, vec![setback()])].into(),
            diverged: [2, 3].into(),
            elsewhere: vec![4],
            failed: [(5, setback())].into(),
            lost: BTreeMap::new(),
            waiting: 1,
            checkpoints: 0,
            end: None,
        };
        let said = summary(&ended, 2, 3);
        let counts = "7 of 9 trials done (2 were before, 1 passed, 1 flaky, 1 by other processes, \
                      2 diverged), 3 of all diverged, 1 failed (1 worker died), 1 not done, in ";
        assert!(said.contains(counts), "{said}");
        ended.flaky.clear();
        let said = summary(&ended, 2, 2);
        assert!(
            said.contains("(2 were before, 2 passed, 1 by other processes, 2 diverged), 1 failed"),
            "{said}"
        );
    }

    #[test]
    fn failures_are_counted_by_class() {
        let of = |class| Setback { class, message: String::new(), log: None };
        let failed = [FailureClass::Bug, FailureClass::Timeout, FailureClass::Timeout].map(of);
        assert_eq!(by_class(failed.iter()), " (2 timeout, 1 bug)");
        assert_eq!(by_class([].iter()), "");
    }
}
