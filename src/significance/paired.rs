//! One comparison: differences by seed.

use super::student;

/// The differences of two quantities over the seeds that both have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paired {
    /// Seed and difference, by rising seed.
    differences: Vec<(u64, f64)>,
    /// The same on the scale of the test, where that is another.
    tested: Option<Vec<(u64, f64)>>,
}

impl Paired {
    /// `one` less `other` over the seeds that both have, each at most once.
    pub fn of(one: &[(u64, f64)], other: &[(u64, f64)]) -> Self {
        let shared = shared(one, other);
        Self::from_differences(shared.map(|(seed, one, other)| (seed, one - other)).collect())
    }

    /// `one` less `other`, both shares, tested as differences of their logits:
    /// for a share near an end against one that does not vary over seeds, whose
    /// differences are skewed as they are. Where a share is 0 or 1, they are
    /// tested as they are.
    pub fn of_logits(one: &[(u64, f64)], other: &[(u64, f64)]) -> Self {
        let mut found = Self::of(one, other);
        let logit = |share: f64| (share / (1.0 - share)).ln();
        let pairs = shared(one, other);
        let mut logits: Vec<(u64, f64)> =
            pairs.map(|(seed, one, other)| (seed, logit(one) - logit(other))).collect();
        logits.sort_by_key(|(seed, _)| *seed);
        if logits.iter().all(|(_, value)| value.is_finite()) {
            found.tested = Some(logits);
        }
        found
    }

    /// `one` less the same `constant` in every seed.
    pub fn against(one: &[(u64, f64)], constant: f64) -> Self {
        Self::from_differences(one.iter().map(|(seed, value)| (*seed, value - constant)).collect())
    }

    /// Differences as they are, each with its seed.
    pub fn from_differences(mut differences: Vec<(u64, f64)>) -> Self {
        differences.retain(|(_, value)| value.is_finite());
        differences.sort_by_key(|(seed, _)| *seed);
        Self { differences, tested: None }
    }

    /// The differences on the scale on which they are tested.
    pub(super) fn on_scale_of_test(&self) -> Self {
        let differences = self.tested.clone().unwrap_or_else(|| self.differences.clone());
        Self { differences, tested: None }
    }

    /// For each seed that all of `several` have, the mean of their differences;
    /// those without any seed are left out.
    pub fn mean_of(several: &[Self]) -> Self {
        let some: Vec<&Self> = several.iter().filter(|one| one.n() > 0).collect();
        let Some(first) = some.first() else { return Self::default() };
        let mean = |of: &[Self]| -> Vec<(u64, f64)> {
            let at = |seed: u64| {
                let sum = of.iter().map(|one| one.at(seed)).sum::<Option<f64>>()?;
                Some((seed, sum / of.len() as f64))
            };
            first.differences.iter().filter_map(|(seed, _)| at(*seed)).collect()
        };
        let scales: Vec<Self> = some.iter().map(|one| one.on_scale_of_test()).collect();
        let plain: Vec<Self> =
            some.iter().map(|one| Self { tested: None, ..(*one).clone() }).collect();
        // Only differences on one scale have a mean on it.
        let tested = some.iter().all(|one| one.tested.is_some()).then(|| mean(&scales));
        Self { differences: mean(&plain), tested }
    }

    /// How many seeds are shared.
    pub fn n(&self) -> usize {
        self.differences.len()
    }

    /// Seed and difference, by rising seed.
    pub fn differences(&self) -> &[(u64, f64)] {
        &self.differences
    }

    /// The mean difference; none without a shared seed.
    pub fn mean(&self) -> Option<f64> {
        let (_, first) = self.differences.first()?;
        // The mean of equal values is theirs, whatever a sum is rounded to.
        match self.is_constant() {
            true => Some(*first),
            false => Some(self.values().sum::<f64>() / self.n() as f64),
        }
    }

    /// The standard error of the mean; none for fewer than two seeds.
    pub fn standard_error(&self) -> Option<f64> {
        let (n, mean) = (self.n() as f64, self.mean()?);
        if self.n() < 2 {
            return None;
        }
        if self.is_constant() {
            return Some(0.0);
        }
        let squares: f64 = self.values().map(|value| (value - mean).powi(2)).sum();
        Some((squares / (n - 1.0) / n).sqrt())
    }

    /// Half the width of the 95 % t interval of the mean, with n − 1 degrees of
    /// freedom; none for fewer than two seeds.
    pub fn half_width(&self) -> Option<f64> {
        let freedom = self.n().checked_sub(1)?;
        Some(student::quantile(0.975, freedom)? * self.standard_error()?)
    }

    /// The mean in standard errors; 0 where every difference is 0, infinite
    /// where all are equal and another value.
    pub fn t(&self) -> Option<f64> {
        let (mean, error) = (self.mean()?, self.standard_error()?);
        Some(if mean == 0.0 { 0.0 } else { mean / error })
    }

    /// Whether every difference is 0.
    pub fn is_zero(&self) -> bool {
        self.values().all(|value| value == 0.0)
    }

    /// Whether all differences are equal, but for the rounding of a subtraction
    /// of numbers in [−1, 1].
    pub fn is_constant(&self) -> bool {
        const ROUNDING: f64 = 4.0 * f64::EPSILON;
        let Some((_, first)) = self.differences.first() else { return true };
        self.values().all(|value| (value - first).abs() <= ROUNDING * first.abs().max(1.0))
    }

    fn at(&self, seed: u64) -> Option<f64> {
        let known = self.differences.binary_search_by_key(&seed, |(own, _)| *own).ok()?;
        Some(self.differences[known].1)
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.differences.iter().map(|(_, value)| *value)
    }
}

/// The seeds that both have, with both values.
fn shared<'v>(
    one: &'v [(u64, f64)],
    other: &'v [(u64, f64)],
) -> impl Iterator<Item = (u64, f64, f64)> + 'v {
    let partner = move |seed: u64| other.iter().find(|(own, _)| *own == seed).map(|(_, v)| *v);
    one.iter().filter_map(move |(seed, value)| Some((*seed, *value, partner(*seed)?)))
}
