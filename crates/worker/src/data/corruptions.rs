//! Test images made worse, by kind and severity, as in robustness benchmarks.
//! Every image has draws of its own from a stream of the kind and severity, of
//! seed 0: one fixed set, whichever trial looks at it. Values are in [0, 1]
//! here, in double precision, and are cut off to 256 levels at the end, as
//! CIFAR-10-C's code does (`np.uint8` of values up to 255 takes the level below).

use jem_core::dataset::LabelledImages;
use jem_core::random::{At, Stream};
use jem_core::results::corruption_name;
use jem_core::spec::Corruption;

use super::warp;

/// A strength for each severity from 1 to 5. The first six are those of
/// CIFAR-10-C (Hendrycks and Dietterich 2019, `make_cifar_c.py`); the others,
/// after the kinds of MNIST-C (Mu and Gilmer 2019), are ours.
fn strengths(kind: Corruption) -> [f64; 5] {
    match kind {
        // Standard deviation.
        Corruption::GaussianNoise => [0.04, 0.06, 0.08, 0.09, 0.10],
        // Photons at full brightness.
        Corruption::ShotNoise => [500.0, 250.0, 100.0, 75.0, 50.0],
        // Share of pixels.
        Corruption::ImpulseNoise => [0.01, 0.02, 0.03, 0.05, 0.07],
        // Standard deviation in pixels.
        Corruption::GaussianBlur => [0.4, 0.6, 0.7, 0.8, 1.0],
        // What is left of the distance from the mean.
        Corruption::Contrast => [0.75, 0.5, 0.4, 0.3, 0.15],
        // Added to the value of the brightest channel.
        Corruption::Brightness => [0.05, 0.1, 0.15, 0.2, 0.3],
        // Fraction of the side.
        Corruption::Translate => [0.04, 0.08, 0.12, 0.16, 0.20],
        // Degrees.
        Corruption::Rotate => [10.0, 20.0, 30.0, 40.0, 50.0],
        // Columns a row.
        Corruption::Shear => [0.1, 0.2, 0.3, 0.4, 0.5],
        // Fraction of the width.
        Corruption::Stripe => [0.06, 0.12, 0.18, 0.24, 0.30],
    }
}

/// The images of `set` corrupted by `kind` at `severity` (1 to 5).
pub fn corrupted(set: &LabelledImages, kind: Corruption, severity: u64) -> LabelledImages {
    let strength = strengths(kind)[(severity.clamp(1, 5) - 1) as usize];
    let name = format!("corruption {} {severity}", corruption_name(kind));
    let stream = Stream::new(0, &name);
    let size: usize = set.shape.iter().product();
    let photons = (kind == Corruption::ShotNoise).then(|| Photons::new(strength, set.pixel_max));
    let mut pixels = Vec::with_capacity(set.pixels.len());
    for (index, bytes) in set.pixels.chunks_exact(size).enumerate() {
        let at = At::step(index as u64);
        let mut x: Vec<f64> =
            bytes.iter().map(|&b| f64::from(b) / f64::from(set.pixel_max)).collect();
        match &photons {
            Some(photons) => x = photons.counted(bytes, &uniforms(&stream, at, size)),
            None => corrupt(kind, strength, set.shape, &mut x, &stream, at),
        }
        // A cast takes the level below.
        pixels.extend(x.iter().map(|v| (v.clamp(0.0, 1.0) * 255.0) as u8));
    }
    LabelledImages { pixels, pixel_max: 255, ..set.clone() }
}

fn uniforms(stream: &Stream, at: At, n: usize) -> Vec<f32> {
    let mut values = vec![0f32; n];
    stream.fill_uniform(at, &mut values);
    values
}

fn corrupt(
    kind: Corruption,
    strength: f64,
    shape: [usize; 3],
    x: &mut Vec<f64>,
    stream: &Stream,
    at: At,
) {
    let sign = || if uniforms(stream, at, 1)[0] < 0.5 { -strength } else { strength };
    match kind {
        Corruption::GaussianNoise => {
            let mut noise = vec![0f32; x.len()];
            stream.fill_normal(at, &mut noise);
            x.iter_mut().zip(noise).for_each(|(v, n)| *v += strength * f64::from(n));
        }
        Corruption::ImpulseNoise => {
            // One draw decides whether and which: below half the share the
            // lowest value, from there on the highest.
            let draws = uniforms(stream, at, x.len());
            for (v, draw) in x.iter_mut().zip(draws) {
                let draw = f64::from(draw);
                if draw < strength {
                    *v = if draw < strength / 2.0 { 0.0 } else { 1.0 };
                }
            }
        }
        Corruption::Contrast => {
            for plane in x.chunks_exact_mut(shape[1] * shape[2]) {
                let mean = plane.iter().sum::<f64>() / plane.len() as f64;
                plane.iter_mut().for_each(|v| *v = (*v - mean) * strength + mean);
            }
        }
        Corruption::Brightness => brighten(x, shape[0], strength),
        Corruption::Stripe => stripe(x, shape, strength),
        Corruption::GaussianBlur => *x = warp::blurred(x, shape, strength),
        Corruption::Translate => {
            let turn = f64::from(uniforms(stream, at, 1)[0]) * std::f64::consts::TAU;
            let (dy, dx) = (turn.sin() * shape[1] as f64, turn.cos() * shape[2] as f64);
            *x = warp::moved(x, shape, |y, x| (y - strength * dy, x - strength * dx));
        }
        Corruption::Rotate => {
            let (sin, cos) = sign().to_radians().sin_cos();
            *x = warp::moved(x, shape, |y, x| (cos * y - sin * x, sin * y + cos * x));
        }
        Corruption::Shear => {
            let sign = sign();
            *x = warp::moved(x, shape, |y, x| (y, x + sign * y));
        }
        // By a table, in `Photons`.
        Corruption::ShotNoise => {}
    }
}

/// Raises the value (of hue, saturation and value) of each place by `s`: hue
/// and saturation stay, so the channels keep their ratios.
fn brighten(x: &mut [f64], channels: usize, s: f64) {
    let plane = x.len() / channels.max(1);
    for place in 0..plane {
        let value = (0..channels).map(|c| x[c * plane + place]).fold(0.0, f64::max);
        let raised = (value + s).min(1.0);
        for c in 0..channels {
            let v = &mut x[c * plane + place];
            // The brightest channel, and grey, get the very value.
            *v = if *v < value { *v * raised / value } else { raised };
        }
    }
}

/// Inverts a band of columns in the middle, `share` of the width.
fn stripe(x: &mut [f64], [_, _, w]: [usize; 3], share: f64) {
    let width = ((share * w as f64).round() as usize).clamp(1, w);
    let from = (w - width) / 2;
    for row in x.chunks_exact_mut(w) {
        row[from..from + width].iter_mut().for_each(|v| *v = 1.0 - *v);
    }
}

/// Poisson counts by inversion: the distribution function of every level.
struct Photons {
    full: f64,
    levels: Vec<Vec<f32>>,
}

impl Photons {
    fn new(full: f64, pixel_max: u8) -> Self {
        let level = |level: u8| {
            let mean = full * f64::from(level) / f64::from(pixel_max);
            let (mut p, mut sum, mut below, mut k) = ((-mean).exp(), 0.0, Vec::new(), 0.0);
            // Uniforms have 24 bits: what is rarer is never drawn.
            while sum < 1.0 - 1.0 / f64::from(1 << 25) && k < 4.0 * full + 64.0 {
                sum += p;
                below.push(sum as f32);
                k += 1.0;
                p *= mean / k;
            }
            below
        };
        Self { full, levels: (0..=pixel_max).map(level).collect() }
    }

    fn counted(&self, bytes: &[u8], draws: &[f32]) -> Vec<f64> {
        let count = |(byte, draw): (&u8, &f32)| {
            let below = &self.levels[usize::from(*byte)];
            let k = below.partition_point(|sum| sum <= draw).min(below.len() - 1);
            k as f64 / self.full
        };
        bytes.iter().zip(draws).map(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(n: usize, pixels: &dyn Fn(usize) -> u8) -> LabelledImages {
        let size = n * 64;
        LabelledImages {
            shape: [1, 8, 8],
            pixels: (0..size).map(pixels).collect(),
            labels: vec![0; n],
            pixel_max: 16,
            classes: 1,
        }
    }

    fn moments(values: &[u8]) -> (f64, f64) {
        let x: Vec<f64> = values.iter().map(|&v| f64::from(v) / 255.0).collect();
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64;
        (mean, variance)
    }

    #[test]
    fn noise_has_the_moments_it_is_named_for() {
        let half = set(200, &|_| 8);
        let gaussian = corrupted(&half, Corruption::GaussianNoise, 3);
        let (mean, variance) = moments(&gaussian.pixels);
        // 12,800 values; what is cut off is half a level in the mean.
        assert!((mean - 0.5 + 0.5 / 255.0).abs() < 4.0 * 0.08 / 12_800f64.sqrt() + 1e-3, "{mean}");
        assert!((variance / 0.0064 - 1.0).abs() < 0.06, "{variance}");
        // A Poisson count of mean 25 (half of 50), divided by 50.
        let shot = corrupted(&half, Corruption::ShotNoise, 5);
        let (mean, variance) = moments(&shot.pixels);
        assert!((mean - 0.5).abs() < 5e-3, "{mean}");
        assert!((variance / (25.0 / 2500.0) - 1.0).abs() < 0.06, "{variance}");
        let impulse = corrupted(&half, Corruption::ImpulseNoise, 5);
        let (low, high) = (count(&impulse, 0), count(&impulse, 255));
        // 12,800 chances of 0.07: 896 ± 4 · 28.9.
        assert!((780..1012).contains(&(low + high)), "{low} {high}");
        assert!(low > 300 && high > 300);
    }

    fn count(set: &LabelledImages, value: u8) -> usize {
        set.pixels.iter().filter(|&&v| v == value).count()
    }

    #[test]
    fn an_image_depends_on_its_place_alone() {
        let two = set(2, &|i| (i % 17) as u8);
        let one =
            LabelledImages { pixels: two.pixels[..64].to_vec(), labels: vec![0], ..two.clone() };
        for kind in [Corruption::GaussianNoise, Corruption::ShotNoise, Corruption::Rotate] {
            let (all, first) = (corrupted(&two, kind, 4), corrupted(&one, kind, 4));
            assert_eq!(all.pixels[..64], first.pixels);
        }
    }

    #[test]
    fn contrast_brightness_and_stripe_are_those_of_the_hand() {
        let edge = set(1, &|i| if i % 8 < 4 { 0 } else { 16 });
        // (0.5 ± 0.15 · 0.5) · 255 is 108.4 and 146.6: the level below.
        let contrast = corrupted(&edge, Corruption::Contrast, 5);
        assert_eq!(contrast.pixels[..8], [108, 108, 108, 108, 146, 146, 146, 146]);
        let bright = corrupted(&edge, Corruption::Brightness, 2);
        // 0.1 · 255 is 25.5.
        assert_eq!((bright.pixels[0], bright.pixels[7]), (25, 255));
        // 0.24 of 8 columns: the two in the middle.
        let stripe = corrupted(&edge, Corruption::Stripe, 4);
        assert_eq!(stripe.pixels[..8], [0, 0, 0, 255, 0, 255, 255, 255]);
    }

    #[test]
    fn brightness_keeps_the_ratio_of_colours() {
        let mut x = [0.2, 0.4, 0.8];
        brighten(&mut x, 3, 0.2);
        assert!((x[0] - 0.25).abs() < 1e-6 && (x[1] - 0.5).abs() < 1e-6);
        assert!((x[2] - 1.0).abs() < 1e-6);
    }
}
