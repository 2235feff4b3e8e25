//! The command line: one file a verb, exit codes and hints in one place.

mod accept;
mod again;
mod conclusion;
mod built;
mod checkout;
mod untracked;
mod child;
mod compare;
mod data;
mod exit;
mod explain;
mod ls;
mod open;
mod origin;
mod outcome;
mod plan;
mod report;
mod reproduce;
mod revision;
mod run;
mod signals;
mod spec;
mod store;
mod table;
mod told;
mod verify;
mod wanted;

pub use exit::{CliError, Exit};

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::terminal;
use open::Folders;

/// Experiments with joint energy models, told as TOML and kept by content
#[derive(Debug, Parser)]
#[command(name = "jem", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    folders: Folders,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List every trial of an experiment and what would be done with it
    Plan(plan::PlanArgs),
    /// Run the trials that have no result yet
    Run(run::RunArgs),
    /// Evaluate trained trials as the file now says, training none
    Eval(run::RunArgs),
    /// Show every part of the key of a run or a trial, and what differs
    Explain(explain::ExplainArgs),
    /// Let runs made with other parts count for a trial, with a reason
    Accept(accept::AcceptArgs),
    /// Run finished trials again and compare what comes out
    Verify(verify::VerifyArgs),
    /// Print and write the tables of an experiment
    Table(table::TableArgs),
    /// Draw the report of an experiment
    Report(report::ReportArgs),
    /// List the trials of the store, of any experiment and commit, that a query picks
    Ls(ls::LsArgs),
    /// Compare two commits, or a commit and the work tree, by their results
    Compare(compare::CompareArgs),
    /// Make a report again from its commit, and compare the results
    Reproduce(reproduce::ReproduceArgs),
    /// The datasets: list, fetch, verify
    #[command(subcommand)]
    Data(data::DataCommand),
    /// The store of results: check, mend, sweep, list, tag
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Experiment files: check, show, schema
    #[command(subcommand)]
    Spec(spec::SpecCommand),
}

/// Runs the command line and says the exit code; see [`Exit`].
pub fn main() -> ExitCode {
    if let Err(error) = signals::heed() {
        error.tell();
        return ExitCode::from(error.exit as u8);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let done = match &cli.verb {
        Verb::Plan(args) => plan::run(args, &cli.folders),
        Verb::Run(args) => run::run(args, &cli.folders),
        Verb::Eval(args) => run::evaluate(args, &cli.folders),
        Verb::Explain(args) => explain::run(args, &cli.folders),
        Verb::Accept(args) => accept::run(args, &cli.folders),
        Verb::Verify(args) => verify::run(args, &cli.folders),
        Verb::Table(args) => table::run(args, &cli.folders),
        Verb::Report(args) => report::run(args, &cli.folders),
        Verb::Ls(args) => ls::run(args, &cli.folders),
        Verb::Compare(args) => compare::run(args, &cli.folders),
        Verb::Reproduce(args) => reproduce::run(args, &cli.folders),
        Verb::Data(command) => data::run(command, &cli.folders.data()),
        Verb::Store(command) => store::run(command, &cli.folders),
        Verb::Spec(command) => spec::run(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.tell();
            ExitCode::from(error.exit as u8)
        }
    }
}

/// Prints what the parser of the command line has to say: that it is wrong, or
/// the help that was asked for.
fn refused(error: &clap::Error) -> ExitCode {
    let code = ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8));
    let plain = error.render().to_string();
    if !terminal::is_clean(&plain) {
        terminal::note(&plain);
        return code;
    }
    match error.print() {
        Err(unwritten) if !error.use_stderr() && unwritten.kind() != ErrorKind::BrokenPipe => {
            CliError::from(terminal::Unwritten::from(unwritten)).tell();
            ExitCode::from(Exit::Machine as u8)
        }
        _ => code,
    }
}
