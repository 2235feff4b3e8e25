//! What can be asked of a run, by name, and what kind of value each name has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jem_core::diagnostic::{nearest, quoted_list};
use jem_core::metric::{describe, metrics};
use jem_core::spec::{FieldKind, field_kinds};

/// The kind of a name's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// One of these words.
    Word(Vec<&'static str>),
    /// Any text.
    Text,
    /// A digest or commit; its first characters stand for it.
    Id,
    /// A time in UTC, `2026-01-31T12:00:00Z`; a date alone is its first instant.
    Time,
    /// Values in their order.
    List,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number => f.write_str("a number"),
            Self::Flag => f.write_str("true or false"),
            Self::Word(words) => write!(f, "one of {}", quoted_list(words.iter().copied())),
            Self::Text => f.write_str("a text"),
            Self::Id => f.write_str("an id, of which the first characters are enough"),
            Self::Time => f.write_str("a time in UTC, such as 2026-01-31"),
            Self::List => f.write_str("a list"),
        }
    }
}

/// Groups of metrics that a short name means only where it names the group.
const OTHER: [&str; 2] = ["validation/", "calib_scaled/"];

/// What is known of every run beside its settings and metrics.
pub const FACTS: [(&str, Kind); 22] = [
    ("trial", Kind::Id),
    ("seed", Kind::Number),
    ("outcome", Kind::Word(Vec::new())),
    ("reason", Kind::Text),
    ("steps", Kind::Number),
    ("restarts", Kind::Number),
    ("commit", Kind::Id),
    ("evaluation_commit", Kind::Id),
    ("dirty", Kind::Flag),
    ("stale", Kind::Flag),
    ("started", Kind::Time),
    ("host", Kind::Text),
    ("hardware", Kind::Text),
    ("command", Kind::Text),
    ("libtorch", Kind::Text),
    ("run", Kind::Id),
    ("runs", Kind::Number),
    ("training_run", Kind::Id),
    ("cell", Kind::Id),
    ("evaluation", Kind::Id),
    ("training_code", Kind::Id),
    ("evaluation_code", Kind::Id),
];

/// The words of the fact `outcome`.
pub const OUTCOMES: [&str; 2] = ["finished", "diverged"];

/// The number of bins that is meant where none is written.
const USUAL_BINS: &str = "/bins=15";

/// Candidates listed at an ambiguous name.
const LISTED: usize = 8;

/// Every name, by its full form: facts have neither dot nor slash, settings
/// have dots, metrics slashes.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    names: BTreeMap<String, Kind>,
    /// Those that some run has a value of, where that is known.
    held: BTreeSet<String>,
}

/// Why a name means nothing, or too much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// What is wrong.
    pub message: String,
    /// What stands at the name.
    pub label: String,
    /// What is accepted.
    pub help: String,
}

impl Vocabulary {
    /// The facts, the settings, and the metrics `paths` that some run has.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let facts = FACTS.into_iter().map(|(name, kind)| {
            let kind = if name == "outcome" { Kind::Word(OUTCOMES.to_vec()) } else { kind };
            (name.to_owned(), kind)
        });
        let settings = field_kinds().map(|(path, kind)| {
            let kind = match kind {
                FieldKind::Number => Kind::Number,
                FieldKind::Boolean => Kind::Flag,
                FieldKind::Word(words) => Kind::Word(words),
                FieldKind::Text => Kind::Text,
                FieldKind::List => Kind::List,
            };
            (path.to_owned(), kind)
        });
        let metrics = paths.into_iter().map(|path| (path.to_owned(), Kind::Number));
        Self { names: facts.chain(settings).chain(metrics).collect(), held: BTreeSet::new() }
    }

    /// The same, where some run has a value of each of `names`: a name that is
    /// short for several is the one of them that runs have, if it is one.
    pub fn with_held<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.held = names.into_iter().map(str::to_owned).collect();
        self
    }

    /// Every name in full, with its kind, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = (&str, &Kind)> {
        self.names.iter().map(|(name, kind)| (name.as_str(), kind))
    }

    /// The full form of `written` and its kind: itself, or the one name that
    /// it is short for. `lambda` is short for `objective.lambda`, `ece` for
    /// `calib/ece/bins=15`, whichever other numbers of bins were measured.
    ///
    /// # Errors
    /// When there is no such name, or more than one.
    pub fn resolve(&self, written: &str) -> Result<(String, Kind), Unresolved> {
        if let Some(kind) = self.names.get(written) {
            return Ok((written.to_owned(), kind.clone()));
        }
        let short = |(name, _): &(&String, &Kind)| is_short_for(written, name);
        let mut found: Vec<(&String, &Kind)> = self.names.iter().filter(short).collect();
        let held = |(name, _): &&(&String, &Kind)| self.held.contains(*name);
        if found.iter().filter(held).count() == 1 {
            found.retain(|(name, _)| self.held.contains(*name));
        }
        // What a trial is, before how a part of its evaluation was asked for.
        if found.iter().any(|(name, _)| !name.starts_with("evaluate.")) {
            found.retain(|(name, _)| !name.starts_with("evaluate."));
        }
        // What was measured on the test set with the network as it is, before the
        // same on held-out images or after temperature scaling.
        let is_other = |name: &str| OTHER.iter().any(|group| name.starts_with(group));
        if found.iter().any(|(name, _)| !is_other(name)) {
            found.retain(|(name, _)| !is_other(name));
        }
        match found.as_slice() {
            [(name, kind)] => Ok(((*name).clone(), (*kind).clone())),
            // A metric that is declared and that no run here has.
            [] if describe(written).is_some() || declared(written) => {
                Ok((written.to_owned(), Kind::Number))
            }
            [] => Err(self.unknown(written)),
            several => match usual(several) {
                Some((name, kind)) => Ok((name.clone(), kind.clone())),
                None => Err(ambiguous(written, several)),
            },
        }
    }

    fn unknown(&self, written: &str) -> Unresolved {
        let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
        let shorts = field_kinds().map(|(path, _)| last(path));
        let metrics = metrics().flat_map(|metric| metric.pattern.split('/'));
        let metrics = metrics.filter(|part| !part.contains('<'));
        let all = self.names.keys().map(String::as_str).chain(shorts).chain(metrics);
        let meant = nearest(written, all).map(|name| format!("did you mean `{name}`?"));
        Unresolved {
            message: format!("no run has anything called `{written}`"),
            label: meant.unwrap_or_else(|| "unknown name".to_owned()),
            help: "`jem ls --names` lists every name and what values it has".to_owned(),
        }
    }
}

/// Of metrics that differ in their number of bins alone, the one that tables
/// and reports show too: 15 (Guo et al. 2017).
fn usual<'a>(several: &[(&'a String, &'a Kind)]) -> Option<(&'a String, &'a Kind)> {
    let usual = several.iter().find(|(name, _)| name.ends_with(USUAL_BINS))?;
    let family = usual.0.strip_suffix(USUAL_BINS)?;
    let same = |(name, _): &(&String, &Kind)| {
        let bins = name.strip_prefix(family).and_then(|rest| rest.strip_prefix("/bins="));
        bins.is_some_and(|bins| !bins.contains('/'))
    };
    several.iter().all(same).then_some(*usual)
}

fn ambiguous(written: &str, several: &[(&String, &Kind)]) -> Unresolved {
    let names = several.iter().take(LISTED).map(|(name, _)| name.as_str());
    let more = match several.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Unresolved {
        message: format!("`{written}` is short for {} names", several.len()),
        label: "write more of the one that is meant".to_owned(),
        help: format!("{}{more}", quoted_list(names)),
    }
}

/// Whether `written` is a short form of `name`: of a setting its last parts,
/// of a metric some of its parts in their order.
fn is_short_for(written: &str, name: &str) -> bool {
    if name.contains('/') {
        return parts_of(written, name.split('/'));
    }
    name.strip_suffix(written).is_some_and(|before| before.ends_with('.'))
}

/// Whether the parts of `written` stand among `parts` in this order.
fn parts_of<'a>(written: &str, mut parts: impl Iterator<Item = &'a str>) -> bool {
    written.split('/').all(|wanted| parts.any(|part| part == wanted))
}

/// Whether `written` is short for a declared metric, whatever its parameters.
fn declared(written: &str) -> bool {
    metrics().any(|metric| {
        let fixed = metric.pattern.split('/').filter(|part| !part.contains('<'));
        parts_of(written, fixed)
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const PATHS: [&str; 6] = [
        "clf/accuracy",
        "calib/ece/bins=15",
        "calib/ece_adaptive/bins=15",
        "ood/auroc/rotated/energy",
        "ood/auroc/rotated/max_softmax",
        "error/auroc/energy",
    ];

    #[test]
    fn of_several_names_the_one_that_runs_have_is_meant() {
        let vocabulary = Vocabulary::new([]);
        assert!(vocabulary.resolve("lr").unwrap_err().message.contains("short for 3"));
        let held = vocabulary.clone().with_held(["optimizer.adam.lr"]);
        assert_eq!(held.resolve("lr").unwrap().0, "optimizer.adam.lr");
        let both = vocabulary.with_held(["optimizer.adam.lr", "optimizer.sgd.lr"]);
        assert!(both.resolve("lr").is_err());
    }

    #[test]
    fn names_are_full_or_short_where_that_is_clear() {
        let held_out = ["validation/accuracy", "calib_scaled/ece/bins=15"];
        let vocabulary = Vocabulary::new(PATHS.into_iter().chain(held_out));
        for (written, full) in [
            ("lambda", "objective.lambda"),
            ("objective.lambda", "objective.lambda"),
            ("adam.lr", "optimizer.adam.lr"),
            ("accuracy", "clf/accuracy"),
            ("ece", "calib/ece/bins=15"),
            ("validation/accuracy", "validation/accuracy"),
            ("ood/energy", "ood/auroc/rotated/energy"),
            ("rotated/max_softmax", "ood/auroc/rotated/max_softmax"),
            ("seed", "seed"),
            // A fact before settings of the same ending.
            ("steps", "steps"),
            ("device", "resources.device"),
        ] {
            assert_eq!(vocabulary.resolve(written).unwrap().0, full);
        }
        let (_, kind) = vocabulary.resolve("outcome").unwrap();
        assert_eq!(kind, Kind::Word(vec!["finished", "diverged"]));
    }

    #[test]
    fn several_candidates_are_listed() {
        let vocabulary = Vocabulary::new(["calib/ece/bins=10", "calib/ece/bins=20"]);
        let error = vocabulary.resolve("ece").unwrap_err();
        assert_eq!(error.help, "`calib/ece/bins=10`, `calib/ece/bins=20`");
        assert_eq!(vocabulary.resolve("ece/bins=20").unwrap().0, "calib/ece/bins=20");
        let error = Vocabulary::new(PATHS).resolve("bins=15").unwrap_err();
        assert_eq!(error.help, "`calib/ece/bins=15`, `calib/ece_adaptive/bins=15`");
        let error = vocabulary.resolve("noise_std").unwrap_err();
        assert_eq!(error.help, "`data.noise_std`, `sampler.noise_std`");
    }

    #[test]
    fn of_several_numbers_of_bins_15_are_meant() {
        let vocabulary = Vocabulary::new(PATHS.into_iter().chain(["calib/ece/bins=20"]));
        assert_eq!(vocabulary.resolve("ece").unwrap().0, "calib/ece/bins=15");
        assert_eq!(vocabulary.resolve("calib/ece").unwrap().0, "calib/ece/bins=15");
    }

    #[test]
    fn a_declared_metric_that_no_run_has_is_a_name() {
        let vocabulary = Vocabulary::new([]);
        for written in ["ece", "calib/ece/bins=20", "aupr_in", "ood/auroc/mnist/energy"] {
            assert_eq!(vocabulary.resolve(written), Ok((written.to_owned(), Kind::Number)));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let vocabulary = Vocabulary::new(PATHS);
        for (written, meant) in
            [("lamda", "lambda"), ("acuracy", "accuracy"), ("outcom", "outcome"), ("sed", "seed")]
        {
            let error = vocabulary.resolve(written).unwrap_err();
            assert_eq!(error.label, format!("did you mean `{meant}`?"));
        }
        assert_eq!(vocabulary.resolve("xyzzy").unwrap_err().label, "unknown name");
        assert!(vocabulary.resolve("").is_err());
        assert!(vocabulary.resolve("/").is_err());
    }
}
