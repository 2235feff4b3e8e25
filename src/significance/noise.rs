//! Made-up noise for tests.

/// SplitMix64 (Steele et al. 2014): enough for a test, and the same everywhere.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    /// In [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Of mean 0 and variance 1, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let (one, two) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * two).cos()
    }

    /// The share of `n` that come out with `probability`.
    pub(crate) fn share(&mut self, n: usize, probability: f64) -> f64 {
        (0..n).filter(|_| self.uniform() < probability).count() as f64 / n as f64
    }
}
