//! What passes between front and worker, one JSON object a line: the front
//! sends [`Command`]s to a worker's standard input and the worker says
//! [`Event`]s on its standard output. A run's log is the events of its attempt.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{CellId, EvalId, RunId, RunParts, TrialId};
use crate::provenance::{Fingerprints, Provenance};
use crate::results::{Epoch, Outcome, Restart};
use crate::spec::{Places, Spec};

/// The version of this protocol; both sides must speak the same.
pub const PROTOCOL: u32 = 3;

/// How often a worker says [`Event::Beat`].
pub const BEAT: Duration = Duration::from_secs(2);

/// What the front asks of a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Command {
    /// Run this trial: train it unless its training run is in the store, then
    /// evaluate it.
    Run(Box<Job>),
    /// Leave once nothing is running.
    Quit,
    /// Write a checkpoint of what is running, say [`Event::TrialFailed`] with
    /// [`FailureClass::Preempted`], and leave.
    Stop,
}

/// A trial to run, with all that names it and all it needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The cell.
    pub cell: CellId,
    /// The trial.
    pub trial: TrialId,
    /// The evaluation.
    pub eval: EvalId,
    /// The trial's seed.
    pub seed: u64,
    /// What to train and evaluate.
    pub spec: Spec,
    /// The parts of the training run's id.
    pub training: RunParts,
    /// The parts of the evaluation run's id.
    pub evaluation: RunParts,
    /// Where results go.
    pub store: PathBuf,
    /// Where the datasets are.
    pub data: PathBuf,
    /// The folder of the experiment's file.
    pub base: PathBuf,
    /// Where files of the user's own lie, by what the spec calls them: their
    /// content, so that no result and no id holds a machine's path.
    #[serde(default, skip_serializing_if = "Places::is_empty")]
    pub own: Places,
    /// What the front knows of code and machine.
    pub provenance: Provenance,
}

/// Why an attempt ended without a result. Each class has its own policy; see
/// `schedule`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Data or spec that this worker cannot use.
    BadInput,
    /// The store could not be written or read.
    Store,
    /// This user may not write in the store, or may no longer.
    StoreClosed,
    /// The file system of the store is full, or a quota is used up.
    DiskFull,
    /// The host ran out of memory.
    OutOfMemory,
    /// The GPU ran out of memory.
    GpuOutOfMemory,
    /// The attempt took longer than `resources.timeout`.
    Timeout,
    /// The machine is wanted back, or the user stopped: a checkpoint was
    /// written where training had begun.
    Preempted,
    /// The worker process was killed, or left without a word.
    WorkerDied,
    /// The worker process stopped answering and was killed.
    Stalled,
    /// Anything else, such as a panic: a fault of this program.
    Bug,
}

impl FailureClass {
    /// As people read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadInput => "bad input",
            Self::Store => "store",
            Self::StoreClosed => "store not writable",
            Self::DiskFull => "disk full",
            Self::OutOfMemory => "out of memory",
            Self::GpuOutOfMemory => "GPU out of memory",
            Self::Timeout => "timeout",
            Self::Preempted => "preempted",
            Self::WorkerDied => "worker died",
            Self::Stalled => "stalled",
            Self::Bug => "bug",
        }
    }
}

/// What a worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Event {
    /// The process is up and waits for work.
    WorkerStarted {
        /// [`PROTOCOL`] of the worker.
        protocol: u32,
        /// What the worker was built from.
        fingerprints: Fingerprints,
        /// The version of libtorch it loaded.
        libtorch: String,
        /// CUDA devices it sees.
        cuda_devices: u32,
    },
    /// A trial was taken up.
    TrialStarted {
        /// The trial.
        trial: TrialId,
        /// The attempt's folder, relative to the store.
        attempt: String,
        /// [`PROTOCOL`] of the worker: the version of the log that begins here.
        /// Older logs do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protocol: Option<u32>,
    },
    /// The process lives. Said every [`BEAT`] by a thread of its own.
    Beat {
        /// Counts what the main thread did (steps, sets, chunks): where it
        /// stands still for long while a trial runs, the worker hangs.
        done: u64,
    },
    /// Training goes on from a checkpoint.
    Resumed {
        /// The trial.
        trial: TrialId,
        /// Steps that were done.
        step: u64,
    },
    /// A checkpoint was written.
    CheckpointWritten {
        /// The trial.
        trial: TrialId,
        /// Steps that it holds.
        step: u64,
        /// Its bytes.
        bytes: u64,
    },
    /// Training diverged and went back to an earlier point.
    RolledBack {
        /// The trial.
        trial: TrialId,
        /// Where and why.
        restart: Restart,
    },
    /// Training has come this far.
    StepFinished(Progress),
    /// A point of the training curves is reached: the end of an epoch, or of a
    /// twentieth of training where that is shorter.
    EpochFinished(Epoch),
    /// Training is over; its run is being recorded.
    TrainingFinished {
        /// The trial.
        trial: TrialId,
        /// How it ended.
        outcome: Outcome,
        /// Seconds of training over all attempts, 0 where finished training was
        /// reused.
        seconds: f64,
        /// Peak resident memory of the process so far, in bytes.
        peak_rss: u64,
    },
    /// A set is being evaluated.
    EvaluationStarted {
        /// The trial.
        trial: TrialId,
        /// The set's name.
        set: String,
    },
    /// The trial is done and its manifests are in the store.
    TrialFinished {
        /// The trial.
        trial: TrialId,
        /// The evaluation's run.
        run: RunId,
        /// How training ended.
        outcome: Outcome,
        /// Accuracy on the test set; none where the trial diverged.
        accuracy: Option<f64>,
        /// Seconds of the whole attempt.
        seconds: f64,
    },
    /// The attempt ended without a result.
    TrialFailed {
        /// The trial.
        trial: TrialId,
        /// The class of failure.
        class: FailureClass,
        /// What happened, with what to do about it.
        message: String,
    },
}

/// How far training has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The trial.
    pub trial: TrialId,
    /// Steps done.
    pub step: u64,
    /// Steps in all.
    pub of: u64,
    /// Cross-entropy of the last batch, in nats.
    pub ce: f64,
    /// mean E(x⁻) − mean E(x⁺) of the last batch; 0 where λ = 0.
    pub energy_gap: f64,
    /// Accuracy on the last batch.
    pub accuracy: f64,
    /// Steps per second so far.
    pub steps_per_second: f64,
}
