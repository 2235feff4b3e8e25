//! Features changed before the last layer: clipped (ReAct) or pruned (ASH).

use tch::{Kind, Tensor};

/// What is done with the features that pruning leaves (Djurisic et al. 2023).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Multiplied by exp(sum before / sum after): ASH-S.
    Scaled,
    /// Each is the sum before over their number: ASH-B.
    Binary,
    /// As they are: ASH-P.
    Pruned,
}

/// The `percent` percentile of `values`, with linear interpolation between
/// two of them, as numpy has it; `values` are put into another order. NaN of
/// none.
pub fn percentile(values: &mut [f64], percent: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let place = percent / 100.0 * last as f64;
    let below = (place.floor() as usize).min(last);
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    low + (place - below as f64) * (high - low)
}

/// `features` `[n, d]`, none above `clip` (Sun et al. 2021).
pub fn react(features: &Tensor, clip: f64) -> Tensor {
    features.clamp_max(clip)
}

/// `features` `[n, d]` of which, of each image, `percent` % are 0, the lowest;
/// of the others what `shape` says. Of equal features the first are kept. As
/// many are cut as numpy rounds to, a half to the even number, but one is left.
pub fn pruned(features: &Tensor, percent: f64, shape: Shape) -> Tensor {
    let d = features.size()[1];
    let kept = (d - (percent / 100.0 * d as f64).round_ties_even() as i64).max(1);
    let order = features.argsort_stable(true, 1, true);
    let zeros = features.zeros_like();
    let mask = zeros.scatter_value(1, &order.narrow(1, 0, kept), 1.0);
    let sum = |t: &Tensor| t.sum_dim_intlist([1i64].as_slice(), true, Kind::Double);
    let before = sum(features);
    let left = features * &mask;
    match shape {
        Shape::Pruned => left,
        Shape::Binary => mask * (before / kept as f64),
        Shape::Scaled => &left * (before / sum(&left)).exp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(tensor: &Tensor) -> Vec<f64> {
        crate::eval::host(&tensor.flatten(0, -1))
    }

    #[test]
    fn percentiles_are_those_of_numpy() {
        // numpy: np.percentile([3, 1, 4, 1, 5], [0, 30, 50, 90, 100])
        for (percent, expected) in [(0.0, 1.0), (30.0, 1.4), (50.0, 3.0), (90.0, 4.6), (100.0, 5.0)]
        {
            let found = percentile(&mut [3.0, 1.0, 4.0, 1.0, 5.0], percent);
            assert!((found - expected).abs() < 1e-12, "{percent}: {found}");
        }
        assert!(percentile(&mut [], 50.0).is_nan());
    }

    #[test]
    fn half_of_four_features_are_cut() {
        let features = Tensor::from_slice2(&[[1.0f64, 4.0, 0.0, 3.0]]);
        assert_eq!(values(&pruned(&features, 50.0, Shape::Pruned)), [0.0, 4.0, 0.0, 3.0]);
        assert_eq!(values(&pruned(&features, 50.0, Shape::Binary)), [0.0, 4.0, 0.0, 4.0]);
        let scale = (8.0f64 / 7.0).exp();
        let found = values(&pruned(&features, 50.0, Shape::Scaled));
        assert!(
            found
                .iter()
                .zip([0.0, 4.0 * scale, 0.0, 3.0 * scale])
                .all(|(a, b)| (a - b).abs() < 1e-12)
        );
        assert_eq!(values(&pruned(&features, 0.0, Shape::Pruned)), values(&features));
        assert_eq!(values(&react(&features, 2.0)), [1.0, 2.0, 0.0, 2.0]);
        for shape in [Shape::Pruned, Shape::Binary] {
            let most = values(&pruned(&features, 99.9, shape));
            assert_eq!(most.iter().filter(|value| **value > 0.0).count(), 1);
        }
    }

    #[test]
    fn of_equal_features_the_first_are_kept() {
        let features = Tensor::from_slice2(&[[1.0f64, 1.0, 1.0, 2.0]]);
        assert_eq!(values(&pruned(&features, 50.0, Shape::Pruned)), [1.0, 0.0, 0.0, 2.0]);
    }
}
