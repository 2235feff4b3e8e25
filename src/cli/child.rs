//! Long commands that a verb starts and waits for.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::signals::{self, InOrder};
use super::{CliError, Exit};
use crate::schedule::{end_with_us, has_ended};
use crate::terminal;

/// How long a command may take to end by itself once the user stops it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a long command is said to go on.
const STILL: Duration = Duration::from_secs(30);

/// Runs commands until the user stops them.
#[derive(Debug)]
pub struct Children {
    signals: InOrder,
}

impl Children {
    /// From here on, Ctrl-C and a polite kill stop the command that runs, and
    /// what was begun is ended in order; a second Ctrl-C ends the process.
    pub fn new() -> Self {
        Self { signals: signals::in_order() }
    }

    /// Whether the user has stopped it.
    ///
    /// # Errors
    /// When so.
    pub fn check(&self) -> Result<(), CliError> {
        match self.signals.wish() {
            Some(exit) => Err(CliError::new(exit, "stopped; nothing is left behind")),
            None => Ok(()),
        }
    }

    /// Runs `command`, which is called `name`, to its end, what it says going
    /// to standard error.
    ///
    /// # Errors
    /// When it cannot be started, or the user stops it.
    pub fn run(&self, command: &mut Command, name: &str) -> Result<ExitStatus, CliError> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        self.wait(start(command, name)?, |_| {})
    }

    /// As [`Children::run`], what it says going to the file `log`.
    ///
    /// # Errors
    /// As [`Children::run`], and when the file cannot be written.
    pub fn run_logged(
        &self,
        command: &mut Command,
        name: &str,
        log: &Path,
    ) -> Result<ExitStatus, CliError> {
        let failed = |error: std::io::Error| {
            CliError::new(Exit::Machine, format!("{}: {error}", log.display()))
        };
        let file = File::create(log).map_err(failed)?;
        let again = file.try_clone().map_err(failed)?;
        command.stdin(Stdio::null()).stdout(file).stderr(again);
        self.wait(start(command, name)?, |time| {
            terminal::note(&format!("{name}: {} s so far; log: {}", time.as_secs(), log.display()));
        })
    }

    fn wait(&self, mut child: Child, still: impl Fn(Duration)) -> Result<ExitStatus, CliError> {
        let (begun, mut told, mut stopped) = (Instant::now(), STILL, None);
        loop {
            let failed = |error: std::io::Error| CliError::new(Exit::Machine, error.to_string());
            if has_ended(&child).map_err(failed)? {
                if stopped.is_some() {
                    end_group(&child, Signal::KILL);
                }
                let status = child.wait().map_err(failed)?;
                self.check()?;
                return Ok(status);
            }
            if self.signals.wish().is_some() {
                // It is a group of its own, with all that it started: none of
                // them was told by the terminal, and none is left behind.
                let since = *stopped.get_or_insert_with(|| {
                    end_group(&child, Signal::TERM);
                    Instant::now()
                });
                if since.elapsed() > PATIENCE {
                    end_group(&child, Signal::KILL);
                }
            }
            if begun.elapsed() > told {
                still(begun.elapsed());
                told += STILL;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Sends `signal` to the command and to all that it started. A group that has
/// ended by itself already is as good.
fn end_group(child: &Child, signal: Signal) {
    let _ = kill_process_group(Pid::from_child(child), signal);
}

fn start(command: &mut Command, name: &str) -> Result<Child, CliError> {
    end_with_us(command.process_group(0)).spawn().map_err(|error| {
        let program = PathBuf::from(command.get_program());
        CliError::new(Exit::Machine, format!("{name}: {}: {error}", program.display()))
    })
}
