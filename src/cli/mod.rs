//! The command line: one file a verb, exit codes and hints in one place.

mod conclusion;
mod data;
mod exit;
mod ls;
mod open;
mod plan;
mod report;
mod run;
mod signals;
mod spec;
mod store;
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
    /// List the runs of the store, of any experiment and commit, that a query picks
    Ls(ls::LsArgs),
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
    let cli = Cli::parse();
    let done = match &cli.verb {
        Verb::Plan(args) => plan::run(args, &cli.folders),
        Verb::Run(args) => run::run(args, &cli.folders),
        Verb::Table(args) => table::run(args, &cli.folders),
        Verb::Report(args) => report::run(args, &cli.folders),
        Verb::Ls(args) => ls::run(args, &cli.folders),
        Verb::Data(command) => data::run(command, &cli.folders.data()),
        Verb::Store(command) => store::run(command, &cli.folders),
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
