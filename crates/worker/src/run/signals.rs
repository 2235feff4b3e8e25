//! Signals that reach the worker itself. A batch system sends them to every
//! process of a job, not to the front alone; without a handler the worker would
//! be gone before its checkpoint.

use super::life;
use super::note::note;

/// Takes SIGTERM and SIGUSR1 as what the front's stop is: a wish for a
/// checkpoint and the end. SIGINT is the front's alone to answer.
pub(super) fn heed() {
    for signal in [libc::SIGTERM, libc::SIGUSR1] {
        install(signal, stop as *const () as libc::sighandler_t);
    }
    install(libc::SIGINT, libc::SIG_IGN);
}

/// Only an atomic store, which is all that a handler may do.
extern "C" fn stop(_: libc::c_int) {
    life::ask_to_stop();
}

fn install(signal: libc::c_int, handler: libc::sighandler_t) {
    // SAFETY: all-zero is a valid sigaction; the handler only stores an atomic.
    // Reads and writes that it interrupts begin again (SA_RESTART).
    let done = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &action, std::ptr::null_mut())
    };
    if done != 0 {
        let error = std::io::Error::last_os_error();
        note(&format!("signal {signal} will end this worker without a checkpoint: {error}"));
    }
}
