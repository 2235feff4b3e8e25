//! Which trial goes where next.

use super::{State, TrialIndex, Worker};
use crate::schedule::Action;

impl State {
    /// Trials that stand in a slot.
    pub(super) fn in_slots(&self) -> impl Iterator<Item = TrialIndex> + '_ {
        self.workers.iter().filter_map(|worker| match worker {
            Worker::Claiming { trial, .. } => Some(*trial),
            Worker::Starting(trial) | Worker::Busy(trial) | Worker::Stopping(trial, _) => {
                Some(*trial)
            }
            _ => None,
        })
    }

    pub(super) fn one_runs_alone(&self) -> bool {
        self.in_slots().any(|trial| self.alone.contains(&trial))
    }

    /// The place in the queue of the trial to take up next: one whose training
    /// run nobody here is at. Those that must run alone come last.
    pub(super) fn next(&self) -> Option<usize> {
        if self.stopping || self.one_runs_alone() {
            return None;
        }
        let free = |trial: TrialIndex| {
            self.in_slots().all(|other| self.groups[other] != self.groups[trial])
        };
        let beside = |trial: &TrialIndex| !self.alone.contains(trial) && free(*trial);
        self.queue.iter().position(beside).or_else(|| {
            let empty = self.in_slots().next().is_none();
            (empty && !self.queue.is_empty()).then_some(0)
        })
    }

    /// Asks for the leases of waiting trials, first where a worker is up;
    /// sends away workers that will have nothing to do soon.
    pub(super) fn hand_out(&mut self) {
        let mut kept = 0;
        for up in [true, false] {
            for slot in 0..self.workers.len() {
                if self.workers[slot] != if up { Worker::Idle } else { Worker::Absent } {
                    continue;
                }
                if let Some(trial) = self.next().and_then(|at| self.queue.remove(at)) {
                    self.workers[slot] = Worker::Claiming { trial, up };
                    self.actions.push(Action::Claim(slot, trial));
                } else if up && kept < self.soon() {
                    kept += 1;
                } else if up {
                    self.dismiss(slot);
                }
            }
        }
    }

    /// Trials that this process will take up in a moment. Those that others
    /// hold are not among them: an idle worker holds memory, and most of them
    /// are never needed here.
    pub(super) fn soon(&self) -> usize {
        if self.stopping { 0 } else { self.backing_off.len() + self.queue.len() }
    }
}
