//! How long the dispatcher waits for what.

use std::time::Duration;

/// All waits of a run. They change no result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Before the first retry of a trial; then twice as long each time.
    pub backoff: Duration,
    /// A worker that is up and says nothing for so long has stalled.
    pub silence: Duration,
    /// The same for a worker that loads libtorch, which may come over a slow
    /// file system.
    pub loading: Duration,
    /// A worker whose main thread does nothing for so long while a trial runs
    /// has stalled, though it still beats.
    pub standstill: Duration,
    /// From telling a worker to stop to killing it, when the run ends.
    pub grace: Duration,
    /// The same when a trial's time is up, or its lease is lost.
    pub short_grace: Duration,
    /// Between two looks at trials that other processes run.
    pub poll: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            backoff: Duration::from_secs(1),
            silence: Duration::from_secs(30),
            loading: Duration::from_secs(120),
            standstill: Duration::from_secs(15 * 60),
            grace: Duration::from_secs(20),
            short_grace: Duration::from_secs(10),
            poll: Duration::from_millis(500),
        }
    }
}

impl Timing {
    /// The defaults, unless the environment says otherwise. These variables
    /// are there for tests and for machines that are slow beyond measure:
    ///
    /// | variable | sets | default |
    /// |---|---|---|
    /// | `JEM_BACKOFF_MS` | `backoff` | 1000 |
    /// | `JEM_STALL_SECONDS` | `silence`, and `loading` at four times that; more than the worker's beat | 30 |
    /// | `JEM_STANDSTILL_SECONDS` | `standstill` | 900 |
    /// | `JEM_GRACE_SECONDS` | `grace`, and `short_grace` at half of that | 20 |
    ///
    /// What is no number is passed over.
    pub fn from_environment() -> Self {
        Self::read(|name| std::env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name: &str| variable(name)?.trim().parse::<f64>().ok();
        let seconds = |name: &str| Duration::try_from_secs_f64(number(name)?).ok();
        let mut timing = Self::default();
        if let Some(ms) = number("JEM_BACKOFF_MS") {
            timing.backoff = Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(timing.backoff);
        }
        if let Some(silence) = seconds("JEM_STALL_SECONDS") {
            (timing.silence, timing.loading) = (silence, silence.saturating_mul(4));
        }
        if let Some(standstill) = seconds("JEM_STANDSTILL_SECONDS") {
            timing.standstill = standstill;
        }
        if let Some(grace) = seconds("JEM_GRACE_SECONDS") {
            (timing.grace, timing.short_grace) = (grace, grace / 2);
        }
        timing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_shortens_waits_and_nonsense_changes_nothing() {
        let timing = Timing::read(|name| {
            let text = match name {
                "JEM_BACKOFF_MS" => "50",
                "JEM_STALL_SECONDS" => "2",
                "JEM_GRACE_SECONDS" => "-1",
                _ => "soon",
            };
            Some(text.to_owned())
        });
        assert_eq!(timing.backoff, Duration::from_millis(50));
        assert_eq!((timing.silence.as_secs(), timing.loading.as_secs()), (2, 8));
        assert_eq!(timing.grace, Timing::default().grace);
        assert_eq!(timing.standstill, Timing::default().standstill);
    }
}
