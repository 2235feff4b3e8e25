//! The replay buffer: persistent chains, one slot each (Du and Mordatch 2019).

use jem_core::arrays::Arrays;
use jem_core::random::{At, Stream};
use jem_core::spec::ReplayBuffer as BufferSpec;
use tch::{Kind, Tensor};

use super::parameters::{insert, read_onto};
use super::{Misfit, Starts};

/// Where the ages stand among saved arrays.
const AGES: &str = "replay_buffer/ages";

/// All chains in one tensor `[size, c, h, w]`. A batch of chains is taken
/// from distinct slots and returns to those same slots, so that no chain is
/// lost and none is written twice in a step.
pub struct ReplayBuffer {
    chains: Tensor,
    /// Chain steps since the start of each slot's chain, `[size]`.
    ages: Vec<i64>,
    classes: usize,
    reinit: f64,
    starts: Starts,
}

/// The streams that one round of chains in a training step draws from.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    slots: Stream,
    restarts: Stream,
    starts: Stream,
}

impl Draws {
    /// `buffer slots`, `buffer reinit` and `chain init` of `seed`, each with
    /// the `round` after its name.
    pub fn new(seed: u64, round: &str) -> Self {
        let stream = |name: &str| Stream::new(seed, &format!("{name}{round}"));
        Self {
            slots: stream("buffer slots"),
            restarts: stream("buffer reinit"),
            starts: stream("chain init"),
        }
    }
}

/// Which chains are wanted.
#[derive(Clone, Copy, Debug)]
pub enum Ask<'a> {
    /// So many, of any slots; at most as many as there are.
    Any(usize),
    /// One of each of these classes. A class has a slot for each chain of a
    /// batch: the spec's check holds that.
    Classes(&'a [i64]),
}

/// Chains taken from the buffer.
pub struct Drawn {
    /// Their states `[n, c, h, w]`.
    pub x: Tensor,
    slots: Vec<i64>,
    /// Which start anew.
    anew: Vec<bool>,
}

impl Drawn {
    /// How many start anew.
    pub fn restarted(&self) -> usize {
        self.anew.iter().filter(|anew| **anew).count()
    }
}

impl ReplayBuffer {
    /// A buffer whose every slot holds a fresh start, from the stream
    /// `buffer init` of `seed`. The slots are shared out among the classes.
    pub fn new(spec: &BufferSpec, starts: Starts, seed: u64) -> Self {
        let size = spec.size as usize;
        let classes = starts.images().classes().max(1);
        let of_slots: Vec<usize> = (0..size).map(|slot| class_of(slot, size, classes)).collect();
        let stream = Stream::new(seed, "buffer init");
        Self {
            chains: starts.draw(&stream, At::step(0), &of_slots),
            ages: vec![0; size],
            classes,
            reinit: spec.reinit,
            starts,
        }
    }

    /// Takes the chains of `ask` for training step `step`, each of which
    /// starts anew with probability `reinit`, independently of the others.
    pub fn draw(&self, draws: &Draws, step: u64, ask: Ask<'_>) -> Drawn {
        let at = At::step(step);
        let slots = match ask {
            Ask::Any(n) => draws.slots.distinct(at, n, self.ages.len()),
            Ask::Classes(classes) => self.slots_of(&draws.slots, step, classes),
        };
        let device = self.chains.device();
        let mut x = self.chains.index_select(0, &Tensor::from_slice(&slots).to_device(device));
        let mut chance = vec![0f32; slots.len()];
        draws.restarts.fill_uniform(at, &mut chance);
        let anew: Vec<bool> =
            chance.iter().map(|&chance| f64::from(chance) < self.reinit).collect();
        let rows: Vec<i64> = (0..anew.len()).filter(|&i| anew[i]).map(|i| i as i64).collect();
        if !rows.is_empty() {
            let class = |slot: &i64| class_of(*slot as usize, self.ages.len(), self.classes);
            let classes: Vec<usize> = slots.iter().map(class).collect();
            let rows = Tensor::from_slice(&rows).to_device(device);
            let starts = self.starts.draw(&draws.starts, at, &classes).index_select(0, &rows);
            let _ = x.index_copy_(0, &rows, &starts.to_kind(x.kind()));
        }
        Drawn { x, slots, anew }
    }

    /// A slot of each of `classes`, those of a class distinct.
    fn slots_of(&self, stream: &Stream, step: u64, classes: &[i64]) -> Vec<i64> {
        let size = self.ages.len();
        let drawn = |class: usize| {
            let count = classes.iter().filter(|other| **other == class as i64).count();
            let (from, to) = (class * size / self.classes, (class + 1) * size / self.classes);
            let at = At { step, part: class as u32 };
            stream.distinct(at, count, to - from).into_iter().map(move |slot| slot + from as i64)
        };
        let mut of_class: Vec<_> = (0..self.classes).map(drawn).collect();
        let next = |class: &i64| {
            of_class[*class as usize]
                .next()
                .expect("a class has a slot for each chain of a batch: the spec's check holds that")
        };
        classes.iter().map(next).collect()
    }

    /// Puts the chains, advanced by `steps` steps to `x`, back into their own
    /// slots.
    pub fn put_back(&mut self, drawn: &Drawn, x: &Tensor, steps: u64) {
        let _guard = tch::no_grad_guard();
        let slots = Tensor::from_slice(&drawn.slots).to_device(self.chains.device());
        let _ = self.chains.index_copy_(0, &slots, &x.detach());
        for (&slot, &anew) in drawn.slots.iter().zip(&drawn.anew) {
            let age = &mut self.ages[slot as usize];
            *age = if anew { 0 } else { *age } + steps as i64;
        }
    }

    /// Puts all chains and their ages into `arrays`, as `replay_buffer`.
    pub fn save(&self, arrays: &mut Arrays) {
        insert(arrays, "replay_buffer", &self.chains);
        arrays.insert_i64(AGES, self.ages.clone());
    }

    /// Takes the chains back that [`ReplayBuffer::save`] left.
    ///
    /// # Errors
    /// When they are missing or have another shape.
    pub fn restore(&mut self, arrays: &Arrays) -> Result<(), Misfit> {
        self.chains = read_onto(arrays, "replay_buffer", &self.chains)?;
        let ages = arrays.i64(AGES).filter(|ages| ages.len() == self.ages.len());
        let missing = || Misfit(format!("the saved state holds no `{AGES}` of this buffer"));
        self.ages = ages.ok_or_else(missing)?.to_vec();
        Ok(())
    }

    /// The same chains in another precision.
    pub(super) fn convert_to(&mut self, kind: Kind) {
        self.chains = self.chains.to_kind(kind);
    }

    /// All chains, `[size, c, h, w]`.
    pub fn chains(&self) -> &Tensor {
        &self.chains
    }

    /// Mean over the slots of the chain steps since the slot's chain started.
    pub fn mean_age(&self) -> f64 {
        self.ages.iter().sum::<i64>() as f64 / self.ages.len().max(1) as f64
    }

    /// The class whose share of the slots `slot` lies in.
    pub fn class_of(&self, slot: usize) -> usize {
        class_of(slot, self.ages.len(), self.classes)
    }

    /// Where new chains start.
    pub fn starts(&self) -> &Starts {
        &self.starts
    }
}

/// Class y has the slots from ⌊y·size/classes⌋ on: size/classes of them, or
/// one more.
fn class_of(slot: usize, size: usize, classes: usize) -> usize {
    ((slot + 1) * classes).div_ceil(size.max(1)) - 1
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
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
        let set =
            LabelledImages { shape: [1, 2, 2], pixels, labels, pixel_max: 255, classes: CLASSES };
        Rc::new(Images::new(&set, PixelRange::ZeroOne, 0.0, 0, Device::Cpu))
    }

    fn buffer_from(init: ChainInit, size: u64, reinit: f64) -> ReplayBuffer {
        let starts = Starts::new(init, (0.0, 1.0), images(), true);
        ReplayBuffer::new(&BufferSpec { size, reinit, keep: None }, starts, 3)
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
        let x =
            buffer.chains.slice(0, 2 * share, 3 * share, 1).to_kind(Kind::Double).flatten(1, -1);
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
}
