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
    /// Auto-PGD; unset: it is not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apgd: Option<Apgd>,
    /// Queries of the Square attack an image; 0: it is not run.
    pub queries: u64,
    /// Use only this many of the test images, a draw by class; unset for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// Auto-PGD (Croce and Hein 2020), which chooses its own step sizes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apgd {
    /// Steps from each start.
    pub steps: u64,
    /// Random starts, from the second on only of images not fooled yet.
    pub restarts: u64,
    /// What it climbs, each loss in an attack of its own.
    pub losses: Vec<ApgdLoss>,
}

/// What Auto-PGD climbs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ApgdLoss {
    /// The cross-entropy of the label.
    CrossEntropy,
    /// The margin over the distance of the first and the third logit.
    Dlr,
}

impl ApgdLoss {
    /// Its attack in metric paths and streams.
    pub fn attack(self) -> &'static str {
        match self {
            Self::CrossEntropy => "apgd_ce",
            Self::Dlr => "apgd_dlr",
        }
    }

    /// The loss itself.
    pub fn loss(self) -> AttackLoss {
        match self {
            Self::CrossEntropy => AttackLoss::CrossEntropy,
            Self::Dlr => AttackLoss::Dlr,
        }
    }
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
            apgd: Apgd::of(raw),
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
            apgd_steps: Some(self.apgd.as_ref().map_or(0, |apgd| apgd.steps)),
            apgd_restarts: self.apgd.as_ref().map(|apgd| apgd.restarts),
            apgd_losses: self.apgd.as_ref().map(|apgd| apgd.losses.clone()),
            queries: Some(self.queries),
            limit: Some(self.limit.unwrap_or_default()),
        }
    }

    /// The sizes asked for, by norm; a norm without sizes is left out.
    pub fn sizes(&self) -> impl Iterator<Item = (AttackNorm, &[f64])> {
        let all = [(AttackNorm::Linf, self.linf.as_slice()), (AttackNorm::L2, self.l2.as_slice())];
        all.into_iter().filter(|(_, sizes)| !sizes.is_empty())
    }

    /// The losses of which one needs three classes or more: what asks for it.
    pub fn of_three_classes(&self) -> Option<&'static str> {
        let apgd = self.apgd.as_ref().is_some_and(|apgd| apgd.losses.contains(&ApgdLoss::Dlr));
        match self.loss {
            AttackLoss::Dlr => Some("evaluate.attacks.loss"),
            _ => apgd.then_some("evaluate.attacks.apgd_losses"),
        }
    }

    /// A step as a share of the size: 2.5 / steps (Madry et al. 2018) where
    /// nothing else is said, so that a walk can cross the ball.
    pub fn step(&self) -> f64 {
        self.step_size.unwrap_or(2.5 / self.steps as f64)
    }
}

impl Apgd {
    /// What `raw` means; none where its steps are 0 or unset. One start and
    /// both losses where nothing else is said, as in the authors' standard
    /// ensemble.
    fn of(raw: &RawAttacks) -> Option<Self> {
        let losses = raw.apgd_losses.as_deref();
        Some(Self {
            steps: raw.apgd_steps.filter(|&steps| steps > 0)?,
            restarts: raw.apgd_restarts.unwrap_or(1),
            losses: losses.unwrap_or(&[ApgdLoss::CrossEntropy, ApgdLoss::Dlr]).to_vec(),
        })
    }
}

/// Sizes in L∞ where none are listed: from hardly visible to the whole range,
/// at which every image can become every other.
const LINF: [f64; 6] = [0.03, 0.1, 0.2, 0.3, 0.5, 1.0];
/// Sizes in L2 where none are listed, up to where the images of all known sets
/// can become one grey.
const L2: [f64; 7] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

/// Sizes rise, each loss is listed once, and there are classes enough for it.
pub(super) fn check_attacks(asked: &Attacks, classes: Option<usize>, found: &mut Vec<Violation>) {
    if let (Some(path), Some(classes @ ..3)) = (asked.of_three_classes(), classes) {
        found.push(Violation::new(
            format!(
                "DLR divides by the distance to the third logit, and there are {classes} classes"
            ),
            &[path, "data.train"],
            "it needs three classes or more; write loss = \"margin\", or apgd_losses = \
             [\"cross_entropy\"]",
        ));
    }
    if let Some(apgd) = &asked.apgd
        && (1..apgd.losses.len()).any(|index| apgd.losses[..index].contains(&apgd.losses[index]))
    {
        found.push(Violation::new(
            "a loss of Auto-PGD is listed twice".to_owned(),
            &["evaluate.attacks.apgd_losses"],
            "list each loss once",
        ));
    }

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
