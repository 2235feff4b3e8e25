//! Measuring and rasterising text in the embedded font.
//!
//! Figures measure every label before they place it, and the PNG is lettered
//! here: the charting library's own bitmap text drops the side bearing of each
//! glyph and with it the even spacing of letters.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, PxScale, PxScaleFont, ScaleFont, point};

/// What the SVG asks for. The fallbacks are no wider than DejaVu Sans, so a
/// label that was measured to fit still does.
pub(super) const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// How heavy the letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

static REGULAR: LazyLock<FontRef<'static>> = LazyLock::new(|| load(dejavu::sans::regular()));
static BOLD: LazyLock<FontRef<'static>> = LazyLock::new(|| load(dejavu::sans::bold()));

fn load(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the embedded font is a valid TrueType file")
}

/// The font at `em` pixels to the em. `ab_glyph` counts in ascent plus descent.
fn scaled(em: f64, weight: Weight) -> PxScaleFont<&'static FontRef<'static>> {
    let font: &FontRef<'static> = match weight {
        Weight::Regular => &REGULAR,
        Weight::Bold => &BOLD,
    };
    let height_in_em = font.height_unscaled() / font.units_per_em().unwrap_or(2048.0);
    font.as_scaled(PxScale::from(em as f32 * height_in_em))
}

/// Where each letter of one line of text ends, in pixels from its start, at `em`
/// pixels to the em.
fn ends(text: &str, em: f64, weight: Weight) -> Vec<f64> {
    let font = scaled(em, weight);
    let mut previous = None;
    let mut pen = 0.0;
    text.chars()
        .map(|letter| {
            let glyph = font.glyph_id(letter);
            pen += previous.map_or(0.0, |p| font.kern(p, glyph)) + font.h_advance(glyph);
            previous = Some(glyph);
            f64::from(pen)
        })
        .collect()
}

/// Width of one line of text in pixels at `em` pixels to the em.
pub(super) fn width(text: &str, em: f64, weight: Weight) -> f64 {
    ends(text, em, weight).last().copied().unwrap_or(0.0)
}

/// Calls `put(x, y, coverage)` for every pixel the text touches, starting at
/// `(x, baseline)`.
pub(super) fn rasterise(
    text: &str,
    em: f64,
    weight: Weight,
    (x, baseline): (f64, f64),
    mut put: impl FnMut(i32, i32, f32),
) {
    let font = scaled(em, weight);
    let mut previous = None;
    let mut pen = x as f32;
    for letter in text.chars() {
        let id = font.glyph_id(letter);
        pen += previous.map_or(0.0, |p| font.kern(p, id));
        let glyph = id.with_scale_and_position(font.scale(), point(pen, baseline as f32));
        if let Some(outline) = font.outline_glyph(glyph) {
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, coverage| {
                put(corner.x as i32 + dx as i32, corner.y as i32 + dy as i32, coverage);
            });
        }
        pen += font.h_advance(id);
        previous = Some(id);
    }
}

/// Text made fit to stand in one line of an SVG: control characters, which XML
/// forbids, become spaces.
pub(super) fn one_line(text: &str) -> String {
    let clean = |c: char| {
        if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') { ' ' } else { c }
    };
    text.trim().chars().map(clean).collect()
}

/// `text`, cut with an ellipsis where it is wider than `max` pixels.
pub(super) fn fit(text: &str, em: f64, weight: Weight, max: f64) -> String {
    let text = one_line(text);
    let ends = ends(&text, em, weight);
    if ends.last().is_none_or(|end| *end <= max) {
        return text;
    }
    let room = max - width("…", em, weight);
    if room < 0.0 {
        return String::new();
    }
    let kept = ends.iter().take_while(|end| **end <= room).count();
    let kept: String = text.chars().take(kept).collect();
    format!("{}…", kept.trim_end())
}

/// `text` broken at spaces into at most `lines` lines of at most `max` pixels;
/// what is left over is cut with an ellipsis.
pub(super) fn wrap(text: &str, em: f64, weight: Weight, max: f64, lines: usize) -> Vec<String> {
    let mut done: Vec<String> = Vec::new();
    let text = one_line(text);
    let mut words = text.split_whitespace().peekable();
    while words.peek().is_some() && done.len() + 1 < lines {
        let mut line = String::new();
        while let Some(word) = words.peek() {
            let longer =
                if line.is_empty() { (*word).to_owned() } else { format!("{line} {word}") };
            if !line.is_empty() && width(&longer, em, weight) > max {
                break;
            }
            line = longer;
            words.next();
        }
        done.push(fit(&line, em, weight, max));
    }
    let rest: Vec<&str> = words.collect();
    if !rest.is_empty() {
        done.push(fit(&rest.join(" "), em, weight, max));
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_font_has_the_signs_that_the_figures_use() {
        for weight in [Weight::Regular, Weight::Bold] {
            let font = scaled(12.0, weight);
            for sign in "λµσ×·±→↑↓≤…−’²".chars() {
                assert_ne!(font.glyph_id(sign).0, 0, "{sign} is missing");
            }
        }
    }

    #[test]
    fn an_em_of_dejavu_sans_is_as_wide_as_its_table_says() {
        // The advance of "m" is 1995 of 2048 units (hmtx of DejaVu Sans 2.37).
        let expected = 1995.0 / 2048.0 * 100.0;
        assert!((width("m", 100.0, Weight::Regular) - expected).abs() < 0.01);
    }

    #[test]
    fn a_label_is_cut_to_its_room() {
        let long = "a very long label ".repeat(20);
        let cut = fit(&long, 12.0, Weight::Regular, 120.0);
        assert!(cut.ends_with('…'));
        assert!(width(&cut, 12.0, Weight::Regular) <= 120.0);
        assert_eq!(fit("abc", 12.0, Weight::Regular, 0.0), "");
    }

    #[test]
    fn wrapped_text_keeps_every_word_while_there_are_lines() {
        let lines = wrap("one two three four", 12.0, Weight::Regular, 60.0, 9);
        assert!(lines.len() > 1);
        assert_eq!(lines.join(" "), "one two three four");
        assert!(wrap("", 12.0, Weight::Regular, 60.0, 3).is_empty());
    }
}
