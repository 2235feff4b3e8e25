//! A limit on a set in class order takes every class, for whatever looks at it:
//! the evaluation, attacks, generation and scores.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use jem_core::arrays::Arrays;
use jem_core::dataset::{LabelledImages, Source, Split};
use jem_core::plan::Plan;
use jem_core::results::{self, ImagesUsed, Outcome};
use jem_core::spec::{Part, Spec};
use jem_worker::data::{Inputs, Places};
use jem_worker::evaluation::{EvaluationSets, Set, Subject, evaluate, run_part, sets};
use jem_worker::training::{Course, TrainSets};
use tch::Device;

/// Images of each of the three classes, one class after another.
const EACH: usize = 40;
/// Below the first class's size: the first so many are of one class.
const LIMIT: usize = 30;

/// Writes three classes of 40 images of 8×8 in class order. An image of class c
/// is bright in the columns from 2c on; of the test images of the classes 1 and
/// 2 every second one looks like class 0.
fn write(folder: &Path) {
    for (split, misleading) in [("train", false), ("test", true)] {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for place in 0..3 * EACH {
            let class = place / EACH;
            labels.push(class as u8);
            let looks = if misleading && place % 2 == 1 { 0 } else { class };
            pixels.extend((0..64).map(|at| {
                let column = at % 8;
                let bright = column / 2 == looks;
                (if bright { 200 } else { 20 }) + ((place * 31 + at * 17) % 50) as u8
            }));
        }
        let header = |dims: &[u32]| -> Vec<u8> {
            let magic = [0, 0, 8, dims.len() as u8];
            magic.into_iter().chain(dims.iter().flat_map(|n| n.to_be_bytes())).collect()
        };
        let n = labels.len() as u32;
        let images = [header(&[n, 8, 8]), pixels].concat();
        std::fs::write(folder.join(format!("{split}-images")), images).unwrap();
        std::fs::write(folder.join(format!("{split}-labels")), [header(&[n]), labels].concat())
            .unwrap();
    }
}

fn spec(evaluate: &str, lambda: &str) -> Spec {
    let text = format!(
        "question = \"?\"\npreset = \"seed-chapter\"\n[data]\nvalidation = 12\n\
         range = \"[-1, 1]\"\ntrain = {{ idx = {{ train_images = \"train-images\", \
         train_labels = \"train-labels\", test_images = \"test-images\", \
         test_labels = \"test-labels\" }}, classes = 3 }}\n[model.mlp]\nhidden = [16]\n\
         [objective]\nlambda = {lambda}\n[sampler]\nsteps = 2\nstep_size = 1\nnoise_std = 0.01\n\
         init = \"uniform\"\n[replay_buffer]\nsize = 100\n[train]\nsteps = 120\n\
         batch_size = 16\n[evaluate]\nood = [\"interpolation\"]\nece_bins = [15]\nsamples = 4\n\
         {evaluate}\n"
    );
    let plan = Plan::parse("limits", "limits.toml", &text).unwrap();
    plan.spec_of(&plan.trials[0])
}

/// What a trial on the sorted set looks at and what its training left.
struct Trial {
    spec: Spec,
    seed: u64,
    train: LabelledImages,
    test: LabelledImages,
    sets: Vec<Set>,
    weights: Arrays,
    outcome: Outcome,
}

fn trial(folder: &Path, evaluate: &str, lambda: &str, seed: u64) -> Trial {
    // Small products: several threads would only wait for each other.
    tch::set_num_threads(1);
    let spec = spec(evaluate, lambda);
    let (mut inputs, places) =
        (Inputs::default(), Places { data: folder, base: folder, own: &BTreeMap::new() });
    let source: &Source = &spec.training.data.train;
    let mut of =
        |split| inputs.get(&places, source, split, &mut Vec::new()).unwrap().images.clone();
    let (train, test) = (of(Split::Train), of(Split::Test));
    let trial = jem_core::id::TrialId::from_digest(jem_core::digest::Digest::of(b"limits"));
    let given = TrainSets { train: &train, auxiliary: None };
    let mut course = Course::new(trial, &spec.training, seed, given, Device::Cpu).unwrap();
    while course.outcome().is_none() {
        course.step();
    }
    let files = course.results().unwrap();
    let weights = files.iter().find(|(name, _)| *name == results::WEIGHTS).unwrap();
    let weights = Arrays::from_bytes(&weights.1).unwrap();
    let outcome = course.outcome().unwrap().clone();
    let sets = sets(&spec, &mut inputs, &places, &mut Vec::new()).unwrap();
    Trial { spec, seed, train, test, sets, weights, outcome }
}

type Files = Vec<(&'static str, Vec<u8>)>;

impl Trial {
    /// The accuracy that every evaluation measures, and the files.
    fn evaluated(&self) -> (f64, Files) {
        let (known, device) = ((Some(&self.weights), None), Device::Cpu);
        let look: &mut dyn FnMut(&str) -> _ = &mut |_| Ok(());
        let sets = EvaluationSets { sets: &self.sets, held_out: None, training: None };
        let found = evaluate(&self.spec, self.seed, &self.outcome, known, sets, device, look);
        let found = found.unwrap();
        (found.metrics.metrics["clf/accuracy"], found.files)
    }

    fn part(&self, part: Part) -> jem_worker::evaluation::Found {
        let spec = Spec { evaluate: self.spec.evaluate.part(part), ..self.spec.clone() };
        let (known, images) = ((&self.weights, None), (&self.train, &self.test));
        let subject =
            Subject::new(&spec, self.seed, known, images, &self.sets, Device::Cpu).unwrap();
        run_part(part, &subject, &mut |_| Ok(())).unwrap()
    }
}

fn used(files: &Files) -> Vec<ImagesUsed> {
    let file = files.iter().find(|(name, _)| *name == results::IMAGES_USED);
    file.map_or_else(Vec::new, |(_, bytes)| serde_json::from_slice(bytes).unwrap())
}

fn rows<'a>(used: &'a [ImagesUsed], purpose: &str, set: &str) -> &'a [u64] {
    let of = |one: &&ImagesUsed| one.purpose == purpose && one.set == set;
    &used.iter().find(of).unwrap_or_else(|| panic!("{purpose}, {set}: {used:?}")).rows
}

/// How many of the rows are of each class of the sorted set.
fn classes(rows: &[u64]) -> [usize; 3] {
    [0, 1, 2].map(|class| rows.iter().filter(|&&row| row as usize / EACH == class).count())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    folder
}

#[test]
fn a_limit_below_the_first_class_measures_the_accuracy_of_all_classes() {
    let folder = folder();
    let (whole, files) = trial(folder.path(), "", "0", 0).evaluated();
    assert_eq!(whole, 2.0 / 3.0, "half of the classes 1 and 2 cannot be told");
    assert!(files.iter().all(|(name, _)| *name != results::IMAGES_USED), "nothing was cut");
    let (few, files) = trial(folder.path(), &format!("limit = {LIMIT}"), "0", 0).evaluated();
    // 10 of class 0 and, of 20 others, 10 ± 4.5 (two standard deviations) that
    // can be told; the first 30 images would give 1.
    assert!((few - whole).abs() <= 0.15, "{few}");
    let used = used(&files);
    assert_eq!(used.len(), 1, "{used:?}");
    assert_eq!(classes(rows(&used, "evaluation", "test")), [10, 10, 10]);
    assert_eq!(used[0].of, 120);
}

#[test]
fn the_draw_is_the_same_for_every_seed_and_every_lambda() {
    let folder = folder();
    let of = |lambda, seed| {
        used(&trial(folder.path(), &format!("limit = {LIMIT}"), lambda, seed).evaluated().1)
    };
    let one = of("0", 0);
    assert!(!one.is_empty());
    assert_eq!(one, of("0", 1));
    assert_eq!(one, of("0.1", 0));
}

#[test]
fn attacks_and_corruptions_look_at_a_part_of_the_evaluated_images() {
    let folder = folder();
    let asked = "limit = 60\nattacks = { norms = [\"linf\"], linf = [0.01], steps = 2, restarts = 1, \
                 queries = 0, limit = 30 }\n\
                 corruptions = { kinds = [\"contrast\"], severities = 1, limit = 15 }";
    let trial = trial(folder.path(), asked, "0", 0);
    let evaluated = used(&trial.evaluated().1);
    let evaluated = rows(&evaluated, "evaluation", "test");
    assert_eq!(classes(evaluated), [20, 20, 20]);
    let attacks = trial.part(Part::Attacks);
    let attacked = used(&attacks.files);
    let attacked = rows(&attacked, "attacks", "test");
    assert_eq!(classes(attacked), [10, 10, 10]);
    assert!(attacked.iter().all(|row| evaluated.contains(row)));
    let clean = attacks.values.metrics["adversarial/clean_accuracy"];
    assert!((clean - 2.0 / 3.0).abs() <= 0.15, "{clean}");
    let corrupted = used(&trial.part(Part::Corruptions).files);
    let corrupted = rows(&corrupted, "corruptions", "test");
    assert_eq!(classes(corrupted), [5, 5, 5]);
    assert!(corrupted.iter().all(|row| attacked.contains(row)));
}

#[test]
fn generation_learns_its_classifier_from_all_classes() {
    let folder = folder();
    let asked = format!(
        "generation = {{ samples = 12, steps = 10, limit_train = {LIMIT}, reference_limit = 60, \
         extractors = [\"classifier\"] }}"
    );
    let found = trial(folder.path(), &asked, "0", 0).part(Part::Generation);
    // A classifier that saw class 0 alone is right for a third.
    let accuracy = found.values.metrics["samples/extractor_accuracy/classifier"];
    assert!(accuracy > 0.6, "{accuracy}");
    let used = used(&found.files);
    assert_eq!(classes(rows(&used, "generation", "training")), [10, 10, 10]);
    assert_eq!(classes(rows(&used, "generation reference", "training")), [20, 20, 20]);
    assert_eq!(classes(rows(&used, "generation real", "test")), [4, 4, 4]);
}

#[test]
fn scores_take_their_training_and_held_out_images_from_all_classes() {
    let folder = folder();
    let asked = "limit = 9\nscores = { kinds = [\"knn\"], limit_train = 30, bootstrap = 0 }";
    let trial = trial(folder.path(), asked, "0", 0);
    let found = trial.part(Part::Scores);
    let used = used(&found.files);
    let held_out = rows(&used, "scores", "held-out");
    let training = rows(&used, "scores", "training");
    assert_eq!((held_out.len(), training.len()), (9, 30));
    assert!(held_out.iter().all(|row| !training.contains(row)));
    // Of the 108 that are left: 30 in proportion.
    assert!(classes(training).iter().all(|n| (9..=11).contains(n)), "{training:?}");
    assert_eq!(classes(rows(&used, "scores", "test")), [3, 3, 3]);
    // A thousandth of 30 images, but at least the nearest one.
    let (_, told) = found.files.iter().find(|(name, _)| *name == results::SCORES).unwrap();
    let told: results::OodScores = serde_json::from_slice(told).unwrap();
    assert_eq!(told.scores[0].chosen, [("k".to_owned(), 1.0)]);
    assert!(!told.scores[0].tuned);
}
