//! Which setting of a score is used.

use jem_core::results::{ChosenScore, TriedScore};

use super::{Marks, Scorer, Setting};
use crate::eval::metric::detection;

/// The best setting of each of `scorers` by its mean AUROC over the validation
/// sets, told from `id`, the first of equals; the first where there is no such
/// set or none of them has a value. Gives their places, and what was tried.
pub fn tuned(
    scorers: &[Scorer],
    id: Option<&Marks>,
    validation: &[Marks],
) -> Vec<(usize, ChosenScore)> {
    let one = |(place, scorer): (usize, &Scorer)| {
        let values: Vec<Option<f64>> = (0..scorer.settings.len())
            .map(|setting| {
                let id = id?.own.get(place)?.get(setting)?;
                mean(validation.iter().map(|set| auroc(id, set.own.get(place)?.get(setting)?)))
            })
            .collect();
        chosen(scorer.kind.name(), &scorer.settings, &values)
    };
    scorers.iter().enumerate().map(one).collect()
}

/// The place of the first best of `values`, one for each of `settings`.
fn chosen(name: &str, settings: &[Setting], values: &[Option<f64>]) -> (usize, ChosenScore) {
    let found = values.iter().enumerate().filter_map(|(place, value)| Some((place, (*value)?)));
    let best = found.reduce(|best, one| if one.1 > best.1 { one } else { best });
    let place = best.map_or(0, |(place, _)| place);
    let tried = settings
        .iter()
        .zip(values)
        .map(|(setting, auroc)| TriedScore { values: setting.clone(), auroc: *auroc });
    let tuned = best.is_some() && settings.len() > 1;
    let score = ChosenScore {
        score: name.to_owned(),
        chosen: settings.get(place).cloned().unwrap_or_default(),
        tuned,
        tried: if tuned { tried.collect() } else { Vec::new() },
    };
    (place, score)
}

fn auroc(id: &[f64], ood: &[f64]) -> Option<f64> {
    Some(detection(id, ood).ok()?.auroc)
}

/// None where there are no values, or one is missing.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values = values.collect::<Option<Vec<f64>>>()?;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_best_is_chosen_and_all_that_were_tried_are_told() {
        let settings: Vec<Setting> =
            [1.0, 2.0, 3.0, 4.0].map(|k| vec![("k".to_owned(), k)]).to_vec();
        let values = [Some(0.5), None, Some(0.75), Some(0.75)];
        let (place, score) = chosen("knn", &settings, &values);
        assert_eq!((place, score.tuned, score.tried.len()), (2, true, 4));
        assert_eq!(score.chosen, [("k".to_owned(), 3.0)]);
        let (place, score) = chosen("knn", &settings, &[None; 4]);
        assert_eq!((place, score.tuned, score.tried.len()), (0, false, 0));
        // With a single setting nothing is chosen.
        assert!(!chosen("vim", &settings[..1], &[Some(0.9)]).1.tuned);
    }

    #[test]
    fn a_mean_needs_all_of_its_values() {
        assert_eq!(mean([Some(0.5), Some(1.0)].into_iter()), Some(0.75));
        assert_eq!(mean([Some(0.5), None].into_iter()), None);
        assert_eq!(mean([].into_iter()), None);
    }
}
