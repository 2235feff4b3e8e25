//! Long commands that a verb starts and waits for.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{CliError, Exit};

/// How long a command may take to end by itself once the user stops it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a long command is said to go on.
const STILL: Duration = Duration::from_secs(30);

/// Runs commands until the user stops them.
#[derive(Debug)]
pub struct Children {
    stop: Arc<AtomicBool>,
    /// It was the machine that wants to be back, not the user.
    preempted: Arc<AtomicBool>,
}

impl Children {
    /// From here on, Ctrl-C and a polite kill stop the command that runs, and
    /// what was begun is ended in order; a second one ends the process.
    ///
    /// # Errors
    /// When the signals cannot be caught.
    pub fn new() -> Result<Self, CliError> {
        use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
        use signal_hook::flag;
        let (stop, preempted) = (Arc::new(AtomicBool::new(false)), Arc::default());
        for signal in [SIGTERM, SIGUSR1] {
            // Before `stop`, so that who sees that sees this.
            flag::register(signal, Arc::clone(&preempted))
                .map_err(|error| CliError::new(Exit::Machine, error.to_string()))?;
        }
        for signal in [SIGINT, SIGTERM, SIGUSR1] {
            flag::register_conditional_default(signal, Arc::clone(&stop))
                .and_then(|_| flag::register(signal, Arc::clone(&stop)))
                .map_err(|error| CliError::new(Exit::Machine, error.to_string()))?;
        }
        Ok(Self { stop, preempted })
    }

    /// Whether the user has stopped it.
    ///
    /// # Errors
    /// When so.
    pub fn check(&self) -> Result<(), CliError> {
        if self.stop.load(Ordering::SeqCst) {
            let preempted = self.preempted.load(Ordering::SeqCst);
            let exit = if preempted { Exit::Preempted } else { Exit::Interrupted };
            return Err(CliError::new(exit, "stopped; nothing is left behind"));
        }
        Ok(())
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
            eprintln!("{name}: {} s so far; log: {}", time.as_secs(), log.display());
        })
    }

    fn wait(&self, mut child: Child, still: impl Fn(Duration)) -> Result<ExitStatus, CliError> {
        let (begun, mut told, mut stopped) = (Instant::now(), STILL, None);
        loop {
            let ended = child.try_wait();
            let ended = ended.map_err(|e| CliError::new(Exit::Machine, e.to_string()))?;
            if let Some(status) = ended {
                self.check()?;
                return Ok(status);
            }
            if self.stop.load(Ordering::SeqCst) {
                // From a terminal the command was told as well; else it is
                // told by being killed, and its own children see its end.
                let since = *stopped.get_or_insert_with(Instant::now);
                if since.elapsed() > PATIENCE {
                    let _ = child.kill();
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

fn start(command: &mut Command, name: &str) -> Result<Child, CliError> {
    command.spawn().map_err(|error| {
        let program = PathBuf::from(command.get_program());
        CliError::new(Exit::Machine, format!("{name}: {}: {error}", program.display()))
    })
}
