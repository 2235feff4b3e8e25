//! Attacks that are hardly any: one gradient step, and random noise. Neither
//! should ever beat many steps; where one does, gradients are masked.

use jem_core::random::Stream;
use tch::Tensor;

use super::losses::{Loss, LossOf};
use super::pgd::slope;
use super::victim::host;
use super::{Attacked, Ball, Query, Victim};

/// One step to the surface of `ball` along the gradient of `loss` at the input
/// itself (Goodfellow et al. 2015).
pub fn fast_gradient(
    victim: &Victim<'_>,
    ball: Ball,
    loss: Loss<'_>,
    score: LossOf<'_>,
) -> Attacked {
    let slope = slope(victim, victim.x, loss.climbed, 0);
    let x = ball.project(victim.x, &(victim.x + ball.direction(&slope) * ball.eps));
    let score = judged(victim, &x, score, 1);
    Attacked { x, score }
}

/// The best of `draws` points of `ball` about each input, by the stream
/// `attack noise <norm>` at (row, draw).
pub fn random_noise(victim: &Victim<'_>, ball: Ball, draws: u64, score: LossOf<'_>) -> Attacked {
    let stream = Stream::new(victim.seed, &format!("attack noise {}", ball.norm.name()));
    let mut best = Attacked { x: victim.x.copy(), score: vec![f64::NEG_INFINITY; victim.len()] };
    for draw in 0..draws {
        let x = ball.random(victim.x, victim.rows, &stream, draw as u32);
        let scores = judged(victim, &x, score, draw);
        for (i, &score) in
            scores.iter().enumerate().filter(|(i, s)| **s > best.score[*i]).collect::<Vec<_>>()
        {
            best.score[i] = score;
            best.x.get(i as i64).copy_(&x.get(i as i64));
        }
    }
    best
}

fn judged(victim: &Victim<'_>, x: &Tensor, score: LossOf<'_>, number: u64) -> Vec<f64> {
    let logits = (victim.logits)(x, &Query { rows: victim.rows, number });
    host(&score(&logits, victim.labels))
}
