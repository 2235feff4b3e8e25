//! Densities of images from their mean and covariance alone: a normal
//! distribution with a ridge, and probabilistic principal component analysis.

use std::f64::consts::PI;

use tch::{Kind, Tensor};

/// Mean, and eigenvalues and eigenvectors of the covariance, of `n` points.
#[derive(Debug)]
pub struct Spectrum {
    /// `[d]`, in double precision, as all that follows.
    mean: Tensor,
    /// Falling.
    values: Vec<f64>,
    /// `[d, d]`, an eigenvector in each column.
    vectors: Tensor,
}

impl Spectrum {
    /// Of the rows of `x` `[n, d]`, n ≥ 1, with the covariance divided by n,
    /// which is the one of greatest likelihood; `cell` is added to every
    /// variance.
    pub fn of(x: &Tensor, cell: f64) -> Self {
        let _guard = tch::no_grad_guard();
        let x = x.to_kind(Kind::Double);
        let (n, d) = (x.size()[0] as f64, x.size()[1]);
        let mean = x.mean_dim([0i64].as_slice(), false, Kind::Double);
        let away = x - &mean;
        let covariance =
            away.tr().matmul(&away) / n + Tensor::eye(d, (Kind::Double, away.device())) * cell;
        let (values, vectors) = covariance.linalg_eigh("L");
        let values = crate::eval::host(&values.flip([0i64].as_slice()));
        Self { mean, values, vectors: vectors.flip([1i64].as_slice()) }
    }

    /// Dimensions, d.
    pub fn dimensions(&self) -> usize {
        self.values.len()
    }

    /// The mean, `[d]`.
    pub fn mean(&self) -> &Tensor {
        &self.mean
    }

    /// The variances of the normal distribution whose covariance has `ridge`
    /// added to its diagonal, in the directions of the eigenvectors.
    pub fn with_ridge(&self, ridge: f64) -> Vec<f64> {
        self.values.iter().map(|value| value.max(0.0) + ridge).collect()
    }

    /// Those of probabilistic principal component analysis with `components`
    /// (Tipping and Bishop 1999, equations 7 and 8): the first as they are,
    /// the rest their mean.
    pub fn with_components(&self, components: usize) -> Vec<f64> {
        let (first, rest) = self.values.split_at(components.min(self.values.len()));
        let mean = rest.iter().sum::<f64>() / rest.len().max(1) as f64;
        first.iter().copied().chain(rest.iter().map(|_| mean)).collect()
    }

    /// −ln p of each row of `x` `[n, d]`, `[n]`, of the normal distribution on
    /// the whole space with `variances` in the directions of the eigenvectors.
    pub fn energy(&self, x: &Tensor, variances: &[f64]) -> Tensor {
        let scale: Vec<f64> = variances.iter().map(|variance| variance.sqrt().recip()).collect();
        let scale = Tensor::from_slice(&scale).to_device(self.mean.device());
        let along = (x.to_kind(Kind::Double) - &self.mean).matmul(&self.vectors) * scale;
        let constant: f64 = variances.iter().map(|variance| (2.0 * PI * variance).ln()).sum();
        (along.square().sum_dim_intlist([1i64].as_slice(), false, Kind::Double) + constant) * 0.5
    }

    /// Mean ln p of the rows of `x` `[n, d]`.
    pub fn mean_log_density(&self, x: &Tensor, variances: &[f64]) -> f64 {
        let _guard = tch::no_grad_guard();
        -self.energy(x, variances).mean(Kind::Double).double_value(&[])
    }

    /// The one of `choices` whose variances give `x` the greatest mean
    /// log-density; the first of equals.
    pub fn best<T: Copy>(
        &self,
        x: &Tensor,
        choices: impl IntoIterator<Item = T>,
        variances: impl Fn(&Self, T) -> Vec<f64>,
    ) -> Option<T> {
        let scored = choices.into_iter().map(|choice| {
            let found = self.mean_log_density(x, &variances(self, choice));
            (choice, if found.is_finite() { found } else { f64::NEG_INFINITY })
        });
        let better = |best: (T, f64), next: (T, f64)| if next.1 > best.1 { next } else { best };
        scored.reduce(better).map(|(choice, _)| choice)
    }
}
