//! One training step after another.

use jem_core::arrays::Arrays;
use jem_core::random::Stream;
use jem_core::spec::{Optimizer, Sampler, Training};
use tch::{Device, Kind, Tensor};

use super::{
    AdamState, Energies, Misfit, Mode, Network, Parameters, ReplayBuffer, build, clip_grad_norm,
    cross_entropy, energy, langevin, learning_rate, terms,
};
use crate::data::{BatchOrder, Images};

/// A network in training. The numbers of step s depend on the parameters and
/// on (seed, s) alone.
pub struct Trainer {
    spec: Training,
    network: Box<dyn Network>,
    parameters: Parameters,
    adam: AdamState,
    /// None where λ = 0: then no chain runs.
    buffer: Option<ReplayBuffer>,
    images: Images,
    labelled: BatchOrder,
    unlabelled: Option<BatchOrder>,
    noise: Stream,
    seed: u64,
    /// The samples of the last step.
    samples: Option<Tensor>,
    steps: u64,
    step: u64,
}

/// What one step measured, as a tensor on the device: reading it waits.
#[derive(Debug)]
pub struct StepValues(Tensor);

impl StepValues {
    /// Names of the values, in order. Where λ = 0 there are no samples: their
    /// energy is that of the data, and the gap 0.
    pub const NAMES: [&'static str; 7] = [
        "train/loss",
        "train/ce",
        "train/accuracy",
        "train/grad_norm",
        "train/energy_data",
        "train/energy_samples",
        "train/energy_gap",
    ];

    /// The values, in the order of [`StepValues::NAMES`].
    pub fn read(&self) -> [f64; 7] {
        let mut values = [0f64; 7];
        self.0.to_device(Device::Cpu).copy_data(&mut values, 7);
        values
    }

    /// The tensor of the values, `[7]`, double precision.
    pub fn tensor(&self) -> &Tensor {
        &self.0
    }
}

impl Trainer {
    /// A trainer before its first step, on the training `images`.
    pub fn new(spec: &Training, seed: u64, images: Images) -> Self {
        let device = images.device();
        let shape = images.shape();
        let network = build(&spec.model, shape, images.classes());
        let parameters = Parameters::init(&network.parameters(), seed, device);
        let Optimizer::Adam(adam) = &spec.optimizer;
        let batch = spec.train.batch_size as usize;
        let contrastive = spec.objective.lambda > 0.0;
        let bounds = spec.data.range.bounds();
        let buffer = contrastive.then(|| {
            let init = spec.sampler.init;
            ReplayBuffer::new(&spec.replay_buffer, init, shape, bounds, seed, device)
        });
        let independent = contrastive && spec.train.independent_px_batch;
        let labelled = BatchOrder::new(seed, "data order", images.len(), batch);
        Self {
            adam: AdamState::new(adam, parameters.tensors()),
            buffer,
            steps: labelled.steps(spec.train.length),
            unlabelled: independent.then(|| BatchOrder::new(seed, "px order", images.len(), batch)),
            labelled,
            noise: Stream::new(seed, "sampler noise"),
            seed,
            samples: None,
            spec: spec.clone(),
            network,
            parameters,
            images,
            step: 0,
        }
    }

    /// From here on the chains take their noise from the stream of the
    /// `number`-th restart (0 for none), with the step size and steps that
    /// `[divergence]` gives them there.
    pub fn restart(&mut self, sampler: Sampler, number: u64) {
        self.spec.sampler = sampler;
        self.noise = match number {
            0 => Stream::new(self.seed, "sampler noise"),
            number => Stream::new(self.seed, &format!("sampler noise, restart {number}")),
        };
    }

    /// Everything that the numbers of the next step depend on beside the spec
    /// and the seed, with [`Trainer::step_done`] and the restart's number: no
    /// stream has a state, since its numbers are named by the step.
    pub fn save(&self) -> Arrays {
        let mut arrays = self.parameters.to_arrays();
        self.adam.save(&self.parameters, &mut arrays);
        if let Some(buffer) = &self.buffer {
            buffer.save(&mut arrays);
        }
        arrays
    }

    /// Goes to where a trainer of the same spec and seed was when it left
    /// `arrays` after `step` steps.
    ///
    /// # Errors
    /// When they are another network's or buffer's.
    pub fn restore(&mut self, arrays: &Arrays, step: u64) -> Result<(), Misfit> {
        self.parameters.restore(arrays)?;
        self.adam.restore(&self.parameters, arrays, step)?;
        if let Some(buffer) = &mut self.buffer {
            buffer.restore(arrays)?;
        }
        self.step = step;
        Ok(())
    }

    /// Where its tensors are.
    pub fn device(&self) -> Device {
        self.images.device()
    }

    /// Steps done.
    pub fn step_done(&self) -> u64 {
        self.step
    }

    /// The share of the last step's sample values that lie at an end of the
    /// pixel range or beyond it; none where λ = 0.
    pub fn saturation(&self) -> Option<f64> {
        let _guard = tch::no_grad_guard();
        let samples = self.samples.as_ref()?;
        let (low, high) = self.spec.data.range.bounds();
        let outside = samples.le(low).logical_or(&samples.ge(high));
        Some(outside.to_kind(Kind::Double).mean(Kind::Double).double_value(&[]))
    }

    /// Steps in all.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Steps of one pass over the labelled data.
    pub fn steps_per_epoch(&self) -> u64 {
        self.labelled.steps_per_epoch()
    }

    /// The network.
    pub fn network(&self) -> &dyn Network {
        self.network.as_ref()
    }

    /// Its parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The replay buffer; none where λ = 0.
    pub fn buffer(&self) -> Option<&ReplayBuffer> {
        self.buffer.as_ref()
    }

    /// One update of the parameters.
    pub fn step(&mut self) -> StepValues {
        let step = self.step;
        let rows = self.labelled.rows(step);
        let (x, y) = self.images.noisy_batch("data noise", step, &rows);
        let samples = self.sample(step, x.size()[0] as usize);
        let logits = self.network.logits(self.parameters.tensors(), &x, Mode::Train);
        let ce = cross_entropy(&logits, &y);
        let energies = samples.map(|samples| {
            let energy_of = |x: &Tensor| {
                energy(&self.network.logits(self.parameters.tensors(), x, Mode::Train))
            };
            let data = match &mut self.unlabelled {
                Some(order) => {
                    let rows = order.rows(step);
                    energy_of(&self.images.noisy_batch("px noise", step, &rows).0)
                }
                None => energy(&logits),
            };
            Energies { data, samples: energy_of(&samples) }
        });
        let terms = terms(&self.spec.objective, ce, energies);
        let mut gradients =
            Tensor::run_backward(&[&terms.loss], self.parameters.tensors(), false, false);
        let norm = clip_grad_norm(&mut gradients, self.spec.train.clip_grad_norm);
        let Optimizer::Adam(adam) = &self.spec.optimizer;
        let lr = learning_rate(&self.spec.train, adam.lr, step, self.steps);
        self.adam.step(self.parameters.tensors(), &gradients, lr);
        self.step += 1;
        let _guard = tch::no_grad_guard();
        let accuracy = logits.argmax(1, false).eq_tensor(&y).to_kind(Kind::Float);
        let data = terms.energy_data.unwrap_or_else(|| energy(&logits).mean(Kind::Float));
        let samples = terms.energy_samples.unwrap_or_else(|| data.shallow_clone());
        let gap = &samples - &data;
        let accuracy = accuracy.mean(Kind::Float);
        let all = [terms.loss, terms.ce, accuracy, norm, data, samples, gap];
        StepValues(Tensor::stack(&all, 0).to_kind(Kind::Double).detach())
    }

    /// Advances `n` chains of the buffer by one round of Langevin dynamics and
    /// returns them; none where λ = 0.
    fn sample(&mut self, step: u64, n: usize) -> Option<Tensor> {
        let buffer = self.buffer.as_mut()?;
        let drawn = buffer.draw(step, n);
        let frozen = self.parameters.frozen();
        let x = langevin(
            self.network.as_ref(),
            &frozen,
            &drawn.x,
            &self.spec.sampler,
            self.spec.data.range.bounds(),
            &mut self.noise,
            step,
        );
        buffer.put_back(&drawn, &x);
        self.samples = Some(x.shallow_clone());
        Some(x)
    }
}
