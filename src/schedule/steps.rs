//! What can happen to the dispatcher's state, and what it asks for.

use jem_core::event::FailureClass;

/// A trial, by its place in the list of trials to run.
pub type TrialIndex = usize;
/// A slot, by its place in the list of slots.
pub type SlotIndex = usize;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The lease that was asked for in a slot is ours.
    Claimed(SlotIndex),
    /// Another process holds it, at this place.
    Taken(SlotIndex, String),
    /// It could not be asked for: the store says no.
    Unclaimed(SlotIndex, FailureClass, String),
    /// A trial that another process held, or whose lease was asked for, is
    /// done by now.
    Done(TrialIndex),
    /// It is time to look again at what other processes hold.
    Poll,
    /// The worker in a slot is up.
    Started(SlotIndex),
    /// The worker in a slot finished its trial.
    Finished(SlotIndex),
    /// The trial in a slot ended without a result; the worker lives on.
    Failed(SlotIndex, FailureClass, String),
    /// The worker in a slot ended. [`FailureClass::BadInput`] where it will
    /// never be of use.
    Exited(SlotIndex, FailureClass, String),
    /// The wait before another attempt at a trial is over.
    Due(TrialIndex),
    /// The trial in a slot takes longer than it may.
    Overdue(SlotIndex, String),
    /// The worker in a slot does not answer.
    Stalled(SlotIndex, String),
    /// The worker in a slot was told to stop or leave and did not.
    GraceOver(SlotIndex),
    /// The worker in a slot was killed and has not ended: the kernel waits for
    /// something on its behalf, such as a file server that is gone.
    Undead(SlotIndex, String),
    /// Another process, at this place, took over the lease of the trial in a
    /// slot.
    Lost(SlotIndex, String),
    /// The run is to end.
    End(End),
}

/// Why a run ends before its trials are done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Ctrl-C.
    Interrupted,
    /// The machine is wanted back.
    Preempted,
    /// The machine cannot go on: a full disk, a store that cannot be written,
    /// workers that do not start.
    Machine(FailureClass, String),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Ask for the lease of a trial, to run it in a slot.
    Claim(SlotIndex, TrialIndex),
    /// Give the lease of a trial back.
    Release(TrialIndex),
    /// Start a worker in a slot.
    Start(SlotIndex),
    /// Give a trial to the worker in a slot.
    Give(SlotIndex, TrialIndex),
    /// Tell the worker in a slot to leave when it is idle.
    Dismiss(SlotIndex),
    /// Tell the worker in a slot to write a checkpoint and leave.
    Stop(SlotIndex),
    /// End the worker in a slot at once.
    Kill(SlotIndex),
    /// An attempt at a trial failed; say [`Input::Due`] after the wait that
    /// belongs to this retry, counted from 1.
    Retry(TrialIndex, FailureClass, String, u32),
    /// A trial failed for good.
    Report(TrialIndex, FailureClass, String),
}

/// When failures end the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// After so many, what runs is let finish and nothing new is started.
    StopAfter(usize),
    /// Never.
    KeepGoing,
}
