//! Signals as wishes: Ctrl-C is the user's, SIGTERM and SIGUSR1 are those of a
//! machine that is wanted back, and so is SIGHUP, of a terminal that is closed,
//! unless whoever started the process has it ignored (`nohup`).
//!
//! They are heeded from the first instruction of `main` on. Where nothing has
//! begun that must be ended in order, they end the process at once: with 75 for
//! the machine's, and for Ctrl-C as if there were no handler. While something
//! has, between [`in_order`] and the end of what it returns, they are wishes
//! that whoever does it looks at.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use jem_core::durable;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::flag;

use super::{CliError, Exit};
use crate::schedule::{End, StopFlags};

/// How a second signal is taken, and the wishes.
#[derive(Default)]
struct Signals {
    /// Nothing is to be ended in order.
    at_once: Arc<AtomicBool>,
    wishes: StopFlags,
}

static SIGNALS: LazyLock<Signals> = LazyLock::new(Signals::default);

/// Takes the signals from here on. To be called first in `main`.
///
/// # Errors
/// When the system says no.
pub fn heed() -> Result<(), CliError> {
    let Signals { at_once, wishes } = &*SIGNALS;
    at_once.store(true, Ordering::SeqCst);
    let preempted = Exit::Preempted as i32;
    let hangs_up = (!is_ignored(SIGHUP)).then_some(SIGHUP);
    let machine = [SIGTERM, SIGUSR1].into_iter().chain(hangs_up).map(|signal| {
        flag::register_conditional_shutdown(signal, preempted, at_once.clone())
            // A second one changes nothing: batch systems send one signal as a
            // warning and another as a reminder.
            .and_then(|_| flag::register(signal, wishes.preempt.clone()))
    });
    let user = flag::register_conditional_default(SIGINT, at_once.clone())
        // A second Ctrl-C ends the process as if there were no handler, and
        // its workers with it.
        .and_then(|_| flag::register_conditional_default(SIGINT, wishes.interrupt.clone()))
        .and_then(|_| flag::register(SIGINT, wishes.interrupt.clone()));
    for registered in machine.chain([user]) {
        registered.map_err(|error| CliError::new(Exit::Machine, error.to_string()))?;
    }
    Ok(())
}

/// Whether the signal was ignored when the process began, by the kernel's word.
fn is_ignored(signal: i32) -> bool {
    let status = durable::read_text(Path::new("/proc/self/status"), 1 << 20).unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// While it lives, a signal is a wish, to be answered in order.
#[derive(Debug)]
pub struct InOrder {
    /// What is wished.
    pub wishes: StopFlags,
}

/// From here on something is to be ended in order.
pub fn in_order() -> InOrder {
    SIGNALS.at_once.store(false, Ordering::SeqCst);
    InOrder { wishes: SIGNALS.wishes.clone() }
}

impl InOrder {
    /// The exit code that is wished for, where the process is to end.
    pub fn wish(&self) -> Option<Exit> {
        self.wishes.wish().map(|end| match end {
            End::Interrupted => Exit::Interrupted,
            _ => Exit::Preempted,
        })
    }
}

impl Drop for InOrder {
    fn drop(&mut self) {
        SIGNALS.at_once.store(true, Ordering::SeqCst);
    }
}
