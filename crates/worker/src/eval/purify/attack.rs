//! Projected gradient attacks on a classifier behind a purifier, after
//! Algorithm 1 of Hill, Mitchell and Zhu 2021: sign steps in the L∞ ball from
//! a random start, with fresh chains at every step; an input that these get
//! wrong is a candidate, and is broken once many more chains, which the
//! attacker did not see, get it wrong too.

use std::error::Error;

use jem_core::random::{At, Stream};
use tch::Tensor;

use super::defence::{Defence, Inputs};
use super::detector::Detector;
use super::gradient::{Pass, look, margins};
use crate::eval::host;

/// How strong an attack is. Distances are in the units of the inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength {
    /// Radius of the L∞ ball.
    pub epsilon: f64,
    /// Size of a step.
    pub step_size: f64,
    /// Steps.
    pub steps: u64,
    /// Chains of each look.
    pub eot: u64,
    /// Chains of the check of a candidate.
    pub replicates: u64,
}

/// What is to be reached, and by which gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// Another class.
    Fool(Pass),
    /// Another class, and an energy that the detector accepts. A step is on
    /// the energy where the input fools the classifier and is refused, on the
    /// class otherwise (selective projected gradient descent; Bryniarski et
    /// al. 2021).
    FoolAndPass(Pass, Detector),
}

/// What an attack left.
#[derive(Debug)]
pub struct Attacked {
    /// For each input where it was broken, else where it came closest; `[n, …]`.
    pub x: Tensor,
    /// Which were broken.
    pub broken: Vec<bool>,
}

/// Attacks `inputs`; `name` names the streams. `tick` is called before every
/// step, and an error from it ends the attack.
///
/// # Errors
/// When `tick` fails.
pub fn attack(
    defence: &Defence<'_>,
    inputs: &Inputs,
    objective: Objective,
    strength: &Strength,
    name: &str,
    tick: &mut dyn FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<Attacked, Box<dyn Error>> {
    let mut course = Course::new(defence, inputs, *strength, name);
    // The clean inputs are inside the ball.
    let mut x = inputs.x.detach().copy();
    for step in 0..=strength.steps + 1 {
        tick()?;
        let (pass, detector) = match objective {
            Objective::Fool(pass) => (pass, None),
            Objective::FoolAndPass(pass, detector) => (pass, Some(detector)),
        };
        let open = course.open();
        if open.is_empty() {
            break;
        }
        let now = inputs.moved(x.shallow_clone()).select(&open);
        let seen = look(defence, &now, strength.eot, pass, &format!("{name} step {step}"));
        let margins = margins(&seen.logits, &now.y);
        let energies = detector.map(|_| slope(defence, &now.x));
        let accepted: Vec<bool> = match (&detector, &energies) {
            (Some(detector), Some((e, _))) => e.iter().map(|&e| detector.accepts(e)).collect(),
            _ => vec![true; open.len()],
        };
        course.take(&open, &now, &margins, &accepted, step);
        if step == 0 {
            x = started(defence, inputs, strength, name);
            continue;
        }
        let mut uphill = seen.gradient;
        if let Some((_, slope)) = energies {
            let refused = margins.iter().zip(&accepted).map(|(m, a)| fooled(*m) && !a);
            let refused: Vec<bool> = refused.collect();
            let chosen =
                Tensor::from_slice(&refused).to_device(uphill.device()).view([-1, 1, 1, 1]);
            uphill = (-slope).where_self(&chosen, &uphill);
        }
        let index = Tensor::from_slice(&open).to_device(x.device());
        let moved = &now.x + uphill.sign() * strength.step_size;
        let origin = inputs.x.index_select(0, &index);
        x = x.index_copy(0, &index, &inside(&moved, &origin, strength.epsilon, defence.bounds));
    }
    Ok(course.end())
}

/// Whether an input with this margin is not classified rightly; one whose
/// logits are not finite is not.
pub(super) fn fooled(margin: f64) -> bool {
    margin.is_nan() || margin <= 0.0
}

/// The point of the ball around `origin`, and of the pixel range, that is
/// nearest to `x`.
pub(super) fn inside(x: &Tensor, origin: &Tensor, epsilon: f64, bounds: (f64, f64)) -> Tensor {
    let near = x.minimum(&(origin + epsilon)).maximum(&(origin - epsilon));
    near.clamp(bounds.0, bounds.1)
}

/// Uniform in the ball.
fn started(defence: &Defence<'_>, inputs: &Inputs, strength: &Strength, name: &str) -> Tensor {
    let stream = Stream::new(defence.seed, &format!("purify {} {name} start", defence.name));
    let each = inputs.x.size()[1..].iter().product::<i64>() as usize;
    let mut values = vec![0f32; each * inputs.rows.len()];
    for (out, row) in values.chunks_mut(each.max(1)).zip(&inputs.rows) {
        stream.fill_uniform(At::step(*row as u64), out);
    }
    let unit = Tensor::from_slice(&values).view_as(&inputs.x).to_device(inputs.x.device());
    let x = &inputs.x + (unit * 2.0 - 1.0) * strength.epsilon;
    inside(&x, &inputs.x, strength.epsilon, defence.bounds)
}

/// E(x) on the host, and ∇E(x).
fn slope(defence: &Defence<'_>, x: &Tensor) -> (Vec<f64>, Tensor) {
    let x = x.detach().set_requires_grad(true);
    let energies = defence.energy(&x);
    let total = energies.sum(energies.kind());
    let slope = Tensor::run_backward(&[total], &[&x], false, false).remove(0);
    (host(&energies), slope)
}

/// How far an attack has come with each input.
pub(super) struct Course<'a> {
    defence: &'a Defence<'a>,
    strength: Strength,
    name: &'a str,
    x: Tensor,
    /// Whether the detector accepts what is kept, and its margin.
    best: Vec<(bool, f64)>,
    broken: Vec<bool>,
}

impl<'a> Course<'a> {
    pub(super) fn new(
        defence: &'a Defence<'a>,
        inputs: &Inputs,
        strength: Strength,
        name: &'a str,
    ) -> Self {
        let n = inputs.rows.len();
        Self {
            defence,
            strength,
            name,
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
    /// in the attacker's eyes, and which ones the detector accepts.
    pub(super) fn take(
        &mut self,
        open: &[i64],
        now: &Inputs,
        margins: &[f64],
        accepted: &[bool],
        step: u64,
    ) {
        let among: Vec<i64> = (0..open.len() as i64)
            .filter(|&i| accepted[i as usize] && fooled(margins[i as usize]))
            .collect();
        let mut confirmed = vec![false; open.len()];
        if !among.is_empty() {
            let candidates = now.select(&among);
            for (i, wrong) in among.iter().zip(self.wrong(&candidates, step)) {
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
    fn wrong(&self, candidates: &Inputs, step: u64) -> Vec<bool> {
        let chains = self.strength.replicates;
        if self.defence.chains(chains) == 1 {
            return vec![true; candidates.rows.len()];
        }
        let purpose = format!("{} check {step}", self.name);
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::eval::purify::{energies, margins as margins_of};
    use jem_core::spec::Purifier;
    use tch::{Device, Kind};

    /// Class 0 where the first value is positive; the energy falls with the
    /// size of the second, and little with that of the first.
    fn logits(x: &Tensor) -> Tensor {
        let x = x.flatten(1, -1);
        let (first, second) = (x.select(1, 0), x.select(1, 1));
        Tensor::stack(&[&second + &first, &second - &first], 1)
    }

    fn defence(purifier: Option<Purifier>) -> Defence<'static> {
        Defence { logits: &logits, purifier, bounds: (-1.0, 1.0), seed: 2, name: "test" }
    }

    fn inputs(first: &[f32], second: f32) -> Inputs {
        let n = first.len() as i64;
        let firsts = Tensor::from_slice(first).view([n, 1, 1, 1]);
        let x = Tensor::cat(&[&firsts, &Tensor::full_like(&firsts, f64::from(second))], 3);
        let y = Tensor::zeros([n], (Kind::Int64, Device::Cpu));
        Inputs { x, y, rows: (0..n).collect() }
    }

    const STRENGTH: Strength =
        Strength { epsilon: 0.25, step_size: 0.05, steps: 15, eot: 4, replicates: 64 };

    fn run(defence: &Defence<'_>, inputs: &Inputs, objective: Objective) -> Attacked {
        let made = attack(defence, inputs, objective, &STRENGTH, "t", &mut || Ok(())).unwrap();
        let moved = (&made.x - &inputs.x).abs().max().double_value(&[]);
        assert!(moved <= 0.25 + 1e-6, "{moved}");
        made
    }

    #[test]
    fn what_is_within_reach_is_broken_and_the_rest_is_not() {
        let inputs = inputs(&[0.2, 0.3, -0.1], 0.0);
        let made = run(&defence(None), &inputs, Objective::Fool(Pass::Straight));
        assert_eq!(made.broken, [true, false, true]);
        // As far as the ball goes, also after the break.
        let end = made.x.double_value(&[0, 0, 0, 0]);
        assert!((end + 0.05).abs() < 1e-6, "{end}");
        let end = made.x.double_value(&[1, 0, 0, 0]);
        assert!((end - 0.05).abs() < 1e-6, "{end}");
    }

    #[test]
    fn noise_that_hides_the_edge_breaks_only_what_many_chains_get_wrong() {
        // The energy pushes |first| up: the purifier helps what is right.
        let purifier =
            Purifier { steps: 3, step_size: 0.01, noise_std: 0.2, chains: 4, clamp: false };
        let inputs = inputs(&[0.1, 0.6], 0.0);
        for pass in [Pass::Straight, Pass::Whole(100)] {
            let defence = defence(Some(purifier));
            let made = run(&defence, &inputs, Objective::Fool(pass));
            assert_eq!(made.broken, [true, false], "{pass:?}");
            let again = defence.predict(&inputs.moved(made.x), 2000, "final");
            let margins = margins_of(&again, &inputs.y);
            assert!(margins[0] < 0.0 && margins[1] > 0.0, "{margins:?}");
        }
    }

    #[test]
    fn a_joint_attack_breaks_only_where_the_detector_accepts() {
        let inputs = inputs(&[0.2, 0.2], 0.0);
        let clean = energies(&defence(None), &inputs.x)[0];
        // To fool, `first` goes to −0.05, which raises the energy; `second`
        // can lower it by 0.25 at most.
        for (threshold, broken) in [(clean, true), (clean - 0.2, true), (clean - 0.4, false)] {
            let objective = Objective::FoolAndPass(Pass::Straight, Detector { threshold });
            let made = run(&defence(None), &inputs, objective);
            assert_eq!(made.broken, [broken; 2], "{}", threshold - clean);
            let found = energies(&defence(None), &made.x);
            assert!(!broken || found.iter().all(|e| *e <= threshold), "{found:?}");
        }
    }
}
