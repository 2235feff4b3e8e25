//! Auto-PGD (Croce and Hein 2020, algorithm 1): projected gradient ascent with
//! momentum that halves its own step size, image by image, and then goes on
//! from the best point.

use jem_core::random::Stream;
use tch::{Kind, Tensor};

use super::checkpoints::{Checkpoints, Progress};
use super::losses::{Loss, LossOf};
use super::victim::host;
use super::{Attacked, Ball, LogitsOf, Query, Victim};

/// Momentum: the share of the new step, α in the paper.
const NEW: f64 = 0.75;

/// How it goes.
#[derive(Clone, Copy)]
pub struct Apgd<'a> {
    /// Where it may go.
    pub ball: Ball,
    /// Steps from each start.
    pub steps: u64,
    /// Random starts. From the second on, only of inputs not fooled yet.
    pub restarts: u64,
    /// What it climbs. Step sizes go by the values of `climbed`: those of the
    /// log-odds rise and fall as those of the cross-entropy do, and still differ
    /// where the cross-entropy is 0 in single precision.
    pub loss: Loss<'a>,
    /// What an input is judged by; above 0 it is fooled and left.
    pub score: LossOf<'a>,
    /// Its name in the stream of its starts.
    pub name: &'a str,
}

impl Apgd<'_> {
    /// Attacks every input. Random starts are those of the stream
    /// `attack <name> <norm>` at (row, restart): the same directions at every
    /// size. Of all points of all walks the one with the highest score is kept,
    /// up to the first that fools.
    pub fn attack(&self, victim: &Victim<'_>) -> Attacked {
        let norm = self.ball.norm.name();
        let stream = Stream::new(victim.seed, &format!("attack {} {norm}", self.name));
        let mut best =
            Attacked { x: victim.x.copy(), score: vec![f64::NEG_INFINITY; victim.len()] };
        let mut asked = 0;
        for restart in 0..self.restarts {
            let left = best.not_fooled();
            if !left.is_empty() {
                self.walk(victim, left, (&stream, restart), &mut asked, &mut best);
            }
        }
        best
    }

    fn walk(
        &self,
        victim: &Victim<'_>,
        left: Vec<i64>,
        (stream, restart): (&Stream, u64),
        asked: &mut u64,
        best: &mut Attacked,
    ) {
        let checkpoints = Checkpoints::of(self.steps);
        let start = |x: &Tensor, rows: &[u64]| self.ball.random(x, rows, stream, restart as u32);
        let mut walkers = Walkers::start(victim, left, &start);
        for step in 0..=self.steps {
            let seen = self.look(&walkers, victim.logits, (*asked, step < self.steps));
            *asked += 1;
            best.keep(&walkers.places, &walkers.x, &seen.scores);
            if step == self.steps {
                return;
            }
            walkers.take(&seen);
            walkers.leave_fooled(&seen.scores);
            if walkers.places.is_empty() {
                return;
            }
            if let Some(interval) = checkpoints.interval_before(step) {
                walkers.progress.iter_mut().for_each(|one| one.judge(interval));
            }
            walkers.step(&self.ball, step == 0);
        }
    }

    /// Scores, values and slopes of the loss where `walkers` are; no slopes
    /// where the walk ends.
    fn look(&self, walkers: &Walkers, logits: LogitsOf<'_>, (number, climbs): (u64, bool)) -> Seen {
        let leaf = walkers.x.detach().set_requires_grad(climbs);
        let logits = logits(&leaf, &Query { rows: &walkers.rows, number });
        let scores = host(&(self.score)(&logits, &walkers.labels));
        let losses = (self.loss.climbed)(&logits, &walkers.labels);
        let values = host(&losses);
        let slope = if climbs {
            Tensor::run_backward(&[losses.sum(None::<Kind>)], &[&leaf], false, false).remove(0)
        } else {
            leaf.zeros_like()
        };
        Seen { scores, values, slope }
    }
}

/// What one look shows of each input, `[n]`.
struct Seen {
    scores: Vec<f64>,
    /// Values of the loss.
    values: Vec<f64>,
    /// Its slopes, `[n, c, h, w]`.
    slope: Tensor,
}

/// Inputs on their way, `[n]` of each; images and slopes are `[n, c, h, w]`.
struct Walkers {
    /// The place of each among the victim's inputs.
    places: Vec<i64>,
    rows: Vec<u64>,
    labels: Tensor,
    clean: Tensor,
    /// Where each is.
    x: Tensor,
    /// Where it was a step before.
    before: Tensor,
    slope: Tensor,
    /// The point of its highest loss so far.
    best_x: Tensor,
    best_slope: Tensor,
    progress: Vec<Progress>,
}

impl Walkers {
    /// The inputs of `victim` at `places`, each where `start` puts it.
    fn start(
        victim: &Victim<'_>,
        places: Vec<i64>,
        start: &dyn Fn(&Tensor, &[u64]) -> Tensor,
    ) -> Self {
        let index = Tensor::from_slice(&places).to_device(victim.x.device());
        let clean = victim.x.index_select(0, &index);
        let rows: Vec<u64> = places.iter().map(|&i| victim.rows[i as usize]).collect();
        let x = start(&clean, &rows);
        Self {
            labels: victim.labels.index_select(0, &index),
            before: x.shallow_clone(),
            slope: x.zeros_like(),
            best_x: x.shallow_clone(),
            best_slope: x.zeros_like(),
            progress: vec![Progress::NEW; places.len()],
            places,
            rows,
            clean,
            x,
        }
    }

    /// Takes in what was seen; who goes on from the best point is moved there.
    fn take(&mut self, seen: &Seen) {
        let taken = self.progress.iter_mut().zip(&seen.values);
        let (better, back): (Vec<bool>, Vec<bool>) =
            taken.map(|(one, value)| one.take(*value)).unzip();
        let mask = |of: &[bool]| {
            let mask = Tensor::from_slice(of).to_device(self.x.device()).view([-1, 1, 1, 1]);
            of.contains(&true).then_some(mask)
        };
        self.slope = seen.slope.shallow_clone();
        if let Some(better) = mask(&better) {
            self.best_x = self.x.where_self(&better, &self.best_x);
            self.best_slope = self.slope.where_self(&better, &self.best_slope);
        }
        if let Some(back) = mask(&back) {
            self.x = self.best_x.where_self(&back, &self.x);
            self.slope = self.best_slope.where_self(&back, &self.slope);
        }
    }

    /// Leaves out those whose score is above 0.
    fn leave_fooled(&mut self, scores: &[f64]) {
        let left: Vec<usize> = (0..scores.len()).filter(|&i| scores[i] <= 0.0).collect();
        if left.len() == scores.len() {
            return;
        }
        self.places = left.iter().map(|&i| self.places[i]).collect();
        self.rows = left.iter().map(|&i| self.rows[i]).collect();
        self.progress = left.iter().map(|&i| self.progress[i]).collect();
        let index: Vec<i64> = left.iter().map(|&i| i as i64).collect();
        let index = Tensor::from_slice(&index).to_device(self.x.device());
        for of in [
            &mut self.labels,
            &mut self.clean,
            &mut self.x,
            &mut self.before,
            &mut self.slope,
            &mut self.best_x,
            &mut self.best_slope,
        ] {
            *of = of.index_select(0, &index);
        }
    }

    /// z = P(x + η s), then P(x + α (z − x) + (1 − α) (x − x before)); the
    /// `first` step is z alone. P is [`Ball::project`].
    fn step(&mut self, ball: &Ball, first: bool) {
        let sizes: Vec<f32> =
            self.progress.iter().map(|one| (one.step * ball.eps) as f32).collect();
        let sizes = Tensor::from_slice(&sizes).to_device(self.x.device()).view([-1, 1, 1, 1]);
        let ahead = &self.x + ball.direction(&self.slope) * sizes.to_kind(self.x.kind());
        let mut moved = ball.project(&self.clean, &ahead);
        if !first {
            let kept = (&self.x - &self.before) * (1.0 - NEW);
            moved = ball.project(&self.clean, &(&self.x + (moved - &self.x) * NEW + kept));
        }
        self.before = std::mem::replace(&mut self.x, moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::attack::{loss_of, margin};
    use jem_core::spec::{AttackLoss, AttackNorm};

    const INPUTS: [[f32; 4]; 2] = [[0.5, 0.1, 0.6, 0.4], [0.1, 0.9, 0.2, 0.45]];

    /// Three logits: 0, w · x and 2 less than that.
    fn linear(x: &Tensor, _: &Query<'_>) -> Tensor {
        let score = x.flatten(1, -1).matmul(&Tensor::from_slice(&[0.5f32, -1.0, 0.25, 2.0]));
        Tensor::stack(&[score.zeros_like(), score.shallow_clone(), score - 2.0], 1)
    }

    fn apgd(ball: Ball, steps: u64, loss: AttackLoss) -> Apgd<'static> {
        Apgd { ball, steps, restarts: 2, loss: loss_of(loss), score: &margin, name: "apgd" }
    }

    fn attacked(inputs: &[[f32; 4]], rows: &[u64], attack: Apgd<'_>) -> Attacked {
        let n = inputs.len() as i64;
        let x = Tensor::from_slice(&inputs.concat()).view([n, 1, 2, 2]);
        let labels = Tensor::ones([n], (Kind::Int64, tch::Device::Cpu));
        attack.attack(&Victim { logits: &linear, x: &x, labels: &labels, rows, seed: 3 })
    }

    #[test]
    fn on_a_linear_model_the_optimum_of_the_hand_is_found_by_both_losses() {
        // w · x = 1.1; the margin of label 1 is −w · x against class 0.
        let linf = Ball { norm: AttackNorm::Linf, eps: 0.2, bounds: (-9.0, 9.0) };
        let l2 = Ball { norm: AttackNorm::L2, ..linf };
        for loss in [AttackLoss::CrossEntropy, AttackLoss::Dlr] {
            let of = |ball| attacked(&INPUTS[..1], &[0], apgd(ball, 50, loss)).score[0];
            assert!((of(linf) - (-1.1 + 0.2 * 3.75)).abs() < 1e-5, "{loss:?}");
            let exact = -1.1 + 0.2 * 5.3125f64.sqrt();
            assert!((of(l2) - exact).abs() < 1e-3, "{loss:?} {}", of(l2));
        }
    }

    #[test]
    fn an_input_is_attacked_alike_in_any_company_and_left_once_it_is_fooled() {
        let ball = Ball { norm: AttackNorm::L2, eps: 0.4, bounds: (0.0, 1.0) };
        let attack = apgd(ball, 20, AttackLoss::CrossEntropy);
        let both = attacked(&INPUTS, &[5, 6], attack);
        assert_eq!(both.fooled(), [false, true], "{:?}", both.score);
        for (i, row) in [5, 6].into_iter().enumerate() {
            let alone = attacked(&INPUTS[i..=i], &[row], attack);
            assert!((both.score[i] - alone.score[0]).abs() < 1e-6);
        }
        let queries = std::cell::RefCell::new(Vec::new());
        let counting = |x: &Tensor, query: &Query<'_>| {
            queries.borrow_mut().extend(query.rows.iter().copied());
            linear(x, query)
        };
        let x = Tensor::from_slice(&INPUTS.concat()).view([2, 1, 2, 2]);
        let labels = Tensor::ones([2], (Kind::Int64, tch::Device::Cpu));
        let victim = Victim { logits: &counting, x: &x, labels: &labels, rows: &[5, 6], seed: 3 };
        attack.attack(&victim);
        let of = |row| queries.borrow().iter().filter(|&&seen| seen == row).count();
        assert_eq!(of(5), 2 * 21, "two walks of twenty steps, and their starts");
        assert!(of(6) <= 21, "{}", of(6));
    }

    #[test]
    fn what_is_not_a_number_counts_as_fooled() {
        let broken = |x: &Tensor, query: &Query<'_>| linear(x, query) * f64::NAN;
        let x = Tensor::from_slice(&INPUTS[0]).view([1, 1, 2, 2]);
        let labels = Tensor::ones([1], (Kind::Int64, tch::Device::Cpu));
        let victim = Victim { logits: &broken, x: &x, labels: &labels, rows: &[0], seed: 0 };
        let ball = Ball { norm: AttackNorm::L2, eps: 0.1, bounds: (0.0, 1.0) };
        assert_eq!(apgd(ball, 5, AttackLoss::Dlr).attack(&victim).accuracy(), 0.0);
    }
}
