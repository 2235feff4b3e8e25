//! The table of how samples compare with real images, each number with its
//! conditions.

use jem_core::results::SampleScore;
use jem_core::spec::show_value;

use super::content::Table;
use super::number::{interval, plain};
use super::view::View;
use crate::table::{CellResult, Statistics};

/// Fréchet distances and Inception Scores, each with its conditions; no rows
/// where none was measured.
pub(super) fn samples_table(view: &View<'_>) -> Table {
    let own = ["source", "extractor", "n", "selection", "reference", "Fréchet distance"];
    let more = ["Inception Score", "seen as asked", "neighbour distance", "seeds"];
    let head = own.into_iter().chain(more).map(str::to_owned);
    let mut table = Table {
        title: "Samples against real images".to_owned(),
        note: String::new(),
        head: view.names.iter().cloned().chain(head).collect(),
        rows: Vec::new(),
    };
    let mut what: Vec<String> = Vec::new();
    for cell in view.cells {
        let Some((known, _)) = view.trials_of(cell).find_map(|trial| trial.generation.as_ref())
        else {
            continue;
        };
        for used in &known.extractors {
            let accuracy = cell.metrics.get(&format!("samples/extractor_accuracy/{}", used.name));
            let right = accuracy.map(|a| format!(", test accuracy {}", plain(a.mean)));
            let text = format!(
                "{}: {}; {} features{}",
                used.name,
                used.what,
                used.features,
                right.unwrap_or_default()
            );
            if !what.contains(&text) {
                what.push(text);
            }
        }
        table.rows.extend(known.scores.iter().map(|score| row(cell, score)));
    }
    table.note = format!(
        "Both numbers rest on the extractor, the reference and n, and compare with none of another. \
         A Fréchet distance is too large by an amount that falls with n, and an Inception Score \
         too small, so rows of different n do not compare either: `real`, real images of the other split, is what a perfect model \
         would have at the n of that row. Where n, or the number of images of the reference, is not \
         above the number of features, the covariance has no full rank and the distance is \
         undefined. The Inception Score is over one split, between 1 and the \
         number of classes. Seen as asked: the share of conditional samples that the extractor, a \
         classifier that knows nothing of the model, takes for their class. Neighbour distance: \
         the mean L2 distance, over pixels in [0, 1], to the nearest training image. {}",
        what.iter().map(|text| format!("{text}.")).collect::<Vec<_>>().join(" ")
    );
    table
}

fn row(cell: &CellResult, score: &SampleScore) -> Vec<String> {
    let metric = |family: &str| {
        cell.metrics.get(&format!("samples/{family}/{}/{}", score.source, score.extractor))
    };
    let or_none = |found: Option<&Statistics>| found.map_or_else(|| "–".to_owned(), interval);
    let shown = |family: &str| or_none(metric(family));
    let (source, extractor) = (&score.source, &score.extractor);
    let asked = format!("samples/conditional_agreement/{extractor}");
    let asked = cell.metrics.get(&asked).filter(|_| source == "conditional");
    let neighbour = cell.metrics.get(&format!("samples/neighbour_distance/{source}"));
    let n = match score.n == score.of {
        true => score.n.to_string(),
        false => format!("{} of {}", score.n, score.of),
    };
    let distance = match score.rank_deficient {
        true => format!("undefined: n is not above {} features", score.features),
        false => shown("frechet"),
    };
    let either = metric("frechet").or_else(|| metric("inception_score"));
    let seeds = either.map_or(0, |statistics| statistics.values.len());
    let own = [
        score.source.clone(),
        score.extractor.clone(),
        n,
        score.selection.clone(),
        format!("{} {}", score.n_reference, score.reference),
        distance,
        shown("inception_score"),
        or_none(asked),
        or_none(neighbour),
        seeds.to_string(),
    ];
    let values = cell.values.iter().map(|value| match value.is_null() {
        true => "–".to_owned(),
        false => show_value(value),
    });
    values.chain(own).collect()
}

#[cfg(test)]
mod tests {
    use jem_core::arrays::Arrays;
    use jem_core::results::{ExtractorUsed, Generation};

    use super::*;
    use crate::report::fixture;
    use crate::table::{Results, cells};

    fn results() -> Results {
        let mut results = fixture::results();
        let score = SampleScore {
            source: "fresh".to_owned(),
            extractor: "classifier".to_owned(),
            n: 30,
            of: 100,
            selection: "most confident".to_owned(),
            reference: "train".to_owned(),
            n_reference: 200,
            features: 64,
            rank_deficient: true,
            frechet: Some(2.0),
            inception_score: None,
        };
        let known = Generation {
            extractors: vec![ExtractorUsed {
                name: "classifier".to_owned(),
                what: "a CNN".to_owned(),
                features: 64,
                accuracy: Some(0.9),
            }],
            scores: vec![score],
            ..Generation::default()
        };
        for trial in results.trials.iter_mut().filter(|trial| trial.values[0] == 0.1) {
            trial.generation = Some((known.clone(), Arrays::default()));
            let values = [("frechet/fresh", 2.0), ("extractor_accuracy", 0.9)];
            trial
                .metrics
                .extend(values.map(|(path, value)| (format!("samples/{path}/classifier"), value)));
        }
        results
    }

    #[test]
    fn every_score_stands_with_its_conditions() {
        let results = results();
        let of = cells(&results);
        let table = samples_table(&View::new(&results, &of));
        assert!(table.note.contains("classifier: a CNN; 64 features, test accuracy 0.9000."));
        let row = &table.rows[0][1..];
        let text = [
            "fresh",
            "classifier",
            "30 of 100",
            "most confident",
            "200 train",
            "undefined: n is not above 64 features",
            "–",
            "–",
            "–",
            "3",
        ];
        assert_eq!(row, text);
        assert_eq!(table.head.len(), table.rows[0].len());
        let bare = fixture::results();
        let others = cells(&bare);
        assert!(samples_table(&View::new(&bare, &others)).rows.is_empty());
    }
}
