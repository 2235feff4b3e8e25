//! The distribution that annealing starts from: independent normals truncated
//! to the box, whose normaliser is known in closed form.

use std::f64::consts::PI;

use jem_core::random::Stream;
use tch::{Kind, Tensor};

/// Independent normals with these means and standard deviations, each
/// truncated to [low, high]: Π N(xᵢ; μᵢ, σᵢ) / (Φ((high − μᵢ)/σᵢ) −
/// Φ((low − μᵢ)/σᵢ)).
#[derive(Debug)]
pub struct TruncatedNormals {
    /// `[d]`, in double precision, as all that follows.
    mean: Tensor,
    /// `[d]`
    std: Tensor,
    /// Φ at the lower end, `[d]`.
    lower: Tensor,
    /// The mass of each normal between the ends, `[d]`.
    mass: Tensor,
    bounds: (f64, f64),
    /// Σ ln(σᵢ √(2π) massᵢ).
    log_normaliser: f64,
}

impl TruncatedNormals {
    /// With `mean` `[d]` in the box and `std` `[d]` above 0.
    pub fn new(mean: &Tensor, std: &Tensor, bounds: (f64, f64)) -> Self {
        let _guard = tch::no_grad_guard();
        let (mean, std) = (mean.to_kind(Kind::Double), std.to_kind(Kind::Double));
        let below = |end: f64| ((end - &mean) / &std).special_ndtr();
        let lower = below(bounds.0);
        let mass = below(bounds.1) - &lower;
        let each = (&std * &mass).log() + 0.5 * (2.0 * PI).ln();
        let log_normaliser = each.sum(Kind::Double).double_value(&[]);
        Self { mean, std, lower, mass, bounds, log_normaliser }
    }

    /// Standard deviations before the truncation, `[d]`.
    pub fn std(&self) -> &Tensor {
        &self.std
    }

    /// The ends of the box.
    pub fn bounds(&self) -> (f64, f64) {
        self.bounds
    }

    /// −ln p₀ of each row of `x` `[n, d]` in the box, `[n]`, and its gradient
    /// `[n, d]`.
    pub fn energy(&self, x: &Tensor) -> (Tensor, Tensor) {
        let away = (x - &self.mean) / &self.std;
        let sum = away.square().sum_dim_intlist([1i64].as_slice(), false, Kind::Double);
        (sum * 0.5 + self.log_normaliser, away / &self.std)
    }

    /// `n` independent draws `[n, d]`, by the inverse of the distribution
    /// function at the numbers of `stream`.
    pub fn draw(&self, n: usize, stream: &Stream) -> Tensor {
        let d = self.mean.size()[0];
        let uniform: Vec<f64> =
            (0..n as u64 * d as u64).map(|index| stream.uniform_f64(index)).collect();
        let uniform =
            Tensor::from_slice(&uniform).view([n as i64, d]).to_device(self.mean.device());
        let x = (&self.lower + &self.mass * uniform).special_ndtri() * &self.std + &self.mean;
        // Rounding alone leaves the box; the function is infinite at 0.
        x.clamp(self.bounds.0, self.bounds.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normals() -> TruncatedNormals {
        let mean = Tensor::from_slice(&[-0.9f64, 0.2]);
        TruncatedNormals::new(&mean, &Tensor::from_slice(&[0.3f64, 0.8]), (-1.0, 1.0))
    }

    #[test]
    fn the_density_integrates_to_one_over_the_box() {
        // The midpoint rule in each of two values; its error is of order 1e-7.
        let n = 1000;
        let side: Vec<f64> = (0..n).map(|i| -1.0 + (f64::from(i) + 0.5) * 2.0 / 1000.0).collect();
        let side = Tensor::from_slice(&side);
        let grid = Tensor::cartesian_prod(&[side.shallow_clone(), side]);
        let (energy, _) = normals().energy(&grid);
        let sum = (-energy).exp().sum(Kind::Double).double_value(&[]) * 4e-6;
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    }
}
