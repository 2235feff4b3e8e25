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
    /// What the ordered places stand for; none where they are the rows.
    rows: Option<Vec<i64>>,
}

impl BatchOrder {
    /// The order of the stream `name` over `n` ≥ 1 rows; a batch larger than
    /// the set is the set.
    pub fn new(seed: u64, name: &str, n: usize, batch: usize) -> Self {
        let batch = batch.clamp(1, n.max(1));
        Self { stream: Stream::new(seed, name), n, batch, epoch: None, rows: None }
    }

    /// As [`BatchOrder::new`], over these rows alone.
    pub fn of(seed: u64, name: &str, rows: Vec<i64>, batch: usize) -> Self {
        let order = Self::new(seed, name, rows.len(), batch);
        Self { rows: Some(rows), ..order }
    }

    /// Rows of a batch.
    pub fn batch(&self) -> usize {
        self.batch
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
        let places = order.1[from..from + self.batch].iter();
        let rows = match &self.rows {
            Some(rows) => places.map(|&place| rows[place as usize]).collect(),
            None => places.copied().collect(),
        };
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

    #[test]
    fn an_order_of_some_rows_gives_those_alone() {
        let mut order = BatchOrder::of(4, "data order", vec![7, 2, 9], 2);
        let places = BatchOrder::new(4, "data order", 3, 2).rows(5);
        let rows: Vec<i64> = places.iter().map(|&place| [7, 2, 9][place as usize]).collect();
        assert_eq!(order.rows(5), rows);
        assert_eq!((order.batch(), order.steps_per_epoch()), (2, 1));
    }
}
