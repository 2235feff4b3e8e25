//! Projected gradient descent (Madry et al. 2018) with random restarts. Of an
//! input the best of all points passed counts, not the last.

use jem_core::random::Stream;
use tch::{Kind, Tensor};

use super::losses::{Loss, LossOf};
use super::victim::host;
use super::{Attacked, Ball, Query, Victim};

/// How it goes.
#[derive(Clone, Copy)]
pub struct Pgd<'a> {
    /// Where it may go.
    pub ball: Ball,
    /// Steps from each start.
    pub steps: u64,
    /// The length of a step in the ball's norm, as a share of its radius.
    pub step: f64,
    /// Random starts. From the second on, only of inputs not fooled yet.
    pub restarts: u64,
    /// What it climbs.
    pub loss: Loss<'a>,
    /// What an input is judged by; above 0 it is fooled.
    pub score: LossOf<'a>,
    /// Steps that the first walk goes on for, only to see whether more would
    /// have found more.
    pub beyond: u64,
}

/// What the first walk was like, at its start and after each step, those
/// beyond included: `steps + beyond + 1` points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The mean loss over the inputs, where each is at that step.
    pub loss: Vec<f64>,
    /// Inputs, `[n]`: the first step at which each was fooled.
    pub fooled_at: Vec<Option<u64>>,
    /// Inputs, `[n]`: the first walk that fooled each, within the steps that
    /// count.
    pub fooled_in: Vec<Option<u64>>,
}

impl Trace {
    /// The share of inputs that the first walk had not fooled at any step up
    /// to `step`.
    pub fn accuracy(&self, step: u64) -> f64 {
        left(&self.fooled_at, step)
    }

    /// The share of inputs that no walk up to `restart`, from 0 on, has fooled.
    pub fn accuracy_after(&self, restart: u64) -> f64 {
        left(&self.fooled_in, restart)
    }
}

/// The share of `fooled` without a place up to `last`.
fn left(fooled: &[Option<u64>], last: u64) -> f64 {
    let gone = fooled.iter().flatten().filter(|&&at| at <= last).count();
    1.0 - gone as f64 / fooled.len().max(1) as f64
}

impl Pgd<'_> {
    /// Attacks every input. Random starts are those of the stream
    /// `attack pgd <norm>` at (row, restart): the same directions at every size.
    pub fn attack(&self, victim: &Victim<'_>) -> (Attacked, Trace) {
        let stream = Stream::new(victim.seed, &format!("attack pgd {}", self.ball.norm.name()));
        let mut best =
            Attacked { x: victim.x.copy(), score: vec![f64::NEG_INFINITY; victim.len()] };
        let none = vec![None; victim.len()];
        let mut trace = Trace { fooled_at: none.clone(), fooled_in: none, ..Trace::default() };
        let mut asked = 0;
        for restart in 0..self.restarts {
            let left: Vec<i64> = (0..victim.len() as i64)
                .filter(|&i| restart == 0 || best.score[i as usize] <= 0.0)
                .collect();
            if !left.is_empty() {
                self.walk(victim, &left, (&stream, restart), &mut asked, &mut best, &mut trace);
            }
            for (walk, fooled) in trace.fooled_in.iter_mut().zip(best.fooled()) {
                *walk = walk.or(fooled.then_some(restart));
            }
        }
        (best, trace)
    }

    fn walk(
        &self,
        victim: &Victim<'_>,
        left: &[i64],
        (stream, restart): (&Stream, u64),
        asked: &mut u64,
        best: &mut Attacked,
        trace: &mut Trace,
    ) {
        let index = Tensor::from_slice(left).to_device(victim.x.device());
        let (x, labels) = (victim.x.index_select(0, &index), victim.labels.index_select(0, &index));
        let rows: Vec<u64> = left.iter().map(|&i| victim.rows[i as usize]).collect();
        let mut moved = self.ball.random(&x, &rows, stream, restart as u32);
        let last = if restart == 0 { self.steps + self.beyond } else { self.steps };
        for step in 0..=last {
            let query = Query { rows: &rows, number: *asked };
            *asked += 1;
            // Where the walk ends no gradient is needed.
            let leaf = moved.detach().set_requires_grad(step < last);
            let logits = (victim.logits)(&leaf, &query);
            let scores = host(&(self.score)(&logits, &labels));
            if restart == 0 {
                trace.saw(step, &host(&(self.loss.told)(&logits, &labels)), &scores);
            }
            if step <= self.steps {
                best.keep(left, &moved, &scores);
            }
            if step < last {
                let total = (self.loss.climbed)(&logits, &labels).sum(None::<Kind>);
                let slope = Tensor::run_backward(&[total], &[leaf], false, false).remove(0);
                let _guard = tch::no_grad_guard();
                let push = self.ball.direction(&slope) * (self.step * self.ball.eps);
                moved = self.ball.project(&x, &(moved + push));
            }
        }
    }
}

impl Trace {
    /// Takes in the walk of further inputs, with as many steps: means are over
    /// all.
    pub fn join(&mut self, other: &Self) {
        let (a, b) = (self.fooled_at.len() as f64, other.fooled_at.len() as f64);
        self.loss.resize(other.loss.len(), 0.0);
        for (mine, theirs) in self.loss.iter_mut().zip(&other.loss) {
            *mine = (*mine * a + theirs * b) / (a + b).max(1.0);
        }
        self.fooled_at.extend(&other.fooled_at);
        self.fooled_in.extend(&other.fooled_in);
    }

    fn saw(&mut self, step: u64, losses: &[f64], scores: &[f64]) {
        self.loss.push(losses.iter().sum::<f64>() / losses.len().max(1) as f64);
        for (at, score) in self.fooled_at.iter_mut().zip(scores) {
            if *score > 0.0 && at.is_none() {
                *at = Some(step);
            }
        }
    }
}

/// The gradient of the summed loss at `x`, and the logits there.
pub(super) fn slope(victim: &Victim<'_>, x: &Tensor, loss: LossOf<'_>, number: u64) -> Tensor {
    let leaf = x.detach().set_requires_grad(true);
    let logits = (victim.logits)(&leaf, &Query { rows: victim.rows, number });
    let total = loss(&logits, victim.labels).sum(None::<Kind>);
    Tensor::run_backward(&[total], &[leaf], false, false).remove(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::attack::{Square, fast_gradient, loss_of, margin, random_noise};
    use jem_core::spec::{AttackLoss, AttackNorm};

    const WEIGHTS: [f32; 4] = [0.5, -1.0, 0.25, 2.0];
    const INPUT: [f32; 4] = [0.5, 0.1, 0.6, 0.4];

    /// Logits (0, w · x): the margin of label 1 is −w · x.
    fn linear(x: &Tensor, _: &Query<'_>) -> Tensor {
        let score = x.flatten(1, -1).matmul(&Tensor::from_slice(&WEIGHTS));
        Tensor::stack(&[score.zeros_like(), score], 1)
    }

    fn on_linear(ball: Ball, attack: impl Fn(&Victim<'_>, Ball) -> Attacked) -> f64 {
        let x = Tensor::from_slice(&INPUT).view([1, 1, 2, 2]);
        let labels = Tensor::from_slice(&[1i64]);
        let victim = Victim { logits: &linear, x: &x, labels: &labels, rows: &[0], seed: 3 };
        attack(&victim, ball).score[0]
    }

    fn walk(victim: &Victim<'_>, ball: Ball) -> Attacked {
        let (loss, score): (_, LossOf<'_>) = (loss_of(AttackLoss::CrossEntropy), &margin);
        Pgd { ball, steps: 200, step: 0.05, restarts: 2, loss, score, beyond: 0 }.attack(victim).0
    }

    #[test]
    fn on_a_linear_model_the_optimum_of_the_hand_is_found() {
        // w · x = 0.25 − 0.1 + 0.15 + 0.8 = 1.1.
        let linf = Ball { norm: AttackNorm::Linf, eps: 0.2, bounds: (-9.0, 9.0) };
        // Inside the range the margin rises by ε ‖w‖₁ = 0.2 · 3.75.
        assert!((on_linear(linf, walk) - (-1.1 + 0.75)).abs() < 1e-5);
        // Values may not leave [0, 1]; the second can rise by 0.2 all the same.
        let pixels = Ball { eps: 0.5, bounds: (0.0, 1.0), ..linf };
        let most = 0.5 * 0.5 + 0.5 + 0.25 * 0.5 + 2.0 * 0.4;
        assert!((on_linear(pixels, walk) - (-1.1 + most)).abs() < 1e-5);
        // ε ‖w‖₂ = 0.2 √5.3125.
        let l2 = Ball { norm: AttackNorm::L2, ..linf };
        let exact = -1.1 + 0.2 * 5.3125f64.sqrt();
        assert!((on_linear(l2, walk) - exact).abs() < 1e-3);
        // One step is as good on a linear model, and Square finds the corner.
        let loss = loss_of(AttackLoss::CrossEntropy);
        let one = |victim: &Victim<'_>, ball: Ball| fast_gradient(victim, ball, loss, &margin);
        assert!((on_linear(l2, one) - exact).abs() < 1e-5);
        let search = |victim: &Victim<'_>, ball: Ball| {
            Square { ball, queries: 200, score: &margin }.attack(victim)
        };
        assert!((on_linear(linf, search) - (-1.1 + 0.75)).abs() < 1e-5);
        let found = on_linear(l2, search);
        assert!(found <= exact + 1e-5 && found > -1.1 + 0.8 * (exact + 1.1), "{found} {exact}");
        let noise = |victim: &Victim<'_>, ball: Ball| random_noise(victim, ball, 10, &margin);
        assert!(on_linear(linf, noise) < -1.1 + 0.75);
    }

    #[test]
    fn more_restarts_never_lose_and_an_input_is_attacked_alike_in_any_company() {
        let x = Tensor::from_slice(&[INPUT, [0.1, 0.9, 0.2, 0.45]].concat()).view([2, 1, 2, 2]);
        let labels = Tensor::from_slice(&[1i64, 1]);
        let victim = Victim { logits: &linear, x: &x, labels: &labels, rows: &[5, 6], seed: 0 };
        let ball = Ball { norm: AttackNorm::L2, eps: 0.1, bounds: (0.0, 1.0) };
        let both = walk(&victim, ball);
        let (x, labels) = (x.narrow(0, 1, 1), labels.narrow(0, 1, 1));
        let alone = walk(&Victim { x: &x, labels: &labels, rows: &[6], ..victim }, ball);
        assert!((both.score[1] - alone.score[0]).abs() < 1e-6);
        let (loss, score): (_, LossOf<'_>) = (loss_of(AttackLoss::CrossEntropy), &margin);
        let pgd = |restarts| Pgd { ball, steps: 3, step: 0.2, restarts, loss, score, beyond: 3 };
        let (one, trace) = pgd(1).attack(&victim);
        let (many, more) = pgd(4).attack(&victim);
        assert!(one.score.iter().zip(&many.score).all(|(one, many)| many >= one));
        assert_eq!(trace.loss.len(), 7);
        assert_eq!(trace.loss, more.loss);
        assert_eq!(trace.accuracy_after(0), one.accuracy());
        assert_eq!(more.accuracy_after(3), many.accuracy());
        assert_eq!(more.accuracy_after(0), one.accuracy());
    }

    #[test]
    fn what_is_not_a_number_counts_as_fooled() {
        let x = Tensor::from_slice(&INPUT).view([1, 1, 2, 2]);
        let labels = Tensor::from_slice(&[1i64]);
        let broken = |x: &Tensor, query: &Query<'_>| linear(x, query) * f64::NAN;
        let victim = Victim { logits: &broken, x: &x, labels: &labels, rows: &[0], seed: 0 };
        let ball = Ball { norm: AttackNorm::L2, eps: 0.1, bounds: (0.0, 1.0) };
        assert_eq!(walk(&victim, ball).accuracy(), 0.0);
    }
}
