//! Evaluation of a training run, and what it leaves.

use jem_core::arrays::Arrays;
use jem_core::dataset::{LabelledImages, Split};
use jem_core::event::{Event, FailureClass};
use jem_core::results::Outcome;
use jem_core::results::{self, Metrics};
use jem_core::spec::OodSet;
use jem_core::store::{Manifest, RunKind};

use super::inputs::{first, same_data};
use super::trial::Context;
use super::{Failure, Inputs};
use crate::data::{Images, rotated, uniform_noise};
use crate::eval::metric::{Logits, MetricError, Score};
use crate::eval::{Outputs, measure, predict};
use crate::jem::{Network, Parameters, build, class_probabilities, not_finite, to_host};

/// A set to look at: its name, its images and the stream of its test noise.
type Set = (String, LabelledImages);

/// Evaluates the training run and records the evaluation run; says the
/// accuracy. A diverged trial is recorded as such, with no metrics.
pub(super) fn evaluate(
    context: &mut Context<'_>,
    inputs: &mut Inputs,
    training: &Manifest,
) -> Result<(Manifest, Option<f64>), Failure> {
    let outcome = training.outcome.clone();
    let Outcome::Finished { steps, .. } = outcome else {
        return record(context, without_metrics(outcome), Vec::new());
    };
    let outputs = outputs(context, inputs, training)?;
    let (test, ood) = outputs.split_first().expect("the test set is always among the sets");
    let measured = match measure(&test.1, ood, &context.job.spec.evaluate.ece_bins) {
        Ok(measured) => measured,
        Err(MetricError::NotFinite { what: "logits", .. }) => {
            let outcome = Outcome::Diverged(not_finite(steps, "logits on the test sets"));
            return record(context, without_metrics(outcome), Vec::new());
        }
        Err(error) => return Err(Failure::new(FailureClass::BadInput, error.to_string())),
    };
    let mut files = vec![
        (results::PREDICTIONS, arrays(&outputs)?),
        (results::RELIABILITY, serde_json::to_vec_pretty(&measured.reliability)?),
        (results::ENERGIES, serde_json::to_vec_pretty(&measured.energies)?),
    ];
    if training.results.contains_key(results::BUFFER) {
        files.push((results::SAMPLES, samples(context, training)?));
    }
    let metrics = Metrics { outcome, metrics: measured.metrics, undefined: measured.undefined };
    record(context, metrics, files)
}

/// The first of the buffer's samples that training kept.
fn samples(context: &Context<'_>, training: &Manifest) -> Result<Vec<u8>, Failure> {
    let kept = Arrays::from_bytes(&context.store.result(training, results::BUFFER)?)?;
    let (shape, pixels) = kept.f32("samples").unwrap_or((&[0], &[]));
    let n = shape[0].min(context.job.spec.evaluate.samples as usize);
    let size: usize = shape[1..].iter().product();
    let mut arrays = Arrays::default();
    let shape: Vec<usize> = std::iter::once(n).chain(shape[1..].iter().copied()).collect();
    arrays.insert_f32("samples", &shape, pixels[..n * size].to_vec());
    Ok(arrays.to_bytes()?)
}

fn without_metrics(outcome: Outcome) -> Metrics {
    Metrics { outcome, metrics: Default::default(), undefined: Default::default() }
}

/// The outputs on every set, the test set first.
fn outputs(
    context: &mut Context<'_>,
    inputs: &mut Inputs,
    training: &Manifest,
) -> Result<Vec<(String, Outputs)>, Failure> {
    let job = context.job;
    let sets = sets(context, inputs)?;
    let test = &sets[0].1;
    let network = build(&job.spec.training.model, test.shape, test.classes);
    let weights = context.store.result(training, results::WEIGHTS)?;
    let weights = Arrays::from_bytes(&weights)?;
    let parameters = Parameters::load(&network.parameters(), &weights, context.device)?;
    let mut all = Vec::new();
    for (name, set) in &sets {
        context.tell(&Event::EvaluationStarted { trial: job.trial, set: name.clone() })?;
        all.push((name.clone(), on_set(context, network.as_ref(), &parameters, name, set)));
    }
    Ok(all)
}

fn on_set(
    context: &Context<'_>,
    network: &dyn Network,
    parameters: &Parameters,
    name: &str,
    set: &LabelledImages,
) -> Outputs {
    let data = &context.job.spec.training.data;
    let images = Images::new(set, data.range, data.noise_std, context.job.seed, context.device);
    predict(network, parameters.tensors(), &images, &format!("test noise {name}"))
}

/// The test set, then every out-of-distribution set.
fn sets(context: &Context<'_>, inputs: &mut Inputs) -> Result<Vec<Set>, Failure> {
    let job = context.job;
    let spec = &job.spec.evaluate;
    let mut seen = Vec::new();
    let source = &job.spec.training.data.train;
    let test = inputs.get(job, source, Split::Test, &mut seen)?;
    let test = first(&test.images, spec.limit);
    let mut sets = vec![("test".to_owned(), test.clone())];
    for set in &spec.ood {
        let odd = |what: &str| {
            let (name, [c, h, w]) = (set.name(), test.shape);
            let message = format!("`{name}` {what}; the test images are {c}×{h}×{w}");
            Failure::new(FailureClass::BadInput, message)
        };
        let images = match set {
            OodSet::Test(source) => {
                let loaded = inputs.get(job, source, Split::Test, &mut seen)?;
                first(&loaded.images, spec.limit)
            }
            OodSet::Rotated if test.shape[1] != test.shape[2] => {
                return Err(odd("needs square images"));
            }
            OodSet::Rotated => rotated(&test),
            OodSet::UniformNoise => uniform_noise(&test),
        };
        if images.shape != test.shape || images.is_empty() {
            return Err(odd(&format!("has {} images of shape {:?}", images.len(), images.shape)));
        }
        // The labels of another set mean nothing here; its classes are ours.
        sets.push((set.name(), LabelledImages { classes: test.classes, ..images }));
    }
    // The evaluation's id names the training data first, then its own.
    let planned = &job.evaluation.data;
    same_data(planned.strip_prefix(&job.training.data[..]).unwrap_or(planned), &seen)?;
    Ok(sets)
}

/// Per-example arrays: `<set>/logits`, `<set>/probabilities` `[n, k]`,
/// `<set>/energies` `[n]`, and `test/labels` `[n]`.
fn arrays(outputs: &[(String, Outputs)]) -> Result<Vec<u8>, Failure> {
    let mut arrays = Arrays::default();
    for (name, set) in outputs {
        let shape = [set.labels.len(), set.classes];
        let logits = tch::Tensor::from_slice(&set.logits).reshape(shape.map(|n| n as i64));
        let probabilities = to_host(&class_probabilities(&logits)).1;
        let exact = Logits::new(&set.logits, set.classes)
            .map_err(|e| Failure::new(FailureClass::Bug, e.to_string()))?;
        let energies = Score::Energy.of(&exact).iter().map(|&e| e as f32).collect();
        arrays.insert_f32(format!("{name}/logits"), &shape, set.logits.clone());
        arrays.insert_f32(format!("{name}/probabilities"), &shape, probabilities);
        arrays.insert_f32(format!("{name}/energies"), &shape[..1], energies);
        if name == "test" {
            arrays.insert_i64("test/labels", set.labels.clone());
        }
    }
    Ok(arrays.to_bytes()?)
}

fn record(
    context: &Context<'_>,
    metrics: Metrics,
    files: Vec<(&str, Vec<u8>)>,
) -> Result<(Manifest, Option<f64>), Failure> {
    let mut manifest = context.manifest(RunKind::Evaluation, metrics.outcome.clone());
    let evaluate = serde_json::to_vec_pretty(&context.job.spec.evaluate)?;
    let always =
        [(results::METRICS, serde_json::to_vec_pretty(&metrics)?), (results::EVALUATE, evaluate)];
    for (name, bytes) in always.into_iter().chain(files) {
        manifest.results.insert(name.to_owned(), context.store.put(&bytes)?);
    }
    manifest.records.extend(context.records()?);
    context.store.finish(&manifest)?;
    Ok((manifest, metrics.metrics.get("clf/accuracy").copied()))
}
