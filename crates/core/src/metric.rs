//! What every metric is: its path, unit and direction.
//!
//! A metric is named by a path with parameters, such as `clf/accuracy`,
//! `calib/ece/bins=15` or `ood/auroc/fashion-mnist/energy`. The worker writes
//! values under these paths; tables and charts take name, unit and direction
//! from here.

mod purified;

use std::fmt;

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
    /// Which values are better.
    pub direction: Direction,
    /// What it measures and by which convention, in a sentence.
    pub doc: &'static str,
}

const fn metric(
    pattern: &'static str,
    name: &'static str,
    unit: Unit,
    direction: Direction,
    doc: &'static str,
) -> MetricInfo {
    MetricInfo { pattern, name, unit, direction, doc }
}

use Direction::{HigherIsBetter, LowerIsBetter};

/// The temperature that a training's chains are nominally at: a point of its
/// curves, and a metric of its evaluation.
pub const EFFECTIVE_TEMPERATURE: &str = "sampler/effective_temperature";

/// Metrics, in the order in which tables show them; [`metrics`] has all.
pub const METRICS: &[MetricInfo] = &[
    metric(
        "clf/accuracy",
        "accuracy",
        Unit::Fraction,
        HigherIsBetter,
        "Share of inputs whose most probable class is their label.",
    ),
    metric(
        "clf/nll",
        "NLL",
        Unit::Nat,
        LowerIsBetter,
        "Mean negative log-likelihood of the label, unclipped.",
    ),
    metric(
        "clf/brier",
        "Brier score",
        Unit::Dimensionless,
        LowerIsBetter,
        "Squared error of the probabilities, summed over classes (0 to 2), mean over inputs.",
    ),
    metric(
        "calib/ece/bins=<m>",
        "ECE",
        Unit::Fraction,
        LowerIsBetter,
        "Expected calibration error of the predicted class over equal-width bins (lo, hi].",
    ),
    metric(
        "calib/ece_adaptive/bins=<m>",
        "adaptive ECE",
        Unit::Fraction,
        LowerIsBetter,
        "Expected calibration error of the predicted class over equal-mass bins.",
    ),
    metric(
        "calib/mce/bins=<m>",
        "MCE",
        Unit::Fraction,
        LowerIsBetter,
        "Largest calibration error among equal-width bins (lo, hi].",
    ),
    metric(
        "ood/auroc/<set>/<score>",
        "AUROC",
        Unit::Fraction,
        HigherIsBetter,
        "Chance that an OOD input scores above an ID input, ties as half.",
    ),
    metric(
        "ood/auroc_low/<set>/<score>",
        "AUROC, lower end",
        Unit::Fraction,
        HigherIsBetter,
        "2.5 % quantile of AUROC over bootstrap resamples of the ID and the OOD inputs.",
    ),
    metric(
        "ood/auroc_high/<set>/<score>",
        "AUROC, upper end",
        Unit::Fraction,
        HigherIsBetter,
        "97.5 % quantile of AUROC over bootstrap resamples of the ID and the OOD inputs.",
    ),
    metric(
        "ood/aupr_in/<set>/<score>",
        "AUPR-in",
        Unit::Fraction,
        HigherIsBetter,
        "Average precision with ID positive; depends on the sizes of both sets.",
    ),
    metric(
        "ood/aupr_out/<set>/<score>",
        "AUPR-out",
        Unit::Fraction,
        HigherIsBetter,
        "Average precision with OOD positive; depends on the sizes of both sets.",
    ),
    metric(
        "ood/fpr95_id_positive/<set>/<score>",
        "FPR95 (ID positive)",
        Unit::Fraction,
        LowerIsBetter,
        "Share of OOD inputs accepted when at least 95 % of ID inputs are.",
    ),
    metric(
        "ood/fpr95_ood_positive/<set>/<score>",
        "FPR95 (OOD positive)",
        Unit::Fraction,
        LowerIsBetter,
        "Share of ID inputs flagged when at least 95 % of OOD inputs are.",
    ),
    metric(
        "ood/n_id/<set>",
        "ID inputs",
        Unit::Dimensionless,
        Direction::None,
        "How many ID inputs the set was told from; average precision depends on it.",
    ),
    metric(
        "ood/n_ood/<set>",
        "OOD inputs",
        Unit::Dimensionless,
        Direction::None,
        "How many OOD inputs were scored; average precision depends on it.",
    ),
    metric(
        "ood/auroc_near/<score>",
        "near AUROC",
        Unit::Fraction,
        HigherIsBetter,
        "Mean AUROC over the OOD sets that evaluate.near names.",
    ),
    metric(
        "ood/auroc_far/<score>",
        "far AUROC",
        Unit::Fraction,
        HigherIsBetter,
        "Mean AUROC over the OOD sets that evaluate.far names.",
    ),
    metric(
        "ood_validation/auroc/<set>/<score>",
        "validation AUROC",
        Unit::Fraction,
        HigherIsBetter,
        "AUROC on a set of evaluate.validation_ood, which hyper-parameters may be tuned on.",
    ),
    metric(
        "error/auroc/<score>",
        "error AUROC",
        Unit::Fraction,
        HigherIsBetter,
        "Chance that a misclassified input scores above a correct one, ties as half.",
    ),
    metric(
        "error/aurc/<score>",
        "AURC",
        Unit::Fraction,
        LowerIsBetter,
        "Area under the risk-coverage curve: mean selective risk over coverages 1/n to 1.",
    ),
    metric(
        "error/excess_aurc/<score>",
        "E-AURC",
        Unit::Fraction,
        LowerIsBetter,
        "AURC less that of the best order of the same predictions.",
    ),
    metric(
        "calib/classwise_ece/bins=<m>",
        "class-wise ECE",
        Unit::Fraction,
        LowerIsBetter,
        "Calibration error of each class probability over equal-width bins (lo, hi], mean over classes.",
    ),
    metric(
        "calib/temperature",
        "temperature",
        Unit::Dimensionless,
        Direction::None,
        "What logits are divided by so that the NLL of the held-out examples is least.",
    ),
    metric(
        "calib_scaled/nll",
        "NLL after scaling",
        Unit::Nat,
        LowerIsBetter,
        "NLL of the logits divided by the fitted temperature.",
    ),
    metric(
        "calib_scaled/brier",
        "Brier score after scaling",
        Unit::Dimensionless,
        LowerIsBetter,
        "Brier score of the logits divided by the fitted temperature.",
    ),
    metric(
        "calib_scaled/ece/bins=<m>",
        "ECE after scaling",
        Unit::Fraction,
        LowerIsBetter,
        "ECE of the logits divided by the fitted temperature.",
    ),
    metric(
        "calib_scaled/ece_adaptive/bins=<m>",
        "adaptive ECE after scaling",
        Unit::Fraction,
        LowerIsBetter,
        "Adaptive ECE of the logits divided by the fitted temperature.",
    ),
    metric(
        "calib_scaled/classwise_ece/bins=<m>",
        "class-wise ECE after scaling",
        Unit::Fraction,
        LowerIsBetter,
        "Class-wise ECE of the logits divided by the fitted temperature.",
    ),
    metric(
        "error/risk/<score>/percent=<c>",
        "selective risk",
        Unit::Fraction,
        LowerIsBetter,
        "Error rate among the least suspicious inputs by the score, so many percent of all.",
    ),
    metric(
        "corrupted/mean_accuracy/severity=<s>",
        "accuracy on corrupted images",
        Unit::Fraction,
        HigherIsBetter,
        "Accuracy at one severity, mean over the kinds of corruption.",
    ),
    metric(
        "corrupted/mean_ece/severity=<s>",
        "ECE on corrupted images",
        Unit::Fraction,
        LowerIsBetter,
        "ECE over 15 equal-width bins at one severity, mean over the kinds of corruption.",
    ),
    metric(
        "chains/rhat/<start>",
        "R-hat",
        Unit::Dimensionless,
        LowerIsBetter,
        "Rank-normalised split R-hat of the energy of long chains, second half; 1 once mixed.",
    ),
    metric(
        "chains/ess/<start>",
        "ESS",
        Unit::Dimensionless,
        HigherIsBetter,
        "Bulk effective sample size of the energy of long chains, second half, all together.",
    ),
    metric(
        "chains/energy/<start>",
        "energy of long chains",
        Unit::Nat,
        Direction::None,
        "Mean of E(x) over long chains at their end.",
    ),
    metric(
        "chains/energy_change/<start>",
        "energy change of long chains",
        Unit::Nat,
        Direction::None,
        "Mean of E(x) at the end of long chains less that at their start.",
    ),
    metric(
        "chains/displacement/<start>",
        "displacement of long chains",
        Unit::Dimensionless,
        Direction::None,
        "Mean distance of long chains from their start at their end.",
    ),
    metric(
        "chains/saturation/<start>",
        "saturation of long chains",
        Unit::Fraction,
        Direction::None,
        "Share of values at an end of the pixel range or beyond, at the end of long chains.",
    ),
    metric(
        "chains/acceptance/<start>",
        "acceptance of long chains",
        Unit::Fraction,
        Direction::None,
        "Share of the steps of long chains that MALA accepted.",
    ),
    metric(
        "adversarial/accuracy/<norm>/<attack>/<eps>",
        "accuracy under attack",
        Unit::Fraction,
        HigherIsBetter,
        "Share of inputs still right under an attack of a size, for pixels from 0 to 1.",
    ),
    metric(
        "adversarial/clean_accuracy",
        "accuracy before attacks",
        Unit::Fraction,
        HigherIsBetter,
        "Share of the attacked inputs that are right as they are.",
    ),
    metric(
        "adversarial/masking_signs/<norm>",
        "signs of gradient masking",
        Unit::Dimensionless,
        LowerIsBetter,
        "How many of the signs that gradients mislead attacks are there; see METHODOLOGY.md.",
    ),
    metric(
        "energy/mean/<set>",
        "mean energy",
        Unit::Nat,
        Direction::None,
        "Mean of E(x) = -logsumexp of the logits.",
    ),
    metric(
        "energy/sd/<set>",
        "energy SD",
        Unit::Nat,
        Direction::None,
        "Sample standard deviation (n - 1) of E(x).",
    ),
    metric(
        EFFECTIVE_TEMPERATURE,
        "effective temperature",
        Unit::Dimensionless,
        Direction::None,
        "noise² / (2 step size) of a chain's last step; nominal where gradient or state is clamped.",
    ),
];

/// Every metric there is, in the order in which tables show them.
pub fn metrics() -> impl Iterator<Item = &'static MetricInfo> {
    METRICS.iter().chain(&purified::PURIFIED)
}

/// The declaration of the metric at `path`, or `None` if there is no such metric.
pub fn describe(path: &str) -> Option<MetricInfo> {
    metrics().copied().find(|info| parameters(info.pattern, path).is_some())
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
