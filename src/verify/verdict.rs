//! Judging the artifacts of a run made again.

use std::collections::BTreeSet;
use std::fmt;

use jem_core::id::{RunId, TrialId};
use jem_core::results::{EVALUATE, OUTCOME, SPEC};
use jem_core::store::{Manifest, RunKind, Store};
use serde::Serialize;

use super::{AT_DIVERGENCE, Expectation, Found, Tolerance, compare, tolerance_of};

/// How an artifact came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// The same bytes.
    Identical,
    /// Numbers of another model of processor, within the tolerance between
    /// models.
    Within,
    /// Results of another model of processor, further apart than that: it
    /// neither confirms the run nor refutes it; only the same model can.
    Beyond,
    /// Other bytes where the same were expected, or something else was asked.
    Different,
}

/// One artifact, compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArtifactVerdict {
    /// Its name.
    pub name: String,
    /// How it came out.
    pub judgement: Judgement,
    /// What was found.
    pub found: Found,
    /// The tolerance that applies; none where identity is expected.
    pub tolerance: Option<Tolerance>,
}

/// One run, compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunVerdict {
    /// The run.
    pub run: RunId,
    /// What it did.
    pub kind: RunKind,
    /// What was expected.
    pub expected: Expectation,
    /// Why that was expected.
    pub because: String,
    /// Its results, by name.
    pub artifacts: Vec<ArtifactVerdict>,
}

impl RunVerdict {
    /// Whether every result has the same bytes.
    pub fn is_identical(&self) -> bool {
        self.artifacts.iter().all(|artifact| artifact.judgement == Judgement::Identical)
    }
}

/// One trial, compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrialVerdict {
    /// The trial.
    pub trial: TrialId,
    /// As people know it: `lambda=0.1 seed=2`.
    pub label: String,
    /// Training and evaluation; none where it failed.
    pub runs: Vec<RunVerdict>,
    /// Why it could not be made again.
    pub failed: Option<String>,
}

/// How many artifacts came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Trials made again.
    pub trials: usize,
    /// Trials that could not be.
    pub failed: usize,
    /// Artifacts with the same bytes.
    pub identical: usize,
    /// Artifacts within the tolerance between models of processor.
    pub within: usize,
    /// Artifacts of another model of processor that are beyond it.
    pub beyond: usize,
    /// Others.
    pub different: usize,
}

/// Compares every result of `old`, in the store `before`, with that of `new`,
/// in the store `after`, of which something is `expected` for a reason.
pub fn judge(
    (before, old): (&Store, &Manifest),
    (after, new): (&Store, &Manifest),
    (expected, because): (Expectation, String),
) -> RunVerdict {
    let names: BTreeSet<&String> = old.results.keys().chain(new.results.keys()).collect();
    let one = |name: &String| {
        let tolerance = tolerance_of(name);
        let found = match (old.results.get(name), new.results.get(name)) {
            (Some(_), None) => kind("it was not made again"),
            (None, _) => kind("it was not there before"),
            (Some(_), Some(_)) => match (before.result(old, name), after.result(new, name)) {
                (Ok(old), Ok(new)) => compare(name, &old, &new, &tolerance),
                (Err(error), _) | (_, Err(error)) => kind(&error.to_string()),
            },
        };
        ArtifactVerdict {
            name: name.clone(),
            judgement: judgement(name, &found, expected),
            found,
            tolerance: (expected == Expectation::Close).then_some(match name.as_str() {
                // Of its numbers the values at a divergence alone have one.
                OUTCOME => AT_DIVERGENCE,
                _ => tolerance,
            }),
        }
    };
    let artifacts = names.into_iter().map(one).collect();
    RunVerdict { run: old.run, kind: old.kind, expected, because, artifacts }
}

fn kind(what: &str) -> Found {
    Found::Kind { what: what.to_owned() }
}

fn judgement(name: &str, found: &Found, expected: Expectation) -> Judgement {
    // What was asked depends on no processor.
    let asked = matches!(name, SPEC | EVALUATE);
    match (found, expected) {
        (Found::Identical, _) => Judgement::Identical,
        (Found::Numbers(distance), Expectation::Close) if distance.beyond == 0 => Judgement::Within,
        (_, Expectation::Close) if !asked => Judgement::Beyond,
        _ => Judgement::Different,
    }
}

impl Summary {
    /// Counts over `trials`.
    pub fn of(trials: &[TrialVerdict]) -> Self {
        let mut summary = Self { trials: trials.len(), ..Self::default() };
        for trial in trials {
            summary.failed += usize::from(trial.failed.is_some());
            for artifact in trial.runs.iter().flat_map(|run| &run.artifacts) {
                match artifact.judgement {
                    Judgement::Identical => summary.identical += 1,
                    Judgement::Within => summary.within += 1,
                    Judgement::Beyond => summary.beyond += 1,
                    Judgement::Different => summary.different += 1,
                }
            }
        }
        summary
    }

    /// Whether everything came out as expected.
    pub fn holds(&self) -> bool {
        self.failed == 0 && self.different == 0 && self.beyond == 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trials, failed, identical, within, beyond, different } = self;
        let all = identical + within + beyond + different;
        write!(
            f,
            "{trials} trials, {all} artifacts: {identical} identical, {within} within tolerance, \
             {different} different"
        )?;
        if *beyond > 0 {
            write!(f, ", {beyond} of another model of processor and beyond tolerance")?;
        }
        if *failed > 0 {
            write!(f, "; {failed} trials could not be made again")?;
        }
        Ok(())
    }
}

impl fmt::Display for ArtifactVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.judgement {
            Judgement::Identical => return write!(f, "{:<24} identical", self.name),
            Judgement::Within => "within tolerance",
            Judgement::Beyond => "another model of processor, beyond tolerance",
            Judgement::Different => "DIFFERENT",
        };
        write!(f, "{:<24} {word}: ", self.name)?;
        match &self.found {
            Found::Identical => Ok(()),
            Found::Kind { what } => f.write_str(what),
            Found::Numbers(found) => {
                let (old, new) = found.values;
                write!(
                    f,
                    "{} of {} numbers differ, by at most {:.3e} ({:.3e} relative), most at {}: \
                     {old} → {new}",
                    found.differing, found.of, found.absolute, found.relative, found.at
                )?;
                match (&self.tolerance, found.beyond) {
                    (None, _) => Ok(()),
                    (Some(Tolerance { absolute, relative, .. }), beyond) => {
                        write!(f, "; {beyond} beyond {absolute} + {relative} relative")
                    }
                }
            }
        }
    }
}
