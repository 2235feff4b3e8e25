//! `[evaluate.generation]`: samples of a model, looked at and scored.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::constraint::Violation;
use super::raw::RawGeneration;
use super::resolve::unless_zero;
use super::resolved::{Evaluate, Sampler, Training};
use crate::dataset::InceptionFile;
use crate::digest::Digest;

/// `[evaluate.generation]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// Chains started anew, and real images beside them.
    pub samples: u64,
    /// Steps of each chain.
    pub steps: u64,
    /// α of these chains; unset for the sampler's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_size: Option<f64>,
    /// σ of these chains, where the sampler is sgld; unset for the sampler's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_std: Option<f64>,
    /// Chains on E(x, y) for each class.
    pub per_class: u64,
    /// States shown of a chain, its start the first and its end the last.
    pub looks: u64,
    /// Chains whose states are kept.
    pub strips: u64,
    /// The first training images that the classifier learns and neighbours
    /// are sought in.
    pub limit_train: u64,
    /// The split that samples are compared with.
    pub reference: ReferenceSplit,
    /// The first images of that split.
    pub reference_limit: u64,
    /// What gives features and classes, each once.
    pub extractors: Vec<Extractor>,
    /// Where the Inception extractor is; unset for the data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inception_file: Option<String>,
    /// Its digest in hexadecimal; unset for the known one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inception_sha256: Option<String>,
    /// Score only so many samples, those that the network is surest of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_confident: Option<u64>,
}

/// What gives the features that samples are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Extractor {
    /// A small convolutional classifier, trained alike for every trial.
    Classifier,
    /// Inception v3 out of a TorchScript file (Heusel et al. 2017).
    Inception,
}

impl Extractor {
    /// Its name in metric paths.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classifier => "classifier",
            Self::Inception => "inception",
        }
    }
}

/// Real images that samples are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceSplit {
    /// Training images.
    Train,
    /// Test images.
    Test,
}

impl ReferenceSplit {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Train => Self::Test,
            Self::Test => Self::Train,
        }
    }
}

impl Generation {
    /// What `raw` means; none where no sample is asked for.
    pub(super) fn of(raw: &RawGeneration) -> Option<Self> {
        Some(Self {
            samples: unless_zero(raw.samples.unwrap_or(100))?,
            steps: raw.steps.unwrap_or(500),
            step_size: raw.step_size.and_then(unless_zero),
            noise_std: raw.noise_std,
            per_class: raw.per_class.unwrap_or(10),
            looks: raw.looks.unwrap_or(8),
            strips: raw.strips.unwrap_or(4),
            limit_train: raw.limit_train.unwrap_or(10_000),
            reference: raw.reference.unwrap_or(ReferenceSplit::Train),
            reference_limit: raw.reference_limit.unwrap_or(10_000),
            extractors: raw.extractors.clone().unwrap_or(vec![Extractor::Classifier]),
            inception_file: raw.inception_file.clone(),
            inception_sha256: raw.inception_sha256.clone(),
            most_confident: raw.most_confident.and_then(unless_zero),
        })
    }

    /// As one would write it.
    pub(super) fn spelled_out(&self) -> RawGeneration {
        RawGeneration {
            samples: Some(self.samples),
            steps: Some(self.steps),
            step_size: Some(self.step_size.unwrap_or_default()),
            noise_std: self.noise_std,
            per_class: Some(self.per_class),
            looks: Some(self.looks),
            strips: Some(self.strips),
            limit_train: Some(self.limit_train),
            reference: Some(self.reference),
            reference_limit: Some(self.reference_limit),
            extractors: Some(self.extractors.clone()),
            inception_file: self.inception_file.clone(),
            inception_sha256: self.inception_sha256.clone(),
            most_confident: Some(self.most_confident.unwrap_or_default()),
        }
    }

    /// `training`'s sampler as these chains go by it: one step size
    /// throughout, and what is set here in place of the training's.
    pub fn sampler(&self, training: &Sampler) -> Sampler {
        Sampler {
            steps: self.steps,
            step_size: self.step_size.unwrap_or(training.step_size),
            noise_std: self.noise_std.unwrap_or(training.noise_std),
            step_size_decay: None,
            ..training.clone()
        }
    }

    /// Steps done at each look, 0 the first.
    pub fn look_steps(&self) -> Vec<u64> {
        let last = self.looks.max(2) - 1;
        (0..=last).map(|look| look * self.steps / last).collect()
    }
}

impl Evaluate {
    /// The Inception extractor that is asked for.
    pub fn inception(&self) -> Option<InceptionFile> {
        let asked = self.generation.as_ref()?;
        asked.extractors.contains(&Extractor::Inception).then(|| InceptionFile {
            path: asked.inception_file.as_ref().map(PathBuf::from),
            digest: asked.inception_sha256.as_ref().and_then(|text| text.parse().ok()),
        })
    }
}

/// Extractors differ, their file is named whole, and noise is set where it is
/// free.
pub(super) fn check_generation(
    asked: &Generation,
    training: &Training,
    found: &mut Vec<Violation>,
) {
    if asked.extractors.len() == 2 && asked.extractors[0] == asked.extractors[1] {
        found.push(Violation::new(
            "an extractor is listed twice".to_owned(),
            &["evaluate.generation.extractors"],
            "list each extractor once",
        ));
    }
    if asked.noise_std.is_some() && !training.sampler.kind.is_sgld() {
        found.push(Violation::new(
            "noise_std beside a sampler that has its own noise".to_owned(),
            &["evaluate.generation.noise_std", "sampler.kind"],
            "the noise of langevin and mala follows from step_size and temperature; leave it out",
        ));
    }
    if asked.looks > asked.steps + 1 {
        found.push(Violation::new(
            format!("{} states of a chain of {} steps", asked.looks, asked.steps),
            &["evaluate.generation.looks", "evaluate.generation.steps"],
            "a chain has one state more than steps; ask for no more",
        ));
    }
    check_file(asked, found);
}

fn check_file(asked: &Generation, found: &mut Vec<Violation>) {
    const FILE: &str = "evaluate.generation.inception_file";
    const SHA256: &str = "evaluate.generation.inception_sha256";
    let text = asked.inception_sha256.as_deref();
    if let Some(text) = text.filter(|text| text.parse::<Digest>().is_err()) {
        found.push(Violation::new(
            format!("`{text}` is no SHA-256"),
            &[SHA256],
            "write its 64 lower-case hexadecimal digits, as sha256sum prints them",
        ));
    }
    if asked.inception_file.is_some() && text.is_none() {
        found.push(Violation::new(
            "a file of your own without its digest".to_owned(),
            &[FILE, SHA256],
            "write the SHA-256 of the file beside it: what features mean rests on it",
        ));
    }
    let named = asked.inception_file.is_some() || text.is_some();
    if named && !asked.extractors.contains(&Extractor::Inception) {
        found.push(Violation::new(
            "an Inception file that nothing uses".to_owned(),
            &["evaluate.generation.extractors", FILE, SHA256],
            "list \"inception\" among the extractors, or leave the file out",
        ));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn asked(raw: RawGeneration) -> Generation {
        Generation::of(&RawGeneration { samples: Some(3), ..raw }).unwrap()
    }

    #[test]
    fn looks_go_from_the_start_to_the_end() {
        let of = |steps, looks| {
            let raw =
                RawGeneration { steps: Some(steps), looks: Some(looks), ..Default::default() };
            asked(raw).look_steps()
        };
        assert_eq!(of(10, 3), [0, 5, 10]);
        assert_eq!(of(10, 4), [0, 3, 6, 10]);
        assert_eq!(of(1, 2), [0, 1]);
        let none = RawGeneration { samples: Some(0), ..Default::default() };
        assert!(Generation::of(&none).is_none());
    }

    #[test]
    fn chains_go_by_the_training_s_sampler_where_nothing_is_set() {
        let training = Sampler { step_size: 2.0, step_size_decay: Some(0.5), ..Sampler::default() };
        let sampler = asked(RawGeneration::default()).sampler(&training);
        assert_eq!((sampler.steps, sampler.step_size), (500, 2.0));
        assert_eq!(sampler.step_size_decay, None);
        let raw = RawGeneration {
            step_size: Some(0.25),
            noise_std: Some(0.0),
            steps: Some(7),
            ..Default::default()
        };
        let sampler = asked(raw).sampler(&Sampler { noise_std: 0.1, ..training });
        assert_eq!((sampler.steps, sampler.step_size, sampler.noise_std), (7, 0.25, 0.0));
    }
}
