//! Evaluation of a training run, and its record in the store. Each part of an
//! evaluation is a run of its own, whose results are taken over where they are
//! there; the whole is put together from them.

use std::collections::BTreeMap;
use std::error::Error;

use jem_core::arrays::Arrays;
use jem_core::dataset::{About, Source, Split};
use jem_core::digest::Digest;
use jem_core::event::{Event, FailureClass};
use jem_core::id::RunParts;
use jem_core::provenance::{Provenance, UNKNOWN_PROCESSOR};
use jem_core::results::{self, ImagesUsed, Metrics, SetAbout};
use jem_core::spec::{Data, Evaluate, Part, Spec};
use jem_core::store::{Artifact, Manifest, RunKind};

use super::same_data::same_data;
use super::trial::Context;
use super::{Failure, life};
use crate::data::{Inputs, Places};
use crate::evaluation::{self, EvaluationSets, Set, Subject, run_part};

/// Evaluates the training run and records the evaluation run; says the
/// accuracy. A diverged trial is recorded as such, with no metrics.
pub(super) fn evaluate(
    context: &mut Context<'_>,
    inputs: &mut Inputs,
    training: &Manifest,
) -> Result<(Manifest, Option<f64>), Failure> {
    let spec = &context.job.spec;
    let mut models = vec![context.model()];
    let (metrics, files) = match (spec.evaluate.only, spec.evaluate.parts().as_slice()) {
        _ if training.outcome.diverged() => base(context, inputs, training, spec)?,
        (Some(part), _) => one_part(context, inputs, training, spec, part)?,
        (None, []) => base(context, inputs, training, spec)?,
        (None, parts) => whole(context, inputs, training, parts, &mut models)?,
    };
    let mut manifest = context.manifest(RunKind::Evaluation, metrics.outcome.clone());
    manifest.part = spec.evaluate.only;
    let manifest = record(context, manifest, files, &models)?;
    Ok((manifest, metrics.metrics.get("clf/accuracy").copied()))
}

/// Result files by name.
type Files = Vec<(String, Vec<u8>)>;

/// What every evaluation measures, and all parts, each from its own run. The
/// models of processor that made those which are in the store join `models`.
fn whole(
    context: &mut Context<'_>,
    inputs: &mut Inputs,
    training: &Manifest,
    parts: &[Part],
    models: &mut Vec<String>,
) -> Result<(Metrics, Files), Failure> {
    let asked = context.job.spec.evaluate.clone();
    let mut found = cached(context, inputs, training, (asked.base(), None), models)?;
    for part in parts {
        if found.0.outcome.diverged() {
            break;
        }
        let settings = (asked.part(*part), Some(*part));
        found = together(found, cached(context, inputs, training, settings, models)?)?;
    }
    let (metrics, mut files) = found;
    files.retain(|(name, _)| name != results::METRICS && name != results::EVALUATE);
    files.extend(described(&metrics, &asked)?);
    Ok((metrics, files))
}

/// What was found so far, and what a part found. What diverged has no metrics:
/// where the part met logits that are not finite, its outcome is all that stays.
fn together(
    (mut metrics, mut files): (Metrics, Files),
    (found, more): (Metrics, Files),
) -> Result<(Metrics, Files), Failure> {
    if found.outcome.diverged() {
        return Ok((found, Files::new()));
    }
    metrics.metrics.extend(found.metrics);
    metrics.undefined.extend(found.undefined);
    for (name, bytes) in more {
        match files.iter_mut().find(|(known, _)| *known == name && name == results::IMAGES_USED) {
            Some((_, known)) => *known = both_lists(known, &bytes)?,
            None => files.push((name, bytes)),
        }
    }
    Ok((metrics, files))
}

/// Two lists of the images that were used as one.
fn both_lists(one: &[u8], other: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut used: Vec<ImagesUsed> = serde_json::from_slice(one)?;
    used.extend(serde_json::from_slice::<Vec<ImagesUsed>>(other)?);
    Ok(serde_json::to_vec(&used)?)
}

/// An evaluation with `settings` out of the store, or made and put there.
fn cached(
    context: &mut Context<'_>,
    inputs: &mut Inputs,
    training: &Manifest,
    (settings, part): (Evaluate, Option<Part>),
    models: &mut Vec<String>,
) -> Result<(Metrics, Files), Failure> {
    let job = context.job;
    let spec = Spec { evaluate: settings, ..job.spec.clone() };
    let data = own_data(context, inputs, &spec)?;
    let eval = spec.eval_id(job.seed);
    let parts = RunParts { of: eval.digest(), data, ..job.evaluation.clone() };
    if let Some(known) = context.store.done(parts.run_id())? {
        for model in made_on(context, &known) {
            if !models.contains(&model) {
                models.push(model);
            }
        }
        return taken_over(context, &known);
    }
    let (metrics, files) = match part {
        None => base(context, inputs, training, &spec)?,
        Some(part) => one_part(context, inputs, training, &spec, part)?,
    };
    let mut manifest = context.manifest(RunKind::Evaluation, metrics.outcome.clone());
    (manifest.run, manifest.parts, manifest.eval) = (parts.run_id(), parts, Some(eval));
    manifest.part = part;
    record(context, manifest, files.clone(), &[context.model()])?;
    Ok((metrics, files))
}

/// The models of processor that made `known`, which is in the store.
fn made_on(context: &Context<'_>, known: &Manifest) -> Vec<String> {
    let record = known.records.get("provenance.json");
    let bytes = record.and_then(|record| context.store.get(record.digest).ok());
    let record = bytes.and_then(|bytes| serde_json::from_slice::<Provenance>(&bytes).ok());
    record.map_or_else(
        || vec![UNKNOWN_PROCESSOR.to_owned()],
        |record| record.made_on(&known.parts.environment),
    )
}

/// The results of `known`.
fn taken_over(context: &Context<'_>, known: &Manifest) -> Result<(Metrics, Files), Failure> {
    let bytes = |name: &String| context.store.result(known, name);
    let files = known.results.keys().map(|name| Ok((name.clone(), bytes(name)?)));
    let files: Files = files.collect::<Result<_, Failure>>()?;
    let metrics = context.store.result(known, results::METRICS)?;
    Ok((serde_json::from_slice(&metrics)?, files))
}

/// The data that an evaluation of `spec` rests on, in the order in which the
/// front names them: of the training, then its own.
fn own_data(
    context: &Context<'_>,
    inputs: &mut Inputs,
    spec: &Spec,
) -> Result<Vec<(String, Digest)>, Failure> {
    let mut data = context.job.training.data.clone();
    let own = std::iter::once(&spec.training.data.train).chain(spec.evaluate.sources());
    for source in own {
        inputs.get(&context.places(), source, Split::Test, &mut data)?;
    }
    data.extend(inception(context, &spec.evaluate));
    Ok(data)
}

/// The Inception extractor that `evaluate` asks for, where it is there.
fn inception(context: &Context<'_>, evaluate: &Evaluate) -> Vec<(String, Digest)> {
    let Places { data, base, own } = context.places();
    let asked = evaluate.inception().map(|asked| asked.located(own));
    asked.map(|asked| asked.digests(data, base)).unwrap_or_default()
}

fn stored(
    context: &Context<'_>,
    training: &Manifest,
    name: &str,
) -> Result<Option<Arrays>, Failure> {
    if !training.results.contains_key(name) {
        return Ok(None);
    }
    Ok(Some(Arrays::from_bytes(&context.store.result(training, name)?)?))
}

/// Runs `work`, which tells the name of what it looks at before it does.
fn watched<T>(
    context: &mut Context<'_>,
    work: impl FnOnce(evaluation::Look<'_>) -> Result<T, Box<dyn Error>>,
) -> Result<T, Failure> {
    let trial = context.job.trial;
    let mut failure = None;
    let mut look = |set: &str| -> Result<(), Box<dyn Error>> {
        life::work_was_done();
        let told = if life::asked_to_stop() {
            Err(Failure::preempted("stopped while evaluating; the training is kept"))
        } else {
            context.tell(&Event::EvaluationStarted { trial, set: set.to_owned() })
        };
        told.map_err(|why| {
            failure = Some(why);
            "it was interrupted".into()
        })
    };
    let done = work(&mut look);
    match (done, failure) {
        (Ok(done), _) => Ok(done),
        (Err(_), Some(failure)) => Err(failure),
        (Err(error), None) => Err(Failure::new(FailureClass::Bug, error.to_string())),
    }
}

/// What every evaluation measures.
fn base(
    context: &mut Context<'_>,
    inputs: &mut Inputs,
    training: &Manifest,
    spec: &Spec,
) -> Result<(Metrics, Files), Failure> {
    let diverged = training.outcome.diverged();
    let (sets, held_out) = match diverged {
        true => (Vec::new(), None),
        false => {
            let held_out = evaluation::held_out_set(spec, inputs, &context.places())
                .map_err(|error| Failure::new(FailureClass::BadInput, error.to_string()))?;
            (sets(context, inputs, spec)?, held_out)
        }
    };
    // Trivial scores are fitted to the images that the training rests on.
    let train = match diverged || spec.evaluate.ood.is_empty() {
        true => None,
        false => {
            let source = &spec.training.data.train;
            Some(inputs.get(&context.places(), source, Split::Train, &mut Vec::new())?)
        }
    };
    let weights = stored(context, training, results::WEIGHTS)?;
    let buffer = stored(context, training, results::BUFFER)?;
    let (seed, outcome, device) = (context.job.seed, &training.outcome, context.device);
    let known = (weights.as_ref(), buffer.as_ref());
    let found = watched(context, |look| {
        let sets =
            EvaluationSets { sets: &sets, held_out: held_out.as_ref(), training: train.as_deref() };
        evaluation::evaluate(spec, seed, outcome, known, sets, device, look)
    })?;
    let named = found.files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes));
    let mut files: Files = named.collect();
    let about = if diverged { Vec::new() } else { about_sets(context, inputs, spec)? };
    if !about.is_empty() {
        files.push((results::SETS.to_owned(), serde_json::to_vec_pretty(&about)?));
    }
    Ok((found.metrics, files))
}

/// What is to be said of the sets that `spec` reads: only of pictures in folders.
/// Classes are those of the training set alone, since no others are used.
fn about_sets(
    context: &Context<'_>,
    inputs: &mut Inputs,
    spec: &Spec,
) -> Result<Vec<SetAbout>, Failure> {
    let data = &spec.training.data;
    let trained = data.sources().map(|source| (source, Split::Train));
    let tested = std::iter::once(&data.train).chain(spec.evaluate.sources());
    let mut said: Vec<SetAbout> = Vec::new();
    for (source, split) in trained.chain(tested.map(|source| (source, Split::Test))) {
        if !source.is_of_pictures() {
            continue;
        }
        let loaded = inputs.get(&context.places(), source, split, &mut Vec::new())?;
        let about = match *source == data.train {
            true => loaded.about.clone(),
            false => About { notes: loaded.about.notes.clone(), ..About::default() },
        };
        said.push(SetAbout { set: set_name(source, data), split, about });
    }
    said.retain(|one| !one.about.is_empty());
    Ok(said)
}

/// What a set is called in a result: files of the user's own that are trained on
/// by their role, since no name that an experiment gives them is part of an id.
fn set_name(source: &Source, data: &Data) -> String {
    let own = matches!(source, Source::Files(_));
    match own {
        true if *source == data.train => "the data set".to_owned(),
        true if data.auxiliary.as_ref() == Some(source) => "the auxiliary set".to_owned(),
        _ => source.label(),
    }
}

/// One part.
fn one_part(
    context: &mut Context<'_>,
    inputs: &mut Inputs,
    training: &Manifest,
    spec: &Spec,
    part: Part,
) -> Result<(Metrics, Files), Failure> {
    let source = &spec.training.data.train;
    let (places, mut seen) = (context.places(), Vec::new());
    let train = inputs.get(&places, source, Split::Train, &mut seen)?;
    let test = inputs.get(&places, source, Split::Test, &mut seen)?;
    let asked = spec.evaluate.sets().next().is_some();
    let sets = if asked { sets(context, inputs, spec)? } else { Vec::new() };
    let weights = stored(context, training, results::WEIGHTS)?;
    let weights = weights.ok_or_else(|| {
        Failure::new(FailureClass::Bug, "a training that finished left no weights")
    })?;
    let buffer = stored(context, training, results::BUFFER)?;
    let inception = match spec.evaluate.inception() {
        Some(asked) => asked.located(places.own).read(places.data, places.base)?,
        None => None,
    };
    let (seed, device) = (context.job.seed, context.device);
    let (outcome, found) = watched(context, |look| {
        let known = (&weights, buffer.as_ref());
        let subject = Subject {
            inception,
            ..Subject::new(spec, seed, known, (&train.images, &test.images), &sets, device)?
        };
        let outcome = &training.outcome;
        run_part(part, &subject, look).map(|found| (outcome.clone(), found)).or_else(|error| {
            let diverged = evaluation::diverged_by(error.as_ref(), outcome);
            Ok((diverged.ok_or(error)?, evaluation::Found::default()))
        })
    })?;
    let values = found.values;
    let metrics = Metrics { outcome, metrics: values.metrics, undefined: values.undefined };
    let named = found.files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes));
    let mut files: Files = named.collect();
    files.extend(described(&metrics, &spec.evaluate)?);
    Ok((metrics, files))
}

/// The files that say what was found and what was asked.
fn described(metrics: &Metrics, asked: &Evaluate) -> Result<Files, Failure> {
    Ok(vec![
        (results::METRICS.to_owned(), serde_json::to_vec_pretty(metrics)?),
        (results::EVALUATE.to_owned(), serde_json::to_vec_pretty(asked)?),
    ])
}

fn sets(context: &Context<'_>, inputs: &mut Inputs, spec: &Spec) -> Result<Vec<Set>, Failure> {
    let job = context.job;
    let mut seen = Vec::new();
    let sets = evaluation::sets(spec, inputs, &context.places(), &mut seen)
        .map_err(|error| Failure::new(FailureClass::BadInput, error.to_string()))?;
    seen.extend(inception(context, &job.spec.evaluate));
    // The evaluation's id names the training data first, then its own.
    let planned = &job.evaluation.data;
    same_data(planned.strip_prefix(&job.training.data[..]).unwrap_or(planned), &seen)?;
    Ok(sets)
}

fn record(
    context: &Context<'_>,
    mut manifest: Manifest,
    files: Files,
    models: &[String],
) -> Result<Manifest, Failure> {
    let kept = files.into_iter().map(|(name, bytes)| Ok((name, context.store.put(&bytes)?)));
    manifest.results = kept.collect::<Result<BTreeMap<String, Artifact>, Failure>>()?;
    manifest.records.extend(context.records(models)?);
    context.store.finish(&manifest)?;
    Ok(manifest)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use jem_core::results::Outcome;

    use super::*;
    use crate::jem::not_finite;

    #[test]
    fn where_a_part_diverged_the_whole_has_no_metrics_and_no_files() {
        let finished = Outcome::finished(3);
        let found = |outcome: &Outcome, name: &str| {
            let metrics = BTreeMap::from([(name.to_owned(), 0.5)]);
            let metrics = Metrics { outcome: outcome.clone(), metrics, undefined: BTreeMap::new() };
            (metrics, vec![(name.to_owned(), Vec::new())])
        };
        let (metrics, files) = together(found(&finished, "a"), found(&finished, "b")).unwrap();
        assert_eq!(metrics.metrics.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(files.len(), 2);
        let diverged = Outcome::Diverged(not_finite(3, "logits in the evaluation"));
        let part = (Metrics { metrics: BTreeMap::new(), ..found(&diverged, "").0 }, Vec::new());
        let (metrics, files) = together((metrics, files), part).unwrap();
        assert_eq!(metrics.outcome, diverged);
        assert!(metrics.metrics.is_empty() && files.is_empty());
    }

    #[test]
    fn which_images_were_used_is_one_list_over_all_parts() {
        let finished = Outcome::finished(3);
        let found = |purpose: &str| {
            let metrics = Metrics {
                outcome: finished.clone(),
                metrics: BTreeMap::new(),
                undefined: BTreeMap::new(),
            };
            let used = [ImagesUsed::of("test", purpose, 9, &[2, 5])];
            let bytes = serde_json::to_vec(&used).unwrap();
            (metrics, vec![(results::IMAGES_USED.to_owned(), bytes)])
        };
        let (_, files) = together(found("evaluation"), found("attacks")).unwrap();
        let used: Vec<ImagesUsed> = serde_json::from_slice(&files[0].1).unwrap();
        let purposes: Vec<&str> = used.iter().map(|one| one.purpose.as_str()).collect();
        assert_eq!((files.len(), &purposes[..]), (1, &["evaluation", "attacks"][..]));
    }
}
