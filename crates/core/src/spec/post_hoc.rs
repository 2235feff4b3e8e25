//! `[evaluate.scores]`: out-of-distribution scores of a finished network, and
//! how their hyper-parameters are chosen.

use serde::{Deserialize, Serialize};

use super::constraint::Violation;
use super::raw::RawScores;
use super::resolve::unless_zero;

/// `[evaluate.scores]`: scores beside the four from logits alone. Where a list
/// has several values and `evaluate.validation_ood` names a set, the value is
/// chosen by the mean AUROC on those sets; else it is the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// The scores, each once.
    pub kinds: Vec<PostHoc>,
    /// How many training images features are taken of; unset for all. The cost
    /// of KNN, Mahalanobis and ViM rises with it (`docs/protocol-evaluation.md` has figures).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_train: Option<u64>,
    /// Resamples of a bootstrap interval; unset for no intervals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<u64>,
    /// T of [`PostHoc::EnergyT`].
    pub energy_temperature: Vec<f64>,
    /// T of [`PostHoc::Odin`].
    pub odin_temperature: Vec<f64>,
    /// ε of [`PostHoc::Odin`], in units of pixels in [0, 1].
    pub odin_epsilon: Vec<f64>,
    /// k of [`PostHoc::Knn`]; 0 for [`Scores::usual_k`].
    pub knn_k: Vec<u64>,
    /// The percentile of [`PostHoc::React`].
    pub react_percentile: Vec<f64>,
    /// The percentile of the three kinds of ASH.
    pub ash_percentile: Vec<f64>,
    /// The principal space of [`PostHoc::Vim`] as a share of the dimensions.
    pub vim_share: Vec<f64>,
}

/// A score of a finished network; every one is higher for inputs less like
/// the training data.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PostHoc {
    /// −T logsumexp(f/T) (Liu et al. 2020, equation 4).
    EnergyT,
    /// ‖∂ log p̃(x)/∂x‖₂, the negative of the score of Grathwohl et al. 2020,
    /// section 5.3.
    ApproximateMass,
    /// 1 − max softmax(f(x̃)/T) with x̃ = x + ε sign ∂ log max softmax(f(x)/T)/∂x
    /// (Liang et al. 2018, equations 1 and 2).
    Odin,
    /// Distance of the normalised features to their k-th neighbour among those
    /// of training images (Sun et al. 2022).
    Knn,
    /// Squared Mahalanobis distance of the features to the nearest class mean,
    /// with one covariance for all classes (Lee et al. 2018), of the
    /// penultimate layer alone and without their change of the input.
    Mahalanobis,
    /// Virtual logit less logsumexp f (Wang et al. 2022).
    Vim,
    /// −logsumexp of the logits of features clipped at a percentile of those
    /// of training images (Sun et al. 2021).
    React,
    /// −logsumexp of the logits of features whose lower ones are 0, the rest
    /// scaled up (ASH-S of Djurisic et al. 2023).
    AshS,
    /// As `AshS`, the rest all alike with the sum kept (ASH-B).
    AshB,
    /// As `AshS`, the rest as they are (ASH-P).
    AshP,
    /// −‖∂ KL(uniform ‖ p(y|x))/∂W‖₁ of the last layer's weight (Huang et al.
    /// 2021).
    GradNorm,
}

impl PostHoc {
    /// All, in the order in which tables show them.
    pub const ALL: [Self; 11] = [
        Self::EnergyT,
        Self::ApproximateMass,
        Self::Odin,
        Self::Knn,
        Self::Mahalanobis,
        Self::Vim,
        Self::React,
        Self::AshS,
        Self::AshB,
        Self::AshP,
        Self::GradNorm,
    ];

    /// The name in files and metric paths. It never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EnergyT => "energy_t",
            Self::ApproximateMass => "approximate_mass",
            Self::Odin => "odin",
            Self::Knn => "knn",
            Self::Mahalanobis => "mahalanobis",
            Self::Vim => "vim",
            Self::React => "react",
            Self::AshS => "ash_s",
            Self::AshB => "ash_b",
            Self::AshP => "ash_p",
            Self::GradNorm => "grad_norm",
        }
    }
}

impl Scores {
    /// What `raw` means; none where the list of scores is empty; where there is none, all.
    /// `chosen_by` says whether a set is there to choose values by.
    pub(super) fn of(raw: &RawScores, chosen_by: bool) -> Option<Self> {
        let kinds = raw.kinds.clone().unwrap_or(PostHoc::ALL.to_vec());
        let usual_k = if chosen_by { vec![50, 10, 1] } else { vec![0] };
        let or = |list: &Option<Vec<f64>>, usual: &[f64]| list.clone().unwrap_or(usual.to_vec());
        (!kinds.is_empty()).then(|| Self {
            kinds,
            limit_train: unless_zero(raw.limit_train.unwrap_or(2000)),
            bootstrap: unless_zero(raw.bootstrap.unwrap_or(1000)),
            energy_temperature: or(&raw.energy_temperature, &[1.0, 10.0, 100.0]),
            odin_temperature: or(&raw.odin_temperature, &[1000.0, 1.0]),
            odin_epsilon: or(&raw.odin_epsilon, &[0.0014, 0.0, 0.005]),
            knn_k: raw.knn_k.clone().unwrap_or(usual_k),
            react_percentile: or(&raw.react_percentile, &[90.0, 95.0, 99.0]),
            ash_percentile: or(&raw.ash_percentile, &[90.0, 80.0, 65.0]),
            vim_share: or(&raw.vim_share, &[0.5, 0.25, 0.1]),
        })
    }

    /// The number of the neighbour where nothing is chosen, among the features
    /// of `n` training images: a thousandth of them, at least 1. Sun et al. 2022
    /// use 50 of CIFAR-10's 50,000, and 1,000 of ImageNet's 1,281,167.
    pub fn usual_k(n: usize) -> usize {
        ((n + 500) / 1000).max(1)
    }

    /// As one would write it.
    pub(super) fn spelled_out(&self) -> RawScores {
        RawScores {
            kinds: Some(self.kinds.clone()),
            limit_train: Some(self.limit_train.unwrap_or_default()),
            bootstrap: Some(self.bootstrap.unwrap_or_default()),
            energy_temperature: Some(self.energy_temperature.clone()),
            odin_temperature: Some(self.odin_temperature.clone()),
            odin_epsilon: Some(self.odin_epsilon.clone()),
            knn_k: Some(self.knn_k.clone()),
            react_percentile: Some(self.react_percentile.clone()),
            ash_percentile: Some(self.ash_percentile.clone()),
            vim_share: Some(self.vim_share.clone()),
        }
    }
}

/// Scores differ, and every list has values, none twice; there are as many
/// neighbours as are asked for.
pub(super) fn check_scores(asked: &Scores, found: &mut Vec<Violation>) {
    if repeated(&asked.kinds) {
        found.push(Violation::new(
            "a score is listed twice".to_owned(),
            &["evaluate.scores.kinds"],
            "list each score once",
        ));
    }
    let neighbours: Vec<f64> = asked.knn_k.iter().map(|&k| k as f64).collect();
    let lists: [(&'static str, &[f64]); 7] = [
        ("evaluate.scores.energy_temperature", &asked.energy_temperature),
        ("evaluate.scores.odin_temperature", &asked.odin_temperature),
        ("evaluate.scores.odin_epsilon", &asked.odin_epsilon),
        ("evaluate.scores.knn_k", &neighbours),
        ("evaluate.scores.react_percentile", &asked.react_percentile),
        ("evaluate.scores.ash_percentile", &asked.ash_percentile),
        ("evaluate.scores.vim_share", &asked.vim_share),
    ];
    for (path, values) in lists {
        if repeated(values) {
            found.push(Violation::new(
                format!("a value of `{path}` is listed twice"),
                &[path],
                "list each value once; the first is used where nothing is tuned",
            ));
        }
    }
    let most = asked.knn_k.iter().max().copied().unwrap_or_default();
    let few = asked.limit_train.filter(|limit| *limit < most);
    if let Some(limit) = few.filter(|_| asked.kinds.contains(&PostHoc::Knn)) {
        found.push(Violation::new(
            format!("the neighbour number {most} of {limit} training images"),
            &["evaluate.scores.knn_k", "evaluate.scores.limit_train"],
            "write numbers up to limit_train, or a higher limit_train (0 for all)",
        ));
    }
}

fn repeated<T: PartialEq>(values: &[T]) -> bool {
    (1..values.len()).any(|index| values[..index].contains(&values[index]))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_neighbour_that_nothing_chose_is_a_thousandth_of_the_images() {
        assert_eq!([50_000, 2000, 1499, 30, 0].map(Scores::usual_k), [50, 2, 1, 1, 1]);
        let of = |chosen_by| Scores::of(&RawScores::default(), chosen_by).unwrap().knn_k;
        assert_eq!(of(false), [0]);
        assert_eq!(of(true), [50, 10, 1]);
        let written = RawScores { knn_k: Some(vec![7]), ..RawScores::default() };
        assert_eq!(Scores::of(&written, false).unwrap().knn_k, [7]);
    }
}
