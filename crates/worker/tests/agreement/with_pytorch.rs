//! What tests of agreement with PyTorch share: the images that the fixtures'
//! twin makes by rule, and how far two lists of numbers are apart.

use jem_core::dataset::LabelledImages;
use serde::Deserialize;
use tch::{Kind, Tensor};

/// Images by the rule of `fixtures/training/twin.py`.
#[derive(Deserialize)]
pub struct ImageRule {
    n: usize,
    shape: [usize; 3],
    classes: usize,
    pixel_max: u8,
}

impl ImageRule {
    /// The images that the fixture's generator makes by the same rule.
    pub fn images(&self) -> LabelledImages {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state
        };
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..self.n {
            let label = (next() >> 16) as usize % self.classes;
            labels.push(label as u8);
            for i in 0..self.shape.iter().product() {
                let level = (next() >> 24) * (u32::from(self.pixel_max) + 1) / 256;
                let marked = i % self.classes == label;
                pixels.push(if marked { self.pixel_max } else { level as u8 });
            }
        }
        let Self { shape, pixel_max, classes, .. } = *self;
        LabelledImages { shape, pixels, labels, pixel_max, classes }
    }
}

/// The largest difference, relative for values beyond ±1. Asserts that every
/// one is within `tolerance`.
pub fn worst(what: &str, found: &[f64], expected: &[f64], tolerance: f64) -> f64 {
    assert_eq!(found.len(), expected.len(), "{what}: another number of values");
    let mut worst = 0f64;
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found - expected).abs() / expected.abs().max(1.0);
        // Asked this way round, NaN does not pass.
        assert!(difference <= tolerance, "{what}, value {i}: {found}, by PyTorch {expected}");
        worst = worst.max(difference);
    }
    worst
}

/// All values of a tensor, in order.
pub fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.detach().to_kind(Kind::Double).contiguous().view(-1))
        .expect("a flat tensor of doubles")
}
