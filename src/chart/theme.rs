//! The one theme of all figures: colours and sizes.

/// A colour, 8 bits per channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Color {
    const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// `#RRGGBB`, in capitals, as it stands in the SVG.
    pub fn hex(self) -> String {
        format!("#{:02X}{:02X}{:02X}", self.red, self.green, self.blue)
    }

    /// This colour laid on with `opacity` in [0, 1].
    pub(super) const fn at(self, opacity: f64) -> Paint {
        Paint { color: self, opacity }
    }

    /// This colour, opaque.
    pub(super) const fn solid(self) -> Paint {
        self.at(1.0)
    }

    /// The colour a `share` in [0, 1] of the way to `other`.
    fn towards(self, other: Self, share: f64) -> Self {
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round();
        Self::new(
            mix(self.red, other.red) as u8,
            mix(self.green, other.green) as u8,
            mix(self.blue, other.blue) as u8,
        )
    }
}

/// A colour and how much of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Paint {
    pub(super) color: Color,
    pub(super) opacity: f64,
}

/// Text and axes. Reserved: no data is drawn in it, so that a page can replace
/// it (see [`for_html`](super::for_html)).
pub const INK: Color = Color::new(0x1B, 0x1F, 0x24);
/// The ground of every figure. Reserved, as [`INK`] is.
pub const PAPER: Color = Color::new(0xFF, 0xFF, 0xFF);
/// Grid lines. Reserved, as [`INK`] is.
pub const GRID: Color = Color::new(0xE2, 0xE5, 0xE9);

/// Ink for what is read second: tick labels, notes, footers.
pub(super) const MUTED: Paint = INK.at(0.68);

/// Series that have no order. The colours of Okabe and Ito ("Color Universal
/// Design", 2008) without black and yellow, which vanish on dark and on white
/// paper; grey stands in as the seventh.
const SERIES: [Color; 7] = [
    Color::new(0x00, 0x72, 0xB2),
    Color::new(0xD5, 0x5E, 0x00),
    Color::new(0x00, 0x9E, 0x73),
    Color::new(0xCC, 0x79, 0xA7),
    Color::new(0xE6, 0x9F, 0x00),
    Color::new(0x56, 0xB4, 0xE9),
    Color::new(0x80, 0x80, 0x80),
];

/// Where the colours of ordered groups run: blue, magenta, orange. Lightness
/// rises all the way, so the order survives colour blindness and grey printing.
const RAMP: [Color; 3] =
    [Color::new(0x3B, 0x4F, 0xD6), Color::new(0xC0, 0x45, 0x7F), Color::new(0xE8, 0xA5, 0x1E)];

/// Bars that are what they should be.
pub(super) const FIRST: Color = SERIES[0];
/// Gaps, faults and values that are not finite.
pub(super) const ALARM: Color = SERIES[1];

/// Bars that only say how many.
pub(super) const NEUTRAL: Color = SERIES[6];

/// The colour of the series at `index`; from the eighth on they repeat.
pub(super) fn series_color(index: usize) -> Color {
    SERIES[index % SERIES.len()]
}

/// Whether the series at `index` wears a repeated colour and needs a dashed line
/// to be told apart.
pub(super) fn repeats(index: usize) -> bool {
    index >= SERIES.len()
}

/// The colour of the group at `index` of `count` ordered groups.
pub(super) fn ordered_color(index: usize, count: usize) -> Color {
    if count < 2 {
        return RAMP[0];
    }
    ramp(index.min(count - 1) as f64 / (count - 1) as f64)
}

/// Letters on fields of colour, dark and light; neither is a reserved colour.
const LETTERS: [Color; 2] = [Color::new(0, 0, 0), Color::new(0xFE, 0xFE, 0xFE)];

/// The colour of letters that can be read on `ground`.
pub(super) fn letters_on(ground: Color) -> Color {
    let [dark, light] = LETTERS;
    if contrast(dark, ground) > contrast(light, ground) { dark } else { light }
}

/// WCAG 2.1 relative luminance.
fn luminance(color: Color) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue)
}

fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

/// The colour a `share` in [0, 1] of the way along the ramp.
pub(super) fn ramp(share: f64) -> Color {
    let along = share.clamp(0.0, 1.0) * 2.0;
    if along < 1.0 {
        RAMP[0].towards(RAMP[1], along)
    } else {
        RAMP[1].towards(RAMP[2], along - 1.0)
    }
}

/// Width of a page in pixels.
pub(super) const PAGE_WIDTH: f64 = 800.0;
/// Free space around a page.
pub(super) const MARGIN: f64 = 22.0;
/// Size of a page's title, in pixels to the em; so are all the sizes here.
pub(super) const TITLE: f64 = 16.0;
/// Size of subtitles, axis labels, panel titles and legends.
pub(super) const BODY: f64 = 12.0;
/// Size of tick labels and notes.
pub(super) const SMALL: f64 = 10.5;
/// Size of footers.
pub(super) const FOOTER: f64 = 9.5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_stand_out_on_white_and_on_near_black() {
        let near_black = Color::new(0x14, 0x17, 0x1C);
        let ramp = (0..9).map(|i| ordered_color(i, 9));
        for color in SERIES.into_iter().chain(ramp) {
            assert!(contrast(color, PAPER) > 2.1, "{} on white", color.hex());
            assert!(contrast(color, near_black) > 2.7, "{} on dark", color.hex());
        }
        // What most charts use keeps the 3:1 asked of graphics by WCAG 2.1.
        for color in &SERIES[..4] {
            assert!(contrast(*color, PAPER) > 3.0);
            assert!(contrast(*color, near_black) > 3.0);
        }
    }

    #[test]
    fn data_never_wears_a_reserved_colour() {
        let ramp = (0..64).map(|i| ordered_color(i, 64));
        for color in SERIES.into_iter().chain(ramp) {
            assert!(![INK, PAPER, GRID].contains(&color));
        }
    }

    #[test]
    fn letters_on_every_colour_of_the_ramp_have_the_contrast_of_wcag_aa() {
        for step in 0..=100 {
            let ground = ramp(f64::from(step) / 100.0);
            assert!(contrast(letters_on(ground), ground) > 4.5, "{}", ground.hex());
        }
        assert!(LETTERS.iter().all(|color| ![INK, PAPER, GRID].contains(color)));
    }

    #[test]
    fn an_ordered_group_gets_lighter_along_its_order() {
        let light: Vec<f64> = (0..9).map(|i| luminance(ordered_color(i, 9))).collect();
        assert!(light.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
