//! `[evaluate.purification]`: descending E(x) from an input before it is
//! classified, as a defence, and the attacks that it is held against.

use serde::{Deserialize, Serialize};

use super::constraint::Violation;
use super::raw::{RawDescent, RawLangevinPurifier, RawPurification};
use super::resolve::unless_zero;

/// `[evaluate.purification]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purification {
    /// The attacks, each once.
    pub attacks: Vec<PurifiedAttack>,
    /// Use only this many of the test images, a draw by class; unset for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Radius of the L∞ ball, in units of the pixel range's width.
    pub epsilon: f64,
    /// Steps of each gradient attack.
    pub attack_steps: u64,
    /// Size of its steps, in units of the pixel range's width; none for
    /// 2.5 ε / steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attack_step_size: Option<f64>,
    /// Chains that an attacker's look at the defence is averaged over.
    pub eot: u64,
    /// Queries of the black-box attack, for each input.
    pub queries: u64,
    /// Chains of the final check, and of the check of each candidate.
    pub replicates: u64,
    /// The most inputs × steps that the full gradient may keep a graph of.
    pub max_unrolled: u64,
    /// Parts of a purifier's length at whose ends its accuracy is looked at;
    /// 0 for none.
    pub points: u64,
    /// The seed chapter's purifier, where it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Purifier>,
    /// The stochastic one, where it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stochastic: Option<Purifier>,
}

impl Purification {
    /// What `raw` means; none where the list of attacks is empty. A purifier
    /// alone is measured under "none".
    pub(super) fn of(raw: &RawPurification) -> Option<Self> {
        let attacks = raw.attacks.clone().unwrap_or(PurifiedAttack::ALL.to_vec());
        if attacks.is_empty() {
            return None;
        }
        let named = |kind| raw.purifiers.as_ref().is_none_or(|named| named.contains(&kind));
        let descent = raw.seed.clone().unwrap_or_default();
        let seed = Purifier {
            steps: descent.steps.unwrap_or(50),
            step_size: descent.step_size.unwrap_or(0.01),
            noise_std: 0.0,
            chains: 1,
            clamp: descent.clamp.unwrap_or(true),
        };
        let langevin = raw.stochastic.clone().unwrap_or_default();
        let stochastic = Purifier {
            steps: langevin.steps.unwrap_or(100),
            step_size: langevin.step_size.unwrap_or(1.0),
            noise_std: langevin.noise_std.unwrap_or(0.01),
            chains: langevin.chains.unwrap_or(8),
            clamp: langevin.clamp.unwrap_or_default(),
        };
        Some(Self {
            attacks,
            limit: unless_zero(raw.limit.unwrap_or(100)),
            epsilon: raw.epsilon.unwrap_or(0.3),
            attack_steps: raw.attack_steps.unwrap_or(20),
            attack_step_size: raw.attack_step_size.and_then(unless_zero),
            eot: raw.eot.unwrap_or(4),
            queries: raw.queries.unwrap_or(200),
            replicates: raw.replicates.unwrap_or(32),
            max_unrolled: raw.max_unrolled.unwrap_or(4000),
            points: raw.points.unwrap_or(5),
            seed: named(PurifierKind::Seed).then_some(seed),
            stochastic: named(PurifierKind::Stochastic).then_some(stochastic),
        })
    }

    /// As one would write it, with nothing left out.
    pub(super) fn spelled_out(&self) -> RawPurification {
        RawPurification {
            attacks: Some(self.attacks.clone()),
            purifiers: Some(self.purifiers().into_iter().map(|(kind, _)| kind).collect()),
            limit: Some(self.limit.unwrap_or_default()),
            epsilon: Some(self.epsilon),
            attack_steps: Some(self.attack_steps),
            attack_step_size: Some(self.attack_step_size.unwrap_or_default()),
            eot: Some(self.eot),
            queries: Some(self.queries),
            replicates: Some(self.replicates),
            max_unrolled: Some(self.max_unrolled),
            points: Some(self.points),
            seed: self.seed.map(|of| RawDescent {
                steps: Some(of.steps),
                step_size: Some(of.step_size),
                clamp: Some(of.clamp),
            }),
            stochastic: self.stochastic.map(|of| RawLangevinPurifier {
                steps: Some(of.steps),
                step_size: Some(of.step_size),
                noise_std: Some(of.noise_std),
                chains: Some(of.chains),
                clamp: Some(of.clamp),
            }),
        }
    }

    /// Size of the steps of a gradient attack, in units of the pixel range's
    /// width.
    pub fn step_size(&self) -> f64 {
        self.attack_step_size.unwrap_or(2.5 * self.epsilon / self.attack_steps.max(1) as f64)
    }

    /// The purifiers asked for, with their names.
    pub fn purifiers(&self) -> Vec<(PurifierKind, Purifier)> {
        let both = [(PurifierKind::Seed, self.seed), (PurifierKind::Stochastic, self.stochastic)];
        both.into_iter().filter_map(|(kind, asked)| Some((kind, asked?))).collect()
    }
}

/// Steps x ← x − step_size ∇E(x) + noise_std ξ from the input on; the logits
/// of the chains' ends are averaged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purifier {
    /// Steps of each chain.
    pub steps: u64,
    /// α
    pub step_size: f64,
    /// σ
    pub noise_std: f64,
    /// Chains whose logits are averaged.
    pub chains: u64,
    /// Whether the state is clamped to the pixel range after each step.
    pub clamp: bool,
}

/// What a purifier is called.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PurifierKind {
    /// Descent without noise, as in the seed chapter.
    Seed,
    /// Langevin chains whose logits are averaged (Hill et al. 2021).
    Stochastic,
}

impl PurifierKind {
    /// Its name in metric paths and streams.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Stochastic => "stochastic",
        }
    }
}

/// What the attacker knows of the purifier, and how it attacks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PurifiedAttack {
    /// No attack: the test images as they are.
    None,
    /// Made against the classifier without the purifier.
    Transfer,
    /// Gradient at the chains' ends, taken for that at their start, averaged
    /// over fresh chains (Athalye et al. 2018).
    Bpda,
    /// Gradient through every step of the chains.
    FullGradient,
    /// Square, which sees the averaged logits alone.
    Square,
    /// As `Bpda`, and the input's energy must pass the detector.
    Joint,
}

impl PurifiedAttack {
    /// All attacks.
    pub const ALL: [Self; 6] =
        [Self::None, Self::Transfer, Self::Bpda, Self::FullGradient, Self::Square, Self::Joint];

    /// Its name in metric paths and streams.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Transfer => "transfer",
            Self::Bpda => "bpda",
            Self::FullGradient => "full_gradient",
            Self::Square => "square",
            Self::Joint => "joint",
        }
    }
}

/// Attacks stand once, and a purifier is there.
pub(super) fn check_purification(asked: &Purification, found: &mut Vec<Violation>) {
    let attacks = &asked.attacks;
    if (1..attacks.len()).any(|index| attacks[..index].contains(&attacks[index])) {
        found.push(Violation::new(
            "an attack on purified inputs is listed twice".to_owned(),
            &["evaluate.purification.attacks"],
            "list each attack once",
        ));
    }
    if asked.purifiers().is_empty() {
        found.push(Violation::new(
            "there is no purifier to attack".to_owned(),
            &["evaluate.purification.purifiers"],
            "name \"seed\", \"stochastic\" or both",
        ));
    }
    for (kind, purifier) in asked.purifiers() {
        if asked.points > 0 && !purifier.steps.is_multiple_of(asked.points) {
            let path = match kind {
                PurifierKind::Seed => "evaluate.purification.seed.steps",
                PurifierKind::Stochastic => "evaluate.purification.stochastic.steps",
            };
            found.push(Violation::new(
                format!(
                    "{} steps of the purifier `{}` cannot be cut into {} parts",
                    purifier.steps,
                    kind.name(),
                    asked.points
                ),
                &["evaluate.purification.points", path],
                "the number of parts must divide the number of steps; 0 for no parts",
            ));
        }
    }
}
