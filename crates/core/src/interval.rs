//! Intervals of shares that were counted.

/// The two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % score interval of a share of which `right` of `n` were counted
/// (Wilson 1927); [0, 1] where nothing was.
pub fn wilson(right: u64, n: u64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (n as f64, right as f64 / n as f64);
    let weight = 1.0 / (1.0 + Z * Z / n);
    let middle = weight * (share + Z * Z / (2.0 * n));
    let half = weight * Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// The lower end of the two-sided 95 % interval of a share of which all `n` were
/// counted (Clopper and Pearson 1934): the share under which that has a chance
/// of 2.5 %. Where none was, the upper end is 1 less this. 0 where `n` is 0.
pub fn all_of(n: u64) -> f64 {
    if n == 0 { 0.0 } else { 0.025f64.powf(1.0 / n as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    // scipy.stats.binomtest(k, n).proportion_ci(method="wilson"), scipy 1.17.1.
    #[test]
    fn intervals_are_those_of_scipy() {
        for (right, n, low, high) in WANTED {
            let found = wilson(right, n);
            assert!((found.0 - low).abs() < 1e-12, "{right} of {n}: {found:?}");
            assert!((found.1 - high).abs() < 1e-12, "{right} of {n}: {found:?}");
        }
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }

    // scipy.stats.binomtest(n, n).proportion_ci(method="exact").low, scipy 1.17.1.
    #[test]
    fn where_all_were_counted_the_end_is_that_of_clopper_and_pearson() {
        for (n, low) in [
            (1, 0.025),
            (50, 0.9288782635357954),
            (100, 0.9637833073548094),
            (2000, 0.9981572602063068),
        ] {
            assert!((all_of(n) - low).abs() < 1e-12, "{n}: {}", all_of(n));
        }
        assert_eq!(all_of(0), 0.0);
    }

    const WANTED: [(u64, u64, f64, f64); 4] = [
        (0, 50, 0.0, 0.07134759913335872),
        (3, 50, 0.020614970348973957, 0.1621709168883817),
        (47, 100, 0.37510817959341275, 0.5671114302990065),
        (100, 100, 0.9630065017930143, 1.0),
    ];
}
