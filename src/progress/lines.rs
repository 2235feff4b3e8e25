//! Plain lines, for a pipe or a log: one when a trial ends or is tried again,
//! and one now and then while only other processes work.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jem_core::event::Event;

use super::words::{failure_words, outcome_words, retry_words, waiting_words};
use super::{Remaining, TrialLine, human};
use crate::schedule::{Observer, Setback, Slot, TrialIndex};
use crate::terminal;

/// How long nothing is said until it is said who is waited for.
const QUIET: Duration = Duration::from_secs(30);

/// Progress as plain lines on standard error.
pub struct Lines {
    trials: Vec<TrialLine>,
    remaining: Remaining,
    over: usize,
    waiting: String,
    /// Whom it was said at once that they are waited for.
    waited_for: BTreeSet<String>,
    said: Instant,
}

/// Of so many processes no news is told at once any more.
const MANY: usize = 100;

impl Lines {
    /// Progress of `trials`.
    pub fn new(trials: Vec<TrialLine>) -> Self {
        let total = trials.iter().map(|trial| trial.work).sum();
        let (remaining, waiting) = (Remaining::new(total), String::new());
        let waited_for = BTreeSet::new();
        Self { trials, remaining, over: 0, waiting, waited_for, said: Instant::now() }
    }

    /// A line about `trial`, which is over.
    fn over(&mut self, trial: TrialIndex, words: &str) {
        self.over += 1;
        self.remaining.over(trial, self.trials[trial].work);
        let left = self.remaining.left().filter(|_| self.over < self.trials.len());
        let left = left.map_or_else(String::new, |left| format!("  ({} left)", human(left)));
        self.say(trial, &format!("{words}{left}"));
    }

    fn say(&mut self, trial: TrialIndex, words: &str) {
        self.said = Instant::now();
        let TrialLine { id, label, .. } = &self.trials[trial];
        terminal::note(&format!("[{}/{}] {id} {label}  {words}", self.over, self.trials.len()));
    }
}

impl Observer for Lines {
    fn event(&mut self, _: &Slot, trial: Option<TrialIndex>, event: &Event) {
        if let (Some(trial), Event::TrialFinished { outcome, accuracy, seconds, .. }) =
            (trial, event)
        {
            let words = outcome_words(outcome, *accuracy);
            let time = Duration::try_from_secs_f64(*seconds).unwrap_or_default();
            self.over(trial, &format!("{words}  {}", human(time)));
        }
    }

    fn retry(&mut self, trial: TrialIndex, setback: &Setback, wait: Duration) {
        self.say(trial, &retry_words(setback, wait));
    }

    fn failed(&mut self, trial: TrialIndex, setback: &Setback) {
        self.over(trial, &failure_words(setback));
    }

    fn done_elsewhere(&mut self, trial: TrialIndex) {
        self.over(trial, "done by another process");
    }

    fn waiting(&mut self, places: &BTreeMap<String, usize>) {
        self.waiting = waiting_words(places);
        // Who is waited for is said at once, and then now and then.
        let new = places.keys().any(|place| !self.waited_for.contains(place));
        if new && self.waited_for.len() < MANY {
            self.waited_for.extend(places.keys().cloned());
            self.said = Instant::now();
            terminal::note(&format!("[{}/{}] {}", self.over, self.trials.len(), self.waiting));
        }
    }

    fn tick(&mut self) {
        if self.said.elapsed() > QUIET && !self.waiting.is_empty() {
            self.said = Instant::now();
            terminal::note(&format!("[{}/{}] {}", self.over, self.trials.len(), self.waiting));
        }
    }
}
