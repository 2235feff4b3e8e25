//! Means of step values over a stretch of training.

use jem_core::arrays::Arrays;
use tch::{Device, Tensor};

use crate::jem::{Misfit, StepValues};

const N: usize = StepValues::COUNT;

/// Sums of the step values since the last [`Means::take`], kept on the device
/// so that adding a step waits for nothing.
#[derive(Debug, Default)]
pub struct Means {
    sum: Option<Tensor>,
    count: u64,
}

impl Means {
    /// Takes in a step.
    pub fn add(&mut self, values: &StepValues) {
        let _guard = tch::no_grad_guard();
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + values.tensor(),
            None => values.tensor().copy(),
        });
        self.count += 1;
    }

    /// The means, in the order of the values; forgets the steps.
    pub fn take(&mut self) -> [f64; N] {
        let mut values = [0f64; N];
        if let Some(sum) = self.sum.take() {
            (sum / self.count as f64).to_device(Device::Cpu).copy_data(&mut values, N);
        }
        self.count = 0;
        values
    }

    /// Puts the sums into `arrays` as `name`: the bits of the doubles, then
    /// the count.
    pub fn save(&self, name: &str, arrays: &mut Arrays) {
        let mut sums = [0f64; N];
        if let Some(sum) = &self.sum {
            sum.to_device(Device::Cpu).copy_data(&mut sums, N);
        }
        let bits = sums.iter().map(|sum| sum.to_bits() as i64);
        arrays.insert_i64(name, bits.chain([self.count as i64]).collect());
    }

    /// Takes back what [`Means::save`] left, on `device`.
    ///
    /// # Errors
    /// When there is no such thing in `arrays`.
    pub fn restore(name: &str, arrays: &Arrays, device: Device) -> Result<Self, Misfit> {
        let saved = arrays.i64(name).and_then(<[i64]>::split_last);
        let Some((count, bits)) = saved.filter(|(_, bits)| bits.len() == N) else {
            return Err(Misfit(format!("the saved state holds no sums `{name}`")));
        };
        let sums: Vec<f64> = bits.iter().map(|bits| f64::from_bits(*bits as u64)).collect();
        let sum = (*count > 0).then(|| Tensor::from_slice(&sums).to_device(device));
        Ok(Self { sum, count: (*count).max(0) as u64 })
    }
}
