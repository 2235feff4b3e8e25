//! Training curves: one panel per metric, one line per trial.

use super::axis::{Axis, extent};
use super::canvas::{Area, Canvas, Point};
use super::caption::{Caption, Quantity};
use super::drawing::{ChartError, Drawing, finish};
use super::page::{Head, Key, Page, Swatch};
use super::plot::{Plot, X_LABELS, gutter};
use super::theme::{BODY, Color, PAGE_WIDTH, ordered_color};

/// How metrics went while training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingChart {
    /// Title, subtitle and footer.
    pub caption: Caption,
    /// Such as `epoch`.
    pub x_label: String,
    /// The swept values in their order, as the legend shows them (`λ = 0.1`).
    /// Trials that share one share a colour.
    pub groups: Vec<String>,
    /// One per metric.
    pub panels: Vec<TrainingPanel>,
}

/// One metric of all trials.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingPanel {
    /// The metric.
    pub y: Quantity,
    /// One per trial.
    pub lines: Vec<TrainingLine>,
}

/// One metric of one trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingLine {
    /// Index into the chart's groups.
    pub group: usize,
    /// `(epoch or step, value)`, in order. The line is broken where a value is
    /// not finite.
    pub points: Vec<(f64, f64)>,
    /// Whether the trial diverged after its last point.
    pub diverged: bool,
}

impl TrainingLine {
    fn finite(&self) -> impl Iterator<Item = Point> + '_ {
        self.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite())
    }

    /// Runs of neighbouring finite points.
    fn runs(&self) -> impl Iterator<Item = &[(f64, f64)]> {
        self.points.split(|(x, y)| !(x.is_finite() && y.is_finite())).filter(|run| !run.is_empty())
    }
}

/// The narrowest and the widest panel.
const WIDTHS: (f64, f64) = (230.0, f64::INFINITY);

/// Draws one line per trial. A trial that diverged ends in a ×. The y axis spans
/// the trials that did not, so that one explosion does not flatten the rest; a
/// line that leaves the plot is cut at its edge.
///
/// # Errors
/// When a line names a group that there is not, and when the figure is too large
/// to paint.
pub fn training(chart: &TrainingChart) -> Result<Drawing, ChartError> {
    finish(&lay_out(chart)?, &chart.caption)
}

fn lay_out(chart: &TrainingChart) -> Result<Canvas, ChartError> {
    let lines = || chart.panels.iter().flat_map(|panel| &panel.lines);
    if let Some(line) = lines().find(|line| line.group >= chart.groups.len()) {
        return Err(ChartError::Shape {
            chart: chart.caption.title.clone(),
            problem: format!(
                "a line names group {}, but there are {} groups, counted from 0",
                line.group,
                chart.groups.len()
            ),
        });
    }
    let mut page = Page::new(&chart.caption, PAGE_WIDTH);
    let heads: Vec<Head> = chart.panels.iter().map(head).collect();
    if heads.is_empty() {
        page.lines("no panels", BODY, 1);
    }
    let height = if heads.len() == 1 { 300.0 } else { 175.0 } + X_LABELS;
    let areas = page.panels(&heads, WIDTHS, height);
    for (area, panel) in areas.iter().zip(&chart.panels) {
        draw_panel(&mut page.canvas, panel, chart.groups.len(), *area);
    }
    page.x_label(&chart.x_label, &areas);
    let mut keys: Vec<Key> = chart
        .groups
        .iter()
        .enumerate()
        .map(|(index, group)| Key::new(Swatch::Line(color(index, chart.groups.len())), group))
        .collect();
    if lines().any(|line| line.diverged) {
        keys.push(Key::new(Swatch::Cross, "trial diverged"));
    }
    page.legend(&keys);
    Ok(page.finish(&chart.caption))
}

fn color(group: usize, groups: usize) -> Color {
    ordered_color(group, groups)
}

fn head(panel: &TrainingPanel) -> Head {
    let without = |line: &&TrainingLine| line.finite().next().is_none();
    let notes = match panel.lines.iter().filter(without).count() {
        0 => Vec::new(),
        count => vec![format!("{count} of {} trials without a finite value", panel.lines.len())],
    };
    panel.y.head(notes)
}

fn draw_panel(canvas: &mut Canvas, panel: &TrainingPanel, groups: usize, area: Area) {
    let y = y_axis(panel);
    let left = area.left + gutter(&y);
    let xs = || panel.lines.iter().flat_map(TrainingLine::finite).map(|p| p.0);
    let x = match extent(xs()) {
        Some((low, high)) if low < high => Axis::between(low, high, 4),
        _ => Axis::spanning(xs(), 4),
    };
    let plot = Plot {
        area: Area {
            left,
            // Room for the marks of trials that diverge at the very end.
            width: area.right() - left - 6.0,
            height: area.height - X_LABELS,
            ..area
        },
        x,
        y,
    };
    plot.frame(canvas, plot.area.bottom());
    for line in &panel.lines {
        draw_line(canvas, &plot, line, color(line.group, groups));
    }
    // Marks last: no line hides one.
    for line in panel.lines.iter().filter(|line| line.diverged) {
        let end = line.finite().last();
        let at = end.and_then(|(x, y)| plot.point(x, y));
        let (x, y) = at.unwrap_or((plot.area.left, plot.area.bottom()));
        let y = y.clamp(plot.area.top, plot.area.bottom());
        canvas.cross((x, y), 4.0, color(line.group, groups).solid());
    }
}

/// Spans the trials that did not diverge, or all where each did.
fn y_axis(panel: &TrainingPanel) -> Axis {
    let values = |diverged: bool| {
        panel
            .lines
            .iter()
            .filter(move |line| diverged || !line.diverged)
            .flat_map(TrainingLine::finite)
            .map(|point| point.1)
    };
    if extent(values(false)).is_some() {
        Axis::within(panel.y.range, values(false), 4)
    } else {
        Axis::within(panel.y.range, values(true), 4)
    }
}

fn draw_line(canvas: &mut Canvas, plot: &Plot, line: &TrainingLine, color: Color) {
    for run in line.runs() {
        let places: Vec<Point> = run.iter().filter_map(|(x, y)| plot.point(*x, *y)).collect();
        if let [only] = places[..] {
            if (plot.area.top..=plot.area.bottom()).contains(&only.1) {
                canvas.circle(only, 2.0, color.solid());
            }
            continue;
        }
        for piece in plot.clipped(&thinned(&places)) {
            canvas.line(&piece, color.solid(), 1.4);
        }
    }
}

/// At most four points per pixel column (first, lowest, highest, last), which
/// look the same as all of them: a long run has more steps than there are dots.
fn thinned(places: &[Point]) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for column in places.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        if column.len() <= 4 {
            kept.extend(column);
            continue;
        }
        let by_y = |index: &usize, other: &usize| column[*index].1.total_cmp(&column[*other].1);
        let mut indices = vec![0, column.len() - 1];
        indices.extend((0..column.len()).min_by(by_y));
        indices.extend((0..column.len()).max_by(by_y));
        indices.sort_unstable();
        indices.dedup();
        kept.extend(indices.into_iter().map(|index| column[index]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::caption::Better;
    use super::*;

    fn line(group: usize, points: &[(f64, f64)], diverged: bool) -> TrainingLine {
        TrainingLine { group, points: points.to_vec(), diverged }
    }

    fn chart(groups: usize, panels: Vec<Vec<TrainingLine>>) -> TrainingChart {
        TrainingChart {
            x_label: "epoch".into(),
            groups: (0..groups).map(|g| format!("λ = {g}")).collect(),
            panels: panels
                .into_iter()
                .map(|lines| TrainingPanel {
                    y: Quantity {
                        label: "classification loss".into(),
                        unit: Some("nats".into()),
                        better: Some(Better::Lower),
                        ..Quantity::default()
                    },
                    lines,
                })
                .collect(),
            ..TrainingChart::default()
        }
    }

    #[test]
    fn an_explosion_does_not_flatten_the_other_trials() {
        let calm = line(0, &[(1.0, 2.0), (2.0, 1.0)], false);
        let wild = line(0, &[(1.0, 2.0), (2.0, 1e9)], true);
        let panel = TrainingPanel { lines: vec![calm, wild], ..TrainingPanel::default() };
        assert!(y_axis(&panel).position(1e9).is_some_and(|at| at > 1e6));
        assert!(y_axis(&panel).position(2.0).is_some_and(|at| at < 1.0));
    }

    #[test]
    fn a_trial_that_diverged_is_marked() {
        let of = |diverged| chart(1, vec![vec![line(0, &[(1.0, 2.0), (2.0, 3.0)], diverged)]]);
        let svg = |chart: &TrainingChart| training(chart).expect("it can be drawn").svg;
        assert!(svg(&of(true)).contains(">trial diverged</text>"));
        assert!(!svg(&of(false)).contains("diverged"));
        assert_eq!(training(&of(true)), training(&of(true)));
    }

    #[test]
    fn thinning_keeps_the_ends_and_the_extremes_of_every_column() {
        let places: Vec<Point> =
            (0..1000).map(|i| (f64::from(i) / 100.0, f64::from(i * 7919 % 1009))).collect();
        let kept = thinned(&places);
        assert!(kept.len() <= 40);
        assert_eq!(kept.first(), places.first());
        assert_eq!(kept.last(), places.last());
        assert_eq!(extent(kept.iter().map(|p| p.1)), extent(places.iter().map(|p| p.1)));
    }

    #[test]
    fn a_group_that_there_is_not_is_refused() {
        let error = training(&chart(2, vec![vec![line(2, &[], false)]]));
        let text = error.expect_err("group 2 is missing").to_string();
        assert!(text.contains("group 2, but there are 2 groups"), "{text}");
    }

    #[test]
    fn hostile_curves_stay_legible() {
        let nan = f64::NAN;
        let cases = [
            chart(0, vec![]),
            chart(0, vec![vec![]]),
            chart(1, vec![vec![line(0, &[], true)]]),
            chart(1, vec![vec![line(0, &[(nan, 1.0), (1.0, nan)], true)]]),
            chart(1, vec![vec![line(0, &[(1.0, 1.0)], false)]]),
            chart(
                1,
                vec![vec![line(0, &[(0.0, f64::MAX), (f64::MAX, -f64::MAX), (1.0, 3.0)], true)]],
            ),
            chart(40, vec![vec![line(39, &[(0.0, 1.0), (9.0, 1.0)], true); 60]; 21]),
        ];
        for case in cases {
            lay_out(&case).expect("it can be laid out").assert_legible();
        }
    }
}
