//! The scores of one cell, ranked.

use std::collections::{BTreeMap, BTreeSet};

use jem_core::metric::TrivialScore;
use jem_core::results::{ChosenScore, OodScores};
use jem_core::spec::show_value;

use crate::report::number::{counted, interval, listed, plain};
use crate::report::view::View;
use crate::table::{CellResult, Statistics};

/// A column: what it is called, and the paths of its metrics without the score.
pub struct Column {
    /// What people read.
    pub head: String,
    /// Paths; the mean over them is meant.
    pub families: Vec<String>,
}

/// The scores of one cell.
pub struct Standing<'a> {
    /// The cell.
    pub cell: &'a CellResult,
    /// Score by score.
    pub scores: Vec<String>,
    /// Each set, near and far where they are given, all sets together.
    pub columns: Vec<Column>,
    /// By score, one for each column.
    values: BTreeMap<String, Vec<Option<Statistics>>>,
    /// Of each seed.
    told: Vec<(u64, OodScores)>,
}

/// The cells that have scores beside those of logits: of `[evaluate.scores]`, or
/// trivial ones.
pub fn standings<'a>(view: &View<'a>) -> Vec<Standing<'a>> {
    view.cells.iter().filter_map(|cell| standing(view, cell)).collect()
}

fn standing<'a>(view: &View<'a>, cell: &'a CellResult) -> Option<Standing<'a>> {
    let told: Vec<(u64, OodScores)> = view
        .trials_of(cell)
        .filter_map(|trial| Some((trial.seed, trial.parts.scores.clone()?)))
        .collect();
    let sets: Vec<String> = view
        .ood_sets()
        .into_iter()
        .filter(|set| cell.metrics.contains_key(&format!("ood/auroc/{set}/energy")))
        .collect();
    let trivial = |set: &String| {
        TrivialScore::ALL
            .iter()
            .any(|score| cell.metrics.contains_key(&format!("ood/auroc/{set}/{}", score.name())))
    };
    if sets.is_empty() || (told.is_empty() && !sets.iter().any(trivial)) {
        return None;
    }
    let family = |set: &String| format!("ood/auroc/{set}");
    let mut columns: Vec<Column> =
        sets.iter().map(|set| Column { head: set.clone(), families: vec![family(set)] }).collect();
    for group in ["near", "far"] {
        let families = vec![format!("ood/auroc_{group}")];
        if cell.metrics.contains_key(&format!("{}/energy", families[0])) {
            columns.push(Column { head: format!("{group} mean"), families });
        }
    }
    let families = sets.iter().map(family).collect();
    columns.push(Column { head: "mean of the sets".to_owned(), families });
    let scores: Vec<String> = ordered(&sets, view);
    let values = scores
        .iter()
        .map(|score| {
            let of = |column: &Column| mean_over(view, cell, &column.families, score);
            (score.clone(), columns.iter().map(of).collect())
        })
        .collect();
    Some(Standing { cell, scores, columns, values, told })
}

fn ordered(sets: &[String], view: &View<'_>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = sets.iter().flat_map(|set| view.scores(&format!("ood/auroc/{set}")));
    all.filter(|score| seen.insert(score.clone())).collect()
}

/// Over the seeds that have them all, the mean of `families` for `score`.
fn mean_over(
    view: &View<'_>,
    cell: &CellResult,
    families: &[String],
    score: &str,
) -> Option<Statistics> {
    let values = view.trials_of(cell).filter_map(|trial| {
        let value = |family: &String| trial.metrics.get(&format!("{family}/{score}")).copied();
        let sum = families.iter().map(value).sum::<Option<f64>>()?;
        Some((trial.seed, sum / families.len() as f64))
    });
    Statistics::of_shares(values.collect())
}

/// The standing whose first score of a network has the highest mean over the
/// sets; trivial scores are the same in all.
pub fn highest<'s, 'a>(standings: &'s [Standing<'a>]) -> Option<&'s Standing<'a>> {
    let top = |one: &Standing<'_>| {
        let first = one.order().into_iter().find(|one| TrivialScore::named(one).is_none())?;
        Some(one.value(&first, one.columns.len() - 1)?.mean)
    };
    let known = standings.iter().filter_map(|one| Some((one, top(one)?)));
    known.reduce(|best, one| if one.1 > best.1 { one } else { best }).map(|(one, _)| one)
}

impl Standing<'_> {
    /// The AUROC of a score in a column.
    pub fn value(&self, score: &str, column: usize) -> Option<&Statistics> {
        self.values.get(score)?.get(column)?.as_ref()
    }

    /// The scores by their mean over the sets, falling; those without one last.
    pub fn order(&self) -> Vec<String> {
        let last = self.columns.len() - 1;
        let mean =
            |score: &String| self.value(score, last).map_or(f64::NEG_INFINITY, |found| found.mean);
        let mut order = self.scores.clone();
        order.sort_by(|a, b| mean(b).total_cmp(&mean(a)));
        order
    }

    /// The sets, listed.
    pub fn over(&self) -> String {
        let sets = self.columns.iter().filter(|column| {
            column.families.len() == 1 && column.families[0].starts_with("ood/auroc/")
        });
        listed(&sets.map(|column| column.head.clone()).collect::<Vec<_>>())
    }

    /// The highest mean of a column; none where all scores are alike there.
    fn top(&self, column: usize) -> Option<f64> {
        let means: Vec<f64> =
            self.scores.iter().filter_map(|score| Some(self.value(score, column)?.mean)).collect();
        let top = means.iter().copied().reduce(f64::max)?;
        means.iter().any(|mean| *mean < top).then_some(top)
    }

    /// The AUROC with its interval, and a star on the highest of its column.
    pub fn shown(&self, score: &str, column: usize) -> String {
        let Some(found) = self.value(score, column) else { return "–".to_owned() };
        let star = if self.top(column) == Some(found.mean) { " ★" } else { "" };
        let ends = self.ends(score, column).unwrap_or_default();
        // Over several seeds there is an interval of theirs beside it.
        let of = if found.values.len() > 1 && !ends.is_empty() { "; images" } else { "" };
        format!("{}{of}{ends}{star}", interval(found))
    }

    /// Over seeds where there are several, else by the bootstrap of the one.
    pub fn with_interval(&self, found: &Statistics, score: &str, column: usize) -> String {
        let ends = if found.interval.is_none() { self.ends(score, column) } else { None };
        format!("{}{}", interval(found), ends.unwrap_or_default())
    }

    /// ` [0.9275, 0.9978]`: the lowest and the highest end, over the seeds, of
    /// the bootstrap's intervals; none where there are none.
    fn ends(&self, score: &str, column: usize) -> Option<String> {
        let [family] = &self.columns[column].families[..] else { return None };
        let set = family.strip_prefix("ood/auroc/")?;
        let end = |which: &str, wider: fn(f64, f64) -> f64| {
            let found = self.cell.metrics.get(&format!("ood/auroc_{which}/{set}/{score}"))?;
            found.values.iter().map(|(_, value)| *value).reduce(wider)
        };
        let (low, high) = (end("low", f64::min)?, end("high", f64::max)?);
        Some(format!(" [{}, {}]", plain(low), plain(high)))
    }

    /// What was chosen for `score`, and how: `k = 10, tuned`.
    pub fn settings(&self, score: &str) -> String {
        let mut by_words: Vec<(String, Vec<String>)> = Vec::new();
        for (seed, told) in &self.told {
            let Some(chosen) = told.scores.iter().find(|one| one.score == score) else { continue };
            let (words, seed) = (words(chosen, !told.tuned_on.is_empty()), seed.to_string());
            match by_words.iter_mut().find(|(known, _)| *known == words) {
                Some((_, seeds)) => seeds.push(seed),
                None => by_words.push((words, vec![seed])),
            }
        }
        match &by_words[..] {
            [] => "–".to_owned(),
            [(words, _)] => words.clone(),
            several => {
                let told = |(words, seeds): &(String, Vec<String>)| {
                    format!("{words} (seed {})", seeds.join(", "))
                };
                several.iter().map(told).collect::<Vec<_>>().join("; ")
            }
        }
    }

    /// How the table is read.
    pub fn note(&self) -> String {
        let mut said = vec![format!(
            "AUROC of each set against the test set, rows by their mean over the sets. ★ \
                 marks the highest mean of its column: selected from {} on these images, so \
                 optimistic; no test.",
            counted(self.scores.len(), "score")
        )];
        if self.scores.iter().any(|score| TrivialScore::named(score).is_some()) {
            said.push(
                "Rows called trivial look at the images alone, at no network: a score that is \
                 not above them shows nothing that the network has learnt."
                    .to_owned(),
            );
        }
        let told = self.told.first().map(|(_, told)| told);
        if let Some(told) = told {
            if self.told.len() > 1 {
                said.push("± or [low, high] is the 95 % interval over seeds.".to_owned());
            }
            match (self.told.len(), told.bootstrap) {
                (_, 0) => {}
                (1, n) => said.push(format!(
                    "In brackets the 95 % interval over {n} bootstrap resamples of both sets of \
                     images; it tells nothing of other trainings."
                )),
                (_, n) => said.push(format!(
                    "After “images” the widest ends over seeds: the lowest lower and the highest \
                     upper end of each seed's 95 % interval over {n} bootstrap resamples of both \
                     sets of images."
                )),
            }
            said.push(match told.tuned_on.is_empty() {
                true => "Hyper-parameters are not tuned: the first value of each list.".to_owned(),
                false => tuned(told),
            });
            said.push(format!(
                "KNN, Mahalanobis, ViM and ReAct look at {} features of {}.",
                told.dimensions,
                counted(told.n_train as usize, "training image")
            ));
        }
        said.join(" ")
    }
}

/// On what hyper-parameters were tuned, and what of the columns was seen there.
fn tuned(told: &OodScores) -> String {
    let on = listed(&told.tuned_on);
    if told.told_from == "test" {
        return format!(
            "Hyper-parameters are tuned by the mean AUROC of {on} against the test images, as \
             none are held out (`data.validation`). These are what the sets in the columns are \
             told from, and what made sets are made of: tuned scores look better than they are."
        );
    }
    format!(
        "Hyper-parameters are tuned by the mean AUROC of {on} against the {} images alone, of \
         which made sets are made too; neither the test images nor the sets in the columns \
         played a part.",
        told.told_from
    )
}

fn words(chosen: &ChosenScore, could_be: bool) -> String {
    let values: Vec<String> = chosen
        .chosen
        .iter()
        .map(|(name, value)| format!("{name} = {}", show_value(&(*value).into())))
        .collect();
    match (values.is_empty(), chosen.tuned, could_be) {
        (true, ..) => "–".to_owned(),
        (_, true, _) => format!("{}, tuned", values.join(", ")),
        (_, _, true) => format!("{}, given", values.join(", ")),
        _ => format!("{}, not tuned", values.join(", ")),
    }
}
