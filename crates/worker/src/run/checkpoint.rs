//! Crash checkpoints: when they are written, and what is read back. They
//! change no number: a training that goes on from one gives the bytes of a
//! training that never stopped.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use jem_core::arrays::Arrays;
use jem_core::event::{Event, FailureClass};
use jem_core::provenance::UNKNOWN_PROCESSOR;
use jem_core::spec::Checkpoints as When;
use jem_core::store::{Artifact, CheckpointRecord, Checkpoints};

use super::Failure;
use super::note::note;
use super::trial::Context;
use crate::training::{Course, Point, Snapshot, Standing};

/// Writes the checkpoints of one training.
pub(super) struct Keeper {
    when: When,
    begun: Instant,
    /// Seconds of the attempts before this one.
    before: f64,
    written: Instant,
    /// The step of the last one.
    step: u64,
    /// Points that are kept already, by their step and restart: they are
    /// large and do not change.
    points: HashMap<(u64, u64), Artifact>,
    /// The models of processor that the training has run on, this one last
    /// unless it took part before.
    models: Vec<String>,
}

impl Keeper {
    /// For the training of `context`, which began at `begun`.
    pub fn new(context: &Context<'_>, begun: Instant) -> Self {
        let when = context.job.spec.resources.checkpoints;
        let (before, written) = (0.0, Instant::now());
        let models = vec![context.model()];
        Self { when, begun, before, written, step: 0, points: HashMap::new(), models }
    }

    /// The models of processor that the training has run on, in the order in
    /// which they took part.
    pub fn models(&self) -> &[String] {
        &self.models
    }

    /// Takes in where the training ran before `record`. That of a record which
    /// does not say it is unknown, and so not this one.
    fn continue_after(&mut self, record: &CheckpointRecord) {
        let here = std::mem::take(&mut self.models);
        self.models = record.models.clone();
        if self.models.is_empty() {
            self.models.push(UNKNOWN_PROCESSOR.to_owned());
        }
        for model in here {
            if !self.models.contains(&model) {
                note(&format!(
                    "the checkpoint of step {} was written on {}; the training continues on \
                     {model}, and its records name both",
                    record.step,
                    self.models.join(", then ")
                ));
                self.models.push(model);
            }
        }
    }

    /// Seconds of training so far, over all attempts.
    pub fn seconds(&self) -> f64 {
        self.before + self.begun.elapsed().as_secs_f64()
    }

    /// Whether a checkpoint is due after `steps` steps of this attempt and
    /// those before.
    pub fn due(&self, steps: u64) -> bool {
        let by_steps = self.when.steps.is_some_and(|every| steps.is_multiple_of(every));
        let by_time = self.when.seconds.map(Duration::from_secs);
        by_steps || by_time.is_some_and(|every| self.written.elapsed() >= every)
    }

    /// Writes a checkpoint of `course`.
    pub fn write(&mut self, context: &mut Context<'_>, course: &Course) -> Result<(), Failure> {
        let snapshot = course.snapshot();
        let standing = &snapshot.standing;
        let restart = standing.restarts.len() as u64;
        let store = context.store;
        let checkpoints = store.checkpoints(context.job.training.run_id());
        let mut points = Vec::new();
        for point in &snapshot.points {
            let place = (point.step, restart);
            // The bytes are looked for again: another process may have let go
            // of them.
            let known = self.points.get(&place).copied();
            let known = known.filter(|artifact| checkpoints.holds(*artifact));
            let artifact = match known {
                Some(artifact) => artifact,
                None => checkpoints.put_state(&point.state.to_bytes()?)?,
            };
            self.points.insert(place, artifact);
            points.push(artifact);
        }
        let bytes = snapshot.state.to_bytes()?;
        let state = checkpoints.put_state(&bytes)?;
        let standing_value = serde_json::to_value(standing)?;
        let mut record = checkpoints.draft(restart, standing.step, standing_value, state);
        record.points = points;
        record.seconds = self.seconds();
        record.models.clone_from(&self.models);
        checkpoints.record(&record, self.when.kept)?;
        self.written = Instant::now();
        self.step = standing.step;
        let (trial, bytes) = (context.job.trial, bytes.len() as u64);
        context.tell(&Event::CheckpointWritten { trial, step: standing.step, bytes })
    }

    /// The course to go on with: from the newest checkpoint that is whole and
    /// this training's, or from the first step. Those passed over are said and
    /// removed: they would count as newer than what is written next. `fresh`
    /// makes a course before its first step. Says whether it goes on.
    pub fn go_on(
        &mut self,
        context: &Context<'_>,
        fresh: &dyn Fn() -> Result<Course, Failure>,
    ) -> Result<(Course, bool), Failure> {
        let checkpoints = context.store.checkpoints(context.job.training.run_id());
        for found in checkpoints.found()? {
            let record = match found {
                Ok(record) => record,
                Err(error) => {
                    note(&format!("a checkpoint is passed over: {error}"));
                    continue;
                }
            };
            // What a foreign checkpoint spoilt is made anew.
            let mut course = fresh()?;
            let resumed = read(&checkpoints, &record)
                .and_then(|snapshot| Ok(course.resume(snapshot)?))
                .map(|()| course);
            match resumed {
                Ok(course) => {
                    checkpoints.go_back_to(Some(&record))?;
                    self.continue_after(&record);
                    self.before = record.seconds;
                    self.step = record.step;
                    return Ok((course, true));
                }
                Err(failure) => note(&format!(
                    "the checkpoint of step {} is passed over: {}",
                    record.step, failure.message
                )),
            }
        }
        checkpoints.go_back_to(None)?;
        Ok((fresh()?, false))
    }
}

fn read(checkpoints: &Checkpoints<'_>, record: &CheckpointRecord) -> Result<Snapshot, Failure> {
    let arrays = |artifact: Artifact| -> Result<Rc<Arrays>, Failure> {
        Ok(Rc::new(Arrays::from_bytes(&checkpoints.state(artifact)?)?))
    };
    let standing: Standing = serde_json::from_value(record.standing.clone())?;
    same_as(record, &standing)?;
    let state = arrays(record.state)?;
    let mut points = Vec::new();
    for (step, artifact) in standing.points.iter().zip(&record.points) {
        points.push(Point { step: *step, state: arrays(*artifact)? });
    }
    Ok(Snapshot { standing, state, points })
}

/// What record and standing both say must be the same: with a point too few a
/// training would go back to another one than it would have.
fn same_as(record: &CheckpointRecord, standing: &Standing) -> Result<(), Failure> {
    let said = (record.restart, record.step, record.points.len());
    let stands = (standing.restarts.len() as u64, standing.step, standing.points.len());
    if said == stands {
        return Ok(());
    }
    let message = format!(
        "its record says restart {}, step {} and {} points, its standing {}, {} and {}",
        said.0, said.1, said.2, stands.0, stands.1, stands.2
    );
    Err(Failure::new(FailureClass::Bug, message))
}
