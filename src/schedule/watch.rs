//! One worker's clock: when it was heard, how long its trial takes, how long
//! it may still take to stop. Pure: every function is given the time.

use std::time::{Duration, Instant};

use super::Timing;

/// What a clock found. Each is found once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Not a line for so long.
    Silent(Duration),
    /// It beats, but its main thread has done nothing for so long.
    StandsStill(Duration),
    /// The trial takes longer than `resources.timeout`.
    Overdue(Duration),
    /// It was told to stop or leave and has not.
    GraceOver,
    /// It was killed so long ago and has not ended.
    Undead(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Loading,
    Up,
    Busy,
    /// Given up on: nothing more is expected but its end.
    Over,
}

/// The clock of one worker process.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    phase: Phase,
    heard: Instant,
    moved: Instant,
    done: Option<u64>,
    begun: Instant,
    timeout: Option<Duration>,
    grace_ends: Option<Instant>,
    killed: Option<Instant>,
}

impl Watch {
    /// Of a worker that was started `now`.
    pub fn new(now: Instant) -> Self {
        Self {
            phase: Phase::Loading,
            heard: now,
            moved: now,
            done: None,
            begun: now,
            timeout: None,
            grace_ends: None,
            killed: None,
        }
    }

    /// It said something.
    pub fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// It beat; `done` moves while its main thread does something.
    pub fn beat(&mut self, now: Instant, done: u64) {
        if self.done != Some(done) {
            (self.done, self.moved) = (Some(done), now);
        }
    }

    /// Its main thread did something.
    pub fn moved(&mut self, now: Instant) {
        self.moved = now;
        if self.phase == Phase::Loading {
            self.phase = Phase::Up;
        }
    }

    /// It was given a trial that may take `timeout`.
    pub fn given(&mut self, now: Instant, timeout: Option<Duration>) {
        (self.phase, self.begun, self.moved) = (Phase::Busy, now, now);
        self.timeout = timeout;
        // It may have been silent by right while it had nothing to do.
        self.heard = now;
    }

    /// Its trial is over.
    pub fn idle(&mut self) {
        self.timeout = None;
        if self.phase == Phase::Busy {
            self.phase = Phase::Up;
        }
    }

    /// It was told to stop or leave, and has until `grace` from `now`.
    pub fn grace(&mut self, now: Instant, grace: Duration) {
        self.timeout = None;
        self.grace_ends = Some(now + grace);
    }

    /// It was killed; a second time changes nothing.
    pub fn killed(&mut self, now: Instant) {
        self.phase = Phase::Over;
        self.killed.get_or_insert(now);
    }

    /// For `gap` this process itself stood still (suspended, or stopped by
    /// Ctrl-Z): that is not held against the worker.
    pub fn forgive(&mut self, gap: Duration) {
        self.heard += gap;
        self.moved += gap;
        self.begun += gap;
        self.grace_ends = self.grace_ends.map(|ends| ends + gap);
        self.killed = self.killed.map(|killed| killed + gap);
    }

    /// What is wrong `now`.
    pub fn check(&mut self, now: Instant, timing: &Timing) -> Option<Alarm> {
        let since = |then: Instant| now.saturating_duration_since(then);
        if let Some(killed) = self.killed.filter(|killed| since(*killed) > timing.grace) {
            self.killed = None;
            return Some(Alarm::Undead(since(killed)));
        }
        let patience = match self.phase {
            Phase::Over => return None,
            Phase::Loading => timing.loading,
            Phase::Up | Phase::Busy => timing.silence,
        };
        if since(self.heard) > patience {
            self.phase = Phase::Over;
            return Some(Alarm::Silent(since(self.heard)));
        }
        if self.grace_ends.is_some_and(|ends| now >= ends) {
            self.phase = Phase::Over;
            return Some(Alarm::GraceOver);
        }
        if self.phase == Phase::Busy && since(self.moved) > timing.standstill {
            self.phase = Phase::Over;
            return Some(Alarm::StandsStill(since(self.moved)));
        }
        if self.timeout.is_some_and(|timeout| since(self.begun) > timeout) {
            return self.timeout.take().map(Alarm::Overdue);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn silence_is_measured_from_the_last_line_and_said_once() {
        let (begun, timing) = (Instant::now(), Timing::default());
        let mut watch = Watch::new(begun);
        assert_eq!(watch.check(begun + 100 * SECOND, &timing), None, "it may still load");
        watch.moved(begun + 100 * SECOND);
        watch.heard(begun + 100 * SECOND);
        assert_eq!(watch.check(begun + 130 * SECOND, &timing), None);
        let alarm = watch.check(begun + 131 * SECOND, &timing);
        assert_eq!(alarm, Some(Alarm::Silent(31 * SECOND)));
        assert_eq!(watch.check(begun + 200 * SECOND, &timing), None);
    }

    #[test]
    fn a_worker_that_beats_and_does_nothing_stands_still() {
        let (begun, timing) = (Instant::now(), Timing::default());
        let mut watch = Watch::new(begun);
        watch.given(begun, None);
        for second in 0..=901 {
            let now = begun + second * SECOND;
            watch.heard(now);
            watch.beat(now, 7);
            let found = watch.check(now, &timing);
            assert_eq!(found.is_some(), second == 901, "after {second} s: {found:?}");
        }
    }

    #[test]
    fn a_trial_has_its_time_and_then_a_grace() {
        let (begun, timing) = (Instant::now(), Timing::default());
        let mut watch = Watch::new(begun);
        watch.given(begun, Some(5 * SECOND));
        assert_eq!(watch.check(begun + 5 * SECOND, &timing), None);
        let alarm = watch.check(begun + 6 * SECOND, &timing);
        assert_eq!(alarm, Some(Alarm::Overdue(5 * SECOND)));
        watch.grace(begun + 6 * SECOND, 10 * SECOND);
        assert_eq!(watch.check(begun + 15 * SECOND, &timing), None);
        assert_eq!(watch.check(begun + 16 * SECOND, &timing), Some(Alarm::GraceOver));
    }

    #[test]
    fn a_worker_that_outlives_its_kill_is_given_up_once() {
        let (begun, timing) = (Instant::now(), Timing::default());
        let mut watch = Watch::new(begun);
        watch.killed(begun + SECOND);
        watch.killed(begun + 15 * SECOND);
        assert_eq!(watch.check(begun + 21 * SECOND, &timing), None);
        let alarm = watch.check(begun + 22 * SECOND, &timing);
        assert_eq!(alarm, Some(Alarm::Undead(21 * SECOND)));
        assert_eq!(watch.check(begun + 100 * SECOND, &timing), None);
    }

    #[test]
    fn time_in_which_we_stood_still_ourselves_is_forgiven() {
        let (begun, timing) = (Instant::now(), Timing::default());
        let mut watch = Watch::new(begun);
        watch.given(begun, Some(60 * SECOND));
        watch.forgive(1000 * SECOND);
        assert_eq!(watch.check(begun + 1020 * SECOND, &timing), None);
        assert!(watch.check(begun + 1031 * SECOND, &timing).is_some());
    }
}
