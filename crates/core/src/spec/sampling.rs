//! What the fields of `[objective]` and `[sampler]` say about chains, and
//! which of them do not go together.

use serde::{Deserialize, Serialize};

use super::constraint::Violation;
use super::resolved::{ChainInit, Objective, ReplayBuffer, Sampler, Training};
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
    /// Whether a term has negative samples: then there are a buffer and a
    /// sampler, and chains unless the sampler takes 0 steps.
    pub fn contrastive(&self) -> bool {
        self.rounds() > 0
    }

    /// Terms with negative samples of their own, 0 to 2.
    pub fn rounds(&self) -> u64 {
        u64::from(self.lambda > 0.0) + u64::from(self.joint() > 0.0)
    }

    /// λ_joint.
    pub fn joint(&self) -> f64 {
        self.lambda_joint.unwrap_or(0.0)
    }

    /// α of a contrastive term that has the weight `weight`, λ or λ_joint.
    pub fn energy_l2_of(&self, weight: f64) -> f64 {
        self.energy_l2_ratio.map_or(self.energy_l2, |ratio| ratio * weight)
    }

    /// β.
    pub fn energy_l2_on_data(&self) -> f64 {
        self.energy_l2_data.unwrap_or(0.0)
    }
}

impl ReplayBuffer {
    /// Chains that a training run keeps where the spec does not say.
    pub const KEPT: u64 = 100;

    /// Chains that the training run keeps.
    pub fn kept(&self) -> u64 {
        self.keep.unwrap_or(Self::KEPT)
    }
}

impl Training {
    /// Whether Langevin chains run: a term has negative samples, and they are
    /// not new starts alone.
    pub fn runs_chains(&self) -> bool {
        self.objective.contrastive() && self.sampler.steps > 0
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
    check_energy_l2(objective, found);
    if !objective.contrastive() {
        if objective.cross_entropy == Some(0.0) {
            let what = match objective.energy_l2_data {
                Some(_) => "energy_l2_data alone draws every energy to 0",
                None => "no term of the loss has a weight",
            };
            found.push(Violation::new(
                format!("{what}: nothing would be trained"),
                &["objective.cross_entropy", "objective.lambda", JOINT],
                "give at least one of them a weight above 0",
            ));
        }
        return;
    }
    if training.sampler.steps == 0 {
        check_new_starts(training, found);
    }
    check_slots(training, found);
    check_noise(training, found);
}

const JOINT: &str = "objective.lambda_joint";

/// One field says what α is.
fn check_energy_l2(objective: &Objective, found: &mut Vec<Violation>) {
    let Some(ratio) = objective.energy_l2_ratio.filter(|_| objective.energy_l2 != 0.0) else {
        return;
    };
    found.push(Violation::new(
        format!(
            "energy_l2_ratio = {ratio} beside energy_l2 = {}: both say how much the squared \
             energies weigh",
            objective.energy_l2
        ),
        &["objective.energy_l2_ratio", "objective.energy_l2"],
        "write objective.energy_l2 = 0 for a weight that follows lambda, or leave \
         energy_l2_ratio out for one that does not",
    ));
}

/// Samples that no Langevin step follows are noise, and stay so.
fn check_new_starts(training: &Training, found: &mut Vec<Violation>) {
    if training.sampler.init == ChainInit::Data {
        found.push(Violation::new(
            "with 0 Langevin steps from training images the negative samples would be training \
             images"
                .to_owned(),
            &["sampler.steps", "sampler.init"],
            "take at least 1 step, or start from \"uniform\", \"normal\" or \"class_gaussian\"",
        ));
    }
    if let Some(extra) = training.divergence.restart_extra_steps {
        found.push(Violation::new(
            format!("{extra} more Langevin steps at a restart than the 0 before it"),
            &["divergence.restart_extra_steps", "sampler.steps"],
            "samples that are noise would become chains; write divergence.restart_extra_steps = 0",
        ));
    }
}

/// A batch of chains finds slots, whatever classes it draws, and so do those
/// that are kept.
fn check_slots(training: &Training, found: &mut Vec<Violation>) {
    let (size, batch) = (training.replay_buffer.size, training.train.batch_size);
    if let Some(keep) = training.replay_buffer.keep.filter(|keep| *keep > size) {
        found.push(Violation::new(
            format!("{keep} chains cannot be kept of a replay buffer of {size}"),
            &["replay_buffer.keep", "replay_buffer.size"],
            format!("write replay_buffer.keep, at most {size}"),
        ));
    }
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
