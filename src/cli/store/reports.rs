//! The runs that reports show.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jem_core::digest::Digest;
use jem_core::id::RunId;
use jem_core::store::Outside;
use serde::Deserialize;

use crate::cli::{CliError, Exit};

/// No report lies deeper below the folder of reports.
const DEEPEST: usize = 6;

/// The part of a report's manifest that says what it shows.
#[derive(Deserialize)]
struct Shows {
    #[serde(default)]
    runs: Option<Vec<Runs>>,
    /// Runs of reports that it replaced.
    #[serde(default)]
    held: Vec<RunId>,
    #[serde(default)]
    files: BTreeMap<String, Digest>,
}

#[derive(Deserialize)]
struct Runs {
    training: RunId,
    evaluation: RunId,
}

/// The folder of reports: the one given, or `reports` beside the store.
pub fn folder(given: Option<&Path>, results: &Path) -> PathBuf {
    let beside = || results.parent().unwrap_or(Path::new("")).join("reports");
    given.map_or_else(beside, Path::to_owned)
}

/// The runs that the reports below `folder` show, each with the reports'
/// names.
///
/// # Errors
/// When a report's manifest cannot be read: what it shows is then not known.
pub fn shown(folder: &Path) -> Result<Outside, CliError> {
    let mut shown: Outside = BTreeMap::new();
    for path in manifests(folder)? {
        let unreadable = |why: String| {
            let message = format!("{} does not say what it shows: {why}", path.display());
            CliError::new(Exit::BadInput, message).hint(
                "jem report with its experiment's file draws it again; or move its folder away",
            )
        };
        let bytes = fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
        let shows: Shows =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        let report = path.parent().unwrap_or(folder);
        let name = report.strip_prefix(folder).unwrap_or(report).display();
        let runs = match shows.runs {
            Some(runs) => runs,
            // A comparison is kept for its words; it names no run.
            None if shows.files.contains_key("comparison.json") => Vec::new(),
            None => return Err(unreadable("it names no runs".to_owned())),
        };
        let now = runs.iter().flat_map(|runs| [runs.training, runs.evaluation]);
        let now = now.map(|run| (run, format!("report {name}")));
        let then = shows.held.iter().map(|run| (*run, format!("report {name}, a former one")));
        for (run, name) in now.chain(then) {
            let names = shown.entry(run).or_default();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(shown)
}

fn manifests(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let mut found = Vec::new();
    let mut waiting = vec![(folder.to_owned(), 0)];
    while let Some((next, depth)) = waiting.pop() {
        let entries = match fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                let message = format!("{}: {error}", next.display());
                return Err(CliError::new(Exit::Machine, message));
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_name() == "manifest.json" {
                found.push(path);
            } else if depth < DEEPEST && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push((path, depth + 1));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_report_keeps_what_it_shows_and_an_unreadable_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(shown(&folder.path().join("none")).unwrap().is_empty());
        let [one, two] = ["a", "b"].map(|text| RunId::from_digest(Digest::of(text.as_bytes())));
        let report = folder.path().join("abc1234/sweep");
        fs::create_dir_all(&report).unwrap();
        let text = format!(
            "{{\"format\": 1, \"runs\": [{{\"trial\": \"x\", \"training\": \"{one}\", \
             \"evaluation\": \"{two}\"}}], \"files\": {{}}}}"
        );
        fs::write(report.join("manifest.json"), text).unwrap();
        let found = shown(folder.path()).unwrap();
        assert_eq!(found[&one], ["report abc1234/sweep"]);
        assert_eq!(found.len(), 2);
        // What a report that was replaced showed, and a comparison, which shows no run.
        let text = format!("{{\"runs\": [], \"held\": [\"{one}\"], \"files\": {{}}}}");
        fs::write(report.join("manifest.json"), text).unwrap();
        let compared = folder.path().join("compare/a..b/sweep");
        fs::create_dir_all(&compared).unwrap();
        let text = format!("{{\"format\": 1, \"files\": {{\"comparison.json\": \"{two}\"}}}}");
        fs::write(compared.join("manifest.json"), text).unwrap();
        let found = shown(folder.path()).unwrap();
        assert_eq!(found[&one], ["report abc1234/sweep, a former one"]);
        assert_eq!(found.len(), 1);
        fs::write(report.join("manifest.json"), "{").unwrap();
        assert!(shown(folder.path()).unwrap_err().to_string().contains("jem report"));
    }
}
