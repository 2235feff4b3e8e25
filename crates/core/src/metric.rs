//! What every metric is: its path, unit, range and direction.
//!
//! A metric is named by a path with parameters, such as `clf/accuracy`,
//! `calib/ece/bins=15` or `ood/auroc/fashion-mnist/energy`. The worker writes
//! values under these paths; tables and charts take name, unit and direction
//! from here.

mod counted;
mod declared;
mod held_out;
mod likelihood;
mod purified;
mod range;
mod trivial;

use std::fmt;

pub use counted::{Counted, counted};
pub use range::Range;
pub use trivial::TrivialScore;

/// Which of two values is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The larger value.
    HigherIsBetter,
    /// The smaller value.
    LowerIsBetter,
    /// Neither: the metric describes, it does not judge.
    None,
}

/// What a value is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share or probability in `[0, 1]`; may be printed as a percentage.
    Fraction,
    /// Natural logarithms: energies, logits, log-likelihoods, entropies.
    Nat,
    /// A pure number that is no share.
    Dimensionless,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fraction => "fraction",
            Self::Nat => "nat",
            Self::Dimensionless => "1",
        })
    }
}

/// The declaration of a metric or of a family that differs in its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricInfo {
    /// The path, where `<name>` stands for a parameter: a whole segment, or, as
    /// in `bins=<m>`, what follows the equals sign.
    pub pattern: &'static str,
    /// The short name for people, without the parameters.
    pub name: &'static str,
    /// The unit of the value.
    pub unit: Unit,
    /// Which values there can be. No interval, axis or whisker leaves it.
    pub range: Range,
    /// Which values are better.
    pub direction: Direction,
    /// What it measures and by which convention, in a sentence.
    pub doc: &'static str,
}

/// A metric with the range that follows from its unit: [0, 1] for a fraction,
/// every number else. See [`MetricInfo::within`].
const fn metric(
    pattern: &'static str,
    name: &'static str,
    unit: Unit,
    direction: Direction,
    doc: &'static str,
) -> MetricInfo {
    let range = match unit {
        Unit::Fraction => Range::UNIT,
        Unit::Nat | Unit::Dimensionless => Range::Any,
    };
    MetricInfo { pattern, name, unit, range, direction, doc }
}

impl MetricInfo {
    /// The same with another range.
    const fn within(self, range: Range) -> Self {
        Self { range, ..self }
    }
}

/// The temperature that a training's chains are nominally at: a point of its
/// curves, and a metric of its evaluation.
pub const EFFECTIVE_TEMPERATURE: &str = "sampler/effective_temperature";

/// Every metric there is, in the order in which tables show them.
pub fn metrics() -> impl Iterator<Item = &'static MetricInfo> {
    declared::METRICS
        .iter()
        .chain(&purified::PURIFIED)
        .chain(&held_out::HELD_OUT)
        .chain(&likelihood::LIKELIHOOD)
}

/// The declaration of the metric at `path`, or `None` if there is no such metric.
pub fn describe(path: &str) -> Option<MetricInfo> {
    metrics().copied().find(|info| parameters(info.pattern, path).is_some())
}

/// The range of the metric at `path`; of what is no metric, every number.
pub fn range(path: &str) -> Range {
    describe(path).map_or(Range::Any, |info| info.range)
}

/// A short name of the metric at `path` for people: `ECE, 15 bins`,
/// `AUROC, fashion-mnist, energy`. A path that is no metric is its own label.
pub fn label(path: &str) -> String {
    let declared = metrics().find_map(|info| Some((info.name, parameters(info.pattern, path)?)));
    let Some((name, parameters)) = declared else {
        return path.to_owned();
    };
    parameters.into_iter().fold(name.to_owned(), |label, (key, value)| match key {
        Some(key) => format!("{label}, {value} {key}"),
        None => format!("{label}, {value}"),
    })
}

/// The parameters of `path`, each with its key if it has one, or `None` if
/// `path` does not match `pattern`. A parameter is never empty, and one with a
/// key is a positive whole number.
fn parameters<'p>(
    pattern: &'static str,
    path: &'p str,
) -> Option<Vec<(Option<&'static str>, &'p str)>> {
    let mut wanted = pattern.split('/');
    let mut parameters = Vec::new();
    for segment in path.split('/') {
        let slot = wanted.next()?;
        if slot == segment {
            continue;
        }
        if slot.starts_with('<') && !segment.is_empty() {
            parameters.push((None, segment));
            continue;
        }
        let (key, _) = slot.split_once("=<")?;
        let value = segment.strip_prefix(key)?.strip_prefix('=')?;
        if !is_count(value) {
            return None;
        }
        parameters.push((Some(key), value));
    }
    wanted.next().is_none().then_some(parameters)
}

/// Whether `text` is a positive whole number in its one usual form, so that one
/// metric never has two paths.
fn is_count(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() && !text.starts_with('0')
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn paths_are_described_by_their_pattern() {
        let auroc = describe("ood/auroc/fashion-mnist/energy").unwrap();
        assert_eq!(auroc.pattern, "ood/auroc/<set>/<score>");
        assert_eq!(auroc.direction, Direction::HigherIsBetter);
        let ece = describe("calib/ece/bins=20").unwrap();
        assert_eq!(ece.direction, Direction::LowerIsBetter);
        assert_eq!(describe("clf/nll").unwrap().unit.to_string(), "nat");
        assert_eq!(describe("energy/mean/mnist").unwrap().direction, Direction::None);
    }

    /// A metric that is added here without a range shows in this list.
    #[test]
    fn only_energies_and_what_is_made_of_them_can_be_any_number() {
        let any: Vec<&str> =
            metrics().filter(|info| info.range == Range::Any).map(|info| info.pattern).collect();
        let expected = [
            "chains/energy/<start>",
            "chains/energy_change/<start>",
            "energy/mean/<set>",
            "purified/threshold",
            "likelihood/nats/<density>",
            "likelihood/bits_per_dim/<density>",
            "likelihood/log_z/<density>",
            "likelihood/log_z_gap/<density>",
        ];
        assert_eq!(any, expected);
        for info in metrics().filter(|info| info.unit == Unit::Fraction) {
            assert_eq!(info.range, Range::UNIT, "{}", info.pattern);
        }
        assert_eq!(range("ood/auroc/rotated/energy"), Range::UNIT);
        assert_eq!(range("calib/gap"), Range::SIGNED);
        assert_eq!(range("no/such/metric"), Range::Any);
    }

    #[test]
    fn what_is_no_metric_is_not_described() {
        for path in [
            "",
            "clf",
            "clf/accuracy/",
            "clf/accuracy/mnist",
            "calib/ece",
            "calib/ece/bins=",
            "calib/ece/bins=0",
            "calib/ece/bins=015",
            "calib/ece/bins=+15",
            "calib/ece/15",
            "ood/auroc/fashion-mnist",
            "ood/auroc//energy",
            "ood/auroc/fashion-mnist/energy/more",
        ] {
            assert_eq!(describe(path), None, "{path}");
        }
    }

    #[test]
    fn trivial_scores_have_the_metrics_of_every_score() {
        for score in TrivialScore::ALL {
            assert_eq!(TrivialScore::named(score.name()), Some(score));
            for path in ["ood/auroc/rotated", "ood/fpr95_id_positive/rotated", "ood/auroc_near"] {
                assert!(describe(&format!("{path}/{}", score.name())).is_some(), "{path}");
            }
        }
        assert_eq!(TrivialScore::named("energy"), None);
    }

    #[test]
    fn labels_are_short_and_say_the_parameters() {
        for (path, expected) in [
            ("clf/accuracy", "accuracy"),
            ("calib/ece/bins=15", "ECE, 15 bins"),
            ("ood/auroc/fashion-mnist/energy", "AUROC, fashion-mnist, energy"),
            ("error/auroc/max_softmax", "error AUROC, max_softmax"),
            ("energy/mean/fashion-mnist", "mean energy, fashion-mnist"),
            ("no/such/metric", "no/such/metric"),
        ] {
            assert_eq!(label(path), expected);
        }
    }

    #[test]
    fn every_declaration_is_complete_and_none_stands_twice() {
        for (i, info) in metrics().enumerate() {
            assert!(info.doc.ends_with('.'), "{}", info.pattern);
            for other in metrics().take(i) {
                assert_ne!(info.pattern, other.pattern);
                assert_ne!(info.name, other.name);
            }
            let path = info
                .pattern
                .split('/')
                .map(|slot| match slot.split_once("=<") {
                    Some((key, _)) => format!("{key}=7"),
                    None => slot.trim_matches(['<', '>']).to_owned(),
                })
                .collect::<Vec<_>>()
                .join("/");
            assert_eq!(describe(&path), Some(*info), "{path}");
        }
    }
}
