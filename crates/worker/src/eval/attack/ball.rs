//! Where a perturbed input may be: near the input, within the pixel range.

use jem_core::random::{At, Stream};
use jem_core::spec::AttackNorm;
use tch::{Kind, Tensor};

/// All inputs within `eps` of one, and within the pixel range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball {
    /// By which norm.
    pub norm: AttackNorm,
    /// The radius, in units of the inputs' values.
    pub eps: f64,
    /// The ends of the pixel range.
    pub bounds: (f64, f64),
}

impl Ball {
    /// A ball of `eps` where pixels go from 0 to 1, for inputs whose pixels go
    /// from the one of `bounds` to the other: twice as large for [−1, 1].
    pub fn of_pixels(norm: AttackNorm, eps: f64, bounds: (f64, f64)) -> Self {
        Self { norm, eps: eps * (bounds.1 - bounds.0), bounds }
    }

    /// `moved` drawn into the ball about `x`, which lies in the pixel range:
    /// first clamped to the range, then, what is still too long in L2, shortened
    /// towards `x`. The other order would spend length on values that the clamp
    /// takes back.
    pub fn project(&self, x: &Tensor, moved: &Tensor) -> Tensor {
        let change = moved.clamp(self.bounds.0, self.bounds.1) - x;
        let change = match self.norm {
            AttackNorm::Linf => change.clamp(-self.eps, self.eps),
            AttackNorm::L2 => {
                let shrink = (self.eps / (lengths(&change) + 1e-12)).clamp_max(1.0);
                change * shrink
            }
        };
        (x + change).clamp(self.bounds.0, self.bounds.1)
    }

    /// `gradient` as a direction of length 1 in the norm: its signs, or itself
    /// over its length. Each row is first divided by its largest value, whose
    /// square would be 0 where a confident softmax leaves next to nothing.
    pub fn direction(&self, gradient: &Tensor) -> Tensor {
        match self.norm {
            AttackNorm::Linf => gradient.sign(),
            AttackNorm::L2 => {
                let each: Vec<i64> = (1..gradient.dim() as i64).collect();
                let largest = gradient.abs().amax(each.as_slice(), true);
                let scaled = gradient / largest.clamp_min(f64::from(f32::MIN_POSITIVE));
                let lengths = lengths(&scaled);
                scaled / lengths.clamp_min(1e-12)
            }
        }
    }

    /// A point of the ball about each of `x`, uniform in the ball and then
    /// clamped to the range, by the numbers of `stream` at (row, `part`).
    pub fn random(&self, x: &Tensor, rows: &[u64], stream: &Stream, part: u32) -> Tensor {
        let each = x.numel() / rows.len().max(1);
        let mut values = vec![0f32; x.numel()];
        for (values, &row) in values.chunks_exact_mut(each.max(1)).zip(rows) {
            let at = At { step: row, part };
            match self.norm {
                AttackNorm::Linf => {
                    stream.fill_uniform(at, values);
                    values.iter_mut().for_each(|v| *v = (2.0 * *v - 1.0) * self.eps as f32);
                }
                AttackNorm::L2 => {
                    stream.fill_normal(at, values);
                    let length = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
                    // Uniform in the ball: the radius' d-th power is uniform.
                    let place = (row << 32) | u64::from(part);
                    let radius = stream.uniform_f64(place).powf(1.0 / each as f64);
                    let scale = (self.eps * radius / length.max(1e-12)) as f32;
                    values.iter_mut().for_each(|v| *v *= scale);
                }
            }
        }
        let change =
            Tensor::from_slice(&values).reshape(x.size()).to_device(x.device()).to_kind(x.kind());
        self.project(x, &(x + change))
    }
}

/// The Euclidean length of each row, `[n, 1, 1, 1]`.
fn lengths(t: &Tensor) -> Tensor {
    let each: Vec<i64> = (1..t.dim() as i64).collect();
    t.square().sum_dim_intlist(each.as_slice(), true, None::<Kind>).sqrt()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn image(values: &[f32]) -> Tensor {
        Tensor::from_slice(values).view([1, 1, 1, values.len() as i64])
    }

    fn values(t: &Tensor) -> Vec<f32> {
        Vec::<f32>::try_from(t.view(-1)).unwrap()
    }

    #[test]
    fn projections_are_those_of_the_hand() {
        let x = image(&[0.5, 0.9]);
        let linf = Ball { norm: AttackNorm::Linf, eps: 0.2, bounds: (0.0, 1.0) };
        assert_eq!(values(&linf.project(&x, &image(&[0.0, 2.0]))), [0.3, 1.0]);
        let l2 = Ball { norm: AttackNorm::L2, ..linf };
        // A change of (−0.3, 0.4) is clamped to (−0.3, 0.1), of length √0.1, and
        // shortened by 0.2 / √0.1.
        let drawn = values(&l2.project(&x, &image(&[0.2, 1.3])));
        let shorter = 0.2 / 0.1f32.sqrt();
        assert!((drawn[0] - (0.5 - 0.3 * shorter)).abs() < 1e-6);
        assert!((drawn[1] - (0.9 + 0.1 * shorter)).abs() < 1e-6);
        assert_eq!(Ball::of_pixels(AttackNorm::L2, 0.5, (-1.0, 1.0)).eps, 1.0);
    }

    #[test]
    fn a_direction_has_length_one_however_small_the_gradient() {
        let l2 = Ball { norm: AttackNorm::L2, eps: 1.0, bounds: (0.0, 1.0) };
        let tiny = values(&l2.direction(&image(&[3e-30, -4e-30])));
        assert!((tiny[0] - 0.6).abs() < 1e-6 && (tiny[1] + 0.8).abs() < 1e-6);
        assert_eq!(values(&l2.direction(&image(&[0.0, 0.0]))), [0.0, 0.0]);
    }

    #[test]
    fn random_points_lie_in_the_ball_and_depend_on_their_row_alone() {
        let stream = Stream::new(0, "test");
        let x = Tensor::full([3, 1, 4, 4], 0.5, (Kind::Float, tch::Device::Cpu));
        for norm in [AttackNorm::Linf, AttackNorm::L2] {
            let ball = Ball { norm, eps: 0.3, bounds: (0.0, 1.0) };
            let all = ball.random(&x, &[4, 7, 9], &stream, 1);
            let one = ball.random(&x.narrow(0, 0, 1), &[7], &stream, 1);
            assert_eq!(values(&all.narrow(0, 1, 1)), values(&one));
            assert_ne!(values(&all.narrow(0, 0, 1)), values(&one));
            let change = &all - &x;
            let size = match norm {
                AttackNorm::Linf => change.abs().max(),
                AttackNorm::L2 => lengths(&change).max(),
            };
            assert!(size.double_value(&[]) <= 0.3 + 1e-6);
            assert!(size.double_value(&[]) > 0.25);
        }
    }
}
