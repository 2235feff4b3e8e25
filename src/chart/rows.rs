//! A metric of cells that have no order, a row for each: a mark with its
//! interval for each series, seeds as dots.

use super::axis::{Axis, extent};
use super::canvas::{Canvas, Marker};
use super::caption::{Caption, Quantity};
use super::drawing::{ChartError, Drawing, finish};
use super::page::{Key, Page, Swatch};
use super::plot::{Plot, X_LABELS};
use super::reference::{self, Reference};
use super::rows_of_cells;
use super::theme::{Color, GRID, PAGE_WIDTH, SMALL, series_color};

/// One metric of some cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowsChart {
    /// Title, subtitle and footer.
    pub caption: Caption,
    /// What is drawn to the right.
    pub quantity: Quantity,
    /// The names of the series, in the order of the legend; a single one may
    /// be empty.
    pub series: Vec<String>,
    /// From top to bottom.
    pub rows: Vec<ValueRow>,
    /// Values of the metric that are the same for every cell.
    pub references: Vec<Reference>,
}

/// The values of one cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueRow {
    /// The cell.
    pub label: String,
    /// Of each series; none where the cell has no value.
    pub marks: Vec<Option<RowMark>>,
    /// Stands at the right end, such as `1/3 diverged`.
    pub note: String,
}

/// A mean over seeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowMark {
    /// The value of each seed.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// The ends of its 95 % interval, where there is one.
    pub ends: Option<(f64, f64)>,
}

impl RowMark {
    /// The ends of the interval of a mean of `quantity`, where it is one.
    fn interval(&self, quantity: &Quantity) -> Option<(f64, f64)> {
        quantity.inside(self.ends).filter(|_| self.mean.is_finite())
    }

    /// What is shown beside the mean; a single seed is the mean.
    fn seeds(&self) -> &[f64] {
        if self.values.len() > 1 { &self.values } else { &[] }
    }
}

/// The height of a series in a row, and the space between rows.
const TRACK: (f64, f64) = (12.0, 10.0);
const MARKER: f64 = 4.0;
/// Draws a row for each cell, and in it a track for each series.
///
/// # Errors
/// When a row has other than one mark, or none, for each series, and when the
/// figure is too large to paint.
pub fn rows(chart: &RowsChart) -> Result<Drawing, ChartError> {
    finish(&lay_out(chart)?, &chart.caption)
}

fn lay_out(chart: &RowsChart) -> Result<Canvas, ChartError> {
    let series = chart.series.len();
    if let Some(row) = chart.rows.iter().find(|row| row.marks.len() != series) {
        return Err(ChartError::Shape {
            chart: chart.caption.title.clone(),
            problem: format!("a row has {} marks, but there are {series} series", row.marks.len()),
        });
    }
    let mut page = Page::new(&chart.caption, PAGE_WIDTH);
    page.y_label(&chart.quantity);
    let height = TRACK.0 * series.max(1) as f64 + TRACK.1;
    let sides = chart.rows.iter().map(|row| (&row.label[..], &row.note[..]));
    let area = rows_of_cells::area(&page, sides, height);
    let mut y = Axis::between(0.0, 1.0, 1);
    y.ticks.clear();
    let plot = Plot { area, x: x_axis(chart), y };
    for tick in &plot.x.ticks {
        let x = plot.x_at(tick.at);
        page.canvas.line(&[(x, area.top), (x, area.bottom())], GRID.solid(), 1.0);
    }
    plot.frame(&mut page.canvas, area.bottom());
    reference::draw_down(&mut page.canvas, &plot, &chart.references);
    for (place, row) in chart.rows.iter().enumerate() {
        let top = area.top + place as f64 * height;
        if place > 0 {
            page.canvas.line(&[(area.left, top), (area.right(), top)], GRID.solid(), 1.0);
        }
        draw_row(&mut page.canvas, &plot, (row, &chart.quantity), (top, height));
    }
    page.y = area.bottom() + X_LABELS;
    page.legend(&keys(chart));
    page.y += 4.0;
    let intervals = marks(&chart.rows).filter_map(|mark| mark.interval(&chart.quantity));
    let values = marks(&chart.rows).flat_map(|mark| mark.values.iter().copied());
    let under = rows_of_cells::notes_under(&plot, intervals, values);
    for note in reference::note(&chart.references).into_iter().chain(under) {
        page.lines(&note, SMALL, 2);
    }
    Ok(page.finish(&chart.caption))
}

fn marks(rows: &[ValueRow]) -> impl Iterator<Item = &RowMark> {
    rows.iter().flat_map(|row| row.marks.iter().flatten())
}

/// Spans seeds, means and references, and the intervals as far as these do not
/// dwarf them: over three seeds a t interval can be many times as wide.
fn x_axis(chart: &RowsChart) -> Axis {
    let rows = &chart.rows;
    let values = marks(rows).flat_map(|mark| mark.values.iter().copied().chain([mark.mean]));
    let references = chart.references.iter().map(|reference| reference.value);
    let (range, interval) = (chart.quantity.range, |mark: &RowMark| mark.interval(&chart.quantity));
    let Some((low, high)) = extent(values.chain(references)) else {
        return Axis::spanning([], 6);
    };
    let ends = marks(rows).filter_map(interval).flat_map(|(from, to)| [from, to]);
    let (from, to) = extent(ends).unwrap_or((low, high));
    let span = high / 2.0 - low / 2.0;
    if span > 0.0 {
        Axis::within(range, [low, high, from.max(low - span), to.min(high + span)], 7)
    } else {
        Axis::within(range, [low, high, from, to], 7)
    }
}

/// Marker and colour of a series, so that colour never stands alone.
fn mark_of(series: usize) -> (Marker, Color) {
    (Marker::of(series), series_color(series))
}

fn draw_row(
    canvas: &mut Canvas,
    plot: &Plot,
    (row, quantity): (&ValueRow, &Quantity),
    (top, height): (f64, f64),
) {
    let middle = top + height / 2.0;
    rows_of_cells::write_sides(canvas, &plot.area, (&row.label, &row.note), middle);
    for (series, mark) in row.marks.iter().enumerate() {
        let y = top + TRACK.1 / 2.0 + (series as f64 + 0.5) * TRACK.0;
        if let Some(mark) = mark {
            draw_mark(canvas, plot, (mark, quantity), mark_of(series), y);
        }
    }
}

fn draw_mark(
    canvas: &mut Canvas,
    plot: &Plot,
    (mark, quantity): (&RowMark, &Quantity),
    (marker, color): (Marker, Color),
    y: f64,
) {
    if let Some(interval) = mark.interval(quantity) {
        rows_of_cells::draw_interval(canvas, plot, interval, y, color);
    }
    let at = |value: f64| rows_of_cells::x_of(plot, value);
    for x in mark.seeds().iter().filter_map(|value| at(*value)) {
        canvas.circle((x, y), 1.8, color.at(0.6));
    }
    if let Some(x) = at(mark.mean) {
        canvas.marker(marker, (x, y), MARKER, color);
    }
}

fn keys(chart: &RowsChart) -> Vec<Key> {
    let named = chart.series.iter().enumerate().filter(|(_, name)| !name.is_empty());
    let mut keys: Vec<Key> = named
        .map(|(series, name)| {
            let (marker, color) = mark_of(series);
            Key::new(Swatch::Series(marker, color, false), name)
        })
        .collect();
    if marks(&chart.rows).any(|mark| mark.interval(&chart.quantity).is_some()) {
        keys.push(Key::new(Swatch::Interval, "mean, 95 % interval"));
    }
    if marks(&chart.rows).any(|mark| mark.seeds().iter().any(|value| value.is_finite())) {
        keys.push(Key::new(Swatch::Dot, "one seed"));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(values: &[f64], half_width: Option<f64>) -> Option<RowMark> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let ends = half_width.map(|half| (mean - half, mean + half));
        Some(RowMark { values: values.to_vec(), mean, ends })
    }

    fn chart(series: usize, rows: Vec<(&str, Vec<Option<RowMark>>)>) -> RowsChart {
        let row = |(label, marks): (&str, _)| ValueRow {
            label: label.into(),
            marks,
            note: "1/3 diverged".into(),
        };
        RowsChart {
            quantity: Quantity { label: "accuracy".into(), ..Quantity::default() },
            series: (0..series).map(|series| format!("series {series}")).collect(),
            rows: rows.into_iter().map(row).collect(),
            ..RowsChart::default()
        }
    }

    #[test]
    fn every_cell_is_named_and_every_series_has_its_mark() {
        let some = mark(&[0.9, 0.92], Some(0.05));
        let of = chart(2, vec![("classifier", vec![some, None]), ("JEM", vec![None, None])]);
        let drawing = rows(&of).expect("it can be drawn");
        for text in ["classifier", "JEM", "series 1", "one seed", "1/3 diverged", "accuracy"] {
            assert!(drawing.svg.contains(text), "no {text}");
        }
        assert_eq!(Ok(drawing), rows(&of));
    }

    #[test]
    fn a_row_with_other_marks_than_there_are_series_is_refused() {
        let error = rows(&chart(2, vec![("a", vec![None])]));
        let text = error.expect_err("one mark is missing").to_string();
        assert!(text.contains("1 marks, but there are 2 series"), "{text}");
    }

    #[test]
    fn hostile_rows_stay_legible() {
        let nan = f64::NAN;
        let long = "a cell with a name that goes on and on ".repeat(9);
        let many = (0..40).map(|i| (long.as_str(), vec![mark(&[f64::from(i)], None); 4])).collect();
        for (series, rows) in [
            (0, Vec::new()),
            (1, vec![("nothing", vec![None])]),
            (1, vec![("empty", vec![mark(&[], None)])]),
            (1, vec![("zero", vec![mark(&[0.0, 0.0], Some(0.0))])]),
            (1, vec![("odd", vec![mark(&[nan, f64::INFINITY, 1.0], Some(nan))])]),
            (1, vec![("huge", vec![mark(&[-1e300, 1e300], Some(f64::MAX))])]),
            (1, vec![("cut", vec![mark(&[0.1, 0.2], Some(100.0))])]),
            (4, many),
        ] {
            lay_out(&chart(series, rows)).expect("it can be laid out").assert_legible();
        }
    }
}
