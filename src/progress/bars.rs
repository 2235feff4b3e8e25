//! Bars on a terminal: one for each slot, one for the sweep.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jem_core::event::{Event, Progress};

use super::words::{failure_words, outcome_words, restart_words, retry_words, waiting_words};
use super::{Remaining, TrialLine, human};
use crate::schedule::{Observer, Setback, Slot, TrialIndex};
use crate::terminal::clean;

const SLOT: &str = "{prefix:>7} {bar:24} {pos:>6}/{len} {msg}";
const SWEEP: &str = "  sweep {bar:24} {pos:>6}/{len} {msg}";

/// Progress as bars on standard error.
pub struct Bars {
    trials: Vec<TrialLine>,
    remaining: Remaining,
    all: MultiProgress,
    sweep: ProgressBar,
    slots: HashMap<String, ProgressBar>,
    /// When each trial that waits for its next attempt is due.
    retries: HashMap<TrialIndex, Instant>,
    tried_again: HashSet<TrialIndex>,
    waiting: String,
    counts: Counts,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    diverged: usize,
    failed: usize,
    elsewhere: usize,
    /// Trials that finished after a retry.
    flaky: usize,
}

impl Bars {
    /// Progress of `trials`.
    pub fn new(mut trials: Vec<TrialLine>) -> Self {
        for trial in &mut trials {
            trial.label = clean(&trial.label).into_owned();
        }
        let total = trials.iter().map(|trial| trial.work).sum();
        let all = MultiProgress::new();
        let sweep = all.add(ProgressBar::new(trials.len() as u64).with_style(style(SWEEP)));
        sweep.enable_steady_tick(Duration::from_millis(250));
        let (slots, remaining) = (HashMap::new(), Remaining::new(total));
        let (retries, tried_again) = (HashMap::new(), HashSet::new());
        let (waiting, counts) = (String::new(), Counts::default());
        Self { trials, remaining, all, sweep, slots, retries, tried_again, waiting, counts }
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
        let Counts { diverged, failed, elsewhere, flaky } = self.counts;
        let mut words = vec![format!("{} gone", human(self.remaining.elapsed())), left];
        let counts = [
            (diverged, "diverged"),
            (flaky, "flaky"),
            (elsewhere, "by others"),
            (failed, "failed"),
        ];
        let shown = counts.iter().filter(|(n, _)| *n > 0);
        words.extend(shown.map(|(n, what)| format!("{n} {what}")));
        words.extend(self.next_retry());
        words.push(self.waiting.clone());
        words.retain(|word| !word.is_empty());
        self.sweep.set_message(words.join("  "));
    }

    /// How many trials wait for their next attempt, and how long the first.
    fn next_retry(&self) -> Option<String> {
        let now = Instant::now();
        let waits = self.retries.values().filter_map(|due| due.checked_duration_since(now));
        let (n, first) = (waits.clone().count(), waits.min()?);
        Some(format!("{n} tried again in {}s", first.as_secs() + 1))
    }

    /// Prints a line above the bars.
    fn tell(&self, trial: TrialIndex, words: &str) {
        let TrialLine { id, label, .. } = &self.trials[trial];
        // A terminal that went away takes the line with it; the run goes on.
        let _ = self.all.println(clean(&format!("{id} {label}  {words}")));
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
                self.retries.remove(&trial);
                let label = self.trials[trial].label.clone();
                let bar = self.slot(slot);
                bar.set_length(0);
                bar.set_position(0);
                bar.set_message(label);
            }
            Event::StepFinished(progress) => self.step(slot, trial, progress),
            Event::EvaluationStarted { set, .. } => {
                let label = format!("{}  evaluating {}", self.trials[trial].label, clean(set));
                self.slot(slot).set_message(label);
            }
            Event::Resumed { step, .. } => {
                self.tell(trial, &format!("goes on from its checkpoint at step {step}"));
            }
            Event::RolledBack { restart, .. } => self.tell(trial, &restart_words(restart)),
            Event::TrialFinished { outcome, accuracy, seconds, .. } => {
                self.counts.diverged += usize::from(outcome.diverged());
                self.counts.flaky += usize::from(self.tried_again.contains(&trial));
                self.over(trial);
                let words = outcome_words(outcome, *accuracy);
                let time = Duration::try_from_secs_f64(*seconds).unwrap_or_default();
                self.tell(trial, &format!("{words}  {}", human(time)));
            }
            _ => {}
        }
    }

    fn retry(&mut self, trial: TrialIndex, setback: &Setback, wait: Duration) {
        self.tried_again.insert(trial);
        self.retries.insert(trial, Instant::now() + wait);
        self.remaining.running(trial, 0.0);
        self.tell(trial, &retry_words(setback, wait));
        self.show_left();
    }

    fn failed(&mut self, trial: TrialIndex, setback: &Setback) {
        self.counts.failed += 1;
        self.over(trial);
        self.tell(trial, &failure_words(setback));
    }

    fn done_elsewhere(&mut self, trial: TrialIndex) {
        self.counts.elsewhere += 1;
        self.over(trial);
    }

    fn waiting(&mut self, places: &BTreeMap<String, usize>) {
        self.waiting = clean(&waiting_words(places)).into_owned();
        self.show_left();
    }

    fn tick(&mut self) {
        self.show_left();
    }
}
