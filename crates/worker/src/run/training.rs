//! Training of a run: from the last checkpoint, with events and checkpoints on
//! the way, to its record in the store.

use std::time::{Duration, Instant};

use jem_core::dataset::Split;
use jem_core::event::{Event, FailureClass, Progress};
use jem_core::results::Outcome;
use jem_core::store::{Manifest, RunKind};

use super::checkpoint::Keeper;
use super::note::note;
use super::same_data::same_data;
use super::trial::{Context, peak_rss};
use super::{Failure, life};
use crate::data::Inputs;
use crate::jem::StepValues;
use crate::training::{Course, Stepped, TrainSets};

/// How often at most the front hears of progress.
const PROGRESS: Duration = Duration::from_millis(400);

/// Trains and records the training run.
pub(super) fn train(context: &mut Context<'_>, inputs: &mut Inputs) -> Result<Manifest, Failure> {
    let begun = Instant::now();
    let job = context.job;
    let spec = &job.spec.training;
    let mut seen = Vec::new();
    let mut get = |source| inputs.get(&context.places(), source, Split::Train, &mut seen);
    let train = get(&spec.data.train)?;
    let auxiliary = spec.data.auxiliary.as_ref().map(get).transpose()?;
    let auxiliary = auxiliary.as_ref().map(|set| &set.images);
    let sets = TrainSets { train: &train.images, auxiliary };
    same_data(&job.training.data, &seen)?;
    let fresh = || {
        Course::new(job.trial, spec, job.seed, sets, context.device)
            .map_err(|error| Failure::new(FailureClass::BadInput, error.to_string()))
    };
    let mut keeper = Keeper::new(context, begun);
    let (mut course, resumed) = keeper.go_on(context, &fresh)?;
    if resumed {
        context.tell(&Event::Resumed { trial: job.trial, step: course.step_done() })?;
    }
    let outcome = run_steps(context, &mut course, &mut keeper)?;
    // Said first: the log is a record of the run, and tells its cost.
    context.tell(&Event::TrainingFinished {
        trial: job.trial,
        outcome: outcome.clone(),
        seconds: keeper.seconds(),
        peak_rss: peak_rss(),
    })?;
    record(context, &course, outcome, keeper.models())
}

fn run_steps(
    context: &mut Context<'_>,
    course: &mut Course,
    keeper: &mut Keeper,
) -> Result<Outcome, Failure> {
    let trial = context.job.trial;
    let (begun, before) = (Instant::now(), course.step_done());
    let mut told = begun;
    let mut done = 0u64;
    loop {
        let Stepped { values, epoch, restart } = course.step();
        life::work_was_done();
        done += 1;
        if let Some(restart) = restart {
            context.tell(&Event::RolledBack { trial, restart })?;
        }
        if let Some(epoch) = epoch {
            context.tell(&Event::EpochFinished(epoch))?;
        }
        let outcome = course.outcome().cloned();
        if told.elapsed() >= PROGRESS || outcome.is_some() {
            told = Instant::now();
            let steps_per_second = done as f64 / begun.elapsed().as_secs_f64().max(1e-9);
            context.tell(&progress(context, course, &values, steps_per_second))?;
        }
        if let Some(outcome) = outcome {
            return Ok(outcome);
        }
        if life::asked_to_stop() {
            keeper.write(context, course)?;
            let step = course.step_done();
            let text = format!("stopped at step {step}; a checkpoint was written there");
            return Err(Failure::preempted(text));
        }
        if keeper.due(before + done) {
            keeper.write(context, course)?;
        }
    }
}

fn progress(context: &Context<'_>, course: &Course, values: &StepValues, rate: f64) -> Event {
    let [_, ce, accuracy, .., energy_gap] = values.read();
    Event::StepFinished(Progress {
        trial: context.job.trial,
        step: course.step_done(),
        of: course.steps(),
        ce: finite(ce),
        energy_gap: finite(energy_gap),
        accuracy: finite(accuracy),
        steps_per_second: rate,
    })
}

/// JSON has no NaN; the progress line of a diverging trial shows a large
/// number until the detector's next step.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::MAX }
}

/// Puts what the run, made on these `models` of processor, leaves into the
/// store, the manifest last. Its checkpoints
/// have served; one that cannot be removed costs room alone.
fn record(
    context: &Context<'_>,
    course: &Course,
    outcome: Outcome,
    models: &[String],
) -> Result<Manifest, Failure> {
    let mut manifest = context.manifest(RunKind::Training, outcome);
    let files = course.results();
    let files = files.map_err(|error| Failure::new(FailureClass::Bug, error.to_string()))?;
    for (name, bytes) in files {
        manifest.results.insert(name.to_owned(), context.store.put(&bytes)?);
    }
    manifest.records.extend(context.records(models)?);
    context.store.finish(&manifest)?;
    if let Err(error) = context.store.checkpoints(manifest.run).clear() {
        note(&format!("the checkpoints of a finished training stay: {error}"));
    }
    Ok(manifest)
}
