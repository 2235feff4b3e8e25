//! Images deformed elastically: every pixel is moved by a smooth random field.
//! Source: P. Simard, D. Steinkraus, J. Platt, "Best practices for
//! convolutional neural networks applied to visual document analysis" (2003).

use jem_core::dataset::LabelledImages;
use jem_core::random::{At, Stream};

use super::warp;

/// Their σ, the standard deviation of the smoothing in pixels, and their α,
/// what smoothed fields are multiplied by, for images of [`SIDE`].
const SIGMA: f64 = 4.0;
const ALPHA: f64 = 34.0;
/// The side of MNIST's images. On others σ is in proportion to the side, and α
/// to its square: the smoothed field falls as 1/σ, so that the images are moved
/// by the same share of their side (1.4 pixels of 28, one standard deviation).
const SIDE: f64 = 28.0;

/// The images of `set`, each deformed by two fields of its own, of uniform
/// numbers in [−1, 1) from the stream `<purpose> elastic` of seed 0: one fixed
/// set, whichever trial looks at it. Values are taken by bilinear interpolation,
/// 0 outside of the image. Images keep their labels, and what they show.
pub fn elastic(set: &LabelledImages, purpose: &str) -> LabelledImages {
    let [_, h, w] = set.shape;
    let stream = Stream::new(0, &format!("{purpose} elastic"));
    let size: usize = set.shape.iter().product();
    let side = (h + w) as f64 / 2.0 / SIDE;
    let smoothing = Smoothing::new([h, w], SIGMA * side);
    let alpha = ALPHA * side * side;
    let mut drawn = vec![0f32; 2 * h * w];
    let mut pixels = Vec::with_capacity(set.pixels.len());
    for (index, bytes) in set.pixels.chunks_exact(size).enumerate() {
        stream.fill_uniform(At::step(index as u64), &mut drawn);
        let noise: Vec<f64> = drawn.iter().map(|u| 2.0 * f64::from(*u) - 1.0).collect();
        let x: Vec<f64> = bytes.iter().map(|&b| f64::from(b)).collect();
        let moved = deformed(&x, set.shape, &noise, &smoothing, alpha);
        // Means of bytes are within them.
        pixels.extend(moved.iter().map(|v| v.round() as u8));
    }
    LabelledImages { pixels, ..set.clone() }
}

/// `x` `[c, h, w]` moved by α times the smoothed `noise` `[2, h, w]`: where its
/// rows come from, then its columns.
fn deformed(
    x: &[f64],
    shape: [usize; 3],
    noise: &[f64],
    smoothing: &Smoothing,
    alpha: f64,
) -> Vec<f64> {
    let [_, h, w] = shape;
    let (down, right) = noise.split_at(h * w);
    let (down, right) = (smoothing.of(down), smoothing.of(right));
    let (middle_y, middle_x) = ((h as f64 - 1.0) / 2.0, (w as f64 - 1.0) / 2.0);
    warp::moved(x, shape, |y, x| {
        // Back from the middle of the image to a pixel's own place.
        let place = (y + middle_y) as usize * w + (x + middle_x) as usize;
        (y + alpha * down[place], x + alpha * right[place])
    })
}

/// A Gaussian blur of planes of one size, as two matrices: cut off at four
/// standard deviations, the edge repeated (`scipy.ndimage.gaussian_filter` with
/// mode `nearest`).
struct Smoothing {
    /// `[h, h]`
    rows: Vec<f64>,
    /// `[w, w]`
    columns: Vec<f64>,
    sides: [usize; 2],
}

impl Smoothing {
    fn new(sides: [usize; 2], sigma: f64) -> Self {
        let [rows, columns] = sides.map(|side| weights(side, sigma));
        Self { rows, columns, sides }
    }

    /// `plane` `[h, w]` blurred.
    fn of(&self, plane: &[f64]) -> Vec<f64> {
        let [h, w] = self.sides;
        let mut down = vec![0.0; h * w];
        for (out, weights) in down.chunks_exact_mut(w).zip(self.rows.chunks_exact(h)) {
            for (weight, row) in weights.iter().zip(plane.chunks_exact(w)) {
                out.iter_mut().zip(row).for_each(|(out, value)| *out += weight * value);
            }
        }
        let along = |row: &[f64], weights: &[f64]| -> f64 {
            row.iter().zip(weights).map(|(value, weight)| value * weight).sum()
        };
        down.chunks_exact(w)
            .flat_map(|row| self.columns.chunks_exact(w).map(move |weights| along(row, weights)))
            .collect()
    }
}

/// The weight of each of `side` places in the blurred value of each, `[side,
/// side]`.
fn weights(side: usize, sigma: f64) -> Vec<f64> {
    let radius = (4.0 * sigma + 0.5) as i64;
    let weight = |i: i64| (-0.5 * (i as f64 / sigma).powi(2)).exp();
    let sum: f64 = (-radius..=radius).map(weight).sum();
    let mut all = vec![0.0; side * side];
    for (place, own) in all.chunks_exact_mut(side).enumerate() {
        for offset in -radius..=radius {
            let at = (place as i64 + offset).clamp(0, side as i64 - 1) as usize;
            own[at] += weight(offset) / sum;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(n: usize) -> LabelledImages {
        let pixels = (0..n * 64).map(|i| ((i * 37) % 17) as u8).collect();
        let labels = (0..n as u8).collect();
        LabelledImages { shape: [1, 8, 8], pixels, labels, pixel_max: 16, classes: 200 }
    }

    #[test]
    fn a_field_and_an_image_are_those_of_scipy() {
        let noise: Vec<f64> = (0..128).map(|i| f64::from(i * 29 % 64) / 32.0 - 1.0).collect();
        let smoothing = Smoothing::new([8, 8], 1.25);
        let x: Vec<f64> = set(1).pixels.iter().map(|&b| f64::from(b)).collect();
        let moved = deformed(&x, [1, 8, 8], &noise, &smoothing, 3.0);
        // scipy 1.17: gaussian_filter(noise, 1.25, mode="nearest"), and
        // map_coordinates(image, place + 3 field, order=1, mode="grid-constant").
        let field = smoothing.of(&noise[..64]);
        for (place, expected) in FIELD {
            assert!((field[place] - expected).abs() < 1e-12, "{place}: {}", field[place]);
        }
        for (place, expected) in MOVED {
            assert!((moved[place] - expected).abs() < 1e-12, "{place}: {}", moved[place]);
        }
    }

    const FIELD: [(usize, f64); 4] = [
        (0, -0.4238390389084439),
        (9, -0.11389881677563186),
        (27, 0.004820549070896019),
        (63, 0.023432197739408578),
    ];
    const MOVED: [(usize, f64); 6] = [
        (0, 0.0),
        (7, 1.448335195808093),
        (9, 6.5830354967310445),
        (27, 12.898768469511184),
        (36, 6.371170029046245),
        (63, 1.728696849163275),
    ];

    #[test]
    fn an_image_depends_on_its_place_alone_and_validation_has_fields_of_its_own() {
        let many = elastic(&set(40), "ood");
        assert_eq!(many.pixels[..320], elastic(&set(5), "ood").pixels);
        assert_eq!(many.labels, set(40).labels);
        let changed = many.pixels.iter().zip(&set(40).pixels).filter(|(a, b)| a != b).count();
        assert!(changed > 1000, "{changed} of 2560 pixels");
        assert_ne!(many.pixels, elastic(&set(40), "validation ood").pixels);
    }
}
