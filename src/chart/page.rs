//! A figure's page, filled from the top: caption, axis label, panels, legend,
//! footer.

use super::canvas::{Area, Canvas, Label, Marker, Point};
use super::caption::{Better, Caption, Quantity};
use super::lettering::{self, Weight};
use super::theme::{BODY, Color, FOOTER, INK, MARGIN, MUTED, PAGE_WIDTH, Paint, SMALL, TITLE};

/// What stands before the text of a legend entry.
#[derive(Clone, Copy, Debug)]
pub(super) enum Swatch {
    /// A line with a marker, dashed or not.
    Series(Marker, Color, bool),
    /// A plain line.
    Line(Color),
    /// A filled block.
    Block(Paint),
    /// A narrow upright block.
    Upright(Paint),
    /// The outline of a block.
    Outline(Paint),
    /// A marker between the ends of an interval.
    Interval,
    /// A small dot.
    Dot,
    /// A ×.
    Cross,
    /// A dashed line.
    Dashed,
}

/// One entry of a legend.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) swatch: Swatch,
    pub(super) text: String,
}

impl Key {
    pub(super) fn new(swatch: Swatch, text: impl Into<String>) -> Self {
        Self { swatch, text: text.into() }
    }
}

/// The words over one panel of several.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) title: String,
    /// At the right end of the title's line.
    pub(super) info: String,
    /// What the panel cannot show.
    pub(super) notes: Vec<String>,
}

impl Head {
    /// With the info on a line of its own.
    fn stacked(&self) -> Self {
        let notes = [&self.info].into_iter().chain(&self.notes);
        Self {
            title: self.title.clone(),
            info: String::new(),
            notes: notes.filter(|note| !note.is_empty()).cloned().collect(),
        }
    }
}

const SWATCH: f64 = 22.0;
const KEY_GAP: f64 = 18.0;
const KEY_LINE: f64 = 18.0;
const HEAD_LINE: f64 = 16.0;
const PANEL_GAP: f64 = 22.0;
const ROW_GAP: f64 = 12.0;
const NOTE_LINE: f64 = 13.0;

/// A page that grows downwards.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) canvas: Canvas,
    /// The first free line.
    pub(super) y: f64,
    /// So many panels in a row belong together and stay in one row.
    pub(super) together: usize,
}

impl Page {
    /// A page of at least the usual width, with the title and subtitle on it.
    pub(super) fn new(caption: &Caption, width: f64) -> Self {
        let canvas = Canvas { width: width.max(PAGE_WIDTH).ceil(), ..Canvas::default() };
        let mut page = Self { canvas, y: MARGIN, together: 1 };
        for line in lettering::wrap(&caption.title, TITLE, Weight::Bold, page.width(), 3) {
            page.canvas.label(Label::new(line, TITLE, (MARGIN, page.y + 0.76 * TITLE)).bold());
            page.y += 1.3 * TITLE;
        }
        if let Some(subtitle) = &caption.subtitle {
            page.lines(subtitle, BODY, 3);
        }
        page.y += 8.0;
        page
    }

    /// The width between the margins.
    pub(super) fn width(&self) -> f64 {
        self.canvas.width - 2.0 * MARGIN
    }

    /// Muted text over the whole width.
    pub(super) fn lines(&mut self, text: &str, size: f64, most: usize) {
        for line in lettering::wrap(text, size, Weight::Regular, self.width(), most) {
            let at = (MARGIN, self.y + 0.76 * size);
            self.canvas.label(Label::new(line, size, at).muted());
            self.y += 1.4 * size;
        }
    }

    /// The label of the y axis, lying over it where it can be read, and which
    /// way is better.
    pub(super) fn y_label(&mut self, quantity: &Quantity) {
        let baseline = self.y + 0.76 * BODY;
        let hint = quantity.better.map_or("", |better| better.hint(true));
        let hint_width = lettering::width(hint, SMALL, Weight::Regular) + 14.0;
        let room = self.width() - hint_width;
        let text = lettering::fit(&quantity.with_unit(), BODY, Weight::Regular, room);
        let label = Label::new(text, BODY, (MARGIN, baseline));
        let hint_at = (MARGIN + label.width() + 14.0, baseline);
        self.canvas.label(label);
        self.canvas.label(Label::new(hint, SMALL, hint_at).muted());
        self.y += 1.8 * BODY;
    }

    /// The label of the x axis, centred under `areas`.
    pub(super) fn x_label(&mut self, text: &str, areas: &[Area]) {
        let left = areas.iter().map(|area| area.left).reduce(f64::min);
        let right = areas.iter().map(Area::right).reduce(f64::max);
        let (Some(left), Some(right)) = (left, right) else {
            return;
        };
        let middle = (left + right) / 2.0;
        let room = 2.0 * (middle - MARGIN).min(self.canvas.width - MARGIN - middle);
        let text = lettering::fit(text, BODY, Weight::Regular, room);
        if !text.is_empty() {
            let at = (middle, self.y + 0.8 * BODY);
            self.canvas.label(Label::new(text, BODY, at).middle());
            self.y += 1.5 * BODY;
        }
    }

    /// A legend that flows over as many lines as it needs.
    pub(super) fn legend(&mut self, keys: &[Key]) {
        if keys.is_empty() {
            return;
        }
        self.y += 8.0;
        let right = self.canvas.width - MARGIN;
        let mut x = MARGIN;
        for key in keys {
            let room = self.width() - SWATCH - 6.0;
            let text = lettering::fit(&key.text, BODY, Weight::Regular, room);
            let label = Label::new(text, BODY, (0.0, 0.0));
            let width = SWATCH + 6.0 + label.width();
            if x > MARGIN && x + width > right {
                x = MARGIN;
                self.y += KEY_LINE;
            }
            let middle = self.y + KEY_LINE / 2.0;
            swatch(&mut self.canvas, key.swatch, (x, middle));
            self.canvas.label(Label { at: (x + SWATCH + 6.0, middle + 0.36 * BODY), ..label });
            x += width + KEY_GAP;
        }
        self.y += KEY_LINE;
    }

    /// How many of `count` panels stand side by side, and how wide each is then:
    /// between `least` and `most` pixels.
    pub(super) fn columns(&self, count: usize, (least, most): (f64, f64)) -> (usize, f64) {
        let fit = ((self.width() + PANEL_GAP) / (least + PANEL_GAP)).floor() as usize;
        let groups = count.div_ceil(self.together);
        let rows = groups.div_ceil((fit / self.together).max(1)).max(1);
        let columns = groups.div_ceil(rows).max(1) * self.together;
        let width = (self.width() + PANEL_GAP) / columns as f64 - PANEL_GAP;
        (columns, width.min(most))
    }

    /// Room for `heads.len()` panels of a width between `widths`, each with
    /// `height` under its head. Draws the heads and gives the areas under them,
    /// row by row.
    pub(super) fn panels(&mut self, heads: &[Head], widths: (f64, f64), height: f64) -> Vec<Area> {
        let (columns, width) = self.columns(heads.len(), widths);
        // Where one title leaves its info no room, every info gets its own line.
        let tight = heads.iter().any(|head| {
            let title = lettering::width(&head.title, BODY, Weight::Bold);
            title + 8.0 + lettering::width(&head.info, SMALL, Weight::Regular) > width
        });
        let heads: Vec<Head> =
            heads.iter().map(|head| if tight { head.stacked() } else { head.clone() }).collect();
        let mut areas = Vec::with_capacity(heads.len());
        for row in heads.chunks(columns) {
            let top = self.y;
            let notes: Vec<Vec<String>> =
                row.iter().map(|head| wrapped_notes(head, width)).collect();
            let most_notes = notes.iter().map(Vec::len).max().unwrap_or(0);
            let head_height = HEAD_LINE + NOTE_LINE * most_notes as f64 + 6.0;
            for (column, (head, notes)) in row.iter().zip(notes).enumerate() {
                let left = MARGIN + column as f64 * (width + PANEL_GAP);
                self.head(head, &notes, (left, top), width);
                areas.push(Area { left, top: top + head_height, width, height });
            }
            self.y = top + head_height + height + ROW_GAP;
        }
        if !areas.is_empty() {
            self.y -= ROW_GAP;
        }
        areas
    }

    fn head(&mut self, head: &Head, notes: &[String], (left, top): Point, width: f64) {
        let info = lettering::fit(&head.info, SMALL, Weight::Regular, width * 0.6);
        let baseline = top + 0.8 * BODY;
        let info = Label::new(info, SMALL, (left + width, baseline)).muted().end();
        let room = width - info.width() - 8.0;
        let title = lettering::fit(&head.title, BODY, Weight::Bold, room);
        self.canvas.label(Label::new(title, BODY, (left, baseline)).bold());
        self.canvas.label(info);
        for (index, note) in notes.iter().enumerate() {
            let baseline = top + HEAD_LINE + index as f64 * NOTE_LINE + 0.8 * SMALL;
            self.canvas.label(Label::new(note, SMALL, (left, baseline)).muted());
        }
    }

    /// The footer and the lower margin.
    pub(super) fn finish(mut self, caption: &Caption) -> Canvas {
        if let Some(footer) = &caption.footer {
            self.y += 8.0;
            self.lines(footer, FOOTER, 3);
        }
        self.canvas.height = (self.y + MARGIN * 0.6).ceil();
        self.canvas
    }
}

impl Quantity {
    /// The head of a panel that shows this quantity.
    pub(super) fn head(&self, notes: Vec<String>) -> Head {
        Head {
            title: self.with_unit(),
            info: self
                .better
                .map_or_else(String::new, |better: Better| better.hint(false).to_owned()),
            notes,
        }
    }
}

fn wrapped_notes(head: &Head, width: f64) -> Vec<String> {
    head.notes
        .iter()
        .flat_map(|note| lettering::wrap(note, SMALL, Weight::Regular, width, 2))
        .collect()
}

/// Draws a swatch of [`SWATCH`] pixels, `left` to the right of which and around
/// whose middle it stands.
fn swatch(canvas: &mut Canvas, swatch: Swatch, (left, y): Point) {
    let (middle, right) = (left + SWATCH / 2.0, left + SWATCH);
    match swatch {
        Swatch::Series(marker, color, dashed) => {
            if dashed {
                canvas.dashed((left, y), (right, y), color.solid(), 2.0);
            } else {
                canvas.line(&[(left, y), (right, y)], color.solid(), 2.0);
            }
            canvas.marker(marker, (middle, y), 4.0, color);
        }
        Swatch::Line(color) => canvas.line(&[(left, y), (right, y)], color.solid(), 2.5),
        Swatch::Block(paint) => canvas.rect(
            Area { left: left + 4.0, top: y - 5.0, width: SWATCH - 8.0, height: 10.0 },
            paint,
        ),
        Swatch::Upright(paint) => {
            canvas.rect(Area { left: middle - 2.0, top: y - 7.0, width: 4.0, height: 14.0 }, paint)
        }
        Swatch::Outline(paint) => {
            let (from, to) = (left + 4.5, right - 4.5);
            let corners = [(from, y + 5.0), (from, y - 5.0), (to, y - 5.0), (to, y + 5.0)];
            canvas.line(&corners, paint, 1.0);
        }
        Swatch::Interval => {
            canvas.line(&[(middle, y - 8.0), (middle, y + 8.0)], INK.solid(), 1.5);
            for end in [y - 8.0, y + 8.0] {
                canvas.line(&[(middle - 3.5, end), (middle + 3.5, end)], INK.solid(), 1.5);
            }
            canvas.marker(Marker::Circle, (middle, y), 2.8, INK);
        }
        Swatch::Dot => canvas.circle((middle, y), 2.0, MUTED),
        Swatch::Cross => canvas.cross((middle, y), 4.0, INK.solid()),
        Swatch::Dashed => canvas.dashed((left, y), (right, y), MUTED, 1.25),
    }
}
