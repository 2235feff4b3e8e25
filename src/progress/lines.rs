//! Plain lines, for a pipe or a log: one when a trial ends, none in between.

use std::path::Path;

use jem_core::event::{Event, FailureClass};

use super::{Remaining, TrialLine, human, outcome_words};
use crate::schedule::{Observer, Slot, TrialIndex};

/// Progress as plain lines on standard error.
pub struct Lines {
    trials: Vec<TrialLine>,
    remaining: Remaining,
    over: usize,
}

impl Lines {
    /// Progress of `trials`.
    pub fn new(trials: Vec<TrialLine>) -> Self {
        let total = trials.iter().map(|trial| trial.work).sum();
        Self { trials, remaining: Remaining::new(total), over: 0 }
    }

    fn say(&mut self, trial: TrialIndex, words: &str) {
        self.over += 1;
        let TrialLine { id, label, work } = &self.trials[trial];
        self.remaining.over(trial, *work);
        let left = self.remaining.left().map_or_else(String::new, |left| {
            if self.over < self.trials.len() {
                format!("  ({} left)", human(left))
            } else {
                String::new()
            }
        });
        eprintln!("[{}/{}] {id} {label}  {words}{left}", self.over, self.trials.len());
    }
}

impl Observer for Lines {
    fn event(&mut self, _: &Slot, trial: Option<TrialIndex>, event: &Event) {
        if let (Some(trial), Event::TrialFinished { outcome, accuracy, seconds, .. }) =
            (trial, event)
        {
            let words = outcome_words(outcome, *accuracy);
            let time = std::time::Duration::try_from_secs_f64(*seconds).unwrap_or_default();
            self.say(trial, &format!("{words}  {}", human(time)));
        }
    }

    fn failed(
        &mut self,
        trial: TrialIndex,
        class: FailureClass,
        message: &str,
        log: Option<&Path>,
    ) {
        let log = log.map_or_else(String::new, |log| format!("\n    log: {}", log.display()));
        self.say(trial, &format!("FAILED ({class:?}): {message}{log}"));
    }

    fn tick(&mut self) {}
}
