//! Kills, stops, corruption and company at random instants of a sweep, and what
//! can happen around it: garbage collection, a renamed store, terminals that
//! are closed, full or stuck, FIFOs in the place of files. Nothing half-written
//! is believed, no result is lost, no run hangs or ends with 0 without its
//! results, and what comes out in the end is what an undisturbed run gives,
//! byte for byte.
//!
//! The test run does a few instants with fixed seeds. `just soak` does
//! hundreds, and tells how many of them were kills: `JEM_SOAK_INSTANTS`, `JEM_SOAK_SEED` (printed, so that a failure
//! can be played again) and `JEM_SOAK_RESUMES` say how many; `JEM_SOAK_FAULT`, a
//! part of the name of a fault, leaves only that one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;
#[path = "soak/around.rs"]
mod around;
#[path = "soak/faults.rs"]
mod faults;
#[path = "soak/sweep.rs"]
mod sweep;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use faults::{Dice, Fault};
use sweep::Sweep;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// A sweep with chains, restarts after divergence and frequent checkpoints.
const CHAOS: &str = "[[sweep]]\nseeds = 2\ngrid.objective.lambda = [0, 0.5]\n\
    [[sweep]]\nseeds = 2\ngrid.objective.lambda = [1]\ngrid.optimizer.adam.lr = [0.2]\n";

#[test]
fn a_sweep_survives_faults_at_random_instants() {
    let (instants, seed) = (number("JEM_SOAK_INSTANTS", 8), number("JEM_SOAK_SEED", 1));
    // First, so that a failure can be played again.
    println!("soak: {instants} instants, seed {seed}");
    let begun = Instant::now();
    let mut dice = Dice::new(seed);
    let sweep = Sweep::new(CHAOS, 1);
    let expected = sweep.undisturbed();
    let restarts = sweep.restarts("calm");
    assert!(restarts > 0, "the sweep is to have restarts after divergence");
    let mut tried: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut done, mut kills, mut rounds, mut checked) = (0, 0, 0, 0);
    let mut wrong = Wrong::default();
    let only = std::env::var("JEM_SOAK_FAULT").unwrap_or_default();
    while done < instants {
        rounds += 1;
        let results = format!("chaos-{rounds}");
        let mut believed = BTreeSet::new();
        // A sweep that runs to its end before the next fault is a round.
        while done < instants && !sweep.is_done(&results, &expected) {
            let fault = Fault::pick(&mut dice, &only);
            let struck = fault.strike(&sweep, &results, &mut dice);
            *tried.entry(fault.name()).or_default() += 1;
            done += 1;
            kills += u64::from(struck.running && fault.kills());
            let before = wrong;
            wrong.hangs += u64::from(struck.hung);
            wrong.zero += u64::from(struck.zero_without_results);
            let (found, differing) = sweep.check_all_that_is_believed(&results, &expected);
            wrong.differing += differing;
            wrong.lost += believed.difference(&found).count() as u64;
            checked += found.len();
            believed = found;
            if wrong != before {
                println!("soak: seed {seed}, instant {done} ({}): {wrong:?}", fault.name());
            }
        }
        sweep.finish(&results);
        let found = sweep.sandbox.digests(&results);
        wrong.lost += expected.keys().filter(|key| !found.contains_key(*key)).count() as u64;
        // Every byte of every artifact, results and records.
        let (whole, differing) = sweep.check_all_that_is_believed(&results, &expected);
        wrong.differing += differing;
        assert_eq!(whole.len(), expected.len(), "seed {seed}, round {rounds}");
        sweep.fsck(&results);
        sweep.forget(&results);
    }
    println!(
        "soak: seed {seed}: {done} instants, {kills} of them kills (signal 9) of what ran, in \
         {rounds} sweeps of {} runs",
        expected.len()
    );
    for (name, n) in &tried {
        println!("  {n:>4} × {name}");
    }
    println!(
        "  {checked} finished runs hashed whole after a fault, all of them and jem store fsck at \
         the end of each sweep; {restarts} restarts a sweep"
    );
    let Wrong { lost, differing, hangs, zero } = wrong;
    println!(
        "  results lost: {lost}; digests differing: {differing}; hangs: {hangs}; exit code 0 \
         without the results: {zero}; {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(wrong, Wrong::default(), "seed {seed}");
}

/// What must not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wrong {
    /// Results that were in the store and are not any more.
    lost: u64,
    /// Results that are not those of the undisturbed sweep.
    differing: u64,
    /// Runs that did not end.
    hangs: u64,
    /// Runs that ended with 0 while results were missing.
    zero: u64,
}

#[test]
fn a_trial_killed_at_random_steps_gives_the_bytes_of_one_never_stopped() {
    let (kills, seed) = (number("JEM_SOAK_RESUMES", 3), number("JEM_SOAK_SEED", 1));
    println!("resume: {kills} kills each, seed {seed}");
    for threads in [1, 2] {
        let mut dice = Dice::new(seed + 1000 * threads);
        let sweep = Sweep::new("[[sweep]]\ngrid.objective.lambda = [0.5]\n", threads);
        let expected = sweep.undisturbed();
        let (mut resumed, mut points) = (0, Vec::new());
        for kill in 0..kills {
            let results = format!("resumed-{threads}-{kill}");
            points.push(sweep.kill_when_so_far(&results, dice.below(90) + 5));
            sweep.finish(&results);
            resumed += sweep.resumptions(&results);
            let found = sweep.sandbox.digests(&results);
            assert_eq!(found, expected, "seed {seed}, {threads} threads, kill {kill}");
            sweep.forget(&results);
        }
        println!(
            "resume: seed {seed}, {threads} threads: killed at steps {points:?}; {resumed} of \
             {kills} went on from a checkpoint; digests differing: 0"
        );
        assert!(resumed > 0, "no kill left a checkpoint to go on from");
    }
}
