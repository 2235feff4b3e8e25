//! From weights and sets to result files.

use std::error::Error;

use jem_core::arrays::Arrays;
use jem_core::metric::EFFECTIVE_TEMPERATURE;
use jem_core::results::{self, ImagesUsed, Metrics, Outcome};
use jem_core::spec::Spec;
use tch::Device;

use super::part::Look;
use super::trivial::put_trivial;
use super::{EvaluationSets, Set};
use crate::data::Images;
use crate::eval::metric::{Logits, MetricError, Score};
use crate::eval::{
    Measured, Outputs, Values, measure, near_and_far, on_held_out, predict, validation_ood,
};
use crate::jem::{Network, Parameters, build, class_probabilities, not_finite, to_host};
use crate::training::sampler;

/// What an evaluation found, and its result files by name.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The metrics.
    pub metrics: Metrics,
    /// The files.
    pub files: Vec<(&'static str, Vec<u8>)>,
}

/// Evaluates the network that `weights` holds on `sets`, the test set first,
/// and on the images that training held out, where there are some.
/// `outcome` is that of its training: a network that diverged has no weights
/// and gets no metrics. `buffer` holds the samples that training kept. `training`
/// is the train split, which trivial scores are fitted to; without it there are
/// none. `look` is told the name of each set before the network sees it.
///
/// # Errors
/// When weights do not fit the spec, a metric cannot be asked for, or `look`
/// fails.
pub fn evaluate(
    spec: &Spec,
    seed: u64,
    outcome: &Outcome,
    (weights, buffer): (Option<&Arrays>, Option<&Arrays>),
    EvaluationSets { sets, held_out, training }: EvaluationSets<'_>,
    device: Device,
    look: Look<'_>,
) -> Result<Evaluated, Box<dyn Error>> {
    if !matches!(outcome, Outcome::Finished { .. }) {
        return without_metrics(spec, outcome.clone());
    }
    let weights = weights.ok_or("a training that finished left no weights")?;
    let mut outputs = outputs(spec, seed, weights, sets.iter().chain(held_out), device, look)?;
    let on_held_out = held_out.and_then(|_| outputs.pop()).map(|(_, outputs)| outputs);
    let (test, others) = outputs.split_first().ok_or("there is no test set")?;
    // Out-of-distribution sets for validation come last.
    let (ood, validation) = others.split_at(spec.evaluate.ood.len().min(others.len()));
    let mut measured = match measured(spec, &test.1, on_held_out.as_ref(), ood, validation) {
        Ok(measured) => measured,
        Err(error) => {
            return match diverged_by(&error, outcome) {
                Some(diverged) => without_metrics(spec, diverged),
                None => Err(error.to_string().into()),
            };
        }
    };
    if let Some(training) = training {
        look("images alone")?;
        put_trivial(&mut measured.values, (spec, seed), training, sets);
    }
    let mut files = vec![
        (results::PREDICTIONS, arrays(&outputs)?),
        (results::RELIABILITY, serde_json::to_vec_pretty(&measured.reliability)?),
        (results::ENERGIES, serde_json::to_vec_pretty(&measured.energies)?),
    ];
    let looked_at = sets.iter().chain(held_out);
    let used = looked_at.filter_map(|set| set.used(spec, seed, "evaluation"));
    let used: Vec<ImagesUsed> = used.collect();
    if !used.is_empty() {
        files.push((results::IMAGES_USED, serde_json::to_vec(&used)?));
    }
    if let Some(buffer) = buffer {
        files.push((results::SAMPLES, samples(buffer, spec.evaluate.samples as usize)?));
    }
    if spec.training.runs_chains() {
        let last = sampler(&spec.training, outcome.restarts().len() as u64);
        let temperature = last.effective_temperature();
        measured.values.metrics.insert(EFFECTIVE_TEMPERATURE.to_owned(), temperature);
    }
    let outcome = outcome.clone();
    let Values { metrics, undefined } = measured.values;
    let metrics = Metrics { outcome, metrics, undefined };
    with_settings(spec, metrics, files)
}

/// The outcome of a training that finished with `outcome`, by an `error` that
/// its evaluation met: diverged, where logits are not finite.
pub fn diverged_by(error: &(dyn Error + 'static), outcome: &Outcome) -> Option<Outcome> {
    let Outcome::Finished { steps, .. } = outcome else { return None };
    let Some(MetricError::NotFinite { what: "logits", .. }) = error.downcast_ref() else {
        return None;
    };
    let mut found = not_finite(*steps, "logits in the evaluation");
    found.restarts = outcome.restarts().to_vec();
    Some(Outcome::Diverged(found))
}

/// All that is measured on the outputs.
fn measured(
    spec: &Spec,
    test: &Outputs,
    held_out: Option<&Outputs>,
    ood: &[(String, Outputs)],
    validation: &[(String, Outputs)],
) -> Result<Measured, MetricError> {
    let asked = &spec.evaluate;
    let mut measured = measure(test, ood, &asked.ece_bins)?;
    if let Some(held_out) = held_out {
        on_held_out(&mut measured.values, held_out, &asked.ece_bins)?;
    }
    near_and_far(&mut measured.values, &Score::ALL.map(Score::name), &asked.near, &asked.far);
    validation_ood(&mut measured.values, held_out.unwrap_or(test), validation)?;
    Ok(measured)
}

fn without_metrics(spec: &Spec, outcome: Outcome) -> Result<Evaluated, Box<dyn Error>> {
    let metrics = Metrics { outcome, metrics: Default::default(), undefined: Default::default() };
    with_settings(spec, metrics, Vec::new())
}

fn with_settings(
    spec: &Spec,
    metrics: Metrics,
    mut files: Vec<(&'static str, Vec<u8>)>,
) -> Result<Evaluated, Box<dyn Error>> {
    files.push((results::METRICS, serde_json::to_vec_pretty(&metrics)?));
    files.push((results::EVALUATE, serde_json::to_vec_pretty(&spec.evaluate)?));
    Ok(Evaluated { metrics, files })
}

/// The first `n` of the buffer's samples that training kept.
fn samples(kept: &Arrays, n: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let (shape, pixels) = kept.f32("samples").unwrap_or((&[0], &[]));
    let n = shape[0].min(n);
    let size: usize = shape[1..].iter().product();
    let mut arrays = Arrays::default();
    let shape: Vec<usize> = std::iter::once(n).chain(shape[1..].iter().copied()).collect();
    arrays.insert_f32("samples", &shape, pixels[..n * size].to_vec());
    Ok(arrays.to_bytes()?)
}

/// The outputs on every set, in their order.
fn outputs<'s>(
    spec: &Spec,
    seed: u64,
    weights: &Arrays,
    sets: impl Iterator<Item = &'s Set> + Clone,
    device: Device,
    look: Look<'_>,
) -> Result<Vec<(String, Outputs)>, Box<dyn Error>> {
    let test = sets.clone().next().ok_or("there is no test set")?.images(spec, seed);
    let network = build(&spec.training.model, test.shape, test.classes);
    let parameters = Parameters::load(&network.parameters(), weights, device)?;
    let mut all = Vec::new();
    for set in sets {
        look(&set.name)?;
        all.push((set.name.clone(), on_set(spec, seed, network.as_ref(), &parameters, set)));
    }
    Ok(all)
}

fn on_set(
    spec: &Spec,
    seed: u64,
    network: &dyn Network,
    parameters: &Parameters,
    set: &Set,
) -> Outputs {
    let data = &spec.training.data;
    let device = parameters.tensors().first().map_or(Device::Cpu, tch::Tensor::device);
    let images = set.images(spec, seed);
    let images = Images::new(&images, data.range, set.noise_std(spec), seed, device)
        .dequantised(data.dequantise);
    predict(network, parameters.tensors(), &images, &set.noise_stream())
}

/// Per-example arrays: `<set>/logits`, `<set>/probabilities` `[n, k]`,
/// `<set>/energies` `[n]`, and `test/labels` `[n]`.
fn arrays(outputs: &[(String, Outputs)]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut arrays = Arrays::default();
    for (name, set) in outputs {
        let shape = [set.labels.len(), set.classes];
        let logits = tch::Tensor::from_slice(&set.logits).reshape(shape.map(|n| n as i64));
        let probabilities = to_host(&class_probabilities(&logits)).1;
        let exact = Logits::new(&set.logits, set.classes).map_err(|e| e.to_string())?;
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
