//! A metric against a swept value, such as accuracy against λ.

use super::axis::{Axis, XScale, extent};
use super::canvas::{Area, Canvas, Marker};
use super::caption::{Caption, Quantity};
use super::diverged::{self, Cell, Row};
use super::drawing::{ChartError, Drawing, finish};
use super::page::{Key, Page, Swatch};
use super::plot::{Plot, X_LABELS, gutter};
use super::reference::{self, Reference};
use super::theme::{MARGIN, PAGE_WIDTH, Paint, SMALL, repeats, series_color};

/// A metric against a swept value, one line per series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepChart {
    /// Title, subtitle and footer.
    pub caption: Caption,
    /// The name of the swept value, such as `λ`.
    pub x_label: String,
    /// How its values are laid out.
    pub x_scale: XScale,
    /// The metric.
    pub y: Quantity,
    /// In the order of the legend, which is left out for a single series
    /// without a label.
    pub series: Vec<SweepSeries>,
    /// Values of the metric that do not depend on x.
    pub references: Vec<Reference>,
}

/// One line of a sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepSeries {
    /// Its entry in the legend.
    pub label: String,
    /// Its cells, in any order.
    pub points: Vec<SweepPoint>,
}

/// The trials of one cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepPoint {
    /// The swept value.
    pub x: f64,
    /// The metric of each trial that did not diverge, one per seed.
    pub values: Vec<f64>,
    /// Their mean, as the caller's table has it; NaN where there is none.
    pub mean: f64,
    /// The ends of the 95 % interval of the mean, where there are seeds enough for
    /// one.
    pub ends: Option<(f64, f64)>,
    /// How many more trials of this cell diverged.
    pub diverged: usize,
}

impl SweepPoint {
    fn trials(&self) -> usize {
        self.values.len() + self.diverged
    }

    /// What is shown beside the mean; a single seed is the mean.
    fn seeds(&self) -> &[f64] {
        match self.values[..] {
            [only] if only == self.mean => &[],
            _ => &self.values,
        }
    }

    /// The ends of the interval of a mean of `y`, where it is one.
    fn interval(&self, y: &Quantity) -> Option<(f64, f64)> {
        y.inside(self.ends).filter(|_| self.mean.is_finite())
    }
}

/// Height of the plot.
const PLOT_HEIGHT: f64 = 300.0;
/// The most room one series takes beside its neighbours at the same x.
const LANE: f64 = 13.0;
const MARKER: f64 = 4.2;

/// Draws the mean of every cell with its interval and all its seeds. Where
/// trials diverged, a × and their count stand in a strip under the plot, and the
/// line is broken where no trial is left.
///
/// # Errors
/// When the figure is too large to paint.
pub fn sweep(chart: &SweepChart) -> Result<Drawing, ChartError> {
    finish(&lay_out(chart), &chart.caption)
}

fn cells(chart: &SweepChart) -> impl Iterator<Item = &SweepPoint> {
    chart.series.iter().flat_map(|series| &series.points)
}

fn lay_out(chart: &SweepChart) -> Canvas {
    let mut page = Page::new(&chart.caption, PAGE_WIDTH);
    page.y_label(&chart.y);
    let x = Axis::swept(cells(chart).map(|cell| cell.x), chart.x_scale);
    let placed: Vec<&SweepPoint> =
        cells(chart).filter(|cell| x.position(cell.x).is_some()).collect();
    let y = y_axis(chart, &placed);
    let left = MARGIN + gutter(&y);
    let area =
        Area { left, top: page.y, width: page.canvas.width - MARGIN - left, height: PLOT_HEIGHT };
    let plot = Plot { area, x, y };
    let rows = diverged_rows(chart, &plot);
    let floor = area.bottom() + diverged::height(&rows);
    plot.frame(&mut page.canvas, floor);
    diverged::draw(&mut page.canvas, &plot, &rows);
    reference::draw_across(&mut page.canvas, &plot, &chart.references);
    let lane = lane_width(chart, &plot);
    for (index, series) in chart.series.iter().enumerate() {
        let shift = (index as f64 - (chart.series.len() - 1) as f64 / 2.0) * lane;
        draw_series(&mut page.canvas, (series, &chart.y), index, &plot, (shift, lane));
    }
    page.y = floor + X_LABELS;
    page.x_label(&chart.x_label, &[area]);
    page.legend(&keys(chart, &plot));
    page.y += 4.0;
    for note in reference::note(&chart.references).into_iter().chain(notes(chart, &plot)) {
        page.lines(&note, SMALL, 2);
    }
    page.finish(&chart.caption)
}

/// Spans values, means and references, and the intervals as far as these do not
/// dwarf them: with three seeds a t interval can be many times as wide.
fn y_axis(chart: &SweepChart, cells: &[&SweepPoint]) -> Axis {
    let values = cells.iter().flat_map(|cell| cell.values.iter().copied().chain([cell.mean]));
    let references = chart.references.iter().map(|reference| reference.value);
    let range = chart.y.range;
    let Some((low, high)) = extent(values.chain(references)) else {
        return Axis::spanning([], 6);
    };
    let intervals =
        cells.iter().filter_map(|cell| cell.interval(&chart.y)).flat_map(|(from, to)| [from, to]);
    let (from, to) = extent(intervals).unwrap_or((low, high));
    let span = high / 2.0 - low / 2.0;
    if span > 0.0 {
        let beyond = 2.0 * span;
        Axis::within(range, [low, high, from.max(low - beyond), to.min(high + beyond)], 6)
    } else {
        Axis::within(range, [low, high, from, to], 6)
    }
}

/// The room each series has beside the others, so that neither series nor
/// neighbouring values meet, and none leaves the plot.
fn lane_width(chart: &SweepChart, plot: &Plot) -> f64 {
    let mut places: Vec<f64> = plot.x.ticks.iter().map(|tick| plot.x_at(tick.at)).collect();
    places.sort_by(f64::total_cmp);
    let closest = places.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    let ends = places.first().zip(places.last());
    let edge = ends.map_or(f64::INFINITY, |(first, last)| {
        (first - plot.area.left).min(plot.area.right() - last)
    });
    ((0.8 * closest).min(2.0 * edge.max(0.0)) / chart.series.len().max(1) as f64).min(LANE)
}

fn draw_series(
    canvas: &mut Canvas,
    (series, y): (&SweepSeries, &Quantity),
    index: usize,
    plot: &Plot,
    (shift, lane): (f64, f64),
) {
    let color = series_color(index);
    let mut cells: Vec<&SweepPoint> = series.points.iter().collect();
    cells.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mean = |cell: &SweepPoint| plot.point(cell.x, cell.mean).map(|(x, y)| (x + shift, y));
    for pair in cells.windows(2) {
        let (Some(from), Some(to)) = (mean(pair[0]), mean(pair[1])) else {
            continue;
        };
        let over_break = plot
            .x
            .break_at()
            .is_some_and(|at| (from.0 - shift..to.0 - shift).contains(&plot.x_at(at)));
        if over_break || repeats(index) {
            canvas.dashed(from, to, color.solid(), 1.5);
        } else {
            canvas.line(&[from, to], color.solid(), 2.0);
        }
    }
    // Many series share little room; the seeds then stand on the interval.
    let aside = if lane >= 10.0 { 6.5 } else { 0.0 };
    for cell in &cells {
        if let Some((low, high)) = cell.interval(y) {
            draw_interval(canvas, plot, (cell.x, low, high), shift, color.solid());
        }
        for value in cell.seeds() {
            if let Some((x, y)) = plot.point(cell.x, *value) {
                canvas.circle((x + shift + aside, y), 1.9, color.at(0.6));
            }
        }
    }
    for cell in &cells {
        if let Some(at) = mean(cell) {
            canvas.marker(Marker::of(index), at, MARKER, color);
        }
    }
}

fn draw_interval(
    canvas: &mut Canvas,
    plot: &Plot,
    (x, low, high): (f64, f64, f64),
    shift: f64,
    paint: Paint,
) {
    let (Some((x, bottom)), Some((_, top))) = (plot.point(x, low), plot.point(x, high)) else {
        return;
    };
    let x = x + shift;
    for (end, edge, away) in [(top, plot.area.top, -1.0), (bottom, plot.area.bottom(), 1.0)] {
        if (end - edge) * away > 0.0 {
            // An arrow: it goes on beyond the plot.
            let (tip, base) = (edge, edge - 6.0 * away);
            canvas.polygon(vec![(x, tip), (x - 4.0, base), (x + 4.0, base)], paint);
        } else {
            canvas.line(&[(x - 3.5, end), (x + 3.5, end)], paint, 1.5);
        }
    }
    let within = |y: f64| y.clamp(plot.area.top, plot.area.bottom());
    canvas.line(&[(x, within(top)), (x, within(bottom))], paint, 1.5);
}

/// The cells with diverged trials, one row per series that has any.
fn diverged_rows(chart: &SweepChart, plot: &Plot) -> Vec<Row> {
    let row = |(index, series): (usize, &SweepSeries)| {
        let mut cells: Vec<Cell> = series
            .points
            .iter()
            .filter(|cell| cell.diverged > 0)
            .filter_map(|cell| {
                Some(Cell {
                    x: plot.x_at(plot.x.position(cell.x)?),
                    diverged: cell.diverged,
                    trials: cell.trials(),
                })
            })
            .collect();
        cells.sort_by(|a, b| a.x.total_cmp(&b.x));
        let color = series_color(index);
        (!cells.is_empty()).then_some(Row { color, cells })
    };
    chart.series.iter().enumerate().filter_map(row).collect()
}

fn keys(chart: &SweepChart, plot: &Plot) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    let named = chart.series.len() > 1 || chart.series.iter().any(|s| !s.label.is_empty());
    if named {
        keys.extend(chart.series.iter().enumerate().map(|(index, series)| {
            let swatch = Swatch::Series(Marker::of(index), series_color(index), repeats(index));
            Key::new(swatch, &series.label)
        }));
    }
    let drawn = |cell: &&SweepPoint| plot.point(cell.x, cell.mean).is_some();
    if cells(chart).any(|cell| drawn(&cell) && cell.interval(&chart.y).is_some()) {
        keys.push(Key::new(Swatch::Interval, "mean, 95 % interval"));
    }
    if cells(chart).any(|cell| drawn(&cell) && !cell.seeds().is_empty()) {
        keys.push(Key::new(Swatch::Dot, "one seed"));
    }
    if cells(chart).any(|cell| cell.diverged > 0) {
        keys.push(Key::new(Swatch::Cross, "trials diverged"));
    }
    keys
}

/// What the plot has no place for.
fn notes(chart: &SweepChart, plot: &Plot) -> Vec<String> {
    let mut notes = Vec::new();
    let lost_cells = cells(chart).filter(|cell| plot.x.position(cell.x).is_none());
    match lost_cells.count() {
        0 => {}
        count => notes.push(format!(
            "{count} of {} cells have no place on this axis of {}.",
            cells(chart).count(),
            if chart.x_label.is_empty() { "x" } else { &chart.x_label }
        )),
    }
    let cut = |cell: &SweepPoint| {
        let end = |y: f64| {
            plot.point(cell.x, y).is_some_and(|(_, y)| y < plot.area.top || y > plot.area.bottom())
        };
        cell.interval(&chart.y).is_some_and(|(low, high)| end(low) || end(high))
    };
    if cells(chart).any(cut) {
        notes.push("Arrows: the interval goes on beyond the axis.".to_owned());
    }
    let values = || cells(chart).flat_map(|cell| &cell.values);
    match values().filter(|value| !value.is_finite()).count() {
        0 => {}
        count => notes
            .push(format!("{count} of {} values are not finite and not shown.", values().count())),
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::super::canvas::Shape;
    use super::super::caption::Better;
    use super::*;

    fn point(x: f64, values: &[f64], diverged: usize) -> SweepPoint {
        SweepPoint {
            x,
            values: values.to_vec(),
            mean: values.iter().sum::<f64>() / values.len() as f64,
            ends: extent(values.iter().copied()).map(|(low, high)| (low - 1.0, high + 1.0)),
            diverged,
        }
    }

    fn chart(series: Vec<SweepSeries>) -> SweepChart {
        SweepChart { x_label: "λ".into(), x_scale: XScale::Log, series, ..SweepChart::default() }
    }

    fn series(label: &str, points: Vec<SweepPoint>) -> SweepSeries {
        SweepSeries { label: label.into(), points }
    }

    #[test]
    fn diverged_trials_are_marked_and_counted() {
        let points =
            vec![point(0.0, &[90.0, 91.0, 92.0], 0), point(0.1, &[93.0], 2), point(1.0, &[], 3)];
        let chart = chart(vec![series("", points)]);
        let drawing = sweep(&chart).expect("it can be drawn");
        for text in [">1/3 diverged<", ">2/3 diverged<", ">3/3 diverged<"] {
            assert_eq!(drawing.svg.contains(text), text != ">1/3 diverged<", "{text}");
        }
        // A cell without any trial left keeps its place on the axis.
        assert!(drawing.svg.contains(">1</text>"));
        assert!(drawing.svg.contains(">trials diverged<"));
    }

    #[test]
    fn the_line_is_broken_where_every_trial_diverged() {
        let lines = |diverged: bool| {
            let middle = if diverged { point(0.1, &[], 3) } else { point(0.1, &[2.0], 0) };
            let points = vec![point(0.01, &[1.0], 0), middle, point(1.0, &[3.0], 0)];
            let canvas = lay_out(&chart(vec![series("", points)]));
            let blue = series_color(0).solid();
            let is_line = |shape: &&Shape| {
                matches!(shape, Shape::Line(points, stroke)
                    if stroke.paint == blue && points[1].0 - points[0].0 > 50.0)
            };
            canvas.shapes.iter().filter(is_line).count()
        };
        assert_eq!(lines(false), 2);
        assert_eq!(lines(true), 0);
    }

    #[test]
    fn the_same_sweep_gives_the_same_bytes() {
        let chart = chart(vec![series("a", vec![point(0.1, &[1.0, 2.0], 1)])]);
        assert_eq!(sweep(&chart), sweep(&chart));
    }

    #[test]
    fn hostile_sweeps_stay_legible() {
        let nan = f64::NAN;
        let long = "a label that goes on and on ".repeat(12);
        let many: Vec<SweepSeries> = (0..23)
            .map(|s| {
                let cells =
                    (0..40).map(|i| point(f64::from(i) * 1e-3, &[f64::from(s)], i as usize % 3));
                series(&format!("{s} {long}"), cells.collect())
            })
            .collect();
        let cases: Vec<Vec<SweepSeries>> = vec![
            vec![],
            vec![series("", vec![])],
            vec![series("x", vec![point(nan, &[nan], 1), point(-1.0, &[1.0], 1)])],
            vec![series("x", vec![point(0.0, &[nan, f64::INFINITY], 2)])],
            vec![series("x", vec![point(1.0, &[5.0], 0)])],
            vec![series("x", vec![point(1e-300, &[-f64::MAX], 0), point(1e300, &[f64::MAX], 9)])],
            vec![series("x", vec![point(1.0, &[], 7)])],
            many,
        ];
        for case in cases {
            for x_scale in [XScale::Linear, XScale::Log] {
                let chart = SweepChart {
                    x_scale,
                    caption: Caption {
                        title: long.clone(),
                        subtitle: Some(long.clone()),
                        footer: Some(long.clone()),
                    },
                    y: Quantity {
                        label: long.clone(),
                        unit: Some("%".into()),
                        better: Some(Better::Lower),
                        ..Quantity::default()
                    },
                    references: ["lit pixels", &long]
                        .map(|label| Reference { label: label.to_owned(), value: 0.982 })
                        .to_vec(),
                    ..chart(case.clone())
                };
                lay_out(&chart).assert_legible();
            }
        }
    }

    /// AUROC 0.55 ± 1.05 would go from −0.5 to 1.6.
    #[test]
    fn no_interval_and_no_axis_leaves_the_range_of_the_metric() {
        let mut chart = chart(vec![series("", vec![point(0.1, &[0.55, 0.6], 0)])]);
        chart.y.range = jem_core::metric::Range::UNIT;
        let cell = &chart.series[0].points[0];
        assert_eq!(cell.interval(&chart.y), Some((0.0, 1.0)));
        let axis = y_axis(&chart, &[cell]);
        assert!(axis.ticks.iter().all(|tick| !tick.label.starts_with('−')), "{axis:?}");
        assert!(axis.position(1.0).is_some_and(|at| at >= 0.99), "{axis:?}");
    }

    #[test]
    fn a_sweep_with_nothing_finite_says_so() {
        let chart = chart(vec![series("", vec![point(1.0, &[f64::NAN], 0)])]);
        let svg = sweep(&chart).expect("it can be drawn").svg;
        assert!(svg.contains("no finite values"));
        assert!(svg.contains("1 of 1 values are not finite"));
    }
}
