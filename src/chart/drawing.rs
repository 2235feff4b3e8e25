//! A finished figure, and what can keep it from being finished.

use std::error::Error;
use std::fmt;

use super::canvas::Canvas;
use super::caption::Caption;
use super::paint;
use super::theme::{GRID, INK, PAPER};

/// One figure in both forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// A whole SVG document; it holds no ids, so any number fit into one page.
    pub svg: String,
    /// The same figure as PNG, two dots to the pixel.
    pub png: Vec<u8>,
}

/// Why a chart could not be drawn. Data that is merely odd (empty, constant, not
/// finite) is drawn and explained on the figure; this is for input that
/// contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChartError {
    /// Two parts of the input do not fit together.
    Shape {
        /// Which chart, by its title.
        chart: String,
        /// What was found and what is accepted.
        problem: String,
    },
    /// The figure would be larger than can be painted.
    TooLarge {
        /// Which chart, by its title.
        chart: String,
        /// Width and height in pixels.
        size: (u64, u64),
    },
    /// The painter failed.
    Backend {
        /// Which chart, by its title.
        chart: String,
        /// What it said.
        problem: String,
    },
}

impl fmt::Display for ChartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { chart, problem } => write!(f, "chart \"{chart}\": {problem}"),
            Self::TooLarge { chart, size: (width, height) } => write!(
                f,
                "chart \"{chart}\" would be {width} × {height} pixels, and at most {} fit; \
                 draw fewer panels or images at a time",
                paint::MOST_PIXELS
            ),
            Self::Backend { chart, problem } => {
                write!(f, "chart \"{chart}\" could not be painted: {problem}")
            }
        }
    }
}

impl Error for ChartError {}

/// Paints a laid-out figure.
pub(super) fn finish(canvas: &Canvas, caption: &Caption) -> Result<Drawing, ChartError> {
    let chart = || caption.title.clone();
    if canvas.width * canvas.height > paint::MOST_PIXELS {
        return Err(ChartError::TooLarge {
            chart: chart(),
            size: (canvas.width as u64, canvas.height as u64),
        });
    }
    let description = match &caption.subtitle {
        Some(subtitle) => format!("{}. {subtitle}", caption.title),
        None => caption.title.clone(),
    };
    let failed = |problem| ChartError::Backend { chart: chart(), problem };
    Ok(Drawing {
        svg: paint::svg(canvas, &description).map_err(failed)?,
        png: paint::png(canvas).map_err(failed)?,
    })
}

/// The figure made fit to stand inside an HTML page: as wide as its place, but
/// no wider than it was drawn, and in the colours of the page's theme, which may
/// set `--chart-ink`, `--chart-paper` and `--chart-grid`. Where it does not, the
/// light theme shows. Takes the `svg` of a [`Drawing`].
pub fn for_html(svg: &str) -> String {
    let mut page = svg.to_owned();
    for (color, name) in [(INK, "ink"), (PAPER, "paper"), (GRID, "grid")] {
        let hex = color.hex();
        // Quotes in text are escaped, so this touches attributes alone.
        page = page.replace(&format!("\"{hex}\""), &format!("\"var(--chart-{name}, {hex})\""));
    }
    let Some((width, rest)) =
        page.strip_prefix("<svg width=\"").and_then(|rest| rest.split_once("\" height=\""))
    else {
        return page;
    };
    match rest.split_once("\" ") {
        Some((_, attributes)) => {
            format!("<svg width=\"100%\" style=\"max-width:{width}px;height:auto\" {attributes}")
        }
        None => page,
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::Label;
    use super::*;

    fn example() -> Drawing {
        let mut canvas = Canvas { width: 80.0, height: 40.0, ..Canvas::default() };
        canvas.label(Label::new("\"#FFFFFF\" <&>", 10.0, (4.0, 20.0)));
        canvas.line(&[(0.0, 0.0), (80.0, 40.0)], GRID.solid(), 1.0);
        let caption =
            Caption { title: "a \"b\" < c".into(), subtitle: Some("d & e".into()), footer: None };
        finish(&canvas, &caption).expect("a small canvas can be painted")
    }

    #[test]
    fn a_drawing_says_what_it_is() {
        let svg = example().svg;
        assert!(svg.starts_with("<svg width=\"80\" height=\"40\" viewBox=\"0 0 320 160\""));
        assert!(svg.contains("role=\"img\""));
        assert!(svg.contains("aria-label=\"a &quot;b&quot; &lt; c. d &amp; e\""));
        assert!(svg.trim_end().ends_with("</svg>"));
    }

    #[test]
    fn a_page_replaces_the_reserved_colours_and_leaves_the_text() {
        let page = for_html(&example().svg);
        assert!(
            page.starts_with("<svg width=\"100%\" style=\"max-width:80px;height:auto\" viewBox")
        );
        for name in ["ink", "paper", "grid"] {
            assert!(page.contains(&format!("\"var(--chart-{name}, #")));
        }
        for color in [INK, PAPER, GRID] {
            assert!(!page.contains(&format!("\"{}\"", color.hex())));
        }
        assert!(page.contains("&quot;#FFFFFF&quot;"));
    }

    #[test]
    fn a_figure_too_large_to_paint_is_refused_with_its_size() {
        let canvas = Canvas { width: 800.0, height: 1e6, ..Canvas::default() };
        let error = finish(&canvas, &Caption::default()).expect_err("it is too large");
        assert!(error.to_string().contains("800 × 1000000"));
    }

    #[test]
    fn the_png_has_two_dots_to_the_pixel() {
        let png = example().png;
        let reader =
            png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("the header is valid");
        assert_eq!((reader.info().width, reader.info().height), (160, 80));
    }
}
