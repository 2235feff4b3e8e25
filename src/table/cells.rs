//! Trials by cell, and statistics over the seeds of each.

use std::collections::{BTreeMap, HashMap};

use jem_core::metric::{Counted, Range, counted, range};

use super::interval::{FEWEST, Interval, Sample, half_width};
use super::{CellResult, Results, Statistics, TrialResult};

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
        .iter()
        .filter_map(|(path, own)| {
            let found = Statistics::within(own.clone(), range(path), sample(path, &values))?;
            Some(((*path).to_owned(), found))
        })
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

/// What each seed counted the share at `path` from, the least of all seeds; none
/// where that is not known.
fn sample(path: &str, values: &BTreeMap<&str, Vec<(u64, f64)>>) -> Option<Sample> {
    let least = |path: &str| {
        let n = values.get(path)?.iter().map(|(_, n)| *n).reduce(f64::min)?;
        Some(n as u64)
    };
    match counted(path)? {
        Counted::Inputs(n) => Some(Sample::Inputs(least(&n)?)),
        Counted::Pairs(id, ood) => Some(Sample::Pairs(least(&id)?.min(least(&ood)?))),
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
        Statistics::within(values.copied().collect(), range(path), None)
    }
}

impl Statistics {
    /// The statistics of seed and value of what has no bounds, such as a
    /// difference; none without any value.
    pub fn of(values: Vec<(u64, f64)>) -> Option<Self> {
        Self::within(values, Range::Any, None)
    }

    /// The statistics of seed and value of a share, probability or AUROC.
    pub fn of_shares(values: Vec<(u64, f64)>) -> Option<Self> {
        Self::within(values, Range::UNIT, None)
    }

    /// The statistics of seed and value of a metric with this range. Where all
    /// seeds agree, the interval is that of the `sample` of one.
    fn within(values: Vec<(u64, f64)>, range: Range, sample: Option<Sample>) -> Option<Self> {
        let n = values.len();
        let first = values.first()?.1;
        // The mean of equal values is theirs, whatever a sum is rounded to.
        let agree = values.iter().all(|(_, value)| *value == first);
        let mean = match agree {
            true => first,
            false => values.iter().map(|(_, value)| value).sum::<f64>() / n as f64,
        };
        let squares: f64 = values.iter().map(|(_, value)| (value - mean).powi(2)).sum();
        let sd = (n > 1).then(|| (squares / (n as f64 - 1.0)).sqrt());
        let interval = match (agree, sample) {
            (true, Some(sample)) if n >= FEWEST => Interval::where_all_agree(mean, sample),
            _ => sd.and_then(|sd| Interval::over_seeds(n, mean, sd, range)),
        };
        let unbounded = sd.filter(|_| range == Range::Any);
        let half_width = unbounded.and_then(|sd| half_width(n, sd));
        Some(Self { values, mean, sd, half_width, interval })
    }

    /// A mean of unknown values with this half width.
    #[cfg(test)]
    pub(crate) fn around(mean: f64, half_width: Option<f64>) -> Self {
        let around =
            |half: f64| Interval { low: mean - half, high: mean + half, method: super::Method::T };
        let interval = half_width.filter(|half| *half > 0.0).map(around);
        Self { values: Vec::new(), mean, sd: None, half_width, interval }
    }

    /// The statistics of 1 less the share: of the errors, where this is of what
    /// is right.
    pub fn of_the_others(&self) -> Self {
        let values = self.values.iter().map(|(seed, value)| (*seed, 1.0 - value)).collect();
        let turned = |one: Interval| Interval { low: 1.0 - one.high, high: 1.0 - one.low, ..one };
        Self { values, mean: 1.0 - self.mean, interval: self.interval.map(turned), ..self.clone() }
    }

    /// The lowest and the highest value, where there are several and too few for
    /// an interval.
    pub fn range_of_few(&self) -> Option<(f64, f64)> {
        let few = (2..FEWEST).contains(&self.values.len());
        few.then(|| self.ends())
    }

    /// The lowest and the highest value.
    pub fn ends(&self) -> (f64, f64) {
        let values = || self.values.iter().map(|(_, value)| *value);
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    }
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
    fn equal_values_have_no_spread_and_no_interval() {
        let found = of(&[0.95, 0.95, 0.95]);
        assert_eq!((found.mean, found.sd, found.half_width), (0.95, Some(0.0), Some(0.0)));
        assert_eq!(found.interval, None);
    }

    #[test]
    fn the_interval_of_one_two_three_is_that_of_the_hand() {
        let one = of(&[1.0, 2.0, 3.0]);
        assert_eq!((one.mean, one.sd), (2.0, Some(1.0)));
        let half = 4.302652729911275 / 3f64.sqrt();
        assert!((one.half_width.unwrap() - half).abs() < 1e-9);
        assert!((one.interval.unwrap().half() - half).abs() < 1e-9);
    }

    #[test]
    fn few_seeds_have_their_range_and_no_interval() {
        let one = of(&[0.5]);
        assert_eq!((one.mean, one.sd, one.half_width), (0.5, None, None));
        assert_eq!((one.interval, one.range_of_few()), (None, None));
        let two = of(&[0.75, 0.5]);
        assert_eq!((two.interval, two.range_of_few()), (None, Some((0.5, 0.75))));
        assert!(two.half_width.is_some(), "of a difference of two pairs");
        assert_eq!(of(&[0.5, 0.75, 1.0]).range_of_few(), None);
        assert_eq!(Statistics::of(Vec::new()), None);
    }

    /// What is left of a share is as sure as the share.
    #[test]
    fn errors_have_the_interval_of_what_is_right_turned_round() {
        let values = vec![(0, 0.9), (1, 0.95), (2, 0.97)];
        let right = Statistics::of_shares(values).unwrap();
        let (wrong, of_right) = (right.of_the_others(), right.interval.unwrap());
        let interval = wrong.interval.unwrap();
        assert_eq!((interval.low, interval.high), (1.0 - of_right.high, 1.0 - of_right.low));
        assert!((wrong.mean - 0.06).abs() < 1e-12 && (wrong.values[0].1 - 0.1).abs() < 1e-12);
        assert_eq!(right.half_width, None);
    }

    /// A cell of three seeds that agree on `value` at `path`, which was counted
    /// from `n` inputs.
    fn agreeing(path: &str, value: f64, n: &[(&str, f64)]) -> Option<Interval> {
        let mut results = sample::results();
        for trial in &mut results.trials[..3] {
            trial.metrics.insert(path.to_owned(), value);
            trial.metrics.extend(n.iter().map(|(path, n)| ((*path).to_owned(), *n)));
        }
        cells(&results)[0].metrics[path].interval
    }

    #[test]
    fn a_counted_share_has_an_interval_where_all_seeds_agree() {
        let attacked = "adversarial/accuracy/linf/pgd/0.3";
        let found = agreeing(attacked, 0.0, &[("adversarial/n", 500.0)]).unwrap();
        assert_eq!((found.low, (found.high * 1e4).round()), (0.0, 76.0));
        assert_eq!(agreeing(attacked, 0.0, &[]), None, "of an unknown number of images");
        let sizes = [("ood/n_id/kmnist", 2000.0), ("ood/n_ood/kmnist", 500.0)];
        let auroc = agreeing("ood/auroc/kmnist/energy", 1.0, &sizes).unwrap();
        // scipy: binomtest(500, 500).proportion_ci(method="exact").low
        assert!((auroc.low - 0.992649).abs() < 1e-6 && auroc.high == 1.0, "{auroc:?}");
        assert_eq!(agreeing("clf/nll", 0.5, &[("clf/n", 500.0)]), None);
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
