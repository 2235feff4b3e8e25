//! Metrics of cells that no axis orders, such as rows with names: a row for
//! each cell.

use jem_core::metric::{describe, label};

use super::sweeps::{Course, data, of_images, of_networks, quantity};
use super::{Chart, Drafts, Planned, caption};
use crate::chart::{RowMark, RowsChart, ValueRow};
use crate::report::label::marked_score;
use crate::report::number::capital;
use crate::report::view::View;
use crate::table::CellResult;

/// Rows of a chart; further cells are told by the tables alone.
const MOST_ROWS: usize = 40;
/// Series in one chart: as many as there are colours.
const MOST_SERIES: usize = 7;

/// Accuracy and ECE.
pub(super) fn calibration(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    if unordered(view) {
        for metric in ["clf/accuracy".to_owned()].into_iter().chain(view.ece()) {
            let name = metric.rsplit('/').find(|part| !part.contains('=')).unwrap_or("metric");
            let title = format!("{} of each cell", capital(&label(&metric)));
            let series = [(String::new(), metric.clone())];
            drafts.figures.extend(planned(view, name, title, &series, footer));
        }
        if view.cells.len() > MOST_ROWS {
            drafts.notes.push(format!(
                "Drawn for the first {MOST_ROWS} of {} cells; the tables have all.",
                view.cells.len()
            ));
        }
    }
    drafts
}

/// AUROC of the scores, for each out-of-distribution set.
pub(super) fn detection(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    if !unordered(view) {
        return drafts;
    }
    for set in view.ood_sets() {
        let family = format!("ood/auroc/{set}");
        let (of_logits, own) = of_networks(view, &family);
        let title = format!("AUROC of {set} against the test set");
        let further = format!("{title}, scores of features and gradients");
        for (name, title, scores) in
            [(format!("ood-{set}"), title, of_logits), (format!("ood-further-{set}"), further, own)]
        {
            drafts.figures.extend(by_score(view, &name, title, (&family, &scores), footer));
        }
    }
    drafts
}

/// AUROC and AURC of the detection of errors, by score.
pub(super) fn errors(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    if unordered(view) {
        for (family, name, title) in [
            ("error/auroc", "error-auroc", "AUROC of finding misclassified inputs, by score"),
            ("error/aurc", "error-aurc", "Area under the risk-coverage curve, by score"),
        ] {
            let scores = view.scores(family);
            let found = by_score(view, name, title.to_owned(), (family, &scores), footer);
            drafts.figures.extend(found);
        }
    }
    drafts
}

/// Whether there are several cells, and no axis to lay them out on.
fn unordered(view: &View<'_>) -> bool {
    view.x.is_none() && view.cells.len() > 1
}

/// Charts of as many scores as can be told apart.
fn by_score(
    view: &View<'_>,
    name: &str,
    title: String,
    (family, scores): (&str, &[String]),
    footer: &str,
) -> Vec<Planned> {
    let series: Vec<(String, String)> =
        scores.iter().map(|score| (marked_score(score), format!("{family}/{score}"))).collect();
    let chunks = series.chunks(MOST_SERIES).enumerate();
    let figure = |(number, series): (usize, &[(String, String)])| {
        let name = if number == 0 { name.to_owned() } else { format!("{name}-{}", number + 1) };
        planned(view, &name, title.clone(), series, footer)
    };
    chunks.filter_map(figure).collect()
}

/// The chart of `series`, names and metrics; none where no cell has a value.
fn planned(
    view: &View<'_>,
    name: &str,
    title: String,
    series: &[(String, String)],
    footer: &str,
) -> Option<Planned> {
    let (_, first) = series.iter().find(|(_, metric)| view.has(metric))?;
    let line = view.lines.first()?;
    let courses: Vec<Course<'_, '_>> = series
        .iter()
        .map(|(label, metric)| Course { label: label.clone(), metric: metric.clone(), line })
        .collect();
    let seeds = match view.most_seeds() {
        1 => "one seed each".to_owned(),
        n => format!("up to {n} seeds each"),
    };
    let chance = if first.contains("/auroc/") { "; chance is 0.5" } else { "" };
    let doc = describe(first).map_or_else(String::new, |info| format!("{} ", info.doc));
    Some(Planned {
        name: name.to_owned(),
        caption: format!(
            "{doc}Large marks are means over seeds with their 95 % interval, small dots single \
             seeds; trials that diverged are in no mean. Rows stand in the order of the \
             experiment's file."
        ),
        chart: Chart::Rows(RowsChart {
            caption: caption(title, format!("{seeds}{chance}"), footer),
            quantity: quantity(first),
            series: series.iter().map(|(label, _)| label.clone()).collect(),
            rows: view.cells.iter().take(MOST_ROWS).map(|cell| row(view, cell, series)).collect(),
            references: of_images(view, first),
        }),
        csv: data(view, &courses),
    })
}

fn row(view: &View<'_>, cell: &CellResult, series: &[(String, String)]) -> ValueRow {
    let mark = |(_, metric): &(String, String)| {
        let found = cell.metrics.get(metric)?;
        Some(RowMark {
            values: found.values.iter().map(|(_, value)| *value).collect(),
            mean: found.mean,
            ends: found.interval.map(|one| (one.low, one.high)),
        })
    };
    let note = match cell.diverged {
        0 => String::new(),
        n => format!("{n} of {} diverged", cell.seeds.len()),
    };
    ValueRow { label: view.label(cell), marks: series.iter().map(mark).collect(), note }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::table::{Results, cells};

    /// The made-up sweep with names instead of numbers.
    fn named() -> Results {
        let mut results = fixture::results();
        results.axes = vec!["system".to_owned()];
        results.experiment.report.x = None;
        for trial in &mut results.trials {
            trial.values = vec![format!("system {}", trial.values[0]).into()];
        }
        results
    }

    #[test]
    fn cells_without_an_axis_have_a_row_each() {
        let results = named();
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        let all = calibration(&view, "f").and(detection(&view, "f")).and(errors(&view, "f"));
        let names: Vec<&str> = all.figures.iter().map(|figure| figure.name.as_str()).collect();
        let expected = [
            "accuracy",
            "ece",
            "ood-fashion-mnist",
            "ood-uniform-noise",
            "error-auroc",
            "error-aurc",
        ];
        assert_eq!(names, expected);
        let Chart::Rows(accuracy) = &all.figures[0].chart else { panic!("it has rows") };
        assert_eq!((accuracy.rows.len(), accuracy.rows[3].label.as_str()), (8, "system 0.1"));
        assert_eq!(accuracy.rows[3].marks[0].as_ref().map(|mark| mark.values.len()), Some(3));
        assert_eq!(accuracy.rows[6].note, "1 of 3 diverged");
        assert!(accuracy.rows[7].marks[0].is_none(), "all of its trials diverged");
        assert!(all.figures.iter().all(|figure| figure.chart.draw().is_ok()));
        assert_eq!(all.figures[0].csv.lines().count(), 1 + 24);
    }

    #[test]
    fn with_an_axis_there_are_none() {
        let results = fixture::results();
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        assert!(calibration(&view, "f").figures.is_empty());
        assert!(detection(&view, "f").and(errors(&view, "f")).figures.is_empty());
    }
}
