//! Where results are missing, in words.

use serde_json::Value;

use super::Results;

/// The most cells that are named, and the most seeds of each.
const MOST: (usize, usize) = (12, 12);

impl Results {
    /// The trials without a result by cell, `λ = 10 (seeds 1, 2)`, where `label`
    /// gives the first part; of many cells the first, and how many more there
    /// are. None where nothing is missing.
    pub fn missing_told(&self, label: impl Fn(&[Value]) -> String) -> Option<String> {
        let mut cells: Vec<(&[Value], Vec<u64>)> = Vec::new();
        for trial in &self.missing {
            match cells.iter_mut().find(|(values, _)| *values == trial.values) {
                Some((_, seeds)) => seeds.push(trial.seed),
                None => cells.push((&trial.values, vec![trial.seed])),
            }
        }
        let told = |(values, seeds): &(&[Value], Vec<u64>)| {
            let seeds = seeds_told(seeds);
            match values.is_empty() {
                true => seeds,
                false => format!("{} ({seeds})", label(values)),
            }
        };
        let mut places: Vec<String> = cells.iter().take(MOST.0).map(told).collect();
        if cells.len() > MOST.0 {
            let more = &cells[MOST.0..];
            let trials: usize = more.iter().map(|(_, seeds)| seeds.len()).sum();
            places.push(format!("and {trials} more in {} more cells", more.len()));
        }
        (!places.is_empty()).then(|| places.join("; "))
    }
}

/// `seed 1`, `seeds 0, 2`.
fn seeds_told(seeds: &[u64]) -> String {
    let shown: Vec<String> = seeds.iter().take(MOST.1).map(u64::to_string).collect();
    let more = match seeds.len().saturating_sub(MOST.1) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let word = if seeds.len() == 1 { "seed" } else { "seeds" };
    format!("{word} {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{MissingTrial, sample};
    use super::*;

    fn told(missing: Vec<MissingTrial>) -> Option<String> {
        let results = Results { missing, ..sample::results() };
        results.missing_told(|values| format!("λ = {}", values[0]))
    }

    fn at(lambda: f64, seed: u64) -> MissingTrial {
        MissingTrial { values: vec![json!(lambda)], seed }
    }

    #[test]
    fn cells_and_seeds_are_named() {
        let missing = vec![at(0.5, 1), at(0.5, 2), at(10.0, 0)];
        assert_eq!(told(missing).as_deref(), Some("λ = 0.5 (seeds 1, 2); λ = 10.0 (seed 0)"));
        assert_eq!(told(Vec::new()), None);
        let unswept = vec![MissingTrial { values: Vec::new(), seed: 4 }];
        assert_eq!(told(unswept).as_deref(), Some("seed 4"));
    }

    #[test]
    fn of_many_the_first_are_named_and_the_others_counted() {
        let missing = (0..20u32).flat_map(|cell| [at(f64::from(cell), 0), at(f64::from(cell), 1)]);
        let told = told(missing.collect()).unwrap_or_default();
        assert!(told.ends_with("λ = 11.0 (seeds 0, 1); and 16 more in 8 more cells"), "{told}");
        assert_eq!(seeds_told(&(0..20).collect::<Vec<u64>>()).matches(',').count(), 11);
    }
}
