//! `gc`: mark and sweep.
//!
//! Marked are the runs that a report, a tag, an acceptance or the caller
//! names, those whose trial is under a live lease, those that a command which
//! goes on counts on (`store/wanted.rs`), those written within the grace, the
//! training of every marked evaluation, and all objects that marked runs name, themselves or
//! within a record. Checkpoints and logs of runs that are not done are kept
//! unless they are asked for. What cannot be read may name anything, so `gc`
//! refuses until `fsck --repair` has put it aside; and where no run is there at
//! all it takes no object unless all is asked for, since the runs may only be
//! away for a while.
//!
//! # The order
//! Manifests of swept runs go first, and their folders are synced; only then
//! objects. A kill at any instant leaves objects that nothing names, never a
//! manifest whose objects are gone.
//!
//! # Why a run beside it loses nothing
//! 1. *Runs.* `gc` takes the lease of every trial it sweeps, and then looks
//!    at the roots again. So no process reads a run while it goes, and one
//!    that begins later finds no manifest and makes the run again. A command
//!    that counts on runs without their leases says so first, and waits for a
//!    `gc` that it then finds; `store/wanted.rs` has why that suffices.
//! 2. *Objects that an attempt puts.* An attempt writes, or touches, every
//!    object while it holds its lease, and names it in a manifest before it
//!    lets the lease go. `gc` writes a probe file, then lists the leases, then
//!    reads the manifests, and keeps each object whose time is not before the
//!    probe's and not before that of the oldest live lease. Take an object
//!    named by a manifest that `gc` did not see. Its attempt's lease was live
//!    when the leases were listed, or was claimed after: either way the object
//!    was written or touched after one of the two times. Both are times of one
//!    file system, never of two machines' clocks; `grace` is taken off as
//!    well, which covers that clock's steps.
//! 3. *Between look and deletion.* An object is renamed before it goes, and
//!    its time is looked at once more under the new name. A put that touched
//!    it before the rename has left a new time, and the object gets its name
//!    back; a put after the rename finds nothing there and writes it.
//! 4. *What a command puts before its first lease* (the difference from the
//!    commit, untracked sources, Cargo.lock) may be named days later, by the
//!    last trial of its sweep. While any lease is live, or was within
//!    `grace`, only objects go that a swept manifest itself named; what stands
//!    inside a record, or is named by nothing, waits. Before the first lease,
//!    `grace` keeps it.

mod error;
mod wishes;
mod hold;
mod mark;
mod sweep;

#[cfg(test)]
mod tests;

pub use error::GcError;
pub use mark::{GcOptions, GcPlan, Outside, PlannedObject, PlannedRun};
pub use sweep::{Swept, sweep};
