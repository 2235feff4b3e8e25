//! The worker's life: commands in on standard input, events out on standard
//! output, one trial after another on the main thread.
//!
//! libtorch's intra-op threads serve the thread that first used them, so all
//! tensor work stays on the main thread; a second thread reads commands. When
//! standard input closes the front is gone, and the process ends at once: an
//! attempt leaves nothing half-believed.

use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};

use jem_core::event::{BEAT, Command, Event, FailureClass, Job, PROTOCOL};

use super::note::note;
use super::{Failure, life, own, run_trial, signals};
use crate::data::Inputs;

/// Serves commands until told to quit.
pub fn serve() {
    signals::heed();
    if let Err(error) = own::same_libtorch() {
        note(&error.to_string());
        leave(64);
    }
    let commands = read_commands();
    say(&Event::WorkerStarted {
        protocol: PROTOCOL,
        fingerprints: *crate::FINGERPRINTS,
        libtorch: crate::LIBTORCH.to_owned(),
        cuda_devices: tch::Cuda::device_count().max(0) as u32,
    });
    std::thread::spawn(beat);
    let mut inputs = Inputs::default();
    while let Ok(Command::Run(job)) = commands.recv() {
        if let Err(failure) = guarded(&job, &mut inputs) {
            let Failure { class, message } = failure;
            say(&Event::TrialFailed { trial: job.trial, class, message });
            match class {
                // After a panic nothing that lives in memory is trusted.
                FailureClass::Bug => leave(70),
                FailureClass::Preempted => leave(0),
                _ => {}
            }
        }
    }
}

/// Says that the process lives, and how much its main thread has done.
fn beat() {
    loop {
        std::thread::sleep(BEAT);
        say(&Event::Beat { done: life::work_done() });
    }
}

fn guarded(job: &Job, inputs: &mut Inputs) -> Result<(), Failure> {
    let attempt = AssertUnwindSafe(|| run_trial(job, inputs, &mut |event| say(event)));
    catch_unwind(attempt).unwrap_or_else(|payload| Err(Failure::of_panic(payload.as_ref())))
}

fn read_commands() -> Receiver<Command> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let command = line.ok().and_then(|line| serde_json::from_str(&line).ok());
            let Some(command) = command else {
                note(
                    "a command that this worker does not know; are front and worker of one build?",
                );
                leave(64);
            };
            // A stop is heard at once, also while a trial runs. An idle worker
            // has nothing to write down.
            if matches!(command, Command::Stop) {
                life::ask_to_stop();
            }
            if sender.send(command).is_err() {
                return;
            }
        }
        leave(0);
    });
    receiver
}

/// Ends the process at once. No exit handler runs: libtorch's would take its
/// tables away from under the main thread while that still computes.
fn leave(code: i32) -> ! {
    // SAFETY: _exit only ends the process; what is half-written has a
    // temporary name and is never believed.
    unsafe { libc::_exit(code) }
}

/// Writes `event` as one line. A front that no longer listens ends the worker.
fn say(event: &Event) {
    let mut line = serde_json::to_vec(event).expect("events hold only names, texts and numbers");
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    if out.write_all(&line).and_then(|()| out.flush()).is_err() {
        leave(0);
    }
}
