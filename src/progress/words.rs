//! What happened, in a few words.

use std::collections::BTreeMap;
use std::time::Duration;

use jem_core::results::{Outcome, Restart};

use super::human;
use crate::schedule::Setback;

/// How a trial came out.
pub(super) fn outcome_words(outcome: &Outcome, accuracy: Option<f64>) -> String {
    let words = match (outcome, accuracy) {
        (Outcome::Diverged(d), _) => format!("diverged at step {}: {}", d.step, d.reason),
        (Outcome::Finished { .. }, Some(accuracy)) => format!("accuracy {accuracy:.4}"),
        (Outcome::Finished { steps, .. }, None) => format!("finished {steps} steps"),
    };
    match outcome.restarts().len() {
        0 => words,
        1 => format!("{words}  after 1 restart"),
        n => format!("{words}  after {n} restarts"),
    }
}

/// That training went back to an earlier point.
pub(super) fn restart_words(restart: &Restart) -> String {
    let Restart { number, step, reason, to, .. } = restart;
    format!("diverged at step {step} ({reason}): back to step {to}, restart {number}")
}

/// That an attempt failed and another will follow: the first line of why.
pub(super) fn retry_words(setback: &Setback, wait: Duration) -> String {
    let why = setback.message.lines().next().unwrap_or_default();
    let name = setback.class.name();
    format!("{name}: {}; tried again in {}", why.trim_end_matches(':'), human(wait))
}

/// That a trial failed, and where its log is.
pub(super) fn failure_words(setback: &Setback) -> String {
    let log = setback.log.as_ref();
    let log = log.map_or_else(String::new, |log| format!("\n    log: {}", log.display()));
    format!("FAILED ({}): {}{log}", setback.class.name(), setback.message)
}

/// `waiting for host:7 (3 trials), other:9 (1 trial)`; empty where for none.
pub(super) fn waiting_words(places: &BTreeMap<String, usize>) -> String {
    let one = |(place, n): (&String, &usize)| {
        format!("{place} ({n} {})", if *n == 1 { "trial" } else { "trials" })
    };
    let all: Vec<String> = places.iter().map(one).collect();
    if all.is_empty() { String::new() } else { format!("waiting for {}", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jem_core::event::FailureClass;

    #[test]
    fn a_retry_says_why_and_when() {
        let message = "the worker was ended by signal 9:\nlast words".to_owned();
        let setback = Setback { class: FailureClass::WorkerDied, message, log: None };
        assert_eq!(
            retry_words(&setback, Duration::from_secs(2)),
            "worker died: the worker was ended by signal 9; tried again in 2.0s"
        );
    }

    #[test]
    fn who_is_waited_for_is_named_with_how_much() {
        let places = BTreeMap::from([("a:7".to_owned(), 3), ("b:9".to_owned(), 1)]);
        assert_eq!(waiting_words(&places), "waiting for a:7 (3 trials), b:9 (1 trial)");
        assert_eq!(waiting_words(&BTreeMap::new()), "");
    }
}
