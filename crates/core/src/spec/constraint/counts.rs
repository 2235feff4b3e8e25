//! What numbers of images must suffice for.

use super::Violation;
use crate::spec::resolved::Training;

/// What of `training` the numbers of images do not suffice for: of `train` in
/// `data.train`, and of `auxiliary` in `data.auxiliary`, where they are known. A
/// setting that would be cut to what there is would not be the one recorded.
pub fn count_violations(
    training: &Training,
    train: Option<u64>,
    auxiliary: Option<u64>,
) -> Vec<Violation> {
    let mut found = Vec::new();
    if let Some(n) = train {
        check_train(training, n, &mut found);
    }
    let batch = training.train.batch_size;
    if let (Some(source), Some(n)) = (&training.data.auxiliary, auxiliary)
        && batch > n
    {
        let name = source.label();
        found.push(Violation::new(
            format!("a batch of {batch} is larger than the {n} auxiliary images of {name}"),
            &["train.batch_size", "data.auxiliary"],
            format!("set train.batch_size, at most {n}"),
        ));
    }
    found
}

/// `n` examples suffice for hold-out, limit and a batch.
fn check_train(training: &Training, n: u64, found: &mut Vec<Violation>) {
    let data = &training.data;
    // Files of one's own are called by the folder of their test images.
    let name = data.train.catalogue_name().unwrap_or("data.train");
    if data.validation >= n {
        found.push(Violation::new(
            format!("{} examples cannot be held out of the {n} of {name}", data.validation),
            &["data.validation", "data.train"],
            format!("write data.validation, at most {}", n.saturating_sub(1)),
        ));
        return;
    }
    let left = n - data.validation;
    if let Some(limit) = data.limit.filter(|limit| *limit > left) {
        found.push(Violation::new(
            format!("a limit of {limit} is above the {left} examples of {name} that are left"),
            &["data.limit", "data.validation"],
            format!("{name} has {n}, of which {} are held out", data.validation),
        ));
    }
    let used = data.limit.map_or(left, |limit| limit.min(left));
    let batch = training.train.batch_size;
    if batch > used {
        found.push(Violation::new(
            format!("a batch of {batch} is larger than the {used} training examples"),
            &["train.batch_size", "data.limit", "data.validation"],
            format!("set train.batch_size, at most {used}"),
        ));
    }
}
