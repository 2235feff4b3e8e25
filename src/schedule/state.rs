//! The dispatcher's state and its transitions: pure functions over (state,
//! input) that say what is to be done, so that every order of events can be
//! tried in tests.
//!
//! A trial waits in the queue; its lease is claimed for a slot, then a worker
//! is started there if none is up, then the trial is given to it. Failed
//! attempts wait apart until they are due; trials that another process holds
//! stand apart until they are looked at again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jem_core::event::FailureClass;

use super::policy::{Verdict, policy};
use super::{Action, End, Input, OnFailure, SlotIndex, TrialIndex};

/// Workers that die one after another in a slot before they are up, until the
/// slot is given up.
const FAILED_STARTS: u32 = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Worker {
    Absent,
    /// The lease of the trial is asked for; `up` where a worker waits for it.
    Claiming {
        trial: TrialIndex,
        up: bool,
    },
    Starting(TrialIndex),
    Idle,
    Busy(TrialIndex),
    /// Told to stop, or killed.
    Stopping(TrialIndex, Because),
    Leaving,
    /// Workers do not start here: another would do no better.
    Broken,
}

/// Why a worker is stopped, which is what its trial's end will mean.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Because {
    RunEnds,
    Overdue(String),
    Stalled(String),
    Lost(String),
}

/// Who does what.
#[derive(Clone, Debug)]
pub struct State {
    /// The training run of each trial, by number: two trials of one training
    /// run share its lease.
    groups: Vec<usize>,
    queue: VecDeque<TrialIndex>,
    backing_off: BTreeSet<TrialIndex>,
    elsewhere: BTreeMap<TrialIndex, String>,
    workers: Vec<Worker>,
    failed_starts: Vec<u32>,
    retries: Vec<u32>,
    /// Trials that ran out of memory: they run with no other beside them.
    alone: BTreeSet<TrialIndex>,
    finished: Vec<TrialIndex>,
    done_by_others: Vec<TrialIndex>,
    failed: BTreeMap<TrialIndex, FailureClass>,
    on_failure: OnFailure,
    stopping: bool,
    end: Option<End>,
    actions: Vec<Action>,
}

impl State {
    /// Trials waiting, each with the number of its training run, and the first
    /// actions.
    pub fn new(groups: Vec<usize>, slots: usize, on_failure: OnFailure) -> (Self, Vec<Action>) {
        let mut state = Self {
            queue: (0..groups.len()).collect(),
            backing_off: BTreeSet::new(),
            elsewhere: BTreeMap::new(),
            workers: vec![Worker::Absent; slots],
            failed_starts: vec![0; slots],
            retries: vec![0; groups.len()],
            alone: BTreeSet::new(),
            finished: Vec::new(),
            done_by_others: Vec::new(),
            failed: BTreeMap::new(),
            on_failure,
            stopping: false,
            end: None,
            actions: Vec::new(),
            groups,
        };
        state.hand_out();
        let actions = std::mem::take(&mut state.actions);
        (state, actions)
    }

    /// Takes in `input` and says what is to be done.
    pub fn apply(&mut self, input: Input) -> Vec<Action> {
        match input {
            Input::Claimed(slot) => self.claimed(slot),
            Input::Taken(slot, place) => {
                if let Some(trial) = self.unclaim(slot) {
                    self.elsewhere.insert(trial, place);
                }
            }
            Input::Unclaimed(slot, class, message) => {
                if let Some(trial) = self.unclaim(slot) {
                    self.unclaimed(trial, class, message);
                }
            }
            Input::Done(trial) => self.done(trial),
            Input::Poll => self.poll(),
            Input::Started(slot) => self.started(slot),
            Input::Finished(slot) => self.finish(slot),
            Input::Failed(slot, class, message) => self.attempt_failed(slot, class, message),
            Input::Exited(slot, class, how) => self.exited(slot, class, how),
            Input::Due(trial) => {
                if self.backing_off.remove(&trial) {
                    self.queue.push_back(trial);
                }
            }
            Input::Overdue(slot, message) => self.stop(slot, Because::Overdue(message)),
            Input::Stalled(slot, message) => self.stalled(slot, message),
            Input::GraceOver(slot) => {
                if matches!(self.workers[slot], Worker::Stopping(..) | Worker::Leaving) {
                    self.actions.push(Action::Kill(slot));
                }
            }
            Input::Undead(slot, how) => self.undead(slot, how),
            Input::Lost(slot, place) => self.stop(slot, Because::Lost(place)),
            Input::End(end) => self.end_run(end),
        }
        self.hand_out();
        std::mem::take(&mut self.actions)
    }

    fn take(&mut self, slot: SlotIndex) -> Worker {
        std::mem::replace(&mut self.workers[slot], Worker::Absent)
    }

    fn claimed(&mut self, slot: SlotIndex) {
        let Worker::Claiming { trial, up } = self.workers[slot] else { return };
        if self.stopping {
            self.unclaim(slot);
            self.give_back(trial);
        } else if up {
            self.workers[slot] = Worker::Busy(trial);
            self.actions.push(Action::Give(slot, trial));
        } else {
            self.workers[slot] = Worker::Starting(trial);
            self.actions.push(Action::Start(slot));
        }
    }

    /// The slot no longer waits for a lease; says which.
    fn unclaim(&mut self, slot: SlotIndex) -> Option<TrialIndex> {
        let Worker::Claiming { trial, up } = self.workers[slot] else { return None };
        self.workers[slot] = if up { Worker::Idle } else { Worker::Absent };
        Some(trial)
    }

    /// Where leases cannot be written no trial can be: once more, then the
    /// run ends.
    fn unclaimed(&mut self, trial: TrialIndex, class: FailureClass, message: String) {
        if policy(class).verdict(self.retries[trial]) == Verdict::Retry {
            self.judge(trial, class, message);
        } else {
            self.queue.push_front(trial);
            self.end_run(End::Machine(class, message));
        }
    }

    /// Releases the lease of a trial that waits again.
    fn give_back(&mut self, trial: TrialIndex) {
        self.actions.push(Action::Release(trial));
        self.queue.push_front(trial);
    }

    fn done(&mut self, trial: TrialIndex) {
        let claiming = |w: &Worker| matches!(w, Worker::Claiming { trial: t, .. } if *t == trial);
        if self.elsewhere.remove(&trial).is_some() {
            self.done_by_others.push(trial);
        } else if let Some(slot) = self.workers.iter().position(claiming) {
            self.unclaim(slot);
            self.done_by_others.push(trial);
        }
    }

    /// What others hold is asked for again, where there is room to run it.
    fn poll(&mut self) {
        let room = self.workers.iter().any(|w| matches!(w, Worker::Idle | Worker::Absent));
        if room && !self.stopping && !self.one_runs_alone() {
            self.queue.extend(std::mem::take(&mut self.elsewhere).into_keys());
        }
    }

    fn started(&mut self, slot: SlotIndex) {
        let Worker::Starting(trial) = self.workers[slot] else { return };
        self.failed_starts[slot] = 0;
        if self.stopping {
            self.workers[slot] = Worker::Idle;
            self.give_back(trial);
        } else {
            self.workers[slot] = Worker::Busy(trial);
            self.actions.push(Action::Give(slot, trial));
        }
    }

    fn finish(&mut self, slot: SlotIndex) {
        match self.take(slot) {
            Worker::Busy(trial) => {
                self.workers[slot] = Worker::Idle;
                self.actions.push(Action::Release(trial));
                self.finished.push(trial);
            }
            Worker::Stopping(trial, because) => {
                self.dismiss(slot);
                if !matches!(because, Because::Lost(_)) {
                    self.actions.push(Action::Release(trial));
                }
                self.finished.push(trial);
            }
            other => self.workers[slot] = other,
        }
    }

    fn attempt_failed(&mut self, slot: SlotIndex, class: FailureClass, message: String) {
        match self.take(slot) {
            Worker::Busy(trial) => {
                // After some failures a process is not trusted with another
                // trial, or leaves by itself.
                if policy(class).fresh_worker {
                    self.dismiss(slot);
                } else {
                    self.workers[slot] = Worker::Idle;
                }
                self.actions.push(Action::Release(trial));
                self.judge(trial, class, message);
            }
            Worker::Stopping(trial, because) => {
                self.dismiss(slot);
                let told = class == FailureClass::Preempted;
                self.stopped(trial, because, (class, message), told);
            }
            other => self.workers[slot] = other,
        }
    }

    fn exited(&mut self, slot: SlotIndex, class: FailureClass, how: String) {
        match self.take(slot) {
            Worker::Busy(trial) => {
                self.actions.push(Action::Release(trial));
                self.judge(trial, class, how);
            }
            Worker::Stopping(trial, because) => self.stopped(trial, because, (class, how), true),
            Worker::Starting(trial) => {
                self.give_back(trial);
                self.failed_starts[slot] += 1;
                if class == FailureClass::BadInput || self.failed_starts[slot] >= FAILED_STARTS {
                    self.workers[slot] = Worker::Broken;
                }
                self.end_if_broken(class, how);
            }
            Worker::Claiming { trial, .. } => {
                self.workers[slot] = Worker::Claiming { trial, up: false };
            }
            Worker::Broken => self.workers[slot] = Worker::Broken,
            Worker::Absent | Worker::Idle | Worker::Leaving => {}
        }
    }

    /// A worker that was killed does not go: its trial is over as if it had,
    /// since no instruction of it will run any more, and the slot is given up,
    /// since it may still hold what another would need.
    fn undead(&mut self, slot: SlotIndex, how: String) {
        self.exited(slot, FailureClass::WorkerDied, how.clone());
        if self.workers[slot] == Worker::Absent {
            self.workers[slot] = Worker::Broken;
        }
        self.end_if_broken(FailureClass::WorkerDied, how);
    }

    fn end_if_broken(&mut self, class: FailureClass, how: String) {
        if self.workers.iter().all(|w| *w == Worker::Broken) && self.waiting() > 0 {
            self.end_run(End::Machine(class, how));
        }
    }

    /// What the end of a trial that was told to stop means. `obeyed` where it
    /// ended because of that, and not by a failure of its own.
    fn stopped(
        &mut self,
        trial: TrialIndex,
        because: Because,
        (class, message): (FailureClass, String),
        obeyed: bool,
    ) {
        if let Because::Lost(place) = because {
            self.elsewhere.insert(trial, place);
            return;
        }
        self.actions.push(Action::Release(trial));
        match because {
            Because::RunEnds if obeyed => self.queue.push_front(trial),
            Because::Overdue(message) if obeyed => {
                self.judge(trial, FailureClass::Timeout, message);
            }
            Because::Stalled(message) => self.judge(trial, FailureClass::Stalled, message),
            _ => self.judge(trial, class, message),
        }
    }

    fn stop(&mut self, slot: SlotIndex, because: Because) {
        match self.take(slot) {
            Worker::Busy(trial) => {
                self.workers[slot] = Worker::Stopping(trial, because);
                self.actions.push(Action::Stop(slot));
            }
            Worker::Starting(trial) if matches!(because, Because::Lost(_)) => {
                self.workers[slot] = Worker::Leaving;
                self.actions.push(Action::Kill(slot));
                if let Because::Lost(place) = because {
                    self.elsewhere.insert(trial, place);
                }
            }
            other => self.workers[slot] = other,
        }
    }

    fn stalled(&mut self, slot: SlotIndex, message: String) {
        match self.take(slot) {
            Worker::Busy(trial) => {
                self.workers[slot] = Worker::Stopping(trial, Because::Stalled(message));
            }
            Worker::Idle => self.workers[slot] = Worker::Leaving,
            worker @ (Worker::Absent | Worker::Broken) => {
                self.workers[slot] = worker;
                return;
            }
            other => self.workers[slot] = other,
        }
        self.actions.push(Action::Kill(slot));
    }

    fn dismiss(&mut self, slot: SlotIndex) {
        self.workers[slot] = Worker::Leaving;
        self.actions.push(Action::Dismiss(slot));
    }

    /// What follows a failed attempt.
    fn judge(&mut self, trial: TrialIndex, class: FailureClass, message: String) {
        let policy = policy(class);
        match policy.verdict(self.retries[trial]) {
            Verdict::Retry if self.stopping => self.queue.push_front(trial),
            Verdict::Retry => {
                self.retries[trial] += 1;
                if policy.alone {
                    self.alone.insert(trial);
                }
                self.backing_off.insert(trial);
                let number = self.retries[trial];
                self.actions.push(Action::Retry(trial, class, message, number));
            }
            Verdict::GiveUp => {
                self.failed.insert(trial, class);
                self.actions.push(Action::Report(trial, class, message));
                if let OnFailure::StopAfter(limit) = self.on_failure {
                    self.stopping |= self.failed.len() >= limit;
                }
            }
            Verdict::EndRun => {
                self.queue.push_front(trial);
                self.end_run(match class {
                    FailureClass::Preempted => End::Preempted,
                    _ => End::Machine(class, message),
                });
            }
        }
    }

    fn end_run(&mut self, end: End) {
        if self.end.is_some() {
            return;
        }
        self.end = Some(end);
        self.stopping = true;
        for slot in 0..self.workers.len() {
            if let Worker::Starting(trial) = self.workers[slot] {
                self.workers[slot] = Worker::Leaving;
                self.actions.push(Action::Kill(slot));
                self.give_back(trial);
            } else {
                self.stop(slot, Because::RunEnds);
            }
        }
    }

    /// Whether nothing runs and nothing will.
    pub fn over(&self) -> bool {
        let gone = |w: &Worker| matches!(w, Worker::Absent | Worker::Broken);
        self.workers.iter().all(gone) && (self.stopping || self.waiting() == 0)
    }

    /// Trials without a result that are in no slot.
    pub fn waiting(&self) -> usize {
        self.queue.len() + self.backing_off.len() + self.elsewhere.len()
    }

    /// Trials that other processes hold, and where those are.
    pub fn elsewhere(&self) -> &BTreeMap<TrialIndex, String> {
        &self.elsewhere
    }

    /// Trials that got their result here.
    pub fn finished(&self) -> &[TrialIndex] {
        &self.finished
    }

    /// Trials that got their result from another process meanwhile.
    pub fn done_by_others(&self) -> &[TrialIndex] {
        &self.done_by_others
    }

    /// Why the run ends early, where it does.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }
}

mod hand_out;
#[cfg(test)]
mod tests;
