//! How far an attack on a defence with noise has come, input by input.

use tch::Tensor;

use super::defence::{Defence, Inputs};
use super::gradient::margins;

/// What an attack left.
#[derive(Debug)]
pub struct Attacked {
    /// For each input where it was broken, else where it came closest; `[n, …]`.
    pub x: Tensor,
    /// Which were broken.
    pub broken: Vec<bool>,
}

/// Whether an input with this margin is not classified rightly; one whose
/// logits are not finite is not.
pub(super) fn fooled(margin: f64) -> bool {
    margin.is_nan() || margin <= 0.0
}

/// How far an attack has come with each input.
pub(super) struct Course<'a> {
    defence: &'a Defence<'a>,
    /// Chains of the check of a candidate.
    replicates: u64,
    x: Tensor,
    /// Whether the detector accepts what is kept, and its margin.
    best: Vec<(bool, f64)>,
    broken: Vec<bool>,
}

impl<'a> Course<'a> {
    pub(super) fn new(defence: &'a Defence<'a>, inputs: &Inputs, replicates: u64) -> Self {
        let n = inputs.rows.len();
        Self {
            defence,
            replicates,
            x: inputs.x.detach().copy(),
            best: vec![(false, f64::INFINITY); n],
            broken: vec![false; n],
        }
    }

    /// The places of the inputs without a confirmed break.
    pub(super) fn unbroken(&self) -> Vec<i64> {
        let places = self.broken.iter().enumerate().filter(|(_, broken)| !**broken);
        places.map(|(place, _)| place as i64).collect()
    }

    /// The places of the inputs that are attacked still. Without a purifier
    /// all are, to the end: what is kept is then also used against others.
    pub(super) fn open(&self) -> Vec<i64> {
        match self.defence.purifier {
            None => (0..self.broken.len() as i64).collect(),
            Some(_) => self.unbroken(),
        }
    }

    /// Takes in where the inputs at the places `open` are `now`, their margins
    /// in the attacker's eyes, and which ones the detector accepts. `purpose`
    /// names the noise of the check.
    pub(super) fn take(
        &mut self,
        open: &[i64],
        now: &Inputs,
        margins: &[f64],
        accepted: &[bool],
        purpose: &str,
    ) {
        let among: Vec<i64> = (0..open.len() as i64)
            .filter(|&i| accepted[i as usize] && fooled(margins[i as usize]))
            .collect();
        let mut confirmed = vec![false; open.len()];
        if !among.is_empty() {
            let candidates = now.select(&among);
            for (i, wrong) in among.iter().zip(self.wrong(&candidates, purpose)) {
                confirmed[*i as usize] = wrong;
            }
        }
        for (i, &place) in open.iter().enumerate() {
            let (kept, rank) = (place as usize, (accepted[i], margins[i]));
            let nearer = (rank.0 && !self.best[kept].0)
                || (rank.0 == self.best[kept].0 && rank.1 < self.best[kept].1);
            if confirmed[i] && !self.broken[kept] || nearer {
                self.best[kept] = rank;
                self.x.get(place).copy_(&now.x.get(i as i64));
            }
            self.broken[kept] |= confirmed[i];
        }
    }

    /// Which of `candidates` many more chains get wrong.
    fn wrong(&self, candidates: &Inputs, purpose: &str) -> Vec<bool> {
        let chains = self.replicates;
        if self.defence.chains(chains) == 1 {
            return vec![true; candidates.rows.len()];
        }
        let purpose = format!("{purpose} check");
        let logits = self.defence.predict(candidates, chains, &purpose);
        margins(&logits, &candidates.y).iter().map(|margin| fooled(*margin)).collect()
    }

    /// Keeps where another search has left the input at `place`.
    pub(super) fn keep(&mut self, place: i64, x: &Tensor, broken: bool) {
        self.x.get(place).copy_(x);
        self.broken[place as usize] = broken;
    }

    pub(super) fn end(self) -> Attacked {
        Attacked { x: self.x, broken: self.broken }
    }
}
