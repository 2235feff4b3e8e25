//! What the fields of `[objective]` and `[sampler]` say about chains, and
//! which of them do not go together.

use serde::{Deserialize, Serialize};

use super::constraint::Violation;
use super::resolved::{ChainInit, Objective, Sampler, Training};
use crate::dataset::{Entry, classes_of};

/// Where the noise of a chain's step comes from, and whether the step can be
/// refused.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SamplerKind {
    /// noise_std, whatever the step size (Grathwohl et al. 2020).
    #[default]
    Sgld,
    /// √(2 · step_size · temperature): Langevin dynamics proper.
    Langevin,
    /// As langevin, each step then accepted or refused so that exp(−E/T) is
    /// left exactly as it is (Roberts and Tweedie 1996, MALA).
    Mala,
}

/// What chains do at the ends of the pixel range.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// They go beyond them.
    #[default]
    None,
    /// They are reflected: the model is a density on the box alone.
    Reflect,
}

impl Boundary {
    /// Whether it is that of a spec that names none.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl SamplerKind {
    /// Whether it is the kind of a spec that names none.
    pub fn is_sgld(&self) -> bool {
        *self == Self::Sgld
    }
}

impl Objective {
    /// Whether a term has chains: then there are a buffer and a sampler.
    pub fn contrastive(&self) -> bool {
        self.rounds() > 0
    }

    /// Terms with chains of their own, 0 to 2.
    pub fn rounds(&self) -> u64 {
        u64::from(self.lambda > 0.0) + u64::from(self.joint() > 0.0)
    }

    /// λ_joint.
    pub fn joint(&self) -> f64 {
        self.lambda_joint.unwrap_or(0.0)
    }
}

impl Sampler {
    /// α of step `part` of a chain (from 0).
    pub fn step_size_at(&self, part: u32) -> f64 {
        match self.step_size_decay {
            // Multiplied one by one: the same bits whatever powi does.
            Some(decay) => (0..part).fold(self.step_size, |size, _| size * decay),
            None => self.step_size,
        }
    }

    /// Standard deviation of the noise of step `part` of a chain (from 0).
    pub fn noise_std_at(&self, part: u32) -> f64 {
        match self.kind {
            SamplerKind::Sgld => self.noise_std,
            SamplerKind::Langevin | SamplerKind::Mala => {
                (2.0 * self.step_size_at(part) * self.temperature.unwrap_or(1.0)).sqrt()
            }
        }
    }

    /// Whether its chains draw noise.
    pub fn is_noisy(&self) -> bool {
        !self.kind.is_sgld() || self.noise_std > 0.0
    }

    /// σ²/(2α) of a chain's last step: the T of the exp(−E/T) that such steps
    /// would sample from if α were small and nothing were clamped. With a
    /// clamp on gradient or state it is nominal.
    pub fn effective_temperature(&self) -> f64 {
        let last = u32::try_from(self.steps.saturating_sub(1)).unwrap_or(u32::MAX);
        match self.kind {
            SamplerKind::Sgld => self.noise_std * self.noise_std / (2.0 * self.step_size_at(last)),
            SamplerKind::Langevin | SamplerKind::Mala => self.temperature.unwrap_or(1.0),
        }
    }
}

/// The most values that the covariances of all classes may have: 4 GB.
const MAX_COVARIANCES: u64 = 1_000_000_000;

/// The objective has a term, and its chains can be made.
pub(super) fn check_sampling(training: &Training, found: &mut Vec<Violation>) {
    let objective = &training.objective;
    if !objective.contrastive() {
        if objective.cross_entropy == Some(0.0) {
            found.push(Violation::new(
                "no term of the loss has a weight: nothing would be trained".to_owned(),
                &["objective.cross_entropy", "objective.lambda", "objective.lambda_joint"],
                "give at least one of them a weight above 0",
            ));
        }
        return;
    }
    if training.sampler.steps == 0 {
        let (name, weight) = match objective.lambda > 0.0 {
            true => ("lambda", objective.lambda),
            false => ("lambda_joint", objective.joint()),
        };
        found.push(Violation::new(
            format!("0 Langevin steps cannot make the samples that {name} = {weight} needs"),
            &["sampler.steps", if name == "lambda" { LAMBDA } else { JOINT }],
            format!("take at least 1 step, or set objective.{name} = 0"),
        ));
    }
    check_slots(training, found);
    check_noise(training, found);
}

const LAMBDA: &str = "objective.lambda";
const JOINT: &str = "objective.lambda_joint";

/// A batch of chains finds slots, whatever classes it draws.
fn check_slots(training: &Training, found: &mut Vec<Violation>) {
    let (size, batch) = (training.replay_buffer.size, training.train.batch_size);
    let mut paths = vec!["replay_buffer.size", "train.batch_size"];
    if size < batch {
        found.push(Violation::new(
            format!("a replay buffer of {size} chains is smaller than a batch of {batch}"),
            &paths,
            "each step takes one chain from the buffer for every example of the batch",
        ));
        return;
    }
    let marginal = training.objective.lambda > 0.0 && training.sampler.conditional;
    if !marginal && training.objective.joint() == 0.0 {
        return;
    }
    // A dataset that is not known is another violation.
    let Ok(classes) = classes_of(&training.data.train) else { return };
    let share = size / (classes as u64).max(1);
    if share < batch {
        paths.push(if marginal { "sampler.conditional" } else { JOINT });
        found.push(Violation::new(
            format!(
                "{share} slots a class (a replay buffer of {size} for {classes} classes) are \
                 fewer than a batch of {batch}"
            ),
            &paths,
            format!(
                "a batch may be of one class; set replay_buffer.size, at least {}",
                batch.saturating_mul(classes as u64)
            ),
        ));
    }
}

/// One field says what noise there is, and an exact step stays exact.
fn check_noise(training: &Training, found: &mut Vec<Violation>) {
    let sampler = &training.sampler;
    if sampler.clamp && !sampler.boundary.is_none() {
        found.push(Violation::new(
            "chains cannot be both clamped and reflected at the ends of the pixel range".to_owned(),
            &["sampler.boundary", "sampler.clamp"],
            "write sampler.clamp = false, or sampler.boundary = \"none\"",
        ));
    }
    if sampler.kind.is_sgld() {
        if let Some(temperature) = sampler.temperature {
            found.push(Violation::new(
                format!("a temperature of {temperature} says nothing to sgld"),
                &["sampler.temperature", "sampler.kind"],
                "its noise is noise_std; write sampler.kind = \"langevin\" or \"mala\", \
                 or temperature = 1",
            ));
        }
        return;
    }
    if sampler.noise_std != 0.0 {
        found.push(Violation::new(
            format!("noise_std = {} beside a kind that has its own noise", sampler.noise_std),
            &["sampler.noise_std", "sampler.kind"],
            "the noise of langevin and mala is √(2 · step_size · temperature); \
             write sampler.noise_std = 0",
        ));
    }
    if sampler.kind == SamplerKind::Mala && sampler.clamp {
        found.push(Violation::new(
            "a clamp would break the balance that mala accepts and refuses by".to_owned(),
            &["sampler.clamp", "sampler.kind"],
            "write sampler.clamp = false; clip_gradient leaves mala exact",
        ));
    }
    if sampler.kind == SamplerKind::Mala && !training.model.sampler_mode().is_eval() {
        found.push(Violation::new(
            "with statistics of the batch a chain's energy hangs on the other chains, and mala \
             would accept and refuse by another one"
                .to_owned(),
            &["model.wrn.sampler_mode", "sampler.kind"],
            "write model.wrn.sampler_mode = \"eval\", or sampler.kind = \"langevin\"",
        ));
    }
}

/// The covariances of the classes of `entry`'s images fit into a memory.
pub(super) fn check_covariances(training: &Training, entry: &Entry, found: &mut Vec<Violation>) {
    if training.sampler.init != ChainInit::ClassGaussian || !training.objective.contrastive() {
        return;
    }
    let pixels: u64 = entry.shape.iter().map(|side| *side as u64).product();
    let classes = entry.classes as u64;
    if pixels.saturating_mul(pixels).saturating_mul(classes) > MAX_COVARIANCES {
        found.push(Violation::new(
            format!("{classes} covariances of {pixels}×{pixels} values are too large"),
            &["sampler.init", "data.train"],
            format!("at most {MAX_COVARIANCES} values in all are accepted; write another init"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(kind: SamplerKind) -> Sampler {
        Sampler { steps: 3, step_size: 0.5, noise_std: 0.0, kind, ..Sampler::default() }
    }

    #[test]
    fn temperatures_of_the_literature() {
        let jem = Sampler { step_size: 1.0, noise_std: 0.01, ..sampler(SamplerKind::Sgld) };
        assert!((jem.effective_temperature() - 5e-5).abs() < 1e-18);
        let seed = Sampler { step_size: 0.01, noise_std: 0.005, ..jem };
        assert!((seed.effective_temperature() - 1.25e-3).abs() < 1e-15);
        assert_eq!(sampler(SamplerKind::Langevin).effective_temperature(), 1.0);
        assert_eq!(sampler(SamplerKind::Langevin).noise_std_at(0), 1.0);
    }

    #[test]
    fn a_decaying_step_takes_the_noise_of_a_proper_chain_with_it() {
        let decay = Some(0.25);
        let proper = Sampler { step_size_decay: decay, ..sampler(SamplerKind::Mala) };
        assert_eq!([0, 1, 2].map(|k| proper.step_size_at(k)), [0.5, 0.125, 0.03125]);
        assert_eq!([0, 1, 2].map(|k| proper.noise_std_at(k)), [1.0, 0.5, 0.25]);
        let jem = Sampler { noise_std: 0.5, step_size_decay: decay, ..sampler(SamplerKind::Sgld) };
        assert_eq!(jem.noise_std_at(2), 0.5);
        assert_eq!(jem.effective_temperature(), 4.0);
    }
}
