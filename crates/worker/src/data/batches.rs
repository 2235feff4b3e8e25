//! The order in which examples are seen.

use jem_core::random::{At, Stream};
use jem_core::spec::Length;

/// Batches of rows: each epoch a fresh permutation from a stream of its own,
/// cut into whole batches. Which rows a step sees depends on (seed, stream,
/// step) alone.
#[derive(Debug)]
pub struct BatchOrder {
    stream: Stream,
    n: usize,
    batch: usize,
    epoch: Option<(u64, Vec<i64>)>,
}

impl BatchOrder {
    /// The order of the stream `name` over `n` ≥ 1 rows; a batch larger than
    /// the set is the set.
    pub fn new(seed: u64, name: &str, n: usize, batch: usize) -> Self {
        Self { stream: Stream::new(seed, name), n, batch: batch.clamp(1, n.max(1)), epoch: None }
    }

    /// Whole batches in one pass. What is left over waits for the next
    /// epoch's permutation.
    pub fn steps_per_epoch(&self) -> u64 {
        (self.n / self.batch).max(1) as u64
    }

    /// Steps in a training of `length`.
    pub fn steps(&self, length: Length) -> u64 {
        match length {
            Length::Steps(steps) => steps,
            Length::Epochs(epochs) => epochs * self.steps_per_epoch(),
        }
    }

    /// The rows of step `step`.
    pub fn rows(&mut self, step: u64) -> Vec<i64> {
        let per_epoch = self.steps_per_epoch();
        let (epoch, within) = (step / per_epoch, (step % per_epoch) as usize);
        let fresh = || (epoch, self.stream.permutation(At::step(epoch), self.n));
        let order = match self.epoch.take() {
            Some(known) if known.0 == epoch => known,
            _ => fresh(),
        };
        let from = within * self.batch;
        let rows = order.1[from..from + self.batch].to_vec();
        self.epoch = Some(order);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_sees_no_row_twice_and_a_step_depends_on_its_number_alone() {
        let mut order = BatchOrder::new(4, "data order", 10, 3);
        let mut seen: Vec<i64> = (0..3).flat_map(|step| order.rows(step)).collect();
        let second = order.rows(3);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 9);
        assert_eq!(BatchOrder::new(4, "data order", 10, 3).rows(3), second);
        assert_eq!(order.steps(Length::Epochs(2)), 6);
    }
}
