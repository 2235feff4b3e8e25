//! Every order of events: by hand, and by a world that does what it likes.

use proptest::prelude::*;

use super::*;

type Claimed = (State, Vec<Action>);

/// Trials that share no training run.
fn apart(trials: usize, slots: usize, on_failure: OnFailure) -> Claimed {
    State::new((0..trials).collect(), slots, on_failure)
}

/// The first trial of each slot claimed, started and given.
fn running(trials: usize, slots: usize, on_failure: OnFailure) -> State {
    let (mut state, actions) = apart(trials, slots, on_failure);
    assert_eq!(actions.len(), slots.min(trials));
    for slot in 0..slots {
        assert_eq!(state.apply(Input::Claimed(slot)), [Action::Start(slot)]);
        assert_eq!(state.apply(Input::Started(slot)), [Action::Give(slot, slot)]);
    }
    state
}

fn died() -> FailureClass {
    FailureClass::WorkerDied
}

fn failed(slot: SlotIndex, class: FailureClass) -> Input {
    Input::Failed(slot, class, "x".to_owned())
}

impl State {
    /// What must hold after every input.
    fn sanity_check(&self) -> Result<(), String> {
        let mut seen: Vec<TrialIndex> = self
            .in_slots()
            .chain(self.queue.iter().copied())
            .chain(self.backing_off.iter().copied())
            .chain(self.elsewhere.keys().copied())
            .chain(self.finished.iter().copied())
            .chain(self.done_by_others.iter().copied())
            .chain(self.failed.keys().copied())
            .collect();
        let n = seen.len();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() != n {
            return Err("a trial stands in two places".to_owned());
        }
        if n != self.groups.len() {
            return Err(format!("{} trials are lost", self.groups.len() - n));
        }
        let mut groups: Vec<usize> = self.in_slots().map(|trial| self.groups[trial]).collect();
        let active = groups.len();
        groups.sort_unstable();
        groups.dedup();
        if groups.len() != active {
            return Err("two trials of one training run are at work".to_owned());
        }
        if self.one_runs_alone() && active > 1 {
            return Err("a trial that ran out of memory has company".to_owned());
        }
        let room = self.workers.iter().any(|w| matches!(w, Worker::Idle | Worker::Absent));
        if room && self.next().is_some() {
            return Err("a trial waits beside a free slot".to_owned());
        }
        let idle = self.workers.iter().filter(|w| **w == Worker::Idle).count();
        if idle > self.soon() {
            return Err("a worker is kept for nothing".to_owned());
        }
        Ok(())
    }
}

#[test]
fn two_workers_share_three_trials_and_leave() {
    let mut state = running(3, 2, OnFailure::KeepGoing);
    assert_eq!(state.apply(Input::Finished(1)), [Action::Release(1), Action::Claim(1, 2)]);
    assert_eq!(state.apply(Input::Claimed(1)), [Action::Give(1, 2)]);
    assert_eq!(state.apply(Input::Finished(0)), [Action::Release(0), Action::Dismiss(0)]);
    assert_eq!(state.apply(Input::Finished(1)), [Action::Release(2), Action::Dismiss(1)]);
    state.apply(Input::Exited(0, died(), String::new()));
    state.apply(Input::Exited(1, died(), String::new()));
    assert!(state.over() && state.finished().len() == 3);
}

#[test]
fn a_worker_that_dies_is_replaced_and_its_trial_tried_again_twice() {
    let mut state = running(1, 1, OnFailure::KeepGoing);
    for retry in 1..=2 {
        let actions = state.apply(Input::Exited(0, died(), "killed".to_owned()));
        let again = Action::Retry(0, died(), "killed".to_owned(), retry);
        assert_eq!(actions, [Action::Release(0), again]);
        assert!(!state.over());
        assert_eq!(state.apply(Input::Due(0)), [Action::Claim(0, 0)]);
        state.apply(Input::Claimed(0));
        assert_eq!(state.apply(Input::Started(0)), [Action::Give(0, 0)]);
    }
    let actions = state.apply(Input::Exited(0, died(), "killed".to_owned()));
    assert!(matches!(&actions[..], [Action::Release(0), Action::Report(0, ..)]));
    assert!(state.over());
}

#[test]
fn a_worker_that_met_a_fault_of_its_own_is_given_nothing_more() {
    let mut state = running(3, 1, OnFailure::KeepGoing);
    let actions = state.apply(failed(0, FailureClass::Bug));
    assert!(matches!(
        &actions[..],
        [Action::Dismiss(0), Action::Release(0), Action::Report(0, FailureClass::Bug, _)]
    ));
    let actions = state.apply(Input::Exited(0, died(), "left".to_owned()));
    assert_eq!(actions, [Action::Claim(0, 1)]);
}

#[test]
fn what_another_process_holds_is_looked_at_again_until_it_is_done() {
    let (mut state, _) = apart(1, 1, OnFailure::KeepGoing);
    assert_eq!(state.apply(Input::Taken(0, "b:7".to_owned())), []);
    assert!(!state.over() && state.elsewhere()[&0] == "b:7");
    assert_eq!(state.apply(Input::Poll), [Action::Claim(0, 0)]);
    assert_eq!(state.apply(Input::Taken(0, "b:7".to_owned())), []);
    assert_eq!(state.apply(Input::Done(0)), []);
    assert!(state.over() && state.done_by_others() == [0]);
}

#[test]
fn what_another_process_gave_up_is_taken_up_here() {
    let (mut state, _) = apart(1, 1, OnFailure::KeepGoing);
    state.apply(Input::Taken(0, "b:7".to_owned()));
    state.apply(Input::Poll);
    assert_eq!(state.apply(Input::Claimed(0)), [Action::Start(0)]);
}

#[test]
fn two_trials_of_one_training_run_follow_each_other() {
    let (mut state, actions) = State::new(vec![0, 0, 1], 2, OnFailure::KeepGoing);
    assert_eq!(actions, [Action::Claim(0, 0), Action::Claim(1, 2)]);
    state.apply(Input::Claimed(0));
    state.apply(Input::Started(0));
    assert_eq!(state.apply(Input::Finished(0)), [Action::Release(0), Action::Claim(0, 1)]);
}

#[test]
fn a_trial_that_ran_out_of_memory_runs_alone() {
    let mut state = running(3, 2, OnFailure::KeepGoing);
    state.apply(failed(0, FailureClass::OutOfMemory));
    assert_eq!(
        state.apply(Input::Exited(0, died(), String::new())),
        [Action::Claim(0, 2)],
        "the others go on"
    );
    assert_eq!(state.apply(Input::Due(0)), []);
    state.apply(Input::Taken(0, "b:7".to_owned()));
    let actions = state.apply(Input::Finished(1));
    assert_eq!(actions, [Action::Release(1), Action::Claim(1, 0)]);
    state.apply(Input::Claimed(1));
    assert_eq!(state.apply(Input::Poll), [], "nothing beside it");
}

#[test]
fn a_slot_that_had_nothing_to_do_takes_over_from_a_broken_one() {
    let (mut state, _) = apart(1, 2, OnFailure::KeepGoing);
    state.apply(Input::Claimed(0));
    let actions = state.apply(Input::Exited(0, FailureClass::BadInput, "other".to_owned()));
    assert_eq!(actions, [Action::Release(0), Action::Claim(1, 0)]);
}

#[test]
fn where_no_worker_starts_the_run_ends_with_the_reason() {
    let (mut state, _) = apart(2, 1, OnFailure::KeepGoing);
    for _ in 0..FAILED_STARTS {
        state.apply(Input::Claimed(0));
        state.apply(Input::Exited(0, died(), "no libtorch".to_owned()));
    }
    assert!(state.over() && state.waiting() == 2);
    assert_eq!(state.end(), Some(&End::Machine(died(), "no libtorch".to_owned())));
}

#[test]
fn fail_fast_starts_nothing_new_and_lets_the_rest_finish() {
    let mut state = running(5, 2, OnFailure::StopAfter(1));
    let actions = state.apply(failed(0, FailureClass::BadInput));
    assert!(actions.contains(&Action::Dismiss(0)));
    assert_eq!(state.apply(Input::Finished(1)), [Action::Release(1), Action::Dismiss(1)]);
    assert_eq!(state.waiting(), 3);
}

#[test]
fn a_full_disk_stops_all_and_fails_nothing() {
    let mut state = running(3, 2, OnFailure::KeepGoing);
    let actions = state.apply(failed(0, FailureClass::DiskFull));
    assert!(actions.contains(&Action::Stop(1)) && actions.contains(&Action::Dismiss(0)));
    state.apply(failed(1, FailureClass::Preempted));
    state.apply(Input::Exited(0, died(), String::new()));
    state.apply(Input::Exited(1, died(), String::new()));
    assert!(state.over() && state.waiting() == 3);
    assert_eq!(state.end(), Some(&End::Machine(FailureClass::DiskFull, "x".to_owned())));
}

#[test]
fn an_overdue_trial_is_stopped_then_killed_and_has_timed_out() {
    for last in [failed(0, FailureClass::Preempted), Input::Exited(0, died(), String::new())] {
        let mut state = running(1, 1, OnFailure::KeepGoing);
        let overdue = Input::Overdue(0, "5 s".to_owned());
        assert_eq!(state.apply(overdue), [Action::Stop(0)]);
        assert_eq!(state.apply(Input::GraceOver(0)), [Action::Kill(0)]);
        let report = Action::Report(0, FailureClass::Timeout, "5 s".to_owned());
        assert!(state.apply(last).contains(&report));
    }
}

#[test]
fn a_worker_that_no_kill_ends_gives_its_trial_back_and_its_slot_up() {
    let mut state = running(2, 1, OnFailure::KeepGoing);
    state.apply(Input::Stalled(0, "silent".to_owned()));
    let actions = state.apply(Input::Undead(0, "there still".to_owned()));
    let again = Action::Retry(0, FailureClass::Stalled, "silent".to_owned(), 1);
    assert_eq!(actions, [Action::Release(0), again]);
    // There is no other slot.
    assert!(state.over() && state.waiting() == 2);
    assert_eq!(state.end(), Some(&End::Machine(died(), "there still".to_owned())));
    // Where nothing waits, all is well.
    let mut state = running(1, 1, OnFailure::KeepGoing);
    state.apply(Input::Finished(0));
    assert_eq!(state.apply(Input::GraceOver(0)), [Action::Kill(0)]);
    state.apply(Input::Undead(0, "there still".to_owned()));
    assert!(state.over() && state.end().is_none());
}

#[test]
fn a_stalled_worker_is_killed_and_its_trial_tried_again() {
    let mut state = running(1, 1, OnFailure::KeepGoing);
    assert_eq!(state.apply(Input::Stalled(0, "silent".to_owned())), [Action::Kill(0)]);
    let actions = state.apply(Input::Exited(0, died(), "signal 9".to_owned()));
    let again = Action::Retry(0, FailureClass::Stalled, "silent".to_owned(), 1);
    assert_eq!(actions, [Action::Release(0), again]);
}

#[test]
fn a_lost_lease_stops_the_trial_and_is_not_released() {
    let mut state = running(1, 1, OnFailure::KeepGoing);
    assert_eq!(state.apply(Input::Lost(0, "b:7".to_owned())), [Action::Stop(0)]);
    assert_eq!(state.apply(failed(0, FailureClass::Preempted)), [Action::Dismiss(0)]);
    assert_eq!(state.elsewhere()[&0], "b:7");
}

#[test]
fn a_worker_told_to_leave_by_the_machine_ends_the_run() {
    let mut state = running(2, 1, OnFailure::KeepGoing);
    state.apply(failed(0, FailureClass::Preempted));
    state.apply(Input::Exited(0, died(), String::new()));
    assert!(state.over() && state.waiting() == 2 && state.end() == Some(&End::Preempted));
}

/// Numbers that look random, from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % sides
    }
}

/// A world around the state: it holds leases for us and for others, and does
/// in any order whatever may happen.
struct World {
    state: State,
    held: BTreeSet<usize>,
    given: Vec<usize>,
    /// Harm that may still be done beside failing attempts, which the policy
    /// bounds.
    mischief: usize,
    dice: Dice,
}

/// Those that end the run, which happens rarely.
const ENDING: [FailureClass; 3] =
    [FailureClass::DiskFull, FailureClass::StoreClosed, FailureClass::Preempted];

const CLASSES: [FailureClass; 8] = [
    FailureClass::BadInput,
    FailureClass::Store,
    FailureClass::OutOfMemory,
    FailureClass::GpuOutOfMemory,
    FailureClass::WorkerDied,
    FailureClass::Stalled,
    FailureClass::Bug,
    FailureClass::Timeout,
];

impl World {
    fn new(groups: Vec<usize>, slots: usize, on_failure: OnFailure, seed: u64) -> Self {
        let given = vec![0; groups.len()];
        let (state, actions) = State::new(groups, slots, on_failure);
        let (held, mischief) = (BTreeSet::new(), 30);
        let mut world = Self { state, held, given, mischief, dice: Dice(seed) };
        world.act(&actions).expect("nothing has happened yet");
        world
    }

    fn act(&mut self, actions: &[Action]) -> Result<(), String> {
        for action in actions {
            match action {
                Action::Release(trial) if !self.held.remove(&self.state.groups[*trial]) => {
                    return Err(format!("the lease of {trial} was not held"));
                }
                Action::Give(_, trial) if !self.held.contains(&self.state.groups[*trial]) => {
                    return Err(format!("trial {trial} was given without its lease"));
                }
                Action::Give(_, trial) => self.given[*trial] += 1,
                Action::Retry(trial, class, _, number) if *number > policy(*class).retries => {
                    return Err(format!("trial {trial} is tried too often"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Something that may happen in `slot` now.
    fn in_slot(&mut self, slot: SlotIndex) -> Option<Input> {
        let mischief = self.mischief > 0 && self.dice.roll(4) == 0;
        let ill = self.dice.roll(6);
        let text = String::new;
        let input = match (&self.state.workers[slot], mischief) {
            (Worker::Claiming { trial, .. }, _) => {
                let trial = *trial;
                match ill {
                    0 if mischief => Input::Taken(slot, "b:7".to_owned()),
                    1 if mischief => Input::Exited(slot, died(), text()),
                    2 if mischief => Input::Unclaimed(slot, FailureClass::Store, text()),
                    3 => Input::Done(trial),
                    _ => {
                        self.held.insert(self.state.groups[trial]);
                        Input::Claimed(slot)
                    }
                }
            }
            (Worker::Starting(_), true) => Input::Exited(slot, died(), text()),
            (Worker::Starting(_), false) => Input::Started(slot),
            (Worker::Busy(trial), true) => match ill {
                0 => Input::Overdue(slot, text()),
                1 => Input::Stalled(slot, text()),
                2 => {
                    self.held.remove(&self.state.groups[*trial]);
                    Input::Lost(slot, "b:7".to_owned())
                }
                _ => Input::Exited(slot, died(), text()),
            },
            (Worker::Busy(_), false) if ill < 2 => {
                let class = match self.dice.roll(40) {
                    0 => ENDING[self.dice.roll(ENDING.len())],
                    _ => CLASSES[self.dice.roll(CLASSES.len())],
                };
                Input::Failed(slot, class, text())
            }
            (Worker::Busy(_), false) => Input::Finished(slot),
            (Worker::Stopping(..), _) => match ill {
                0 => Input::Finished(slot),
                1 => Input::Exited(slot, died(), text()),
                2 if mischief => Input::Undead(slot, text()),
                2 => Input::GraceOver(slot),
                3 => Input::Failed(slot, FailureClass::Bug, text()),
                _ => Input::Failed(slot, FailureClass::Preempted, text()),
            },
            (Worker::Leaving, true) => Input::Undead(slot, text()),
            (Worker::Leaving, false) => Input::Exited(slot, died(), text()),
            (Worker::Idle, true) => Input::Exited(slot, died(), text()),
            (Worker::Idle | Worker::Absent | Worker::Broken, _) => return None,
        };
        self.mischief -= usize::from(mischief);
        Some(input)
    }

    /// One thing happens, anywhere; `end` where the run may be ended early.
    fn turn(&mut self, end: Option<End>) -> Result<(), String> {
        let slots = self.state.workers.len();
        let input = match self.dice.roll(slots + 3) {
            slot if slot < slots => self.in_slot(slot),
            n if n == slots => self.state.backing_off.first().map(|trial| Input::Due(*trial)),
            n if n == slots + 1 => match (self.dice.roll(2), self.state.elsewhere.keys().next()) {
                (0, Some(trial)) => Some(Input::Done(*trial)),
                _ => Some(Input::Poll),
            },
            _ => end.filter(|_| self.dice.roll(30) == 0).map(Input::End),
        };
        if let Some(input) = input {
            let actions = self.state.apply(input);
            self.act(&actions)?;
        }
        self.state.sanity_check()
    }
}

/// Trials by training run: two in a row may share one.
fn groups(trials: usize, dice: &mut Dice) -> Vec<usize> {
    let mut last = 0;
    let next = |_| {
        last += usize::from(dice.roll(4) > 0);
        last
    };
    (0..trials).map(next).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_order_of_events_loses_a_trial_or_runs_it_twice_at_once(
        trials in 1usize..12, slots in 1usize..4, limit in 1usize..4, seed: u64, preempted: bool,
    ) {
        let groups = groups(trials, &mut Dice(seed));
        let mut world = World::new(groups, slots, OnFailure::StopAfter(limit), seed);
        let end = if preempted { End::Preempted } else { End::Interrupted };
        for _ in 0..300 {
            prop_assert_eq!(world.turn(Some(end.clone())), Ok(()));
        }
    }

    #[test]
    fn every_run_comes_to_an_end_and_holds_no_lease(
        trials in 1usize..20, slots in 1usize..5, seed: u64, ended: bool,
    ) {
        let groups = groups(trials, &mut Dice(seed));
        let mut world = World::new(groups, slots, OnFailure::KeepGoing, seed);
        for _ in 0..20_000 {
            if world.state.over() { break; }
            prop_assert_eq!(world.turn(ended.then_some(End::Interrupted)), Ok(()));
        }
        prop_assert!(world.state.over(), "{:?}", world.state);
        prop_assert_eq!(world.held.len(), 0);
        let state = &world.state;
        let done = state.finished().len() + state.done_by_others().len() + state.failed.len();
        prop_assert!(done == trials || state.end().is_some());
        // Only a lost lease, or a stop, gives a trial once more beyond its retries.
        let most = world.given.iter().max().copied().unwrap_or(0);
        prop_assert!(most <= 3 + 30);
        for trial in state.finished() {
            prop_assert!(world.given[*trial] >= 1);
        }
    }
}
