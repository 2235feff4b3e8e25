//! The network's outputs on the test set and on the examples that training
//! held out, as parts of an evaluation need them.

use super::part::Subject;
use crate::data::split;
use crate::eval::Outputs;

/// On the test set: the numbers that what every evaluation measures rests on.
/// `purpose` is who asks.
pub(super) fn on_test(subject: &Subject<'_>, purpose: &str) -> Outputs {
    subject.outputs(&subject.images(&subject.test_images(None, purpose)), "test noise test")
}

/// On the examples of `data.validation`, which are those that this trial held
/// out of its training; none where there are none.
pub(super) fn on_validation(subject: &Subject<'_>) -> Option<Outputs> {
    let data = &subject.spec.training.data;
    let part = split(&subject.training.labels, data.validation, data.limit, subject.seed);
    if part.validation.is_empty() {
        return None;
    }
    let images = subject.images(subject.training).select(&part.validation);
    Some(subject.outputs(&images, "validation noise"))
}
