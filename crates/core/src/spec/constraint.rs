//! What must hold between the fields of one spec; ranges of single fields
//! stand with the fields.

mod counts;
mod data;
mod evaluation;

use std::borrow::Cow;

use crate::dataset::{Entry, Reshaped, Source, Split, UserFiles, catalogue, shape_of};
use crate::diagnostic::{nearest, quoted_list};

pub use counts::count_violations;

use super::calibration::check_calibration;
use super::generation::check_generation;
use super::network::check_network;
use super::optimizer::check_optimizer;
use super::raw::RawOod;
use super::resolved::{Length, Model, Spec, Training};
use super::sampling::{check_covariances, check_sampling};

/// A pair or more of values that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Violation {
    /// What is wrong, with the values.
    pub message: String,
    /// The fields concerned; the first is the one to change.
    pub paths: Vec<&'static str>,
    /// What to do.
    pub help: String,
}

impl Violation {
    pub(super) fn new(message: String, paths: &[&'static str], help: impl Into<String>) -> Self {
        Self { message, paths: paths.to_vec(), help: help.into() }
    }
}

/// The most parameters that a network may have: 2 GB, and as much again for
/// gradients and for each moment of Adam.
const MAX_PARAMETERS: u64 = 500_000_000;

/// The most pixel values that a replay buffer may hold: 16 GB.
const MAX_BUFFER: u64 = 4_000_000_000;

/// Everything in `spec` that does not go together, where `images` says how many
/// training images a set has, if that is known.
pub fn violations(spec: &Spec, images: &dyn Fn(&Source) -> Option<u64>) -> Vec<Violation> {
    let mut found = Vec::new();
    let training = &spec.training;
    check_source(&training.data.train, "data.train", &mut found);
    check_sampling(training, &mut found);
    check_schedule(training, &mut found);
    check_network(training, &mut found);
    check_optimizer(training, &mut found);
    let train = images(&training.data.train);
    let auxiliary = training.data.auxiliary.as_ref().and_then(images);
    found.extend(count_violations(training, train, auxiliary));
    if let Some(entry) = known(&training.data.train) {
        check_size(training, &entry, &mut found);
        check_covariances(training, &entry, &mut found);
    }
    data::check_data(training, &spec.evaluate, &mut found);
    if let Some(asked) = &spec.evaluate.generation {
        check_generation(asked, training, &mut found);
    }
    evaluation::check_evaluation(&spec.evaluate, &training.data.train, &mut found);
    check_calibration(&spec.evaluate, training, &mut found);
    found
}

/// The catalogue's entry of `source`, if it names one, with the shape that the
/// images are brought to.
fn known(source: &Source) -> Option<Cow<'static, Entry>> {
    match source {
        Source::Catalogue(name) => named(name).map(Cow::Borrowed),
        Source::Reshaped(set) => {
            let entry = named(&set.name)?.clone();
            Some(Cow::Owned(Entry { shape: shape_of(source).ok()?, ..entry }))
        }
        Source::Files(_) => None,
    }
}

fn named(name: &str) -> Option<&'static Entry> {
    catalogue().sets().iter().find(|set| set.name == name)
}

/// What is wrong with the shape of the images of `source`, which stands at
/// `path`, beside those of `train`; nothing where one of them is not known
/// before files are read.
fn check_shape(source: &Source, path: &'static str, train: &Source, found: &mut Vec<Violation>) {
    let Some(((set, shape), trained)) =
        source.catalogue_name().zip(shape_of(source).ok()).zip(known(train))
    else {
        return;
    };
    if shape == trained.shape {
        return;
    }
    let ([c, h, w], [tc, th, tw]) = (shape, trained.shape);
    let made = match path.starts_with("evaluate.") {
        true => "; \"rotated\" and \"uniform-noise\" always have the shape of the training images",
        false => "",
    };
    let help = match source.remedy(trained.shape) {
        Some(remedy) => remedy + made,
        None => format!("write a set of the training images' shape{made}"),
    };
    found.push(Violation::new(
        format!("images of {set} are {c}×{h}×{w}, those of {} {tc}×{th}×{tw}", trained.name),
        &[path, "data.train"],
        help,
    ));
}

/// Whether the set of the catalogue has images to learn from.
fn has_train_split(name: &str) -> bool {
    named(name).is_some_and(|entry| entry.files_of(Split::Train).next().is_some())
}

fn check_source(source: &Source, path: &'static str, found: &mut Vec<Violation>) {
    match source {
        Source::Catalogue(name) | Source::Reshaped(Reshaped { name, .. })
            if named(name).is_none() =>
        {
            let names = || catalogue().sets().iter().map(|set| set.name.as_str());
            let made: Vec<&str> =
                if path.starts_with("evaluate.") { RawOod::made().collect() } else { Vec::new() };
            let meant = nearest(name, names().chain(made.iter().copied()));
            let meant = meant.map(|meant| format!("; did you mean \"{meant}\"?"));
            found.push(Violation::new(
                format!("there is no dataset `{name}`{}", meant.unwrap_or_default()),
                &[path],
                format!(
                    "known: {}; or files of your own: {{ idx = {{ … }}{} }}",
                    quoted_list(names().chain(made.iter().copied())),
                    if path == "data.train" { ", classes = 10" } else { "" }
                ),
            ));
        }
        Source::Catalogue(name) | Source::Reshaped(Reshaped { name, .. })
            if path.starts_with("data.") && !has_train_split(name) =>
        {
            found.push(Violation::new(
                format!("`{name}` has no training split"),
                &[path],
                "it can be judged by alone: in evaluate.ood or evaluate.validation_ood",
            ));
        }
        Source::Files(files) => check_files(files, path, found),
        Source::Catalogue(_) | Source::Reshaped(_) => {}
    }
}

/// What is wrong with files of the user's own at `path`.
fn check_files(files: &UserFiles, path: &'static str, found: &mut Vec<Violation>) {
    if let Some((key, table)) = files.missing_for_training().filter(|_| path == "data.train") {
        found.push(Violation::new(
            format!("`{key}` is missing in `data.train{table}`"),
            &[path],
            "a network is trained and tested with the labels of `classes` classes; \
             out-of-distribution sets need neither",
        ));
    } else if path.starts_with("data.") && files.paths(Split::Train).is_empty() {
        let both = "give `train_images` and `train_labels` in `idx`, or `train` in the others";
        found.push(Violation::new(
            "these files have no training split".to_owned(),
            &[path],
            match path {
                "data.train" => both,
                _ => "give `train_images` in `idx`, or `train` in the others",
            },
        ));
    }
}

fn check_schedule(training: &Training, found: &mut Vec<Violation>) {
    let train = &training.train;
    let inside = train.decay_at.iter().all(|at| *at > 0.0 && *at < 1.0);
    if !inside || !train.decay_at.is_sorted_by(|a, b| a < b) {
        found.push(Violation::new(
            format!("decay_at = {:?} does not rise between 0 and 1", train.decay_at),
            &["train.decay_at"],
            "fractions of training in rising order are expected, each above 0 and below 1",
        ));
    }
    if let Length::Steps(steps) = train.length
        && train.warmup_steps > steps
    {
        let warmup = train.warmup_steps;
        found.push(Violation::new(
            format!("a warm-up of {warmup} steps is longer than a training of {steps}"),
            &["train.warmup_steps", "train.steps"],
            "the learning rate would never be reached; set train.warmup_steps",
        ));
    }
}

/// Parameters and buffer fit into a memory.
fn check_size(training: &Training, entry: &Entry, found: &mut Vec<Violation>) {
    let pixels: u64 = entry.shape.iter().map(|side| *side as u64).product();
    let parameters = parameters(&training.model, entry);
    if parameters > MAX_PARAMETERS {
        let path = match training.model {
            Model::Mlp(_) => "model.mlp.hidden",
            Model::Cnn(_) => "model.cnn.channels",
            Model::Wrn(_) => "model.wrn.width",
        };
        found.push(Violation::new(
            format!("a network of {parameters} parameters is too large"),
            &[path],
            format!("at most {MAX_PARAMETERS} are accepted"),
        ));
    }
    let size = training.replay_buffer.size;
    if size.saturating_mul(pixels) > MAX_BUFFER {
        found.push(Violation::new(
            format!("a replay buffer of {size} images of {} is too large", entry.name),
            &["replay_buffer.size", "data.train"],
            format!("at most {} are accepted", MAX_BUFFER / pixels),
        ));
    }
}

/// Weights and biases of `model` on the images of `entry`.
fn parameters(model: &Model, entry: &Entry) -> u64 {
    let [channels, height, width] = entry.shape.map(|side| side as u64);
    let dense = |widths: &[u64]| {
        widths.windows(2).map(|pair| (pair[0] + 1).saturating_mul(pair[1])).sum::<u64>()
    };
    let classes = entry.classes as u64;
    match model {
        Model::Mlp(mlp) => {
            let mut widths = vec![channels * height * width];
            widths.extend(&mlp.hidden);
            widths.push(classes);
            dense(&widths)
        }
        Model::Cnn(cnn) => {
            let (mut side, mut from, mut count) = ((height, width), channels, 0);
            for (layer, to) in cnn.channels.iter().enumerate() {
                count += (9 * from + 1) * to;
                from = *to;
                if layer > 0 {
                    side = (side.0.div_ceil(2), side.1.div_ceil(2));
                }
            }
            let mut widths = vec![from * side.0 * side.1];
            widths.extend((cnn.hidden > 0).then_some(cnn.hidden));
            widths.push(classes);
            count + dense(&widths)
        }
        Model::Wrn(wrn) => wrn.parameters(channels, classes),
    }
}
