//! What is left of a sweep, in time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Work done and to do. The rate is measured over this run, all workers
/// together, so that it needs no history and follows the machine.
#[derive(Debug)]
pub struct Remaining {
    total: f64,
    finished: f64,
    running: HashMap<usize, f64>,
    begun: Instant,
}

impl Remaining {
    /// Of `total` work, in any unit.
    pub fn new(total: f64) -> Self {
        Self { total, finished: 0.0, running: HashMap::new(), begun: Instant::now() }
    }

    /// Trial `trial` has done `work` so far.
    pub fn running(&mut self, trial: usize, work: f64) {
        self.running.insert(trial, work);
    }

    /// Trial `trial`, of `work` in all, is over, well or not.
    pub fn over(&mut self, trial: usize, work: f64) {
        self.running.remove(&trial);
        self.finished += work;
    }

    /// Time left at the rate so far; none before there is a rate.
    pub fn left(&self) -> Option<Duration> {
        let done = self.finished + self.running.values().sum::<f64>();
        let elapsed = self.begun.elapsed().as_secs_f64();
        if elapsed < 2.0 || done <= 0.0 {
            return None;
        }
        let seconds = elapsed * (self.total - done).max(0.0) / done;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Time since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_so_far_gives_the_time_left() {
        let mut remaining = Remaining::new(100.0);
        assert_eq!(remaining.left(), None);
        remaining.begun = Instant::now() - Duration::from_secs(10);
        remaining.over(0, 10.0);
        remaining.running(1, 10.0);
        let left = remaining.left().map_or(0.0, |left| left.as_secs_f64());
        assert!((39.0..42.0).contains(&left), "{left}");
    }
}
