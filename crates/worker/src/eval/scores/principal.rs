//! The principal directions of features.

use tch::{Kind, Tensor};

/// Directions with their variances, falling.
#[derive(Debug)]
pub struct Principal {
    /// `[d, r]`, orthonormal columns.
    pub directions: Tensor,
    /// `[r]`, all above what rounding leaves of 0.
    pub variances: Tensor,
}

/// The directions of `centred` `[n, d]`, whose covariance is centredᵀ centred
/// / n. By the smaller of that matrix and of centred centredᵀ / n, which has
/// the same eigenvalues: with fewer images than dimensions there are no more
/// directions than images.
pub fn principal(centred: &Tensor) -> Principal {
    let (n, d) = centred.size2().unwrap_or((1, 1));
    let by_images = n < d;
    let square = match by_images {
        true => centred.matmul(&centred.tr()),
        false => centred.tr().matmul(centred),
    } / n as f64;
    let (values, vectors) = square.linalg_eigh("L");
    let (values, vectors) = (values.flip([0]), vectors.flip([1]));
    // As for a pseudo-inverse: below this an eigenvalue is rounding.
    let largest = if values.numel() == 0 { 0.0 } else { values.double_value(&[0]) };
    let least = largest * f64::EPSILON * n.max(d) as f64;
    let rank = values.gt(least).sum(Kind::Int64).int64_value(&[]);
    let (values, vectors) = (values.narrow(0, 0, rank), vectors.narrow(1, 0, rank));
    let directions = match by_images {
        true => centred.tr().matmul(&vectors) / (&values * n as f64).sqrt(),
        false => vectors,
    };
    Principal { directions, variances: values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_give_the_same_covariance() {
        // Three images in two dimensions, and the same as two in three.
        let tall = Tensor::from_slice2(&[[2.0f64, 1.0], [0.0, 1.0], [-2.0, 0.5]]);
        for centred in [tall.shallow_clone(), tall.tr().contiguous()] {
            let found = principal(&centred);
            let again = (&found.directions * &found.variances).matmul(&found.directions.tr());
            let n = centred.size()[0] as f64;
            let expected = centred.tr().matmul(&centred) / n;
            assert!(again.allclose(&expected, 1e-12, 1e-12, false));
            assert_eq!(found.variances.size(), [2]);
        }
    }

    #[test]
    fn directions_without_variance_are_none() {
        let found = principal(&Tensor::from_slice2(&[[1.0f64, 0.0], [-1.0, 0.0], [2.0, 0.0]]));
        assert_eq!(found.variances.size(), [1]);
        assert!((found.variances.double_value(&[0]) - 2.0).abs() < 1e-15);
    }
}
