//! Differences of a metric between two sides, a row for each cell: a dot with
//! its interval, about a line at 0.

use jem_core::metric::Range;

use super::axis::{Axis, extent};
use super::canvas::{Canvas, Marker};
use super::caption::Caption;
use super::drawing::{ChartError, Drawing, finish};
use super::page::{Key, Page, Swatch};
use super::plot::{Plot, X_LABELS};
use super::rows_of_cells;
use super::theme::{ALARM, Color, FIRST, GRID, INK, PAGE_WIDTH, SMALL, series_color};

/// Differences of one metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DifferenceChart {
    /// Title, subtitle and footer.
    pub caption: Caption,
    /// What the axis shows, and on which side of 0 which side is better.
    pub x_label: String,
    /// Which differences there can be: no axis and no interval goes beyond.
    pub range: Range,
    /// From top to bottom.
    pub rows: Vec<DifferenceRow>,
}

/// The differences of one cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DifferenceRow {
    /// The cell.
    pub label: String,
    /// The difference of each pair.
    pub values: Vec<f64>,
    /// Their mean; NaN where there is none.
    pub mean: f64,
    /// Half the width of its 95 % t interval, where there is one.
    pub half_width: Option<f64>,
    /// Stands at the right end, such as `n = 3`.
    pub note: String,
    /// What may be said of it.
    pub tone: Tone,
}

/// What may be said of a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing: the interval includes 0, or there is none.
    #[default]
    Open,
    /// The interval excludes 0.
    Apart,
    /// The interval excludes 0, for the better.
    Better,
    /// The interval excludes 0, for the worse.
    Worse,
}

impl Tone {
    const ALL: [Self; 4] = [Self::Open, Self::Apart, Self::Better, Self::Worse];

    /// Marker and colour, so that colour never stands alone.
    fn mark(self) -> (Marker, Color) {
        match self {
            Self::Open => (Marker::Circle, FIRST),
            Self::Apart => (Marker::Square, series_color(3)),
            Self::Better => (Marker::Triangle, series_color(2)),
            Self::Worse => (Marker::Diamond, ALARM),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Open => "equal, includes 0, or no interval",
            Self::Apart => "excludes 0",
            Self::Better => "excludes 0: B better",
            Self::Worse => "excludes 0: B worse",
        }
    }
}

impl DifferenceRow {
    /// The ends of the interval in `range`, where it is one.
    fn interval(&self, range: Range) -> Option<(f64, f64)> {
        let half = self.half_width.filter(|half| half.is_finite() && *half > 0.0)?;
        let ends = (range.nearest(self.mean - half), range.nearest(self.mean + half));
        self.mean.is_finite().then_some(ends)
    }

    /// What is shown beside the mean; a single pair is the mean.
    fn pairs(&self) -> &[f64] {
        if self.values.len() > 1 { &self.values } else { &[] }
    }
}

const ROW: f64 = 24.0;
const MARKER: f64 = 4.4;
/// Draws a row for each cell: the mean difference with its interval, and each
/// pair as a small dot.
///
/// # Errors
/// When the figure is too large to paint.
pub fn difference(chart: &DifferenceChart) -> Result<Drawing, ChartError> {
    finish(&lay_out(chart), &chart.caption)
}

fn lay_out(chart: &DifferenceChart) -> Canvas {
    let mut page = Page::new(&chart.caption, PAGE_WIDTH);
    let sides = chart.rows.iter().map(|row| (&row.label[..], &row.note[..]));
    let area = rows_of_cells::area(&page, sides, ROW);
    let mut y = Axis::between(0.0, chart.rows.len().max(2) as f64, 1);
    y.ticks.clear();
    let plot = Plot { area, x: x_axis(&chart.rows, chart.range), y };
    for tick in &plot.x.ticks {
        let x = plot.x_at(tick.at);
        page.canvas.line(&[(x, area.top), (x, area.bottom())], GRID.solid(), 1.0);
    }
    plot.frame(&mut page.canvas, area.bottom());
    if let Some(zero) = plot.x.position(0.0) {
        let x = plot.x_at(zero);
        page.canvas.line(&[(x, area.top), (x, area.bottom())], INK.at(0.75), 1.5);
    }
    for (place, row) in chart.rows.iter().enumerate() {
        draw_row(
            &mut page.canvas,
            &plot,
            (row, chart.range),
            area.top + (place as f64 + 0.5) * ROW,
        );
    }
    page.y = area.bottom() + X_LABELS;
    page.x_label(&chart.x_label, &[area]);
    page.legend(&keys(chart));
    page.y += 4.0;
    let intervals = chart.rows.iter().filter_map(|row| row.interval(chart.range));
    let values = chart.rows.iter().flat_map(|row| row.values.iter().copied());
    for note in rows_of_cells::notes_under(&plot, intervals, values) {
        page.lines(&note, SMALL, 2);
    }
    page.finish(&chart.caption)
}

/// Spans 0, the pairs and the means, and the intervals as far as these do not
/// dwarf them: over two pairs a t interval can be many times as wide.
fn x_axis(rows: &[DifferenceRow], range: Range) -> Axis {
    let values = rows.iter().flat_map(|row| row.values.iter().copied().chain([row.mean]));
    let Some((low, high)) = extent(values) else {
        return Axis::spanning([], 6);
    };
    let (low, high) = (low.min(0.0), high.max(0.0));
    let ends = rows.iter().filter_map(|row| row.interval(range)).flat_map(|(a, b)| [a, b]);
    let (from, to) = extent(ends).unwrap_or((low, high));
    let span = high / 2.0 - low / 2.0;
    if span > 0.0 {
        let beyond = 3.0 * span;
        Axis::within(range, [low, high, from.max(low - beyond), to.min(high + beyond)], 7)
    } else {
        Axis::within(range, [low, high, from, to], 7)
    }
}

fn draw_row(canvas: &mut Canvas, plot: &Plot, (row, range): (&DifferenceRow, Range), y: f64) {
    let (marker, color) = row.tone.mark();
    rows_of_cells::write_sides(canvas, &plot.area, (&row.label, &row.note), y);
    if let Some(interval) = row.interval(range) {
        rows_of_cells::draw_interval(canvas, plot, interval, y, color);
    }
    let at = |value: f64| rows_of_cells::x_of(plot, value);
    for value in row.pairs() {
        if let Some(x) = at(*value) {
            canvas.circle((x, y + 8.5), 1.8, color.at(0.6));
        }
    }
    if let Some(x) = at(row.mean) {
        canvas.marker(marker, (x, y), MARKER, color);
    }
}

fn keys(chart: &DifferenceChart) -> Vec<Key> {
    let drawn = |tone: &Tone| chart.rows.iter().any(|r| r.tone == *tone && r.mean.is_finite());
    let mut keys: Vec<Key> = Tone::ALL
        .into_iter()
        .filter(drawn)
        .map(|tone| {
            let (marker, color) = tone.mark();
            Key::new(Swatch::Series(marker, color, false), tone.words())
        })
        .collect();
    if chart.rows.iter().any(|row| row.interval(chart.range).is_some()) {
        keys.push(Key::new(Swatch::Interval, "mean, 95 % interval"));
    }
    if chart.rows.iter().any(|row| row.pairs().iter().any(|value| value.is_finite())) {
        keys.push(Key::new(Swatch::Dot, "one pair"));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: &str, values: &[f64], half_width: Option<f64>, tone: Tone) -> DifferenceRow {
        DifferenceRow {
            label: label.into(),
            mean: values.iter().sum::<f64>() / values.len() as f64,
            values: values.to_vec(),
            half_width,
            note: format!("n = {}", values.len()),
            tone,
        }
    }

    fn chart(rows: Vec<DifferenceRow>) -> DifferenceChart {
        DifferenceChart { x_label: "accuracy: B − A".into(), rows, ..DifferenceChart::default() }
    }

    #[test]
    fn every_cell_is_named_and_counted_and_zero_is_on_the_axis() {
        let rows = vec![
            row("λ = 0", &[0.01, 0.02], Some(0.06), Tone::Open),
            row("λ = 1", &[0.03], None, Tone::Open),
            row("λ = 5", &[0.05, 0.06], Some(0.01), Tone::Better),
        ];
        let drawing = difference(&chart(rows)).expect("it can be drawn");
        for text in ["λ = 0", "λ = 5", "n = 2", "n = 1", ">0<", "excludes 0: B better", "one pair"]
        {
            assert!(drawing.svg.contains(text), "no {text}");
        }
        assert!(!drawing.svg.contains("B worse"));
    }

    #[test]
    fn an_interval_that_dwarfs_its_values_is_cut_and_said_to_be() {
        let canvas = lay_out(&chart(vec![row("a", &[0.01, 0.02], Some(100.0), Tone::Open)]));
        assert!(canvas.labels.iter().any(|label| label.text.starts_with("Arrows")));
    }

    #[test]
    fn shares_differ_by_one_at_most() {
        let of = row("a", &[0.9, 0.8], Some(1.3), Tone::Open);
        let (low, high) = of.interval(Range::SIGNED).expect("an interval");
        assert!((low - -0.45).abs() < 1e-12 && high == 1.0, "{low} {high}");
    }

    #[test]
    fn hostile_differences_stay_legible() {
        let nan = f64::NAN;
        let long = "a cell with a name that goes on and on ".repeat(9);
        let many = (0..60).map(|i| row(&format!("{i} {long}"), &[f64::from(i)], None, Tone::Worse));
        for rows in [
            Vec::new(),
            vec![row("nothing", &[], None, Tone::Open)],
            vec![row("zero", &[0.0, 0.0], Some(0.0), Tone::Open)],
            vec![row("odd", &[nan, f64::INFINITY, 1.0], Some(nan), Tone::Apart)],
            vec![row("huge", &[-1e300, 1e300], Some(f64::MAX), Tone::Open)],
            vec![row("tiny", &[1e-12, 2e-12], Some(1e-12), Tone::Better)],
            many.collect(),
        ] {
            lay_out(&chart(rows)).assert_legible();
        }
    }

    #[test]
    fn the_same_differences_give_the_same_bytes() {
        let chart = chart(vec![row("a", &[0.1, 0.2], Some(0.3), Tone::Open)]);
        assert_eq!(difference(&chart), difference(&chart));
    }
}
