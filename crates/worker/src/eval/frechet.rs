//! The Fréchet distance between normal distributions fitted to features
//! (Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule Converge
//! to a Local Nash Equilibrium", equation 6).

use tch::{Kind, Tensor};

use super::metric::MetricError;

/// Mean and covariance of features, in double precision.
#[derive(Debug)]
pub struct Moments {
    n: usize,
    /// `[d]`
    mean: Tensor,
    /// `[d, d]`, divided by n − 1.
    covariance: Tensor,
}

impl Moments {
    /// Of `features` `[n, d]`.
    ///
    /// # Errors
    /// When there are fewer than two rows, or a value is not finite.
    pub fn of(features: &Tensor) -> Result<Self, MetricError> {
        let _guard = tch::no_grad_guard();
        let n = features.size()[0] as usize;
        if n < 2 {
            return Err(MetricError::ShapeMismatch {
                what: "images for a covariance",
                expected: 2,
                found: n,
            });
        }
        let features = features.to_kind(Kind::Double);
        // A sum that is finite may hide nothing: look at every value.
        if features.isfinite().all().int64_value(&[]) == 0 {
            let odd = features.isfinite().logical_not().flatten(0, -1).nonzero();
            let index = odd.int64_value(&[0, 0]);
            let value = features.flatten(0, -1).double_value(&[index]);
            return Err(MetricError::NotFinite { what: "features", index: index as usize, value });
        }
        let mean = features.mean_dim([0i64].as_slice(), false, Kind::Double);
        let away = features - &mean;
        let covariance = away.tr().matmul(&away) / (n as f64 - 1.0);
        Ok(Self { n, mean, covariance })
    }

    /// Images that they are of.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Features of an image, d.
    pub fn features(&self) -> usize {
        self.mean.size()[0] as usize
    }

    /// Whether there are too few images for a covariance of full rank: n ≤ d.
    pub fn rank_deficient(&self) -> bool {
        self.n <= self.features()
    }
}

/// ‖m₁ − m₂‖² + tr(C₁ + C₂ − 2 (C₁^½ C₂ C₁^½)^½). The matrix under the root is
/// symmetric and has the eigenvalues of C₁ C₂, so both roots are taken by
/// symmetric eigendecompositions, which lose no digits to complex pairs as a
/// root of C₁ C₂ does. Nothing is added to a covariance that is not of full
/// rank: eigenvalues that rounding alone keeps from 0 are 0.
pub fn frechet_distance(a: &Moments, b: &Moments) -> f64 {
    let _guard = tch::no_grad_guard();
    let (values, vectors) = eigen(&a.covariance);
    let root = (&vectors * values.sqrt().unsqueeze(0)).matmul(&vectors.tr());
    let product = root.matmul(&b.covariance).matmul(&root);
    let cross = eigen(&product).0.sqrt().sum(Kind::Double).double_value(&[]);
    let trace = |m: &Moments| m.covariance.trace().double_value(&[]);
    let apart = (&a.mean - &b.mean).square().sum(Kind::Double).double_value(&[]);
    // A distance; rounding may leave it below 0 where both are alike.
    (apart + trace(a) + trace(b) - 2.0 * cross).max(0.0)
}

/// Eigenvalues `[d]`, those within rounding of 0 as 0, and eigenvectors in
/// columns, of a matrix that is symmetric but for rounding.
fn eigen(matrix: &Tensor) -> (Tensor, Tensor) {
    let even = (matrix + matrix.tr()) * 0.5;
    let (values, vectors) = even.linalg_eigh("L");
    let largest = values.max().double_value(&[]).max(0.0);
    let floor = largest * values.size()[0] as f64 * f64::EPSILON;
    let kept = &values * values.gt(floor).to_kind(Kind::Double);
    (kept, vectors)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use tch::Device;

    fn rows(values: &[f64], d: i64) -> Tensor {
        Tensor::from_slice(values).reshape([-1, d])
    }

    #[test]
    fn of_one_feature_it_is_that_of_the_hand() {
        // Means 1 and 4, variances 2 and 8: 9 + 2 + 8 − 2 · 4 = 11.
        let a = Moments::of(&rows(&[0.0, 2.0], 1)).unwrap();
        let b = Moments::of(&rows(&[2.0, 6.0], 1)).unwrap();
        assert!((frechet_distance(&a, &b) - 11.0).abs() < 1e-12);
        assert!((frechet_distance(&b, &a) - 11.0).abs() < 1e-12);
        assert_eq!((a.n(), a.features(), a.rank_deficient()), (2, 1, false));
    }

    #[test]
    fn a_set_is_at_no_distance_from_itself_and_of_lower_rank_too() {
        let x = Tensor::arange(60, (Kind::Double, Device::Cpu)).sin().reshape([6, 10]);
        let a = Moments::of(&x).unwrap();
        assert!(a.rank_deficient());
        assert!(frechet_distance(&a, &a) < 1e-12, "{}", frechet_distance(&a, &a));
        // Moved by 2 in each of ten features.
        let b = Moments::of(&(x + 2.0)).unwrap();
        assert!((frechet_distance(&a, &b) - 40.0).abs() < 1e-10);
    }

    #[test]
    fn what_has_no_covariance_is_said() {
        let few = Moments::of(&rows(&[1.0, 2.0], 2)).unwrap_err().to_string();
        assert_eq!(few, "images for a covariance: expected 2, found 1");
        let odd = Moments::of(&rows(&[1.0, 2.0, f64::NAN, 3.0], 2)).unwrap_err().to_string();
        assert!(odd.starts_with("features: value 2 is NaN"), "{odd}");
    }
}
