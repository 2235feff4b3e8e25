//! The results of an experiment as plain values: what tables, charts and
//! reports are made of. Whoever has these needs no store.

use std::collections::BTreeMap;

use jem_core::arrays::Arrays;
use jem_core::digest::Digest;
use jem_core::id::{CellId, RunId, TrialId};
use jem_core::plan::Experiment;
use jem_core::provenance::{Hardware, Provenance};
use jem_core::results::{
    AttackResults, Calibration, CorruptionPoint, Energies, Epoch, Generation, LikelihoodResults,
    LongRun, OodScores, Outcome, Purified, ReliabilityBin, RiskCurve, SetAbout,
};
use serde_json::Value;

use super::Interval;

/// All that the store holds of an experiment.
#[derive(Clone, Debug)]
pub struct Results {
    /// The experiment.
    pub experiment: Experiment,
    /// What sets cells apart: `system`, where rows of a `zip` have names, then
    /// swept paths, in the order written.
    pub axes: Vec<String>,
    /// Trials that are done, diverged ones included, in the plan's order.
    pub trials: Vec<TrialResult>,
    /// Trials of the plan without a result, in its order.
    pub missing: Vec<MissingTrial>,
    /// Name and digest of every data file that a trial of the plan reads, sorted.
    pub data: Vec<(String, Digest)>,
}

/// A trial without a result.
#[derive(Clone, Debug, PartialEq)]
pub struct MissingTrial {
    /// Its value at each of [`Results::axes`]; null where it has none.
    pub values: Vec<Value>,
    /// Its seed.
    pub seed: u64,
}

/// One trial that is done.
#[derive(Clone, Debug)]
pub struct TrialResult {
    /// The trial.
    pub trial: TrialId,
    /// Its cell.
    pub cell: CellId,
    /// Its seed.
    pub seed: u64,
    /// Its value at each of [`Results::axes`]; null where it has none.
    pub values: Vec<Value>,
    /// The swept paths that its name stands for, and its values there.
    pub named: Vec<(String, Value)>,
    /// How training ended.
    pub outcome: Outcome,
    /// Values by metric path; none where it diverged.
    pub metrics: BTreeMap<String, f64>,
    /// Why a metric has no value, by path.
    pub undefined: BTreeMap<String, String>,
    /// Training curves.
    pub epochs: Vec<Epoch>,
    /// The reliability diagram of the test set.
    pub reliability: Vec<ReliabilityBin>,
    /// Histograms of E(x).
    pub energies: Energies,
    /// What parts of its evaluation left beside metrics.
    pub parts: PartFiles,
    /// Buffer samples, `[n, c, h, w]` and the elements, in the scaled pixel range.
    pub samples: Option<(Vec<usize>, Vec<f32>)>,
    /// Samples that were shown and scored, and their images by name.
    pub generation: Option<(Generation, Arrays)>,
    /// The ends of the scaled pixel range.
    pub bounds: (f64, f64),
    /// Where a person accepted runs with other parts: the reason, and what
    /// differs.
    pub accepted: Option<String>,
    /// The training run and the evaluation run.
    pub runs: (RunId, RunId),
    /// One digest over the results of training, one over those of evaluation.
    pub digests: (Digest, Digest),
    /// Where the numbers of training came from.
    pub provenance: Provenance,
    /// Where those of the evaluation came from, which may be a later commit.
    pub evaluated: Provenance,
    /// The models of processor that made it.
    pub hardware: Hardware,
    /// The expectations that are about its cell, by their place in
    /// [`Experiment::expect`].
    pub concerned_by: Vec<usize>,
    /// Seconds of training, and peak resident bytes, from the events.
    pub cost: Option<(f64, u64)>,
}

/// Files of the parts of an evaluation; nothing where a part was not asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartFiles {
    /// Of `[evaluate.corruptions]`.
    pub corruptions: Vec<CorruptionPoint>,
    /// Of `[evaluate.chains]`, but where chains ran away.
    pub chains: Vec<LongRun>,
    /// Of `[evaluate.chains]`: states along the way.
    pub chain_states: Option<ChainStates>,
    /// Of `[evaluate.calibration]`.
    pub calibration: Option<Calibration>,
    /// Of `[evaluate.selective]`.
    pub curves: Vec<RiskCurve>,
    /// Of `[evaluate.attacks]`.
    pub attacks: Option<AttackResults>,
    /// Of `[evaluate.purification]`.
    pub purification: Option<Purified>,
    /// Of `[evaluate.scores]`.
    pub scores: Option<OodScores>,
    /// Of `[evaluate.likelihood]`.
    pub likelihood: Option<LikelihoodResults>,
    /// Of every evaluation: what is to be said of its sets.
    pub sets: Vec<SetAbout>,
}

/// States of the first [`Self::CHAINS`] chains from each start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChainStates {
    /// Chain steps done at each state.
    pub steps: Vec<u64>,
    /// `<start>/states` `[chains, states, c, h, w]`, in the scaled pixel range.
    pub states: Arrays,
}

impl ChainStates {
    /// Chains from each start that are held in memory: a report draws no more.
    pub const CHAINS: usize = 2;

    /// The first chains of all in `file`, whose states are those after `steps`.
    pub fn first(steps: Vec<u64>, file: &Arrays) -> Self {
        let mut states = Arrays::default();
        for (name, _) in file.iter().filter(|(name, _)| name.ends_with("/states")) {
            let Some((&[n, ref own @ ..], all)) = file.f32(name) else { continue };
            let kept = n.min(Self::CHAINS);
            let shape: Vec<usize> = [kept].iter().chain(own).copied().collect();
            states.insert_f32(name, &shape, all[..shape.iter().product()].to_vec());
        }
        Self { steps, states }
    }
}

/// The trials of one cell, seed by seed, as statistics.
#[derive(Clone, Debug)]
pub struct CellResult {
    /// The cell.
    pub cell: CellId,
    /// Its value at each of [`Results::axes`].
    pub values: Vec<Value>,
    /// The seeds that are done, diverged ones included.
    pub seeds: Vec<u64>,
    /// How many diverged.
    pub diverged: usize,
    /// How often its trials went back to an earlier point, all together.
    pub restarts: usize,
    /// Statistics over the seeds that did not diverge, by metric path.
    pub metrics: BTreeMap<String, Statistics>,
}

/// A metric over the seeds of a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Seed and value, in the order of the seeds.
    pub values: Vec<(u64, f64)>,
    /// Their mean.
    pub mean: f64,
    /// Sample standard deviation; none for a single seed.
    pub sd: Option<f64>,
    /// Half the width of the 95 % t interval of the mean of what has no bounds,
    /// such as a difference; none for a single seed, and for a metric whose
    /// range has bounds, which a symmetric interval would leave.
    pub half_width: Option<f64>,
    /// The 95 % interval of the mean, inside the metric's range; none where the
    /// values say nothing of it.
    pub interval: Option<Interval>,
}
