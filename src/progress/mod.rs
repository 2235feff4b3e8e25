//! What a person sees while trials run: drawn from events alone.

mod bars;
mod detached;
mod lines;
mod reading;
mod remaining;
mod words;

pub use bars::Bars;
pub use detached::Detached;
pub use lines::Lines;
pub use reading::Reading;
pub use remaining::Remaining;

use std::time::Duration;

/// A trial as progress names it.
#[derive(Clone, Debug)]
pub struct TrialLine {
    /// Short id.
    pub id: String,
    /// Swept values and seed, such as `lambda=0.1 seed=2`.
    pub label: String,
    /// How much work it is, in any unit shared by all trials.
    pub work: f64,
}

/// `1h02m`, `3m07s`, `12s`, `0.4s`.
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) if s < 10 => format!("{:.1}s", duration.as_secs_f64()),
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, _) => format!("{h}h{m:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let of = |s: f64| human(Duration::from_secs_f64(s));
        assert_eq!([of(0.42), of(12.3), of(187.0), of(3725.0)], ["0.4s", "12s", "3m07s", "1h02m"]);
    }
}
