//! When Auto-PGD halves a step size (Croce and Hein 2020, section 3): pure
//! functions of the values of the loss along a walk.

/// The share of an interval's steps that must raise the loss, ρ in the paper.
const RISING: f64 = 0.75;
/// The first checkpoint, and by how much each interval is shorter than the last
/// and how short it becomes, in hundredths of the steps.
const FIRST: u64 = 22;
const SHORTER: u64 = 3;
const SHORTEST: u64 = 6;

/// The checkpoints w₁ < w₂ < … < N of a walk of N steps: w = ⌈p N⌉ with p₀ = 0,
/// p₁ = .22 and p₍ⱼ₊₁₎ = pⱼ + max(pⱼ − pⱼ₋₁ − .03, .06). In whole hundredths,
/// since .41 · 100 in binary is more than 41.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checkpoints(Vec<u64>);

impl Checkpoints {
    /// Those of `steps` steps.
    pub(super) fn of(steps: u64) -> Self {
        let (mut at, mut interval) = (FIRST, FIRST);
        let mut all = Vec::new();
        while at < 100 {
            all.push((at * steps).div_ceil(100));
            interval = interval.saturating_sub(SHORTER).max(SHORTEST);
            at += interval;
        }
        all.retain(|&w| w > 0 && w < steps);
        all.dedup();
        Self(all)
    }

    /// Where `step` is a checkpoint, the steps since the one before it.
    pub(super) fn interval_before(&self, step: u64) -> Option<u64> {
        let place = self.0.iter().position(|&w| w == step)?;
        Some(step - place.checked_sub(1).map_or(0, |before| self.0[before]))
    }
}

/// What is known of the walk of one input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Progress {
    /// The step size, in radii of the ball.
    pub(super) step: f64,
    /// The highest value so far.
    pub(super) best: f64,
    /// The value where the input is.
    value: f64,
    /// Steps since the last checkpoint that raised the value.
    rose: u64,
    /// The highest value at the last checkpoint.
    best_then: f64,
    /// Whether the step size was halved at the last checkpoint.
    halved: bool,
    /// Whether it is to be halved once the next step is taken.
    halves: bool,
}

impl Progress {
    /// Before the first look: the first step is as long as the ball is wide.
    pub(super) const NEW: Self = Self {
        step: 2.0,
        best: f64::NEG_INFINITY,
        value: f64::INFINITY,
        rose: 0,
        best_then: f64::NEG_INFINITY,
        halved: false,
        halves: false,
    };

    /// Takes in the value at the next point; whether it is the best so far, and
    /// whether the walk goes on from the best one instead of from there.
    pub(super) fn take(&mut self, value: f64) -> (bool, bool) {
        let first = self.best == f64::NEG_INFINITY;
        let better = first || value > self.best;
        if better {
            self.best = value;
        }
        if first {
            self.best_then = value;
        }
        let back = std::mem::take(&mut self.halves);
        let now = if back { self.best } else { value };
        if back {
            self.step /= 2.0;
        }
        self.rose += u64::from(now > self.value);
        self.value = now;
        (better, back)
    }

    /// At a checkpoint `interval` steps after the last: the step size will be
    /// halved where fewer than ρ of the steps raised the value, or where it was
    /// not halved the last time and the best is still the same.
    pub(super) fn judge(&mut self, interval: u64) {
        let oscillates = (self.rose as f64) < RISING * interval as f64;
        let stalls = !self.halved && self.best == self.best_then;
        self.halves = oscillates || stalls;
        (self.halved, self.best_then, self.rose) = (self.halves, self.best, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_those_of_the_paper() {
        // By hand from p₁ = .22 and intervals of .19, .16, .13, .10, .07, .06.
        assert_eq!(Checkpoints::of(100).0, [22, 41, 57, 70, 80, 87, 93, 99]);
        assert_eq!(Checkpoints::of(10).0, [3, 5, 6, 7, 8, 9]);
        assert!(Checkpoints::of(1).0.is_empty());
        let of = Checkpoints::of(100);
        let intervals = [22, 30, 41, 99].map(|step| of.interval_before(step));
        assert_eq!(intervals, [Some(22), None, Some(19), Some(6)]);
    }

    /// The walk over `values`, judged at its end as an interval of its steps.
    fn judged(values: &[f64], before: Progress) -> Progress {
        let mut progress = before;
        values.iter().for_each(|value| {
            progress.take(*value);
        });
        progress.judge(values.len() as u64 - 1);
        progress
    }

    #[test]
    fn fewer_rises_than_three_quarters_halve_the_step_and_lead_back_to_the_best() {
        // 3 of 4 steps rise: not fewer than ρ.
        let mut rising = judged(&[0.0, 1.0, 2.0, 1.5, 3.0], Progress::NEW);
        assert_eq!(rising.take(2.5), (false, false));
        assert_eq!(rising.step, 2.0);
        // 2 of 4: halved after the next step, whose value may be the best.
        let mut falling = judged(&[0.0, 1.0, 3.0, 2.0, 1.0], Progress::NEW);
        assert_eq!(falling.step, 2.0, "the step after the checkpoint is as long as before");
        let mut higher = falling;
        assert_eq!(falling.take(2.5), (false, true));
        assert_eq!((falling.step, falling.value, falling.rose), (1.0, 3.0, 1));
        assert_eq!(higher.take(4.0), (true, true));
        assert_eq!((higher.step, higher.value), (1.0, 4.0));
    }

    #[test]
    fn a_best_that_stays_the_same_halves_the_step_unless_it_was_just_halved() {
        // All four steps but the first rise, none above the start.
        let first = judged(&[9.0, 1.0, 2.0, 3.0, 4.0], Progress::NEW);
        assert!(first.halves && first.halved);
        // Rises in plenty below the old best: halved just now, so not again …
        let second = judged(&[5.0, 6.0, 7.0, 8.0, 8.5], Progress { value: 9.0, ..first });
        assert!(!second.halves, "{second:?}");
        // … but the time after it is.
        let third = judged(&[5.0, 6.0, 7.0, 8.0, 8.5], second);
        assert!(third.halves, "{third:?}");
    }
}
