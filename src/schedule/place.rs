//! One slot's worker, with its clock and its words.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jem_core::event::{Command, FailureClass};
use rustix::fs::OFlags;

use super::TrialIndex;
use super::watch::Watch;
use super::worker::Worker;

/// The file of an attempt in which its worker's words stand.
pub const LOG: &str = "worker.log";
/// Lines a worker wrote that are kept to explain its end.
const LAST_WORDS: usize = 20;
/// Bytes of what a worker writes that are kept of one attempt: one that writes
/// without end must not fill the disk.
const LOGGED: usize = 16 << 20;

/// One slot's worker.
pub struct Place {
    /// The process, where there is one.
    pub worker: Option<Worker>,
    /// Its clock.
    pub watch: Watch,
    /// The trial it has.
    pub running: Option<TrialIndex>,
    /// The last lines it wrote.
    pub last_words: VecDeque<String>,
    /// Why we ended it, where we did for what it is or does.
    pub ended_for: Option<(FailureClass, String)>,
    /// The folder of the attempt it is at, or was at last.
    attempt: Option<PathBuf>,
    /// Bytes of its words in the log of that.
    logged: usize,
}

impl Place {
    /// Without a worker.
    pub fn new(now: Instant) -> Self {
        Self {
            worker: None,
            watch: Watch::new(now),
            running: None,
            last_words: VecDeque::new(),
            ended_for: None,
            attempt: None,
            logged: 0,
        }
    }

    /// A worker, or an attempt, begins: what was written before is not its own.
    pub fn begin(&mut self) {
        (self.attempt, self.logged) = (None, 0);
        self.last_words.clear();
    }

    /// The folder of the attempt is known. What the worker wrote before came by
    /// another pipe and may have been read earlier: it belongs into the log too.
    pub fn log_into(&mut self, attempt: PathBuf) {
        self.attempt = Some(attempt);
        for line in std::mem::take(&mut self.last_words) {
            self.keep(line);
        }
    }

    /// Keeps a line that the worker wrote: in its attempt's log, and in mind.
    pub fn keep(&mut self, line: String) {
        if let Some(attempt) = &self.attempt
            && self.logged < LOGGED
        {
            self.logged += line.len() + 1;
            log_line(attempt, &line);
            if self.logged >= LOGGED {
                log_line(attempt, "what the worker wrote after this is not kept");
            }
        }
        if self.last_words.len() == LAST_WORDS {
            self.last_words.pop_front();
        }
        self.last_words.push_back(line);
    }

    /// Asks the worker to stop or leave, which it has until `grace` from `now`
    /// to do. One that does not hear it is ended when that is over.
    pub fn ask(&mut self, command: &Command, now: Instant, grace: Duration) {
        if let Some(worker) = &self.worker
            && let Err(unsent) = worker.send(command)
        {
            self.keep(format!("{unsent}"));
        }
        self.watch.grace(now, grace);
    }

    /// Ends the worker for `how` it is, which its end is then told by.
    pub fn end(&mut self, class: FailureClass, how: String) {
        self.ended_for.get_or_insert((class, how));
        self.kill();
    }

    /// Ends the worker at once.
    pub fn kill(&mut self) {
        self.watch.killed(Instant::now());
        if let Some(worker) = &mut self.worker {
            worker.kill();
        }
    }

    /// The trial it had is over.
    pub fn over(&mut self) {
        self.running = None;
        self.watch.idle();
    }
}

/// Appends `line` to the log of `attempt`. A log that cannot be written must
/// not stop the sweep, and one that is no plain file must not hold it up.
pub fn log_line(attempt: &Path, line: &str) {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let opened = OpenOptions::new()
        .create(true)
        .append(true)
        .custom_flags(flags.bits().cast_signed())
        .open(attempt.join(LOG));
    let _ = opened.and_then(|mut file| match file.metadata()?.is_file() {
        true => writeln!(file, "{line}"),
        false => Ok(()),
    });
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::*;

    fn at(folder: &Path) -> Place {
        let mut place = Place::new(Instant::now());
        place.keep("early".to_owned());
        place.log_into(folder.to_owned());
        place
    }

    #[test]
    fn words_from_before_the_attempt_was_known_are_in_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut place = at(folder.path());
        place.keep("late".to_owned());
        assert_eq!(fs::read_to_string(folder.path().join(LOG)).unwrap(), "early\nlate\n");
        assert_eq!(place.last_words, ["early", "late"]);
    }

    #[test]
    fn a_worker_that_writes_without_end_fills_no_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut place = at(folder.path());
        let line = "x".repeat(LOGGED / 10);
        (0..30).for_each(|_| place.keep(line.clone()));
        let log = fs::read(folder.path().join(LOG)).unwrap();
        assert!(log.len() < LOGGED + LOGGED / 5, "{}", log.len());
        assert!(log.ends_with(b"is not kept\n"));
        assert_eq!(place.last_words.len(), LAST_WORDS);
    }

    #[test]
    fn a_log_that_is_a_fifo_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, folder.path().join(LOG), kind, mode, 0).unwrap();
        // Nobody reads it: to open it as a plain file is would never return.
        at(folder.path()).keep("late".to_owned());
    }
}
