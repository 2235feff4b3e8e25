//! `jem store fsck`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jem_core::store::{CheckOptions, Finding, Kind, Mended, Report, Severity, check};
use serde_json::json;

use super::{reports, words};
use crate::cli::open::print;
use crate::cli::{CliError, Exit};
use crate::progress::Reading;
use crate::terminal;

/// Findings of one kind that are printed, at most.
const PRINTED: usize = 20;

/// What `jem store fsck` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct FsckArgs {
    /// Look at names and sizes only; hash nothing
    #[arg(long)]
    quick: bool,
    /// Put what cannot be believed into results/quarantine, and remove what
    /// dead processes left
    #[arg(long)]
    repair: bool,
    /// With --repair: leave half-written files alone that are younger
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    grace: u64,
    /// The folder of reports [default: reports, beside the store]
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
    /// All findings, as JSON
    #[arg(long)]
    json: bool,
}

/// Checks the store at `results`.
///
/// # Errors
/// When something is lost or hinders, or cannot be mended.
pub fn run(args: &FsckArgs, results: &Path) -> Result<(), CliError> {
    let shown = reports::shown(args.reports.as_deref(), results);
    let shown = shown.unwrap_or_else(|error| {
        terminal::note(&format!("{error}\n  what that report shows is not told below"));
        BTreeMap::new()
    });
    let options = CheckOptions { quick: args.quick, shown, ..CheckOptions::default() };
    let report = check(results, &options, &|bytes| {
        let reading = Reading::new(bytes);
        Box::new(move |bytes| reading.advance(bytes))
    });
    let mended =
        if args.repair { report.repair(Duration::from_secs(args.grace))? } else { Vec::new() };
    if args.json {
        print(&as_json(&report, &mended))?;
    } else {
        print(&as_text(&report, &mended, args.quick))?;
    }
    conclude(&report, &mended)
}

fn as_json(report: &Report, mended: &[Mended]) -> String {
    let mended: Vec<_> = mended
        .iter()
        .map(|one| json!({"path": one.path, "did": one.did, "done": one.done}))
        .collect();
    words::json(&json!({
        "runs": report.runs,
        "objects": report.objects,
        "bytes": report.bytes,
        "findings": report.findings,
        "mended": mended,
    }))
}

fn as_text(report: &Report, mended: &[Mended], quick: bool) -> String {
    let read = if quick { "looked at, not read" } else { "read" };
    let mut text = format!(
        "{}, {}, {} {read}\n",
        words::count(report.runs as u64, "run"),
        words::count(report.objects as u64, "object"),
        words::bytes(report.bytes)
    );
    let mut printed: BTreeMap<(Severity, Kind), usize> = BTreeMap::new();
    for finding in &report.findings {
        let n = printed.entry((finding.severity, finding.kind)).or_default();
        *n += 1;
        if *n <= PRINTED {
            text += &one(finding);
        }
    }
    for ((severity, kind), n) in printed.into_iter().filter(|(_, n)| *n > PRINTED) {
        let more = n - PRINTED;
        text += &format!("{}: {} and {more} more (--json)\n", severity.name(), kind.name());
    }
    for one in mended {
        let done = if one.done { "mended" } else { "not mended" };
        text += &format!("{done}: {}: {}\n", one.path, one.did);
    }
    if report.findings.is_empty() {
        text += "all is whole\n";
    }
    text
}

fn one(finding: &Finding) -> String {
    let Finding { severity, kind, path, what, cost, mend, .. } = finding;
    let mut text = format!("{}: {}: {path}\n  {what}\n", severity.name(), kind.name());
    text += &format!("  costs: {cost}\n");
    if let Some(mend) = mend {
        text += &format!("  mend:  {mend}\n");
    }
    text
}

fn conclude(report: &Report, mended: &[Mended]) -> Result<(), CliError> {
    let of = |severity| report.findings.iter().filter(move |f| f.severity == severity);
    let done = |finding: &&Finding| {
        let mut same = mended.iter().filter(|one| one.path == finding.path);
        same.any(|one| one.done)
    };
    let lost = of(Severity::Loss).count() as u64;
    let open = of(Severity::Repairable).filter(|finding| !done(finding)).count() as u64;
    if lost + open == 0 {
        return Ok(());
    }
    let message = match (lost, open) {
        (0, _) => format!("{} to be mended", words::count(open, "finding")),
        (_, 0) => words::count(lost, "finding") + " of loss",
        _ => format!("{} of loss, {open} to be mended", words::count(lost, "finding")),
    };
    let mut error = CliError::new(Exit::Failed, message);
    let mut hints: Vec<String> = Vec::new();
    for finding in of(Severity::Loss).chain(of(Severity::Repairable)) {
        if let Some(mend) = finding.mend.clone().filter(|mend| !hints.contains(mend)) {
            hints.push(mend);
        }
    }
    for hint in hints.into_iter().take(3) {
        error = error.hint(hint);
    }
    Err(error)
}
