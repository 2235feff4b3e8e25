//! A list of marks in pixels, from the upper left corner, for any backend.

use super::lettering::{self, Weight};
use super::theme::{Color, INK, MUTED, PAPER, Paint};

/// A place on the page: x to the right, y down.
pub(super) type Point = (f64, f64);

/// A rectangle on the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// A line's paint and width in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub(super) paint: Paint,
    pub(super) width: f64,
}

/// What shapes and images can be.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Line(Vec<Point>, Stroke),
    Polygon(Vec<Point>, Paint),
    Rect(Area, Paint),
    Circle(Point, f64, Paint),
}

/// An opaque RGB picture, enlarged without smoothing to fill `area`.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) area: Area,
    /// Columns and rows of pixels.
    pub(super) size: (usize, usize),
    /// `3 * columns * rows` bytes, row by row.
    pub(super) rgb: Vec<u8>,
}

/// Which part of a label its point names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// One line of text.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) text: String,
    /// Where the anchor stands on the baseline.
    pub(super) at: Point,
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) anchor: Anchor,
    pub(super) paint: Paint,
}

impl Label {
    /// Regular, in ink, starting at `at`.
    pub(super) fn new(text: impl AsRef<str>, size: f64, at: Point) -> Self {
        Self {
            text: lettering::one_line(text.as_ref()),
            at,
            size,
            weight: Weight::Regular,
            anchor: Anchor::Start,
            paint: INK.solid(),
        }
    }

    pub(super) fn bold(self) -> Self {
        Self { weight: Weight::Bold, ..self }
    }

    pub(super) fn muted(self) -> Self {
        Self { paint: MUTED, ..self }
    }

    pub(super) fn middle(self) -> Self {
        Self { anchor: Anchor::Middle, ..self }
    }

    pub(super) fn end(self) -> Self {
        Self { anchor: Anchor::End, ..self }
    }

    pub(super) fn width(&self) -> f64 {
        lettering::width(&self.text, self.size, self.weight)
    }

    /// Where the text begins.
    pub(super) fn left(&self) -> f64 {
        match self.anchor {
            Anchor::Start => self.at.0,
            Anchor::Middle => self.at.0 - self.width() / 2.0,
            Anchor::End => self.at.0 - self.width(),
        }
    }
}

/// The marker of a series, so that colour never stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
}

impl Marker {
    /// The marker of the series at `index`.
    pub(super) fn of(index: usize) -> Self {
        [Self::Circle, Self::Square, Self::Triangle, Self::Diamond][index % 4]
    }
}

/// The marks of one figure. Shapes lie under pictures, pictures under text.
#[derive(Clone, Debug, Default)]
pub(super) struct Canvas {
    /// In pixels.
    pub(super) width: f64,
    /// In pixels.
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
    pub(super) pictures: Vec<Picture>,
    pub(super) labels: Vec<Label>,
}

impl Canvas {
    pub(super) fn line(&mut self, points: &[Point], paint: Paint, width: f64) {
        if points.len() > 1 {
            let stroke = Stroke { paint, width };
            self.shapes.push(Shape::Line(points.to_vec(), stroke));
        }
    }

    /// A line from `from` to `to`, broken into dashes here so that every backend
    /// shows the same ones.
    pub(super) fn dashed(&mut self, from: Point, to: Point, paint: Paint, width: f64) {
        const DASH: f64 = 5.0;
        const GAP: f64 = 3.5;
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let along = |t: f64| {
            let share = (t / length).min(1.0);
            (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
        };
        let mut start = 0.0;
        while start < length {
            self.line(&[along(start), along(start + DASH)], paint, width);
            start += DASH + GAP;
        }
    }

    pub(super) fn rect(&mut self, area: Area, paint: Paint) {
        self.shapes.push(Shape::Rect(area, paint));
    }

    pub(super) fn polygon(&mut self, points: Vec<Point>, paint: Paint) {
        self.shapes.push(Shape::Polygon(points, paint));
    }

    pub(super) fn circle(&mut self, center: Point, radius: f64, paint: Paint) {
        self.shapes.push(Shape::Circle(center, radius, paint));
    }

    /// A × of half-width `radius`.
    pub(super) fn cross(&mut self, (x, y): Point, radius: f64, paint: Paint) {
        let r = radius;
        self.line(&[(x - r, y - r), (x + r, y + r)], paint, 2.0);
        self.line(&[(x - r, y + r), (x + r, y - r)], paint, 2.0);
    }

    /// A filled marker with a thin halo of paper, which keeps it apart from the
    /// lines that run behind it.
    pub(super) fn marker(&mut self, marker: Marker, at: Point, radius: f64, color: Color) {
        self.bare_marker(marker, at, radius + 1.25, PAPER);
        self.bare_marker(marker, at, radius, color);
    }

    fn bare_marker(&mut self, marker: Marker, (x, y): Point, r: f64, color: Color) {
        let paint = color.solid();
        let corners = match marker {
            Marker::Circle => return self.circle((x, y), r, paint),
            Marker::Square => {
                let r = r * 0.9;
                vec![(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]
            }
            Marker::Triangle => {
                let r = r * 1.25;
                vec![(x, y - r), (x + r, y + r * 0.75), (x - r, y + r * 0.75)]
            }
            Marker::Diamond => {
                let r = r * 1.3;
                vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)]
            }
        };
        self.polygon(corners, paint);
    }

    pub(super) fn picture(&mut self, picture: Picture) {
        self.pictures.push(picture);
    }

    pub(super) fn label(&mut self, label: Label) {
        if !label.text.is_empty() {
            self.labels.push(label);
        }
    }
}

#[cfg(test)]
impl Canvas {
    /// Panics where two labels touch, or one leaves the page: the promise every
    /// figure keeps for every input.
    pub(super) fn assert_legible(&self) {
        let boxes: Vec<(Area, &str)> = self
            .labels
            .iter()
            .map(|label| {
                let area = Area {
                    left: label.left(),
                    top: label.at.1 - 0.76 * label.size,
                    width: label.width(),
                    height: 0.96 * label.size,
                };
                (area, label.text.as_str())
            })
            .collect();
        for (index, (a, text)) in boxes.iter().enumerate() {
            assert!(
                a.left >= 0.0
                    && a.top >= 0.0
                    && a.right() <= self.width
                    && a.bottom() <= self.height,
                "{text:?} is clipped: {a:?} on {} × {}",
                self.width,
                self.height
            );
            for (b, other) in &boxes[..index] {
                let apart = a.right() <= b.left
                    || b.right() <= a.left
                    || a.bottom() <= b.top
                    || b.bottom() <= a.top;
                assert!(apart, "{text:?} lies on {other:?}");
            }
        }
    }
}
