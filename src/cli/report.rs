//! `jem report`: the report of an experiment at this commit.

use std::env;
use std::path::{Path, PathBuf};

use jem_core::digest::Digest;
use jem_core::durable;
use jem_core::provenance::{History, SourceState};
use jem_core::store::Store;

use super::open::{self, Folders};
use super::origin::{self, Origin};
use super::{CliError, Exit};
use crate::report::{self, Content, ReportContext, ReportError, Written};
use crate::table::Results;

/// What `jem report` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct ReportArgs {
    /// The experiment's file
    pub spec: PathBuf,
    /// Where to write it [default: reports/COMMIT/EXPERIMENT]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Refuse unless the checkout, and every trial shown, is wholly in a commit
    #[arg(long)]
    pub require_clean: bool,
}

/// Draws the report of an experiment from what the store holds of it.
///
/// # Errors
/// When the spec or the store cannot be read, nothing is done yet, a file
/// cannot be written, or, the report being written, an expectation failed.
pub fn run(args: &ReportArgs, folders: &Folders) -> Result<(), CliError> {
    let (results, store) = results(args, folders)?;
    let (worker, code, described) = open::worker_with_code()?;
    let origin = Origin::look(folders, &worker, code, described);
    if args.require_clean {
        origin.require_clean()?;
        origin::require_clean_trials(&results)?;
    }
    origin.keep_what_is_dirty(&store);
    let source = origin.source.clone();
    let folder = args.out.clone().unwrap_or_else(|| default_folder(source.as_ref(), &results));
    let context = ReportContext {
        source,
        command: format!("jem report {}", results.experiment.file.display()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        experiment: digest(&args.spec)?,
        file: in_checkout(&args.spec),
    };
    let written = report::write(&results, &context, &folder).map_err(failed)?;
    let Written { content, page } = &written;
    let text = format!("{}{}\n", summary(content), page.display());
    origin.record_commit(&store);
    open::print(&text)?;
    expectations(content)
}

/// What the store holds of the experiment; its file is named from here.
fn results(args: &ReportArgs, folders: &Folders) -> Result<(Results, Store), CliError> {
    let (mut results, store) = open::results(&args.spec, folders)?;
    results.experiment.file = from_here(&args.spec, &env::current_dir().unwrap_or_default());
    Ok((results, store))
}

/// `path` without a folder that only this machine has: relative to `here` if
/// it lies there, by its name alone if it lies elsewhere.
fn from_here(path: &Path, here: &Path) -> PathBuf {
    if path.is_relative() {
        return path.to_owned();
    }
    let inside = path.strip_prefix(here).ok().map(Path::to_owned);
    inside.or_else(|| path.file_name().map(PathBuf::from)).unwrap_or_else(|| path.to_owned())
}

/// The path of `spec` from the root of the checkout; none where it lies in
/// none.
fn in_checkout(spec: &Path) -> Option<String> {
    let here = env::current_dir().ok()?;
    History::around(&here).ok()?.name_of(spec, &here)
}

fn default_folder(source: Option<&SourceState>, results: &Results) -> PathBuf {
    Path::new("reports").join(report::folder_name(source)).join(&results.experiment.name)
}

fn digest(spec: &Path) -> Result<Digest, CliError> {
    let bytes = durable::read(spec)
        .map_err(|error| CliError::new(Exit::BadInput, format!("{}: {error}", spec.display())))?;
    Ok(Digest::of(&bytes))
}

/// The question and the answer, for a terminal.
fn summary(content: &Content) -> String {
    let mut text = format!("{}\n", content.question.trim());
    for notice in &content.notices {
        text += &format!("! {notice}\n");
    }
    for part in &content.answer {
        if let Some(heading) = &part.heading {
            text += &format!("{heading}:\n");
        }
        for finding in &part.findings {
            let colon = if finding.about.is_empty() { "" } else { ": " };
            text += &format!("  {}{colon}{}\n", finding.about, finding.text);
        }
    }
    text
}

fn expectations(content: &Content) -> Result<(), CliError> {
    if content.holds() {
        return Ok(());
    }
    let failed: Vec<String> = content
        .checks
        .iter()
        .filter(|check| !check.holds)
        .map(|check| format!("\n  {}: {} (source: {})", check.name, check.found(), check.source))
        .collect();
    let message =
        format!("{} of {} checks failed:{}", failed.len(), content.checks.len(), failed.concat());
    Err(CliError::new(Exit::Failed, message))
}

pub(super) fn failed(error: ReportError) -> CliError {
    match error {
        ReportError::Table(error) => error.into(),
        ReportError::Chart(_) => CliError::new(Exit::BadInput, error.to_string()),
        error => CliError::new(Exit::Machine, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_without_a_folder_of_the_machine() {
        let here = Path::new("/home/me/jem");
        for (path, shown) in [
            ("experiments/a.toml", "experiments/a.toml"),
            ("/home/me/jem/experiments/a.toml", "experiments/a.toml"),
            ("/elsewhere/a.toml", "a.toml"),
        ] {
            assert_eq!(from_here(Path::new(path), here), Path::new(shown));
        }
    }
}
