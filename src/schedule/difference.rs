//! The parts of a key in which two runs of a trial differ, old → new.

use std::fmt;

use jem_core::digest::Digest;
use jem_core::id::RunParts;
use jem_core::provenance::Code;

use super::Stage;

/// Hexadecimal characters of a digest that people are shown.
const SHORT: usize = 10;
/// Changed parts of the code that a line names; the others are counted.
const NAMED: usize = 3;

/// What the runs of a trial rest on.
#[derive(Clone, Copy, Debug)]
pub struct Rests<'a> {
    /// The parts of the training run.
    pub training: &'a RunParts,
    /// The parts of the evaluation run, where there is one.
    pub evaluation: Option<&'a RunParts>,
    /// The code of the training run, where it is recorded.
    pub trained_by: Option<&'a Code>,
    /// The code of the evaluation run, where it is recorded.
    pub evaluated_by: Option<&'a Code>,
}

/// One part that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    /// The code of a stage.
    Code {
        /// Of which run.
        stage: Stage,
        /// The fingerprint it had.
        from: Digest,
        /// The fingerprint wanted.
        to: Digest,
        /// The modules and crates that differ; empty where it is not recorded.
        changed: Vec<String>,
    },
    /// The environment key.
    Environment {
        /// What it was.
        from: String,
        /// What is wanted.
        to: String,
    },
    /// A data file.
    Data {
        /// Its name.
        file: String,
        /// Its bytes then; none where it was not read.
        from: Option<Digest>,
        /// Its bytes now; none where it is not read.
        to: Option<Digest>,
    },
    /// The same data files in another order.
    Order,
}

/// Each part in which `new` differs from `old`, which are runs of one trial.
pub fn differences(old: Rests<'_>, new: Rests<'_>) -> Vec<Difference> {
    let mut found = code(old, new);
    if old.training.environment != new.training.environment {
        let (from, to) = (old.training.environment.clone(), new.training.environment.clone());
        found.push(Difference::Environment { from, to });
    }
    let (before, now) = match (old.evaluation, new.evaluation) {
        // The evaluation's data begin with those of training.
        (Some(old), Some(new)) => (&old.data, &new.data),
        _ => (&old.training.data, &new.training.data),
    };
    found.extend(data(before, now));
    found
}

fn code(old: Rests<'_>, new: Rests<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    let part = |stage, from, to, codes: (Option<&Code>, Option<&Code>)| Difference::Code {
        stage,
        from,
        to,
        changed: match codes {
            (Some(old), Some(new)) => stage.changed(old, new),
            _ => Vec::new(),
        },
    };
    let (from, to) = (old.training.fingerprint, new.training.fingerprint);
    let trained_differently = from != to;
    if trained_differently {
        found.push(part(Stage::Training, from, to, (old.trained_by, new.trained_by)));
    }
    if let (Some(before), Some(now)) = (old.evaluation, new.evaluation)
        && before.fingerprint != now.fingerprint
    {
        let codes = (old.evaluated_by, new.evaluated_by);
        let fingerprint = |code| Stage::Evaluation.fingerprint(code);
        match codes {
            (Some(old), Some(new)) if fingerprint(old) != fingerprint(new) => {
                found.push(part(Stage::Evaluation, fingerprint(old), fingerprint(new), codes));
            }
            // An evaluation's fingerprint is over that of training as well: if
            // that differs, this one has to.
            _ if trained_differently => {}
            _ => {
                found.push(part(Stage::Evaluation, before.fingerprint, now.fingerprint, codes));
            }
        }
    }
    found
}

fn data(old: &[(String, Digest)], new: &[(String, Digest)]) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut came: Vec<&(String, Digest)> = new.iter().filter(|file| !old.contains(file)).collect();
    for (file, digest) in old.iter().filter(|file| !new.contains(file)) {
        let next = came.iter().position(|(name, _)| name == file);
        let to = next.map(|place| came.remove(place).1);
        found.push(Difference::Data { file: file.clone(), from: Some(*digest), to });
    }
    let new_file = |(file, to): &(String, Digest)| Difference::Data {
        file: file.clone(),
        from: None,
        to: Some(*to),
    };
    found.extend(came.into_iter().map(new_file));
    found.dedup();
    if found.is_empty() && old != new {
        found.push(Difference::Order);
    }
    found
}

impl Difference {
    /// How many modules or crates differ; 1 where it is not known.
    pub fn weight(&self) -> usize {
        match self {
            Self::Code { changed, .. } => changed.len().max(1),
            _ => 1,
        }
    }

    /// The difference in full: every changed part of the code.
    pub fn in_full(&self) -> String {
        self.told(usize::MAX)
    }

    fn told(&self, named: usize) -> String {
        let short = |digest: &Option<Digest>| {
            digest.map_or_else(|| "none".to_owned(), |digest| digest.short(SHORT))
        };
        match self {
            Self::Code { stage, from, to, changed } => {
                let (from, to) = (from.short(SHORT), to.short(SHORT));
                if changed.is_empty() {
                    return format!("{stage} code: {from} → {to}");
                }
                let shown = changed.iter().take(named).cloned().collect::<Vec<_>>().join(", ");
                let more = match changed.len().saturating_sub(named) {
                    0 => String::new(),
                    n => format!(" and {n} more"),
                };
                format!("{stage} code: {shown}{more} ({from} → {to})")
            }
            Self::Environment { from, to } => {
                let (from, to) = only_what_differs(from, to);
                format!("environment: {from} → {to}")
            }
            Self::Data { file, from, to } => {
                format!("data: {file} {} → {}", short(from), short(to))
            }
            Self::Order => "data: the same files in another order".to_owned(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(NAMED))
    }
}

/// The words of two environment keys that are not in both.
fn only_what_differs(from: &str, to: &str) -> (String, String) {
    let words = |text: &str, other: &str| {
        let other: Vec<&str> = other.split(' ').collect();
        text.split(' ').filter(|word| !other.contains(word)).collect::<Vec<_>>().join(" ")
    };
    let (mine, theirs) = (words(from, to), words(to, from));
    if mine.is_empty() || theirs.is_empty() {
        return (from.to_owned(), to.to_owned());
    }
    (mine, theirs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jem_core::provenance::{Fingerprints, Parts};
    use std::collections::BTreeMap;

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    fn code(training: &str, evaluation: &str) -> Code {
        let part = |text: &str| BTreeMap::from([("a.rs".to_owned(), digest(text))]);
        let parts = Parts { training: part(training), evaluation: part(evaluation) };
        let (training, evaluation) = (digest(training), digest(evaluation));
        let fingerprints = Fingerprints { training, evaluation };
        Code { fingerprints, parts }
    }

    /// The parts of both runs by `code`, with `file` read by the evaluation.
    fn parts(code: &Code, environment: &str, file: &str) -> (RunParts, RunParts) {
        let Fingerprints { training, .. } = code.fingerprints;
        let run = |fingerprint, data| RunParts {
            of: digest("trial"),
            fingerprint,
            environment: environment.to_owned(),
            data,
        };
        let train = ("train".to_owned(), digest("train"));
        let both = code.fingerprints.both();
        let data = vec![train.clone(), ("test".to_owned(), digest(file))];
        (run(training, vec![train]), run(both, data))
    }

    fn between(old: (&Code, &str, &str), new: (&Code, &str, &str), recorded: bool) -> Vec<String> {
        let (a, b) = (parts(old.0, old.1, old.2), parts(new.0, new.1, new.2));
        fn rests<'a>(parts: &'a (RunParts, RunParts), code: Option<&'a Code>) -> Rests<'a> {
            let (training, evaluation) = (&parts.0, Some(&parts.1));
            Rests { training, evaluation, trained_by: code, evaluated_by: code }
        }
        let found = differences(rests(&a, recorded.then_some(old.0)), rests(&b, Some(new.0)));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_part_that_differs_is_named_old_and_new() {
        let (one, two) = (code("t1", "e1"), code("t2", "e1"));
        let short = |text: &str| digest(text).short(SHORT);
        let env = "device=cpu threads=1";
        assert!(between((&one, env, "x"), (&one, env, "x"), true).is_empty());
        assert_eq!(
            between((&one, env, "x"), (&two, "device=cpu threads=2", "y"), true),
            [
                format!("training code: a.rs ({} → {})", short("t1"), short("t2")),
                "environment: threads=1 → threads=2".to_owned(),
                format!("data: test {} → {}", short("x"), short("y")),
            ]
        );
    }

    #[test]
    fn code_that_only_evaluates_is_told_apart_from_code_that_trains() {
        let (one, both) = (code("t1", "e1"), code("t2", "e2"));
        let only = code("t1", "e2");
        let told = |new: &Code, recorded| between((&one, "cpu", "x"), (new, "cpu", "x"), recorded);
        let stages = |told: Vec<String>| -> Vec<String> {
            told.iter().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(stages(told(&only, true)), ["evaluation"]);
        assert_eq!(stages(told(&only, false)), ["evaluation"]);
        assert_eq!(stages(told(&both, true)), ["training", "evaluation"]);
        // Without a record of the old code nothing is claimed of evaluation.
        assert_eq!(stages(told(&both, false)), ["training"]);
    }

    #[test]
    fn files_that_came_and_went_are_named() {
        let file = |name: &str, text: &str| (name.to_owned(), digest(text));
        let (a, b) = (file("a", "1"), file("b", "1"));
        let found = data(std::slice::from_ref(&a), std::slice::from_ref(&b));
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        let short = digest("1").short(SHORT);
        assert_eq!(told, [format!("data: a {short} → none"), format!("data: b none → {short}")]);
        assert_eq!(data(&[a.clone(), b.clone()], &[b, a]), [Difference::Order]);
    }

    #[test]
    fn a_line_names_a_few_modules_and_counts_the_others() {
        let changed: Vec<String> = (0..5).map(|n| format!("{n}.rs")).collect();
        let (from, to) = (digest("a"), digest("b"));
        let difference = Difference::Code { stage: Stage::Training, from, to, changed };
        assert!(difference.to_string().contains("0.rs, 1.rs, 2.rs and 2 more ("));
        assert!(difference.in_full().contains("3.rs, 4.rs ("));
        assert_eq!(difference.weight(), 5);
    }
}
