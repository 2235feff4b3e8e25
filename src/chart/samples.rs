//! Grids of images, such as samples of the model or the replay buffer.

use super::canvas::{Area, Canvas, Label, Picture};
use super::caption::Caption;
use super::drawing::{ChartError, Drawing, finish};
use super::lettering::{self, Weight};
use super::page::Page;
use super::theme::{ALARM, BODY, MARGIN, PAGE_WIDTH, SMALL};

/// Images in rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampleGrid {
    /// Title, subtitle and footer.
    pub caption: Caption,
    /// Pixels in [0, 1], what is beyond is clipped; `shape` in row-major order.
    pub pixels: Vec<f32>,
    /// `[n, c, h, w]`: images, channels (1 for grey, 3 for RGB), height, width.
    pub shape: [usize; 4],
    /// Images per row.
    pub columns: usize,
    /// What each row shows, such as `λ = 0.1`; rows beyond the last have none.
    pub row_labels: Vec<String>,
    /// What stands under each image, in small type; images beyond the last,
    /// and those with an empty text, have nothing.
    pub tile_labels: Vec<String>,
}

/// Space between images, in pixels.
const GAP: f64 = 3.0;
/// About how large an image is drawn, in pixels.
const TARGET: f64 = 56.0;
const MOST_LABEL: f64 = 150.0;

/// Draws the images crisp: every pixel becomes a square of whole dots. Pixels
/// that are not finite are shown in the alarm colour and counted.
///
/// # Errors
/// When the number of pixels is not that of `shape`, when there are neither one
/// nor three channels, when `columns` is 0, and when the figure is too large to
/// paint.
pub fn samples(grid: &SampleGrid) -> Result<Drawing, ChartError> {
    finish(&lay_out(grid)?, &grid.caption)
}

fn check(grid: &SampleGrid) -> Result<(), ChartError> {
    let [n, c, h, w] = grid.shape;
    let needed = [c, h, w].iter().try_fold(n, |product, side| product.checked_mul(*side));
    let problem = if needed != Some(grid.pixels.len()) {
        format!(
            "{} pixels were given, but the shape [n, c, h, w] = [{n}, {c}, {h}, {w}] asks for {}",
            grid.pixels.len(),
            needed.map_or_else(|| "more than there can be".to_owned(), |count| count.to_string())
        )
    } else if n > 0 && (h == 0 || w == 0) {
        format!("images of {h} × {w} pixels cannot be drawn")
    } else if n > 0 && c != 1 && c != 3 {
        format!("{c} channels were given; 1 (grey) and 3 (RGB) can be drawn")
    } else if n > 0 && grid.columns == 0 {
        "0 images per row were asked for; at least 1 is needed".to_owned()
    } else {
        return Ok(());
    };
    Err(ChartError::Shape { chart: grid.caption.title.clone(), problem })
}

/// Pixels of the page per pixel of an image: a multiple of one half, for the PNG
/// has two dots to the pixel, and as near to [`TARGET`] as the row leaves room.
fn scale(grid: &SampleGrid, columns: usize, room: f64) -> f64 {
    let [_, _, h, w] = grid.shape;
    let wanted = TARGET / h.max(w).max(1) as f64;
    let widest = (room / columns as f64 - GAP) / w.max(1) as f64;
    ((wanted.min(widest) * 2.0).floor() / 2.0).max(0.5)
}

fn lay_out(grid: &SampleGrid) -> Result<Canvas, ChartError> {
    check(grid)?;
    let [n, _, h, w] = grid.shape;
    let columns = grid.columns.min(n).max(1);
    let gutter = gutter(grid);
    let scale = scale(grid, columns, PAGE_WIDTH - 2.0 * MARGIN - gutter);
    let (tile_width, tile_height) = (w as f64 * scale, h as f64 * scale);
    let width = gutter + columns as f64 * (tile_width + GAP) + 2.0 * MARGIN;
    let line = if gutter > 0.0 { 1.3 * BODY } else { 0.0 };
    let row_height = tile_height.max(line).ceil() + GAP;
    let labelled = |row: usize| {
        let tiles = row * columns..n.min((row + 1) * columns);
        tiles.into_iter().any(|index| grid.tile_labels.get(index).is_some_and(|t| !t.is_empty()))
    };
    let mut page = Page::new(&grid.caption, width);
    if n == 0 {
        page.lines("no images", BODY, 1);
    }
    page.y = page.y.ceil();
    for row in 0..n.div_ceil(columns) {
        if let Some(text) = grid.row_labels.get(row) {
            let text = lettering::fit(text, BODY, Weight::Regular, MOST_LABEL);
            let baseline = page.y + tile_height / 2.0 + 0.36 * BODY;
            let baseline = baseline.max(page.y + 0.8 * BODY);
            page.canvas.label(Label::new(text, BODY, (MARGIN, baseline)));
        }
        for index in row * columns..n.min((row + 1) * columns) {
            let column = (index - row * columns) as f64;
            let area = Area {
                left: MARGIN + gutter + column * (tile_width + GAP),
                top: page.y,
                width: tile_width,
                height: tile_height,
            };
            page.canvas.picture(picture(grid, index, area));
            if let Some(text) = grid.tile_labels.get(index).filter(|text| !text.is_empty()) {
                let text = lettering::fit(text, SMALL, Weight::Regular, tile_width + GAP - 2.0);
                let at = (area.left, page.y + tile_height + SMALL);
                page.canvas.label(Label::new(text, SMALL, at));
            }
        }
        page.y += row_height + if labelled(row) { 1.5 * SMALL } else { 0.0 };
    }
    note_pixels(&mut page, grid);
    Ok(page.finish(&grid.caption))
}

/// Width of the widest row label, up to a limit, and the space after it.
fn gutter(grid: &SampleGrid) -> f64 {
    let widest = grid
        .row_labels
        .iter()
        .map(|text| lettering::width(&lettering::one_line(text), BODY, Weight::Regular))
        .fold(0.0, f64::max);
    if widest > 0.0 { (widest.min(MOST_LABEL) + 10.0).ceil() } else { 0.0 }
}

/// Image `index` of the grid as bytes.
fn picture(grid: &SampleGrid, index: usize, area: Area) -> Picture {
    let [_, c, h, w] = grid.shape;
    let plane = h * w;
    let image = &grid.pixels[index * c * plane..(index + 1) * c * plane];
    let mut rgb = Vec::with_capacity(3 * plane);
    for place in 0..plane {
        let color = [0, 1, 2].map(|channel| image[channel.min(c - 1) * plane + place]);
        if color.iter().all(|value| value.is_finite()) {
            rgb.extend(color.map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8));
        } else {
            rgb.extend([ALARM.red, ALARM.green, ALARM.blue]);
        }
    }
    Picture { area, size: (w, h), rgb }
}

fn note_pixels(page: &mut Page, grid: &SampleGrid) {
    let odd = grid.pixels.iter().filter(|value| !value.is_finite()).count();
    if odd > 0 {
        let text = format!(
            "{odd} of {} values are not finite; their pixels are shown in {}.",
            grid.pixels.len(),
            ALARM.hex()
        );
        page.y += 6.0;
        page.lines(&text, SMALL, 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(shape: [usize; 4], columns: usize) -> SampleGrid {
        let count = shape.iter().product();
        SampleGrid {
            pixels: (0..count).map(|i| (i % 17) as f32 / 16.0).collect(),
            shape,
            columns,
            ..SampleGrid::default()
        }
    }

    fn decoded(png: &[u8]) -> (usize, Vec<u8>) {
        let mut reader =
            png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("the header is valid");
        let mut pixels = vec![0; reader.output_buffer_size().expect("it is small")];
        let info = reader.next_frame(&mut pixels).expect("the image is whole");
        (info.width as usize, pixels)
    }

    #[test]
    fn every_pixel_becomes_a_square_of_one_colour() {
        let mut grid = grid([1, 3, 2, 2], 1);
        grid.pixels = vec![1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.5];
        let canvas = lay_out(&grid).expect("it can be laid out");
        let area = canvas.pictures[0].area;
        let (width, pixels) = decoded(&samples(&grid).expect("it can be drawn").png);
        let at = |x: f64, y: f64| {
            let dot = |start: f64, side: f64, share: f64| ((start + side * share) * 2.0) as usize;
            let (x, y) = (dot(area.left, area.width, x), dot(area.top, area.height, y));
            &pixels[(y * width + x) * 3..][..3]
        };
        let (first, last) = (0.01, 0.49);
        for (near, far) in [(first, first), (last, last), (first, last)] {
            assert_eq!(at(near, far), [255, 0, 0]);
            assert_eq!(at(near + 0.5, far), [0, 255, 0]);
            assert_eq!(at(near, far + 0.5), [0, 0, 255]);
            assert_eq!(at(near + 0.5, far + 0.5), [0, 0, 128]);
        }
    }

    #[test]
    fn every_image_is_in_the_svg_once() {
        let grid = grid([7, 1, 28, 28], 3);
        let drawing = samples(&grid).expect("it can be drawn");
        assert_eq!(drawing.svg.matches("data:image/png;base64,").count(), 7);
        assert_eq!(Ok(drawing), samples(&grid));
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused_with_their_numbers() {
        let text = |grid: &SampleGrid| match samples(grid) {
            Err(error) => error.to_string(),
            Ok(_) => String::new(),
        };
        let mut short = grid([2, 1, 2, 2], 1);
        short.pixels.pop();
        assert!(text(&short).contains("[2, 1, 2, 2] asks for 8"), "{}", text(&short));
        assert!(text(&grid([1, 2, 2, 2], 1)).contains("2 channels were given"));
        assert!(text(&grid([1, 1, 2, 2], 0)).contains("0 images per row"));
        assert!(text(&grid([3, 1, 0, 2], 1)).contains("0 × 2"));
        let vast = SampleGrid { shape: [usize::MAX, 3, 9, 9], columns: 1, ..SampleGrid::default() };
        assert!(text(&vast).contains("more than there can be"));
    }

    #[test]
    fn pixels_that_are_not_finite_are_counted_and_seen() {
        let mut grid = grid([1, 1, 2, 2], 1);
        grid.pixels[3] = f32::NAN;
        let canvas = lay_out(&grid).expect("it can be laid out");
        assert_eq!(canvas.pictures[0].rgb[9..], [0xD5, 0x5E, 0x00]);
        assert!(canvas.labels.iter().any(|l| l.text.starts_with("1 of 4 values")));
    }

    #[test]
    fn hostile_grids_stay_legible() {
        let long = "a label that is far too long for the space beside a row".to_owned();
        for (shape, columns) in [
            ([0, 0, 0, 0], 0),
            ([0, 3, 32, 32], 10),
            ([30, 1, 1, 1], 30),
            ([64, 1, 28, 28], 64),
            ([12, 3, 1, 90], 1),
            ([3, 1, 700, 2], 9),
        ] {
            let grid = SampleGrid { row_labels: vec![long.clone(); 40], ..grid(shape, columns) };
            lay_out(&grid).expect("it can be laid out").assert_legible();
            let grid = SampleGrid { tile_labels: vec!["12.34".to_owned(); 40], ..grid };
            lay_out(&grid).expect("it can be laid out").assert_legible();
        }
    }

    #[test]
    fn what_stands_under_an_image_keeps_the_next_row_away() {
        let bare = grid([4, 1, 8, 8], 2);
        let labels = ["", "", "1.5", ""].map(str::to_owned).to_vec();
        let labelled = SampleGrid { tile_labels: labels, ..bare.clone() };
        let tops = |grid: &SampleGrid| -> Vec<f64> {
            let canvas = lay_out(grid).expect("it can be laid out");
            canvas.pictures.iter().map(|picture| picture.area.top).collect()
        };
        assert_eq!(tops(&bare), tops(&labelled));
        let canvas = lay_out(&labelled).expect("it can be laid out");
        assert!(canvas.labels.iter().any(|label| label.text == "1.5"));
    }
}
