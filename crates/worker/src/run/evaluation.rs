//! Evaluation of a training run, and its record in the store.

use std::error::Error;

use jem_core::arrays::Arrays;
use jem_core::event::{Event, FailureClass};
use jem_core::results;
use jem_core::store::{Manifest, RunKind};

use super::same_data::same_data;
use super::trial::Context;
use super::{Failure, life};
use crate::data::Inputs;
use crate::evaluation::{self, Set};

/// Evaluates the training run and records the evaluation run; says the
/// accuracy. A diverged trial is recorded as such, with no metrics.
pub(super) fn evaluate(
    context: &mut Context<'_>,
    inputs: &mut Inputs,
    training: &Manifest,
) -> Result<(Manifest, Option<f64>), Failure> {
    let (job, store, device) = (context.job, context.store, context.device);
    let stored = |name: &str| -> Result<Option<Arrays>, Failure> {
        if !training.results.contains_key(name) {
            return Ok(None);
        }
        Ok(Some(Arrays::from_bytes(&store.result(training, name)?)?))
    };
    let diverged = training.outcome.diverged();
    let sets = if diverged { Vec::new() } else { sets(context, inputs)? };
    let (weights, buffer) = (stored(results::WEIGHTS)?, stored(results::BUFFER)?);
    let mut failure = None;
    let mut look = |set: &str| -> Result<(), Box<dyn Error>> {
        life::work_was_done();
        let told = if life::asked_to_stop() {
            Err(Failure::preempted("stopped while evaluating; the training is kept"))
        } else {
            context.tell(&Event::EvaluationStarted { trial: job.trial, set: set.to_owned() })
        };
        told.map_err(|why| {
            failure = Some(why);
            "it was interrupted".into()
        })
    };
    let known = (weights.as_ref(), buffer.as_ref());
    let (spec, seed, outcome) = (&job.spec, job.seed, &training.outcome);
    let evaluated = evaluation::evaluate(spec, seed, outcome, known, &sets, device, &mut look);
    let evaluated = match (evaluated, failure) {
        (Ok(evaluated), _) => evaluated,
        (Err(_), Some(failure)) => return Err(failure),
        (Err(error), None) => return Err(Failure::new(FailureClass::Bug, error.to_string())),
    };
    record(context, evaluated)
}

fn sets(context: &Context<'_>, inputs: &mut Inputs) -> Result<Vec<Set>, Failure> {
    let job = context.job;
    let mut seen = Vec::new();
    let sets = evaluation::sets(&job.spec, inputs, &context.places(), &mut seen)
        .map_err(|error| Failure::new(FailureClass::BadInput, error.to_string()))?;
    // The evaluation's id names the training data first, then its own.
    let planned = &job.evaluation.data;
    same_data(planned.strip_prefix(&job.training.data[..]).unwrap_or(planned), &seen)?;
    Ok(sets)
}

fn record(
    context: &Context<'_>,
    evaluated: evaluation::Evaluated,
) -> Result<(Manifest, Option<f64>), Failure> {
    let metrics = evaluated.metrics;
    let mut manifest = context.manifest(RunKind::Evaluation, metrics.outcome.clone());
    for (name, bytes) in evaluated.files {
        manifest.results.insert(name.to_owned(), context.store.put(&bytes)?);
    }
    manifest.records.extend(context.records()?);
    context.store.finish(&manifest)?;
    Ok((manifest, metrics.metrics.get("clf/accuracy").copied()))
}
