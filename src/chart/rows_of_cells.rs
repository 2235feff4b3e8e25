//! What charts with a row for each cell share: names and notes beside the plot,
//! values with intervals along it.

use super::canvas::{Area, Canvas, Label};
use super::lettering::{self, Weight};
use super::page::Page;
use super::plot::Plot;
use super::theme::{Color, MARGIN, SMALL};

/// The most room that the names of the cells take.
const WIDEST_LABEL: f64 = 250.0;
/// The most room that the notes take.
const WIDEST_NOTE: f64 = 150.0;

/// The plot between the names and the notes of `rows`, each `height` high.
pub(super) fn area<'a>(
    page: &Page,
    rows: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    height: f64,
) -> Area {
    let widest = |most: f64, texts: &mut dyn Iterator<Item = &'a str>| {
        let width = |text| lettering::width(text, SMALL, Weight::Regular);
        texts.map(width).fold(0.0, f64::max).min(most) + 12.0
    };
    let labels = widest(WIDEST_LABEL, &mut rows.clone().map(|(label, _)| label));
    let notes = widest(WIDEST_NOTE, &mut rows.clone().map(|(_, note)| note));
    Area {
        left: MARGIN + labels,
        top: page.y,
        width: page.width() - labels - notes,
        height: height * rows.count().max(2) as f64,
    }
}

/// Writes a row's name and note on both sides of the plot, about `y`.
pub(super) fn write_sides(canvas: &mut Canvas, area: &Area, (label, note): (&str, &str), y: f64) {
    let baseline = y + 0.36 * SMALL;
    let fit = |text: &str, room: f64| lettering::fit(text, SMALL, Weight::Regular, room);
    let label = fit(label, WIDEST_LABEL);
    canvas.label(Label::new(label, SMALL, (area.left - 8.0, baseline)).end());
    let note = fit(note, WIDEST_NOTE);
    canvas.label(Label::new(note, SMALL, (area.right() + 8.0, baseline)).muted());
}

/// Where a value is along the plot; far away at most.
pub(super) fn x_of(plot: &Plot, value: f64) -> Option<f64> {
    Some(plot.x_at(plot.x.position(value)?.clamp(-1e6, 1e6)))
}

/// Draws an interval along `y`, with an arrow where it goes on beyond the plot.
pub(super) fn draw_interval(
    canvas: &mut Canvas,
    plot: &Plot,
    (low, high): (f64, f64),
    y: f64,
    color: Color,
) {
    let (Some(from), Some(to)) = (x_of(plot, low), x_of(plot, high)) else {
        return;
    };
    let (left, right) = (plot.area.left, plot.area.right());
    for (end, edge, away) in [(from, left, -1.0), (to, right, 1.0)] {
        if (end - edge) * away > 0.0 {
            let (tip, base) = (edge, edge - 6.0 * away);
            let corners = vec![(tip, y), (base, y - 4.0), (base, y + 4.0)];
            canvas.polygon(corners, color.solid());
        } else {
            canvas.line(&[(end, y - 3.5), (end, y + 3.5)], color.solid(), 1.5);
        }
    }
    let within = |x: f64| x.clamp(left, right);
    canvas.line(&[(within(from), y), (within(to), y)], color.solid(), 1.5);
}

/// What the plot has no place for, of intervals and of single values.
pub(super) fn notes_under(
    plot: &Plot,
    mut intervals: impl Iterator<Item = (f64, f64)>,
    values: impl Iterator<Item = f64>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let beyond = |value: f64| plot.x.position(value).is_some_and(|at| !(0.0..=1.0).contains(&at));
    if intervals.any(|(low, high)| beyond(low) || beyond(high)) {
        notes.push("Arrows: the interval goes on beyond the axis.".to_owned());
    }
    let (mut all, mut lost) = (0, 0);
    for value in values {
        all += 1;
        lost += usize::from(!value.is_finite());
    }
    if lost > 0 {
        notes.push(format!("{lost} of {all} are not finite and not shown."));
    }
    notes
}
