//! Out-of-distribution scores side by side: a row for each, which has the
//! highest mean on which set, and what their hyper-parameters were chosen on.

use super::standing::{Standing, highest, standings};
use crate::report::content::{Finding, Table};
use crate::report::label::marked_score;
use crate::report::number::{counted, interval, listed};
use crate::report::view::View;

/// Cells that have a table each; of more the one with the highest mean has.
const MOST_CELLS: usize = 3;

/// A table for each cell, or for the cell with the highest mean, and of
/// several cells which score has the highest mean in each; none where nothing
/// but scores of logits was measured.
pub fn scores(view: &View<'_>) -> Vec<Table> {
    let standings = standings(view);
    let mut tables = Vec::new();
    if standings.len() > 1 {
        tables.push(by_cell(view, &standings));
    }
    match highest(&standings) {
        Some(best) if standings.len() > MOST_CELLS => tables.push(of_cell(view, best, true)),
        _ => tables.extend(standings.iter().map(|one| of_cell(view, one, false))),
    }
    tables
}

/// The scores with the highest means where the highest of all is: values, and
/// from how many they were selected.
pub(super) fn finding(view: &View<'_>) -> Finding {
    let standings = standings(view);
    let mut text = String::new();
    if let Some(best) = highest(&standings) {
        let column = best.columns.len() - 1;
        let order = best.order();
        let with = |score: &String| {
            let value = best.value(score, column).map(interval).unwrap_or_default();
            format!("{} {value}", marked_score(score))
        };
        let mut shown: Vec<String> = order.iter().take(3).map(with).collect();
        let energy = order.iter().position(|score| score == "energy").filter(|rank| *rank > 2);
        shown.extend(energy.map(|rank| with(&order[rank])));
        let (place, settings) = match standings.len() {
            1 => (String::new(), String::new()),
            n => (format!(" {}", view.label(best.cell)), format!(" and {n} settings")),
        };
        text = format!(
            "Mean AUROC over {}{place}: {}. Selected from {}{settings} on these test sets, so \
             optimistic; no test.",
            best.over(),
            listed(&shown),
            counted(order.len(), "score"),
        );
    }
    Finding { about: "Highest scores".to_owned(), text, claims: Vec::new() }
}

/// All scores of one cell.
fn of_cell(view: &View<'_>, standing: &Standing<'_>, best_of_several: bool) -> Table {
    let title = match (view.cells.len() > 1, best_of_several) {
        (false, _) => "OOD scores".to_owned(),
        (_, false) => format!("OOD scores, {}", view.label(standing.cell)),
        _ => format!("OOD scores where the highest is found, {}", view.label(standing.cell)),
    };
    let row = |score: &String| {
        let values = (0..standing.columns.len()).map(|column| standing.shown(score, column));
        let own = [marked_score(score)];
        own.into_iter().chain(values).chain([standing.settings(score)]).collect()
    };
    let heads = standing.columns.iter().map(|column| column.head.clone());
    Table {
        title,
        note: standing.note(),
        head: std::iter::once("score".to_owned())
            .chain(heads)
            .chain(["hyper-parameters".to_owned()])
            .collect(),
        rows: standing.order().iter().map(row).collect(),
    }
}

/// The score with the highest mean in each cell and column.
fn by_cell(view: &View<'_>, standings: &[Standing<'_>]) -> Table {
    let mut heads: Vec<String> = Vec::new();
    for column in standings.iter().flat_map(|one| &one.columns) {
        if !heads.contains(&column.head) {
            heads.push(column.head.clone());
        }
    }
    let highest = |one: &Standing<'_>, head: &String| {
        let column = one.columns.iter().position(|column| column.head == *head)?;
        let values = one.scores.iter().filter_map(|score| Some((score, one.value(score, column)?)));
        let (score, found) = values.reduce(|a, b| if b.1.mean > a.1.mean { b } else { a })?;
        Some(format!("{} {}", marked_score(score), one.with_interval(found, score, column)))
    };
    let row = |one: &Standing<'_>| {
        let values = heads.iter().map(|head| highest(one, head).unwrap_or("–".to_owned()));
        std::iter::once(view.label(one.cell)).chain(values).collect()
    };
    let scores = standings.iter().map(|one| one.scores.len()).max().unwrap_or(0);
    let note = format!(
        "The score with the highest mean AUROC in each cell, and that AUROC; the first of equals. \
         Selected from {} on the same images, so optimistic; no test.",
        counted(scores, "score")
    );
    Table {
        title: "OOD scores: highest mean in each cell".to_owned(),
        note,
        head: std::iter::once(view.x_name().to_owned()).chain(heads.clone()).collect(),
        rows: standings.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{results, unswept};
    use crate::table::{Results, cells};
    use jem_core::metric::TrivialScore;
    use jem_core::results::{ChosenScore, OodScores};

    /// The results with two scores more, KNN the best of all on one of two
    /// sets.
    fn with_scores(mut results: Results, tuned: bool) -> Results {
        for trial in results.trials.iter_mut().filter(|trial| !trial.metrics.is_empty()) {
            for (set, score, value) in [
                ("fashion-mnist", "knn", 0.99),
                ("uniform-noise", "knn", 0.96),
                ("fashion-mnist", "vim", 0.5),
                ("uniform-noise", "vim", 0.5),
            ] {
                let own = value + 0.001 * trial.seed as f64;
                trial.metrics.insert(format!("ood/auroc/{set}/{score}"), own);
                let low = value - 0.0625 + 0.001 * trial.seed as f64;
                trial.metrics.insert(format!("ood/auroc_low/{set}/{score}"), low);
                trial.metrics.insert(format!("ood/auroc_high/{set}/{score}"), value + 0.0078125);
            }
            let chosen = |score: &str, values: &[(&str, f64)], tuned| ChosenScore {
                score: score.to_owned(),
                chosen: values.iter().map(|(name, v)| ((*name).to_owned(), *v)).collect(),
                tuned,
                tried: Vec::new(),
            };
            let k = if trial.seed == 1 { 10.0 } else { 50.0 };
            trial.parts.scores = Some(OodScores {
                n_train: 2000,
                dimensions: 64,
                bootstrap: 1000,
                tuned_on: if tuned { vec!["interpolation".to_owned()] } else { Vec::new() },
                told_from: "held-out".to_owned(),
                scores: vec![
                    chosen("knn", &[("k", if tuned { k } else { 50.0 })], tuned),
                    chosen("vim", &[("share", 0.5)], false),
                ],
            });
        }
        results
    }

    fn tables(results: &Results) -> Vec<Table> {
        let cells = cells(results);
        scores(&View::new(results, &cells))
    }

    #[test]
    fn one_trial_has_the_interval_of_its_bootstrap_and_a_star_where_it_is_ahead() {
        let one = unswept(|trial| trial.values[0] == 0.1 && trial.seed == 0);
        let tables = tables(&with_scores(one, false));
        assert_eq!(tables.len(), 1);
        let table = &tables[0];
        assert_eq!(
            table.head,
            ["score", "fashion-mnist", "uniform-noise", "mean of the sets", "hyper-parameters"]
        );
        let knn = table.rows.iter().find(|row| row[0] == "KNN").expect("it has a row");
        assert_eq!(knn[1], "0.9900 [0.9275, 0.9978] ★");
        assert_eq!((knn[3].as_str(), knn[4].as_str()), ("0.9750 ★", "k = 50, not tuned"));
        assert_eq!(table.rows[0][0], "KNN", "the highest mean comes first");
        let last = table.rows.iter().find(|row| row[0] == "entropy").expect("it has a row");
        assert_eq!(last[2], "–", "a set on which a score was not measured");
        assert!(table.note.contains("not tuned: the first value of each list"), "{}", table.note);
        assert!(table.note.contains("1000 bootstrap resamples"), "{}", table.note);
    }

    #[test]
    fn seeds_that_chose_other_values_say_so_and_what_they_chose_on() {
        let cell = unswept(|trial| trial.values[0] == 0.1);
        let tables = tables(&with_scores(cell, true));
        let knn = tables[0].rows.iter().find(|row| row[0] == "KNN").expect("it has a row");
        assert_eq!(knn[4], "k = 50, tuned (seed 0, 2); k = 10, tuned (seed 1)");
        let vim = tables[0].rows.iter().find(|row| row[0] == "ViM").expect("it has a row");
        assert_eq!(vim[4], "share = 0.5, given");
        // Beside the interval over seeds, the widest ends of the bootstrap's.
        assert!(knn[1].starts_with("0.99") && knn[1].contains("; images ["), "{}", knn[1]);
        assert!(knn[1].ends_with(" [0.9275, 0.9978] ★"), "{}", knn[1]);
        let note = &tables[0].note;
        assert!(note.contains("± or [low, high] is the 95 % interval over seeds."), "{note}");
        assert!(note.contains("widest ends over seeds"), "{note}");
        assert!(note.contains("tuned by the mean AUROC of interpolation against the held-out"));
        assert!(note.contains("neither the test images nor the sets in the columns"), "{note}");
    }

    #[test]
    fn tuning_against_test_images_is_told() {
        let mut results = with_scores(unswept(|trial| trial.values[0] == 0.1), true);
        for told in results.trials.iter_mut().filter_map(|trial| trial.parts.scores.as_mut()) {
            told.told_from = "test".to_owned();
        }
        let note = &tables(&results)[0].note;
        assert!(note.contains("against the test images, as none are held out"), "{note}");
        assert!(!note.contains("played a part"), "{note}");
    }

    #[test]
    fn a_sweep_tells_who_is_ahead_in_each_cell_and_the_cell_with_the_highest() {
        let results = with_scores(results(), false);
        let tables = tables(&results);
        assert_eq!(tables.len(), 2);
        assert_eq!(tables[0].rows.len(), 7, "no cell whose trials all diverged");
        assert!(tables[0].rows.iter().all(|row| row[1].starts_with("KNN 0.99")), "{:?}", tables[0]);
        assert!(tables[1].title.starts_with("OOD scores where the highest is found, λ = "));
        let cells = cells(&results);
        let said = finding(&View::new(&results, &cells)).text;
        assert!(
            said.contains("Selected from 6 scores and 7 settings on these test sets"),
            "{said}"
        );
    }

    #[test]
    fn trivial_scores_are_rows_and_no_cell_is_chosen_by_them() {
        let mut results = results();
        for trial in results.trials.iter_mut().filter(|trial| !trial.metrics.is_empty()) {
            for set in ["fashion-mnist", "uniform-noise"] {
                for (score, value) in
                    [("lit_pixels", 0.973), ("pca_residual", 0.995), ("gaussian", 0.9999)]
                {
                    trial.metrics.insert(format!("ood/auroc/{set}/{score}"), value);
                }
            }
        }
        let tables = tables(&results);
        assert_eq!(tables.len(), 2, "without [evaluate.scores] too");
        let table = &tables[1];
        assert_eq!(table.rows[0][0], "trivial: one Gaussian");
        for name in ["trivial: lit pixels", "trivial: PCA residual", "energy"] {
            assert!(table.rows.iter().any(|row| row[0] == name), "{name}");
        }
        assert!(table.note.contains("look at the images alone"), "{}", table.note);
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        let standings = standings(&view);
        let best = highest(&standings).map(|one| view.label(one.cell));
        let of_energy = |one: &&Standing<'_>| {
            let order = one.order();
            let own = order.iter().find(|score| TrivialScore::named(score).is_none());
            own.and_then(|score| one.value(score, one.columns.len() - 1)).map(|found| found.mean)
        };
        let top = standings.iter().filter_map(|one| of_energy(&one)).fold(0.0, f64::max);
        let expected = standings.iter().find(|one| of_energy(one) == Some(top));
        assert_eq!(best, expected.map(|one| view.label(one.cell)));
    }

    #[test]
    fn without_the_part_there_is_nothing() {
        let results = results();
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        assert!(scores(&view).is_empty());
        assert!(finding(&view).text.is_empty());
    }
}
