//! Signals as wishes: Ctrl-C is the user's, SIGTERM and SIGUSR1 are those of a
//! machine that is wanted back.

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::flag;

use super::{CliError, Exit};
use crate::schedule::StopFlags;

/// Flags that the signals set. A second Ctrl-C ends the process as if there
/// were no handler, and its workers with it. A second SIGTERM does not: batch
/// systems send one signal as a warning and another as a reminder.
///
/// # Errors
/// When the system says no.
pub fn stop_flags() -> Result<StopFlags, CliError> {
    let stop = StopFlags::default();
    let interrupt = flag::register_conditional_default(SIGINT, stop.interrupt.clone())
        .and_then(|_| flag::register(SIGINT, stop.interrupt.clone()));
    let preempt = [SIGTERM, SIGUSR1].map(|signal| flag::register(signal, stop.preempt.clone()));
    for registered in std::iter::once(interrupt).chain(preempt) {
        registered.map_err(|error| CliError::new(Exit::Machine, error.to_string()))?;
    }
    Ok(stop)
}
