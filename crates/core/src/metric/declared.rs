//! The list of all metrics.

use super::Direction::{self, HigherIsBetter, LowerIsBetter};
use super::{EFFECTIVE_TEMPERATURE, MetricInfo, Range, Unit, metric};

/// Metrics, in the order in which tables show them; [`super::metrics`] has all.
pub(super) const METRICS: &[MetricInfo] = &[
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
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "clf/brier",
        "Brier score",
        Unit::Dimensionless,
        LowerIsBetter,
        "Squared error of the probabilities, summed over classes (0 to 2), mean over inputs.",
    )
    .within(Range::Between(0, 2)),
    metric(
        "clf/n",
        "test inputs",
        Unit::Dimensionless,
        Direction::None,
        "How many inputs of the test set were classified.",
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "calib/ece/bins=<m>",
        "ECE",
        Unit::Fraction,
        LowerIsBetter,
        "Expected calibration error of the predicted class over equal-width bins (lo, hi].",
    ),
    metric(
        "calib/gap",
        "confidence − accuracy",
        Unit::Dimensionless,
        Direction::None,
        "Mean confidence less accuracy: above 0 over-confident, below 0 under-confident.",
    )
    .within(Range::SIGNED),
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
        "Chance that an OOD input scores above an ID input, ties as half; also of the trivial scores \
         lit_pixels, pca_residual and gaussian, which see the images alone.",
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
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "ood/n_ood/<set>",
        "OOD inputs",
        Unit::Dimensionless,
        Direction::None,
        "How many OOD inputs were scored; average precision depends on it.",
    )
    .within(Range::NON_NEGATIVE),
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
        "ood/aupr_in_near/<score>",
        "near AUPR-in",
        Unit::Fraction,
        HigherIsBetter,
        "Mean AUPR-in over the OOD sets that evaluate.near names.",
    ),
    metric(
        "ood/aupr_out_near/<score>",
        "near AUPR-out",
        Unit::Fraction,
        HigherIsBetter,
        "Mean AUPR-out over the OOD sets that evaluate.near names.",
    ),
    metric(
        "ood/fpr95_id_positive_near/<score>",
        "near FPR95 (ID positive)",
        Unit::Fraction,
        LowerIsBetter,
        "Mean FPR95 (ID positive) over the OOD sets that evaluate.near names.",
    ),
    metric(
        "ood/fpr95_ood_positive_near/<score>",
        "near FPR95 (OOD positive)",
        Unit::Fraction,
        LowerIsBetter,
        "Mean FPR95 (OOD positive) over the OOD sets that evaluate.near names.",
    ),
    metric(
        "ood/aupr_in_far/<score>",
        "far AUPR-in",
        Unit::Fraction,
        HigherIsBetter,
        "Mean AUPR-in over the OOD sets that evaluate.far names.",
    ),
    metric(
        "ood/aupr_out_far/<score>",
        "far AUPR-out",
        Unit::Fraction,
        HigherIsBetter,
        "Mean AUPR-out over the OOD sets that evaluate.far names.",
    ),
    metric(
        "ood/fpr95_id_positive_far/<score>",
        "far FPR95 (ID positive)",
        Unit::Fraction,
        LowerIsBetter,
        "Mean FPR95 (ID positive) over the OOD sets that evaluate.far names.",
    ),
    metric(
        "ood/fpr95_ood_positive_far/<score>",
        "far FPR95 (OOD positive)",
        Unit::Fraction,
        LowerIsBetter,
        "Mean FPR95 (OOD positive) over the OOD sets that evaluate.far names.",
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
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "calib_scaled/nll",
        "NLL after scaling",
        Unit::Nat,
        LowerIsBetter,
        "NLL of the logits divided by the fitted temperature.",
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "calib_scaled/brier",
        "Brier score after scaling",
        Unit::Dimensionless,
        LowerIsBetter,
        "Brier score of the logits divided by the fitted temperature.",
    )
    .within(Range::Between(0, 2)),
    metric(
        "calib_scaled/ece/bins=<m>",
        "ECE after scaling",
        Unit::Fraction,
        LowerIsBetter,
        "ECE of the logits divided by the fitted temperature.",
    ),
    metric(
        "calib_scaled/gap",
        "confidence − accuracy after scaling",
        Unit::Dimensionless,
        Direction::None,
        "Mean confidence less accuracy, of the logits divided by the fitted temperature.",
    )
    .within(Range::SIGNED),
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
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "chains/ess/<start>",
        "ESS",
        Unit::Dimensionless,
        HigherIsBetter,
        "Bulk effective sample size of the energy of long chains, second half, all together.",
    )
    .within(Range::NON_NEGATIVE),
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
    )
    .within(Range::NON_NEGATIVE),
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
        "adversarial/n",
        "attacked inputs",
        Unit::Dimensionless,
        Direction::None,
        "How many test inputs were attacked.",
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "adversarial/masking_signs/<norm>",
        "signs of gradient masking",
        Unit::Dimensionless,
        LowerIsBetter,
        "How many of the signs that gradients mislead attacks are there; see docs/protocol-evaluation.md.",
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "adversarial/weak_attack_signs/<norm>",
        "signs of a weak attack",
        Unit::Dimensionless,
        Direction::None,
        "How many of two: Auto-PGD or Square fools more than PGD, DLR more than the cross-entropy.",
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "samples/frechet/<source>/<extractor>",
        "Fréchet distance",
        Unit::Dimensionless,
        LowerIsBetter,
        "Fréchet distance of normals fitted to features of samples and of real images; falls with n; \
         undefined where n is not above the number of features.",
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "samples/n/<source>/<extractor>",
        "samples scored",
        Unit::Dimensionless,
        Direction::None,
        "Samples that the Fréchet distance and the Inception Score of a source are of.",
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "samples/inception_score/<source>/<extractor>",
        "Inception Score",
        Unit::Dimensionless,
        HigherIsBetter,
        "exp of the mean KL divergence of p(y|x) from its mean, over one split of all samples; 1 to \
         the smaller of classes and samples.",
    )
    .within(Range::From(1)),
    metric(
        "samples/neighbour_distance/<source>",
        "neighbour distance",
        Unit::Dimensionless,
        Direction::None,
        "Mean L2 distance, over pixels in [0, 1], of samples to their nearest training image.",
    )
    .within(Range::NON_NEGATIVE),
    metric(
        "samples/conditional_agreement/<extractor>",
        "conditional agreement",
        Unit::Fraction,
        HigherIsBetter,
        "Share of class-conditional samples that an independent classifier sees as their class.",
    ),
    metric(
        "samples/extractor_accuracy/<extractor>",
        "accuracy of the extractor",
        Unit::Fraction,
        Direction::None,
        "Test accuracy of the classifier whose features samples are compared by.",
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
    )
    .within(Range::NON_NEGATIVE),
    metric(
        EFFECTIVE_TEMPERATURE,
        "effective temperature",
        Unit::Dimensionless,
        Direction::None,
        "noise² / (2 step size) of a chain's last step; nominal where gradient or state is clamped.",
    )
    .within(Range::NON_NEGATIVE),
];
