//! What a comparison finds, as plain values.

use jem_core::id::RunId;
use jem_core::provenance::FileChange;
use serde::Serialize;
use serde_json::Value;

use super::code::code_changes;
use super::origin::environment;
use super::pairs::{Planned, Point, axes, points};
use super::settings::changes;
use super::{CodeChange, Difference, KnownFrom, Side};
use crate::significance::{Family, Method, Paired};
use crate::table::TrialResult;

/// Two sides of one experiment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The experiment's name.
    pub experiment: String,
    /// What it is to find out, as side B has it.
    pub title: String,
    /// Side A, the earlier one as a rule.
    pub a: SideFacts,
    /// Side B, from which A is subtracted.
    pub b: SideFacts,
    /// Paths that either side sweeps.
    pub axes: Vec<String>,
    /// The metrics that are compared.
    pub metrics: Vec<String>,
    /// How all metrics of all cells were tested together.
    pub tests: TestFacts,
    /// Every point of either grid of which there is a result.
    pub cells: Vec<Cell>,
    /// Settings that differ in every cell that both sides have.
    pub settings: Vec<Change>,
    /// Stages whose code differs; none where nothing numeric changed.
    pub code: Vec<CodeChange>,
    /// Source files that differ, numeric or not.
    pub files: Vec<FileChange>,
    /// Machine, libraries, commits of the runs; equal or not.
    pub environment: Vec<Change>,
}

/// How a family of differences was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestFacts {
    /// `paired_t`, `sign_flip`, or `none`.
    pub method: &'static str,
    /// How many differences were tested together.
    pub size: usize,
    /// The same in words, with the numbers of seeds.
    pub words: String,
}

impl TestFacts {
    /// Of `family`.
    pub(super) fn of(family: &Family) -> Self {
        let method = match family.method {
            Method::None => "none",
            Method::PairedT => "paired_t",
            Method::SignFlip => "sign_flip",
        };
        Self { method, size: family.size, words: family.method_in_words() }
    }
}

/// What a side is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideFacts {
    /// As it was named: `HEAD~1`, `work`.
    pub name: String,
    /// `HEAD~1 (1a2b3c4)`, `work tree (1a2b3c4-dirty)`.
    pub title: String,
    /// `1a2b3c4`, `1a2b3c4-dirty`.
    pub short: String,
    /// The commit, in full.
    pub commit: Option<String>,
    /// The first line of its message.
    pub subject: String,
    /// Whether it is a work tree that differs from its commit.
    pub dirty: bool,
    /// How it is known what it computes with.
    pub known: KnownFrom,
    /// Trials of its plan.
    pub planned: usize,
    /// Those that are done, diverged ones included.
    pub done: usize,
    /// Those that diverged.
    pub diverged: usize,
    /// Whether a run came from a checkout that differed from its commit.
    pub dirty_runs: bool,
    /// The models of processor that made its trials, with their number each.
    pub hardware: Vec<(String, usize)>,
    /// A sentence for each reason for which runs made with other parts count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
}

/// Which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The first.
    A,
    /// The second.
    B,
}

/// One point of the grid.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// The value at each of [`Comparison::axes`]; null where it has none.
    pub values: Vec<Value>,
    /// Seeds with a result on both sides.
    pub pairs: Vec<Pair>,
    /// Seeds with a result on one side alone.
    pub alone: Vec<Alone>,
    /// Settings that differ here and not in every cell.
    pub settings: Vec<Change>,
    /// Of each of [`Comparison::metrics`], in their order.
    pub metrics: Vec<Difference>,
}

impl Cell {
    /// Whether a pair has results of two runs that are not the same bytes.
    pub fn is_measured_twice(&self) -> bool {
        let twice = |pair: &Pair| matches!(pair.same, Same::Training | Same::Nothing);
        self.pairs.iter().any(twice)
    }

    /// Whether it has no trial that both sides plan.
    pub fn is_of_one_side(&self) -> bool {
        self.pairs.is_empty() && self.alone.iter().all(|one| !one.planned)
    }
}

/// The trials of both sides with the same swept values and seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// The seed.
    pub seed: u64,
    /// How far they are one.
    pub same: Same,
    /// The evaluation run of each side.
    pub runs: (RunId, RunId),
    /// Whether each diverged.
    pub diverged: (bool, bool),
    /// Whether one model of processor, a known one, made both.
    pub same_hardware: bool,
    /// Where a person accepted runs with other parts for a side: the reason,
    /// and what differs.
    #[serde(skip_serializing_if = "neither")]
    pub accepted: (Option<String>, Option<String>),
}

impl Pair {
    /// Whether the result of either side counts by a person's word.
    pub fn is_accepted(&self) -> bool {
        !neither(&self.accepted)
    }
}

fn neither(accepted: &(Option<String>, Option<String>)) -> bool {
    accepted.0.is_none() && accepted.1.is_none()
}

/// How far the two trials of a pair are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Same {
    /// One run serves both sides, since nothing numeric differs.
    Run,
    /// Two runs left the same result bytes.
    Results,
    /// Training left the same bytes, evaluation did not.
    Training,
    /// The results of training differ.
    Nothing,
    /// The results are the same bytes because a person accepted runs that
    /// other code made: what the code of a side makes is not known.
    Accepted,
}

/// A trial that one side alone has a result of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alone {
    /// The seed.
    pub seed: u64,
    /// The side.
    pub side: Which,
    /// Whether the other side would run it as well.
    pub planned: bool,
}

/// Something that differs, as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// What: a setting's path, or a property of the environment.
    pub what: String,
    /// On side A.
    pub a: String,
    /// On side B.
    pub b: String,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pairs.
    pub pairs: usize,
    /// Pairs that share their run.
    pub shared: usize,
    /// Pairs of two runs with the same bytes.
    pub identical: usize,
    /// Pairs that are the same by a person's word alone.
    pub accepted: usize,
    /// Pairs whose results differ.
    pub differ: usize,
    /// Pairs of two runs that more than one model of processor made.
    pub other_hardware: usize,
    /// Trials of one side alone.
    pub alone: usize,
    /// Differences that were tested.
    pub tested: usize,
    /// Those of which a direction is claimed.
    pub claimed: usize,
}

impl Comparison {
    /// How many pairs and tests there are.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for cell in &self.cells {
            let of = |same: Same| cell.pairs.iter().filter(|pair| pair.same == same).count();
            counts.pairs += cell.pairs.len();
            counts.shared += of(Same::Run);
            counts.identical += of(Same::Results);
            counts.accepted += of(Same::Accepted);
            counts.differ += of(Same::Training) + of(Same::Nothing);
            let apart = |pair: &&Pair| pair.same != Same::Run && !pair.same_hardware;
            counts.other_hardware += cell.pairs.iter().filter(apart).count();
            counts.alone += cell.alone.len();
            counts.tested += cell.metrics.iter().filter(|metric| metric.p.is_some()).count();
            let claimed = cell.metrics.iter().filter(|metric| metric.verdict.is_claimed());
            counts.claimed += claimed.count();
        }
        counts
    }

    /// Whether the results of some pair differ, as far as both sides made
    /// theirs; see [`Same::Accepted`].
    pub fn differs(&self) -> bool {
        self.counts().differ > 0
    }
}

/// Compares two sides of one experiment by `metrics`. `files` are the source
/// files that differ.
pub fn compare(a: &Side, b: &Side, metrics: Vec<String>, files: Vec<FileChange>) -> Comparison {
    let axes = axes(a, b);
    let points = points(a, b);
    let mut cells: Vec<Cell> = points.iter().filter_map(|p| cell(p, &axes, &metrics)).collect();
    let tests = test(&mut cells);
    let settings = common(&cells);
    for cell in &mut cells {
        cell.settings.retain(|change| !settings.contains(change));
    }
    Comparison {
        experiment: b.plan.experiment.name.clone(),
        title: b.plan.experiment.report.title.trim().to_owned(),
        a: facts(a),
        b: facts(b),
        code: code_changes(&a.known, &b.known),
        environment: environment(a, b, &points),
        axes,
        metrics,
        tests,
        cells,
        settings,
        files,
    }
}

/// Tests all metrics of all cells together, but for cells whose sides share
/// their results: nothing was measured twice there.
fn test(cells: &mut [Cell]) -> TestFacts {
    let mut measured: Vec<&mut Difference> = cells
        .iter_mut()
        .filter(|cell| cell.is_measured_twice())
        .flat_map(|cell| &mut cell.metrics)
        .collect();
    let family = Family::of(measured.iter().map(|one| one.paired()).collect::<Vec<Paired>>());
    for (difference, test) in measured.iter_mut().zip(&family.tests) {
        difference.decide(test);
    }
    TestFacts::of(&family)
}

fn facts(side: &Side) -> SideFacts {
    let revision = &side.revision;
    let trials = &side.results.trials;
    SideFacts {
        name: revision.name.clone(),
        title: revision.title(),
        short: revision.short(),
        commit: revision.commit.clone(),
        subject: revision.subject.clone(),
        dirty: revision.dirty,
        known: side.known.from,
        planned: side.plan.trials.len(),
        done: trials.len(),
        diverged: trials.iter().filter(|trial| trial.outcome.diverged()).count(),
        dirty_runs: side.results.dirty(),
        hardware: side.results.hardware(),
        accepted: side.results.accepted_notes(),
    }
}

/// The cell at `point`; none where there is no result of it.
fn cell(point: &Point<'_>, axes: &[String], metrics: &[String]) -> Option<Cell> {
    let (mut pairs, mut alone) = (Vec::new(), Vec::new());
    let mut both: Vec<(u64, &TrialResult, &TrialResult)> = Vec::new();
    let mut differing: Option<Vec<Change>> = None;
    for (seed, [a, b]) in &point.seeds {
        if let (Some(a), Some(b)) = (a, b) {
            differing.get_or_insert_with(|| changes(&a.settings, &b.settings, axes));
        }
        let result = |side: &Option<Planned<'_>>| side.as_ref().is_some_and(|s| s.result.is_some());
        let (side, planned) = match (a, b) {
            (Some(Planned { result: Some(a), .. }), Some(Planned { result: Some(b), .. })) => {
                let pair = pair(*seed, a, b);
                // A number against itself is no measured difference of 0.
                if pair.same != Same::Accepted {
                    both.push((*seed, a, b));
                }
                pairs.push(pair);
                continue;
            }
            _ if result(a) => (Which::A, b.is_some()),
            _ if result(b) => (Which::B, a.is_some()),
            _ => continue,
        };
        alone.push(Alone { seed: *seed, side, planned });
    }
    if pairs.is_empty() && alone.is_empty() {
        return None;
    }
    let difference = |metric: &String| {
        let values = both.iter().filter_map(|(seed, a, b)| {
            Some((*seed, *a.metrics.get(metric)?, *b.metrics.get(metric)?))
        });
        Difference::of(metric, values.collect())
    };
    Some(Cell {
        values: point.values.clone(),
        metrics: metrics.iter().map(difference).collect(),
        settings: differing.unwrap_or_default(),
        pairs,
        alone,
    })
}

fn pair(seed: u64, a: &TrialResult, b: &TrialResult) -> Pair {
    let accepted = (a.accepted.clone(), b.accepted.clone());
    let same = if a.digests == b.digests && !neither(&accepted) {
        Same::Accepted
    } else if a.runs == b.runs {
        Same::Run
    } else if a.digests == b.digests {
        Same::Results
    } else if a.digests.0 == b.digests.0 {
        Same::Training
    } else {
        Same::Nothing
    };
    let diverged = (a.outcome.diverged(), b.outcome.diverged());
    let same_hardware = a.hardware.is_same_single_model(&b.hardware);
    Pair { seed, same, runs: (a.runs.1, b.runs.1), diverged, same_hardware, accepted }
}

/// The settings that differ in every cell with a pair.
fn common(cells: &[Cell]) -> Vec<Change> {
    let mut paired = cells.iter().filter(|cell| !cell.pairs.is_empty());
    let Some(first) = paired.next() else { return Vec::new() };
    let mut found = first.settings.clone();
    paired.for_each(|cell| found.retain(|change| cell.settings.contains(change)));
    found
}
