//! What a run made again may be expected to give.

use jem_core::provenance::Host;
use jem_core::results::{
    ATTACKS, BUFFER, ENERGIES, EPOCHS, EVALUATE, METRICS, OUTCOME, PREDICTIONS, PURIFICATION,
    RELIABILITY, SAMPLES, SCORES, SPEC, WEIGHTS,
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
    (BUFFER, CHAINS),
    (SAMPLES, CHAINS),
    (PREDICTIONS, OUTPUTS),
    (METRICS, MEASURED),
    (RELIABILITY, COUNTS),
    (ENERGIES, COUNTS),
    (PURIFICATION, COUNTS),
    (ATTACKS, COUNTS),
    (SCORES, MEASURED),
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
const CHAINS: Tolerance = Tolerance {
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

/// What is to be expected of a run with this environment key, made on `then`
/// and made again on `now`, and why.
pub fn expected(environment: &str, then: &Host, now: &Host) -> (Expectation, String) {
    if environment.split(' ').any(|word| word == "device=cuda") {
        let models = |host: &Host| {
            if host.gpus.is_empty() { "no GPU".to_owned() } else { host.gpus.join(" + ") }
        };
        let (then, now) = (models(then), models(now));
        let why = if then == now {
            format!("on CUDA ({now}), whose library chooses kernels as it finds the device")
        } else {
            format!("on CUDA, made on {then}, made again on {now}")
        };
        return (Expectation::Close, why);
    }
    if then.cpu.is_empty() || then.cpu != now.cpu {
        let name = |cpu: &str| if cpu.is_empty() { "an unknown processor" } else { cpu }.to_owned();
        let (then, now) = (name(&then.cpu), name(&now.cpu));
        return (Expectation::Close, format!("made on {then}, made again on {now}"));
    }
    (
        Expectation::Identical,
        format!("on the CPU, and the processor model is the same ({})", now.cpu),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use jem_core::provenance::host;

    fn on(cpu: &str, gpus: &[&str]) -> Host {
        let gpus = gpus.iter().map(|gpu| (*gpu).to_owned()).collect();
        Host { cpu: cpu.to_owned(), gpus, ..host() }
    }

    #[test]
    fn identity_is_expected_of_the_same_processor_model_alone() {
        let cpu = "device=cpu threads=1 isa=avx2 precision=f32";
        let of = |environment, then: &Host, now: &Host| expected(environment, then, now).0;
        let (a, b) = (on("A", &[]), on("B", &[]));
        assert_eq!(of(cpu, &a, &a), Expectation::Identical);
        assert_eq!(of(cpu, &a, &b), Expectation::Close);
        assert_eq!(of(cpu, &on("", &[]), &on("", &[])), Expectation::Close);
        let cuda = cpu.replace("cpu", "cuda");
        let (then, now) = (on("A", &["H100"]), on("A", &["L4"]));
        assert_eq!(of(&cuda, &then, &then), Expectation::Close);
        assert!(expected(&cuda, &then, &now).1.contains("H100, made again on L4"));
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
