//! One training step after another.

use std::rc::Rc;

use jem_core::arrays::Arrays;
use jem_core::spec::{Optimizer, Sampler, Training};
use tch::{Device, Kind, Tensor};

use super::{
    AdamState, Chains, Energies, Misfit, Mode, Network, Parameters, ReplayBuffer, Samples,
    StepValues, build, clip_grad_norm, cross_entropy, energy, energy_of_class, learning_rate,
    terms,
};
use crate::data::{BatchOrder, Images};

/// A network in training. The numbers of step s depend on the parameters and
/// on (seed, s) alone.
pub struct Trainer {
    spec: Training,
    network: Box<dyn Network>,
    parameters: Parameters,
    adam: AdamState,
    /// None where no term has any.
    chains: Option<Chains>,
    images: Rc<Images>,
    labelled: BatchOrder,
    unlabelled: Option<BatchOrder>,
    steps: u64,
    step: u64,
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
        let images = Rc::new(images);
        let independent = spec.objective.lambda > 0.0 && spec.train.independent_px_batch;
        let labelled = BatchOrder::new(seed, "data order", images.len(), batch);
        Self {
            adam: AdamState::new(adam, parameters.tensors()),
            chains: Chains::new(spec, seed, &images),
            steps: labelled.steps(spec.train.length),
            unlabelled: independent.then(|| BatchOrder::new(seed, "px order", images.len(), batch)),
            labelled,
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
        if let Some(chains) = &mut self.chains {
            chains.restart(sampler, number);
        }
    }

    /// Everything that the numbers of the next step depend on beside the spec
    /// and the seed, with [`Trainer::step_done`] and the restart's number: no
    /// stream has a state, since its numbers are named by the step.
    pub fn save(&self) -> Arrays {
        let mut arrays = self.parameters.to_arrays();
        self.adam.save(&self.parameters, &mut arrays);
        if let Some(chains) = &self.chains {
            chains.save(&mut arrays);
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
        if let Some(chains) = &mut self.chains {
            chains.restore(arrays)?;
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

    /// The replay buffer; none where no term has chains.
    pub fn buffer(&self) -> Option<&ReplayBuffer> {
        self.chains.as_ref().map(Chains::buffer)
    }

    /// The chains; none where no term has any.
    pub fn chains(&self) -> Option<&Chains> {
        self.chains.as_ref()
    }

    /// One update of the parameters.
    pub fn step(&mut self) -> StepValues {
        let step = self.step;
        let rows = self.labelled.rows(step);
        let (x, y) = self.images.noisy_batch("data noise", step, &rows);
        let samples = self.sample(step, &rows);
        let logits = self.network.logits(self.parameters.tensors(), &x, Mode::Train);
        let ce = cross_entropy(&logits, &y);
        let logits_of = |x: &Tensor| self.network.logits(self.parameters.tensors(), x, Mode::Train);
        let marginal = samples.marginal.as_ref().map(|samples| {
            let data = match &mut self.unlabelled {
                Some(order) => {
                    let rows = order.rows(step);
                    energy(&logits_of(&self.images.noisy_batch("px noise", step, &rows).0))
                }
                None => energy(&logits),
            };
            Energies { data, samples: energy(&logits_of(&samples.x)) }
        });
        let logits_joint = samples.joint.as_ref().map(|samples| logits_of(&samples.x));
        let joint = logits_joint.as_ref().map(|samples| Energies {
            data: energy_of_class(&logits, &y),
            samples: energy_of_class(samples, &y),
        });
        let terms = terms(&self.spec.objective, ce, marginal, joint);
        let mut gradients =
            Tensor::run_backward(&[&terms.loss], self.parameters.tensors(), false, false);
        let norm = clip_grad_norm(&mut gradients, self.spec.train.clip_grad_norm);
        let Optimizer::Adam(adam) = &self.spec.optimizer;
        let lr = learning_rate(&self.spec.train, adam.lr, step, self.steps);
        self.adam.step(self.parameters.tensors(), &gradients, lr);
        self.step += 1;
        let _guard = tch::no_grad_guard();
        let accuracy = logits.argmax(1, false).eq_tensor(&y).to_kind(Kind::Float);
        let (data, fresh) = terms.marginal.unwrap_or_else(|| {
            let mean = |logits: &Tensor| energy(logits).mean(Kind::Float);
            (mean(&logits), mean(logits_joint.as_ref().unwrap_or(&logits)))
        });
        let gap = &fresh - &data;
        let gap_joint = terms.joint.map(|(data, samples)| samples - data);
        let accuracy = accuracy.mean(Kind::Float);
        let plain = [terms.loss, terms.ce, accuracy, norm, data, fresh, gap];
        let bounds = self.spec.data.range.bounds();
        StepValues::new(plain, &samples, self.chains.as_ref(), gap_joint, bounds)
    }

    /// The samples of each term that has chains, for the training images
    /// `rows` of the batch.
    fn sample(&mut self, step: u64, rows: &[i64]) -> Samples {
        let Some(chains) = &mut self.chains else {
            return Samples { marginal: None, joint: None };
        };
        chains.advance(self.network.as_ref(), &self.parameters.frozen(), step, rows)
    }
}
