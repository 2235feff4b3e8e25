//! Training: steps, events, epochs, and what a training run leaves.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jem_core::arrays::Arrays;
use jem_core::dataset::Split;
use jem_core::event::{Event, FailureClass, Progress};
use jem_core::random::{At, Stream};
use jem_core::results;
use jem_core::results::{Epoch, Outcome};
use jem_core::store::{Manifest, RunKind};
use tch::{Kind, Tensor};

use super::inputs::same_data;
use super::trial::{Context, peak_rss};
use super::{Failure, Inputs};
use crate::data::{Images, split};
use crate::eval::predict;
use crate::jem::{StepValues, Trainer, detect, not_finite, to_host};

/// How often at most the front hears of progress.
const PROGRESS: Duration = Duration::from_millis(400);
/// A training counted in steps has this many points on its curves.
const POINTS: u64 = 20;

/// Trains and records the training run.
pub(super) fn train(context: &mut Context<'_>, inputs: &mut Inputs) -> Result<Manifest, Failure> {
    let begun = Instant::now();
    let job = context.job;
    let spec = &job.spec.training;
    let mut seen = Vec::new();
    let set = inputs.get(job, &spec.data.train, Split::Train, &mut seen)?;
    same_data(&job.training.data, &seen)?;
    let data = &spec.data;
    let all = Images::new(&set.images, data.range, data.noise_std, job.seed, context.device);
    let part = split(all.len(), data.validation, data.limit, job.seed);
    if part.training.is_empty() {
        let message = format!(
            "of {} training images {} are held out: none is left to train on; lower data.validation",
            all.len(),
            part.validation.len()
        );
        return Err(Failure::new(FailureClass::BadInput, message));
    }
    let validation = (!part.validation.is_empty()).then(|| all.select(&part.validation));
    let mut trainer = Trainer::new(spec, job.seed, all.select(&part.training));
    drop(all);
    let (outcome, epochs) = run_steps(context, &mut trainer, validation.as_ref())?;
    context.tell(&Event::TrainingFinished {
        trial: job.trial,
        outcome: outcome.clone(),
        seconds: begun.elapsed().as_secs_f64(),
        peak_rss: peak_rss(),
    })?;
    record(context, &trainer, outcome, &epochs)
}

/// Sums of the step values since the last point of the curves.
struct Curve {
    every: u64,
    sum: Option<Tensor>,
    count: f64,
    epochs: Vec<Epoch>,
}

impl Curve {
    fn add(&mut self, values: &StepValues) {
        let _guard = tch::no_grad_guard();
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + values.tensor(),
            None => values.tensor().copy(),
        });
        self.count += 1.0;
    }

    fn means(&mut self, contrastive: bool) -> BTreeMap<String, f64> {
        let mut values = [0f64; 7];
        if let Some(sum) = self.sum.take() {
            (sum / self.count).to_device(tch::Device::Cpu).copy_data(&mut values, 7);
        }
        self.count = 0.0;
        // Without chains there are no samples to speak of.
        let shown = if contrastive { 7 } else { 5 };
        let named = StepValues::NAMES.iter().zip(values).take(shown);
        named.map(|(name, value)| ((*name).to_owned(), value)).collect()
    }
}

fn run_steps(
    context: &mut Context<'_>,
    trainer: &mut Trainer,
    validation: Option<&Images>,
) -> Result<(Outcome, Vec<Epoch>), Failure> {
    let spec = &context.job.spec.training;
    let (trial, of) = (context.job.trial, trainer.steps());
    let every = trainer.steps_per_epoch().min(of.div_ceil(POINTS)).max(1);
    let mut curve = Curve { every, sum: None, count: 0.0, epochs: Vec::new() };
    let begun = Instant::now();
    let mut told = begun;
    for step in 1..=of {
        let values = trainer.step();
        curve.add(&values);
        let point = step % curve.every == 0 || step == of;
        let due = told.elapsed() >= PROGRESS || step == of;
        if step % spec.divergence.check_every == 0 || point || due {
            let read = values.read();
            // Only the fixed steps may end a trial: when progress is due
            // depends on the clock.
            if (step % spec.divergence.check_every == 0 || point)
                && let Some(found) = detect(&spec.divergence, step, &read)
            {
                return Ok((Outcome::Diverged(found), curve.epochs));
            }
            if due {
                told = Instant::now();
                let [_, ce, accuracy, .., energy_gap] = read;
                let steps_per_second = step as f64 / begun.elapsed().as_secs_f64().max(1e-9);
                context.tell(&Event::StepFinished(Progress {
                    trial,
                    step,
                    of,
                    ce: finite(ce),
                    energy_gap: finite(energy_gap),
                    accuracy: finite(accuracy),
                    steps_per_second,
                }))?;
            }
        }
        if point {
            let mut means = curve.means(trainer.buffer().is_some());
            if let Some(images) = validation {
                means.extend(validate(trainer, images));
            }
            if means.values().any(|v| !v.is_finite()) {
                return Ok((Outcome::Diverged(not_finite(step, "epoch mean")), curve.epochs));
            }
            let epoch = Epoch { trial, epoch: curve.epochs.len() as u64 + 1, step, means };
            context.tell(&Event::EpochFinished(epoch.clone()))?;
            curve.epochs.push(epoch);
        }
    }
    // The last update came after the last loss.
    let outcome = if trainer.parameters().finite() {
        Outcome::finished(of)
    } else {
        Outcome::Diverged(not_finite(of, "parameters"))
    };
    Ok((outcome, curve.epochs))
}

/// JSON has no NaN; the progress line of a diverging trial shows a large
/// number until the detector's next step.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::MAX }
}

fn validate(trainer: &Trainer, images: &Images) -> [(String, f64); 2] {
    let _guard = tch::no_grad_guard();
    let predictions =
        predict(trainer.network(), trainer.parameters().tensors(), images, "validation noise");
    let logits = Tensor::from_slice(&predictions.logits)
        .reshape([predictions.labels.len() as i64, predictions.classes as i64]);
    let labels = Tensor::from_slice(&predictions.labels);
    let ce = crate::jem::cross_entropy(&logits, &labels).double_value(&[]);
    let hits = logits.argmax(1, false).eq_tensor(&labels).to_kind(Kind::Double);
    let accuracy = hits.mean(Kind::Double).double_value(&[]);
    [("val/accuracy".to_owned(), accuracy), ("val/nll".to_owned(), ce)]
}

/// Puts what the run leaves into the store, the manifest last.
fn record(
    context: &Context<'_>,
    trainer: &Trainer,
    outcome: Outcome,
    epochs: &[Epoch],
) -> Result<Manifest, Failure> {
    let job = context.job;
    let mut manifest = context.manifest(RunKind::Training, outcome.clone());
    let mut keep = |name: &str, bytes: Vec<u8>| -> Result<(), Failure> {
        manifest.results.insert(name.to_owned(), context.store.put(&bytes)?);
        Ok(())
    };
    keep(results::SPEC, serde_json::to_vec_pretty(&(&job.spec.training, job.seed))?)?;
    keep(results::EPOCHS, serde_json::to_vec_pretty(epochs)?)?;
    keep(results::OUTCOME, serde_json::to_vec_pretty(&outcome)?)?;
    if !outcome.diverged() {
        keep(results::WEIGHTS, trainer.parameters().to_arrays().to_bytes()?)?;
        if let Some(buffer) = trainer.buffer() {
            keep(results::BUFFER, buffer_sample(buffer.chains(), job.seed).to_bytes()?)?;
        }
    }
    manifest.records.extend(context.records()?);
    context.store.finish(&manifest)?;
    Ok(manifest)
}

/// Buffer samples kept with a training run.
const KEPT_SAMPLES: usize = 100;

/// A sample of the buffer's chains, chosen by the stream `kept samples`,
/// never by their energy or looks.
fn buffer_sample(chains: &Tensor, seed: u64) -> Arrays {
    let stream = Stream::new(seed, "kept samples");
    let rows = stream.distinct(At::step(0), KEPT_SAMPLES, chains.size()[0] as usize);
    let rows = Tensor::from_slice(&rows).to_device(chains.device());
    let (shape, data) = to_host(&chains.index_select(0, &rows));
    let mut arrays = Arrays::default();
    arrays.insert_f32("samples", &shape, data);
    arrays
}
