//! What a run made again may be expected to give.

use jem_core::provenance::is_known_model;
use jem_core::results::{
    ATTACKS, BUFFER, CALIBRATION, CHAIN_STATES, CHAINS, CORRUPTIONS, ENERGIES, EPOCHS, EVALUATE,
    GENERATION, GENERATION_IMAGES, IMAGES_USED, LIKELIHOOD, METRICS, OUTCOME, PREDICTIONS,
    PURIFICATION, RELIABILITY, SAMPLES, SCORES, SELECTIVE, SETS, SPEC, WEIGHTS,
};
use serde::Serialize;

/// What is expected of the artifacts of a run made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// The same bytes.
    Identical,
    /// Numbers within the tolerance of their artifact.
    Close,
}

/// How far numbers may be apart: |a − b| ≤ absolute + relative · max(|a|, |b|).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tolerance {
    /// In the unit of the number.
    pub absolute: f64,
    /// As a share of the larger number.
    pub relative: f64,
    /// Why so much.
    pub why: &'static str,
}

impl Tolerance {
    /// Whether a difference of `absolute` between numbers of which the larger
    /// has the size `largest` is within it.
    pub fn holds(&self, absolute: f64, largest: f64) -> bool {
        // Against an infinite number every difference would be small.
        absolute.is_finite() && absolute <= self.absolute + self.relative * largest
    }
}

const EXACT: Tolerance =
    Tolerance { absolute: 0.0, relative: 0.0, why: "it holds what was asked, no measurement" };

/// The tolerances where other kernels computed the numbers, by artifact.
///
/// They are set from the nine trials of `experiments/demo.toml` (400 steps),
/// made again with the kernels of a processor without AVX
/// (`ATEN_CPU_CAPABILITY=default`, `MKL_CBWR=COMPATIBLE`), n = 9: weights were
/// at most 3.2e-4 apart, curves 6.2e-3, chains 0.24, outputs 1.1e-2, metrics
/// 1.8e-2, counts 4. Differences grow with λ and with the number of steps, so a
/// long training can leave them; what is beyond is told with how far.
pub const TOLERANCES: &[(&str, Tolerance)] = &[
    (SPEC, EXACT),
    (EVALUATE, EXACT),
    (OUTCOME, EXACT),
    (WEIGHTS, PARAMETERS),
    (EPOCHS, CURVES),
    (BUFFER, STATES),
    (SAMPLES, STATES),
    (CHAIN_STATES, STATES),
    (GENERATION_IMAGES, STATES),
    (PREDICTIONS, OUTPUTS),
    (METRICS, MEASURED),
    (RELIABILITY, COUNTS),
    (ENERGIES, COUNTS),
    (PURIFICATION, COUNTS),
    (ATTACKS, COUNTS),
    (SCORES, MEASURED),
    (CORRUPTIONS, MEASURED),
    (SELECTIVE, MEASURED),
    (CALIBRATION, COUNTS),
    (CHAINS, COUNTS),
    (GENERATION, COUNTS),
    (LIKELIHOOD, COUNTS),
    (IMAGES_USED, EXACT),
    (SETS, EXACT),
];

/// What holds for the values at which a training diverged, which are written
/// as texts wherever an outcome stands. Its step and its reason must be the
/// same.
pub const AT_DIVERGENCE: Tolerance = Tolerance {
    absolute: 0.05,
    relative: 0.05,
    why: "the values of one step drift apart as the curves do",
};

const PARAMETERS: Tolerance = Tolerance {
    absolute: 0.01,
    relative: 0.01,
    why: "sums in another order differ in the last bits, and training carries that on",
};
const CURVES: Tolerance =
    Tolerance { absolute: 0.05, relative: 0.05, why: "means over steps that drift apart" };
const STATES: Tolerance = Tolerance {
    absolute: 2.0,
    relative: 0.0,
    why: "Langevin chains part; a pixel may be anywhere in the scaled range",
};
const OUTPUTS: Tolerance = Tolerance {
    absolute: 0.5,
    relative: 0.05,
    why: "outputs follow the parameters, most where the network is least sure",
};
const MEASURED: Tolerance = Tolerance {
    absolute: 0.05,
    relative: 0.02,
    why: "a few examples near a decision fall to the other side",
};
const COUNTS: Tolerance = Tolerance {
    absolute: 10.0,
    relative: 0.1,
    why: "a few examples near an edge fall into the next bin",
};

/// The tolerance of the artifact `name`; none is allowed where none is stated.
pub fn tolerance_of(name: &str) -> Tolerance {
    let stated = TOLERANCES.iter().find(|(known, _)| *known == name);
    stated.map_or(EXACT, |(_, tolerance)| *tolerance)
}

/// What is to be expected of a run with this environment key that the models
/// of processor `then` made and `now` repeated, and why.
pub fn expected(environment: &str, then: &[String], now: &[String]) -> (Expectation, String) {
    let models = format!("made on {}, repeated on {}", then.join(", then "), now.join(", then "));
    if environment.split(' ').any(|word| word == "device=cuda") {
        let why = format!("{models}: on CUDA the library chooses kernels when it runs");
        return (Expectation::Close, why);
    }
    match (then, now) {
        ([then], [now]) if then == now && is_known_model(now) => {
            (Expectation::Identical, format!("made and repeated on the same model ({now})"))
        }
        _ => (Expectation::Close, format!("{models}: not the same instructions")),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::path::Path;

    use jem_core::provenance::UNKNOWN_PROCESSOR;

    use super::*;

    #[test]
    fn identity_is_expected_of_the_same_known_model_alone() {
        let cpu = "device=cpu threads=1 isa=avx2 precision=f32";
        let of = |environment: &str, then: &[&str], now: &[&str]| {
            let owned =
                |models: &[&str]| models.iter().map(|m| (*m).to_owned()).collect::<Vec<_>>();
            expected(environment, &owned(then), &owned(now))
        };
        assert_eq!(of(cpu, &["A"], &["A"]).0, Expectation::Identical);
        let unknown = [UNKNOWN_PROCESSOR];
        for (then, now) in [(&["A"][..], &["B"][..]), (&["A", "B"], &["B"]), (&unknown, &unknown)] {
            assert_eq!(of(cpu, then, now).0, Expectation::Close, "{then:?} {now:?}");
        }
        let why = of(cpu, &["A", "B"], &["B"]).1;
        assert_eq!(why, "made on A, then B, repeated on B: not the same instructions");
        let cuda = of(&cpu.replace("cpu", "cuda"), &["H100"], &["H100"]);
        assert_eq!(cuda.0, Expectation::Close);
        assert!(cuda.1.contains("made on H100, repeated on H100: on CUDA"), "{}", cuda.1);
    }

    /// The names of the files that runs leave, as `crates/core` declares them.
    fn result_files() -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/core/src");
        let own = std::fs::read_dir(folder.join("results")).unwrap();
        let files = own.map(|entry| entry.unwrap().path()).chain([folder.join("results.rs")]);
        let text: String = files.map(|file| std::fs::read_to_string(file).unwrap()).collect();
        let constants = text.lines().filter(|line| line.starts_with("pub const "));
        let value = |line: &str| line.split('"').nth(1).map(str::to_owned);
        let names = constants.filter_map(value);
        names.filter(|name| name.ends_with(".json") || name.ends_with(".safetensors")).collect()
    }

    #[test]
    fn every_file_that_a_run_leaves_has_a_stated_tolerance() {
        let files = result_files();
        assert!(files.len() >= 20, "{files:?}");
        for name in files {
            let stated = TOLERANCES.iter().any(|(known, _)| *known == name);
            assert!(stated, "{name}: no tolerance between models of processor is stated");
        }
    }

    #[test]
    fn what_was_asked_has_no_tolerance_and_neither_has_an_unknown_file() {
        for name in [SPEC, OUTCOME, "surprise.json"] {
            assert!(!tolerance_of(name).holds(1e-9, 1.0), "{name}");
        }
        assert!(tolerance_of(METRICS).holds(0.02, 0.5));
    }

    #[test]
    fn infinity_is_within_no_tolerance() {
        for (name, tolerance) in TOLERANCES {
            assert!(!tolerance.holds(f64::INFINITY, f64::INFINITY), "{name}");
        }
    }
}
