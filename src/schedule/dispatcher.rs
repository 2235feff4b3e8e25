//! The dispatcher: one thread that owns the state, the workers and the order
//! of events.

use std::collections::{BTreeMap, VecDeque};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use jem_core::event::{Command, Event, FailureClass, Job, PROTOCOL};
use jem_core::provenance::Fingerprints;

use super::worker::{Heard, News, Worker};
use super::{Action, Input, OnFailure, Slot, SlotIndex, State, TrialIndex};

/// How often the wish to stop is looked at while no worker says anything.
const PATIENCE: Duration = Duration::from_millis(100);
/// Lines a worker wrote that are kept to explain its end.
const LAST_WORDS: usize = 20;

/// Who hears what happens, in the order in which it happened.
pub trait Observer {
    /// A worker said `event` while running `trial` (none while starting).
    fn event(&mut self, slot: &Slot, trial: Option<TrialIndex>, event: &Event);
    /// A trial failed; `log` is where its worker's words are.
    fn failed(&mut self, trial: TrialIndex, class: FailureClass, message: &str, log: Option<&Path>);
    /// Time passed.
    fn tick(&mut self);
}

/// What a run of the dispatcher is given.
pub struct Dispatch<'a> {
    /// The worker binary.
    pub binary: &'a Path,
    /// The fingerprints that the runs' ids were made of.
    pub fingerprints: Fingerprints,
    /// The places for workers.
    pub slots: Vec<Slot>,
    /// The trials to run.
    pub jobs: &'a [Job],
    /// When failures end the run.
    pub on_failure: OnFailure,
    /// Set when the user wants to stop.
    pub stop: Arc<AtomicBool>,
}

/// A trial that failed.
#[derive(Clone, Debug)]
pub struct FailedTrial {
    /// The class.
    pub class: FailureClass,
    /// What happened.
    pub message: String,
    /// Where its worker's words are, where an attempt had begun.
    pub log: Option<PathBuf>,
}

/// How a run of the dispatcher ended.
#[derive(Debug)]
pub struct Ended {
    /// Trials that have a result now.
    pub finished: usize,
    /// Trials that failed.
    pub failed: BTreeMap<TrialIndex, FailedTrial>,
    /// Trials not begun.
    pub waiting: usize,
    /// Whether the user stopped it.
    pub interrupted: bool,
}

struct Live<'a> {
    dispatch: &'a Dispatch<'a>,
    workers: Vec<Option<Worker>>,
    generation: u64,
    running: Vec<Option<TrialIndex>>,
    attempts: Vec<Option<PathBuf>>,
    last_words: Vec<VecDeque<String>>,
    /// Workers that were not the ones the runs' ids were made for.
    refused: Vec<bool>,
    failed: BTreeMap<TrialIndex, FailedTrial>,
    sender: Sender<News>,
}

/// Runs all jobs and says how it ended.
pub fn dispatch(dispatch: &Dispatch<'_>, observer: &mut dyn Observer) -> Ended {
    let (sender, news) = channel();
    let n = dispatch.slots.len();
    let mut live = Live {
        dispatch,
        workers: (0..n).map(|_| None).collect(),
        generation: 0,
        running: vec![None; n],
        attempts: vec![None; n],
        last_words: vec![VecDeque::new(); n],
        refused: vec![false; n],
        failed: BTreeMap::new(),
        sender,
    };
    let (mut state, actions) = State::new(dispatch.jobs.len(), n, dispatch.on_failure);
    let mut inputs: VecDeque<Input> = VecDeque::new();
    live.act(actions, observer, &mut inputs);
    while !state.over() {
        if dispatch.stop.load(Ordering::Relaxed) && !state.interrupted() {
            inputs.push_back(Input::Interrupted);
        }
        if inputs.is_empty() {
            live.listen(&news, observer, &mut inputs);
        }
        while let Some(input) = inputs.pop_front() {
            let actions = state.apply(input);
            live.act(actions, observer, &mut inputs);
        }
    }
    Ended {
        finished: state.finished().len(),
        failed: live.failed,
        waiting: state.waiting(),
        interrupted: state.interrupted(),
    }
}

impl Live<'_> {
    fn listen(
        &mut self,
        news: &Receiver<News>,
        observer: &mut dyn Observer,
        inputs: &mut VecDeque<Input>,
    ) {
        match news.recv_timeout(PATIENCE) {
            Ok(news) => inputs.extend(self.hear(news, observer)),
            // `self.sender` lives, so the channel cannot be disconnected.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => observer.tick(),
        }
    }

    /// Turns news into an input, tells the observer and keeps the log.
    fn hear(&mut self, news: News, observer: &mut dyn Observer) -> Option<Input> {
        let slot = news.slot;
        let current = self.workers[slot].as_ref().map(|worker| worker.generation);
        if current != Some(news.generation) {
            return None;
        }
        match news.heard {
            Heard::Said(event) => {
                observer.event(&self.dispatch.slots[slot], self.running[slot], &event);
                self.on_event(slot, *event)
            }
            Heard::Wrote(line) => {
                self.keep(slot, line);
                None
            }
            Heard::Closed => {
                let worker = self.workers[slot].take()?;
                let mut how = worker.how_it_ended();
                if self.refused[slot] {
                    how = "the worker is not the one that the build described; try: cargo build"
                        .to_owned();
                }
                let words: Vec<String> = self.last_words[slot].drain(..).collect();
                let said = if words.is_empty() {
                    String::new()
                } else {
                    format!(":\n{}", words.join("\n"))
                };
                Some(Input::Exited(slot, format!("{how}{said}")))
            }
        }
    }

    fn on_event(&mut self, slot: SlotIndex, event: Event) -> Option<Input> {
        match event {
            Event::WorkerStarted { protocol, fingerprints, .. } => {
                if protocol == PROTOCOL && fingerprints == self.dispatch.fingerprints {
                    return Some(Input::Started(slot));
                }
                self.refused[slot] = true;
                if let Some(worker) = &mut self.workers[slot] {
                    worker.kill();
                }
                None
            }
            Event::TrialStarted { attempt, .. } => {
                let trial = self.running[slot]?;
                self.attempts[slot] = Some(self.dispatch.jobs[trial].store.join(attempt));
                None
            }
            Event::TrialFinished { .. } => Some(Input::Finished(slot)),
            Event::TrialFailed { class, message, .. } => Some(Input::Failed(slot, class, message)),
            _ => None,
        }
    }

    /// Keeps a line that a worker wrote: in its attempt's log, and in mind.
    fn keep(&mut self, slot: SlotIndex, line: String) {
        if let Some(attempt) = &self.attempts[slot] {
            let log = attempt.join("worker.log");
            let file = OpenOptions::new().create(true).append(true).open(log);
            // A log that cannot be written must not stop the sweep; the line
            // is still kept in mind below.
            let _ = file.and_then(|mut file| writeln!(file, "{line}"));
        }
        let words = &mut self.last_words[slot];
        if words.len() == LAST_WORDS {
            words.pop_front();
        }
        words.push_back(line);
    }

    fn act(
        &mut self,
        actions: Vec<Action>,
        observer: &mut dyn Observer,
        inputs: &mut VecDeque<Input>,
    ) {
        for action in actions {
            match action {
                Action::Start(slot) => self.start(slot, inputs),
                Action::Give(slot, trial) => {
                    self.running[slot] = Some(trial);
                    self.attempts[slot] = None;
                    self.last_words[slot].clear();
                    self.send(slot, &Command::Run(Box::new(self.dispatch.jobs[trial].clone())));
                }
                Action::Dismiss(slot) => {
                    self.running[slot] = None;
                    self.send(slot, &Command::Quit);
                }
                Action::Kill(slot) => match &mut self.workers[slot] {
                    Some(worker) => worker.kill(),
                    None => inputs.push_back(Input::Exited(slot, String::new())),
                },
                Action::Report(trial, class, message) => {
                    self.report(trial, class, message, observer);
                }
            }
        }
    }

    fn start(&mut self, slot: SlotIndex, inputs: &mut VecDeque<Input>) {
        self.generation += 1;
        self.running[slot] = None;
        self.attempts[slot] = None;
        let place = (slot, &self.dispatch.slots[slot]);
        match Worker::start(self.dispatch.binary, place, self.generation, &self.sender) {
            Ok(worker) => self.workers[slot] = Some(worker),
            Err(error) => {
                let how = format!("{}: {error}", self.dispatch.binary.display());
                inputs.push_back(Input::Exited(slot, how));
            }
        }
    }

    fn send(&mut self, slot: SlotIndex, command: &Command) {
        if let Some(worker) = &mut self.workers[slot] {
            worker.send(command);
        }
    }

    fn report(
        &mut self,
        trial: TrialIndex,
        class: FailureClass,
        message: String,
        observer: &mut dyn Observer,
    ) {
        let slot = self.running.iter().position(|running| *running == Some(trial));
        let attempt = slot.and_then(|slot| self.attempts[slot].clone());
        let log = attempt.map(|attempt| {
            let log = attempt.join("worker.log");
            // The failure itself belongs into the log as well.
            let file = OpenOptions::new().create(true).append(true).open(&log);
            let _ = file.and_then(|mut file| writeln!(file, "{class:?}: {message}"));
            log
        });
        observer.failed(trial, class, &message, log.as_deref());
        self.failed.insert(trial, FailedTrial { class, message, log });
    }
}
