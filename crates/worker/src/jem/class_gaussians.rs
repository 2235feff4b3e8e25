//! A normal distribution over images for each class, for the starts of
//! chains: "informative initialisation" of Yang and Ji 2021 (JEM++).

use tch::{Kind, Tensor};

use crate::data::Images;

/// Added to each variance, as in the authors' code: pixels that never change
/// have none.
const RIDGE: f64 = 1e-4;
/// Images taken into the sums at once.
const CHUNK: usize = 1000;

/// Mean and covariance of each class's images, d = c·h·w values each.
pub struct ClassGaussians {
    /// `[k, d]`
    means: Tensor,
    /// Lower triangular L with L Lᵀ = covariance + 1e-4 · 1, `[d, d]` a class.
    factors: Vec<Tensor>,
}

impl ClassGaussians {
    /// From the images at `rows` of each class, in double precision. A class
    /// with fewer than two images has the moments of all images.
    pub fn of(images: &Images, rows: &[Vec<i64>]) -> Self {
        let _guard = tch::no_grad_guard();
        let all: Vec<i64> = (0..images.len() as i64).collect();
        let fitted = rows.iter().map(|rows| fit(images, if rows.len() < 2 { &all } else { rows }));
        let (means, factors): (Vec<Tensor>, Vec<Tensor>) = fitted.unzip();
        Self { means: Tensor::stack(&means, 0), factors }
    }

    /// Standard normals `[n, c, h, w]` as draws of the `classes` `[n]`:
    /// mean + L ξ.
    pub fn shape(&self, normals: &Tensor, classes: &[usize]) -> Tensor {
        let _guard = tch::no_grad_guard();
        let device = normals.device();
        let wanted: Vec<i64> = classes.iter().map(|&class| class as i64).collect();
        let mut x = self.means.index_select(0, &Tensor::from_slice(&wanted).to_device(device));
        let flat = normals.flatten(1, -1);
        for (class, factor) in self.factors.iter().enumerate() {
            let rows: Vec<i64> =
                (0..classes.len()).filter(|&i| classes[i] == class).map(|i| i as i64).collect();
            if rows.is_empty() {
                continue;
            }
            let rows = Tensor::from_slice(&rows).to_device(device);
            let away = flat.index_select(0, &rows).matmul(&factor.tr());
            let _ = x.index_add_(0, &rows, &away);
        }
        x.view_as(normals)
    }
}

/// Mean `[d]` and factor `[d, d]` of the images at `rows`, single precision.
fn fit(images: &Images, rows: &[i64]) -> (Tensor, Tensor) {
    let flat = |rows: &[i64]| images.batch(rows).0.flatten(1, -1).to_kind(Kind::Double);
    let d: i64 = images.shape().iter().product::<usize>() as i64;
    let options = (Kind::Double, images.device());
    let mut sum = Tensor::zeros([d], options);
    for chunk in rows.chunks(CHUNK) {
        sum += flat(chunk).sum_dim_intlist([0i64].as_slice(), false, Kind::Double);
    }
    let mean = sum / rows.len() as f64;
    let mut covariance = Tensor::zeros([d, d], options);
    for chunk in rows.chunks(CHUNK) {
        let away = flat(chunk) - &mean;
        covariance += away.tr().matmul(&away);
    }
    covariance /= (rows.len() as f64 - 1.0).max(1.0);
    covariance += Tensor::eye(d, options) * RIDGE;
    let factor = covariance.linalg_cholesky(false);
    (mean.to_kind(Kind::Float), factor.to_kind(Kind::Float))
}
