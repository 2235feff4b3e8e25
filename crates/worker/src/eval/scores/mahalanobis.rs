//! Squared Mahalanobis distance to the nearest class (Lee et al. 2018).

use tch::{Kind, Tensor};

use super::{Bank, principal};

/// Class means and a covariance that all classes share.
#[derive(Debug)]
pub struct Mahalanobis {
    /// Of the classes that have an image, `[c, r]`, in the whitened space.
    means: Tensor,
    /// `[d, r]`: x ↦ x · whitening has the covariance 1.
    whitening: Tensor,
}

impl Mahalanobis {
    /// The mean of each class, and the covariance of all features about the
    /// means of their own classes. Directions in which they do not vary are
    /// left out, as a pseudo-inverse does.
    ///
    /// # Errors
    /// Where they do not vary at all, as with one image of each class.
    pub fn new(bank: &Bank) -> Result<Self, String> {
        let mut means = Vec::new();
        let mut centred = Vec::new();
        for class in 0..bank.classes as i64 {
            let rows = bank.labels.eq(class).nonzero().squeeze_dim(1);
            if rows.numel() == 0 {
                continue;
            }
            let own = bank.features.index_select(0, &rows);
            let mean = own.mean_dim([0i64].as_slice(), true, Kind::Double);
            centred.push(own - &mean);
            means.push(mean);
        }
        let found = principal(&Tensor::cat(&centred, 0));
        if found.variances.numel() == 0 {
            return Err("training features do not vary within classes".to_owned());
        }
        let whitening = found.directions / found.variances.sqrt();
        Ok(Self { means: Tensor::cat(&means, 0).matmul(&whitening), whitening })
    }

    /// min over classes of (x − μ)ᵀ Σ⁺ (x − μ) for `features` `[n, d]`, as `[n]`.
    pub fn distances(&self, features: &Tensor) -> Tensor {
        let x = features.matmul(&self.whitening);
        let to = |class: i64| {
            let away = &x - self.means.get(class);
            away.square().sum_dim_intlist([1i64].as_slice(), false, Kind::Double)
        };
        // One class at a time: all at once would take c times the room.
        (1..self.means.size()[0]).fold(to(0), |least, class| least.minimum(&to(class)))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_in_the_spread_within_classes() {
        // Two classes about (0, 0) and (10, 0), with variance 1 along the
        // first axis and 4 along the second; the third class has no image.
        let features = [
            [1.0f64, 2.0],
            [-1.0, -2.0],
            [1.0, -2.0],
            [-1.0, 2.0],
            [11.0, 2.0],
            [9.0, -2.0],
            [11.0, -2.0],
            [9.0, 2.0],
        ];
        let bank = Bank {
            features: Tensor::from_slice2(&features),
            labels: Tensor::from_slice(&[0i64, 0, 0, 0, 1, 1, 1, 1]),
            classes: 3,
        };
        let found = Mahalanobis::new(&bank).unwrap().distances(&Tensor::from_slice2(&[
            [0.0f64, 0.0],
            [3.0, 0.0],
            [10.0, 4.0],
        ]));
        for (row, expected) in [0.0, 9.0, 4.0].into_iter().enumerate() {
            assert!((found.double_value(&[row as i64]) - expected).abs() < 1e-12);
        }
        let one_of_each = Bank {
            features: Tensor::from_slice2(&[[1.0f64, 2.0], [3.0, 5.0]]),
            labels: Tensor::from_slice(&[0i64, 1]),
            classes: 2,
        };
        let why = Mahalanobis::new(&one_of_each).unwrap_err();
        assert_eq!(why, "training features do not vary within classes");
    }
}
