//! Seeds, mutations of them and arbitrary bytes, the same in every run.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::allocation::peak_of;
use super::mutation::{Mutation, mutated};

/// What a reader may hold at most beside a multiple of its input.
const FLOOR: usize = 8 << 20;
/// No input may take longer; real ones take milliseconds.
const HANG: Duration = Duration::from_secs(20);

/// The seeds of the fuzz target of this name.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = |folder: &Path| folder.join("fuzz/seeds").join(target);
    let folder = package.ancestors().map(beside).find(|folder| folder.is_dir()).unwrap();
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no seeds for {target}");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Gives `reader` every seed, `cases` mutations of them and as many arbitrary
/// inputs. It may hold `FLOOR` and `ratio` bytes for each byte of its input.
pub fn bombard(target: &str, reader: fn(&[u8]), cases: u32, ratio: usize) {
    let seeds = seeds(target);
    let try_one = |bytes: &[u8]| {
        let begun = Instant::now();
        let peak = peak_of(|| reader(bytes));
        assert!(begun.elapsed() < HANG, "{:?} for {} bytes", begun.elapsed(), bytes.len());
        let most = FLOOR + ratio * bytes.len();
        assert!(peak <= most, "{peak} bytes held at once for {} bytes", bytes.len());
    };
    seeds.iter().for_each(|seed| try_one(seed));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let changes = proptest::collection::vec(any::<Mutation>(), 1..5);
    let arbitrary = proptest::collection::vec(any::<u8>(), 0..300);
    let strategy = (any::<prop::sample::Index>(), changes, arbitrary);
    let outcome = runner.run(&strategy, |(seed, changes, arbitrary)| {
        try_one(&mutated(&seeds[seed.index(seeds.len())], &changes, &seeds));
        try_one(&arbitrary);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{target}: {failure}");
    }
}
