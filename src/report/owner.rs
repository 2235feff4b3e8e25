//! Whose a report's folder is. It belongs to one experiment file: a second of
//! the same name does not replace its report, and what a former report of its
//! own showed is still kept by the next.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jem_core::digest::Digest;
use jem_core::durable;
use serde::Deserialize;

use super::manifest::MANIFEST;
use super::{ReportContext, ReportError};
use crate::table::{Results, tables_of_another};

/// What is read of the manifest of a former report.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Former {
    command: String,
    experiment: Experiment,
    runs: Vec<Runs>,
    held: Vec<String>,
    source: Option<Source>,
    files: BTreeMap<String, Digest>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    commit: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Experiment {
    file: Option<String>,
    place: Option<Digest>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Runs {
    training: String,
    evaluation: String,
}

impl Former {
    /// The report in `folder`; none where there is none that can be read.
    fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&durable::read(&folder.join(MANIFEST)).ok()?).ok()
    }

    /// The former report in `folder`, which `context` is to replace.
    ///
    /// # Errors
    /// When it is of another experiment file.
    pub fn of(
        folder: &Path,
        results: &Results,
        context: &ReportContext,
    ) -> Result<Self, ReportError> {
        let taken = |by: String| ReportError::Taken { folder: folder.to_owned(), by };
        match Self::read(folder) {
            Some(former) if former.is_of(context) => Ok(former),
            Some(former) => Err(taken(former.file())),
            None => match tables_of_another(&folder.join("tables"), results) {
                Some(other) => Err(taken(other)),
                None => Ok(Self::default()),
            },
        }
    }

    /// The files that the report in `folder` put there, by path.
    pub fn files(folder: &Path) -> BTreeMap<String, Digest> {
        Self::read(folder).map(|former| former.files).unwrap_or_default()
    }

    /// Whether it is of the experiment file of `context`.
    fn is_of(&self, context: &ReportContext) -> bool {
        let Experiment { file, place } = &self.experiment;
        match ((file, &context.file), (place, context.place)) {
            ((Some(one), Some(other)), _) => one == other,
            (_, (Some(one), Some(other))) => *one == other,
            // Of what lies outside a checkout older reports say no more.
            _ => self.command == context.command,
        }
    }

    fn file(&self) -> String {
        let of_command = || self.command.trim_start_matches("jem report ").to_owned();
        self.experiment.file.clone().unwrap_or_else(of_command)
    }

    /// The runs that it or those before it showed, but for those of `shown`.
    pub fn held<'a>(&self, shown: impl Iterator<Item = &'a str>) -> Vec<String> {
        let pairs = self.runs.iter().flat_map(|runs| [&runs.training, &runs.evaluation]);
        let mut held: BTreeSet<&str> =
            pairs.chain(&self.held).map(String::as_str).filter(|run| !run.is_empty()).collect();
        for run in shown {
            held.remove(run);
        }
        held.into_iter().map(str::to_owned).collect()
    }
}

/// The folder for the report of `context` in `reports`, called by the short
/// commit and the name of the experiment; by the whole commit where another
/// commit that begins alike has the short one.
pub fn default_folder(reports: &Path, results: &Results, context: &ReportContext) -> PathBuf {
    let name = &results.experiment.name;
    let short = context.commit();
    let folder = reports.join(&short).join(name);
    let commit = context.source.as_ref().and_then(|source| source.commit.clone());
    let there = Former::read(&folder).and_then(|former| former.source?.commit);
    match (commit, there) {
        (Some(ours), Some(theirs)) if ours != theirs && theirs.get(..7) == ours.get(..7) => {
            let dirty = if short.ends_with("-dirty") { "-dirty" } else { "" };
            reports.join(format!("{ours}{dirty}")).join(name)
        }
        _ => folder,
    }
}

/// The experiment file of the comparison in `folder`, where that is another than
/// the one that `command` names.
pub(super) fn comparison_of_another(folder: &Path, command: &str) -> Option<String> {
    let file = |command: &str| {
        let last = command.rsplit(' ').next()?;
        last.ends_with(".toml").then(|| last.to_owned())
    };
    let former = Former::read(folder)?;
    let (theirs, ours) = (file(&former.command)?, file(command)?);
    (theirs != ours).then_some(theirs)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{results, source};
    use super::super::{ReportManifest, write};
    use std::fs;

    use super::*;

    fn context(file: Option<&str>, place: Option<&str>) -> ReportContext {
        ReportContext {
            source: Some(source("1a2b3c4")),
            command: "jem report demo.toml".to_owned(),
            version: "0.1.0".to_owned(),
            experiment: Digest::of(b"the file"),
            file: file.map(str::to_owned),
            place: place.map(|place| Digest::of(place.as_bytes())),
        }
    }

    #[test]
    fn a_folder_belongs_to_one_experiment_file() {
        let folder = tempfile::tempdir().expect("room");
        let (one, two) = (context(Some("one/x.toml"), None), context(Some("two/x.toml"), None));
        write(&results(), &one, folder.path()).expect("it is free");
        let before = fs::read(folder.path().join("index.html")).expect("just written");
        let error = write(&results(), &two, folder.path()).expect_err("it is taken").to_string();
        assert!(error.contains("one/x.toml"), "{error}");
        assert_eq!(fs::read(folder.path().join("index.html")).expect("untouched"), before);
        write(&results(), &one, folder.path()).expect("it is its own");
        // Outside a checkout the place of the file tells.
        let outside = tempfile::tempdir().expect("room");
        write(&results(), &context(None, Some("/a/x.toml")), outside.path()).expect("free");
        assert!(write(&results(), &context(None, Some("/b/x.toml")), outside.path()).is_err());
        write(&results(), &context(None, Some("/a/x.toml")), outside.path()).expect("its own");
    }

    #[test]
    fn what_a_replaced_report_showed_is_still_named_by_the_next() {
        let folder = tempfile::tempdir().expect("room");
        let mut fewer = results();
        write(&fewer, &context(Some("x.toml"), None), folder.path()).expect("free");
        let gone = fewer.trials.remove(0).runs;
        for _ in 0..2 {
            write(&fewer, &context(Some("x.toml"), None), folder.path()).expect("its own");
            let (manifest, _) = ReportManifest::read(folder.path()).expect("just written");
            let mut both = vec![gone.0.to_string(), gone.1.to_string()];
            both.sort();
            assert_eq!(manifest.held, both);
        }
        write(&results(), &context(Some("x.toml"), None), folder.path()).expect("its own");
        assert!(ReportManifest::read(folder.path()).expect("written").0.held.is_empty());
    }

    #[test]
    fn two_commits_that_begin_alike_have_folders_of_their_own() {
        let reports = tempfile::tempdir().expect("room");
        let at = |commit: &str| {
            let mut context = context(Some("x.toml"), None);
            context.source.as_mut().expect("given").commit = Some(commit.to_owned());
            context
        };
        let (one, two) = (at(&"1a2b3c4".repeat(5)), at(&format!("1a2b3c4{}", "f".repeat(33))));
        let first = default_folder(reports.path(), &results(), &one);
        write(&results(), &one, &first).expect("free");
        assert_eq!(default_folder(reports.path(), &results(), &one), first);
        let second = default_folder(reports.path(), &results(), &two);
        assert!(second != first && second.to_string_lossy().contains("1a2b3c4fff"));
    }
}
