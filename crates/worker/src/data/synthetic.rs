//! Out-of-distribution sets made by rule from the test set.

use jem_core::dataset::LabelledImages;
use jem_core::random::{At, Stream};

/// The images of `set` turned by 90° against the clock. The images must be
/// square.
pub fn rotated(set: &LabelledImages) -> LabelledImages {
    let [c, h, w] = set.shape;
    let mut pixels = Vec::with_capacity(set.pixels.len());
    for plane in set.pixels.chunks_exact(h * w) {
        for row in 0..w {
            for column in 0..h {
                pixels.push(plane[column * w + (w - 1 - row)]);
            }
        }
    }
    LabelledImages { shape: [c, w, h], pixels, ..set.clone() }
}

/// As many images as `set` has, of independent pixels uniform over its
/// values, from the stream `ood uniform` of seed 0: one fixed set, whichever
/// trial looks at it. Labels are 0 and mean nothing.
pub fn uniform_noise(set: &LabelledImages) -> LabelledImages {
    let stream = Stream::new(0, "ood uniform");
    let mut values = vec![0f32; set.pixels.len()];
    stream.fill_uniform(At::step(0), &mut values);
    let levels = f32::from(set.pixel_max) + 1.0;
    LabelledImages {
        pixels: values.iter().map(|v| (v * levels) as u8).collect(),
        labels: vec![0; set.labels.len()],
        ..set.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> LabelledImages {
        let pixels = vec![1, 2, 3, 4];
        LabelledImages { shape: [1, 2, 2], pixels, labels: vec![0], pixel_max: 16, classes: 1 }
    }

    #[test]
    fn a_quarter_turn_against_the_clock_moves_the_right_column_up() {
        assert_eq!(rotated(&set()).pixels, [2, 4, 1, 3]);
        let four = (0..4).fold(set(), |turned, _| rotated(&turned));
        assert_eq!(four.pixels, set().pixels);
    }

    #[test]
    fn noise_reaches_every_level_and_no_more() {
        let large = LabelledImages { pixels: vec![0; 4000], labels: vec![0; 1000], ..set() };
        let noise = uniform_noise(&large);
        assert_eq!(noise.pixels.iter().max(), Some(&16));
        assert_eq!(noise.pixels.iter().min(), Some(&0));
    }
}
