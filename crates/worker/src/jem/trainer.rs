//! One training step after another.

use std::rc::Rc;

use jem_core::arrays::Arrays;
use jem_core::spec::{Optimizer, Sampler, Training};
use tch::{Device, Kind, Tensor};

use super::{
    AdamState, Auxiliary, Chains, Energies, Misfit, Mode, Network, Parameters, ReplayBuffer,
    Samples, StepValues, build, clip_grad_norm, cross_entropy, energy, energy_of_class,
    learning_rate, terms,
};
use crate::data::{BatchOrder, Images, View, labelled};

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
    auxiliary: Option<Auxiliary>,
    seed: u64,
    steps: u64,
    steps_per_epoch: u64,
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
        // An epoch is a pass over all images, however many are labelled.
        let all = BatchOrder::new(seed, "data order", images.len(), batch);
        let (steps, steps_per_epoch) = (all.steps(spec.train.length), all.steps_per_epoch());
        let labelled = match spec.data.labels {
            Some(rule) => {
                let rows = labelled(&images.labels(), images.classes(), rule, seed);
                BatchOrder::of(seed, "data order", rows, batch)
            }
            None => all,
        };
        Self {
            adam: AdamState::new(adam, parameters.tensors()),
            chains: Chains::new(spec, seed, &images),
            steps,
            steps_per_epoch,
            unlabelled: independent.then(|| BatchOrder::new(seed, "px order", images.len(), batch)),
            labelled,
            auxiliary: None,
            seed,
            spec: spec.clone(),
            network,
            parameters,
            images,
            step: 0,
        }
    }

    /// With the auxiliary set `images`, which the terms on it learn from.
    #[must_use]
    pub fn with_auxiliary(mut self, images: Images) -> Self {
        self.auxiliary = Some(Auxiliary::new(&self.spec, self.seed, images));
        self
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

    /// Steps of one pass over the training images.
    pub fn steps_per_epoch(&self) -> u64 {
        self.steps_per_epoch
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
        let view = View::labelled(&self.spec.data);
        let (x, y) = self.images.training_batch("data", &view, step, &rows);
        // While it is pre-trained, the cross-entropy is all.
        let pretrained = self.spec.train.pretrain_steps.is_none_or(|steps| step >= steps);
        let samples = if pretrained { self.sample(step, &rows) } else { Samples::none() };
        let logits = self.network.logits(self.parameters.tensors(), &x, Mode::Train);
        let ce = cross_entropy(&logits, &y);
        let logits_of = |x: &Tensor| self.network.logits(self.parameters.tensors(), x, Mode::Train);
        let marginal = samples.marginal.as_ref().map(|samples| {
            let data = match &mut self.unlabelled {
                Some(order) => {
                    let rows = order.rows(step);
                    let view = View::px(&self.spec.data);
                    energy(&logits_of(&self.images.training_batch("px", &view, step, &rows).0))
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
        let mut terms = terms(&self.spec.objective, ce, marginal, joint);
        if let Some(auxiliary) = self.auxiliary.as_mut().filter(|_| pretrained) {
            let (network, tensors) = (self.network.as_ref(), self.parameters.tensors());
            if let Some(loss) = auxiliary.loss(network, tensors, &logits, step) {
                // A new tensor: the loss may be that of the cross-entropy.
                terms.loss = &terms.loss + loss;
            }
        }
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
            return Samples::none();
        };
        // Few labelled images have a batch of their own, smaller than the other.
        let n = self.unlabelled.as_ref().map_or(rows.len(), BatchOrder::batch);
        chains.advance(self.network.as_ref(), &self.parameters.frozen(), step, n, rows)
    }
}
