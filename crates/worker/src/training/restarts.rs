//! What a training does when it has diverged: it ends, or goes back to an
//! earlier point and on from there with other noise. JEM's authors did so by
//! hand (Grathwohl et al. 2020, appendix H.3).

use std::collections::VecDeque;

use jem_core::results::{Divergence, Restart};
use jem_core::spec::{Divergence as Policy, Sampler, Training};

use super::Point;

/// The points that a training can go back to, and how often it did.
#[derive(Clone, Debug, Default)]
pub struct Restarts {
    points: VecDeque<Point>,
    made: Vec<Restart>,
}

impl Restarts {
    /// Those that a snapshot holds.
    pub fn of(points: Vec<Point>, made: Vec<Restart>) -> Self {
        Self { points: points.into(), made }
    }

    /// Those made so far, in order.
    pub fn made(&self) -> &[Restart] {
        &self.made
    }

    /// The points kept, the oldest first.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.points.iter()
    }

    /// Keeps `point`, and no more points than can be gone back to.
    pub fn keep(&mut self, policy: &Policy, point: Point) {
        self.points.push_back(point);
        while self.points.len() as u64 > policy.rollback_to.unwrap_or(1) {
            self.points.pop_front();
        }
    }

    /// The restart that the policy has for `found`, and the point it goes back
    /// to; none where the training ends there. Points after that one are
    /// dropped: they lie on a path that diverged.
    pub fn next(&mut self, spec: &Training, found: &Divergence) -> Option<(Restart, Point)> {
        let policy = &spec.divergence;
        let number = self.made.len() as u64 + 1;
        if number > policy.max_restarts.unwrap_or(0) || repeats(spec) {
            return None;
        }
        let back = policy.rollback_to.unwrap_or(1) as usize;
        // Early on fewer points are there: then the oldest will do.
        let place = self.points.len().saturating_sub(back);
        let point = self.points.get(place)?.clone();
        self.points.truncate(place + 1);
        let sampler = sampler(spec, number);
        let restart = Restart {
            number,
            step: found.step,
            reason: found.reason.clone(),
            to: point.step,
            step_size: sampler.step_size,
            sampler_steps: sampler.steps,
        };
        self.made.push(restart.clone());
        Some((restart, point))
    }
}

/// The sampler after `number` restarts.
pub fn sampler(spec: &Training, number: u64) -> Sampler {
    let policy = &spec.divergence;
    let factor = policy.restart_step_size.unwrap_or(1.0);
    let extra = policy.restart_extra_steps.unwrap_or(0);
    // Multiplied one by one: the same bits whatever the platform's powi does.
    let step_size = (0..number).fold(spec.sampler.step_size, |size, _| size * factor);
    Sampler { step_size, steps: spec.sampler.steps + extra * number, ..spec.sampler.clone() }
}

/// Whether a restart would only repeat what was: no chain runs, or nothing of
/// the chain is other than before. New starts are named by the step alone.
fn repeats(spec: &Training) -> bool {
    let policy = &spec.divergence;
    let same = !spec.sampler.is_noisy()
        && policy.restart_step_size.is_none()
        && policy.restart_extra_steps.is_none();
    !spec.runs_chains() || same
}
