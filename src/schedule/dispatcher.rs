//! The dispatcher: one thread that owns the state, the workers and the order
//! of events.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use jem_core::event::{Event, FailureClass, Job};
use jem_core::provenance::Fingerprints;
use jem_core::store::{Leases, Store};

use super::claims::{check_result, groups, is_done};
use super::live::{Live, Records};
use super::{End, Input, OnFailure, Slot, State, Timing, TrialIndex};

/// A gap between two turns of the loop that says that this process itself
/// stood still.
const STOOD_STILL: Duration = Duration::from_secs(1);

/// News that wait to be heard; whoever has more waits, and so does the worker
/// that wrote it.
const NEWS: usize = 1000;

/// An attempt that ended without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setback {
    /// The class.
    pub class: FailureClass,
    /// What happened.
    pub message: String,
    /// Where its worker's words are, where an attempt had begun.
    pub log: Option<PathBuf>,
}

/// Who hears what happens, in the order in which it happened.
pub trait Observer {
    /// A worker said `event` while running `trial` (none while it has none).
    fn event(&mut self, slot: &Slot, trial: Option<TrialIndex>, event: &Event);
    /// An attempt failed; the next comes after `wait`.
    fn retry(&mut self, trial: TrialIndex, setback: &Setback, wait: Duration);
    /// A trial failed for good.
    fn failed(&mut self, trial: TrialIndex, setback: &Setback);
    /// A trial was done by another process.
    fn done_elsewhere(&mut self, trial: TrialIndex);
    /// How many trials other processes hold, by place; said when it changes.
    fn waiting(&mut self, places: &BTreeMap<String, usize>);
    /// Time passed.
    fn tick(&mut self);
}

/// The wishes of the user and the machine, set by signals.
#[derive(Clone, Debug, Default)]
pub struct StopFlags {
    /// The user wants to stop.
    pub interrupt: Arc<AtomicBool>,
    /// The machine is wanted back.
    pub preempt: Arc<AtomicBool>,
}

impl StopFlags {
    /// The end that is wished for; the user's wish comes before the machine's.
    pub fn wish(&self) -> Option<End> {
        if self.interrupt.load(Ordering::Relaxed) {
            Some(End::Interrupted)
        } else if self.preempt.load(Ordering::Relaxed) {
            Some(End::Preempted)
        } else {
            None
        }
    }
}

/// What a run of the dispatcher is given.
pub struct Dispatch<'a> {
    /// The worker binary.
    pub binary: &'a Path,
    /// The fingerprints that the runs' ids were made of.
    pub fingerprints: Fingerprints,
    /// The places for workers.
    pub slots: Vec<Slot>,
    /// The trials to run.
    pub jobs: &'a [Job],
    /// Where results go, as in each job.
    pub store: &'a Store,
    /// This process's leases there.
    pub leases: &'a Leases,
    /// When failures end the run.
    pub on_failure: OnFailure,
    /// How long to wait for what.
    pub timing: Timing,
    /// Set when the run is to end.
    pub stop: StopFlags,
}

/// How a run of the dispatcher ended.
#[derive(Debug)]
pub struct Ended {
    /// Trials that got their result here.
    pub finished: Vec<TrialIndex>,
    /// Those of them that needed more than one attempt, and why.
    pub flaky: BTreeMap<TrialIndex, Vec<Setback>>,
    /// Those of them that diverged.
    pub diverged: BTreeSet<TrialIndex>,
    /// Trials that got their result from another process meanwhile.
    pub elsewhere: Vec<TrialIndex>,
    /// Trials that failed.
    pub failed: BTreeMap<TrialIndex, Setback>,
    /// Trials that had their result, here or elsewhere, which is not in the
    /// store at the end; and what is there instead.
    pub lost: BTreeMap<TrialIndex, String>,
    /// Trials that were not begun, or were stopped.
    pub waiting: usize,
    /// Those of them that left a checkpoint.
    pub checkpoints: usize,
    /// Why it ended early, where it did.
    pub end: Option<End>,
}

/// Runs all jobs and says how it ended.
pub fn dispatch(dispatch: &Dispatch<'_>, observer: &mut dyn Observer) -> Ended {
    let (sender, news) = sync_channel(NEWS);
    let groups = groups(dispatch.jobs);
    let (mut state, actions) = State::new(groups, dispatch.slots.len(), dispatch.on_failure);
    let mut inputs: VecDeque<Input> = VecDeque::new();
    let mut live = Live::new(dispatch, sender);
    live.act(actions, &state, observer, &mut inputs);
    let mut last = Instant::now();
    while !state.over() {
        let now = Instant::now();
        if now - last > STOOD_STILL {
            live.forgive(now - last);
        }
        last = now;
        if state.end().is_none() {
            inputs.extend(dispatch.stop.wish().map(Input::End));
        }
        if inputs.is_empty() {
            live.listen(&news, observer, &mut inputs);
        }
        if inputs.is_empty() {
            // Only now is everything heard that was said: who is silent now
            // was silent.
            live.look(&state, observer, &mut inputs);
        }
        while let Some(input) = inputs.pop_front() {
            live.note(&input, &state, observer);
            let actions = state.apply(input);
            live.act(actions, &state, observer, &mut inputs);
        }
    }
    conclude(dispatch, live, &state)
}

fn conclude(dispatch: &Dispatch<'_>, live: Live<'_>, state: &State) -> Ended {
    let mut finished = state.finished().to_vec();
    let mut elsewhere = state.done_by_others().to_vec();
    let mut lost = BTreeMap::new();
    for trials in [&mut finished, &mut elsewhere] {
        trials.retain(|trial| {
            let why = check_result(dispatch.store, &dispatch.jobs[*trial]).err();
            let kept = why.is_none();
            lost.extend(why.map(|why| (*trial, why)));
            kept
        });
    }
    let Records { setbacks: mut flaky, mut failed, checkpointed, mut diverged } =
        live.into_records();
    flaky.retain(|trial, _| finished.contains(trial));
    diverged.retain(|trial| finished.contains(trial));
    // Another process may have done what failed here.
    failed.retain(|trial, _| {
        let done = is_done(dispatch.store, &dispatch.jobs[*trial]).unwrap_or(false);
        if done {
            elsewhere.push(*trial);
        }
        !done
    });
    let over = |trial: &TrialIndex| {
        finished.contains(trial)
            || elsewhere.contains(trial)
            || failed.contains_key(trial)
            || lost.contains_key(trial)
    };
    let checkpoints = checkpointed.iter().filter(|trial| !over(trial)).count();
    let (waiting, end) = (state.waiting(), state.end().cloned());
    Ended { finished, flaky, diverged, elsewhere, failed, lost, waiting, checkpoints, end }
}
