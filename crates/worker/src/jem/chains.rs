//! The chains of a training: a buffer, and in every step a round of chains
//! for each contrastive term. With 0 Langevin steps a chain is its start alone
//! and every start is new, so that the samples are noise that no energy made:
//! what a training with chains is to be compared with.

use std::rc::Rc;

use jem_core::arrays::Arrays;
use jem_core::random::{At, Stream};
use jem_core::spec::{Sampler, SamplerMode, Training};
use tch::{Kind, Tensor};

use super::{
    Ask, Chain, Draws, Misfit, Mode, Network, Noise, ReplayBuffer, Starts, Walked, energy,
    energy_of_class, saturation,
};
use crate::data::Images;

/// Buffer, sampler and streams.
pub struct Chains {
    buffer: ReplayBuffer,
    sampler: Sampler,
    bounds: (f64, f64),
    seed: u64,
    /// For the term of p(x).
    marginal: Option<Round>,
    /// For the term of p(x, y).
    joint: Option<Round>,
    /// The label of every training image, where chains follow labels.
    labels: Vec<i64>,
    /// How the network acts in the chain.
    mode: Mode,
    /// In place of the streams' noise.
    injected: Option<Box<dyn Noise>>,
}

/// The streams of one round.
struct Round {
    name: &'static str,
    draws: Draws,
    /// Of the chains' classes, where they have any but those of a batch.
    classes: Option<Stream>,
    noise: Stream,
    accept: Stream,
}

impl Round {
    fn new(seed: u64, name: &'static str, classes: bool) -> Self {
        let classes = classes.then(|| Stream::new(seed, "chain classes"));
        let (noise, accept) = streams(seed, name, 0);
        Self { name, draws: Draws::new(seed, name), classes, noise, accept }
    }
}

/// Noise, and chances to be accepted, after the `number`-th restart.
fn streams(seed: u64, round: &str, number: u64) -> (Stream, Stream) {
    let restart = if number > 0 { format!(", restart {number}") } else { String::new() };
    let stream = |name: &str| Stream::new(seed, &format!("{name}{round}{restart}"));
    (stream("sampler noise"), stream("sampler accept"))
}

/// The samples of a step.
pub struct Samples {
    /// Of the p(x) term.
    pub marginal: Option<Walked>,
    /// Of the p(x, y) term, for the labels of the batch.
    pub joint: Option<Walked>,
}

impl Chains {
    /// The chains of `spec`, all started; none where no term has samples.
    pub fn new(spec: &Training, seed: u64, images: &Rc<Images>) -> Option<Self> {
        let (objective, sampler) = (&spec.objective, &spec.sampler);
        if !objective.contrastive() {
            return None;
        }
        let (marginal, joint) = (objective.lambda > 0.0, objective.joint() > 0.0);
        let by_class = joint || sampler.conditional;
        let bounds = spec.data.range.bounds();
        let starts = Starts::new(sampler.init, bounds, Rc::clone(images), by_class);
        let mut kept = spec.replay_buffer.clone();
        if sampler.steps == 0 {
            // A start that was used before is no new one.
            kept.reinit = 1.0;
        }
        Some(Self {
            buffer: ReplayBuffer::new(&kept, starts, seed),
            sampler: sampler.clone(),
            bounds,
            seed,
            marginal: marginal.then(|| Round::new(seed, "", sampler.conditional)),
            joint: joint.then(|| Round::new(seed, ", joint", false)),
            labels: if joint { images.labels() } else { Vec::new() },
            mode: match spec.model.sampler_mode() {
                SamplerMode::Eval => Mode::Eval,
                SamplerMode::Train => Mode::Batch,
            },
            injected: None,
        })
    }

    /// From here on the chains take their noise from the streams of the
    /// `number`-th restart (0 for none) and go by `sampler`.
    pub fn restart(&mut self, sampler: Sampler, number: u64) {
        self.sampler = sampler;
        for round in [&mut self.marginal, &mut self.joint].into_iter().flatten() {
            (round.noise, round.accept) = streams(self.seed, round.name, number);
        }
    }

    /// From here on the chains take their noise from `noise`: for comparisons
    /// with numbers that are not those of our streams.
    pub fn inject(&mut self, noise: Box<dyn Noise>) {
        self.injected = Some(noise);
    }

    /// The same chains in another precision.
    pub(super) fn convert_to(&mut self, kind: Kind) {
        self.buffer.convert_to(kind);
    }

    /// Advances chains of the buffer by a round for each term and returns
    /// them: `n` for p(x), and one for the label of each of the
    /// training images `rows` for p(x, y).
    pub fn advance(
        &mut self,
        network: &dyn Network,
        frozen: &[Tensor],
        step: u64,
        n: usize,
        rows: &[i64],
    ) -> Samples {
        let going = Going {
            network,
            frozen,
            sampler: &self.sampler,
            mode: self.mode,
            bounds: self.bounds,
            step,
        };
        let classes = self.buffer.starts().images().classes();
        let marginal = self.marginal.as_ref().map(|round| {
            let drawn = round.classes.map(|stream| {
                let class = |i| stream.distinct(At { step, part: i as u32 }, 1, classes)[0];
                (0..n).map(class).collect::<Vec<i64>>()
            });
            let ask = drawn.as_deref().map_or(Ask::Any(n), Ask::Classes);
            going.round(&mut self.buffer, round, &mut self.injected, ask)
        });
        let joint = self.joint.as_ref().map(|round| {
            let wanted: Vec<i64> = rows.iter().map(|&row| self.labels[row as usize]).collect();
            going.round(&mut self.buffer, round, &mut self.injected, Ask::Classes(&wanted))
        });
        Samples { marginal, joint }
    }

    /// The buffer.
    pub fn buffer(&self) -> &ReplayBuffer {
        &self.buffer
    }

    /// The class of the chain in each slot; none where some chains have none.
    pub fn classes(&self) -> Option<Vec<i64>> {
        let every = self.marginal.as_ref().is_none_or(|round| round.classes.is_some());
        let slots = self.buffer.chains().size()[0] as usize;
        every.then(|| (0..slots).map(|slot| self.buffer.class_of(slot) as i64).collect())
    }

    /// Puts what the next step depends on into `arrays`.
    pub fn save(&self, arrays: &mut Arrays) {
        self.buffer.save(arrays);
    }

    /// Takes back what [`Chains::save`] left.
    ///
    /// # Errors
    /// When it is another buffer's.
    pub fn restore(&mut self, arrays: &Arrays) -> Result<(), Misfit> {
        self.buffer.restore(arrays)
    }
}

/// What the chains of a step go by.
struct Going<'a> {
    network: &'a dyn Network,
    frozen: &'a [Tensor],
    sampler: &'a Sampler,
    mode: Mode,
    bounds: (f64, f64),
    step: u64,
}

impl Going<'_> {
    fn round(
        &self,
        buffer: &mut ReplayBuffer,
        round: &Round,
        injected: &mut Option<Box<dyn Noise>>,
        ask: Ask<'_>,
    ) -> Walked {
        let drawn = buffer.draw(&round.draws, self.step, ask);
        let labels = match ask {
            Ask::Any(_) => None,
            Ask::Classes(classes) => Some(Tensor::from_slice(classes).to_device(drawn.x.device())),
        };
        let energy = |x: &Tensor| {
            let logits = self.network.logits(self.frozen, x, self.mode);
            match &labels {
                None => energy(&logits),
                Some(labels) => energy_of_class(&logits, labels),
            }
        };
        let Self { sampler, bounds, step, .. } = *self;
        let chain = Chain { sampler, bounds, step };
        let mut stream = round.noise;
        let noise: &mut dyn Noise = match injected {
            Some(noise) => noise.as_mut(),
            None => &mut stream,
        };
        let walked = chain.walk(&energy, &drawn.x, noise, &round.accept);
        buffer.put_back(&drawn, &walked.x, sampler.steps);
        walked
    }
}

impl Samples {
    /// Of a step without chains.
    pub fn none() -> Self {
        Self { marginal: None, joint: None }
    }

    fn rounds(&self) -> impl Iterator<Item = &Walked> {
        self.marginal.iter().chain(&self.joint)
    }

    /// The mean over the rounds of what `part` is of each; 0 without rounds.
    fn mean(&self, part: impl Fn(&Walked) -> Tensor) -> Tensor {
        let _guard = tch::no_grad_guard();
        let parts: Vec<Tensor> = self.rounds().map(part).collect();
        match parts.as_slice() {
            [] => Tensor::from(0f64),
            parts => Tensor::stack(parts, 0).to_kind(Kind::Double).mean(Kind::Double),
        }
    }

    /// What the chains were like: mean gradient norm, displacement, share of
    /// values at an end of the pixel range or beyond, share of steps accepted
    /// (0 where none can be refused).
    pub fn measures(&self, bounds: (f64, f64)) -> [Tensor; 4] {
        let accepted = |walked: &Walked| match &walked.acceptance {
            Some(share) => share.shallow_clone(),
            None => walked.displacement.zeros_like(),
        };
        [
            self.mean(|walked| walked.gradient_norm.shallow_clone()),
            self.mean(|walked| walked.displacement.shallow_clone()),
            self.mean(|walked| saturation(&walked.x, bounds)),
            self.mean(accepted),
        ]
    }
}
