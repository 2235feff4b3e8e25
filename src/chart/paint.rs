//! A canvas as SVG and as PNG.
//!
//! Both are drawn by `plotters` on one grid of dots, [`DOTS`] to the pixel: its
//! coordinates are whole numbers, and four of them keep curves smooth. The SVG
//! shows the grid through its `viewBox`. The bitmap is averaged down to
//! [`PNG_SCALE`] dots to the pixel, which is what smooths its edges, and lettered
//! afterwards.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plotters::backend::{BitMapBackend, RGBPixel, SVGBackend};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, RGBAColor, ShapeStyle, TextStyle};

use super::canvas::{Anchor, Area, Canvas, Label, Picture, Point, Shape};
use super::lettering::{self, Weight};
use super::theme::{PAPER, Paint};

/// The largest figure in pixels; its bitmap takes 48 bytes for each while it is
/// painted.
pub(super) const MOST_PIXELS: f64 = 8e6;

const DOTS: f64 = 4.0;
const PNG_SCALE: f64 = 2.0;

fn dots(pixels: f64) -> i32 {
    (pixels * DOTS).round().clamp(-1e6, 1e6) as i32
}

fn place((x, y): Point) -> (i32, i32) {
    (dots(x), dots(y))
}

fn style(paint: Paint, width: f64) -> ShapeStyle {
    ShapeStyle {
        color: RGBAColor(paint.color.red, paint.color.green, paint.color.blue, paint.opacity),
        filled: true,
        stroke_width: dots(width).max(1) as u32,
    }
}

fn page(canvas: &Canvas) -> Area {
    Area { left: 0.0, top: 0.0, width: canvas.width, height: canvas.height }
}

/// The canvas as an SVG document that describes itself with `description`.
pub(super) fn svg(canvas: &Canvas, description: &str) -> Result<String, String> {
    let (width, height) = (dots(canvas.width), dots(canvas.height));
    let mut body = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut body, (width as u32, height as u32));
        shape(&mut backend, &Shape::Rect(page(canvas), PAPER.solid()))?;
        for mark in &canvas.shapes {
            shape(&mut backend, mark)?;
        }
        for label in &canvas.labels {
            svg_label(&mut backend, label)?;
        }
        backend.present().map_err(|error| error.to_string())?;
    }
    let inner = body
        .split_once(">\n")
        .and_then(|(_, rest)| rest.trim_end().strip_suffix("</svg>"))
        .ok_or("the SVG backend wrote no <svg> element")?;
    let mut out = format!(
        "<svg width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
         xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{}\" \
         stroke-linejoin=\"round\">\n",
        canvas.width,
        canvas.height,
        escape(&lettering::one_line(description))
    );
    // Line breaks inside <text> would be read as spaces by some viewers.
    for line in inner.lines() {
        out.push_str(line);
        if !line.starts_with("<text") && (line.starts_with('<') && line.ends_with('>')) {
            out.push('\n');
        }
    }
    for picture in &canvas.pictures {
        svg_picture(&mut out, picture)?;
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Shapes as the backend draws them, lines whole.
fn shape<B: DrawingBackend>(backend: &mut B, mark: &Shape) -> Result<(), String> {
    match mark {
        Shape::Line(points, stroke) => backend.draw_path(
            points.iter().map(|point| place(*point)),
            &style(stroke.paint, stroke.width),
        ),
        Shape::Polygon(points, paint) => {
            backend.fill_polygon(points.iter().map(|point| place(*point)), &style(*paint, 1.0))
        }
        Shape::Rect(area, paint) => backend.draw_rect(
            place((area.left, area.top)),
            place((area.right(), area.bottom())),
            &style(*paint, 1.0),
            true,
        ),
        Shape::Circle(center, radius, paint) => backend.draw_circle(
            place(*center),
            dots(*radius).max(1) as u32,
            &style(*paint, 1.0),
            true,
        ),
    }
    .map_err(|error| error.to_string())
}

fn svg_label(backend: &mut SVGBackend<'_>, label: &Label) -> Result<(), String> {
    // The backend writes 1/1.24 of the size it is given, and a first baseline
    // 0.76 em under the top.
    let em = label.size * DOTS;
    let font = FontDesc::new(
        FontFamily::Name(lettering::FAMILY),
        em * 1.24,
        match label.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::Bold => FontStyle::Bold,
        },
    );
    let anchor = match label.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let text = TextStyle {
        font,
        color: plotters::style::Color::to_backend_color(&style(label.paint, 1.0).color),
        pos: Pos::new(anchor, VPos::Top),
    };
    let (x, baseline) = (label.at.0, label.at.1 * DOTS - 0.76 * em);
    backend
        .draw_text(&label.text, &text, (dots(x), baseline.round() as i32))
        .map_err(|error| error.to_string())
}

fn svg_picture(out: &mut String, picture: &Picture) -> Result<(), String> {
    let (columns, rows) = picture.size;
    let png = encode(&picture.rgb, columns, rows)?;
    let (left, top) = place((picture.area.left, picture.area.top));
    let (right, bottom) = place((picture.area.right(), picture.area.bottom()));
    writeln!(
        out,
        "<image x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" \
         preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" \
         href=\"data:image/png;base64,{}\"/>",
        right - left,
        bottom - top,
        STANDARD.encode(png)
    )
    .map_err(|error| error.to_string())
}

/// The canvas as PNG bytes.
pub(super) fn png(canvas: &Canvas) -> Result<Vec<u8>, String> {
    let size = |pixels: f64| (pixels * PNG_SCALE).round() as usize;
    let (width, height) = (size(canvas.width), size(canvas.height));
    let fine = (2 * width, 2 * height);
    let mut dots = vec![0; fine.0 * fine.1 * 3];
    {
        let mut backend = BitMapBackend::<RGBPixel>::with_buffer_and_format(
            &mut dots,
            (fine.0 as u32, fine.1 as u32),
        )
        .map_err(|error| error.to_string())?;
        shape(&mut backend, &Shape::Rect(page(canvas), PAPER.solid()))?;
        for mark in &canvas.shapes {
            bitmap_shape(&mut backend, mark)?;
        }
    }
    let mut image = averaged(&dots, fine.0);
    drop(dots);
    for picture in &canvas.pictures {
        blit(&mut image, width, picture);
    }
    for label in &canvas.labels {
        bitmap_label(&mut image, (width, height), label);
    }
    encode(&image, width, height)
}

/// Lines are cut into segments here: the backend's thick polylines grow spikes
/// where they turn sharply.
fn bitmap_shape<B: DrawingBackend>(backend: &mut B, mark: &Shape) -> Result<(), String> {
    let Shape::Line(points, stroke) = mark else {
        return shape(backend, mark);
    };
    let half = stroke.width / 2.0;
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        if x0 == x1 || y0 == y1 {
            // Along an axis a rectangle is exact.
            let (dx, dy) = if x0 == x1 { (half, 0.0) } else { (0.0, half) };
            let area = Area {
                left: x0.min(x1) - dx,
                top: y0.min(y1) - dy,
                width: (x1 - x0).abs() + 2.0 * dx,
                height: (y1 - y0).abs() + 2.0 * dy,
            };
            shape(backend, &Shape::Rect(area, stroke.paint))?;
        } else {
            shape(backend, &Shape::Line(pair.to_vec(), *stroke))?;
        }
    }
    if points.len() > 2 && stroke.paint.opacity >= 1.0 && dots(half) > 1 {
        for joint in &points[1..points.len() - 1] {
            shape(backend, &Shape::Circle(*joint, half, stroke.paint))?;
        }
    }
    Ok(())
}

/// Means over squares of two by two dots. `dots` is RGB, `width` dots wide.
fn averaged(dots: &[u8], width: usize) -> Vec<u8> {
    let mut image = Vec::with_capacity(dots.len() / 4);
    for rows in dots.chunks_exact(2 * 3 * width) {
        let (upper, lower) = rows.split_at(3 * width);
        for (over, under) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for channel in 0..3 {
                let sum = u16::from(over[channel])
                    + u16::from(over[channel + 3])
                    + u16::from(under[channel])
                    + u16::from(under[channel + 3]);
                image.push((sum / 4) as u8);
            }
        }
    }
    image
}

fn blit(image: &mut [u8], width: usize, picture: &Picture) {
    let (columns, rows) = picture.size;
    let at = |pixels: f64| (pixels * PNG_SCALE).round().max(0.0) as usize;
    let (left, top) = (at(picture.area.left), at(picture.area.top));
    let right = at(picture.area.right()).min(width);
    let bottom = at(picture.area.bottom()).min(image.len() / 3 / width);
    for y in top..bottom {
        for x in left..right {
            let column = (x - left) * columns / (right - left);
            let row = (y - top) * rows / (bottom - top);
            let from = (row * columns + column) * 3;
            let to = (y * width + x) * 3;
            image[to..to + 3].copy_from_slice(&picture.rgb[from..from + 3]);
        }
    }
}

fn bitmap_label(image: &mut [u8], (width, height): (usize, usize), label: &Label) {
    let start = (label.left() * PNG_SCALE, label.at.1 * PNG_SCALE);
    let Paint { color, opacity } = label.paint;
    let size = label.size * PNG_SCALE;
    lettering::rasterise(&label.text, size, label.weight, start, |x, y, coverage| {
        let inside = (0..width as i32).contains(&x) && (0..height as i32).contains(&y);
        if !inside {
            return;
        }
        let share = f64::from(coverage.clamp(0.0, 1.0)) * opacity;
        let at = (y as usize * width + x as usize) * 3;
        for (byte, ink) in image[at..at + 3].iter_mut().zip([color.red, color.green, color.blue]) {
            let under = f64::from(*byte);
            *byte = (under + (f64::from(ink) - under) * share).round() as u8;
        }
    });
}

fn encode(rgb: &[u8], width: usize, height: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Flat areas compress best and fastest unfiltered.
    encoder.set_filter(png::Filter::NoFilter);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(rgb)?;
            writer.finish()
        })
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}
