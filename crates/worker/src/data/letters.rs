//! Images of printed letters, placed as the digits of MNIST are: a near
//! out-of-distribution set that needs no download.
//!
//! `letters.bin` holds 28 letters in each of four DejaVu fonts as records of the
//! letter, the number of its font and 32×32 grey values; `scripts/make_letters.py`
//! made it, and says which letters are left out because they look like digits.

use std::f64::consts::PI;

use jem_core::dataset::LabelledImages;
use jem_core::random::{At, Stream};

use super::warp;

const GLYPHS: &[u8] = include_bytes!("letters.bin");
/// The side of a glyph.
const GLYPH: usize = 32;
const RECORD: usize = 2 + GLYPH * GLYPH;

/// The longer side of a letter as a share of the image's: 20 of 28 pixels, as in
/// MNIST, at most.
const BOX: f64 = 20.0 / 28.0;
/// The smallest letter, as a share of the largest.
const SMALLEST: f64 = 0.85;
/// The most that a letter is turned, either way.
const TURN: f64 = 15.0 * PI / 180.0;
/// The most columns that a letter is slanted by for each row, either way.
const SLANT: f64 = 0.3;
/// The most that a letter is made wider; as much narrower.
const WIDER: f64 = 1.25;
/// The most that the centre of mass is moved from the image's, either way, as a
/// share of the side: a pixel of 28.
const SHIFT: f64 = 1.0 / 28.0;
/// The largest standard deviation of the blur, as a share of the side: .8 pixels
/// of 28.
const BLUR: f64 = 0.8 / 28.0;
/// Numbers that an image takes.
const DRAWS: usize = 8;

/// As many images of letters as `set` has, of its shape, by eight uniform
/// numbers an image from the stream `<purpose> letters` of seed 0: one fixed set,
/// whichever trial looks at it. Images of several channels have them alike.
/// Labels are 0 and mean nothing.
pub fn letters(set: &LabelledImages, purpose: &str) -> LabelledImages {
    let stream = Stream::new(0, &format!("{purpose} letters"));
    let [channels, h, w] = set.shape;
    let max = f32::from(set.pixel_max);
    let mut pixels = Vec::with_capacity(set.pixels.len());
    for index in 0..set.len() {
        let mut drawn = [0f32; DRAWS];
        stream.fill_uniform(At::step(index as u64), &mut drawn);
        let plane = letter(drawn.map(f64::from), [h, w]);
        let bytes: Vec<u8> = plane.iter().map(|v| (v * max).round() as u8).collect();
        for _ in 0..channels {
            pixels.extend_from_slice(&bytes);
        }
    }
    LabelledImages { pixels, labels: vec![0; set.len()], ..set.clone() }
}

/// An image `[h, w]` from 0 to 1 by `drawn`, each in [0, 1): which glyph, turn,
/// slant, width, size, the two shifts, blur.
fn letter(drawn: [f64; DRAWS], sides: [usize; 2]) -> Vec<f32> {
    let [which, turn, slant, wider, size, down, right, blur] = drawn;
    let both_ways = |u: f64, most: f64| (2.0 * u - 1.0) * most;
    let [h, w] = sides;
    let side = h.min(w) as f64;
    let glyph = Glyph::nth((which * (GLYPHS.len() / RECORD) as f64) as usize);
    let form = Form::new(
        both_ways(turn, TURN),
        both_ways(slant, SLANT),
        both_ways(wider, WIDER.ln()).exp(),
    );
    // How far the ink reaches from its centre of mass: up and down, left and right.
    let reach = glyph.reach(&form);
    let extent = (reach[1] - reach[0]).max(reach[3] - reach[2]) + 1.0;
    let scale = BOX * side * (SMALLEST + (1.0 - SMALLEST) * size) / extent;
    // Never so far that ink is lost at an edge.
    let shift = |u: f64, n: usize, low: f64, high: f64| {
        let half = (n as f64 - 1.0) / 2.0;
        let least = -half - low * scale;
        both_ways(u, SHIFT * side).clamp(least, (half - high * scale).max(least))
    };
    let away = (shift(down, h, reach[0], reach[1]), shift(right, w, reach[2], reach[3]));
    let mut plane = drawn_plane(&glyph, &form, scale, away, sides);
    let sigma = blur * BLUR * side;
    // Below this a blur changes no level of 255.
    if sigma > 0.1 {
        let sharp: Vec<f64> = plane.iter().copied().map(f64::from).collect();
        plane = warp::blurred(&sharp, [1, h, w], sigma).iter().map(|&v| v as f32).collect();
    }
    let brightest = plane.iter().copied().fold(0f32, f32::max);
    plane.iter().map(|v| if brightest > 0.0 { v / brightest } else { 0.0 }).collect()
}

/// The plane `[h, w]` in which the glyph's centre of mass is `away` from the
/// middle. A pixel is the mean of as many points a side as it has pixels of the
/// glyph.
fn drawn_plane(
    glyph: &Glyph,
    form: &Form,
    scale: f64,
    away: (f64, f64),
    [h, w]: [usize; 2],
) -> Vec<f32> {
    let points = ((1.0 / scale).ceil() as usize).clamp(1, GLYPH);
    let offsets: Vec<f64> = (0..points).map(|i| (i as f64 + 0.5) / points as f64 - 0.5).collect();
    let middle = ((h as f64 - 1.0) / 2.0 + away.0, (w as f64 - 1.0) / 2.0 + away.1);
    let value = |row: usize, column: usize| {
        let (y, x) = (row as f64 - middle.0, column as f64 - middle.1);
        let at = |dy: f64, dx: f64| glyph.at(form.back((y + dy) / scale, (x + dx) / scale));
        let sum: f64 = offsets
            .iter()
            .flat_map(|dy| offsets.iter().map(move |dx| (dy, dx)))
            .map(|(dy, dx)| at(*dy, *dx))
            .sum();
        (sum / (points * points) as f64) as f32
    };
    (0..h)
        .flat_map(|row| (0..w).map(move |column| (row, column)))
        .map(|(r, c)| value(r, c))
        .collect()
}

/// A letter of a font.
struct Glyph {
    /// `[GLYPH, GLYPH]`, 255 for ink.
    ink: &'static [u8],
    /// Row and column of the centre of mass.
    centre: (f64, f64),
}

impl Glyph {
    fn nth(place: usize) -> Self {
        let ink = &GLYPHS[place * RECORD + 2..][..GLYPH * GLYPH];
        let (mut mass, mut y, mut x) = (0.0, 0.0, 0.0);
        for (place, value) in ink.iter().enumerate() {
            let value = f64::from(*value);
            mass += value;
            y += value * (place / GLYPH) as f64;
            x += value * (place % GLYPH) as f64;
        }
        Self { ink, centre: (y / mass, x / mass) }
    }

    /// The least and the greatest row, and column, of the ink in `form`, from the
    /// centre of mass.
    fn reach(&self, form: &Form) -> [f64; 4] {
        let mut reach = [f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY];
        for (place, _) in self.ink.iter().enumerate().filter(|(_, value)| **value > 127) {
            let row = (place / GLYPH) as f64 - self.centre.0;
            let (y, x) = form.of(row, (place % GLYPH) as f64 - self.centre.1);
            reach = [reach[0].min(y), reach[1].max(y), reach[2].min(x), reach[3].max(x)];
        }
        reach
    }

    /// The ink at a place from the centre of mass, from 0 to 1: bilinear, none
    /// outside.
    fn at(&self, (y, x): (f64, f64)) -> f64 {
        let (y, x) = (y + self.centre.0, x + self.centre.1);
        let (top, left) = (y.floor(), x.floor());
        let (down, right) = (y - top, x - left);
        let value = |row: f64, column: f64| {
            let inside = 0.0..GLYPH as f64;
            match inside.contains(&row) && inside.contains(&column) {
                true => f64::from(self.ink[row as usize * GLYPH + column as usize]),
                false => 0.0,
            }
        };
        let upper = value(top, left) * (1.0 - right) + value(top, left + 1.0) * right;
        let lower = value(top + 1.0, left) * (1.0 - right) + value(top + 1.0, left + 1.0) * right;
        (upper * (1.0 - down) + lower * down) / 255.0
    }
}

/// A letter's slant and width, then its turn.
struct Form {
    sin: f64,
    cos: f64,
    slant: f64,
    wider: f64,
}

impl Form {
    fn new(turn: f64, slant: f64, wider: f64) -> Self {
        let (sin, cos) = turn.sin_cos();
        Self { sin, cos, slant, wider }
    }

    /// Where row `y` and column `x` of the glyph come to.
    fn of(&self, y: f64, x: f64) -> (f64, f64) {
        let x = self.wider * x + self.slant * y;
        (self.cos * y - self.sin * x, self.sin * y + self.cos * x)
    }

    /// What comes to `y` and `x`.
    fn back(&self, y: f64, x: f64) -> (f64, f64) {
        let (y, x) = (self.cos * y + self.sin * x, self.cos * x - self.sin * y);
        (y, (x - self.slant * y) / self.wider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(shape: [usize; 3], pixel_max: u8, n: usize) -> LabelledImages {
        let pixels = vec![0; n * shape.iter().product::<usize>()];
        LabelledImages { shape, pixels, labels: vec![0; n], pixel_max, classes: 10 }
    }

    /// The least and greatest row or column with ink, and the centre of mass.
    fn spans(plane: &[u8], [h, w]: [usize; 2]) -> [(usize, usize, f64); 2] {
        let of = |n: usize, place: fn(usize, usize) -> usize| {
            let ink = plane.iter().enumerate().filter(|(_, v)| **v > 127);
            let places: Vec<usize> = ink.map(|(i, _)| place(i, w)).collect();
            let mass: f64 = plane.iter().map(|v| f64::from(*v)).sum();
            let sum: f64 =
                plane.iter().enumerate().map(|(i, v)| f64::from(*v) * place(i, w) as f64).sum();
            let ends = (places.iter().min(), places.iter().max());
            assert!(ends.1.is_some_and(|most| *most < n), "there is ink");
            (ends.0.copied().unwrap_or(0), ends.1.copied().unwrap_or(0), sum / mass)
        };
        [of(h, |i, w| i / w), of(w, |i, w| i % w)]
    }

    #[test]
    fn letters_are_in_a_box_of_20_about_their_centre_of_mass() {
        let set = letters(&like([1, 28, 28], 255, 400), "ood");
        let mut lit = 0;
        for image in set.pixels.chunks_exact(784) {
            let [rows, columns] = spans(image, [28, 28]);
            let longest = (rows.1 - rows.0).max(columns.1 - columns.0) + 1;
            // The blur makes a letter wider by a pixel at most.
            assert!((14..=21).contains(&longest), "{longest}");
            for (_, _, centre) in [rows, columns] {
                assert!((centre - 13.5).abs() < 1.6, "{centre}");
            }
            assert_eq!(image.iter().max(), Some(&255));
            lit += image.iter().filter(|v| **v > 0).count();
        }
        // MNIST's digits have a share of .19.
        let share = lit as f64 / set.pixels.len() as f64;
        assert!((0.1..0.4).contains(&share), "{share}");
    }

    #[test]
    fn every_glyph_and_size_of_image_can_be_had() {
        let glyphs = GLYPHS.len() / RECORD;
        assert_eq!((glyphs, GLYPHS.len() % RECORD), (112, 0));
        let seen: std::collections::BTreeSet<Vec<u8>> =
            (0..glyphs).map(|place| Glyph::nth(place).ink.to_vec()).collect();
        assert_eq!(seen.len(), glyphs);
        for (shape, max) in [([1, 8, 8], 16), ([1, 12, 12], 255), ([1, 40, 32], 255)] {
            let set = letters(&like(shape, max, 30), "ood");
            for image in set.pixels.chunks_exact(shape[1] * shape[2]) {
                assert_eq!(image.iter().max(), Some(&max), "{shape:?}");
                assert_eq!(image.iter().min(), Some(&0), "{shape:?}");
            }
        }
        let colour = letters(&like([3, 32, 32], 255, 2), "ood").pixels;
        assert_eq!(colour[..1024], colour[2048..3072]);
    }

    #[test]
    fn an_image_depends_on_its_place_alone_and_validation_has_letters_of_its_own() {
        let many = letters(&like([1, 28, 28], 255, 20), "ood").pixels;
        assert_eq!(many[..784 * 3], letters(&like([1, 28, 28], 255, 3), "ood").pixels);
        assert_ne!(many, letters(&like([1, 28, 28], 255, 20), "validation ood").pixels);
        let form = Form::new(0.2, 0.1, 1.1);
        let (y, x) = form.of(3.0, -2.0);
        let (y, x) = form.back(y, x);
        assert!((y - 3.0).abs() < 1e-12 && (x + 2.0).abs() < 1e-12, "{y} {x}");
    }
}
