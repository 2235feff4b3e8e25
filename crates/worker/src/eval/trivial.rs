//! Scores that see the images alone: what the energy of a network has to beat
//! before a high AUROC says anything about the network.
//!
//! They are fitted to the images of the training set's train split, before
//! hold-out and limit, as they are in the file: without labels, noise or
//! augmentation, so that they are the same for every trial on the same data.
//! Nothing is tuned.

use jem_core::dataset::LabelledImages;
use tch::{Kind, Tensor};

use super::host;

/// The most images that are fitted to, evenly spaced over the split.
pub const MOST_IMAGES: usize = 60_000;
/// The most values an image may have: the covariance has the square of them.
const MOST_VALUES: usize = 4096;
/// The most principal components. Images of few values have fewer: a quarter of
/// their number, so that there is something left to be a residual.
const COMPONENTS: usize = 100;
/// Added to every variance, in squared levels: that of rounding a value to the
/// next whole level, which is the least that bytes can vary by.
const RIDGE: f64 = 1.0 / 12.0;
/// Images that are looked at together.
const BLOCK: usize = 500;
/// Up to here whole numbers are exact in single precision.
const EXACT: usize = 1 << 24;

/// What the trivial scores know of the training images.
#[derive(Debug)]
pub struct Trivial {
    /// The mean share of values above 0.
    lit: f64,
    /// The value of a fully bright pixel, which is the unit of all below.
    pixel_max: f64,
    /// `[d]`, in levels.
    mean: Tensor,
    /// `[d, d]`, orthonormal columns, those of the largest variances first.
    directions: Tensor,
    /// `[d]`, in squared levels, falling.
    variances: Tensor,
}

impl Trivial {
    /// Fits the scores to the images of `training`.
    ///
    /// # Errors
    /// Why that cannot be done, in words.
    pub fn fit(training: &LabelledImages) -> Result<Self, String> {
        let d: usize = training.shape.iter().product();
        if training.is_empty() || !(1..=MOST_VALUES).contains(&d) {
            return Err(format!(
                "{} training images of {d} values; at least one, of at most {MOST_VALUES} values, \
                 is needed",
                training.len()
            ));
        }
        let n = training.len().min(MOST_IMAGES);
        let rows: Vec<usize> = (0..n).map(|i| i * training.len() / n).collect();
        let (sums, products, lit) = sums(training, &rows);
        let n = n as f64;
        // Every number in the numerator is whole and below 2^53, so it is exact.
        let outer = sums.unsqueeze(1).matmul(&sums.unsqueeze(0));
        let covariance = (products * n - outer) / (n * n);
        let (values, vectors) = covariance.linalg_eigh("L");
        Ok(Self {
            lit: lit as f64 / (n * d as f64),
            pixel_max: f64::from(training.pixel_max),
            mean: sums / n,
            directions: vectors.flip([1]).contiguous(),
            variances: values.flip([0]).clamp_min(0.0),
        })
    }

    /// The principal components whose residual is looked at.
    pub fn components(&self) -> usize {
        let d = self.mean.numel();
        COMPONENTS.min((d / 4).max(1))
    }

    /// The scores of every image, in the order of
    /// [`jem_core::metric::TrivialScore::ALL`], `[n]` each. The images have as
    /// many values as the training images; where their brightest pixel has
    /// another level they are scaled to that of the training images.
    pub fn scores(&self, images: &LabelledImages) -> [Vec<f64>; 3] {
        let d = self.mean.numel();
        let k = self.components() as i64;
        let scale = self.pixel_max / f64::from(images.pixel_max);
        let away = |image: &[u8]| (lit_share(image) - self.lit).abs();
        let lit = images.pixels.chunks_exact(d).map(away).collect();
        let (mut residual, mut gaussian) = (Vec::new(), Vec::new());
        for block in images.pixels.chunks(BLOCK * d) {
            let x = Tensor::from_slice(block).view([-1, d as i64]).to_kind(Kind::Double) * scale;
            let squares = (x - &self.mean).matmul(&self.directions).square();
            let sum = |t: &Tensor| t.sum_dim_intlist([1i64].as_slice(), false, Kind::Double);
            residual.extend(host(&sum(&squares.narrow(1, k, d as i64 - k))));
            gaussian.extend(host(&sum(&(&squares / (&self.variances + RIDGE)))));
        }
        [lit, residual, gaussian]
    }
}

/// The share of the values of `image` that are above 0.
fn lit_share(image: &[u8]) -> f64 {
    image.iter().filter(|&&value| value > 0).count() as f64 / image.len().max(1) as f64
}

/// Σ x `[d]` and Σ x xᵀ `[d, d]` over the images at `rows`, exactly, and the
/// number of their values above 0. A block is so small that no sum within it
/// leaves what single precision has exactly, in whatever order it is added up.
fn sums(images: &LabelledImages, rows: &[usize]) -> (Tensor, Tensor, usize) {
    let d: usize = images.shape.iter().product();
    let largest = usize::from(images.pixel_max.max(1));
    let block = (EXACT / (largest * largest)).min(4096);
    let mut sums = Tensor::zeros([d as i64], (Kind::Double, tch::Device::Cpu));
    let mut products = Tensor::zeros([d as i64, d as i64], (Kind::Double, tch::Device::Cpu));
    let mut lit = 0;
    for rows in rows.chunks(block) {
        let bytes: Vec<u8> =
            rows.iter().flat_map(|row| &images.pixels[row * d..][..d]).copied().collect();
        lit += bytes.iter().filter(|&&value| value > 0).count();
        let x = Tensor::from_slice(&bytes).view([-1, d as i64]).to_kind(Kind::Float);
        sums += x.sum_dim_intlist([0i64].as_slice(), false, Kind::Double);
        products += x.tr().matmul(&x);
    }
    (sums, products, lit)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn set(shape: [usize; 3], pixel_max: u8, pixels: Vec<u8>) -> LabelledImages {
        let n = pixels.len() / shape.iter().product::<usize>();
        LabelledImages { shape, pixels, labels: vec![0; n], pixel_max, classes: 1 }
    }

    #[test]
    fn the_scores_of_four_images_are_those_of_the_hand() {
        // Of two values: mean (2, 0), variances 4 and 0; one component.
        let training = set([1, 1, 2], 16, vec![0, 0, 4, 0, 0, 0, 4, 0]);
        let fitted = Trivial::fit(&training).unwrap();
        assert_eq!((fitted.components(), fitted.lit), (1, 0.25));
        let [lit, residual, gaussian] = fitted.scores(&set([1, 1, 2], 16, vec![2, 0, 4, 3, 0, 0]));
        assert_eq!(lit, [0.25, 0.75, 0.25]);
        for (found, expected) in residual.iter().zip([0.0, 9.0, 0.0]) {
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
        let along = 4.0 / (4.0 + 1.0 / 12.0);
        for (found, expected) in gaussian.iter().zip([0.0, along + 9.0 * 12.0, along]) {
            assert!((found - expected).abs() < 1e-9, "{found}");
        }
        // The same images with brighter bytes for the same brightness.
        let brighter = fitted.scores(&set([1, 1, 2], 32, vec![4, 0, 8, 6, 0, 0]));
        assert_eq!(brighter, [lit, residual, gaussian]);
    }

    #[test]
    fn sums_are_whole_numbers_at_the_ends_of_a_byte() {
        let n = 1000;
        let pixels: Vec<u8> = (0..n).flat_map(|i| [255, (i % 256) as u8]).collect();
        let images = set([1, 1, 2], 255, pixels);
        let (sums, products, lit) = sums(&images, &(0..n).collect::<Vec<_>>());
        let second: u64 = (0..n as u64).map(|i| i % 256).sum();
        let squares: u64 = (0..n as u64).map(|i| (i % 256).pow(2)).sum();
        assert_eq!(host(&sums), [255.0 * n as f64, second as f64]);
        let both = 255.0 * second as f64;
        assert_eq!(host(&products), [255.0 * 255.0 * n as f64, both, both, squares as f64]);
        assert_eq!(lit, 2 * n - 4);
    }

    #[test]
    fn images_that_are_too_large_are_refused_in_words() {
        let why = Trivial::fit(&set([1, 65, 65], 255, vec![0; 65 * 65])).unwrap_err();
        assert!(why.contains("of 4225 values") && why.contains("4096"), "{why}");
    }
}
