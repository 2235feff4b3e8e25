//! Projected gradient attacks on a classifier behind a purifier, after
//! Algorithm 1 of Hill, Mitchell and Zhu 2021: steps in a ball, with fresh
//! chains at every step; an input that these get wrong is a candidate, and is
//! broken once many more chains, which the attacker did not see, get it wrong
//! too. Theirs starts once, at random; ours also where an attack on the
//! classifier alone ended, since one that knows more must not do worse.

use std::error::Error;

use jem_core::random::Stream;
use tch::Tensor;

use super::course::{Attacked, Course, fooled};
use super::defence::{Defence, Inputs};
use super::detector::Detector;
use super::gradient::{Pass, look, margins};
use crate::eval::attack::Ball;
use crate::eval::host;

/// How strong an attack is. Distances are in the units of the inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength {
    /// Where it may go.
    pub ball: Ball,
    /// Size of a step in the ball's norm.
    pub step_size: f64,
    /// Steps from each start.
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

/// Where a walk starts.
#[derive(Debug)]
pub enum Start<'a> {
    /// Uniform in the ball.
    Random,
    /// Where another attack on the same inputs ended; `[n, c, h, w]`.
    At(&'a Tensor),
}

/// Attacks `inputs` by a walk from each of `starts`, after a look at the clean
/// inputs; `name` names the streams. `tick` is called before every look, and an
/// error from it ends the attack.
///
/// # Errors
/// When `tick` fails.
pub fn attack(
    defence: &Defence<'_>,
    inputs: &Inputs,
    objective: Objective,
    strength: &Strength,
    (name, starts): (&str, &[Start<'_>]),
    tick: &mut dyn FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<Attacked, Box<dyn Error>> {
    let attacker = Attacker { defence, inputs, objective, strength };
    let mut course = Course::new(defence, inputs, strength.replicates);
    tick()?;
    attacker.look(&mut course, &inputs.x, &format!("{name} clean"));
    for (walk, start) in starts.iter().enumerate() {
        let name = format!("{name} walk {walk}");
        let mut x = attacker.start(start, &name);
        for step in 0..=strength.steps {
            if course.open().is_empty() {
                return Ok(course.end());
            }
            tick()?;
            let seen = attacker.look(&mut course, &x, &format!("{name} step {step}"));
            x = attacker.moved(&x, &seen);
        }
    }
    Ok(course.end())
}

/// What stays the same from step to step.
struct Attacker<'a> {
    defence: &'a Defence<'a>,
    inputs: &'a Inputs,
    objective: Objective,
    strength: &'a Strength,
}

/// The inputs that were looked at, and where each is to go from there.
struct Seen {
    places: Vec<i64>,
    uphill: Tensor,
}

impl Attacker<'_> {
    fn start(&self, start: &Start<'_>, name: &str) -> Tensor {
        let (Defence { seed, name: of, .. }, inputs) = (self.defence, self.inputs);
        let ball = &self.strength.ball;
        match start {
            Start::At(x) => ball.project(&inputs.x, x),
            Start::Random => {
                let rows: Vec<u64> = inputs.rows.iter().map(|&row| row as u64).collect();
                let stream = Stream::new(*seed, &format!("purify {of} {name} start"));
                ball.random(&inputs.x, &rows, &stream, 0)
            }
        }
    }

    /// Looks at the inputs not broken yet where they are in `x`, which `course`
    /// takes in. `purpose` names the noise.
    fn look(&self, course: &mut Course<'_>, x: &Tensor, purpose: &str) -> Seen {
        let (pass, detector) = match self.objective {
            Objective::Fool(pass) => (pass, None),
            Objective::FoolAndPass(pass, detector) => (pass, Some(detector)),
        };
        let places = course.open();
        let now = self.inputs.moved(x.shallow_clone()).select(&places);
        let seen = look(self.defence, &now, self.strength.eot, pass, purpose);
        let margins = margins(&seen.logits, &now.y);
        let mut uphill = seen.gradient;
        let mut accepted = vec![true; places.len()];
        if let Some(detector) = detector {
            let (energies, slope) = slope(self.defence, &now.x);
            accepted = energies.iter().map(|&e| detector.accepts(e)).collect();
            let refused = margins.iter().zip(&accepted).map(|(m, a)| fooled(*m) && !a);
            let refused: Vec<bool> = refused.collect();
            let chosen = Tensor::from_slice(&refused).to_device(x.device()).view([-1, 1, 1, 1]);
            uphill = (-slope).where_self(&chosen, &uphill);
        }
        course.take(&places, &now, &margins, &accepted, purpose);
        Seen { places, uphill }
    }

    /// `x` with those that were seen one step on.
    fn moved(&self, x: &Tensor, seen: &Seen) -> Tensor {
        let Strength { ball, step_size, .. } = self.strength;
        let index = Tensor::from_slice(&seen.places).to_device(x.device());
        let (now, origin) = (x.index_select(0, &index), self.inputs.x.index_select(0, &index));
        let moved = now + ball.direction(&seen.uphill) * *step_size;
        x.index_copy(0, &index, &ball.project(&origin, &moved))
    }
}

/// E(x) on the host, and ∇E(x).
fn slope(defence: &Defence<'_>, x: &Tensor) -> (Vec<f64>, Tensor) {
    let x = x.detach().set_requires_grad(true);
    let energies = defence.energy(&x);
    let total = energies.sum(energies.kind());
    let slope = Tensor::run_backward(&[total], &[&x], false, false).remove(0);
    (host(&energies), slope)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::eval::purify::{energies, margins as margins_of};
    use jem_core::spec::{AttackNorm, Purifier};
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

    const STRENGTH: Strength = Strength {
        ball: Ball { norm: AttackNorm::Linf, eps: 0.25, bounds: (-1.0, 1.0) },
        step_size: 0.05,
        steps: 15,
        eot: 4,
        replicates: 64,
    };

    fn run(defence: &Defence<'_>, inputs: &Inputs, objective: Objective) -> Attacked {
        from(&[Start::Random], defence, inputs, objective)
    }

    fn from(
        starts: &[Start<'_>],
        defence: &Defence<'_>,
        inputs: &Inputs,
        objective: Objective,
    ) -> Attacked {
        let how = ("t", starts);
        let made = attack(defence, inputs, objective, &STRENGTH, how, &mut || Ok(())).unwrap();
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

    #[test]
    fn a_walk_that_starts_where_the_gradient_is_lost_gets_on_from_given_points() {
        // Flat but within 0.04 of the edge, on the right side of which it is 1.
        let flat = |x: &Tensor| {
            let first = x.flatten(1, -1).select(1, 0);
            let near = (&first * 25.0).clamp(-1.0, 1.0);
            Tensor::stack(&[&near, &-&near], 1)
        };
        let defence = Defence { logits: &flat, ..defence(None) };
        let inputs = inputs(&[0.2], 0.0);
        let none = Objective::Fool(Pass::Straight);
        let strength = Strength { steps: 1, ..STRENGTH };
        let given = &inputs.x - 0.2;
        for (starts, broken) in [
            (vec![Start::At(&inputs.x)], false),
            (vec![Start::At(&inputs.x), Start::At(&given)], true),
        ] {
            let how = ("t", &starts[..]);
            let made = attack(&defence, &inputs, none, &strength, how, &mut || Ok(())).unwrap();
            assert_eq!(made.broken, [broken]);
        }
        // Points outside the ball are drawn into it.
        let far = &inputs.x - 2.0;
        let made = from(&[Start::At(&far)], &defence, &inputs, none);
        assert_eq!(made.broken, [true]);
    }
}
