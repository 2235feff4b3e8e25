//! Reads what the store holds of a plan.

use jem_core::arrays::Arrays;
use jem_core::plan::{Plan, Trial};
use jem_core::provenance::{Hardware, Provenance};
use jem_core::results::{
    ATTACKS, CALIBRATION, CHAIN_STATES, CHAINS, CORRUPTIONS, ENERGIES, EPOCHS, Energies,
    GENERATION, GENERATION_IMAGES, Generation, LIKELIHOOD, METRICS, Metrics, PREDICTIONS,
    PURIFICATION, RELIABILITY, ReliabilityBin, SAMPLES, SCORES, SELECTIVE, SETS,
};
use jem_core::store::{Accepted, Manifest, Store};
use rayon::prelude::*;
use serde::de::DeserializeOwned;

use super::{ChainStates, MissingTrial, PartFiles, Results, TableError, TrialResult};
use crate::schedule::{Keys, recorded_cost, used};

/// The results of every trial of `plan` that is done, or for which a person
/// accepted other runs, in the plan's order. All bytes are hashed as they are read.
///
/// # Errors
/// With the first trial, in the plan's order, whose records or results are
/// altered, unreadable or not whole.
pub fn load(plan: &Plan, keys: &Keys<'_>, store: &Store) -> Result<Results, TableError> {
    let accepted = store.accepted()?;
    let one = |trial: &Trial| {
        let wanted = keys.of(trial).runs();
        match store.done(wanted.evaluation)? {
            // Its id rests on all that the training's rests on; that it
            // names another training can only be a foreign hand's doing.
            Some(run) if run.training.is_none_or(|run| run == wanted.training) => {
                return read(plan, trial, store, &run).map(Some);
            }
            _ => {}
        }
        let Some((word, run)) = used(trial, wanted, store, &accepted)? else { return Ok(None) };
        let mut result = read(plan, trial, store, &run)?;
        result.accepted = Some(reason(word));
        Ok(Some(result))
    };
    let found: Vec<Result<Option<TrialResult>, TableError>> =
        plan.trials.par_iter().map(one).collect();
    let (mut trials, mut missing) = (Vec::new(), Vec::new());
    for (trial, found) in plan.trials.iter().zip(found) {
        match found? {
            Some(result) => trials.push(result),
            None => {
                missing.push(MissingTrial { values: plan.told_values(trial), seed: trial.seed })
            }
        }
    }
    Ok(Results {
        experiment: plan.experiment.clone(),
        axes: plan.told_axes(),
        missing,
        data: keys.data_files(),
        trials,
    })
}

/// Why a person accepted other runs, and what differs; not who, since that
/// names a machine.
fn reason(accepted: &Accepted) -> String {
    let because = accepted.because.trim();
    match accepted.differs.as_slice() {
        [] => because.to_owned(),
        differs => format!("{because} (differs in {})", differs.join("; ")),
    }
}

/// The per-example arrays of a trial, as [`PREDICTIONS`] describes them; none
/// where it diverged.
///
/// # Errors
/// When its evaluation run is no longer whole, or the arrays are altered or
/// unreadable.
pub fn predictions(trial: &TrialResult, store: &Store) -> Result<Option<Arrays>, TableError> {
    let run = trial.runs.1;
    let Some(manifest) = store.done(run)? else {
        let reason = "its run is no longer whole in the store".to_owned();
        return Err(TableError::Unreadable { run, name: PREDICTIONS.to_owned(), reason });
    };
    arrays(store, &manifest, PREDICTIONS)
}

fn read(
    plan: &Plan,
    trial: &Trial,
    store: &Store,
    evaluation: &Manifest,
) -> Result<TrialResult, TableError> {
    let training = match evaluation.training {
        Some(run) => store.done(run)?,
        None => None,
    };
    let training = training.ok_or(TableError::NoTraining {
        evaluation: evaluation.run,
        training: evaluation.training,
    })?;
    let metrics: Metrics = json(store, evaluation, METRICS)?;
    let diverged = metrics.outcome.diverged();
    let (reliability, energies) = if diverged {
        (Vec::new(), Energies::default())
    } else {
        let bins: Vec<ReliabilityBin> = json(store, evaluation, RELIABILITY)?;
        (bins, json(store, evaluation, ENERGIES)?)
    };
    let expectations = plan.experiment.expect.iter().enumerate();
    let trained = provenance(store, &training)?;
    let evaluated = provenance(store, evaluation)?;
    Ok(TrialResult {
        trial: trial.id,
        cell: trial.cell,
        seed: trial.seed,
        values: plan.told_values(trial),
        named: plan.named_values(trial),
        outcome: metrics.outcome,
        metrics: metrics.metrics,
        undefined: metrics.undefined,
        epochs: json(store, &training, EPOCHS)?,
        reliability,
        energies,
        parts: parts(plan, trial, store, evaluation)?,
        samples: samples(store, evaluation)?,
        generation: generation(store, evaluation)?,
        bounds: plan.spec_of(trial).training.data.range.bounds(),
        accepted: None,
        runs: (training.run, evaluation.run),
        digests: (training.results_digest(), evaluation.results_digest()),
        hardware: Hardware::of(
            (&trained, &training.parts.environment),
            (&evaluated, &evaluation.parts.environment),
        ),
        provenance: trained,
        evaluated,
        concerned_by: expectations
            .filter(|(_, expectation)| plan.concerns(expectation, trial))
            .map(|(place, _)| place)
            .collect(),
        cost: recorded_cost(&bytes(store, &training, "events.jsonl")?.unwrap_or_default()),
    })
}

/// The bytes of the result or record `name` of `manifest`; none where it has
/// no such file.
fn bytes(store: &Store, manifest: &Manifest, name: &str) -> Result<Option<Vec<u8>>, TableError> {
    let Some(artifact) = manifest.results.get(name).or_else(|| manifest.records.get(name)) else {
        return Ok(None);
    };
    store.get(artifact.digest).map(Some).map_err(|source| TableError::File {
        run: manifest.run,
        name: name.to_owned(),
        source: Box::new(source),
    })
}

fn unreadable(manifest: &Manifest, name: &str, reason: impl ToString) -> TableError {
    TableError::Unreadable { run: manifest.run, name: name.to_owned(), reason: reason.to_string() }
}

fn json<T: DeserializeOwned>(
    store: &Store,
    manifest: &Manifest,
    name: &str,
) -> Result<T, TableError> {
    let found = bytes(store, manifest, name)?;
    let found = found.ok_or_else(|| unreadable(manifest, name, "there is no such file"))?;
    serde_json::from_slice(&found).map_err(|error| unreadable(manifest, name, error))
}

/// What a part of the evaluation left, where there is such a file.
fn of_part<T: DeserializeOwned>(
    store: &Store,
    manifest: &Manifest,
    name: &str,
) -> Result<Option<T>, TableError> {
    let there = manifest.results.contains_key(name);
    there.then(|| json(store, manifest, name)).transpose()
}

fn parts(
    plan: &Plan,
    trial: &Trial,
    store: &Store,
    evaluation: &Manifest,
) -> Result<PartFiles, TableError> {
    Ok(PartFiles {
        chain_states: arrays(store, evaluation, CHAIN_STATES)?.map(|states| {
            let asked = plan.spec_of(trial).evaluate.chains;
            ChainStates::first(asked.map_or_else(Vec::new, |asked| asked.kept()), &states)
        }),
        corruptions: of_part(store, evaluation, CORRUPTIONS)?.unwrap_or_default(),
        chains: of_part(store, evaluation, CHAINS)?.unwrap_or_default(),
        calibration: of_part(store, evaluation, CALIBRATION)?,
        curves: of_part(store, evaluation, SELECTIVE)?.unwrap_or_default(),
        attacks: of_part(store, evaluation, ATTACKS)?,
        purification: of_part(store, evaluation, PURIFICATION)?,
        scores: of_part(store, evaluation, SCORES)?,
        likelihood: of_part(store, evaluation, LIKELIHOOD)?,
        sets: of_part(store, evaluation, SETS)?.unwrap_or_default(),
    })
}

fn arrays(store: &Store, manifest: &Manifest, name: &str) -> Result<Option<Arrays>, TableError> {
    let read = |bytes: Vec<u8>| Arrays::from_bytes(&bytes);
    let found = bytes(store, manifest, name)?.map(read).transpose();
    found.map_err(|error| unreadable(manifest, name, error))
}

/// Shape and elements.
type Samples = (Vec<usize>, Vec<f32>);

fn samples(store: &Store, evaluation: &Manifest) -> Result<Option<Samples>, TableError> {
    let Some(arrays) = arrays(store, evaluation, SAMPLES)? else {
        return Ok(None);
    };
    let samples = arrays.f32("samples").map(|(shape, data)| (shape.to_vec(), data.to_vec()));
    samples.ok_or_else(|| unreadable(evaluation, SAMPLES, "it holds no `samples`")).map(Some)
}

fn generation(
    store: &Store,
    evaluation: &Manifest,
) -> Result<Option<(Generation, Arrays)>, TableError> {
    if !evaluation.results.contains_key(GENERATION) {
        return Ok(None);
    }
    let known = json(store, evaluation, GENERATION)?;
    let images = arrays(store, evaluation, GENERATION_IMAGES)?;
    let none = || unreadable(evaluation, GENERATION_IMAGES, "there is no such file");
    Ok(Some((known, images.ok_or_else(none)?)))
}

fn provenance(store: &Store, manifest: &Manifest) -> Result<Provenance, TableError> {
    json(store, manifest, "provenance.json")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use jem_core::digest::Digest;
    use jem_core::event::Event;
    use jem_core::id::{RunId, RunParts};
    use jem_core::provenance::Fingerprints;
    use jem_core::results::{Divergence, Epoch, Outcome};
    use jem_core::store::{FORMAT, RunKind, StoreError};

    use super::super::{examples, sample};
    use super::*;

    const SPEC: &str = "question = \"?\"\npreset = \"seed-chapter\"\nseeds = 2\n\
        data.train = \"digits\"\ndata.range = \"[-1, 1]\"\ndata.validation = 200\n\
        evaluate.ood = [\"rotated\"]\n\
        evaluate.chains = { n = 2, steps = 40, every = 10, states = 3 }\n[[sweep]]\ngrid.objective.lambda = [0, 10]\n\
        [expect.\"learns\"]\nmetric = \"clf/accuracy\"\nmin = 0.5\nsource = \"by hand\"\n\
        where = { \"objective.lambda\" = 0 }\n";

    fn plan() -> Plan {
        Plan::parse("small", "small.toml", SPEC).unwrap()
    }

    fn keys(plan: &Plan) -> Keys<'_> {
        let (training, evaluation) = (Digest::of(b"training"), Digest::of(b"evaluation"));
        Keys::new(plan, Fingerprints { training, evaluation }, Path::new("none")).unwrap()
    }

    /// Puts both runs of `trial` into the store, as a worker does.
    fn record(store: &Store, keys: &Keys<'_>, trial: &Trial, outcome: &Outcome) {
        let keyed = keys.of(trial);
        let manifest = |kind, parts: &RunParts, training: Option<RunId>| Manifest {
            format: FORMAT,
            kind,
            run: parts.run_id(),
            parts: parts.clone(),
            cell: trial.cell,
            trial: trial.id,
            eval: training.map(|_| trial.eval),
            seed: trial.seed,
            training,
            part: None,
            outcome: outcome.clone(),
            results: BTreeMap::new(),
            records: BTreeMap::new(),
            attempt: 1,
        };
        let mut training = manifest(RunKind::Training, &keyed.training, None);
        let run = Some(training.run);
        let mut evaluation = manifest(RunKind::Evaluation, &keyed.evaluation, run);
        let keep = |files: &mut BTreeMap<_, _>, name: &str, bytes: Vec<u8>| {
            files.insert(name.to_owned(), store.put(&bytes).unwrap());
        };
        let finished = Event::TrainingFinished {
            trial: trial.id,
            outcome: outcome.clone(),
            seconds: 2.5,
            peak_rss: 4096,
        };
        let mut log = b"an event of another version\n".to_vec();
        log.extend(serde_json::to_vec(&finished).unwrap());
        for manifest in [&mut training, &mut evaluation] {
            let provenance = serde_json::to_vec(&sample::provenance()).unwrap();
            keep(&mut manifest.records, "provenance.json", provenance);
            keep(&mut manifest.records, "events.jsonl", log.clone());
        }
        let means = BTreeMap::from([("train/ce".to_owned(), 0.5)]);
        let epochs = [Epoch { trial: trial.id, epoch: 1, step: 10, means }];
        keep(&mut training.results, EPOCHS, serde_json::to_vec(&epochs).unwrap());
        let mut metrics = Metrics {
            outcome: outcome.clone(),
            metrics: BTreeMap::new(),
            undefined: BTreeMap::new(),
        };
        if !outcome.diverged() {
            let mut buffer = Arrays::default();
            buffer.insert_f32("samples", &[1, 1, 1, 2], vec![0.0, 1.0]);
            keep(&mut evaluation.results, SAMPLES, buffer.to_bytes().unwrap());
            let mut states = Arrays::default();
            states.insert_f32("buffer/states", &[3, 3, 1, 1, 2], vec![0.0; 18]);
            keep(&mut evaluation.results, CHAIN_STATES, states.to_bytes().unwrap());
            let mut outputs = Arrays::default();
            outputs.insert_f32("test/logits", &[1, 2], vec![0.0, 1.0]);
            outputs.insert_f32("test/probabilities", &[1, 2], vec![0.25, 0.75]);
            outputs.insert_f32("test/energies", &[1], vec![-1.5]);
            outputs.insert_i64("test/labels", vec![1]);
            keep(&mut evaluation.results, PREDICTIONS, outputs.to_bytes().unwrap());
            metrics.metrics.insert("clf/accuracy".to_owned(), 0.75);
            let bins: [ReliabilityBin; 0] = [];
            keep(&mut evaluation.results, RELIABILITY, serde_json::to_vec(&bins).unwrap());
            let energies = serde_json::to_vec(&Energies::default()).unwrap();
            keep(&mut evaluation.results, ENERGIES, energies);
        }
        keep(&mut evaluation.results, METRICS, serde_json::to_vec(&metrics).unwrap());
        store.finish(&training).unwrap();
        store.finish(&evaluation).unwrap();
    }

    /// λ = 0 with seed 0 finished, λ = 10 with seed 1 diverged, two missing.
    fn half_done(folder: &Path, plan: &Plan) -> Store {
        let store = Store::create(folder).unwrap();
        let finished = Outcome::finished(10);
        let (reason, values) = ("not finite: loss".to_owned(), BTreeMap::new());
        let diverged =
            Outcome::Diverged(Divergence { step: 3, reason, values, restarts: Vec::new() });
        record(&store, &keys(plan), &plan.trials[0], &finished);
        record(&store, &keys(plan), &plan.trials[3], &diverged);
        store
    }

    fn path_of(store: &Store, plan: &Plan, name: &str) -> std::path::PathBuf {
        let run = keys(plan).of(&plan.trials[0]).evaluation.run_id();
        store.object_path(store.done(run).unwrap().unwrap().results[name].digest)
    }

    #[test]
    fn what_is_done_is_read_in_the_order_of_the_plan() {
        let (folder, plan) = (tempfile::tempdir().unwrap(), plan());
        let store = half_done(folder.path(), &plan);
        let results = load(&plan, &keys(&plan), &store).unwrap();
        assert_eq!(results.trials.len(), 2);
        let missing: Vec<_> = results.missing.iter().map(|t| (&t.values[0], t.seed)).collect();
        assert_eq!(missing, [(&serde_json::json!(0.0), 1), (&serde_json::json!(10.0), 0)]);
        let (one, other) = (&results.trials[0], &results.trials[1]);
        assert_eq!(one.metrics["clf/accuracy"], 0.75);
        assert_eq!(one.samples, Some((vec![1, 1, 1, 2], vec![0.0, 1.0])));
        let states = one.parts.chain_states.as_ref().unwrap();
        assert_eq!(states.steps, [0, 20, 40]);
        let kept = states.states.f32("buffer/states");
        assert_eq!(kept, Some((&[2, 3, 1, 1, 2][..], &[0.0; 12][..])), "of three chains two");
        assert_eq!((one.cost, one.bounds), (Some((2.5, 4096)), (-1.0, 1.0)));
        assert_eq!((one.epochs.len(), one.commit().as_str()), (1, "0123456-dirty"));
        assert_eq!(
            (one.concerned_by.as_slice(), other.concerned_by.as_slice()),
            (&[0][..], &[][..])
        );
        assert_eq!((other.trial, other.seed), (plan.trials[3].id, 1));
        assert_eq!(other.values, [serde_json::json!(10.0)]);
        assert!(other.outcome.diverged() && other.samples.is_none() && other.metrics.is_empty());
        let frame = examples(&results, &store).unwrap();
        assert_eq!((frame.height(), frame.width()), (1, 9 + 2));
    }

    #[test]
    fn an_altered_result_is_an_error_that_names_run_and_file() {
        let (folder, plan) = (tempfile::tempdir().unwrap(), plan());
        let store = half_done(folder.path(), &plan);
        let path = path_of(&store, &plan, METRICS);
        let altered = fs::read_to_string(&path).unwrap().replace("0.75", "0.99");
        fs::remove_file(&path).unwrap();
        fs::write(&path, altered).unwrap();
        let error = load(&plan, &keys(&plan), &store).unwrap_err();
        let altered = |source: &StoreError| matches!(source, StoreError::Altered { .. });
        assert!(matches!(&error, TableError::File { source, .. } if altered(source)));
        let run = keys(&plan).of(&plan.trials[0]).evaluation.run_id();
        let said = error.to_string();
        assert!(said.starts_with(&format!("`metrics.json` of run {run}: object ")), "{said}");
    }

    #[test]
    fn an_evaluation_without_its_training_is_an_error() {
        let (folder, plan) = (tempfile::tempdir().unwrap(), plan());
        let store = half_done(folder.path(), &plan);
        let training = keys(&plan).of(&plan.trials[0]).training.run_id();
        fs::remove_dir_all(store.run_path(training)).unwrap();
        let error = load(&plan, &keys(&plan), &store).unwrap_err();
        assert!(error.to_string().contains("is not whole in the store"), "{error}");
    }

    #[test]
    fn a_trial_whose_objects_are_gone_is_missing() {
        let (folder, plan) = (tempfile::tempdir().unwrap(), plan());
        let store = half_done(folder.path(), &plan);
        fs::remove_file(path_of(&store, &plan, METRICS)).unwrap();
        let results = load(&plan, &keys(&plan), &store).unwrap();
        assert_eq!((results.trials.len(), results.missing.len()), (1, 3));
    }

    #[test]
    fn an_evaluation_of_another_training_run_is_no_result_of_the_trial() {
        let (folder, plan) = (tempfile::tempdir().unwrap(), plan());
        let store = half_done(folder.path(), &plan);
        let run = keys(&plan).of(&plan.trials[0]).evaluation.run_id();
        let mut manifest = store.done(run).unwrap().unwrap();
        manifest.training = Some(RunId::from_digest(Digest::of(b"on other data")));
        store.finish(&manifest).unwrap();
        let results = load(&plan, &keys(&plan), &store).unwrap();
        assert_eq!((results.trials.len(), results.missing.len()), (1, 3));
    }

    #[test]
    fn an_empty_store_has_no_results() {
        let (folder, plan) = (tempfile::tempdir().unwrap(), plan());
        let store = Store::open(folder.path()).unwrap();
        let results = load(&plan, &keys(&plan), &store).unwrap();
        assert_eq!((results.trials.len(), results.missing.len()), (0, 4));
    }
}
