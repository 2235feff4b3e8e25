//! One worker process: started, spoken to, listened to.

use std::collections::VecDeque;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;

use jem_core::durable;
use jem_core::event::{Command as Order, Event, FailureClass};
use rustix::process::{Pid, Signal, kill_process_group};

use super::child::{end_with_us, withhold};
use super::orders::{Orders, Unsent};
use super::outputs::listen;
use super::{Slot, SlotIndex};

/// Something a worker did.
#[derive(Debug)]
pub enum Heard {
    /// It said an event.
    Said(Box<Event>),
    /// It wrote a line that is no event, or a line to standard error.
    Wrote(String),
    /// It wrote a line that is longer than any may be.
    Flooded,
    /// It did not take an order, for this reason.
    Refused(io::Error),
    /// Both its outputs are closed, and it has ended.
    Ended,
}

/// News from a slot; `generation` tells a worker from the one before it.
#[derive(Debug)]
pub struct News {
    /// The slot.
    pub slot: SlotIndex,
    /// Which worker of the slot.
    pub generation: u64,
    /// What it did.
    pub heard: Heard,
}

/// A running worker.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    orders: Option<Orders>,
    /// Which worker of its slot.
    pub generation: u64,
    oom_kills: u64,
}

impl Worker {
    /// Starts the worker binary for `slot`; threads of their own read what it
    /// says, into `news`, and write what it is told.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(
        binary: &Path,
        (index, slot): (SlotIndex, &Slot),
        generation: u64,
        news: &SyncSender<News>,
    ) -> io::Result<Self> {
        let mut command = Command::new(binary);
        withhold(&mut command);
        // The thread that starts workers is the dispatcher's, which lives as
        // long as the front.
        let mut child = end_with_us(&mut command)
            .envs(slot.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: Ctrl-C reaches the front alone, which then
            // ends its workers in order.
            .process_group(0)
            .spawn()?;
        let tell = {
            let news = news.clone();
            // The receiver outlives the workers; a failed send means the
            // dispatcher is gone, and then nobody is left to be told.
            move |heard| drop(news.send(News { slot: index, generation, heard }))
        };
        let orders = child.stdin.take().map(|input| {
            let tell = tell.clone();
            Orders::new(input, move |error| tell(Heard::Refused(error)))
        });
        if let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) {
            listen(Pid::from_child(&child), out, err, tell);
        }
        Ok(Self { child, orders, generation, oom_kills: oom_kills() })
    }

    /// Sends an order, without waiting until it is read.
    ///
    /// # Errors
    /// When it will not reach the worker.
    pub fn send(&self, order: &Order) -> Result<(), Unsent> {
        self.orders.as_ref().ok_or(Unsent::Closed)?.send(order)
    }

    /// Ends it at once, and whatever it started: its outputs close only when
    /// nobody holds them.
    pub fn kill(&mut self) {
        // It may have ended by itself already, which is as good.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How the process, which has ended, did so, where it was not `ours` to say;
    /// `words` are the last lines it wrote.
    pub fn how_it_ended(
        mut self,
        words: &VecDeque<String>,
        ours: Option<(FailureClass, String)>,
    ) -> (FailureClass, String) {
        self.orders = None;
        match self.child.wait() {
            Ok(status) => {
                let judged = judge(status, oom_kills() > self.oom_kills, words);
                // A worker that was refused is so however it ended. What else
                // we ended it for counts only where our kill was its end.
                let by_kill = status.signal() == Some(9) && judged.0 != FailureClass::OutOfMemory;
                ours.filter(|(class, _)| by_kill || *class == FailureClass::BadInput)
                    .unwrap_or(judged)
            }
            Err(error) => (FailureClass::WorkerDied, error.to_string()),
        }
    }
}

/// The class of an end, and how people are told of it. `kernel_ran_out` where
/// the kernel killed a process for want of memory meanwhile.
fn judge(
    status: ExitStatus,
    kernel_ran_out: bool,
    words: &VecDeque<String>,
) -> (FailureClass, String) {
    // What Rust's allocator, and C++'s where nobody catches it, say before they
    // abort.
    let no_memory =
        |line: &String| line.contains("memory allocation of") || line.contains("std::bad_alloc");
    match status.signal() {
        Some(9) if kernel_ran_out => {
            let how = "the worker was killed (signal 9) while the kernel ran out of memory";
            (FailureClass::OutOfMemory, how.to_owned())
        }
        Some(6) if words.iter().any(no_memory) => {
            let how = "the worker aborted (signal 6): it was given no more memory";
            (FailureClass::OutOfMemory, how.to_owned())
        }
        _ => (FailureClass::WorkerDied, describe(status)),
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(70), _) => "the worker met a fault of its own and left".to_owned(),
        (Some(127), _) => "the worker could not be loaded: is libtorch there?".to_owned(),
        (Some(code), _) => format!("the worker left with exit code {code}"),
        (None, Some(signal)) => format!("the worker was ended by signal {signal}"),
        (None, None) => "the worker is gone".to_owned(),
    }
}

/// How many processes the kernel has killed for want of memory, in our control
/// group where that is known.
fn oom_kills() -> u64 {
    let read = |path: &str| {
        let text = durable::read_text(Path::new(path), 1 << 20).ok()?;
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
    };
    read("/sys/fs/cgroup/memory.events").or_else(|| read("/proc/vmstat")).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn want_of_memory_is_told_from_other_ends() {
        let ended = |raw: i32, kernel: bool, words: &[&str]| {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            judge(ExitStatus::from_raw(raw), kernel, &words).0
        };
        let (died, memory) = (FailureClass::WorkerDied, FailureClass::OutOfMemory);
        let rust = "memory allocation of 137438953472 bytes failed";
        let cpp = "terminate called after throwing an instance of 'std::bad_alloc'";
        // The low seven bits are the signal, the next eight the exit code.
        assert_eq!(ended(6, false, &["before", rust]), memory);
        assert_eq!(ended(6, false, &[cpp, "  what():  std::bad_alloc"]), memory);
        assert_eq!(ended(6, true, &["an assertion failed"]), died);
        assert_eq!(ended(9, true, &[]), memory);
        assert_eq!(ended(9, false, &[rust]), died);
        assert_eq!(ended(11, true, &[rust]), died);
        assert_eq!(ended(70 << 8, false, &[]), died);
    }
}
