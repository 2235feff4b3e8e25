//! What each class of failure means for its trial and for the whole run.
//!
//! | class | tried again | then |
//! |---|---|---|
//! | bad input | never: the same input is as bad again | the trial failed |
//! | store | once: a network file system may have hiccuped | the trial failed |
//! | store not writable | never: no later trial could keep its results either | the run ends, exit code 4 |
//! | disk full | never | the run ends, exit code 4; the same command goes on |
//! | out of memory | once, alone: no other trial beside it, in a new process | the trial failed |
//! | GPU out of memory | twice, in a new process | the trial failed |
//! | timeout | never: its checkpoint stays, a longer `resources.timeout` goes on from it | the trial failed |
//! | preempted | by the same command | the run ends, exit code 75 |
//! | worker died | twice | the trial failed |
//! | stalled | twice | the trial failed |
//! | bug | never: the same bytes would panic again | the trial failed |
//!
//! Retries are counted over a trial's whole life in one `jem run`, whatever the
//! classes were, so no trial is tried more than three times. Divergence is not
//! here: it is a result.

use std::time::Duration;

use jem_core::event::FailureClass;

/// The longest wait before another attempt.
pub const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// How a class of failure is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Further attempts at most, 0 for none.
    pub retries: u32,
    /// The whole run ends in order: nothing new is started, and what runs is
    /// told to write a checkpoint and stop.
    pub ends_run: bool,
    /// The process that met it is given nothing more.
    pub fresh_worker: bool,
    /// The next attempt runs with no other trial beside it.
    pub alone: bool,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another attempt, after a wait.
    Retry,
    /// The trial failed.
    GiveUp,
    /// The run ends; the trial waits for the same command.
    EndRun,
}

/// The policy of `class`.
pub fn policy(class: FailureClass) -> Policy {
    let plain = Policy { retries: 0, ends_run: false, fresh_worker: false, alone: false };
    match class {
        FailureClass::BadInput | FailureClass::Timeout => plain,
        FailureClass::Store => Policy { retries: 1, ..plain },
        FailureClass::StoreClosed | FailureClass::DiskFull => Policy { ends_run: true, ..plain },
        FailureClass::OutOfMemory => {
            Policy { retries: 1, fresh_worker: true, alone: true, ..plain }
        }
        FailureClass::GpuOutOfMemory => Policy { retries: 2, fresh_worker: true, ..plain },
        FailureClass::Preempted => Policy { ends_run: true, fresh_worker: true, ..plain },
        FailureClass::WorkerDied | FailureClass::Stalled => {
            Policy { retries: 2, fresh_worker: true, ..plain }
        }
        FailureClass::Bug => Policy { fresh_worker: true, ..plain },
    }
}

impl Policy {
    /// What follows for a trial that was tried again `retries` times already.
    pub fn verdict(self, retries: u32) -> Verdict {
        match self {
            Self { ends_run: true, .. } => Verdict::EndRun,
            Self { retries: most, .. } if retries < most => Verdict::Retry,
            _ => Verdict::GiveUp,
        }
    }
}

/// The wait before retry number `retry`, counted from 1: `first`, then twice
/// as long each time, up to [`LONGEST_BACKOFF`].
pub fn backoff(first: Duration, retry: u32) -> Duration {
    let doubled = 2u32.saturating_pow(retry.saturating_sub(1));
    first.saturating_mul(doubled).min(LONGEST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stay_below_a_minute() {
        let waits = [1, 2, 3, 7, 40].map(|n| backoff(Duration::from_secs(1), n).as_secs());
        assert_eq!(waits, [1, 2, 4, 60, 60]);
        assert_eq!(backoff(Duration::from_millis(10), 2), Duration::from_millis(20));
    }

    #[test]
    fn what_would_fail_again_is_not_tried_again() {
        for class in [FailureClass::BadInput, FailureClass::Timeout, FailureClass::Bug] {
            assert_eq!(policy(class).verdict(0), Verdict::GiveUp);
        }
        for class in [FailureClass::StoreClosed, FailureClass::DiskFull, FailureClass::Preempted] {
            assert_eq!(policy(class).verdict(0), Verdict::EndRun);
        }
        let died = policy(FailureClass::WorkerDied);
        assert_eq!([0, 1, 2].map(|n| died.verdict(n) == Verdict::Retry), [true, true, false]);
        // An attempt spent on one class counts for every other.
        assert_eq!(policy(FailureClass::OutOfMemory).verdict(1), Verdict::GiveUp);
    }
}
