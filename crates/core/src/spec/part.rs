//! The parts of an evaluation. Each that costs much is a run of its own in the
//! store, with an id and a cache of its own: a part that is added to a finished
//! trial, or changed, leaves the others as they are.

use serde::{Deserialize, Serialize};

use super::resolved::Evaluate;

/// A part of an evaluation, in the order in which they are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// `[evaluate.corruptions]`
    Corruptions,
    /// `[evaluate.chains]`
    Chains,
    /// `[evaluate.calibration]`
    Calibration,
    /// `[evaluate.selective]`
    Selective,
    /// `[evaluate.purification]`
    Purification,
    /// `[evaluate.attacks]`
    Attacks,
    /// `[evaluate.scores]`
    Scores,
    /// `[evaluate.generation]`
    Generation,
    /// `[evaluate.likelihood]`
    Likelihood,
}

impl Part {
    /// All parts, in their order.
    pub const ALL: &[Self] = &[
        Self::Corruptions,
        Self::Chains,
        Self::Calibration,
        Self::Selective,
        Self::Attacks,
        Self::Scores,
        Self::Purification,
        Self::Generation,
        Self::Likelihood,
    ];

    /// Its table's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Corruptions => "corruptions",
            Self::Chains => "chains",
            Self::Calibration => "calibration",
            Self::Selective => "selective",
            Self::Purification => "purification",
            Self::Attacks => "attacks",
            Self::Scores => "scores",
            Self::Generation => "generation",
            Self::Likelihood => "likelihood",
        }
    }
}

impl Evaluate {
    /// The parts that are asked for beside what every evaluation measures;
    /// none of an evaluation that is a part itself.
    pub fn parts(&self) -> Vec<Part> {
        let asked = |part: &Part| match part {
            Part::Corruptions => self.corruptions.is_some(),
            Part::Chains => self.chains.is_some(),
            Part::Calibration => self.calibration.is_some(),
            Part::Selective => self.selective.is_some(),
            Part::Purification => self.purification.is_some(),
            Part::Attacks => self.attacks.is_some(),
            Part::Scores => self.scores.is_some(),
            Part::Generation => self.generation.is_some(),
            Part::Likelihood => self.likelihood.is_some(),
        };
        match self.only {
            Some(_) => Vec::new(),
            None => Part::ALL.iter().copied().filter(asked).collect(),
        }
    }

    /// What every evaluation measures, without the parts: the evaluation that
    /// a file without their tables asks for.
    pub fn base(&self) -> Self {
        Self {
            corruptions: None,
            chains: None,
            calibration: None,
            selective: None,
            attacks: None,
            scores: None,
            purification: None,
            generation: None,
            likelihood: None,
            only: None,
            ..self.clone()
        }
    }

    /// The evaluation of `part` by itself: its table, and of the rest only
    /// what it rests on.
    pub fn part(&self, part: Part) -> Self {
        let none = Self {
            ood: Vec::new(),
            validation_ood: Vec::new(),
            near: Vec::new(),
            far: Vec::new(),
            ece_bins: Vec::new(),
            samples: 0,
            only: Some(part),
            ..self.base()
        };
        match part {
            Part::Corruptions => Self { corruptions: self.corruptions.clone(), ..none },
            // It looks at no test image.
            Part::Chains => Self { chains: self.chains.clone(), limit: None, ..none },
            Part::Calibration => Self { calibration: self.calibration.clone(), ..none },
            Part::Selective => Self { selective: self.selective.clone(), ..none },
            Part::Purification => Self { purification: self.purification.clone(), ..none },
            Part::Attacks => Self { attacks: self.attacks.clone(), ..none },
            // It scores every set.
            Part::Scores => Self {
                ood: self.ood.clone(),
                validation_ood: self.validation_ood.clone(),
                near: self.near.clone(),
                far: self.far.clone(),
                scores: self.scores.clone(),
                ..none
            },
            // It has limits of its own.
            Part::Generation => Self { generation: self.generation.clone(), limit: None, ..none },
            Part::Likelihood => Self { likelihood: self.likelihood.clone(), ..none },
        }
    }
}
