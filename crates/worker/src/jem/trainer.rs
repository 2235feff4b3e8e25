//! One training step after another.

use std::rc::Rc;

use jem_core::arrays::Arrays;
use jem_core::spec::{Sampler, Training};
use tch::{Device, Kind, Tensor};

use super::objective::mean;
use super::{
    Auxiliary, Average, Chains, Energies, Masks, Misfit, Mode, Network, Noise, OptimizerState,
    Parameters, ReplayBuffer, Samples, StepValues, build, clip_grad_norm, energy, energy_of_class,
    learning_rate, smoothed_cross_entropy, terms,
};
use crate::data::{BatchOrder, Images, View, labelled};

/// Rounds that state which follows the parameters gets before the first step:
/// what PyTorch gives spectral normalisation at its start.
const SETTLING: u64 = 15;

/// A network in training. The numbers of step s depend on the parameters and
/// on (seed, s) alone.
pub struct Trainer {
    spec: Training,
    network: Box<dyn Network>,
    parameters: Parameters,
    optimizer: OptimizerState,
    /// The running mean of the parameters, where that is evaluated.
    average: Option<Average>,
    /// None where no term has negative samples.
    chains: Option<Chains>,
    images: Rc<Images>,
    labelled: BatchOrder,
    unlabelled: Option<BatchOrder>,
    auxiliary: Option<Auxiliary>,
    kind: Kind,
    seed: u64,
    steps: u64,
    steps_per_epoch: u64,
    step: u64,
}

/// Logits of one step, `[n, k]` each; none where there is no such batch.
struct Passes {
    /// Of the images of p(x), where they are not the labelled ones.
    unlabelled: Option<Tensor>,
    /// Of samples of p(x).
    samples: Option<Tensor>,
    /// Of samples of p(x | y).
    joint: Option<Tensor>,
    /// Of the auxiliary set.
    auxiliary: Option<Tensor>,
    labelled: Tensor,
}

impl Trainer {
    /// A trainer before its first step, on the training `images`.
    pub fn new(spec: &Training, seed: u64, images: Images) -> Self {
        Self::with_kind(spec, seed, images, Kind::Float)
    }

    /// The same in the precision `kind`: parameters, chains, inputs and all
    /// that is made of them. What it saves is single precision whatever the
    /// kind, so double precision is for comparisons.
    pub fn with_kind(spec: &Training, seed: u64, images: Images, kind: Kind) -> Self {
        let device = images.device();
        let shape = images.shape();
        let network = build(&spec.model, shape, images.classes());
        let parameters = Parameters::init(&network.parameters(), seed, device).to_kind(kind);
        network.follow(parameters.tensors(), SETTLING);
        let batch = spec.train.batch_size as usize;
        let images = Rc::new(images);
        let objective = &spec.objective;
        let of_px = objective.lambda > 0.0 || objective.energy_l2_on_data() > 0.0;
        let independent = of_px && spec.train.independent_px_batch;
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
        let mut chains = Chains::new(spec, seed, &images);
        if let Some(chains) = &mut chains {
            chains.convert_to(kind);
        }
        Self {
            optimizer: OptimizerState::new(&spec.optimizer, parameters.trained()),
            average: Average::new(&spec.train, &parameters),
            chains,
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
            kind,
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
        self.optimizer.save(&self.parameters, &mut arrays);
        if let Some(average) = &self.average {
            average.save(&mut arrays);
        }
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
        self.optimizer.restore(&self.parameters, arrays, step)?;
        if let Some(average) = &mut self.average {
            average.restore(arrays)?;
        }
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

    /// The parameters that are evaluated: their running mean where there is
    /// one, else themselves.
    pub fn evaluated(&self) -> &Parameters {
        self.average.as_ref().map_or(&self.parameters, Average::mean)
    }

    /// From here on the chains take their noise from `noise`: for comparisons
    /// with numbers that are not those of our streams.
    pub fn inject(&mut self, noise: Box<dyn Noise>) {
        if let Some(chains) = &mut self.chains {
            chains.inject(noise);
        }
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
        let unlabelled = self.unlabelled.as_mut().map(|order| order.rows(step));
        let (x, y) = self.inputs("data", &View::labelled(&self.spec.data), step, &rows);
        self.network.follow(self.parameters.tensors(), 1);
        // While it is pre-trained, the cross-entropy is all.
        let pretrained = self.spec.train.pretrain_steps.is_none_or(|steps| step >= steps);
        let samples = if pretrained { self.sample(step, &rows) } else { Samples::none() };
        let passes = self.passes(&x, unlabelled.as_deref(), &samples, pretrained);
        let logits = &passes.labelled;
        let smoothing = self.spec.train.label_smoothing.unwrap_or(0.0);
        let ce = smoothed_cross_entropy(logits, &y, smoothing);
        // E(x⁺) of the images of p(x).
        let data = energy(passes.unlabelled.as_ref().unwrap_or(logits));
        let marginal = passes
            .samples
            .as_ref()
            .map(|samples| Energies { data: data.shallow_clone(), samples: energy(samples) });
        let joint = passes.joint.as_ref().map(|samples| Energies {
            data: energy_of_class(logits, &y),
            samples: energy_of_class(samples, &y),
        });
        let alone = pretrained.then_some(&data);
        let mut terms = terms(&self.spec.objective, ce, marginal, joint, alone);
        if let Some((auxiliary, outside)) = self.auxiliary.as_ref().zip(passes.auxiliary.as_ref())
            && let Some(loss) = auxiliary.loss(logits, outside)
        {
            // A new tensor: the loss may be that of the cross-entropy.
            terms.loss = &terms.loss + loss;
        }
        let norm = self.update(&terms.loss);
        let _guard = tch::no_grad_guard();
        let accuracy = mean(&logits.argmax(1, false).eq_tensor(&y).to_kind(self.kind));
        let (data, fresh) = terms.marginal.unwrap_or_else(|| {
            let samples = passes.joint.as_ref().map(energy);
            (mean(&data), mean(samples.as_ref().unwrap_or(&data)))
        });
        let gap = &fresh - &data;
        let gap_joint = terms.joint.map(|(data, samples)| samples - data);
        let plain = [terms.loss, terms.ce, accuracy, norm, data, fresh, gap];
        let bounds = self.spec.data.range.bounds();
        StepValues::new(plain, &samples, self.chains.as_ref(), gap_joint, bounds)
    }

    /// What the network says of all that this step is fitted to, of which `x`
    /// are the labelled images. These come last, as in the code of JEM and
    /// JEM++: what a batch leaves in the running statistics of batch
    /// normalisation fades with each pass after it, and the classifier is
    /// evaluated with them.
    fn passes(
        &mut self,
        x: &Tensor,
        unlabelled: Option<&[i64]>,
        samples: &Samples,
        pretrained: bool,
    ) -> Passes {
        let step = self.step;
        let auxiliary = self.auxiliary.as_mut().filter(|set| pretrained && set.has_terms());
        let outside = auxiliary.map(|set| set.inputs(step).to_kind(self.kind));
        // Passes have masks of their own, by number.
        let logits_of = |x: &Tensor, pass| {
            let mode = Mode::Train(Masks::new(self.seed, step, pass));
            self.network.logits(self.parameters.tensors(), x, mode)
        };
        let marginal = samples.marginal.as_ref();
        let unlabelled = unlabelled.filter(|_| pretrained).map(|rows| {
            let view = View::px(&self.spec.data);
            logits_of(&self.inputs("px", &view, step, rows).0, 1)
        });
        Passes {
            unlabelled,
            samples: marginal.map(|samples| logits_of(&samples.x, 2)),
            joint: samples.joint.as_ref().map(|samples| logits_of(&samples.x, 3)),
            auxiliary: outside.map(|x| logits_of(&x, 4)),
            labelled: logits_of(x, 0),
        }
    }

    /// Moves the parameters down the gradient of `loss`; returns its norm.
    fn update(&mut self, loss: &Tensor) -> Tensor {
        let trained = self.parameters.trained();
        let mut gradients = Tensor::run_backward(&[loss], trained, false, false);
        let norm = clip_grad_norm(&mut gradients, self.spec.train.clip_grad_norm);
        let lr = self.spec.optimizer.lr();
        let lr = learning_rate(&self.spec.train, lr, self.step, self.steps);
        self.optimizer.step(trained, &gradients, lr);
        if let Some(average) = &mut self.average {
            average.add(&self.parameters, self.step);
        }
        self.step += 1;
        norm
    }

    /// Inputs and labels of the training images `rows`, as `view` has them.
    fn inputs(&self, name: &str, view: &View, step: u64, rows: &[i64]) -> (Tensor, Tensor) {
        let (x, y) = self.images.training_batch(name, view, step, rows);
        (x.to_kind(self.kind), y)
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
