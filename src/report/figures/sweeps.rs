//! Metrics against the swept value.

use jem_core::metric::{Direction, TrivialScore, Unit, describe, label};

use super::csv::{Csv, number};
use super::{Chart, Drafts, Planned, caption, published};
use crate::chart::{Better, Quantity, Reference, SweepChart, SweepPoint, SweepSeries};
use crate::report::label::{OF_LOGITS, score_name};
use crate::report::number::capital;
use crate::report::view::{Line, View};

/// Lines in one chart; further ones are in its data alone.
const MOST_SERIES: usize = 14;

/// One metric along one line.
pub(super) struct Course<'v, 'a> {
    /// What it is called.
    pub(super) label: String,
    /// The metric.
    pub(super) metric: String,
    /// The line.
    pub(super) line: &'v Line<'a>,
}

/// Accuracy and ECE against x.
pub(super) fn calibration(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    drafts.notes.extend(no_axis(view));
    if let Some(x) = &view.x {
        let metrics = ["clf/accuracy".to_owned()].into_iter().chain(view.ece());
        for metric in metrics.filter(|metric| view.has(metric)) {
            let title = format!("{} against {}", capital(&label(&metric)), x.name);
            let name = metric.rsplit('/').find(|part| !part.contains('=')).unwrap_or("metric");
            drafts.figures.extend(by_line(view, name, title, &metric, footer));
        }
    }
    drafts
}

/// AUROC of the scores against x, for each out-of-distribution set.
pub(super) fn detection(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    let Some(x) = &view.x else { return drafts };
    for set in view.ood_sets() {
        let title = format!("AUROC of {set} against the test set, by {}", x.name);
        let family = format!("ood/auroc/{set}");
        let (of_logits, own) = of_networks(view, &family);
        let further = format!("{title}, scores of features and gradients");
        let name = format!("ood-{set}");
        drafts.figures.extend(by_score(view, &name, title, (&family, &of_logits), footer));
        // Fifteen lines in one chart would be told apart by nobody.
        let name = format!("ood-further-{set}");
        drafts.figures.extend(by_score(view, &name, further, (&family, &own), footer));
    }
    drafts
}

/// The scores of `family` that are made by a network: those of its logits alone,
/// and those of features and gradients.
pub(super) fn of_networks(view: &View<'_>, family: &str) -> (Vec<String>, Vec<String>) {
    let scores = view.scores(family).into_iter();
    scores
        .filter(|one| TrivialScore::named(one).is_none())
        .partition(|one| OF_LOGITS.contains(&one.as_str()))
}

/// AUROC and AURC of the detection of errors against x, energy beside max
/// softmax.
pub(super) fn errors(view: &View<'_>, footer: &str) -> Drafts {
    let mut drafts = Drafts::default();
    let Some(x) = &view.x else { return drafts };
    for (family, name, what) in [
        ("error/auroc", "error-auroc", "AUROC of finding misclassified inputs"),
        ("error/aurc", "error-aurc", "Area under the risk-coverage curve"),
    ] {
        let title = format!("{what}, by score, against {}", x.name);
        let scores = view.scores(family);
        drafts.figures.extend(by_score(view, name, title, (family, &scores), footer));
    }
    drafts
}

/// Why there are no sweeps, where there are none but several cells.
fn no_axis(view: &View<'_>) -> Option<String> {
    let x = view.results.experiment.report.x.as_ref()?;
    (view.x.is_none() && view.cells.len() > 1).then(|| {
        format!("Nothing is drawn along {x}: its values are not numbers. Each cell has a row.")
    })
}

/// One chart of one metric, a series for each line.
fn by_line(
    view: &View<'_>,
    name: &str,
    title: String,
    metric: &str,
    footer: &str,
) -> Option<Planned> {
    let course = |line| Course { label: line_label(line), metric: metric.to_owned(), line };
    let courses: Vec<Course<'_, '_>> = view.lines.iter().map(course).collect();
    let mut planned = planned(view, name, title, &courses, footer)?;
    if let Chart::Sweep(chart) = &mut planned.chart {
        let rows = published::add(view, metric, chart);
        if !rows.is_empty() {
            planned.csv += &rows;
            planned.caption += " A line marked as published has another's figures, on the data \
                                set named; their spread is not drawn.";
        }
    }
    Some(planned)
}

fn line_label(line: &Line<'_>) -> String {
    line.label.clone()
}

/// For a single line, one chart with a series for each score; otherwise one
/// chart for each score with a series for each line.
fn by_score(
    view: &View<'_>,
    name: &str,
    title: String,
    (family, scores): (&str, &[String]),
    footer: &str,
) -> Vec<Planned> {
    match &view.lines[..] {
        [line] => {
            let course = |score: &String| Course {
                label: score_name(score).to_owned(),
                metric: format!("{family}/{score}"),
                line,
            };
            let courses: Vec<Course<'_, '_>> = scores.iter().map(course).collect();
            planned(view, name, title, &courses, footer).into_iter().collect()
        }
        _ => scores
            .iter()
            .filter(|score| ["energy", "max_softmax"].contains(&score.as_str()))
            .filter_map(|score| {
                let title = format!("{title}: {}", score_name(score));
                let metric = format!("{family}/{score}");
                by_line(view, &format!("{name}-{score}"), title, &metric, footer)
            })
            .collect(),
    }
}

/// The chart of `courses`; none where none of them has a point on the axis.
fn planned(
    view: &View<'_>,
    name: &str,
    title: String,
    courses: &[Course<'_, '_>],
    footer: &str,
) -> Option<Planned> {
    let x = view.x.as_ref()?;
    let first = courses.first()?;
    let chart = SweepChart {
        caption: caption(title, subtitle(view, courses), footer),
        x_label: x.name.clone(),
        x_scale: x.scale,
        y: quantity(&first.metric),
        series: courses.iter().take(MOST_SERIES).map(|course| series(view, course)).collect(),
        references: of_images(view, &first.metric),
    };
    Some(Planned {
        name: name.to_owned(),
        caption: reading(view, courses),
        chart: Chart::Sweep(chart),
        csv: data(view, courses),
    })
}

fn subtitle(view: &View<'_>, courses: &[Course<'_, '_>]) -> String {
    let n = view.most_seeds();
    let seeds = if n == 1 { "one seed each".to_owned() } else { format!("up to {n} seeds each") };
    let auroc = courses.iter().any(|course| course.metric.contains("/auroc/"));
    let chance = if auroc { "; chance is 0.5" } else { "" };
    match courses.len() > MOST_SERIES {
        true => format!("{seeds}{chance}; the first {MOST_SERIES} of {} lines", courses.len()),
        false => format!("{seeds}{chance}"),
    }
}

/// The axis of `metric`.
pub(super) fn quantity(metric: &str) -> Quantity {
    let Some(info) = describe(metric) else {
        return Quantity { label: metric.to_owned(), ..Quantity::default() };
    };
    Quantity {
        label: match metric.split_once("bins=") {
            Some((_, bins)) => format!("{}, {bins} bins", info.name),
            None => info.name.to_owned(),
        },
        unit: (info.unit == Unit::Nat).then(|| "nats".to_owned()),
        better: match info.direction {
            Direction::HigherIsBetter => Some(Better::Higher),
            Direction::LowerIsBetter => Some(Better::Lower),
            Direction::None => None,
        },
        range: info.range,
    }
}

fn series(view: &View<'_>, course: &Course<'_, '_>) -> SweepSeries {
    let point = |cell: &&crate::table::CellResult| {
        let statistics = cell.metrics.get(&course.metric);
        Some(SweepPoint {
            x: view.x_of(cell)?,
            values: statistics.map_or_else(Vec::new, |found| {
                found.values.iter().map(|(_, value)| *value).collect()
            }),
            mean: statistics.map_or(f64::NAN, |found| found.mean),
            ends: statistics.and_then(|found| found.interval).map(|one| (one.low, one.high)),
            diverged: cell.diverged,
        })
    };
    let points = course.line.cells.iter().filter_map(point).collect();
    SweepSeries { label: course.label.clone(), points }
}

/// What the scores of images alone have of the AUROC that `metric` is of some
/// score: means over all trials, whose networks they do not see.
pub(super) fn of_images(view: &View<'_>, metric: &str) -> Vec<Reference> {
    let Some((family, _)) = metric.rsplit_once('/') else { return Vec::new() };
    if !family.starts_with("ood/auroc/") {
        return Vec::new();
    }
    let reference = |score: &str| {
        let path = format!("{family}/{score}");
        let found = view.cells.iter().filter_map(|cell| cell.metrics.get(&path));
        let means: Vec<f64> = found.map(|found| found.mean).collect();
        let value = means.iter().sum::<f64>() / means.len() as f64;
        let label = score_name(score).to_owned();
        (!means.is_empty()).then_some(Reference { label, value })
    };
    TrivialScore::ALL.iter().map(|one| one.name()).filter_map(reference).collect()
}

/// How the chart is read.
fn reading(view: &View<'_>, courses: &[Course<'_, '_>]) -> String {
    let mut text = courses
        .first()
        .and_then(|course| describe(&course.metric))
        .map_or_else(String::new, |info| format!("{} ", info.doc));
    text += "Large marks are means over seeds with their 95 % interval, small dots single seeds";
    text += if view.cells.iter().any(|cell| cell.diverged > 0) {
        "; × marks trials that diverged, which have no value and are in no mean."
    } else {
        "."
    };
    if !view.tied.is_empty() {
        let tied = super::super::number::listed(&view.tied);
        text += &format!(" Along {} also varies: {tied}.", view.x_name());
    }
    let without = view.cells.iter().filter(|cell| view.x_of(cell).is_none()).count();
    if without > 0 {
        text += &format!(" Cells without a value of {}: {without}.", view.x_name());
    }
    text
}

/// One row for each metric and trial.
pub(super) fn data(view: &View<'_>, courses: &[Course<'_, '_>]) -> String {
    let columns = ["metric", "seed", "outcome", "value", "mean", "low", "high", "n"];
    let mut csv = Csv::new(&view.results.axes, &columns);
    for course in courses {
        for cell in &course.line.cells {
            let found = cell.metrics.get(&course.metric);
            for trial in view.trials_of(cell) {
                let outcome = if trial.outcome.diverged() { "diverged" } else { "finished" };
                csv.row(
                    &cell.values,
                    &[
                        course.metric.clone(),
                        trial.seed.to_string(),
                        outcome.to_owned(),
                        number(trial.metrics.get(&course.metric).copied()),
                        number(found.map(|found| found.mean)),
                        number(found.and_then(|found| found.interval).map(|one| one.low)),
                        number(found.and_then(|found| found.interval).map(|one| one.high)),
                        found.map_or(0, |found| found.values.len()).to_string(),
                    ],
                );
            }
        }
    }
    csv.text()
}
