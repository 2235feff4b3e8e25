//! The distance to the k-th neighbour among training images (Sun et al. 2022).

use tch::{Kind, Tensor};

use crate::eval::host;

/// Kept in the length that features are divided by, as in the authors' code.
const TINY: f64 = 1e-10;

/// Training features to which distances are measured.
#[derive(Debug)]
pub struct Neighbours {
    /// `[n, d]`, each of length 1.
    bank: Tensor,
}

impl Neighbours {
    /// Among the training `features` `[n, d]`.
    pub fn new(features: &Tensor) -> Self {
        Self { bank: normalised(features) }
    }

    /// For each of `ks`, counted from 1 and no more than there are training
    /// features, the distance of each of `features` `[m, d]` to its k-th
    /// neighbour, each divided by its length.
    pub fn distances(&self, features: &Tensor, ks: &[usize]) -> Vec<Vec<f64>> {
        let most = ks.iter().copied().max().unwrap_or(0).min(self.bank.size()[0] as usize) as i64;
        // |a − b|² = 2 − 2 a·b, so the nearest have the largest products. The
        // difference is taken only of those that are wanted: it loses digits
        // where they are close.
        let features = normalised(features);
        let (_, nearest) = features.matmul(&self.bank.tr()).topk(most, 1, true, true);
        ks.iter()
            .map(|&k| {
                let neighbour = self.bank.index_select(0, &nearest.select(1, k as i64 - 1));
                host(&length(&(&features - neighbour)).squeeze_dim(1))
            })
            .collect()
    }
}

fn length(features: &Tensor) -> Tensor {
    features.square().sum_dim_intlist([1i64].as_slice(), true, Kind::Double).sqrt()
}

fn normalised(features: &Tensor) -> Tensor {
    features / (length(features) + TINY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_on_the_circle_are_told_by_angle_whatever_their_length() {
        let neighbours =
            Neighbours::new(&Tensor::from_slice2(&[[5.0f64, 0.0], [0.0, 0.1], [-3.0, 0.0]]));
        let found = neighbours.distances(&Tensor::from_slice2(&[[2.0f64, 0.0]]), &[1, 2, 3]);
        for (found, expected) in found.iter().zip([0.0, 2f64.sqrt(), 2.0]) {
            assert!((found[0] - expected).abs() < 1e-9, "{found:?} {expected}");
        }
    }
}
