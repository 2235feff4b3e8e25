//! The two fingerprints of a worker, and where the following starts.

use sha2::{Digest as _, Sha256};

use crate::closure::{Parts, parts};
use crate::error::Error;
use crate::member::MEMBERS;
use crate::sources::Sources;
use crate::tokens::update_text;
use crate::workspace::Workspace;

/// The files in which numbers are made, from where all that they rest on is
/// found. A root stands for the modules below it too.
#[derive(Clone, Copy, Debug)]
pub struct Roots {
    /// Those of training.
    pub training: &'static [&'static str],
    /// Those of evaluation.
    pub evaluation: &'static [&'static str],
}

/// The roots, the newest layout of the worker first: commits of before can
/// still be told apart. The first whose files are all there counts.
pub const ROOTS: [Roots; 2] = [
    Roots {
        training: &[
            "crates/worker/src/data/inputs.rs",
            "crates/worker/src/start.rs",
            "crates/worker/src/training/mod.rs",
        ],
        evaluation: &[
            "crates/worker/src/data/inputs.rs",
            "crates/worker/src/evaluation/mod.rs",
            "crates/worker/src/start.rs",
        ],
    },
    Roots {
        training: &[
            "crates/worker/src/run/inputs.rs",
            "crates/worker/src/run/training.rs",
            "crates/worker/src/start.rs",
        ],
        evaluation: &[
            "crates/worker/src/run/evaluation.rs",
            "crates/worker/src/run/inputs.rs",
            "crates/worker/src/start.rs",
        ],
    },
];

/// A fingerprint and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Over all parts.
    pub digest: [u8; 32],
    /// The parts.
    pub parts: Parts,
}

/// The code that numbers pass through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// In training.
    pub training: Fingerprint,
    /// In evaluation.
    pub evaluation: Fingerprint,
}

impl Code {
    /// Follows the code of the workspace in `sources`, to be run with
    /// `libtorch` in that version.
    ///
    /// # Errors
    /// When a file is missing or unreadable, or a path leads nowhere.
    pub fn of(sources: &dyn Sources, libtorch: &str) -> Result<Self, Error> {
        let workspace = Workspace::load(sources, &MEMBERS)?;
        let there = |roots: &Roots| {
            roots.training.iter().chain(roots.evaluation).all(|path| sources.read(path).is_some())
        };
        // Where none is there, the error names the newest.
        let roots = ROOTS.iter().find(|roots| there(roots)).unwrap_or(&ROOTS[0]);
        let of = |domain: &str, roots: &[&str]| -> Result<Fingerprint, Error> {
            let mut parts = parts(&workspace, sources, roots)?;
            let torch = format!("libtorch {libtorch}");
            parts.insert(torch.clone(), Sha256::digest(&torch).into());
            Ok(Fingerprint { digest: fingerprint(domain, &parts), parts })
        };
        Ok(Self {
            training: of("training", roots.training)?,
            evaluation: of("evaluation", roots.evaluation)?,
        })
    }

    /// The file that is written beside the worker, in format 2.
    pub fn to_json(&self) -> String {
        let parts = |fingerprint: &Fingerprint| {
            let line = |(name, digest): (&String, &[u8; 32])| {
                format!("      {}: \"{}\"", quoted(name), hex(digest))
            };
            fingerprint.parts.iter().map(line).collect::<Vec<_>>().join(",\n")
        };
        format!(
            "{{\n  \"format\": 2,\n  \"training\": \"{}\",\n  \"evaluation\": \"{}\",\n  \
             \"parts\": {{\n    \"training\": {{\n{}\n    }},\n    \"evaluation\": {{\n{}\n    }}\n  \
             }}\n}}\n",
            hex(&self.training.digest),
            hex(&self.evaluation.digest),
            parts(&self.training),
            parts(&self.evaluation),
        )
    }
}

/// The digest over `parts`, for what `domain` names. See the crate for the
/// bytes.
fn fingerprint(domain: &str, parts: &Parts) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(format!("jem fingerprint v2 {domain}\0"));
    for (name, digest) in parts {
        update_text(name, &mut hasher);
        hasher.update(digest);
    }
    hasher.finalize().into()
}

/// 64 lower-case hexadecimal characters.
pub fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `text` as JSON has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if (control as u32) < 0x20 => {
                quoted.push_str(&format!("\\u{:04x}", control as u32));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
