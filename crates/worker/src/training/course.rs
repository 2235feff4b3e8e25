//! The course of a training: step after step, with its curves, its detectors
//! and its ways back.

use std::collections::BTreeMap;
use std::rc::Rc;

use jem_core::arrays::{Array, Arrays};
use jem_core::dataset::LabelledImages;
use jem_core::id::TrialId;
use jem_core::metric::EFFECTIVE_TEMPERATURE;
use jem_core::results::{Divergence, Epoch, Outcome, Restart};
use jem_core::spec::{Training, Violation, count_violations};
use tch::{Device, Kind, Tensor};

use super::means::Means;
use super::restarts::{Restarts, sampler};
use super::{Point, Snapshot, Standing};
use crate::data::{Images, split};
use crate::eval::predict;
use crate::jem::{Look, Misfit, StepValues, Trainer, cross_entropy, detect, not_finite};

/// A training counted in steps has this many points on its curves.
const POINTS: u64 = 20;

/// A spec that does not fit the images at hand.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// There are fewer images than hold-out, limit and batches ask for.
    #[error("{}; {}", violation.message, violation.help)]
    Counts {
        /// What they do not suffice for.
        violation: Violation,
    },
    /// The padding is too wide for the images.
    #[error(
        "data.augment.pad = {pad}: images of {}×{} reflect fewer pixels than their side; lower it",
        sides[0], sides[1]
    )]
    Pad {
        /// `data.augment.pad`
        pad: u64,
        /// Height and width of the images.
        sides: [usize; 2],
    },
    /// Auxiliary images unlike the training images.
    #[error(
        "data.auxiliary has {images} images of shape {found:?}; the training images' is {shape:?}\
         {help}"
    )]
    Auxiliary {
        /// How many there are.
        images: usize,
        /// Their shape.
        found: [usize; 3],
        /// That of the training images.
        shape: [usize; 3],
        /// What to do, after a colon, where something can be done.
        help: String,
    },
}

/// The train splits that a training learns from.
#[derive(Clone, Copy, Debug)]
pub struct TrainSets<'a> {
    /// Of `data.train`.
    pub train: &'a LabelledImages,
    /// Of `data.auxiliary`, where one is named.
    pub auxiliary: Option<&'a LabelledImages>,
}

/// A training under way.
pub struct Course {
    trial: TrialId,
    seed: u64,
    spec: Training,
    trainer: Trainer,
    validation: Option<Images>,
    /// Steps between points of the curves.
    every: u64,
    curve: Means,
    /// Since the detectors last looked.
    window: Means,
    epochs: Vec<Epoch>,
    restarts: Restarts,
    outcome: Option<Outcome>,
}

/// What a step brought.
#[derive(Debug)]
pub struct Stepped {
    /// Its values, not yet read from the device.
    pub values: StepValues,
    /// The point of the curves that was reached.
    pub epoch: Option<Epoch>,
    /// Where the training went back to, having diverged.
    pub restart: Option<Restart>,
}

impl Course {
    /// A training of `spec` with `seed` on `sets`, before its first step.
    /// `trial` names it in its results.
    ///
    /// # Errors
    /// When there are fewer images than are asked for, or they do not fit.
    pub fn new(
        trial: TrialId,
        spec: &Training,
        seed: u64,
        sets: TrainSets<'_>,
        device: Device,
    ) -> Result<Self, Unfit> {
        let data = &spec.data;
        check(spec, sets)?;
        let on_device = |set| {
            Images::new(set, data.range, data.noise_std, seed, device).dequantised(data.dequantise)
        };
        let all = on_device(sets.train);
        let part = split(&sets.train.labels, data.validation, data.limit, seed);
        let validation = (!part.validation.is_empty()).then(|| all.select(&part.validation));
        let mut trainer = Trainer::new(spec, seed, all.select(&part.training));
        if let Some(auxiliary) = sets.auxiliary {
            trainer = trainer.with_auxiliary(on_device(auxiliary));
        }
        let every = trainer.steps_per_epoch().min(trainer.steps().div_ceil(POINTS)).max(1);
        let mut course = Self {
            trial,
            seed,
            spec: spec.clone(),
            trainer,
            validation,
            every,
            curve: Means::default(),
            window: Means::default(),
            epochs: Vec::new(),
            restarts: Restarts::default(),
            outcome: None,
        };
        // Before the first step nothing has diverged.
        let _ = course.keep_point(0);
        Ok(course)
    }

    /// Steps in all.
    pub fn steps(&self) -> u64 {
        self.trainer.steps()
    }

    /// Steps done.
    pub fn step_done(&self) -> u64 {
        self.trainer.step_done()
    }

    /// How the training ended; none while it goes on.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// One step, and all that is due after it. Not to be called once there is
    /// an outcome.
    pub fn step(&mut self) -> Stepped {
        let values = self.trainer.step();
        let step = self.trainer.step_done();
        self.curve.add(&values);
        self.window.add(&values);
        let point = step.is_multiple_of(self.every) || step == self.steps();
        // Only fixed steps are looked at: what ends a trial may not depend on
        // a clock.
        let look = point
            || step.is_multiple_of(self.spec.divergence.check_every)
            || self.point_is_due(step);
        let mut found = if look { self.look(step, &values) } else { None };
        let mut epoch = None;
        if point && found.is_none() {
            match self.reach_point(step) {
                Ok(reached) => epoch = Some(reached),
                Err(divergence) => found = Some(divergence),
            }
        }
        // The last update came after the last loss.
        if step == self.steps() && found.is_none() && !self.trainer.parameters().finite() {
            found = Some(not_finite(step, "parameters"));
        }
        if found.is_none() {
            found = self.keep_point(step).err();
        }
        let restart = found.and_then(|divergence| self.diverged(divergence));
        if self.outcome.is_none() && self.step_done() == self.steps() {
            let restarts = self.restarts.made().to_vec();
            self.outcome = Some(Outcome::Finished { steps: self.steps(), restarts });
        }
        Stepped { values, epoch, restart }
    }

    fn look(&mut self, step: u64, values: &StepValues) -> Option<Divergence> {
        let limits = &self.spec.divergence;
        // Noise that no chain moved may lie anywhere.
        let asked = limits.max_saturation.is_some() && self.spec.runs_chains();
        let [_, _, saturation, _, _, gap_joint] = values.read_chains();
        let look = Look {
            values: values.read(),
            accuracy: self.window.take()[2],
            saturation: asked.then_some(saturation),
            gap_joint: (self.spec.objective.joint() > 0.0).then_some(gap_joint),
        };
        detect(limits, step, &look)
    }

    /// The point of the curves at `step`.
    fn reach_point(&mut self, step: u64) -> Result<Epoch, Divergence> {
        let values = self.curve.take();
        // Without chains there are no samples to speak of. How chains move
        // describes a training and ends none.
        let told = StepValues::of(&self.spec)
            .filter(|(place, _)| *place < StepValues::NAMES.len() || values[*place].is_finite());
        let mut means: BTreeMap<String, f64> =
            told.map(|(place, name)| (name.to_owned(), values[place])).collect();
        if self.spec.runs_chains() {
            let now = sampler(&self.spec, self.restarts.made().len() as u64);
            means.insert(EFFECTIVE_TEMPERATURE.to_owned(), now.effective_temperature());
        }
        if let Some(images) = &self.validation {
            means.extend(validate(&self.trainer, images));
        }
        if means.values().any(|value| !value.is_finite()) {
            return Err(not_finite(step, "epoch mean"));
        }
        let number = self.epochs.len() as u64 + 1;
        let epoch = Epoch { trial: self.trial, epoch: number, step, means };
        self.epochs.push(epoch.clone());
        Ok(epoch)
    }

    /// Goes back to an earlier point, or ends.
    fn diverged(&mut self, mut found: Divergence) -> Option<Restart> {
        let Some((restart, point)) = self.restarts.next(&self.spec, &found) else {
            found.restarts = self.restarts.made().to_vec();
            self.outcome = Some(Outcome::Diverged(found));
            return None;
        };
        self.epochs.retain(|epoch| epoch.step <= point.step);
        self.go_to(&point.state, point.step)
            .expect("a point of this training was made from the network it goes back to");
        Some(restart)
    }

    /// Whether a point to go back to is due after `step` steps.
    fn point_is_due(&self, step: u64) -> bool {
        let policy = &self.spec.divergence;
        let due = policy.rollback_every.is_some_and(|every| step.is_multiple_of(every));
        due && policy.max_restarts.is_some() && step < self.steps()
    }

    /// Keeps a point to go back to, where one is due. The detectors saw values
    /// from before the last update, so what is kept is asked itself whether it
    /// is finite: from a point that is not there is no way on.
    fn keep_point(&mut self, step: u64) -> Result<(), Divergence> {
        if !self.point_is_due(step) {
            return Ok(());
        }
        let state = self.state();
        if let Some(name) = infinite(&state) {
            return Err(not_finite(step, &name));
        }
        self.restarts.keep(&self.spec.divergence, Point { step, state: Rc::new(state) });
        Ok(())
    }

    fn state(&self) -> Arrays {
        let mut state = self.trainer.save();
        self.curve.save("sums/curve", &mut state);
        self.window.save("sums/window", &mut state);
        state
    }

    fn go_to(&mut self, state: &Arrays, step: u64) -> Result<(), Misfit> {
        let device = self.trainer.device();
        self.trainer.restore(state, step)?;
        self.curve = Means::restore("sums/curve", state, device)?;
        self.window = Means::restore("sums/window", state, device)?;
        let number = self.restarts.made().len() as u64;
        self.trainer.restart(sampler(&self.spec, number), number);
        Ok(())
    }

    /// Everything that the rest of this training depends on.
    pub fn snapshot(&self) -> Snapshot {
        let points: Vec<Point> = self.restarts.points().cloned().collect();
        let standing = Standing {
            step: self.step_done(),
            epochs: self.epochs.clone(),
            restarts: self.restarts.made().to_vec(),
            points: points.iter().map(|point| point.step).collect(),
        };
        Snapshot { standing, state: Rc::new(self.state()), points }
    }

    /// Goes to where a training of the same spec and seed was when it left
    /// `snapshot`: every number from there on is the one it would have had.
    ///
    /// # Errors
    /// When the snapshot is another training's; this one is then spoilt.
    pub fn resume(&mut self, snapshot: Snapshot) -> Result<(), Misfit> {
        let Snapshot { standing, state, points } = snapshot;
        if standing.step >= self.steps() {
            let text = format!("{} steps are done of {}", standing.step, self.steps());
            return Err(Misfit(text));
        }
        self.restarts = Restarts::of(points, standing.restarts);
        self.epochs = standing.epochs;
        self.go_to(&state, standing.step)
    }

    pub(super) fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    pub(super) fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn spec(&self) -> &Training {
        &self.spec
    }
}

/// The first array that holds NaN or an infinity.
fn infinite(state: &Arrays) -> Option<String> {
    let bad = |array: &Array| match array {
        Array::F32 { data, .. } => data.iter().any(|value| !value.is_finite()),
        Array::I64 { .. } => false,
    };
    state.iter().find(|(_, array)| bad(array)).map(|(name, _)| name.to_owned())
}

/// Whether there are enough images, they can be altered, and the auxiliary ones
/// be seen.
fn check(spec: &Training, sets: TrainSets<'_>) -> Result<(), Unfit> {
    let auxiliary = sets.auxiliary.map(|set| set.len() as u64);
    let counts = count_violations(spec, Some(sets.train.len() as u64), auxiliary);
    if let Some(violation) = counts.into_iter().next() {
        return Err(Unfit::Counts { violation });
    }
    let shape = sets.train.shape;
    let [_, height, width] = shape;
    let most = height.min(width) as u64;
    if let Some(pad) = spec.data.augment.pad.filter(|pad| *pad >= most) {
        return Err(Unfit::Pad { pad, sides: [height, width] });
    }
    match sets.auxiliary {
        Some(set) if set.shape != shape || set.is_empty() => {
            let source = spec.data.auxiliary.as_ref();
            let remedy = source.and_then(|source| source.remedy(shape));
            let help = remedy.map_or_else(String::new, |remedy| format!(": {remedy}"));
            Err(Unfit::Auxiliary { images: set.len(), found: set.shape, shape, help })
        }
        _ => Ok(()),
    }
}

fn validate(trainer: &Trainer, images: &Images) -> [(String, f64); 2] {
    let _guard = tch::no_grad_guard();
    let predictions =
        predict(trainer.network(), trainer.evaluated().tensors(), images, "validation noise");
    let logits = Tensor::from_slice(&predictions.logits)
        .reshape([predictions.labels.len() as i64, predictions.classes as i64]);
    let labels = Tensor::from_slice(&predictions.labels);
    let ce = cross_entropy(&logits, &labels).double_value(&[]);
    let hits = logits.argmax(1, false).eq_tensor(&labels).to_kind(Kind::Double);
    let accuracy = hits.mean(Kind::Double).double_value(&[]);
    [("val/accuracy".to_owned(), accuracy), ("val/nll".to_owned(), ce)]
}
