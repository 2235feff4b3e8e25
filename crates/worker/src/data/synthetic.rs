//! Out-of-distribution sets made by rule from other images. What is drawn comes
//! from streams of seed 0 whose names start with what the set is for: `ood`, or
//! `validation ood`.

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
/// values, from the stream `<purpose> uniform` of seed 0: one fixed set,
/// whichever trial looks at it. Labels are 0 and mean nothing.
pub fn uniform_noise(set: &LabelledImages, purpose: &str) -> LabelledImages {
    let stream = Stream::new(0, &format!("{purpose} uniform"));
    let mut values = vec![0f32; set.pixels.len()];
    stream.fill_uniform(At::step(0), &mut values);
    let levels = f32::from(set.pixel_max) + 1.0;
    LabelledImages {
        pixels: values.iter().map(|v| (v * levels) as u8).collect(),
        labels: vec![0; set.labels.len()],
        ..set.clone()
    }
}

/// As many images as `set` has, of independent pixels with mean 1/2 and
/// variance 1 of the range from 0 to fully bright, clipped to it (Liang et al.
/// 2018, appendix), from the stream `<purpose> gaussian` of seed 0. Labels are 0
/// and mean nothing.
pub fn gaussian_noise(set: &LabelledImages, purpose: &str) -> LabelledImages {
    let mut values = vec![0f32; set.pixels.len()];
    Stream::new(0, &format!("{purpose} gaussian")).fill_normal(At::step(0), &mut values);
    let max = f32::from(set.pixel_max);
    // A cast to bytes clips below; the smaller of two, above.
    let pixel = |v: &f32| ((v + 0.5).min(1.0) * max).round() as u8;
    LabelledImages {
        pixels: values.iter().map(pixel).collect(),
        labels: vec![0; set.labels.len()],
        ..set.clone()
    }
}

/// Each image of `set` averaged with another one: those that follow each other
/// in a permutation from the stream `<purpose> interpolation` of seed 0, the last
/// with the first, so that none meets itself where there are two or more
/// (Grathwohl et al. 2020, section 5.3). Test noise is added where the set is
/// looked at, of 1.5 times the variance that other sets get: in their code both
/// images have noise before they are averaged. Halves are rounded to the even
/// level. Labels are 0 and mean nothing.
pub fn interpolated(set: &LabelledImages, purpose: &str) -> LabelledImages {
    let n = set.len();
    let size: usize = set.shape.iter().product();
    let order = Stream::new(0, &format!("{purpose} interpolation")).permutation(At::step(0), n);
    let mut pixels = vec![0u8; set.pixels.len()];
    for (place, &from) in order.iter().enumerate() {
        let from = from as usize;
        let other = order[(place + 1) % n] as usize;
        let image = |i: usize| &set.pixels[i * size..][..size];
        let pairs = image(from).iter().zip(image(other));
        for (pixel, (a, b)) in pixels[from * size..][..size].iter_mut().zip(pairs) {
            let sum = u16::from(*a) + u16::from(*b);
            *pixel = (sum / 2 + (sum & 1 & (sum / 2))) as u8;
        }
    }
    LabelledImages { pixels, labels: vec![0; n], ..set.clone() }
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
        let noise = uniform_noise(&large, "ood");
        assert_eq!(noise.pixels.iter().max(), Some(&16));
        assert_eq!(noise.pixels.iter().min(), Some(&0));
        assert_ne!(noise.pixels, uniform_noise(&large, "validation ood").pixels);
    }

    #[test]
    fn gaussian_noise_is_clipped_as_often_as_the_normal_law_says() {
        let large = LabelledImages { pixels: vec![0; 20_000], labels: vec![0; 5000], ..set() };
        let noise = gaussian_noise(&large, "ood").pixels;
        // P(z < −1/2 + 1/32) = .3196 rounds to 0; as many to 16. Five standard
        // deviations of a binomial of 20,000 are .0165.
        for end in [0, 16] {
            let share = noise.iter().filter(|&&p| p == end).count() as f64 / 20_000.0;
            assert!((share - 0.3196).abs() < 0.0165, "{end}: {share}");
        }
        let mean = noise.iter().map(|&p| f64::from(p)).sum::<f64>() / 20_000.0;
        assert!((mean - 8.0).abs() < 0.3, "{mean}");
    }

    #[test]
    fn an_image_is_averaged_with_another_and_halves_go_to_the_even() {
        let pixels = vec![0, 1, 2, 3, 10, 12, 13, 16];
        let two = LabelledImages { pixels, labels: vec![0; 2], ..set() };
        let mean = interpolated(&two, "ood");
        // 0+10, 1+12, 2+13, 3+16: 5, 6.5, 7.5, 9.5.
        assert_eq!(mean.pixels, [5, 6, 8, 10, 5, 6, 8, 10]);
        let many = LabelledImages {
            pixels: (0..50).flat_map(|i| [2 * i; 4]).collect(),
            labels: vec![0; 50],
            pixel_max: 255,
            ..set()
        };
        let means = interpolated(&many, "ood").pixels;
        let same = means.iter().zip(&many.pixels).filter(|(a, b)| a == b).count();
        assert_eq!(same, 0, "no image meets itself");
    }
}
