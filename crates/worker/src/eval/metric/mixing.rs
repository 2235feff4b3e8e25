//! Whether chains have mixed, from a scalar seen along each of them: split
//! R̂ (Gelman et al. 2013), its rank-normalised form, and the effective sample
//! size (Vehtari et al. 2021, "Rank-normalization, folding, and localization").

use super::MetricError;
use super::error::{check_finite, check_len};
use super::normal_quantile::normal_quantile;

/// Draws that a chain needs: two in each half.
const LEAST: usize = 4;

/// Split R̂ of `chains` `[m, n]`: the root of the ratio of the variance of all
/// halves together to the mean variance within a half. Near 1 once chains
/// have mixed; Vehtari et al. ask for less than 1.01. The middle draw of an odd
/// number is left out.
///
/// # Errors
/// When there is no chain, chains differ in length or have fewer than 4
/// draws, a value is not finite, or no half varies.
pub fn split_rhat(chains: &[Vec<f64>]) -> Result<f64, MetricError> {
    rhat(&halves(chains)?)
}

/// The larger of split R̂ on rank-normalised draws and on rank-normalised
/// distances from the median, which sees chains that differ in spread alone.
///
/// # Errors
/// As [`split_rhat`].
pub fn rank_rhat(chains: &[Vec<f64>]) -> Result<f64, MetricError> {
    let halves = halves(chains)?;
    let bulk = rhat(&normal_scores(&halves))?;
    let mut all: Vec<f64> = halves.iter().flatten().copied().collect();
    all.sort_unstable_by(f64::total_cmp);
    // Halves are of one length, so that their number of draws is even.
    let median = f64::midpoint(all[all.len() / 2 - 1], all[all.len() / 2]);
    let folded: Vec<Vec<f64>> =
        halves.iter().map(|half| half.iter().map(|x| (x - median).abs()).collect()).collect();
    match rhat(&normal_scores(&folded)) {
        Ok(tail) => Ok(bulk.max(tail)),
        // Two values that lie alike about the median have one distance.
        Err(MetricError::Constant { .. }) => Ok(bulk),
        Err(error) => Err(error),
    }
}

/// Draws of an independent sample that would give the mean of `chains`
/// `[m, n]` as exactly: m n / τ, with τ from the autocorrelations of the halves
/// up to where Geyer's initial monotone sequence ends. At most
/// m n log₁₀(m n), where draws are less alike than independent ones.
///
/// # Errors
/// As [`split_rhat`].
pub fn ess_mean(chains: &[Vec<f64>]) -> Result<f64, MetricError> {
    effective_size(&halves(chains)?)
}

/// [`ess_mean`] of the rank-normalised draws: the bulk effective sample size,
/// which exists where the variance does not.
///
/// # Errors
/// As [`split_rhat`].
pub fn ess_bulk(chains: &[Vec<f64>]) -> Result<f64, MetricError> {
    effective_size(&normal_scores(&halves(chains)?))
}

/// First and last half of each chain.
fn halves(chains: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, MetricError> {
    let first = chains.first().ok_or(MetricError::Empty { what: "chains" })?;
    if first.len() < LEAST {
        let (what, found) = ("draws of a chain, at least", first.len());
        return Err(MetricError::ShapeMismatch { what, expected: LEAST, found });
    }
    for chain in chains {
        check_len("draws of a chain, as of the first", first.len(), chain.len())?;
        check_finite("draws of a chain", chain)?;
    }
    let half = first.len() / 2;
    let first = chains.iter().map(|chain| chain[..half].to_vec());
    let last = chains.iter().map(|chain| chain[chain.len() - half..].to_vec());
    Ok(first.chain(last).collect())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// With n − 1.
fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    squares / (values.len() as f64 - 1.0)
}

fn rhat(chains: &[Vec<f64>]) -> Result<f64, MetricError> {
    let n = chains[0].len() as f64;
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    let within = mean(&chains.iter().map(|chain| variance(chain)).collect::<Vec<_>>());
    if within == 0.0 {
        return Err(MetricError::Constant { what: "draws" });
    }
    let between = n * variance(&means);
    Ok(((between / within + n - 1.0) / n).sqrt())
}

/// Every draw as the normal quantile of its rank among all, ties at their mean
/// rank (Blom 1958).
fn normal_scores(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = chains[0].len();
    let flat: Vec<f64> = chains.iter().flatten().copied().collect();
    let mut order: Vec<usize> = (0..flat.len()).collect();
    order.sort_by(|a, b| flat[*a].total_cmp(&flat[*b]));
    let mut scores = vec![0.0; flat.len()];
    for tied in order.chunk_by(|a, b| flat[*a] == flat[*b]) {
        let before = order.partition_point(|&i| flat[i] < flat[tied[0]]) as f64;
        let rank = before + (tied.len() as f64 + 1.0) / 2.0;
        let score = normal_quantile((rank - 0.375) / (flat.len() as f64 + 0.25));
        tied.iter().for_each(|&i| scores[i] = score);
    }
    scores.chunks_exact(n).map(<[f64]>::to_vec).collect()
}

/// Mean over the chains of the autocovariance at `lag`, over n.
fn autocovariance(chains: &[Vec<f64>], means: &[f64], lag: usize) -> f64 {
    let of = |(chain, mean): (&Vec<f64>, &f64)| {
        let pairs = chain.iter().zip(&chain[lag..]);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / chain.len() as f64
    };
    let all: Vec<f64> = chains.iter().zip(means).map(of).collect();
    mean(&all)
}

fn effective_size(chains: &[Vec<f64>]) -> Result<f64, MetricError> {
    let n = chains[0].len();
    let total = (n * chains.len()) as f64;
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    let within = autocovariance(chains, &means, 0) * n as f64 / (n as f64 - 1.0);
    let over = within * (n as f64 - 1.0) / n as f64 + variance(&means);
    if over == 0.0 {
        return Err(MetricError::Constant { what: "draws" });
    }
    let correlation = |lag| 1.0 - (within - autocovariance(chains, &means, lag)) / over;
    let rho = initial_positive(n, correlation);
    let tau = -1.0 + 2.0 * rho.sequence.iter().sum::<f64>() + rho.tail;
    Ok(total / tau.max(1.0 / total.log10()))
}

/// Autocorrelations from lag 0 on, in pairs, and half of one more.
struct Positive {
    sequence: Vec<f64>,
    tail: f64,
}

/// Pairs of autocorrelations for as long as their sums are positive, each
/// pair brought down to the sum of the one before (Geyer 1992, section 3.3).
fn initial_positive(n: usize, correlation: impl Fn(usize) -> f64) -> Positive {
    let (mut even, mut odd) = (1.0, correlation(1));
    let mut sequence = vec![even, odd];
    let mut t = 1;
    while t + 3 < n && even + odd > 0.0 {
        (even, odd) = (correlation(t + 1), correlation(t + 2));
        sequence.extend([even, odd]);
        t += 2;
    }
    // The last pair ended the sequence; of it the first counts, once, unless
    // it is negative and what it ended with is.
    let tail = if even > 0.0 || even + odd >= 0.0 { even } else { 0.0 };
    sequence.truncate(t - 1);
    for pair in 1..sequence.len() / 2 {
        let (one, two) = sequence.split_at_mut(2 * pair);
        let before = one[2 * pair - 2] + one[2 * pair - 1];
        if two[0] + two[1] > before {
            two[..2].fill(before / 2.0);
        }
    }
    Positive { sequence, tail }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn halves_that_differ_in_mean_alone_give_the_ratio_of_the_hand() {
        // Halves (0, 2), (0, 2), (4, 6), (4, 6): within 2, means 1, 1, 5, 5 of
        // variance 16/3, between 32/3; R̂ = √((32/6 + 1)/2).
        let chains = [vec![0.0, 2.0, 4.0, 6.0], vec![0.0, 2.0, 4.0, 6.0]];
        let expected = f64::sqrt((32.0 / 6.0 + 1.0) / 2.0);
        assert!((split_rhat(&chains).unwrap() - expected).abs() < 1e-12);
        let odd = [vec![0.0, 2.0, 99.0, 4.0, 6.0], vec![0.0, 2.0, -99.0, 4.0, 6.0]];
        assert!((split_rhat(&odd).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn chains_of_different_spread_are_told_by_the_rank_form_alone() {
        let wave = |scale: f64| (0..400).map(|i| scale * f64::from(i * 37 % 101 - 50)).collect();
        let chains: [Vec<f64>; 2] = [wave(1.0), wave(8.0)];
        assert!(split_rhat(&chains).unwrap() < 1.01);
        assert!(rank_rhat(&chains).unwrap() > 1.1);
    }

    #[test]
    fn what_has_no_value_says_why() {
        assert!(split_rhat(&[]).is_err());
        assert!(matches!(
            split_rhat(&[vec![1.0; 10], vec![1.0; 10]]),
            Err(MetricError::Constant { .. })
        ));
        assert!(matches!(
            ess_mean(&[vec![1.0; 3]]),
            Err(MetricError::ShapeMismatch { expected: 4, found: 3, .. })
        ));
        assert!(rank_rhat(&[vec![1.0, 2.0, f64::NAN, 4.0]]).is_err());
        assert!(ess_bulk(&[vec![1.0, 2.0, 3.0, 4.0], vec![1.0; 5]]).is_err());
    }
}
