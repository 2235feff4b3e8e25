//! Square (Andriushchenko et al. 2020) on a defence that has noise: random
//! search that sees averaged logits and nothing else. Each query is answered
//! by fresh chains; where these are fooled, by many more, so that an input is
//! left only once its break is confirmed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error;

use tch::Tensor;

use super::attack::Strength;
use super::course::{Attacked, Course, fooled};
use super::defence::{Defence, Inputs};
use super::gradient::margins;
use crate::eval::attack::{Query, Square, Victim, margin};

/// Queries between two calls of `tick`.
const TOLD_EVERY: u64 = 10;

/// Attacks `inputs` with so many `queries` each, after a look at the clean
/// input; `name` names the streams of the defence's noise.
///
/// # Errors
/// When `tick` fails.
pub fn attack_blind(
    defence: &Defence<'_>,
    inputs: &Inputs,
    queries: u64,
    strength: &Strength,
    name: &str,
    tick: &mut dyn FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<Attacked, Box<dyn Error>> {
    let mut course = Course::new(defence, inputs, strength.replicates);
    let all = course.unbroken();
    let purpose = format!("{name} clean");
    let clean = margins(&defence.predict(inputs, strength.eot, &purpose), &inputs.y);
    course.take(&all, inputs, &clean, &vec![true; all.len()], &purpose);
    let left = course.unbroken();
    if left.is_empty() {
        return Ok(course.end());
    }
    let chosen = inputs.select(&left);
    let rows: Vec<u64> = chosen.rows.iter().map(|&row| row as u64).collect();
    let places: BTreeMap<u64, i64> = rows.iter().copied().zip(0..).collect();
    let (tick, failed) = (RefCell::new(tick), RefCell::new(None));
    let logits = |x: &Tensor, query: &Query<'_>| {
        if query.number.is_multiple_of(TOLD_EVERY)
            && let Err(error) = (*tick.borrow_mut())()
        {
            // Logits that are no numbers end the search at once.
            failed.replace(Some(error));
            return Tensor::full([query.rows.len() as i64, 2], f64::NAN, (x.kind(), x.device()));
        }
        let places: Vec<i64> = query.rows.iter().map(|row| places[row]).collect();
        let now = chosen.select(&places).moved(x.shallow_clone());
        // Square asks without a graph; the purifier's own gradients need one.
        tch::with_grad(|| answer(defence, &now, strength, name, query))
    };
    let (x, labels, seed) = (&chosen.x, &chosen.y, defence.seed);
    let victim = Victim { logits: &logits, x, labels, rows: &rows, seed };
    let made = Square { ball: strength.ball, queries, score: &margin }.attack(&victim);
    if let Some(error) = failed.into_inner() {
        return Err(error);
    }
    let broken = made.fooled();
    for (i, &place) in left.iter().enumerate() {
        course.keep(place, &made.x.get(i as i64), broken[i]);
    }
    Ok(course.end())
}

/// The logits that the attacker is shown: of `eot` chains, or of `replicates`
/// where those get the input wrong.
fn answer(
    defence: &Defence<'_>,
    inputs: &Inputs,
    strength: &Strength,
    name: &str,
    query: &Query<'_>,
) -> Tensor {
    let number = query.number;
    let logits = defence.predict(inputs, strength.eot, &format!("{name} query {number}"));
    if defence.chains(strength.replicates) == 1 {
        return logits;
    }
    let seen = margins(&logits, &inputs.y);
    let doubtful: Vec<i64> = (0..seen.len() as i64).filter(|&i| fooled(seen[i as usize])).collect();
    if doubtful.is_empty() {
        return logits;
    }
    let purpose = format!("{name} check query {number}");
    let sure = defence.predict(&inputs.select(&doubtful), strength.replicates, &purpose);
    let index = Tensor::from_slice(&doubtful).to_device(logits.device());
    logits.index_copy(0, &index, &sure)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::eval::attack::Ball;
    use jem_core::spec::{AttackNorm, Purifier};
    use tch::{Device, Kind};

    fn strength(eps: f64, eot: u64, replicates: u64) -> Strength {
        let ball = Ball { norm: AttackNorm::Linf, eps, bounds: (-1.0, 1.0) };
        Strength { ball, step_size: 0.1, steps: 5, eot, replicates }
    }

    /// Class 0 where the first value is positive.
    fn logits(x: &Tensor) -> Tensor {
        let first = x.flatten(1, -1).select(1, 0);
        Tensor::stack(&[&first, &-&first], 1)
    }

    fn run(purifier: Option<Purifier>, values: &[f32]) -> (Attacked, Inputs) {
        let bounds = (-1.0, 1.0);
        let defence = Defence { logits: &logits, purifier, bounds, seed: 1, name: "none" };
        let n = values.len() as i64;
        let x = Tensor::from_slice(values).view([n, 1, 1, 1]).expand([n, 1, 4, 4], false);
        let y = Tensor::zeros([n], (Kind::Int64, Device::Cpu));
        let inputs = Inputs { x: x.copy(), y, rows: (0..n).collect() };
        let strength = strength(0.5, 2, 200);
        let made =
            attack_blind(&defence, &inputs, 60, &strength, "square", &mut || Ok(())).unwrap();
        let moved = (&made.x - &inputs.x).abs().max().double_value(&[]);
        assert!(moved <= 0.5 + 1e-6, "{moved}");
        (made, inputs)
    }

    #[test]
    fn an_input_that_one_square_breaks_is_broken_and_one_out_of_reach_is_not() {
        let (made, inputs) = run(None, &[0.2, 0.9, -0.3]);
        assert_eq!(made.broken, [true, false, true]);
        let clean = made.x.get(2).allclose(&inputs.x.get(2), 0.0, 0.0, false);
        assert!(clean, "what is wrong as it is stays as it is");
    }

    #[test]
    fn noise_alone_breaks_nothing() {
        // Two chains are wrong about 0.6 − 0.5 every third time, many never.
        let purifier =
            Purifier { steps: 1, step_size: 1e-3, noise_std: 0.4, chains: 1, clamp: false };
        let (made, _) = run(Some(purifier), &[0.1, 0.62]);
        assert_eq!(made.broken, [true, false]);
    }

    #[test]
    fn an_error_of_the_caller_ends_the_search() {
        let defence =
            Defence { logits: &logits, purifier: None, bounds: (-1.0, 1.0), seed: 1, name: "none" };
        let x = Tensor::ones([1, 1, 4, 4], (Kind::Float, Device::Cpu));
        let y = Tensor::zeros([1], (Kind::Int64, Device::Cpu));
        let inputs = Inputs { x, y, rows: vec![0] };
        let strength = strength(0.1, 1, 1);
        let mut calls = 0;
        let mut tick = || {
            calls += 1;
            if calls > 2 { Err("stopped".into()) } else { Ok(()) }
        };
        let found = attack_blind(&defence, &inputs, 1000, &strength, "square", &mut tick);
        assert_eq!(found.err().map(|error| error.to_string()).as_deref(), Some("stopped"));
        assert_eq!(calls, 3);
    }
}
