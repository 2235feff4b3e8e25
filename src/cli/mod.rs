//! The command line: one file a verb, exit codes and hints in one place.

mod built;
mod checkout;
mod child;
mod compare;
mod data;
mod exit;
mod open;
mod outcome;
mod plan;
mod report;
mod reproduce;
mod revision;
mod run;
mod spec;
mod table;

pub use exit::{CliError, Exit};

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    /// Print and write the tables of an experiment
    Table(table::TableArgs),
    /// Draw the report of an experiment
    Report(report::ReportArgs),
    /// Compare two commits, or a commit and the work tree, by their results
    Compare(compare::CompareArgs),
    /// Make a report again from its commit, and compare the results
    Reproduce(reproduce::ReproduceArgs),
    /// The datasets: list, fetch, verify
    #[command(subcommand)]
    Data(data::DataCommand),
    /// Experiment files: check, show, schema
    #[command(subcommand)]
    Spec(spec::SpecCommand),
}

/// Runs the command line and says the exit code; see [`Exit`].
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.verb {
        Verb::Plan(args) => plan::run(args, &cli.folders),
        Verb::Run(args) => run::run(args, &cli.folders),
        Verb::Table(args) => table::run(args, &cli.folders),
        Verb::Report(args) => report::run(args, &cli.folders),
        Verb::Compare(args) => compare::run(args, &cli.folders),
        Verb::Reproduce(args) => reproduce::run(args, &cli.folders),
        Verb::Data(command) => data::run(command, &cli.folders.data()),
        Verb::Spec(command) => spec::run(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.exit as u8)
        }
    }
}
