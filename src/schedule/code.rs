//! The parts of the code that makes numbers, as the build describes them in
//! the worker's fingerprint file.

use std::collections::BTreeMap;
use std::fmt;

use jem_core::digest::Digest;
use jem_core::provenance::Fingerprints;
use serde::Deserialize;

/// Which of a trial's two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The training run.
    Training,
    /// The evaluation run.
    Evaluation,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Training => "training",
            Self::Evaluation => "evaluation",
        })
    }
}

/// What a worker was built from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Code {
    /// Over all that training passes through.
    pub training: Digest,
    /// Over all that evaluation passes through.
    pub evaluation: Digest,
    /// The digest of each part (a module's path, `crate tch 0.24.0`,
    /// `libtorch 2.11.0`), by `training` and `evaluation`; empty where the
    /// build did not say.
    #[serde(default)]
    pub parts: BTreeMap<String, BTreeMap<String, Digest>>,
}

impl From<Fingerprints> for Code {
    fn from(fingerprints: Fingerprints) -> Self {
        let Fingerprints { training, evaluation } = fingerprints;
        Self { training, evaluation, parts: BTreeMap::new() }
    }
}

impl Code {
    /// Reads the bytes of a fingerprint file; none where they are no such
    /// file. Fields of a later version are passed over.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The fingerprint of `stage`.
    pub fn fingerprint(&self, stage: Stage) -> Digest {
        match stage {
            Stage::Training => self.training,
            Stage::Evaluation => self.evaluation,
        }
    }

    /// The parts of `stage` by name; none where the build did not say.
    pub fn parts_of(&self, stage: Stage) -> Option<&BTreeMap<String, Digest>> {
        self.parts.get(&stage.to_string()).filter(|parts| !parts.is_empty())
    }

    /// The parts of `stage` in which `old` and `self` differ: `a.rs`,
    /// `b.rs (new)`, `c.rs (gone)`, `crate tch 0.24.0 → 0.25.0`; empty where
    /// either does not know its parts.
    pub fn changed_since(&self, old: &Self, stage: Stage) -> Vec<String> {
        let (Some(old), Some(new)) = (old.parts_of(stage), self.parts_of(stage)) else {
            return Vec::new();
        };
        let mut changed = Vec::new();
        let mut came: Vec<&str> =
            new.keys().filter(|name| !old.contains_key(*name)).map(String::as_str).collect();
        for (name, digest) in old {
            match new.get(name) {
                Some(now) if now == digest => {}
                Some(_) => changed.push(name.clone()),
                None => {
                    // A version is part of a crate's name.
                    let next = came.iter().position(|other| same_crate(name, other));
                    changed.push(match next.map(|place| came.remove(place)) {
                        Some(other) => format!("{name} → {}", version(other)),
                        None => format!("{name} (gone)"),
                    });
                }
            }
        }
        changed.extend(came.into_iter().map(|name| format!("{name} (new)")));
        changed
    }
}

/// Whether `one` and `other` are versions of one crate, or of libtorch.
fn same_crate(one: &str, other: &str) -> bool {
    let head = |name: &'_ str| name.rsplit_once(' ').map(|(head, _)| head.to_owned());
    head(one).is_some() && head(one) == head(other)
}

fn version(name: &str) -> &str {
    name.rsplit_once(' ').map_or(name, |(_, version)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(parts: &[(&str, &str)]) -> Code {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let parts = parts.iter().map(|(name, text)| ((*name).to_owned(), digest(text)));
        Code {
            training: digest("t"),
            evaluation: digest("e"),
            parts: BTreeMap::from([("training".to_owned(), parts.collect())]),
        }
    }

    #[test]
    fn changed_parts_are_named_and_versions_of_a_crate_are_one_part() {
        let old = code(&[("a.rs", "1"), ("b.rs", "1"), ("c.rs", "1"), ("crate tch 0.24.0", "1")]);
        let new = code(&[("a.rs", "1"), ("b.rs", "2"), ("d.rs", "1"), ("crate tch 0.25.0", "2")]);
        assert_eq!(
            new.changed_since(&old, Stage::Training),
            ["b.rs", "c.rs (gone)", "crate tch 0.24.0 → 0.25.0", "d.rs (new)"]
        );
        assert!(new.changed_since(&new, Stage::Training).is_empty());
        assert!(new.changed_since(&old, Stage::Evaluation).is_empty());
    }

    #[test]
    fn a_file_without_parts_is_read_and_so_is_one_of_a_later_version() {
        let digest = Digest::of(b"x");
        let old = format!(r#"{{"training":"{digest}","evaluation":"{digest}"}}"#);
        let later =
            format!(r#"{{"format":3,"more":[],"training":"{digest}","evaluation":"{digest}"}}"#);
        assert!(Code::read(old.as_bytes()).is_some_and(|code| code.parts.is_empty()));
        assert!(Code::read(later.as_bytes()).is_some());
        assert!(Code::read(b"{").is_none());
    }
}
