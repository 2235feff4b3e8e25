//! `[evaluate.attacks]`: adversarial perturbations of the test images.

use serde::{Deserialize, Serialize};

use super::constraint::Violation;
use super::raw::RawAttacks;
use super::resolve::unless_zero;

/// `[evaluate.attacks]`: each attack at each size of each norm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attacks {
    /// Sizes in L∞, rising, where pixels go from 0 to 1; none: not attacked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linf: Vec<f64>,
    /// Sizes in L2, rising, where pixels go from 0 to 1; none: not attacked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub l2: Vec<f64>,
    /// Steps of projected gradient descent.
    pub steps: u64,
    /// A step as a share of the size; unset for 2.5 / steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_size: Option<f64>,
    /// Random starts, the best of which counts.
    pub restarts: u64,
    /// What gradients climb.
    #[serde(default, skip_serializing_if = "AttackLoss::is_default")]
    pub loss: AttackLoss,
    /// Queries of the Square attack an image; 0: it is not run.
    pub queries: u64,
    /// Use only this many of the test images, a draw by class; unset for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The norm that bounds a perturbation.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AttackNorm {
    /// The largest change of a value.
    Linf,
    /// The Euclidean length of the change.
    L2,
}

impl AttackNorm {
    /// Its name in metric paths and streams.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linf => "linf",
            Self::L2 => "l2",
        }
    }
}

/// What a white-box attack climbs.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AttackLoss {
    /// The cross-entropy of the label (Madry et al. 2018).
    #[default]
    CrossEntropy,
    /// The largest other logit less that of the label (Carlini and Wagner 2017).
    Margin,
    /// The margin over the distance of the first and the third logit (Croce
    /// and Hein 2020): no scale of the logits flattens it.
    Dlr,
}

impl AttackLoss {
    /// Whether it is what is meant where nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Attacks {
    /// What `raw` means; none where the list of norms is empty; where there is none, both.
    pub(super) fn of(raw: &RawAttacks) -> Option<Self> {
        let norms = raw.norms.as_deref().unwrap_or(&[AttackNorm::Linf, AttackNorm::L2]);
        let sizes = |norm, written: &Option<Vec<f64>>, usual: &[f64]| match norms.contains(&norm) {
            true => written.clone().unwrap_or_else(|| usual.to_vec()),
            false => Vec::new(),
        };
        let linf = sizes(AttackNorm::Linf, &raw.linf, &LINF);
        let l2 = sizes(AttackNorm::L2, &raw.l2, &L2);
        (!linf.is_empty() || !l2.is_empty()).then(|| Self {
            linf,
            l2,
            steps: raw.steps.unwrap_or(40),
            step_size: raw.step_size.and_then(unless_zero),
            restarts: raw.restarts.unwrap_or(3),
            loss: raw.loss.unwrap_or_default(),
            queries: raw.queries.unwrap_or(500),
            limit: match raw.limit {
                None => Some(100),
                Some(limit) => unless_zero(limit),
            },
        })
    }

    /// As one would write it.
    pub(super) fn spelled_out(&self) -> RawAttacks {
        RawAttacks {
            norms: Some(self.sizes().map(|(norm, _)| norm).collect()),
            linf: Some(self.linf.clone()),
            l2: Some(self.l2.clone()),
            steps: Some(self.steps),
            step_size: Some(self.step_size.unwrap_or_default()),
            restarts: Some(self.restarts),
            loss: Some(self.loss),
            queries: Some(self.queries),
            limit: Some(self.limit.unwrap_or_default()),
        }
    }

    /// The sizes asked for, by norm; a norm without sizes is left out.
    pub fn sizes(&self) -> impl Iterator<Item = (AttackNorm, &[f64])> {
        let all = [(AttackNorm::Linf, self.linf.as_slice()), (AttackNorm::L2, self.l2.as_slice())];
        all.into_iter().filter(|(_, sizes)| !sizes.is_empty())
    }

    /// A step as a share of the size: 2.5 / steps (Madry et al. 2018) where
    /// nothing else is said, so that a walk can cross the ball.
    pub fn step(&self) -> f64 {
        self.step_size.unwrap_or(2.5 / self.steps as f64)
    }
}

/// Sizes in L∞ where none are listed: from hardly visible to the whole range,
/// at which every image can become every other.
const LINF: [f64; 6] = [0.03, 0.1, 0.2, 0.3, 0.5, 1.0];
/// Sizes in L2 where none are listed, up to where the images of all known sets
/// can become one grey.
const L2: [f64; 7] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

/// Sizes rise.
pub(super) fn check_attacks(asked: &Attacks, found: &mut Vec<Violation>) {
    for (norm, sizes) in asked.sizes() {
        if let Some(pair) = sizes.windows(2).find(|pair| pair[0] >= pair[1]) {
            found.push(Violation::new(
                format!("the sizes {} and {} do not rise", pair[0], pair[1]),
                &[match norm {
                    AttackNorm::Linf => "evaluate.attacks.linf",
                    AttackNorm::L2 => "evaluate.attacks.l2",
                }],
                "list each size once, smallest first",
            ));
        }
    }
}
