//! The Square attack (Andriushchenko et al. 2020): random search by squares
//! that shrink, with no gradient. It sees only scores.

use jem_core::random::{At, Stream};
use jem_core::spec::AttackNorm;
use tch::{Device, Tensor};

use super::losses::LossOf;
use super::tiles::{Window, normalised, share, two_bumps};
use super::victim::host;
use super::{Attacked, Ball, Query, Victim};

/// How it goes.
#[derive(Clone, Copy)]
pub struct Square<'a> {
    /// Where it may go.
    pub ball: Ball,
    /// Queries an input, the first for its start.
    pub queries: u64,
    /// What it climbs and is judged by; above 0 an input is fooled and left.
    pub score: LossOf<'a>,
}

/// One image and what is known of it, on the host.
struct Image<'a> {
    /// The image, `[c · h · w]`.
    clean: &'a [f32],
    /// The best found.
    best: &'a [f32],
    shape: [usize; 3],
    ball: Ball,
}

impl Square<'_> {
    /// Attacks every input; numbers are those of the streams `attack square
    /// start <norm>` at (row) and `attack square <norm>` at (row, query).
    pub fn attack(&self, victim: &Victim<'_>) -> Attacked {
        let size = victim.x.size();
        let shape = [1, 2, 3].map(|i| size[i] as usize);
        let each = shape.iter().product::<usize>();
        let clean = flat(victim.x);
        let mut best = clean.clone();
        let mut score = vec![f64::NEG_INFINITY; victim.len()];
        let norm = self.ball.norm.name();
        let start = Stream::new(victim.seed, &format!("attack square start {norm}"));
        let search = Stream::new(victim.seed, &format!("attack square {norm}"));
        for number in 0..self.queries {
            let left: Vec<usize> = (0..victim.len()).filter(|&i| score[i] <= 0.0).collect();
            if left.is_empty() {
                break;
            }
            let rows: Vec<u64> = left.iter().map(|&i| victim.rows[i]).collect();
            let mut tried = Vec::with_capacity(left.len() * each);
            for (&i, &row) in left.iter().zip(&rows) {
                let (clean, best) = (&clean[i * each..][..each], &best[i * each..][..each]);
                let image = Image { clean, best, shape, ball: self.ball };
                tried.extend(match number {
                    0 => image.start(&start, row),
                    _ => image.moved(&search, At { step: row, part: number as u32 }, self.queries),
                });
            }
            let scores = self.judged(victim, &left, &rows, &tried, number);
            for (k, &i) in
                left.iter().enumerate().filter(|(k, i)| scores[*k] > score[**i]).collect::<Vec<_>>()
            {
                score[i] = scores[k];
                best[i * each..][..each].copy_from_slice(&tried[k * each..][..each]);
            }
        }
        let x = Tensor::from_slice(&best).reshape(&size);
        Attacked { x: x.to_device(victim.x.device()).to_kind(victim.x.kind()), score }
    }

    fn judged(
        &self,
        victim: &Victim<'_>,
        left: &[usize],
        rows: &[u64],
        tried: &[f32],
        number: u64,
    ) -> Vec<f64> {
        let mut size = victim.x.size();
        size[0] = left.len() as i64;
        let x = Tensor::from_slice(tried).reshape(&size);
        let x = x.to_device(victim.x.device()).to_kind(victim.x.kind());
        let index: Vec<i64> = left.iter().map(|&i| i as i64).collect();
        let index = Tensor::from_slice(&index).to_device(victim.x.device());
        let logits = (victim.logits)(&x, &Query { rows, number });
        host(&(self.score)(&logits, &victim.labels.index_select(0, &index)))
    }
}

fn flat(x: &Tensor) -> Vec<f32> {
    let x = x.to_device(Device::Cpu).to_kind(tch::Kind::Float).contiguous();
    let mut values = vec![0f32; x.numel()];
    let n = values.len();
    x.copy_data(&mut values, n);
    values
}

fn sign(uniform: f32) -> f64 {
    if uniform < 0.5 { -1.0 } else { 1.0 }
}

impl Image<'_> {
    fn clamped(&self, place: usize, change: f64) -> f32 {
        let (low, high) = self.ball.bounds;
        (f64::from(self.clean[place]) + change).clamp(low, high) as f32
    }

    /// Vertical stripes of ± eps; in L2 a grid of bumps.
    fn start(&self, stream: &Stream, row: u64) -> Vec<f32> {
        let [c, h, w] = self.shape;
        let mut u = vec![0f32; c * h.max(w) * w + h * w];
        stream.fill_uniform(At::step(row), &mut u);
        match self.ball.norm {
            AttackNorm::Linf => (0..c * h * w)
                .map(|i| self.clamped(i, self.ball.eps * sign(u[i / (h * w) * w + i % w])))
                .collect(),
            AttackNorm::L2 => self.to_sphere(self.bumps(&u)),
        }
    }

    fn bumps(&self, u: &[f32]) -> Vec<f64> {
        let [c, h, w] = self.shape;
        let side = (h / 5).max(1).min(w);
        let edge = h.saturating_sub(side * 5) / 2;
        let mut change = vec![0f64; c * h * w];
        let (down, across) = (h / side, w / side);
        for tile in 0..down * across {
            let bump = two_bumps(side, u[c * down * across + tile] < 0.5);
            let (top, left) = (edge + tile / across * side, edge + tile % across * side);
            for channel in 0..c {
                let sign = sign(u[channel * down * across + tile]);
                for (k, v) in bump.iter().enumerate() {
                    let (y, x) = (top + k / side, left + k % side);
                    if y < h && x < w {
                        change[(channel * h + y) * w + x] += sign * v;
                    }
                }
            }
        }
        change
    }

    /// The image changed along `change`, at full length before the clamp.
    fn to_sphere(&self, change: Vec<f64>) -> Vec<f32> {
        let along = normalised(change);
        along.iter().enumerate().map(|(i, v)| self.clamped(i, v * self.ball.eps)).collect()
    }

    fn moved(&self, stream: &Stream, at: At, queries: u64) -> Vec<f32> {
        let mut u = vec![0f32; 5 + self.shape[0]];
        stream.fill_uniform(at, &mut u);
        let done = u64::from(at.part);
        match self.ball.norm {
            AttackNorm::Linf => self.one_square(&u, share(0.8, done, queries)),
            AttackNorm::L2 => self.moved_mass(&u, share(0.1, done, queries)),
        }
    }

    /// A square of ± eps, one sign a channel; all the other way round where it
    /// would change nothing.
    fn one_square(&self, u: &[f32], share: f64) -> Vec<f32> {
        let [c, h, w] = self.shape;
        let longest = (h.min(w) - 1).max(1);
        let side = ((share * (h * w) as f64).sqrt().round() as usize).clamp(1, longest);
        let window = Window::drawn(side, [h, w], (u[0], u[1]));
        let tried = |turn: f64| {
            let mut x = self.best.to_vec();
            for channel in 0..c {
                let change = turn * self.ball.eps * sign(u[5 + channel]);
                for place in window.places(w) {
                    let i = channel * h * w + place;
                    x[i] = self.clamped(i, change);
                }
            }
            x
        };
        let x = tried(1.0);
        if x == self.best { tried(-1.0) } else { x }
    }

    /// Length taken from one window, and what the clamps have left over, put
    /// into another as a pair of bumps, so that the whole stays on the sphere.
    fn moved_mass(&self, u: &[f32], share: f64) -> Vec<f32> {
        let [c, h, w] = self.shape;
        let side = ((share * (h * w) as f64).sqrt().round() as usize).max(3) | 1;
        let side = side.min(h).min(w);
        let to = Window::drawn(side, [h, w], (u[0], u[1]));
        let from = Window::drawn(side, [h, w], (u[2], u[3]));
        let mut change: Vec<f64> =
            self.best.iter().zip(self.clean).map(|(b, x)| f64::from(b - x)).collect();
        let length = change.iter().map(|v| v * v).sum::<f64>();
        let spare = (self.ball.eps.powi(2) - length).max(0.0) / c as f64;
        let bump = two_bumps(side, u[4] < 0.5);
        for (plane, u) in change.chunks_exact_mut(h * w).zip(&u[5..]) {
            let mass = |places: &mut dyn Iterator<Item = usize>| {
                places.map(|i| plane[i] * plane[i]).sum::<f64>()
            };
            let here = mass(&mut to.places(w));
            let apart = mass(&mut from.places(w).filter(|i| !to.places(w).any(|j| j == *i)));
            let scale = 1.0 / (1e-10 + here.sqrt());
            let new: Vec<f64> =
                to.places(w).zip(&bump).map(|(i, v)| sign(*u) * v + plane[i] * scale).collect();
            let full = (spare + here + apart).sqrt();
            from.places(w).for_each(|i| plane[i] = 0.0);
            to.places(w).zip(normalised(new)).for_each(|(i, v)| plane[i] = v * full);
        }
        self.to_sphere(change)
    }
}
