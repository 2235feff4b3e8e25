//! The sets of inputs that are scored.

use jem_core::results::ImagesUsed;

use crate::data::{Images, labelled, places, split};
use crate::evaluation::{Subject, held_out_rows};

/// What the images are used for, where they are written down.
const PURPOSE: &str = "scores";

/// A set of inputs, and the stream of its test noise.
pub struct Group {
    pub name: String,
    pub images: Images,
    pub noise: String,
}

/// The sets of a trial.
pub struct Groups {
    /// Training images that features are taken of.
    pub training: Group,
    /// Of each of them, whether the training saw its label.
    pub known: Vec<bool>,
    pub test: Group,
    /// The images that training held out; none where there are none.
    pub held_out: Option<Group>,
    pub ood: Vec<Group>,
    pub validation_ood: Vec<Group>,
}

/// The sets of `subject`, no more than `limit_train` training images and, of
/// those held out, no more than `evaluate.limit`.
pub fn groups(subject: &Subject<'_>, limit_train: Option<u64>) -> Groups {
    let all = subject.images(subject.training);
    let rows = features_of(subject, limit_train);
    let places: Vec<i64> = rows.iter().map(|(row, _)| *row).collect();
    let held = held_out(subject);
    for set in subject.sets.iter().filter(|set| set.name != "test") {
        subject.note(set.used(subject.spec, subject.seed, PURPOSE));
    }
    let held_out = (!held.is_empty()).then(|| Group {
        name: "held-out".to_owned(),
        images: all.select(&held),
        noise: "scores noise held-out".to_owned(),
    });
    let mut others = subject.sets.iter().filter(|set| set.name != "test").map(|set| Group {
        name: set.name.clone(),
        images: subject
            .with_noise(&set.images(subject.spec, subject.seed), set.noise_std(subject.spec)),
        noise: format!("test noise {}", set.name),
    });
    let ood = others.by_ref().take(subject.spec.evaluate.ood.len()).collect();
    Groups {
        training: Group {
            name: "training".to_owned(),
            images: all.select(&places),
            noise: "scores noise training".to_owned(),
        },
        known: rows.iter().map(|(_, known)| *known).collect(),
        test: Group {
            name: "test".to_owned(),
            images: subject.images(&subject.test_images(None, PURPOSE)),
            noise: "test noise test".to_owned(),
        },
        held_out,
        ood,
        validation_ood: others.collect(),
    }
}

/// The training images that features are taken of, no more than `limit` of
/// those trained on, each with whether its label was seen; those with labels
/// first. Fewer than all are drawn in the same way for every trial: of those
/// with labels in proportion to their classes, of the others, whose classes the
/// training did not know, without regard to them.
fn features_of(subject: &Subject<'_>, limit: Option<u64>) -> Vec<(i64, bool)> {
    let (data, labels) = (&subject.spec.training.data, &subject.training.labels);
    let trained = split(labels, data.validation, data.limit, subject.seed).training;
    let of = trained.len();
    let n = limit.map_or(of, |limit| of.min(limit as usize));
    let seen = known(subject, &trained);
    let (labelled, others): (Vec<_>, Vec<_>) =
        trained.into_iter().zip(seen).partition(|(_, seen)| *seen);
    let label = |&(row, seen): &(i64, bool)| if seen { labels[row as usize] } else { 0 };
    let mut rows = fewer(labelled, n, &label, "training");
    rows.extend(fewer(others, n - rows.len(), &label, "unlabelled"));
    if n < of {
        let places: Vec<i64> = rows.iter().map(|(row, _)| *row).collect();
        subject.note(Some(ImagesUsed::of("training", PURPOSE, of, &places)));
    }
    rows
}

/// All `rows`, as they are, where there are no more than `n`; else a draw of
/// them from the stream `limit <name>`, rising.
fn fewer(
    mut rows: Vec<(i64, bool)>,
    n: usize,
    label: &dyn Fn(&(i64, bool)) -> u8,
    name: &str,
) -> Vec<(i64, bool)> {
    if rows.len() <= n {
        return rows;
    }
    rows.sort_unstable();
    let labels: Vec<u8> = rows.iter().map(label).collect();
    places(&labels, n, name).into_iter().map(|place| rows[place as usize]).collect()
}

/// The images that training held out, no more than `evaluate.limit` of them.
fn held_out(subject: &Subject<'_>) -> Vec<i64> {
    let rows = held_out_rows(subject.training, subject.spec, subject.seed);
    let of = (subject.spec.training.data.validation as usize).min(subject.training.len());
    if rows.len() < of {
        subject.note(Some(ImagesUsed::of("held-out", PURPOSE, of, &rows)));
    }
    rows
}

/// Whether training saw the label of each of `rows`.
fn known(subject: &Subject<'_>, rows: &[i64]) -> Vec<bool> {
    let Some(rule) = subject.spec.training.data.labels else { return vec![true; rows.len()] };
    let all = &subject.training.labels;
    let labels: Vec<i64> = rows.iter().map(|&row| i64::from(all[row as usize])).collect();
    let mut known = vec![false; rows.len()];
    for place in labelled(&labels, subject.training.classes, rule, subject.seed) {
        known[place as usize] = true;
    }
    known
}
