//! A map over two swept values: a field of colour for each cell, with its number.

use super::axis::{extent, short};
use super::canvas::{Area, Canvas, Label};
use super::caption::{Better, Caption, Quantity};
use super::drawing::{ChartError, Drawing, finish};
use super::lettering::{self, Weight};
use super::page::{Key, Page, Swatch};
use super::theme::{
    BODY, Color, GRID, INK, MARGIN, MUTED, PAGE_WIDTH, PAPER, SMALL, letters_on, ramp,
};

/// A quantity over two swept values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMap {
    /// Title, subtitle and footer.
    pub caption: Caption,
    /// The name of the value along the horizontal axis.
    pub x_label: String,
    /// Its values from left to right, as people read them.
    pub x: Vec<String>,
    /// The name of the value along the vertical axis.
    pub y_label: String,
    /// Its values from bottom to top.
    pub y: Vec<String>,
    /// What the colours show.
    pub value: Quantity,
    /// The ends of the colours; those of the values where none are given.
    pub range: Option<(f64, f64)>,
    /// A line is drawn between neighbours on either side of this value, and
    /// what it parts.
    pub edge: Option<(f64, String)>,
    /// The fields, in any order; those of a place that has none stay empty.
    pub cells: Vec<HeatCell>,
}

/// One field of the map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatCell {
    /// Its place among [`HeatMap::x`] and [`HeatMap::y`].
    pub place: (usize, usize),
    /// What its colour shows; none, or not finite, where there is no value.
    pub value: Option<f64>,
    /// The number that stands in it.
    pub text: String,
    /// What stands small below the number.
    pub note: String,
}

impl HeatCell {
    fn shown(&self) -> Option<f64> {
        self.value.filter(|value| value.is_finite())
    }
}

/// The widest and the narrowest field.
const WIDTHS: (f64, f64) = (120.0, 12.0);
const HEIGHTS: (f64, f64) = (46.0, 18.0);
/// The most room for the names of rows.
const MOST_GUTTER: f64 = 160.0;
/// Size of notes in fields.
const NOTE: f64 = 9.0;
const BAR: (f64, f64) = (180.0, 10.0);
/// Blocks that the bar of colours is made of.
const BLOCKS: usize = 60;

/// Draws a field for each cell, blue at the better end of the colours. A field
/// without a value is grey, with a × where its text has no room.
///
/// # Errors
/// When a cell's place is not among the values, and when the figure is too
/// large to paint.
pub fn heat_map(map: &HeatMap) -> Result<Drawing, ChartError> {
    let outside = |cell: &&HeatCell| cell.place.0 >= map.x.len() || cell.place.1 >= map.y.len();
    if let Some(cell) = map.cells.iter().find(outside) {
        let problem = format!(
            "a cell stands at {:?}, of {} by {} values, counted from 0",
            cell.place,
            map.x.len(),
            map.y.len()
        );
        return Err(ChartError::Shape { chart: map.caption.title.clone(), problem });
    }
    finish(&lay_out(map), &map.caption)
}

/// Where the fields stand.
struct Fields {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    rows: usize,
}

impl Fields {
    /// The field at `place`, counted from the lower left.
    fn area(&self, (x, y): (usize, usize)) -> Area {
        Area {
            left: self.left + x as f64 * self.width,
            top: self.top + (self.rows - 1 - y) as f64 * self.height,
            width: self.width,
            height: self.height,
        }
    }
}

fn lay_out(map: &HeatMap) -> Canvas {
    let texts = map.y.iter().chain([&map.y_label]);
    let widest = texts.map(|text| lettering::width(text, SMALL, Weight::Regular));
    let gutter = widest.fold(0.0, f64::max).min(MOST_GUTTER) + 10.0;
    let columns = map.x.len().max(1) as f64;
    let room = (PAGE_WIDTH - 2.0 * MARGIN - gutter) / columns;
    let width = room.clamp(WIDTHS.1, WIDTHS.0).floor();
    let height = (0.6 * width).clamp(HEIGHTS.1, HEIGHTS.0).floor();
    let mut page = Page::new(&map.caption, 2.0 * MARGIN + gutter + columns * width);
    page.y_label(&map.value);
    if map.x.is_empty() || map.y.is_empty() {
        page.lines("no cells", BODY, 1);
        return page.finish(&map.caption);
    }
    let name = lettering::fit(&map.y_label, SMALL, Weight::Bold, MOST_GUTTER);
    page.canvas.label(Label::new(name, SMALL, (MARGIN, page.y + 0.8 * SMALL)).bold());
    page.y += 1.6 * SMALL;
    let fields = Fields { left: MARGIN + gutter, top: page.y, width, height, rows: map.y.len() };
    let colors = Colors::of(map);
    for cell in &map.cells {
        field(&mut page.canvas, cell, fields.area(cell.place), &colors);
    }
    edges(&mut page.canvas, map, &fields);
    rows(&mut page.canvas, map, &fields);
    columns_of(&mut page.canvas, map, &fields);
    page.y += map.y.len() as f64 * height + 8.0 + 1.4 * SMALL;
    let under = Area {
        left: fields.left,
        top: fields.top,
        width: columns * width,
        height: map.y.len() as f64 * height,
    };
    page.x_label(&map.x_label, &[under]);
    bar(&mut page, map, &colors);
    page.legend(&keys(map));
    page.finish(&map.caption)
}

/// The colours of values.
struct Colors {
    low: f64,
    high: f64,
    better: Option<Better>,
}

impl Colors {
    fn of(map: &HeatMap) -> Self {
        let values = map.cells.iter().filter_map(HeatCell::shown);
        let (low, high) = map.range.or_else(|| extent(values)).unwrap_or((0.0, 1.0));
        Self { low, high, better: map.value.better }
    }

    fn at(&self, value: f64) -> Color {
        let span = self.high - self.low;
        let share = if span > 0.0 { ((value - self.low) / span).clamp(0.0, 1.0) } else { 0.5 };
        match self.better {
            Some(Better::Higher) => ramp(1.0 - share),
            _ => ramp(share),
        }
    }
}

/// A field with its number and note.
fn field(canvas: &mut Canvas, cell: &HeatCell, area: Area, colors: &Colors) {
    let inner = Area {
        left: area.left + 1.0,
        top: area.top + 1.0,
        width: area.width - 2.0,
        height: area.height - 2.0,
    };
    let (ground, paint) = match cell.shown() {
        Some(value) => {
            let color = colors.at(value);
            (color.solid(), letters_on(color).solid())
        }
        None => (GRID.solid(), MUTED),
    };
    canvas.rect(inner, ground);
    let middle = area.left + area.width / 2.0;
    let room = area.width - 6.0;
    let fits = |text: &str, size: f64| lettering::width(text, size, Weight::Regular) <= room;
    let noted = !cell.note.is_empty()
        && fits(&cell.note, NOTE)
        && fits(&cell.text, SMALL)
        && area.height >= SMALL + NOTE + 10.0;
    let center = area.top + area.height / 2.0;
    let baseline = if noted { center - 1.0 } else { center + 0.36 * SMALL };
    if fits(&cell.text, SMALL) {
        let label = Label::new(&cell.text, SMALL, (middle, baseline)).middle();
        canvas.label(Label { paint, ..label });
    } else if cell.shown().is_none() && !cell.text.is_empty() {
        canvas.cross((middle, center), 4.0, paint);
    }
    if noted {
        let label = Label::new(&cell.note, NOTE, (middle, center + NOTE + 2.0)).middle();
        canvas.label(Label { paint, ..label });
    }
}

/// The line between neighbours on either side of the edge.
fn edges(canvas: &mut Canvas, map: &HeatMap, fields: &Fields) {
    let Some((edge, _)) = &map.edge else { return };
    let beyond = |place: (usize, usize)| {
        let cell = map.cells.iter().find(|cell| cell.place == place)?;
        Some(cell.shown()? >= *edge)
    };
    let parts = |a, b| matches!((beyond(a), beyond(b)), (Some(a), Some(b)) if a != b);
    for x in 0..map.x.len() {
        for y in 0..map.y.len() {
            let area = fields.area((x, y));
            let (left, right) = (area.left, area.right());
            if parts((x, y), (x + 1, y)) {
                line(canvas, (right, area.top), (right, area.bottom()));
            }
            if parts((x, y), (x, y + 1)) {
                line(canvas, (left, area.top), (right, area.top));
            }
        }
    }
}

/// A line of ink with a halo of paper, seen on every colour.
fn line(canvas: &mut Canvas, from: (f64, f64), to: (f64, f64)) {
    canvas.line(&[from, to], PAPER.solid(), 4.5);
    canvas.line(&[from, to], INK.solid(), 2.5);
}

/// The values beside the rows; where rows are low, of those that have room.
fn rows(canvas: &mut Canvas, map: &HeatMap, fields: &Fields) {
    for (y, text) in map.y.iter().enumerate() {
        let area = fields.area((0, y));
        let text = lettering::fit(text, SMALL, Weight::Regular, MOST_GUTTER);
        let at = (fields.left - 6.0, area.top + area.height / 2.0 + 0.36 * SMALL);
        canvas.label(Label::new(text, SMALL, at).muted().end());
    }
}

/// The values under the columns that have room for them.
fn columns_of(canvas: &mut Canvas, map: &HeatMap, fields: &Fields) {
    let mut free_from = 0.0;
    for (x, text) in map.x.iter().enumerate() {
        let area = fields.area((x, 0));
        let at = (area.left + area.width / 2.0, area.bottom() + 4.0 + SMALL);
        let label = Label::new(text, SMALL, at).muted().middle();
        let inside = label.left() + label.width() <= canvas.width;
        if label.left() >= free_from && inside {
            free_from = label.left() + label.width() + 5.0;
            canvas.label(label);
        }
    }
}

/// The colours from the lowest to the highest value.
fn bar(page: &mut Page, map: &HeatMap, colors: &Colors) {
    if map.cells.iter().all(|cell| cell.shown().is_none()) {
        return;
    }
    page.y += 10.0;
    let baseline = page.y + BAR.1 - 1.0;
    let low = Label::new(short(colors.low), SMALL, (MARGIN, baseline)).muted();
    let left = MARGIN + low.width() + 6.0;
    page.canvas.label(low);
    for block in 0..BLOCKS {
        let share = (block as f64 + 0.5) / BLOCKS as f64;
        let color = colors.at(colors.low + share * (colors.high - colors.low));
        let width = BAR.0 / BLOCKS as f64;
        // A little wider, so that no seam of paper shows between two blocks.
        let area = Area {
            left: left + block as f64 * width,
            top: page.y,
            width: width + 0.3,
            height: BAR.1,
        };
        page.canvas.rect(area, color.solid());
    }
    let high = Label::new(short(colors.high), SMALL, (left + BAR.0 + 6.0, baseline)).muted();
    page.canvas.label(high);
    page.y += BAR.1 + 4.0;
}

fn keys(map: &HeatMap) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut parted = map.cells.iter().filter_map(HeatCell::shown);
    if let Some((edge, words)) = &map.edge
        && parted.clone().any(|value| value >= *edge)
        && parted.any(|value| value < *edge)
    {
        keys.push(Key::new(Swatch::Line(INK), words));
    }
    if map.cells.iter().any(|cell| cell.shown().is_none()) {
        keys.push(Key::new(Swatch::Block(GRID.solid()), "no value"));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(columns: usize, rows: usize) -> HeatMap {
        let cell = |index: usize| HeatCell {
            place: (index % columns.max(1), index / columns.max(1)),
            value: (index % 5 != 4).then(|| (index % 4) as f64 / 3.0),
            text: if index % 5 == 4 { "diverged".into() } else { format!("0.{index}23") },
            note: if index.is_multiple_of(3) { "2 of 3".into() } else { String::new() },
        };
        HeatMap {
            caption: Caption { title: "A map".into(), ..Caption::default() },
            x_label: "step size".into(),
            x: (0..columns).map(|x| format!("{x}")).collect(),
            y_label: "steps".into(),
            y: (0..rows).map(|y| format!("{y}")).collect(),
            value: Quantity {
                label: "accuracy".into(),
                better: Some(Better::Higher),
                ..Quantity::default()
            },
            range: None,
            edge: Some((0.5, "where half of the trials diverge".into())),
            cells: (0..columns * rows).map(cell).collect(),
        }
    }

    #[test]
    fn every_cell_has_a_field_and_its_number() {
        let canvas = lay_out(&map(4, 3));
        canvas.assert_legible();
        let has = |text: &str| canvas.labels.iter().any(|label| label.text == text);
        for text in ["0.023", "0.1023", "step size", "steps", "2 of 3", "diverged", "no value"] {
            assert!(has(text), "{text}");
        }
        assert_eq!(canvas.labels.iter().filter(|label| label.text == "diverged").count(), 2);
    }

    #[test]
    fn the_better_end_is_blue_whichever_it_is() {
        let colors = |better| Colors { low: 0.0, high: 1.0, better: Some(better) };
        assert_eq!(colors(Better::Lower).at(0.0), ramp(0.0));
        assert_eq!(colors(Better::Higher).at(1.0), ramp(0.0));
        let flat = Colors { low: 2.0, high: 2.0, better: None };
        assert_eq!(flat.at(2.0), ramp(0.5));
    }

    #[test]
    fn the_edge_runs_between_neighbours_on_either_side_and_round_no_gap() {
        let mut two = map(2, 1);
        two.cells[0].value = Some(0.0);
        two.cells[1].value = Some(1.0);
        let lines = |map: &HeatMap| {
            let canvas = lay_out(map);
            let line = |shape: &&super::super::canvas::Shape| matches!(shape, super::super::canvas::Shape::Line(_, stroke) if stroke.width == 2.5);
            canvas.shapes.iter().filter(line).count()
        };
        // One between the cells, one in the legend.
        assert_eq!(lines(&two), 2);
        two.cells[1].value = None;
        assert_eq!(lines(&two), 0);
    }

    #[test]
    fn hostile_maps_stay_legible() {
        for (columns, rows) in [(0, 0), (1, 1), (3, 40), (60, 2), (90, 3)] {
            lay_out(&map(columns, rows)).assert_legible();
        }
        let mut long = map(3, 2);
        long.y[0] = "a value with a name that is far too long for its place".repeat(3);
        long.x[1] = "another that is long".repeat(9);
        long.cells[0].value = Some(f64::NAN);
        lay_out(&long).assert_legible();
    }

    #[test]
    fn a_cell_outside_the_values_is_refused_with_its_place() {
        let mut outside = map(2, 2);
        outside.cells[0].place = (2, 0);
        let error = heat_map(&outside).expect_err("it has no place");
        assert!(error.to_string().contains("(2, 0), of 2 by 2 values"), "{error}");
    }

    #[test]
    fn the_same_map_gives_the_same_bytes() {
        assert_eq!(heat_map(&map(4, 3)), heat_map(&map(4, 3)));
    }
}
