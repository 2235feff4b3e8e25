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
    pub(super) fn to_kind(&mut self, kind: Kind) {
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
#[path = "replay_buffer_tests.rs"]
mod tests;
