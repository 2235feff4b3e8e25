//! What is attacked, and what an attack found.

use tch::Tensor;

/// Which inputs are asked about, and the how-manieth time: what a defence that
/// draws numbers names them by.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The place of each input in its set, `[n]`; inputs that need no more
    /// attacking are left out.
    pub rows: &'a [u64],
    /// Counted from 0 within one attack.
    pub number: u64,
}

/// Logits `[n, k]` of inputs `[n, c, h, w]`. White-box attacks take gradients
/// through it, so a graph must lead from the input to the logits; one that is
/// straight-through (BPDA, Athalye et al. 2018) is as good. Black-box attacks
/// ask with inputs that need no gradient; no guard is on, since a purifier may
/// take gradients of its own.
pub type LogitsOf<'a> = &'a dyn Fn(&Tensor, &Query<'_>) -> Tensor;

/// Inputs with their labels, and what classifies them.
#[derive(Clone, Copy)]
pub struct Victim<'a> {
    /// What is attacked.
    pub logits: LogitsOf<'a>,
    /// Inputs `[n, c, h, w]` within the pixel range.
    pub x: &'a Tensor,
    /// Labels `[n]`.
    pub labels: &'a Tensor,
    /// The place of each input in its set, `[n]`: random numbers are named by
    /// it, so that an input's attack does not depend on which others are there.
    pub rows: &'a [u64],
    /// The seed of the attack's streams.
    pub seed: u64,
}

impl Victim<'_> {
    /// Number of inputs.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The best adversarial input found of each, and how good it is.
#[derive(Debug)]
pub struct Attacked {
    /// `[n, c, h, w]`, without a graph.
    pub x: Tensor,
    /// The score of each there, `[n]`: by default the margin, above 0 where
    /// another class than the label wins. An input whose score is not a
    /// number has an infinite one: the label has not won there.
    pub score: Vec<f64>,
}

impl Attacked {
    /// Which inputs are fooled, `[n]`. A tie with the label is none.
    pub fn fooled(&self) -> Vec<bool> {
        self.score.iter().map(|&score| score > 0.0).collect()
    }

    /// The places of the inputs that are not.
    pub(super) fn not_fooled(&self) -> Vec<i64> {
        (0..self.score.len() as i64).filter(|&i| self.score[i as usize] <= 0.0).collect()
    }

    /// Takes over what is the best so far: `moved` and its `scores` are of the
    /// inputs at `places`.
    pub(super) fn keep(&mut self, places: &[i64], moved: &Tensor, scores: &[f64]) {
        let better: Vec<i64> = (0..places.len())
            .filter(|&i| scores[i] > self.score[places[i] as usize])
            .map(|i| i as i64)
            .collect();
        if better.is_empty() {
            return;
        }
        let _guard = tch::no_grad_guard();
        let to: Vec<i64> = better.iter().map(|&i| places[i as usize]).collect();
        for (&from, &to) in better.iter().zip(&to) {
            self.score[to as usize] = scores[from as usize];
        }
        let index = |of: &[i64]| Tensor::from_slice(of).to_device(moved.device());
        let _ =
            self.x.index_copy_(0, &index(&to), &moved.detach().index_select(0, &index(&better)));
    }

    /// The share of inputs that are not.
    pub fn accuracy(&self) -> f64 {
        let right = self.score.iter().filter(|&&score| score <= 0.0).count();
        right as f64 / self.score.len().max(1) as f64
    }
}

/// Values `[n]` on the host in double precision, what is not a number as
/// infinity.
pub(super) fn host(values: &Tensor) -> Vec<f64> {
    let mut out = crate::eval::host(values);
    out.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = f64::INFINITY);
    out
}
