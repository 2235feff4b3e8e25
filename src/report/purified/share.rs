//! Shares of attacked inputs with their intervals, and what attacks and
//! defences are called.

use jem_core::interval::wilson;
use jem_core::results::WORST;

use crate::report::number::{interval, plain};
use crate::table::CellResult;

/// Defences, as metric paths name them.
pub const DEFENCES: [&str; 3] = ["none", "seed", "stochastic"];
/// Attacks, as metric paths name them.
pub const ATTACKS: [&str; 7] =
    ["none", "transfer", "bpda", "full_gradient", "square", "joint", WORST];

/// A defence in words.
pub fn defence_name(defence: &str) -> &str {
    match defence {
        "none" => "no defence",
        "seed" => "seed's purifier",
        other => other,
    }
}

/// An attack in words.
pub fn attack_name(attack: &str) -> &str {
    match attack {
        "none" => "no attack",
        "transfer" => "transfer (PGD on the classifier alone)",
        "bpda" => "BPDA + EOT",
        "full_gradient" => "full gradient + EOT",
        "square" => "black box (Square)",
        "joint" => "joint, past the detector",
        WORST => "all of these together",
        other => other,
    }
}

/// A share of inputs, and its 95 % interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The mean over seeds.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// As people read it.
    pub shown: String,
}

/// The share `purified/<what>` in `cell`. Its interval takes in that of Wilson
/// for the inputs and, with several seeds, that of their mean, or their range
/// where they are two: all seeds see the same inputs, and counts of so few are
/// often nearly equal.
pub fn share(cell: &CellResult, what: &str) -> Option<Share> {
    let found = cell.metrics.get(&format!("purified/{what}"))?;
    let value = found.mean;
    let n = cell.metrics.get("purified/n").map_or(0.0, |n| n.mean);
    let (low, high) = wilson((value * n).round() as u64, n as u64);
    let of_seeds = found.interval.map_or_else(|| found.ends(), |one| (one.low, one.high));
    if of_seeds.0 <= low && of_seeds.1 >= high && found.interval.is_some() {
        let shown = interval(found);
        return Some(Share { value, low: of_seeds.0, high: of_seeds.1, shown });
    }
    let (low, high) = (low.min(of_seeds.0), high.max(of_seeds.1));
    let shown = format!("{} [{}, {}]", plain_share(value), plain_share(low), plain_share(high));
    Some(Share { value, low, high, shown })
}

/// Three places: no set is so large that a fourth would mean anything.
fn plain_share(value: f64) -> String {
    if (0.0..=1.0).contains(&value) { format!("{value:.3}") } else { plain(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::table::{Statistics, cells};

    #[test]
    fn seeds_that_agree_leave_the_uncertainty_of_the_inputs() {
        let mut cell = cells(&fixture::results()).remove(0);
        let mut put = |path: &str, values: [f64; 2]| {
            let found = Statistics::of_shares(vec![(0, values[0]), (1, values[1])]);
            cell.metrics.extend(found.map(|found| (path.to_owned(), found)));
        };
        put("purified/n", [100.0, 100.0]);
        put("purified/alike", [0.0, 0.0]);
        put("purified/apart", [0.2, 0.6]);
        let alike = share(&cell, "alike").expect("a share");
        // scipy: binomtest(0, 100).proportion_ci(method="wilson")
        assert_eq!(alike.shown, "0.000 [0.000, 0.037]");
        let apart = share(&cell, "apart").expect("a share");
        assert_eq!(
            (apart.low, apart.high, apart.shown.as_str()),
            (0.2, 0.6, "0.400 [0.200, 0.600]")
        );
    }
}
