//! The sets of inputs that are scored.

use crate::data::{Images, labelled, split};
use crate::evaluation::Subject;

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

/// The sets of `subject`, no more than `limit_train` training images. They are
/// the first of those trained on, in the order in which the stream `validation
/// split` puts them, those with labels first.
pub fn groups(subject: &Subject<'_>, limit_train: Option<u64>) -> Groups {
    let data = &subject.spec.training.data;
    let parts = split(subject.training.len(), data.validation, data.limit, subject.seed);
    let all = subject.images(subject.training);
    let known = known(subject, &parts.training);
    let (mut rows, rest): (Vec<_>, Vec<_>) =
        parts.training.iter().copied().zip(known).partition(|(_, known)| *known);
    rows.extend(rest);
    rows.truncate(limit_train.map_or(rows.len(), |limit| limit as usize));
    let places: Vec<i64> = rows.iter().map(|(row, _)| *row).collect();
    let limit = subject.spec.evaluate.limit.map_or(usize::MAX, |limit| limit as usize);
    let held: Vec<i64> = parts.validation.into_iter().take(limit).collect();
    let held_out = (!held.is_empty()).then(|| Group {
        name: "held-out".to_owned(),
        images: all.select(&held),
        noise: "scores noise held-out".to_owned(),
    });
    let mut others = subject.sets.iter().filter(|set| set.name != "test").map(|set| Group {
        name: set.name.clone(),
        images: subject.images(&set.images(subject.spec, subject.seed)),
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
            images: subject.images(subject.test),
            noise: "test noise test".to_owned(),
        },
        held_out,
        ood,
        validation_ood: others.collect(),
    }
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
