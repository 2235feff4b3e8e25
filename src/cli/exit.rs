//! Exit codes and hints, decided here once.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | all is done |
//! | 1 | some trial failed, or an expectation or a check did not hold |
//! | 2 | the command line is wrong |
//! | 3 | a spec, a data file or a store record is wrong or missing |
//! | 4 | the machine cannot do it: no such device, no worker binary, no room, a store that cannot be written or is gone, an output that takes nothing more |
//! | 75 | stopped by SIGTERM or SIGUSR1, as batch systems preempt, or by SIGHUP, as a terminal is closed; the same command goes on |
//! | 130 | stopped by Ctrl-C; the same command goes on |
//!
//! Where several hold, the highest of 130, 75, 4 and 1 is given. A trial that
//! finished at a later attempt is done: it is listed as flaky, and the code
//! is 0. So is a trial that another process on the same store has done. A trial
//! counts when its manifest is in the store at the end, whatever was said of it
//! before: one that is not there is named, and the code is 1, or 4 where the
//! store itself is gone.
//!
//! Who reads the output changes no code: a reader that leaves early, as `head`,
//! ends a list quietly, and `jem run` goes on without a terminal that was
//! closed. Where standard output takes nothing more (a full disk), a verb that
//! was to print ends with 4; `jem run` does its trials all the same, and then
//! ends with 4 where nothing worse holds. What cannot be written to standard
//! error is not written.

use std::fmt;

use crate::terminal;

/// The exit codes other than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Something that was run or checked did not come out well.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// An input is wrong or missing.
    BadInput = 3,
    /// The machine cannot do it.
    Machine = 4,
    /// The machine was wanted back; the code is EX_TEMPFAIL of sysexits.h,
    /// which batch systems take as a wish to be queued again.
    Preempted = 75,
    /// Stopped by the user.
    Interrupted = 130,
}

/// What a verb ends with when it does not end well.
#[derive(Debug)]
pub struct CliError {
    /// The exit code.
    pub exit: Exit,
    message: String,
    /// The message is made for this terminal, with its colours.
    coloured: bool,
    hints: Vec<String>,
}

impl CliError {
    /// An error with its message; an empty one prints nothing more.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), coloured: false, hints: Vec::new() }
    }

    /// An error whose message is rendered with or without colours. Where the
    /// file that it quotes has sequences of its own, which could not be told
    /// from the colours, there are none.
    pub fn rendered(exit: Exit, render: impl Fn(bool) -> String) -> Self {
        let coloured = terminal::colours() && terminal::is_clean(&render(false));
        Self { coloured, ..Self::new(exit, render(coloured)) }
    }

    /// Says it on standard error; an empty one says nothing.
    pub fn tell(&self) {
        let text = self.to_string();
        match self.coloured {
            _ if text.is_empty() => {}
            true => terminal::note_coloured(&text),
            false => terminal::note(&text),
        }
    }

    /// Adds a next command, or another thing to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.message.is_empty() {
            let known = self.message.starts_with("error");
            let head = if known { "" } else { "error: " };
            write!(f, "{head}{}", self.message.trim_end())?;
        }
        for hint in &self.hints {
            // A coloured error is not cleaned as a whole.
            write!(f, "\n  try: {}", terminal::clean(hint))?;
        }
        Ok(())
    }
}

impl From<terminal::Unwritten> for CliError {
    fn from(error: terminal::Unwritten) -> Self {
        Self::new(Exit::Machine, error.to_string())
    }
}

impl From<jem_core::store::StoreError> for CliError {
    fn from(error: jem_core::store::StoreError) -> Self {
        let exit = match error {
            jem_core::store::StoreError::Io { .. }
            | jem_core::store::StoreError::Denied { .. }
            | jem_core::store::StoreError::Full { .. } => Exit::Machine,
            _ => Exit::BadInput,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<jem_core::dataset::DatasetError> for CliError {
    fn from(error: jem_core::dataset::DatasetError) -> Self {
        Self::new(Exit::BadInput, error.to_string())
    }
}

impl From<crate::schedule::ResourceError> for CliError {
    fn from(error: crate::schedule::ResourceError) -> Self {
        Self::new(Exit::Machine, error.to_string())
            .hint("resources.device = \"cpu\" in the spec, or a machine that has what it asks for")
    }
}

impl From<crate::table::TableError> for CliError {
    fn from(error: crate::table::TableError) -> Self {
        let exit = match error {
            crate::table::TableError::Io { .. } => Exit::Machine,
            _ => Exit::BadInput,
        };
        Self::new(exit, error.to_string())
    }
}
