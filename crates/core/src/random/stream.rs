//! Streams: what is drawn, named by (seed, name, step, part).

use super::normal::{fill_normal, unit};
use super::philox::philox4x32;
use crate::digest::Hasher;

/// A named stream of one seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
}

/// A place in a stream: the training step (or epoch, or other running number)
/// and a part of it, such as the Langevin step. Each place holds 2³⁴ numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The running number.
    pub step: u64,
    /// The part within the step.
    pub part: u32,
}

impl At {
    /// The place of `step` where steps have no parts.
    pub fn step(step: u64) -> Self {
        Self { step, part: 0 }
    }

    fn counter(self) -> [u32; 3] {
        [self.part, self.step as u32, (self.step >> 32) as u32]
    }
}

impl Stream {
    /// The stream `name` of `seed`. Its key is the first eight bytes of
    /// SHA-256 over the domain `jem stream v1`, the seed (little endian) and
    /// the name.
    pub fn new(seed: u64, name: &str) -> Self {
        let mut hasher = Hasher::for_domain("jem stream v1");
        hasher.update(&seed.to_le_bytes()).update(name.as_bytes());
        let digest = hasher.finish();
        let b = digest.bytes();
        Self {
            key: [
                u32::from_le_bytes([b[0], b[1], b[2], b[3]]),
                u32::from_le_bytes([b[4], b[5], b[6], b[7]]),
            ],
        }
    }

    /// Fills `out` with independent standard normals.
    pub fn fill_normal(&self, at: At, out: &mut [f32]) {
        fill_normal(self.key, at.counter(), out);
    }

    /// Fills `out` with independent uniforms in [0, 1).
    pub fn fill_uniform(&self, at: At, out: &mut [f32]) {
        let rest = at.counter();
        for (block, chunk) in out.chunks_mut(4).enumerate() {
            let words = philox4x32(self.key, [block as u32, rest[0], rest[1], rest[2]]);
            for (value, word) in chunk.iter_mut().zip(words) {
                *value = unit(word);
            }
        }
    }

    /// The uniform in [0, 1) with 53 random bits that `index` names.
    pub fn uniform_f64(&self, index: u64) -> f64 {
        let words = philox4x32(self.key, [0, u32::MAX, index as u32, (index >> 32) as u32]);
        let bits = (u64::from(words[0]) << 32 | u64::from(words[1])) >> 11;
        bits as f64 / (1u64 << 53) as f64
    }

    /// `k` distinct numbers below `n`, in random order, every ordered choice
    /// equally likely: the first `k` steps of a Fisher–Yates shuffle. `k` is
    /// cut to `n`.
    pub fn distinct(&self, at: At, k: usize, n: usize) -> Vec<i64> {
        let mut words = Words::new(self.key, at);
        let k = k.min(n);
        // Only touched places are remembered, so that drawing a batch of
        // slots costs O(k) whatever the buffer's size.
        let mut moved = std::collections::HashMap::with_capacity(2 * k);
        (0..k)
            .map(|i| {
                let j = i + words.below((n - i) as u32) as usize;
                let at_i = *moved.get(&i).unwrap_or(&i);
                let at_j = moved.insert(j, at_i).unwrap_or(j);
                at_j as i64
            })
            .collect()
    }

    /// `k` numbers below `n`, each drawn by itself: with replacement. Without
    /// any where `n` is 0.
    pub fn with_replacement(&self, at: At, k: usize, n: u32) -> impl Iterator<Item = u32> {
        let mut words = Words::new(self.key, at);
        (0..if n == 0 { 0 } else { k }).map(move |_| words.below(n))
    }

    /// A uniformly random permutation of 0 … n−1 (Fisher–Yates).
    pub fn permutation(&self, at: At, n: usize) -> Vec<i64> {
        let mut words = Words::new(self.key, at);
        let mut order: Vec<i64> = (0..n as i64).collect();
        for i in 0..n.saturating_sub(1) {
            order.swap(i, i + words.below((n - i) as u32) as usize);
        }
        order
    }
}

/// The words at one place, one after another.
struct Words {
    key: [u32; 2],
    rest: [u32; 3],
    block: u32,
    left: usize,
    words: [u32; 4],
}

impl Words {
    fn new(key: [u32; 2], at: At) -> Self {
        Self { key, rest: at.counter(), block: 0, left: 0, words: [0; 4] }
    }

    fn next(&mut self) -> u32 {
        if self.left == 0 {
            let [part, low, high] = self.rest;
            self.words = philox4x32(self.key, [self.block, part, low, high]);
            self.block = self.block.wrapping_add(1);
            self.left = 4;
        }
        self.left -= 1;
        self.words[3 - self.left]
    }

    /// Unbiased below `n` ≥ 1 (Lemire 2019, multiply and reject).
    fn below(&mut self, n: u32) -> u32 {
        loop {
            let product = u64::from(self.next()) * u64::from(n);
            if product as u32 >= n.wrapping_neg() % n {
                return (product >> 32) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // From tests/fixtures/streams.py, which shares no code with this module.
    #[test]
    fn the_known_answers_of_named_streams_hold() {
        let noise = Stream::new(0, "sampler noise");
        let mut z = [0f32; 5];
        noise.fill_normal(At { step: 3, part: 2 }, &mut z);
        let double = [
            0.006_444_592_063_944_333,
            0.128_045_489_709_296_7,
            -0.390_046_702_063_601_5,
            -1.421_673_220_316_132_2,
            -0.072_113_168_532_969_47,
        ];
        for (single, double) in z.iter().zip(double) {
            assert!((f64::from(*single) - double).abs() < 2e-7, "{single} {double}");
        }
        // The single-precision bits themselves are pinned: they are results.
        let bits = [1003695400, 1040391771, 3200758836, 3216374116, 3180572689];
        assert_eq!(z.map(f32::to_bits), bits);
        let order = Stream::new(1, "data order").permutation(At::step(0), 8);
        assert_eq!(order, [6, 5, 7, 2, 3, 1, 0, 4]);
        assert_eq!(Stream::new(1, "x").uniform_f64(9), 0.027_395_385_436_854_047);
    }

    #[test]
    fn a_longer_draw_begins_with_the_shorter_one() {
        let stream = Stream::new(5, "init");
        let (mut short, mut long) = ([0f32; 7], [0f32; 300]);
        stream.fill_normal(At::step(1), &mut short);
        stream.fill_normal(At::step(1), &mut long);
        assert_eq!(short, long[..7]);
    }

    #[test]
    fn steps_parts_names_and_seeds_all_change_the_numbers() {
        let draw = |seed, name: &str, step, part| {
            let mut z = [0f32; 4];
            Stream::new(seed, name).fill_normal(At { step, part }, &mut z);
            z.map(f32::to_bits)
        };
        let all = [
            draw(0, "a", 0, 0),
            draw(1, "a", 0, 0),
            draw(0, "b", 0, 0),
            draw(0, "a", 1, 0),
            draw(0, "a", 0, 1),
            draw(0, "a", 1 << 32, 0),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|other| one != other));
        }
    }

    proptest! {
        #[test]
        fn a_permutation_holds_every_number_once(n in 0usize..500, step in any::<u64>()) {
            let mut order = Stream::new(2, "p").permutation(At::step(step), n);
            order.sort_unstable();
            prop_assert_eq!(order, (0..n as i64).collect::<Vec<_>>());
        }

        #[test]
        fn distinct_numbers_begin_the_permutation(n in 1usize..300, k in 0usize..300) {
            let stream = Stream::new(2, "p");
            let order = stream.permutation(At::step(4), n);
            let drawn = stream.distinct(At::step(4), k, n);
            prop_assert_eq!(&drawn[..], &order[..k.min(n)]);
        }
    }

    #[test]
    fn every_slot_is_drawn_about_equally_often() {
        let stream = Stream::new(0, "slots");
        let mut counts = [0u32; 50];
        for step in 0..20_000 {
            for slot in stream.distinct(At::step(step), 5, 50) {
                counts[slot as usize] += 1;
            }
        }
        // Expected 2,000 each; five standard deviations of a binomial.
        assert!(counts.iter().all(|&c| (1788..=2212).contains(&c)), "{counts:?}");
    }
}
