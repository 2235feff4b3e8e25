//! The replay buffer: persistent chains, one slot each (Du and Mordatch 2019).

use jem_core::arrays::Arrays;
use jem_core::random::{At, Stream};
use jem_core::spec::{ChainInit, ReplayBuffer as BufferSpec};
use tch::{Device, Tensor};

use super::Misfit;
use super::parameters::{insert, read_onto};

/// All chains in one tensor `[size, c, h, w]`. A batch of chains is taken
/// from distinct slots and returns to those same slots, so that no chain is
/// lost and none is written twice in a step.
pub struct ReplayBuffer {
    chains: Tensor,
    reinit: f64,
    init: ChainInit,
    bounds: (f64, f64),
    slots: Stream,
    restarts: Stream,
    starts: Stream,
}

/// Chains taken from the buffer.
pub struct Drawn {
    /// Their states `[n, c, h, w]`.
    pub x: Tensor,
    slots: Tensor,
    /// How many start anew.
    pub restarted: usize,
}

impl ReplayBuffer {
    /// A buffer whose every slot holds a fresh start, from the streams
    /// `buffer init`, `buffer slots`, `buffer reinit` and `chain init` of
    /// `seed`. `shape` is `[c, h, w]`, `bounds` the pixel range.
    pub fn new(
        spec: &BufferSpec,
        init: ChainInit,
        shape: [usize; 3],
        bounds: (f64, f64),
        seed: u64,
        device: Device,
    ) -> Self {
        let shape = shape.map(|n| n as i64);
        let size = [spec.size as i64, shape[0], shape[1], shape[2]];
        let stream = Stream::new(seed, "buffer init");
        Self {
            chains: fresh(&stream, At::step(0), init, bounds, &size).to_device(device),
            reinit: spec.reinit,
            init,
            bounds,
            slots: Stream::new(seed, "buffer slots"),
            restarts: Stream::new(seed, "buffer reinit"),
            starts: Stream::new(seed, "chain init"),
        }
    }

    /// Takes `n` chains for training step `step` (at most as many as there
    /// are slots), each of which starts anew with probability `reinit`,
    /// independently of the others.
    pub fn draw(&self, step: u64, n: usize) -> Drawn {
        let at = At::step(step);
        let slots = Tensor::from_slice(&self.slots.distinct(at, n, self.chains.size()[0] as usize));
        let slots = slots.to_device(self.chains.device());
        let mut x = self.chains.index_select(0, &slots);
        let n = x.size()[0] as usize;
        let mut chance = vec![0f32; n];
        self.restarts.fill_uniform(at, &mut chance);
        let rows: Vec<i64> =
            (0..n as i64).filter(|&row| f64::from(chance[row as usize]) < self.reinit).collect();
        if !rows.is_empty() {
            let rows = Tensor::from_slice(&rows).to_device(x.device());
            let starts = fresh(&self.starts, at, self.init, self.bounds, &x.size());
            let starts = starts.to_device(x.device()).index_select(0, &rows);
            let _ = x.index_copy_(0, &rows, &starts);
        }
        Drawn { x, slots, restarted: rows.len() }
    }

    /// Puts the chains, advanced to `x`, back into their own slots.
    pub fn put_back(&mut self, drawn: &Drawn, x: &Tensor) {
        let _guard = tch::no_grad_guard();
        let _ = self.chains.index_copy_(0, &drawn.slots, &x.detach());
    }

    /// Puts all chains into `arrays`, as `replay_buffer`.
    pub fn save(&self, arrays: &mut Arrays) {
        insert(arrays, "replay_buffer", &self.chains);
    }

    /// Takes the chains back that [`ReplayBuffer::save`] left.
    ///
    /// # Errors
    /// When they are missing or have another shape.
    pub fn restore(&mut self, arrays: &Arrays) -> Result<(), Misfit> {
        self.chains = read_onto(arrays, "replay_buffer", &self.chains)?;
        Ok(())
    }

    /// All chains, `[size, c, h, w]`.
    pub fn chains(&self) -> &Tensor {
        &self.chains
    }
}

/// Fresh starts of `size` `[n, c, h, w]`, on the host.
fn fresh(stream: &Stream, at: At, init: ChainInit, bounds: (f64, f64), size: &[i64]) -> Tensor {
    let n: i64 = size.iter().product();
    let mut values = vec![0f32; n as usize];
    match init {
        ChainInit::Normal => stream.fill_normal(at, &mut values),
        ChainInit::Uniform => {
            stream.fill_uniform(at, &mut values);
            let (low, width) = (bounds.0 as f32, (bounds.1 - bounds.0) as f32);
            values.iter_mut().for_each(|v| *v = low + width * *v);
        }
    }
    Tensor::from_slice(&values).reshape(size)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use tch::Kind;

    fn buffer(size: u64, reinit: f64) -> ReplayBuffer {
        let spec = BufferSpec { size, reinit };
        ReplayBuffer::new(&spec, ChainInit::Uniform, [1, 2, 2], (-1.0, 1.0), 3, Device::Cpu)
    }

    #[test]
    fn chains_return_to_their_own_slots_and_others_stay() {
        let mut buffer = buffer(10, 0.0);
        let before = buffer.chains.copy();
        let drawn = buffer.draw(0, 4);
        buffer.put_back(&drawn, &(&drawn.x + 5.0));
        let change = (&buffer.chains - before).flatten(1, -1).mean_dim(1, false, Kind::Float);
        let slots = Vec::<i64>::try_from(&drawn.slots).unwrap();
        for slot in 0..10 {
            let expected = if slots.contains(&slot) { 5.0 } else { 0.0 };
            assert!((change.double_value(&[slot]) - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn restarts_are_drawn_per_sample() {
        let buffer = buffer(200, 0.05);
        let counts: Vec<usize> = (0..400).map(|step| buffer.draw(step, 100).restarted).collect();
        let total: usize = counts.iter().sum();
        // 40,000 chances of 0.05: 2,000 ± 4 · 43.6.
        assert!((1826..=2174).contains(&total), "{total}");
        // One draw for the whole batch would give only 0 or 100.
        assert!(counts.iter().all(|&n| n < 30));
    }

    #[test]
    fn a_batch_larger_than_the_buffer_takes_every_slot_once() {
        let drawn = buffer(6, 1.0).draw(1, 64);
        assert_eq!((drawn.x.size()[0], drawn.restarted), (6, 6));
    }
}
