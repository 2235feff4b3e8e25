//! What the process's threads tell each other: that it is asked to stop, and
//! that its main thread makes headway.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);
static DONE: AtomicU64 = AtomicU64::new(0);

/// The front, or a signal, asked the process to write a checkpoint and leave.
pub fn ask_to_stop() {
    STOP.store(true, Ordering::Relaxed);
}

/// Whether it did.
pub fn asked_to_stop() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// The main thread did a piece of work, such as a step.
pub fn work_was_done() {
    DONE.fetch_add(1, Ordering::Relaxed);
}

/// Pieces of work done since the process began.
pub fn work_done() -> u64 {
    DONE.load(Ordering::Relaxed)
}
