//! One trial: training unless its run is in the store, then evaluation.

use std::time::Instant;

use jem_core::event::{Event, FailureClass, Job, PROTOCOL};
use jem_core::results::Outcome;
use jem_core::store::{Artifact, Attempt, Manifest, RunKind, Store};
use tch::Device;

use super::Failure;
use super::evaluation::evaluate;
use super::own::own_digest;
use super::training::train;
use crate::data::{Inputs, Places};
use crate::start;

/// Where a trial's events go.
pub type Say<'a> = &'a mut dyn FnMut(&Event);

/// What a trial has at hand while it runs.
pub(super) struct Context<'a> {
    pub job: &'a Job,
    pub store: &'a Store,
    pub attempt: Attempt,
    pub say: Say<'a>,
    pub device: Device,
}

impl Context<'_> {
    /// Says `event` to the front and to the attempt's log.
    pub fn tell(&mut self, event: &Event) -> Result<(), Failure> {
        (self.say)(event);
        Ok(self.attempt.log(event)?)
    }

    /// Where data files are looked for.
    pub fn places(&self) -> Places<'_> {
        Places { data: &self.job.data, base: &self.job.base, own: &self.job.own }
    }

    /// The attempt's folder, relative to the store.
    pub fn attempt_path(&self) -> String {
        let path = self.attempt.path();
        path.strip_prefix(self.store.root()).unwrap_or(path).display().to_string()
    }

    /// The model of the processor, or on CUDA of the GPU, that this is.
    pub fn model(&self) -> String {
        self.job.provenance.host.model(&self.job.training.environment)
    }

    /// Puts provenance and the log so far into the store, as records of a run
    /// that these `models` of processor made, in their order.
    pub fn records(&self, models: &[String]) -> Result<Vec<(String, Artifact)>, Failure> {
        let mut provenance = self.job.provenance.clone();
        if *models != [self.model()] {
            provenance.models = models.to_vec();
        }
        provenance.libtorch = Some(crate::LIBTORCH.to_owned());
        // What the front saw under this name may have been replaced since.
        if let Some(digest) = own_digest() {
            provenance.binaries.insert("jem-worker".to_owned(), digest);
        }
        let provenance = self.store.put(&serde_json::to_vec_pretty(&provenance)?)?;
        let events = self.attempt.keep_log(self.store)?;
        Ok(vec![("provenance.json".to_owned(), provenance), ("events.jsonl".to_owned(), events)])
    }

    /// The manifest of this attempt, results and records still to come.
    pub fn manifest(&self, kind: RunKind, outcome: Outcome) -> Manifest {
        let job = self.job;
        let (parts, eval, training) = match kind {
            RunKind::Training => (&job.training, None, None),
            RunKind::Evaluation => (&job.evaluation, Some(job.eval), Some(job.training.run_id())),
        };
        Manifest {
            format: jem_core::store::FORMAT,
            kind,
            run: parts.run_id(),
            parts: parts.clone(),
            cell: job.cell,
            trial: job.trial,
            eval,
            seed: job.seed,
            training,
            part: None,
            outcome,
            results: Default::default(),
            records: Default::default(),
            attempt: self.attempt.number(),
        }
    }
}

/// Runs `job`, saying its events.
///
/// # Errors
/// When it ends without a result; divergence is a result.
pub fn run_trial(job: &Job, inputs: &mut Inputs, say: Say<'_>) -> Result<(), Failure> {
    let begun = Instant::now();
    let store = Store::create(&job.store)?;
    let known = store.done(job.training.run_id())?;
    let attempt = store.begin(job.evaluation.run_id())?;
    let resources = &job.spec.resources;
    let device = start::compute_on(resources.device, resources.threads)
        .map_err(|error| Failure::new(FailureClass::BadInput, error.to_string()))?;
    let mut context = Context { job, store: &store, attempt, say, device };
    let attempt = context.attempt_path();
    context.tell(&Event::TrialStarted { trial: job.trial, attempt, protocol: Some(PROTOCOL) })?;
    let done = train_and_evaluate(&mut context, inputs, known, begun);
    if let Err(Failure { class, message }) = &done {
        let (trial, class, message) = (job.trial, *class, message.clone());
        // The log is a record; that it cannot be written is not worse news.
        let _ = context.attempt.log(&Event::TrialFailed { trial, class, message });
    }
    done
}

fn train_and_evaluate(
    context: &mut Context<'_>,
    inputs: &mut Inputs,
    known: Option<Manifest>,
    begun: Instant,
) -> Result<(), Failure> {
    let job = context.job;
    let training = match known {
        Some(manifest) => {
            let outcome = manifest.outcome.clone();
            context.tell(&Event::TrainingFinished {
                trial: job.trial,
                outcome,
                seconds: 0.0,
                peak_rss: peak_rss(),
            })?;
            manifest
        }
        None => train(context, inputs)?,
    };
    let (manifest, accuracy) = evaluate(context, inputs, &training)?;
    context.tell(&Event::TrialFinished {
        trial: job.trial,
        run: manifest.run,
        outcome: manifest.outcome,
        accuracy,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

/// The process's peak resident memory in bytes, as the kernel counts it.
pub(super) fn peak_rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
