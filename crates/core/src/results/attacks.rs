//! What an evaluation with `[evaluate.attacks]` leaves.

use serde::{Deserialize, Serialize};

use crate::spec::{Apgd, AttackLoss, AttackNorm};

/// An [`AttackResults`], of an evaluation with `[evaluate.attacks]`.
pub const ATTACKS: &str = "attacks.json";

/// Attacks, in the order in which tables show them.
pub const ATTACK_NAMES: [&str; 7] =
    ["noise", "fgsm", "pgd", "apgd_ce", "apgd_dlr", "square", WORST];
/// What is left after all attacks together, those at smaller sizes included.
pub const WORST: &str = "worst";

/// What attacks did to n test images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackResults {
    /// Images attacked.
    pub n: u64,
    /// The share of them that the network gets right as they are.
    pub clean: f64,
    /// Steps of PGD.
    pub steps: u64,
    /// Queries of Square an image.
    pub queries: u64,
    /// What PGD climbed.
    pub loss: AttackLoss,
    /// Auto-PGD, where it was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apgd: Option<Apgd>,
    /// Standard deviation of the noise on test images, in units of the network's
    /// inputs; each image keeps its draw under attack.
    pub noise_std: f64,
    /// By norm.
    pub norms: Vec<AttackedNorm>,
}

/// All attacks in one norm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackedNorm {
    /// The norm.
    pub norm: AttackNorm,
    /// Every attack at every size.
    pub points: Vec<AttackPoint>,
    /// PGD at every size.
    pub convergence: Vec<AttackConvergence>,
    /// What would tell of masked gradients, in the order of [`MaskingSign`].
    pub masking: Vec<MaskingCheck>,
}

/// What one attack of one size leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackPoint {
    /// One of [`ATTACK_NAMES`].
    pub attack: String,
    /// The size, where pixels go from 0 to 1.
    pub eps: f64,
    /// The share of the images still right.
    pub accuracy: f64,
}

/// How PGD got on with more steps and more starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackConvergence {
    /// The size, where pixels go from 0 to 1.
    pub eps: f64,
    /// Steps of the first walk at which it is looked at; the last is twice
    /// those that count.
    pub steps: Vec<u64>,
    /// The share of images that the walk has not fooled up to there.
    pub accuracy: Vec<f64>,
    /// Mean loss over all images where they are then; none where not finite.
    pub loss: Vec<Option<f64>>,
    /// The share of images not fooled after one, two … starts.
    pub by_restart: Vec<f64>,
}

/// A sign of masked gradients (Athalye et al. 2018, Carlini et al. 2019).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskingSign {
    /// Square fools more images than PGD, or than PGD and Auto-PGD together where
    /// that was run.
    BlackBoxBetter,
    /// One step fools more images than many, by the same attacks.
    OneStepBetter,
    /// Random noise fools more images than the same attacks.
    NoiseBetter,
    /// Images stay right at a size at which they can be made anything.
    NotZero,
    /// Twice the steps fool more images.
    NotConverged,
    /// Twice the steps raise the loss further, with images still right.
    LossRises,
    /// The loss is lower after all steps than after one.
    LossFalls,
    /// Auto-PGD or Square fools more images than PGD: PGD was weak.
    PgdWeaker,
    /// Auto-PGD by DLR fools more images than by the cross-entropy: the logits'
    /// scale hides what the cross-entropy would find.
    DlrBetter,
}

impl MaskingSign {
    /// Whether it says that one attack was weaker than another that was run as
    /// well, and nothing of what all of them leave.
    pub fn is_of_a_weak_attack(self) -> bool {
        matches!(self, Self::PgdWeaker | Self::DlrBetter)
    }
}

/// Whether a sign is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskingVerdict {
    /// It is.
    Flagged,
    /// It is not.
    Clear,
    /// What was asked for cannot show it.
    NotJudged,
}

/// One sign in one norm, over all sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskingCheck {
    /// The sign.
    pub sign: MaskingSign,
    /// Whether it is there at any size.
    pub verdict: MaskingVerdict,
    /// The size at which it is clearest; the numbers are those of that size.
    pub eps: Option<f64>,
    /// Accuracy or loss under what should not win: Square, one step, noise,
    /// twice the steps; or the accuracy that should be 0; or the loss after all
    /// steps.
    pub found: Option<f64>,
    /// Accuracy or loss to compare with: PGD's, that after half the steps, 0, or
    /// the loss after one step.
    pub against: Option<f64>,
    /// Of two attacks: images that only the first fools, and only the second.
    pub only: Option<(u64, u64)>,
    /// Of two attacks: the chance of so many and more if both were alike
    /// (one-sided exact sign test).
    pub p: Option<f64>,
    /// Sizes at which it is there.
    pub flagged: Vec<f64>,
}
