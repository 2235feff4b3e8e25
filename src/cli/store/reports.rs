//! The runs that reports show.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use jem_core::durable;
use jem_core::id::RunId;
use jem_core::store::Outside;
use serde::Deserialize;

use crate::cli::{CliError, Exit};

/// No report's manifest is longer, in bytes.
const LONGEST: u64 = 256 << 20;

/// The part of a report's manifest that says what it shows.
#[derive(Deserialize)]
struct Shows {
    runs: Vec<Runs>,
}

#[derive(Deserialize)]
struct Runs {
    training: RunId,
    evaluation: RunId,
}

/// The runs that the reports below a folder show, each with the reports' names:
/// below the one `given`, or else `reports` beside the store at `results`.
///
/// # Errors
/// When the folder that was given is not there, or a report's manifest, or a
/// folder that may hold one, cannot be read: what is shown is then not known.
pub fn shown(given: Option<&Path>, results: &Path) -> Result<Outside, CliError> {
    let beside = || results.parent().unwrap_or(Path::new("")).join("reports");
    let folder = given.map_or_else(beside, Path::to_owned);
    if given.is_some() && !folder.is_dir() {
        let message = format!("there is no folder of reports at {}", folder.display());
        return Err(CliError::new(Exit::BadInput, message)
            .hint("--reports with the folder that jem report writes into"));
    }
    let mut shown: Outside = BTreeMap::new();
    for path in manifests(&folder)? {
        let unreadable = |why: String| {
            let message = format!("{} does not say what it shows: {why}", path.display());
            CliError::new(Exit::BadInput, message).hint(
                "jem report with its experiment's file draws it again; or move its folder away",
            )
        };
        let bytes = durable::read_at_most(&path, LONGEST);
        let bytes = bytes.map_err(|error| unreadable(error.to_string()))?;
        let shows: Shows =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        let report = path.parent().unwrap_or(&folder);
        let name = report.strip_prefix(&folder).unwrap_or(report).display();
        for run in shows.runs.iter().flat_map(|runs| [runs.training, runs.evaluation]) {
            let names = shown.entry(run).or_default();
            let name = format!("report {name}");
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(shown)
}

/// Every file below `folder` that is called as a report's manifest is. Links to
/// folders are followed, since a report may lie on another disk; one that leads
/// nowhere is an error, since what it led to may only be away for a while.
fn manifests(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let failed = |path: &Path, error: io::Error| {
        let message = format!("{}: {error}; what reports show is not known", path.display());
        CliError::new(Exit::Machine, message)
            .hint("give yourself the right to read it, or bring back or remove what is a link")
    };
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        let entries = durable::list(&next).map_err(|error| failed(&next, error))?;
        let Some(entries) = entries else { continue };
        // A link may lead back to a folder above it.
        if !seen.insert(next.canonicalize().map_err(|error| failed(&next, error))?) {
            continue;
        }
        for entry in entries {
            let entry = entry.map_err(|error| failed(&next, error))?;
            let path = entry.path();
            if entry.file_name() == "manifest.json" {
                found.push(path);
                continue;
            }
            let kind = entry.file_type().map_err(|error| failed(&path, error))?;
            if kind.is_dir() || kind.is_symlink() && !path.is_file() {
                waiting.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use jem_core::digest::Digest;

    use super::*;

    /// What the reports in `folder` show.
    fn in_folder(folder: &Path) -> Result<Outside, CliError> {
        shown(Some(folder), Path::new("results"))
    }

    #[test]
    fn a_report_keeps_what_it_shows_and_an_unreadable_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        // None were made yet; but a folder that is asked for must be there.
        assert!(shown(None, &folder.path().join("results")).unwrap().is_empty());
        let none = in_folder(&folder.path().join("none")).unwrap_err().to_string();
        assert!(none.contains("no folder of reports at"), "{none}");
        let [one, two] = ["a", "b"].map(|text| RunId::from_digest(Digest::of(text.as_bytes())));
        let report = folder.path().join("abc1234/sweep");
        fs::create_dir_all(&report).unwrap();
        let text = format!(
            "{{\"format\": 1, \"runs\": [{{\"trial\": \"x\", \"training\": \"{one}\", \
             \"evaluation\": \"{two}\"}}], \"files\": {{}}}}"
        );
        fs::write(report.join("manifest.json"), text).unwrap();
        let found = in_folder(folder.path()).unwrap();
        assert_eq!(found[&one], ["report abc1234/sweep"]);
        assert_eq!(found.len(), 2);
        fs::write(report.join("manifest.json"), "{").unwrap();
        assert!(in_folder(folder.path()).unwrap_err().to_string().contains("jem report"));
    }

    #[test]
    fn a_report_behind_a_link_or_deep_below_is_seen_and_one_that_is_away_is_an_error() {
        use std::os::unix::fs::symlink;
        let all = tempfile::tempdir().unwrap();
        let (reports, disk) = (all.path().join("reports"), all.path().join("disk"));
        let run = RunId::from_digest(Digest::of(b"run"));
        let text =
            format!("{{\"runs\": [{{\"training\": \"{run}\", \"evaluation\": \"{run}\"}}]}}");
        for folder in [disk.join("sweep"), reports.join("a/b/c/d/e/f/g/h/i")] {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("manifest.json"), &text).unwrap();
        }
        symlink(&disk, reports.join("old")).unwrap();
        symlink(&reports, reports.join("a/again")).unwrap();
        let found = in_folder(&reports).unwrap();
        assert_eq!(found[&run], ["report a/b/c/d/e/f/g/h/i", "report old/sweep"]);
        fs::rename(&disk, all.path().join("away")).unwrap();
        let said = in_folder(&reports).unwrap_err().to_string();
        assert!(said.contains("reports/old: it is a link that leads nowhere"), "{said}");
    }
}
