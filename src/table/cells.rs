//! Trials by cell, and statistics over the seeds of each.

use std::collections::{BTreeMap, HashMap};

use super::{CellResult, Results, Statistics, TrialResult};
use crate::significance::t_quantile;

/// The cells of `results`, in the order of their first trials.
pub fn cells(results: &Results) -> Vec<CellResult> {
    groups(results).iter().map(|trials| cell(trials)).collect()
}

/// The trials of each cell. Trials that differ in their evaluation or in their
/// resources share a [`jem_core::id::CellId`], so the swept values tell cells
/// apart as well.
pub(super) fn groups(results: &Results) -> Vec<Vec<&TrialResult>> {
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<&TrialResult>> = Vec::new();
    for trial in &results.trials {
        let values: Vec<String> = trial.values.iter().map(ToString::to_string).collect();
        let place = *places.entry((trial.cell, values)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(trial),
            None => groups.push(vec![trial]),
        }
    }
    groups
}

fn cell(trials: &[&TrialResult]) -> CellResult {
    let mut values: BTreeMap<&str, Vec<(u64, f64)>> = BTreeMap::new();
    for trial in trials.iter().filter(|trial| !trial.outcome.diverged()) {
        for (path, value) in &trial.metrics {
            values.entry(path).or_default().push((trial.seed, *value));
        }
    }
    let metrics = values
        .into_iter()
        .filter_map(|(path, values)| Some((path.to_owned(), Statistics::of(values)?)))
        .collect();
    CellResult {
        cell: trials[0].cell,
        values: trials[0].values.clone(),
        seeds: trials.iter().map(|trial| trial.seed).collect(),
        diverged: trials.iter().filter(|trial| trial.outcome.diverged()).count(),
        restarts: trials.iter().map(|trial| trial.outcome.restarts().len()).sum(),
        metrics,
    }
}

impl CellResult {
    /// How many trials are done and did not diverge.
    pub fn finished(&self) -> usize {
        self.seeds.len() - self.diverged
    }

    /// The metric at `path` over the seeds that have one at `other` too.
    pub fn among(&self, path: &str, other: &str) -> Option<Statistics> {
        let there = &self.metrics.get(other)?.values;
        let has = |seed: u64| there.iter().any(|(one, _)| *one == seed);
        let values = self.metrics.get(path)?.values.iter().filter(|(seed, _)| has(*seed));
        Statistics::of(values.copied().collect())
    }
}

impl Statistics {
    /// The statistics of seed and value; none without any. The interval is
    /// mean ± t₀.₉₇₅(n − 1) sd / √n.
    pub fn of(values: Vec<(u64, f64)>) -> Option<Self> {
        let n = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let first = values[0].1;
        // The mean of equal values is theirs, whatever a sum is rounded to.
        let mean = match values.iter().all(|(_, value)| *value == first) {
            true => first,
            false => values.iter().map(|(_, value)| value).sum::<f64>() / n,
        };
        let squares: f64 = values.iter().map(|(_, value)| (value - mean).powi(2)).sum();
        let sd = (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt());
        let half_width = sd.and_then(|sd| Some(t_975(n - 1.0)? * sd / n.sqrt()));
        Some(Self { values, mean, sd, half_width })
    }
}

/// The 0.975 quantile of Student's t with `freedom` degrees of freedom, ≥ 1.
fn t_975(freedom: f64) -> Option<f64> {
    t_quantile(0.975, freedom as usize)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::sample;
    use super::*;

    fn of(values: &[f64]) -> Statistics {
        Statistics::of(values.iter().map(|value| (0, *value)).collect()).unwrap()
    }

    #[test]
    fn equal_values_have_no_spread() {
        let found = of(&[0.95, 0.95, 0.95]);
        assert_eq!((found.mean, found.sd, found.half_width), (0.95, Some(0.0), Some(0.0)));
    }

    fn close(value: f64, expected: f64) -> bool {
        // Both series are iterated to convergence, and agree to 1e-10.
        (value - expected).abs() <= 1e-9 * expected.abs()
    }

    #[test]
    fn t_quantiles_are_those_of_the_closed_forms_and_of_scipy() {
        // n = 2: tan(0.475 π). n = 3: 0.95 √(2 / 0.0975).
        assert!(close(t_975(1.0).unwrap(), (0.475 * std::f64::consts::PI).tan()));
        assert!(close(t_975(2.0).unwrap(), 0.95 * (2.0f64 / 0.0975).sqrt()));
        // scipy 1.17.1: `[t.ppf(.975, n - 1) for n in (4, 5, 10, 30)]`
        for (freedom, expected) in [
            (3.0, 3.1824463052837078),
            (4.0, 2.7764451051977934),
            (9.0, 2.262157162798205),
            (29.0, 2.045229642132703),
        ] {
            assert!(close(t_975(freedom).unwrap(), expected), "{freedom}");
        }
    }

    #[test]
    fn the_interval_of_one_two_three_is_that_of_the_hand() {
        let one = of(&[1.0, 2.0, 3.0]);
        assert_eq!((one.mean, one.sd), (2.0, Some(1.0)));
        assert!(close(one.half_width.unwrap(), 4.302652729911275 / 3f64.sqrt()));
        // scipy 1.17.1: `t.interval(.95, 3, loc=mean(x), scale=sem(x))`
        let two = of(&[0.94, 0.95, 0.9525, 0.961]);
        assert!(close(two.mean - two.half_width.unwrap(), 0.9371195070420084));
        assert!(close(two.mean + two.half_width.unwrap(), 0.9646304929579914));
    }

    #[test]
    fn a_single_seed_has_no_spread_and_equal_seeds_have_none_either() {
        let one = of(&[0.5]);
        assert_eq!((one.mean, one.sd, one.half_width), (0.5, None, None));
        assert_eq!(of(&[0.5, 0.5]).half_width, Some(0.0));
        assert_eq!(Statistics::of(Vec::new()), None);
    }

    #[test]
    fn diverged_trials_are_counted_and_no_part_of_a_mean() {
        let cells = cells(&sample::results());
        let counts: Vec<_> = cells.iter().map(|c| (c.seeds.len(), c.diverged)).collect();
        assert_eq!(counts, [(3, 0), (2, 1), (2, 2)]);
        let accuracy = &cells[1].metrics["clf/accuracy"];
        assert_eq!(accuracy.values, [(0, 0.75)]);
        assert_eq!(cells[0].metrics["error/auroc/energy"].values, [(0, 0.75), (2, 0.5)]);
        assert!(cells[2].metrics.is_empty());
        assert_eq!(cells[2].finished(), 0);
    }

    #[test]
    fn cells_that_differ_only_in_their_evaluation_are_told_apart() {
        let mut results = sample::results();
        for (place, trial) in results.trials.iter_mut().enumerate() {
            trial.cell = sample::cell_id(0);
            trial.values.push(serde_json::json!(place % 2));
        }
        assert_eq!(cells(&results).len(), 6);
    }
}
