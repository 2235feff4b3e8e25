//! What happens at the largest values along x: beyond those that others have
//! published, where such results stand beside the experiment.

use jem_core::metric::label;
use jem_core::spec::Known;

use super::overlap;
use crate::report::content::Finding;
use crate::report::number::{capital, interval, listed};
use crate::report::view::{Line, Rung, View};
use crate::table::{CellResult, Statistics};

/// Values that are told where nothing is published: those at the end.
const LAST: usize = 3;
/// Values that are told one by one.
const MOST_VALUES: usize = 6;
/// Out-of-distribution sets that are told.
const MOST_SETS: usize = 3;
/// Metrics that are told beside published ones.
const MOST_BESIDE: usize = 3;

/// What is said of the published values along `line`, and of what lies beyond
/// them; of the largest values alone where none are published.
pub(super) fn findings(view: &View<'_>, line: &Line<'_>) -> Vec<Finding> {
    let cells: Vec<&CellResult> =
        line.cells.iter().copied().filter(|cell| view.x_of(cell).is_some()).collect();
    let rungs = view.rungs();
    let mut findings = beside(view, &cells, &rungs);
    findings.extend(largest(view, &cells, &rungs));
    findings
}

/// The names of systems, each once.
fn names(rungs: &[Rung<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for rung in rungs {
        if !names.contains(&rung.result.name) {
            names.push(rung.result.name.clone());
        }
    }
    names
}

/// For each system: its figures at the ends of the values that both have, and
/// ours there.
fn beside(view: &View<'_>, cells: &[&CellResult], rungs: &[Rung<'_>]) -> Vec<Finding> {
    let name = |system: &String| {
        let mut shared: Vec<(&Rung<'_>, &CellResult)> = rungs
            .iter()
            .filter(|rung| rung.result.name == *system)
            .filter_map(|rung| {
                let cell = cells.iter().find(|cell| view.x_of(cell) == Some(rung.x))?;
                Some((rung, *cell))
            })
            .collect();
        shared.sort_by(|(a, _), (b, _)| a.x.total_cmp(&b.x));
        let (first, rest) = shared.split_first()?;
        let last = rest.last()?;
        let paths = first.0.result.values.iter().map(|value| value.path.as_str());
        let said: Vec<String> =
            paths.filter_map(|path| pair(view, path, first, last)).take(MOST_BESIDE).collect();
        let result = first.0.result;
        let doubt = if result.known == Known::Memory { ", unverified" } else { "" };
        (!said.is_empty()).then(|| Finding {
            about: format!("Beside {system} (published, on {}{doubt})", result.dataset),
            text: said.join(" "),
        })
    };
    names(rungs).iter().filter_map(name).collect()
}

/// `Accuracy: published 0.9767 at λ = 0 and 0.9092 at λ = 1, here … and ….`
fn pair(
    view: &View<'_>,
    path: &str,
    first: &(&Rung<'_>, &CellResult),
    last: &(&Rung<'_>, &CellResult),
) -> Option<String> {
    let theirs = |(rung, _): &(&Rung<'_>, &CellResult)| {
        let value = rung.result.values.iter().find(|value| value.path == path)?;
        Some(value.shown.clone())
    };
    let ours = |(_, cell): &(&Rung<'_>, &CellResult)| cell.metrics.get(path).map(interval);
    let at = |(_, cell): &(&Rung<'_>, &CellResult)| view.label_in_line(cell);
    Some(format!(
        "{}: published {} at {} and {} at {}; here {} and {}.",
        capital(&label(path)),
        theirs(first)?,
        at(first),
        theirs(last)?,
        at(last),
        ours(first)?,
        ours(last)?,
    ))
}

/// What becomes of the main metrics beyond the published values, or at the
/// largest ones.
fn largest(view: &View<'_>, cells: &[&CellResult], rungs: &[Rung<'_>]) -> Option<Finding> {
    let x = view.x.as_ref()?;
    let end = rungs.iter().map(|rung| rung.x).reduce(f64::max);
    let at = |cell: &CellResult| view.x_of(cell).unwrap_or(f64::NEG_INFINITY);
    let start = match end {
        Some(end) => cells.iter().rposition(|cell| at(cell) <= end)?,
        None => (cells.len() > LAST).then(|| cells.len() - LAST)?,
    };
    let told = &cells[start..];
    let (first, last) = (told.first()?, told.last().filter(|_| told.len() > 1)?);
    let (about, mut said) = match end {
        Some(_) => (
            format!("Beyond the published {}", x.name),
            vec![format!(
                "The results of {} beside this experiment end at {} = {}; from there on nothing \
                 published stands beside it.",
                listed(&names(rungs)),
                x.name,
                rungs.iter().map(|rung| rung.x).fold(f64::NEG_INFINITY, f64::max),
            )],
        ),
        None => (
            format!(
                "At the largest {}, from {} to {}",
                x.name,
                view.x_shown(first),
                view.x_shown(last)
            ),
            Vec::new(),
        ),
    };
    let mut metrics = vec!["clf/accuracy".to_owned()];
    metrics.extend(view.ece());
    let sets = view.ood_sets();
    metrics.extend(sets.iter().take(MOST_SETS).map(|set| format!("ood/auroc/{set}/energy")));
    said.extend(metrics.iter().filter_map(|metric| trend(view, told, metric)));
    said.push(diverged(view, told));
    Some(Finding { about, text: said.join(" ") })
}

/// `Accuracy falls at every step: … at λ = 1, … at 2 and … at 10; the intervals
/// at 1 and 10 do not overlap.`
fn trend(view: &View<'_>, told: &[&CellResult], metric: &str) -> Option<String> {
    let found: Vec<(&CellResult, &Statistics)> =
        told.iter().filter_map(|cell| Some((*cell, cell.metrics.get(metric)?))).collect();
    let (first, last) = (found.first()?, found.last().filter(|_| found.len() > 1)?);
    let means: Vec<f64> = found.iter().map(|(_, statistics)| statistics.mean).collect();
    let value = |(cell, statistics): &(&CellResult, &Statistics)| {
        let n = statistics.values.len();
        let usual = n == view.most_seeds();
        let n = if usual { String::new() } else { format!(" (n = {n})") };
        format!("{}{n} at {}", interval(statistics), view.label_in_line(cell))
    };
    let ends = match overlap(first.1, last.1) {
        Some(true) => "; the first and the last interval overlap",
        Some(false) => "; the first and the last interval do not overlap",
        None => "",
    };
    let shown = listed(&few(&found.iter().map(value).collect::<Vec<_>>()));
    let none = told.iter().filter(|cell| !cell.metrics.contains_key(metric));
    let none: Vec<String> = none.map(|cell| view.label_in_line(cell)).collect();
    let without = match none.is_empty() {
        true => String::new(),
        false => format!("; no value at {}", listed(&few(&none))),
    };
    Some(format!("{} {}: {shown}{ends}{without}.", capital(&label(metric)), way(&means)))
}

/// How `means`, of which there are two or more, go.
fn way(means: &[f64]) -> &'static str {
    let up = means.windows(2).filter(|pair| pair[1] > pair[0]).count();
    let down = means.windows(2).filter(|pair| pair[1] < pair[0]).count();
    let steps = means.len() - 1;
    match means[means.len() - 1] - means[0] {
        _ if up == steps && steps == 1 => "rises",
        _ if down == steps && steps == 1 => "falls",
        _ if up == steps => "rises at every step",
        _ if down == steps => "falls at every step",
        change if change > 0.0 => "rises, though not at every step",
        change if change < 0.0 => "falls, though not at every step",
        _ => "ends where it began",
    }
}

/// The first and last of many.
fn few(items: &[String]) -> Vec<String> {
    if items.len() <= MOST_VALUES {
        return items.to_vec();
    }
    let half = MOST_VALUES / 2;
    let middle = format!("({} between)", items.len() - 2 * half);
    let (head, tail) = (&items[..half], &items[items.len() - half..]);
    head.iter().chain([&middle]).chain(tail).cloned().collect()
}

fn diverged(view: &View<'_>, told: &[&CellResult]) -> String {
    let total: usize = told.iter().map(|cell| cell.diverged).sum();
    let trials: usize = told.iter().map(|cell| cell.seeds.len()).sum();
    if total == 0 {
        return format!("None of the {trials} trials there diverged.");
    }
    let rate = |cell: &&CellResult| {
        format!("{} of {} at {}", cell.diverged, cell.seeds.len(), view.label_in_line(cell))
    };
    let rates: Vec<String> = told.iter().map(rate).collect();
    format!("Trials that diverged: {}.", listed(&few(&rates)))
}

#[cfg(test)]
mod tests {
    use jem_core::spec::{Published, PublishedValue};
    use serde_json::json;

    use super::*;
    use crate::report::fixture;
    use crate::table::{Results, cells};

    fn said(results: &Results) -> Vec<(String, String)> {
        let cells = cells(results);
        let view = View::new(results, &cells);
        let found = findings(&view, &view.lines[0]);
        found.into_iter().map(|finding| (finding.about, finding.text)).collect()
    }

    fn rung(lambda: f64, accuracy: &str) -> Published {
        Published {
            name: "ladder".to_owned(),
            cite: "Someone 2020".to_owned(),
            dataset: "mnist".to_owned(),
            known: Known::Primary,
            note: None,
            seeds: None,
            at: vec![("objective.lambda".to_owned(), json!(lambda))],
            values: vec![PublishedValue {
                path: "clf/accuracy".to_owned(),
                value: accuracy.parse().unwrap_or_default(),
                shown: accuracy.to_owned(),
                sd: None,
            }],
        }
    }

    #[test]
    fn without_published_values_the_largest_are_told() {
        let (about, text) = said(&fixture::results()).remove(0);
        assert_eq!(about, "At the largest λ, from 1 to 10");
        assert!(text.starts_with("Accuracy falls: "), "{text}");
        assert!(text.contains("; no value at λ = 10"), "{text}");
        let rates = "Trials that diverged: 0 of 3 at λ = 1, 1 of 3 at λ = 5 and 3 of 3 at λ = 10.";
        assert!(text.ends_with(rates), "{text}");
    }

    #[test]
    fn beyond_the_published_values_the_ladder_is_said_to_end() {
        let mut results = fixture::results();
        results.experiment.report.published = vec![rung(0.0, "0.970"), rung(0.5, "0.930")];
        let found = said(&results);
        assert_eq!(found[0].0, "Beside ladder (published, on mnist)");
        let needed = "Accuracy: published 0.970 at λ = 0 and 0.930 at λ = 0.5; here ";
        assert!(found[0].1.starts_with(needed), "{}", found[0].1);
        assert_eq!(found[1].0, "Beyond the published λ");
        assert!(found[1].1.contains("ladder beside this experiment end at λ = 0.5"), "{found:?}");
        assert!(found[1].1.contains("Accuracy falls at every step: "), "{found:?}");
        assert!(found[1].1.contains("0 of 3 at λ = 0.5, 0 of 3 at λ = 1, 1 of 3"), "{found:?}");
    }

    #[test]
    fn where_published_values_reach_the_end_nothing_is_beyond() {
        let mut results = fixture::results();
        results.experiment.report.published = vec![rung(0.0, "0.970"), rung(10.0, "0.930")];
        assert_eq!(said(&results).len(), 0);
        results.experiment.report.published = vec![rung(100.0, "0.930")];
        assert_eq!(said(&results).len(), 0);
    }

    #[test]
    fn a_way_is_told_as_far_as_it_goes() {
        assert_eq!(way(&[1.0, 2.0, 3.0]), "rises at every step");
        assert_eq!(way(&[1.0, 0.5, 0.75]), "falls, though not at every step");
        assert_eq!(way(&[1.0, 2.0, 1.0]), "ends where it began");
        assert_eq!(way(&[2.0, 1.0]), "falls");
        let many: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        assert_eq!(few(&many), ["0", "1", "2", "(3 between)", "6", "7", "8"]);
    }
}
