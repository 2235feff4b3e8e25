//! The dispatcher's state and its transitions: pure functions over (state,
//! input) that say what is to be done, so that every order of events can be
//! tried in tests.

use std::collections::{BTreeMap, VecDeque};

use jem_core::event::FailureClass;

/// A trial, by its place in the list of trials to run.
pub type TrialIndex = usize;
/// A slot, by its place in the list of slots.
pub type SlotIndex = usize;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The worker in a slot is up.
    Started(SlotIndex),
    /// The worker in a slot finished its trial.
    Finished(SlotIndex),
    /// The trial in a slot ended without a result; the worker lives on.
    Failed(SlotIndex, FailureClass, String),
    /// The worker in a slot ended.
    Exited(SlotIndex, String),
    /// The user asked to stop.
    Interrupted,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Start a worker in a slot.
    Start(SlotIndex),
    /// Give a trial to the worker in a slot.
    Give(SlotIndex, TrialIndex),
    /// Tell the worker in a slot to leave when it is idle.
    Dismiss(SlotIndex),
    /// End the worker in a slot at once.
    Kill(SlotIndex),
    /// A trial failed.
    Report(TrialIndex, FailureClass, String),
}

/// When failures end the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// After so many, what runs is let finish and nothing new is started.
    StopAfter(usize),
    /// Never.
    KeepGoing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worker {
    Absent,
    Starting,
    Idle,
    Busy(TrialIndex),
    Leaving,
    /// It died before it was up: starting it again would do no better.
    Broken,
}

/// Who does what.
#[derive(Clone, Debug)]
pub struct State {
    trials: usize,
    queue: VecDeque<TrialIndex>,
    workers: Vec<Worker>,
    finished: Vec<TrialIndex>,
    failed: BTreeMap<TrialIndex, (FailureClass, String)>,
    on_failure: OnFailure,
    stopping: bool,
    interrupted: bool,
}

impl State {
    /// `trials` trials waiting, and the first actions: a worker for every
    /// slot that will have work.
    pub fn new(trials: usize, slots: usize, on_failure: OnFailure) -> (Self, Vec<Action>) {
        let mut state = Self {
            trials,
            queue: (0..trials).collect(),
            workers: vec![Worker::Absent; slots],
            finished: Vec::new(),
            failed: BTreeMap::new(),
            on_failure,
            stopping: false,
            interrupted: false,
        };
        let actions = (0..slots.min(trials)).map(|slot| {
            state.workers[slot] = Worker::Starting;
            Action::Start(slot)
        });
        let actions = actions.collect();
        (state, actions)
    }

    /// Takes in `input` and says what is to be done.
    pub fn apply(&mut self, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            Input::Started(slot) if self.workers[slot] == Worker::Starting => {
                self.workers[slot] = Worker::Idle;
            }
            Input::Finished(slot) => {
                if let Worker::Busy(trial) = self.workers[slot] {
                    self.workers[slot] = Worker::Idle;
                    self.finished.push(trial);
                }
            }
            Input::Failed(slot, class, message) => {
                if let Worker::Busy(trial) = self.workers[slot] {
                    // After a fault of its own a worker leaves by itself:
                    // nothing more is given to it.
                    let leaves = class == FailureClass::Bug;
                    self.workers[slot] = if leaves { Worker::Leaving } else { Worker::Idle };
                    self.fail(trial, class, message, &mut actions);
                }
            }
            Input::Exited(slot, how) => self.exited(slot, how, &mut actions),
            Input::Interrupted => self.interrupt(&mut actions),
            Input::Started(_) => {}
        }
        self.hand_out(&mut actions);
        actions
    }

    fn exited(&mut self, slot: SlotIndex, how: String, actions: &mut Vec<Action>) {
        match self.workers[slot] {
            Worker::Busy(trial) => {
                self.workers[slot] = Worker::Absent;
                if !self.interrupted {
                    self.fail(trial, FailureClass::WorkerDied, how, actions);
                }
            }
            Worker::Starting if !self.interrupted => {
                self.workers[slot] = Worker::Broken;
                if self.workers.iter().all(|w| *w == Worker::Broken) {
                    // Nobody is left to work: what waits fails, with the reason.
                    while let Some(trial) = self.queue.pop_front() {
                        self.fail(trial, FailureClass::WorkerDied, how.clone(), actions);
                    }
                }
            }
            Worker::Broken => {}
            _ => self.workers[slot] = Worker::Absent,
        }
    }

    fn fail(
        &mut self,
        trial: TrialIndex,
        class: FailureClass,
        message: String,
        actions: &mut Vec<Action>,
    ) {
        self.failed.insert(trial, (class, message.clone()));
        actions.push(Action::Report(trial, class, message));
        if let OnFailure::StopAfter(limit) = self.on_failure
            && self.failed.len() >= limit
        {
            self.stopping = true;
        }
    }

    fn interrupt(&mut self, actions: &mut Vec<Action>) {
        self.interrupted = true;
        self.stopping = true;
        for (slot, worker) in self.workers.iter_mut().enumerate() {
            if matches!(worker, Worker::Starting | Worker::Idle | Worker::Busy(_) | Worker::Leaving)
            {
                *worker = Worker::Leaving;
                actions.push(Action::Kill(slot));
            }
        }
    }

    /// Gives waiting trials to idle workers; sends away those that have
    /// nothing to do; starts workers where one died and work waits.
    fn hand_out(&mut self, actions: &mut Vec<Action>) {
        for slot in 0..self.workers.len() {
            match self.workers[slot] {
                Worker::Idle => {
                    let next = if self.stopping { None } else { self.queue.pop_front() };
                    if let Some(trial) = next {
                        self.workers[slot] = Worker::Busy(trial);
                        actions.push(Action::Give(slot, trial));
                    } else {
                        self.workers[slot] = Worker::Leaving;
                        actions.push(Action::Dismiss(slot));
                    }
                }
                Worker::Absent if !self.stopping => {
                    let starting = self.workers.iter().filter(|w| **w == Worker::Starting).count();
                    if self.queue.len() > starting {
                        self.workers[slot] = Worker::Starting;
                        actions.push(Action::Start(slot));
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether nothing runs and nothing will.
    pub fn over(&self) -> bool {
        let gone = |w: &Worker| matches!(w, Worker::Absent | Worker::Broken);
        self.workers.iter().all(gone) && (self.queue.is_empty() || self.stopping)
    }

    /// Trials that wait.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Trials that have a result.
    pub fn finished(&self) -> &[TrialIndex] {
        &self.finished
    }

    /// Trials that failed, and how.
    pub fn failed(&self) -> &BTreeMap<TrialIndex, (FailureClass, String)> {
        &self.failed
    }

    /// Whether the user asked to stop.
    pub fn interrupted(&self) -> bool {
        self.interrupted
    }

    /// What must hold after every input; tests ask after each.
    pub fn sanity_check(&self) -> Result<(), String> {
        let busy = self.workers.iter().filter_map(|w| match w {
            Worker::Busy(trial) => Some(*trial),
            _ => None,
        });
        let mut seen: Vec<TrialIndex> = busy
            .chain(self.queue.iter().copied())
            .chain(self.finished.iter().copied())
            .chain(self.failed.keys().copied())
            .collect();
        let n = seen.len();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() != n {
            return Err("a trial stands in two places".to_owned());
        }
        if n < self.trials && !self.interrupted {
            return Err(format!("{} trials are lost", self.trials - n));
        }
        let idle = self.workers.contains(&Worker::Idle);
        if idle { Err("a worker was left idle".to_owned()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_workers_share_three_trials_and_leave() {
        let (mut state, actions) = State::new(3, 2, OnFailure::KeepGoing);
        assert_eq!(actions, [Action::Start(0), Action::Start(1)]);
        assert_eq!(state.apply(Input::Started(0)), [Action::Give(0, 0)]);
        assert_eq!(state.apply(Input::Started(1)), [Action::Give(1, 1)]);
        assert_eq!(state.apply(Input::Finished(1)), [Action::Give(1, 2)]);
        assert_eq!(state.apply(Input::Finished(0)), [Action::Dismiss(0)]);
        assert_eq!(state.apply(Input::Finished(1)), [Action::Dismiss(1)]);
        state.apply(Input::Exited(0, String::new()));
        state.apply(Input::Exited(1, String::new()));
        assert!(state.over() && state.finished().len() == 3);
    }

    #[test]
    fn a_worker_that_dies_costs_its_trial_and_is_replaced() {
        let (mut state, _) = State::new(2, 1, OnFailure::KeepGoing);
        state.apply(Input::Started(0));
        let actions = state.apply(Input::Exited(0, "killed".to_owned()));
        assert!(matches!(
            &actions[..],
            [Action::Report(0, FailureClass::WorkerDied, _), Action::Start(0)]
        ));
        assert_eq!(state.apply(Input::Started(0)), [Action::Give(0, 1)]);
    }

    #[test]
    fn a_worker_that_met_a_fault_of_its_own_is_given_nothing_more() {
        let (mut state, _) = State::new(3, 1, OnFailure::KeepGoing);
        state.apply(Input::Started(0));
        let actions = state.apply(Input::Failed(0, FailureClass::Bug, "panic".to_owned()));
        assert!(matches!(&actions[..], [Action::Report(0, FailureClass::Bug, _)]));
        assert_eq!(state.apply(Input::Exited(0, "left".to_owned())), [Action::Start(0)]);
        assert_eq!(state.apply(Input::Started(0)), [Action::Give(0, 1)]);
        assert_eq!(state.failed().len(), 1);
    }

    #[test]
    fn a_slot_that_had_nothing_to_do_takes_over_from_a_broken_one() {
        let (mut state, _) = State::new(1, 2, OnFailure::KeepGoing);
        let actions = state.apply(Input::Exited(0, "no libtorch".to_owned()));
        assert_eq!(actions, [Action::Start(1)]);
    }

    #[test]
    fn a_worker_that_cannot_start_is_not_started_for_ever() {
        let (mut state, _) = State::new(2, 2, OnFailure::KeepGoing);
        state.apply(Input::Exited(0, "no libtorch".to_owned()));
        let actions = state.apply(Input::Exited(1, "no libtorch".to_owned()));
        assert_eq!(actions.len(), 2);
        assert!(state.over() && state.failed().len() == 2);
    }

    #[test]
    fn fail_fast_starts_nothing_new_and_lets_the_rest_finish() {
        let (mut state, _) = State::new(5, 2, OnFailure::StopAfter(1));
        state.apply(Input::Started(0));
        state.apply(Input::Started(1));
        let actions = state.apply(Input::Failed(0, FailureClass::BadInput, "x".to_owned()));
        assert!(actions.contains(&Action::Dismiss(0)));
        assert_eq!(state.apply(Input::Finished(1)), [Action::Dismiss(1)]);
        assert_eq!(state.waiting(), 3);
    }

    /// What the world can do in a state, chosen by `pick`.
    fn possible(state: &State, slot: usize, pick: u8) -> Input {
        match (state.workers[slot], pick) {
            (_, 0) => Input::Interrupted,
            (_, 1) => Input::Exited(slot, "died".to_owned()),
            (Worker::Starting, _) => Input::Started(slot),
            (Worker::Busy(_), 2) => Input::Failed(slot, FailureClass::Bug, "x".to_owned()),
            (Worker::Busy(_), _) => Input::Finished(slot),
            _ => Input::Exited(slot, "left".to_owned()),
        }
    }

    proptest! {
        #[test]
        fn no_order_of_events_loses_a_trial_or_runs_it_twice(
            trials in 1usize..12,
            slots in 1usize..4,
            limit in 1usize..4,
            events in prop::collection::vec((0usize..4, 0u8..40), 1..200),
        ) {
            let (mut state, _) = State::new(trials, slots, OnFailure::StopAfter(limit));
            for (slot, pick) in events {
                let before = state.workers[slot % slots];
                if matches!(before, Worker::Absent | Worker::Broken) && pick > 0 {
                    continue;
                }
                state.apply(possible(&state, slot % slots, pick));
                prop_assert_eq!(state.sanity_check(), Ok(()));
            }
        }

        #[test]
        fn every_run_comes_to_an_end(trials in 1usize..20, slots in 1usize..5, picks in prop::collection::vec(1u8..9, 200)) {
            let (mut state, _) = State::new(trials, slots, OnFailure::KeepGoing);
            for round in 0..400 {
                let slot = round % slots;
                if matches!(state.workers[slot], Worker::Absent | Worker::Broken) { continue; }
                let input = possible(&state, slot, picks[round % picks.len()]);
                state.apply(input);
            }
            prop_assert!(state.over());
            prop_assert_eq!(state.finished().len() + state.failed().len(), trials);
        }
    }
}
