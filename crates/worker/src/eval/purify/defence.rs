//! A classifier behind a purifier, as one classifier that has noise.

use jem_core::random::{At, Stream};
use jem_core::spec::Purifier;
use tch::{Device, Kind, Tensor};

use super::descent::descend;
use crate::jem::{Noise, energy};

/// Inputs × chains that are purified at once.
const AT_ONCE: i64 = 1024;

/// A classifier, and what its inputs go through before.
#[derive(Clone, Copy)]
pub struct Defence<'a> {
    /// Logits `[n, k]` of `[n, c, h, w]`, of parameters without a graph.
    pub logits: &'a dyn Fn(&Tensor) -> Tensor,
    /// The purifier; none for the classifier alone.
    pub purifier: Option<Purifier>,
    /// The ends of the pixel range.
    pub bounds: (f64, f64),
    /// The seed of its streams.
    pub seed: u64,
    /// Its name in that of its streams.
    pub name: &'a str,
}

/// Inputs with what they are named and labelled by.
#[derive(Debug)]
pub struct Inputs {
    /// `[n, c, h, w]`
    pub x: Tensor,
    /// `[n]`
    pub y: Tensor,
    /// Each one's place in the test set, which names its noise.
    pub rows: Vec<i64>,
}

impl Inputs {
    /// Those at `places`.
    pub fn select(&self, places: &[i64]) -> Self {
        let index = Tensor::from_slice(places).to_device(self.x.device());
        Self {
            x: self.x.index_select(0, &index),
            y: self.y.index_select(0, &index),
            rows: places.iter().map(|&place| self.rows[place as usize]).collect(),
        }
    }

    /// The same inputs, moved to `x`.
    pub fn moved(&self, x: Tensor) -> Self {
        Self { x, y: self.y.shallow_clone(), rows: self.rows.clone() }
    }

    /// In pieces of at most `size`.
    pub fn pieces(&self, size: usize) -> impl Iterator<Item = Self> {
        let places: Vec<i64> = (0..self.rows.len() as i64).collect();
        let size = size.max(1);
        let starts = (0..places.len()).step_by(size);
        starts.map(move |from| self.select(&places[from..places.len().min(from + size)]))
    }
}

/// Normals for chain c of input i at chain step k, by (i, c) and k alone.
pub(super) struct RowNoise<'a> {
    stream: Stream,
    rows: &'a [i64],
    chains: u64,
}

impl Noise for RowNoise<'_> {
    fn normal(&mut self, _: u64, part: u32, shape: &[i64], device: Device) -> Tensor {
        let each = shape.iter().skip(1).product::<i64>() as usize;
        let mut values = vec![0f32; each * self.rows.len() * self.chains as usize];
        let chains = self.rows.iter().flat_map(|row| (0..self.chains).map(move |c| (*row, c)));
        for (out, (row, chain)) in values.chunks_mut(each.max(1)).zip(chains) {
            self.stream.fill_normal(At { step: (row as u64) << 32 | chain, part }, out);
        }
        Tensor::from_slice(&values).reshape(shape).to_device(device)
    }
}

impl Defence<'_> {
    /// How many of `wanted` chains can differ: one without noise.
    pub fn chains(&self, wanted: u64) -> u64 {
        match self.purifier {
            Some(Purifier { noise_std, .. }) if noise_std > 0.0 => wanted.max(1),
            _ => 1,
        }
    }

    pub(super) fn noise<'r>(&self, rows: &'r [i64], chains: u64, purpose: &str) -> RowNoise<'r> {
        let stream = Stream::new(self.seed, &format!("purify {} {purpose}", self.name));
        RowNoise { stream, rows, chains }
    }

    /// E(x) `[n]` of the classifier.
    pub fn energy(&self, x: &Tensor) -> Tensor {
        energy(&(self.logits)(x))
    }

    /// Every input `chains` times, one after another, purified:
    /// `[n · chains, c, h, w]`, without a graph.
    pub fn purified(&self, inputs: &Inputs, chains: u64, noise: &mut dyn Noise) -> Tensor {
        let x = repeated(&inputs.x.detach(), chains);
        match &self.purifier {
            Some(purifier) => descend(&|x| self.energy(x), &x, purifier, self.bounds, noise),
            None => x,
        }
    }

    /// Mean of the logits of `chains` chains of each input, `[n, k]`, in double
    /// precision and without a graph.
    pub fn predict(&self, inputs: &Inputs, chains: u64, purpose: &str) -> Tensor {
        let chains = self.chains(chains);
        let pieces = inputs.pieces((AT_ONCE / chains as i64) as usize).map(|piece| {
            let mut noise = self.noise(&piece.rows, chains, purpose);
            let x = self.purified(&piece, chains, &mut noise);
            let _guard = tch::no_grad_guard();
            averaged(&(self.logits)(&x), chains)
        });
        Tensor::cat(&pieces.collect::<Vec<_>>(), 0)
    }
}

/// Every row `times` times, one after another.
pub(super) fn repeated(x: &Tensor, times: u64) -> Tensor {
    x.repeat_interleave_self_int(times as i64, 0, None)
}

/// Means over `chains` rows each of `[n · chains, k]`, `[n, k]` in double
/// precision, in which a softmax near 1 still has a slope.
pub(super) fn averaged(logits: &Tensor, chains: u64) -> Tensor {
    let logits = logits.to_kind(Kind::Double);
    let k = logits.size()[1];
    let chained = logits.view([-1, chains as i64, k]);
    chained.mean_dim([1i64].as_slice(), false, Kind::Double)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::purify::{Pass, look, margins};

    /// Two classes, told apart by the sum of the values; E(x) is about −|sum|.
    fn logits(x: &Tensor) -> Tensor {
        let sum = x.flatten(1, -1).sum_dim_intlist([1i64].as_slice(), false, x.kind());
        Tensor::stack(&[&sum, &-&sum], 1)
    }

    fn defence(noise_std: f64) -> Defence<'static> {
        let purifier = Purifier { steps: 3, step_size: 0.1, noise_std, chains: 2, clamp: false };
        Defence {
            logits: &logits,
            purifier: Some(purifier),
            bounds: (-1.0, 1.0),
            seed: 4,
            name: "test",
        }
    }

    fn inputs(n: i64) -> Inputs {
        let x = Tensor::arange(n * 6, (Kind::Float, Device::Cpu)).sin().view([n, 1, 2, 3]);
        Inputs { x, y: Tensor::zeros([n], (Kind::Int64, Device::Cpu)), rows: (0..n).collect() }
    }

    #[test]
    fn an_inputs_noise_is_its_own_whatever_stands_beside_it() {
        let (all, defence) = (inputs(5), defence(0.4));
        let together = defence.predict(&all, 3, "look");
        let alone = defence.predict(&all.select(&[3]), 3, "look");
        assert!(alone.get(0).allclose(&together.get(3), 1e-6, 1e-7, false));
        // A longer mean begins with the same chains; other purposes have others.
        let one = defence.predict(&all, 1, "look");
        let other = defence.predict(&all, 1, "final");
        assert!(!one.allclose(&other, 1e-3, 1e-3, false));
        let looked = look(&defence, &all, 3, Pass::Straight, "look");
        assert!(looked.logits.allclose(&together, 1e-6, 1e-7, false));
    }

    #[test]
    fn without_noise_one_chain_is_all() {
        assert_eq!([defence(0.0).chains(9), defence(0.1).chains(9)], [1, 9]);
        let alone = Defence { purifier: None, ..defence(0.1) };
        let all = inputs(4);
        assert_eq!(alone.chains(9), 1);
        let found = alone.predict(&all, 9, "look");
        assert!(found.allclose(&logits(&all.x).to_kind(Kind::Double), 0.0, 0.0, false));
        // f₀ − f₁ is twice the sum, and so is the margin of class 0.
        let sum = all.x.get(1).sum(Kind::Double).double_value(&[]);
        assert!((margins(&found, &all.y)[1] - 2.0 * sum).abs() < 1e-6);
    }
}
