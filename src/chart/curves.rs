//! Curves of the same lines on a panel for each cell, such as accuracy against
//! the size of an attack, a line for each attack.

use super::axis::{Axis, XScale};
use super::canvas::{Area, Canvas, Marker, Point};
use super::caption::{Caption, Quantity};
use super::drawing::{ChartError, Drawing, finish};
use super::page::{Head, Key, Page, Swatch};
use super::plot::{Plot, X_LABELS, gutter};
use super::theme::{BODY, Color, PAGE_WIDTH, ordered_color, series_color};

/// Lines on panels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurvesChart {
    /// Title, subtitle and footer.
    pub caption: Caption,
    /// The name of the horizontal axis.
    pub x_label: String,
    /// How its values are laid out.
    pub x_scale: XScale,
    /// What is drawn upwards.
    pub y: Quantity,
    /// The range of the vertical axis; none to span each panel's own values.
    pub y_range: Option<(f64, f64)>,
    /// The lines' names, in the order of the legend.
    pub groups: Vec<String>,
    /// Whether the order of the groups is one of size, and so their colours.
    pub ordered: bool,
    /// The panels.
    pub panels: Vec<CurvesPanel>,
}

/// One panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurvesPanel {
    /// Its title.
    pub label: String,
    /// Points `(x, y)` in order: one list for each group, which may be empty. A
    /// line is broken where a value is not finite.
    pub lines: Vec<Vec<(f64, f64)>>,
}

/// The narrowest and the widest panel.
const WIDTHS: (f64, f64) = (230.0, f64::INFINITY);
const MARKER: f64 = 2.8;

/// Draws a panel for each cell, all with one horizontal axis.
///
/// # Errors
/// When a panel has more lines than there are groups, and when the figure is
/// too large to paint.
pub fn curves(chart: &CurvesChart) -> Result<Drawing, ChartError> {
    finish(&lay_out(chart)?, &chart.caption)
}

fn lay_out(chart: &CurvesChart) -> Result<Canvas, ChartError> {
    let groups = chart.groups.len();
    if let Some(panel) = chart.panels.iter().find(|panel| panel.lines.len() > groups) {
        return Err(ChartError::Shape {
            chart: chart.caption.title.clone(),
            problem: format!(
                "a panel has {} lines, but there are {groups} groups",
                panel.lines.len()
            ),
        });
    }
    let mut page = Page::new(&chart.caption, PAGE_WIDTH);
    page.y_label(&chart.y);
    let head = |panel: &CurvesPanel| Head {
        title: panel.label.clone(),
        info: String::new(),
        notes: Vec::new(),
    };
    let heads: Vec<Head> = chart.panels.iter().map(head).collect();
    if heads.is_empty() {
        page.lines("no panels", BODY, 1);
    }
    let height = if heads.len() == 1 { 300.0 } else { 175.0 } + X_LABELS;
    let areas = page.panels(&heads, WIDTHS, height);
    for (area, panel) in areas.iter().zip(&chart.panels) {
        draw_panel(&mut page.canvas, chart, panel, *area);
    }
    page.x_label(&chart.x_label, &areas);
    let keys: Vec<Key> = chart
        .groups
        .iter()
        .enumerate()
        .map(|(index, group)| Key::new(Swatch::Line(color(chart, index)), group))
        .collect();
    page.legend(&keys);
    Ok(page.finish(&chart.caption))
}

fn color(chart: &CurvesChart, group: usize) -> Color {
    match chart.ordered {
        true => ordered_color(group, chart.groups.len()),
        false => series_color(group),
    }
}

fn draw_panel(canvas: &mut Canvas, chart: &CurvesChart, panel: &CurvesPanel, area: Area) {
    let points = || panel.lines.iter().flatten();
    let y = match chart.y_range {
        Some((low, high)) => Axis::between(low, high, 5),
        None => Axis::within(chart.y.range, points().map(|point| point.1), 4),
    };
    let all = chart.panels.iter().flat_map(|panel| &panel.lines).flatten();
    let left = area.left + gutter(&y);
    let plot = Plot {
        area: Area {
            left,
            width: area.right() - left - 6.0,
            height: area.height - X_LABELS,
            ..area
        },
        x: Axis::swept(all.map(|point| point.0), chart.x_scale),
        y,
    };
    plot.frame(canvas, plot.area.bottom());
    for (group, line) in panel.lines.iter().enumerate() {
        let color = color(chart, group);
        let runs = line.split(|(x, y)| !(x.is_finite() && y.is_finite()));
        for run in runs {
            let places: Vec<Point> = run.iter().filter_map(|(x, y)| plot.point(*x, *y)).collect();
            for piece in plot.clipped(&places) {
                canvas.line(&piece, color.solid(), 1.6);
            }
            for place in places {
                canvas.marker(Marker::of(group), place, MARKER, color);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(groups: usize, panels: Vec<CurvesPanel>) -> CurvesChart {
        CurvesChart {
            caption: Caption { title: "curves".into(), ..Caption::default() },
            x_label: "ε".into(),
            x_scale: XScale::Log,
            y: Quantity { label: "accuracy".into(), ..Quantity::default() },
            y_range: Some((0.0, 1.0)),
            groups: (0..groups).map(|group| format!("line {group}")).collect(),
            ordered: false,
            panels,
        }
    }

    #[test]
    fn every_panel_and_line_is_there_and_zero_has_a_place() {
        let lines = vec![vec![(0.0, 0.9), (0.1, 0.5), (1.0, 0.0)], vec![(0.1, f64::NAN)]];
        let panels =
            ["a", "b"].map(|label| CurvesPanel { label: label.into(), lines: lines.clone() });
        let svg = curves(&chart(2, panels.to_vec())).expect("it can be drawn").svg;
        for text in [">a<", ">b<", ">line 1<", ">accuracy<", ">0.1<"] {
            assert!(svg.replace('\n', "").contains(text), "{text}");
        }
        assert!(curves(&chart(1, panels.to_vec())).is_err());
        assert!(curves(&chart(2, Vec::new())).is_ok());
    }
}
