//! What a report's folder was made from, and of what: `manifest.json`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use jem_core::digest::Digest;
use jem_core::durable;
use jem_core::provenance::SourceState;
use serde::{Deserialize, Serialize};

use super::ReportContext;
use crate::table::{Results, TrialResult};

/// The file that is written last.
pub(super) const MANIFEST: &str = "manifest.json";
/// No such file is longer, in bytes.
const LONGEST: u64 = 256 << 20;
/// The version of that file. Version 1 had neither `source`, `data` nor the
/// experiment's `file`.
pub(super) const FORMAT: u32 = 2;

/// A report's record of what it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportManifest {
    /// The version of this record.
    pub format: u32,
    /// The command that made the report.
    pub command: String,
    /// The version of the program.
    pub version: String,
    /// The commit as people read it: `1a2b3c4`, `1a2b3c4-dirty`, `no-commit`.
    pub commit: String,
    /// The state of the checkout in full; none outside one, or in version 1.
    #[serde(default)]
    pub source: Option<SourceState>,
    /// The experiment.
    pub experiment: ReportedExperiment,
    /// Name and digest of every data file that its trials read; empty in
    /// version 1.
    #[serde(default)]
    pub data: Vec<(String, Digest)>,
    /// The runs of every trial.
    pub runs: Vec<ReportedRuns>,
    /// Digests by path, `/` between the parts.
    pub files: BTreeMap<String, Digest>,
}

/// The experiment of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportedExperiment {
    /// Its name.
    pub name: String,
    /// The digest of its file.
    pub digest: Digest,
    /// Where its file lies in the checkout, `/` between the parts; none where
    /// it lies outside, or in version 1.
    #[serde(default)]
    pub file: Option<String>,
}

/// The runs of a trial, and one digest over the results of each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportedRuns {
    /// The trial.
    pub trial: String,
    /// Its training run.
    pub training: String,
    /// Over what training left.
    pub training_results: Digest,
    /// Its evaluation run.
    pub evaluation: String,
    /// Over what the evaluation left.
    pub evaluation_results: Digest,
    /// Why a person accepted these runs for the trial, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// Every model of processor that made them; not known, and empty, in older
    /// reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
}

/// Why a report's manifest could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not there, or the file system said no.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no such file.
    #[error("{path} is no manifest of a report: {reason}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It was written by a newer version.
    #[error(
        "{path} has format {found}; this version reads up to {FORMAT}\n  try: a newer jem",
        path = path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

impl ReportManifest {
    /// The manifest of `results`, told in `files`.
    pub(super) fn new(
        results: &Results,
        context: &ReportContext,
        files: BTreeMap<String, Digest>,
    ) -> Self {
        let runs = |trial: &TrialResult| ReportedRuns {
            trial: trial.trial.to_string(),
            training: trial.runs.0.to_string(),
            training_results: trial.digests.0,
            evaluation: trial.runs.1.to_string(),
            evaluation_results: trial.digests.1,
            accepted: trial.accepted.clone(),
            models: trial.hardware.models().into_iter().map(str::to_owned).collect(),
        };
        Self {
            format: FORMAT,
            command: context.command.clone(),
            version: context.version.clone(),
            commit: context.commit(),
            source: context.source.clone(),
            experiment: ReportedExperiment {
                name: results.experiment.name.clone(),
                digest: context.experiment,
                file: context.file.clone(),
            },
            data: results.data.clone(),
            runs: results.trials.iter().map(runs).collect(),
            files,
        }
    }

    /// Reads the manifest at `path`, a report's folder or the file itself, of
    /// this version or an older one. Says where it lies as well.
    ///
    /// # Errors
    /// When it is not there, is no manifest, or is of a newer version.
    pub fn read(path: &Path) -> Result<(Self, PathBuf), ManifestError> {
        let path = if path.is_dir() { path.join(MANIFEST) } else { path.to_owned() };
        let text = match durable::read_at_most(&path, LONGEST) {
            Ok(text) => text,
            Err(source) => return Err(ManifestError::Io { path, source }),
        };
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let unreadable = |error: serde_json::Error| ManifestError::Unreadable {
            path: path.clone(),
            reason: error.to_string(),
        };
        let version: Version = serde_json::from_slice(&text).map_err(unreadable)?;
        if version.format > FORMAT {
            return Err(ManifestError::Newer { path, found: version.format });
        }
        let manifest = serde_json::from_slice(&text).map_err(unreadable)?;
        Ok((manifest, path))
    }
}
