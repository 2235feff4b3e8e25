#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::rc::Rc;

use jem_core::dataset::LabelledImages;
use jem_core::spec::{ChainInit, PixelRange};
use tch::{Device, Kind};

use super::*;
use crate::data::Images;

const CLASSES: usize = 4;

/// 40 images of 2×2 pixels; all pixels of an image are 40 · class + 0 to 9.
fn images() -> Rc<Images> {
    let labels: Vec<u8> = (0..40).map(|i| i % CLASSES as u8).collect();
    let pixels = (0..40u8).flat_map(|i| [40 * (i % 4) + i / 4; 4]).collect();
    let set = LabelledImages { shape: [1, 2, 2], pixels, labels, pixel_max: 255, classes: CLASSES };
    Rc::new(Images::new(&set, PixelRange::ZeroOne, 0.0, 0, Device::Cpu))
}

fn buffer_from(init: ChainInit, size: u64, reinit: f64) -> ReplayBuffer {
    let starts = Starts::new(init, (0.0, 1.0), images(), true);
    ReplayBuffer::new(&BufferSpec { size, reinit }, starts, 3)
}

fn buffer(size: u64, reinit: f64) -> ReplayBuffer {
    buffer_from(ChainInit::Uniform, size, reinit)
}

fn draws() -> Draws {
    Draws::new(3, "")
}

#[test]
fn chains_return_to_their_own_slots_and_others_stay() {
    let mut buffer = buffer(10, 0.0);
    let before = buffer.chains.copy();
    let drawn = buffer.draw(&draws(), 0, Ask::Any(4));
    buffer.put_back(&drawn, &(&drawn.x + 5.0), 7);
    let change = (&buffer.chains - before).flatten(1, -1).mean_dim(1, false, Kind::Float);
    for slot in 0..10 {
        let (expected, age) = if drawn.slots.contains(&slot) { (5.0, 7) } else { (0.0, 0) };
        assert!((change.double_value(&[slot]) - expected).abs() < 1e-5);
        assert_eq!(buffer.ages[slot as usize], age);
    }
    assert!((buffer.mean_age() - 2.8).abs() < 1e-12);
}

#[test]
fn restarts_are_drawn_per_sample() {
    let buffer = buffer(200, 0.05);
    let counts: Vec<usize> =
        (0..400).map(|step| buffer.draw(&draws(), step, Ask::Any(100)).restarted()).collect();
    let total: usize = counts.iter().sum();
    // 40,000 chances of 0.05: 2,000 ± 4 · 43.6.
    assert!((1826..=2174).contains(&total), "{total}");
    // One draw for the whole batch would give only 0 or 100.
    assert!(counts.iter().all(|&n| n < 30));
}

#[test]
fn a_batch_larger_than_the_buffer_takes_every_slot_once() {
    let drawn = buffer(6, 1.0).draw(&draws(), 1, Ask::Any(64));
    assert_eq!((drawn.x.size()[0], drawn.restarted()), (6, 6));
}

#[test]
fn a_restart_makes_a_chain_young_again() {
    let mut buffer = buffer(5, 1.0);
    for step in 0..3 {
        let drawn = buffer.draw(&draws(), step, Ask::Any(5));
        buffer.put_back(&drawn, &drawn.x, 20);
    }
    assert_eq!(buffer.mean_age(), 20.0);
    buffer.reinit = 0.0;
    let drawn = buffer.draw(&draws(), 3, Ask::Any(5));
    buffer.put_back(&drawn, &drawn.x, 20);
    assert_eq!(buffer.mean_age(), 40.0);
}

#[test]
fn classes_have_slots_of_their_own_and_share_them_evenly() {
    for size in [40, 41, 43, 7] {
        let mut counts = [0usize; CLASSES];
        for slot in 0..size {
            let class = class_of(slot, size, CLASSES);
            assert!(class * size / CLASSES <= slot && slot < (class + 1) * size / CLASSES);
            counts[class] += 1;
        }
        assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
    }
}

#[test]
fn chains_of_classes_come_from_distinct_slots_of_those_classes() {
    let buffer = buffer(40, 0.0);
    let classes = [2, 0, 2, 2, 3, 0, 2];
    for step in 0..50 {
        let drawn = buffer.draw(&draws(), step, Ask::Classes(&classes));
        let mut slots = drawn.slots.clone();
        for (slot, class) in slots.iter().zip(classes) {
            assert_eq!(buffer.class_of(*slot as usize) as i64, class);
        }
        slots.sort_unstable();
        slots.dedup();
        assert_eq!(slots.len(), classes.len());
    }
}

#[test]
fn chains_start_from_images_of_their_class() {
    let buffer = buffer_from(ChainInit::Data, 40, 1.0);
    let drawn = buffer.draw(&draws(), 5, Ask::Classes(&[3, 1, 1]));
    for (row, class) in [3.0, 1.0, 1.0].into_iter().enumerate() {
        let level = drawn.x.double_value(&[row as i64, 0, 0, 0]) * 255.0;
        assert!((40.0 * class - 0.01..40.0 * class + 9.01).contains(&level), "{level}");
    }
    let slot = buffer.chains.double_value(&[25, 0, 1, 1]) * 255.0;
    assert!((79.9..89.1).contains(&slot), "{slot}");
}

#[test]
fn gaussian_starts_have_the_moments_of_their_class() {
    // Pixels of class y are all alike: 40 y + 0 … 9, of mean 40 y + 4.5 and
    // sample variance 110/12, over 255; 1e-4 is added to the variance.
    let n = 20_000;
    let buffer = buffer_from(ChainInit::ClassGaussian, n, 0.0);
    let share = n as i64 / CLASSES as i64;
    let x = buffer.chains.slice(0, 2 * share, 3 * share, 1).to_kind(Kind::Double).flatten(1, -1);
    let variance = 110.0 / 12.0 / (255.0 * 255.0);
    let (mean, sd) = ((80.0 + 4.5) / 255.0, f64::sqrt(variance + 1e-4));
    let rows = share as f64;
    for pixel in 0..4 {
        let column = x.select(1, pixel);
        let found = column.mean(Kind::Double).double_value(&[]);
        assert!((found - mean).abs() < 4.0 * sd / rows.sqrt(), "{found} {mean}");
        let found = column.std(true).double_value(&[]);
        assert!((found / sd - 1.0).abs() < 4.0 / (2.0 * rows).sqrt(), "{found} {sd}");
    }
    // Two pixels differ by the ridge alone.
    let apart = (x.select(1, 0) - x.select(1, 1)).std(true).double_value(&[]);
    assert!((apart / f64::sqrt(2e-4) - 1.0).abs() < 4.0 / (2.0 * rows).sqrt(), "{apart}");
}
