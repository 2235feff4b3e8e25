//! One pair of axes on the page: frame, grid, tick labels, places of values.

use super::axis::Axis;
use super::canvas::{Area, Canvas, Label, Point};
use super::lettering::{self, Weight};
use super::theme::{BODY, GRID, INK, MUTED, PAPER, SMALL};

/// Height of the tick labels under a plot.
pub(super) const X_LABELS: f64 = 20.0;

/// Two axes and where they stand.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// What the axes enclose.
    pub(super) area: Area,
    pub(super) x: Axis,
    pub(super) y: Axis,
}

/// Width that the tick labels of a y axis need left of a plot.
pub(super) fn gutter(y: &Axis) -> f64 {
    y.ticks
        .iter()
        .map(|tick| lettering::width(&tick.label, SMALL, Weight::Regular))
        .fold(0.0, f64::max)
        + 8.0
}

impl Plot {
    pub(super) fn x_at(&self, share: f64) -> f64 {
        self.area.left + share * self.area.width
    }

    pub(super) fn y_at(&self, share: f64) -> f64 {
        self.area.bottom() - share * self.area.height
    }

    /// Where `(x, y)` falls; `None` where either has no place on its axis.
    pub(super) fn point(&self, x: f64, y: f64) -> Option<Point> {
        Some((self.x_at(self.x.position(x)?), self.y_at(self.y.position(y)?.clamp(-1e6, 1e6))))
    }

    /// Grid, x axis and tick labels; to be drawn before the data. `floor` is the
    /// y of the x axis, under whatever strip stands below the data.
    pub(super) fn frame(&self, canvas: &mut Canvas, floor: f64) {
        let (left, right) = (self.area.left, self.area.right());
        for tick in &self.y.ticks {
            let y = self.y_at(tick.at);
            canvas.line(&[(left, y), (right, y)], GRID.solid(), 1.0);
            canvas.label(
                Label::new(&tick.label, SMALL, (left - 6.0, y + 0.36 * SMALL)).muted().end(),
            );
        }
        canvas.line(&[(left, floor), (right, floor)], INK.at(0.75), 1.0);
        self.x_ticks(canvas, floor);
        if let Some(at) = self.x.break_at() {
            axis_break(canvas, (self.x_at(at), floor));
        }
        if self.x.empty || self.y.empty {
            self.note(canvas, "no finite values");
        }
    }

    fn x_ticks(&self, canvas: &mut Canvas, floor: f64) {
        let mut free_from = f64::NEG_INFINITY;
        for tick in &self.x.ticks {
            let x = self.x_at(tick.at);
            canvas.line(&[(x, floor), (x, floor + 4.0)], INK.at(0.75), 1.0);
            let label =
                Label::new(&tick.label, SMALL, (x, floor + 6.0 + 0.8 * SMALL)).muted().middle();
            if label.left() >= free_from {
                free_from = label.left() + label.width() + 5.0;
                canvas.label(label);
            }
        }
    }

    /// A few words in the middle of the plot.
    pub(super) fn note(&self, canvas: &mut Canvas, text: &str) {
        let text = lettering::fit(text, BODY, Weight::Regular, self.area.width);
        let middle = (self.x_at(0.5), self.y_at(0.5));
        canvas.label(Label::new(text, BODY, middle).muted().middle());
    }

    /// The line through `points`, cut off where it leaves the plot at the top or
    /// the bottom.
    pub(super) fn clipped(&self, points: &[Point]) -> Vec<Vec<Point>> {
        let (top, bottom) = (self.area.top, self.area.bottom());
        let mut pieces: Vec<Vec<Point>> = Vec::new();
        for pair in points.windows(2) {
            let Some((from, to)) = segment_within(pair[0], pair[1], top, bottom) else {
                continue;
            };
            match pieces.last_mut() {
                Some(piece) if piece.last() == Some(&from) => piece.push(to),
                _ => pieces.push(vec![from, to]),
            }
        }
        pieces
    }
}

/// The part of a segment with `top <= y <= bottom`.
fn segment_within(from: Point, to: Point, top: f64, bottom: f64) -> Option<(Point, Point)> {
    if from.1.max(to.1) < top || from.1.min(to.1) > bottom {
        return None;
    }
    let cut = |point: Point| {
        let y = point.1.clamp(top, bottom);
        if y == point.1 {
            return point;
        }
        let share = (y - from.1) / (to.1 - from.1);
        (from.0 + share * (to.0 - from.0), y)
    };
    Some((cut(from), cut(to)))
}

/// Two slanted strokes with a gap of paper between them.
fn axis_break(canvas: &mut Canvas, (x, y): Point) {
    let gap = Area { left: x - 3.0, top: y - 1.5, width: 6.0, height: 3.0 };
    canvas.rect(gap, PAPER.solid());
    for side in [-3.0, 3.0] {
        let stroke = [(x + side - 2.0, y + 5.0), (x + side + 2.0, y - 5.0)];
        canvas.line(&stroke, MUTED, 1.25);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_it_leaves_the_plot() {
        let plot = Plot {
            area: Area { left: 0.0, top: 0.0, width: 10.0, height: 10.0 },
            x: Axis::between(0.0, 1.0, 2),
            y: Axis::between(0.0, 1.0, 2),
        };
        let pieces = plot.clipped(&[(0.0, 5.0), (2.0, 15.0), (4.0, 5.0), (6.0, 5.0)]);
        assert_eq!(
            pieces,
            [vec![(0.0, 5.0), (1.0, 10.0)], vec![(3.0, 10.0), (4.0, 5.0), (6.0, 5.0)]]
        );
        assert_eq!(plot.point(0.5, 1.0), Some((5.0, 0.0)));
        assert_eq!(plot.point(f64::NAN, 1.0), None);
    }
}
