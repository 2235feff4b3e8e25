//! Bars on a terminal: one for each slot, one for the sweep.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jem_core::event::{Event, FailureClass, Progress};

use super::{Remaining, TrialLine, human, outcome_words};
use crate::schedule::{Observer, Slot, TrialIndex};

const SLOT: &str = "{prefix:>7} {bar:24} {pos:>6}/{len} {msg}";
const SWEEP: &str = "  sweep {bar:24} {pos:>6}/{len} {msg}";

/// Progress as bars on standard error.
pub struct Bars {
    trials: Vec<TrialLine>,
    remaining: Remaining,
    all: MultiProgress,
    sweep: ProgressBar,
    slots: HashMap<String, ProgressBar>,
    diverged: usize,
    failed: usize,
}

impl Bars {
    /// Progress of `trials`.
    pub fn new(trials: Vec<TrialLine>) -> Self {
        let total = trials.iter().map(|trial| trial.work).sum();
        let all = MultiProgress::new();
        let sweep = all.add(ProgressBar::new(trials.len() as u64).with_style(style(SWEEP)));
        sweep.enable_steady_tick(Duration::from_millis(250));
        let (slots, remaining) = (HashMap::new(), Remaining::new(total));
        Self { trials, remaining, all, sweep, slots, diverged: 0, failed: 0 }
    }

    fn slot(&mut self, slot: &Slot) -> &ProgressBar {
        let (all, sweep) = (&self.all, &self.sweep);
        self.slots.entry(slot.name.clone()).or_insert_with(|| {
            let bar = ProgressBar::new(0).with_style(style(SLOT)).with_prefix(slot.name.clone());
            all.insert_before(sweep, bar)
        })
    }

    fn step(&mut self, slot: &Slot, trial: TrialIndex, p: &Progress) {
        let TrialLine { label, work, .. } = &self.trials[trial];
        let (work, label) = (work * p.step as f64 / p.of.max(1) as f64, label.clone());
        self.remaining.running(trial, work);
        let bar = self.slot(slot);
        bar.set_length(p.of);
        bar.set_position(p.step);
        bar.set_message(format!(
            "{label}  CE {:.3}  gap {:+.2}  acc {:.3}  {:.0} steps/s",
            p.ce, p.energy_gap, p.accuracy, p.steps_per_second
        ));
        self.show_left();
    }

    fn over(&mut self, trial: TrialIndex) {
        self.remaining.over(trial, self.trials[trial].work);
        self.sweep.inc(1);
        self.show_left();
    }

    fn show_left(&self) {
        let left =
            self.remaining.left().map_or_else(String::new, |left| format!("{} left", human(left)));
        let counted = |n: usize, what: &str| {
            if n == 0 { String::new() } else { format!("  {n} {what}") }
        };
        let (diverged, failed) =
            (counted(self.diverged, "diverged"), counted(self.failed, "failed"));
        let elapsed = human(self.remaining.elapsed());
        self.sweep.set_message(format!("{elapsed} gone  {left}{diverged}{failed}"));
    }

    fn print(&self, line: &str) {
        // A terminal that went away takes the line with it; the run goes on.
        let _ = self.all.println(line);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.slots.values().for_each(ProgressBar::finish_and_clear);
        self.sweep.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ")
}

impl Observer for Bars {
    fn event(&mut self, slot: &Slot, trial: Option<TrialIndex>, event: &Event) {
        let Some(trial) = trial else {
            self.slot(slot).set_message("starting");
            return;
        };
        match event {
            Event::TrialStarted { .. } => {
                let label = self.trials[trial].label.clone();
                let bar = self.slot(slot);
                bar.set_length(0);
                bar.set_position(0);
                bar.set_message(label);
            }
            Event::StepFinished(progress) => self.step(slot, trial, progress),
            Event::EvaluationStarted { set, .. } => {
                let label = format!("{}  evaluating {set}", self.trials[trial].label);
                self.slot(slot).set_message(label);
            }
            Event::TrialFinished { outcome, accuracy, seconds, .. } => {
                self.diverged += usize::from(outcome.diverged());
                self.over(trial);
                let words = outcome_words(outcome, *accuracy);
                let time = Duration::try_from_secs_f64(*seconds).unwrap_or_default();
                let TrialLine { id, label, .. } = &self.trials[trial];
                self.print(&format!("{id} {label}  {words}  {}", human(time)));
            }
            _ => {}
        }
    }

    fn failed(
        &mut self,
        trial: TrialIndex,
        class: FailureClass,
        message: &str,
        log: Option<&Path>,
    ) {
        self.failed += 1;
        self.over(trial);
        let TrialLine { id, label, .. } = &self.trials[trial];
        self.print(&format!("{id} {label}  FAILED ({class:?}): {message}"));
        if let Some(log) = log {
            self.print(&format!("    log: {}", log.display()));
        }
    }

    fn tick(&mut self) {
        self.show_left();
    }
}
