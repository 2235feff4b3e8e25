//! The two stages of a trial, and the parts of the code that each rests on.

use std::collections::BTreeMap;
use std::fmt;

use jem_core::digest::Digest;
use jem_core::provenance::Code;

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

impl Stage {
    /// The fingerprint of this stage's code.
    pub fn fingerprint(self, code: &Code) -> Digest {
        match self {
            Self::Training => code.fingerprints.training,
            Self::Evaluation => code.fingerprints.evaluation,
        }
    }

    /// The parts of this stage's code by name; none where the build did not
    /// say.
    pub fn parts(self, code: &Code) -> Option<&BTreeMap<String, Digest>> {
        let parts = match self {
            Self::Training => &code.parts.training,
            Self::Evaluation => &code.parts.evaluation,
        };
        Some(parts).filter(|parts| !parts.is_empty())
    }

    /// The parts of this stage's code in which `old` and `new` differ: `a.rs`,
    /// `b.rs (new)`, `c.rs (gone)`, `crate tch 0.24.0 → 0.25.0`; empty where
    /// either does not know its parts.
    pub fn changed(self, old: &Code, new: &Code) -> Vec<String> {
        let (Some(old), Some(new)) = (self.parts(old), self.parts(new)) else {
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
    use jem_core::provenance::{Fingerprints, Parts};

    fn code(parts: &[(&str, &str)]) -> Code {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let parts = parts.iter().map(|(name, text)| ((*name).to_owned(), digest(text)));
        Code {
            fingerprints: Fingerprints { training: digest("t"), evaluation: digest("e") },
            parts: Parts { training: parts.collect(), evaluation: BTreeMap::new() },
        }
    }

    #[test]
    fn changed_parts_are_named_and_versions_of_a_crate_are_one_part() {
        let old = code(&[("a.rs", "1"), ("b.rs", "1"), ("c.rs", "1"), ("crate tch 0.24.0", "1")]);
        let new = code(&[("a.rs", "1"), ("b.rs", "2"), ("d.rs", "1"), ("crate tch 0.25.0", "2")]);
        assert_eq!(
            Stage::Training.changed(&old, &new),
            ["b.rs", "c.rs (gone)", "crate tch 0.24.0 → 0.25.0", "d.rs (new)"]
        );
        assert!(Stage::Training.changed(&new, &new).is_empty());
        assert!(Stage::Evaluation.changed(&old, &new).is_empty());
    }
}
