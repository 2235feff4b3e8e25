//! Sizes of attacks as a publication gives them, in pixels of [0, 1] as metrics
//! here have them.

use std::sync::Arc;

use super::published::ROBUST;
use super::resolved::PixelRange;
use super::tree::Entry;
use crate::diagnostic::{Diagnostic, SourceText};

/// How the paths of accuracies under an attack begin; the size is their last
/// part.
const ADVERSARIAL: &str = "adversarial/accuracy/";

/// The key that says in which range of pixels a source gives ε.
const KEY: &str = "attack_range";

/// Says what is wrong where a result has figures under attack and does not say
/// in which range of pixels their sizes are. A size means nothing without it:
/// 0.2 of pixels in [−1, 1] is 0.1 of pixels in [0, 1].
pub(super) fn refuse_unknown(
    figures: &[Entry],
    range: Option<PixelRange>,
    source: &Arc<SourceText>,
) -> Option<Diagnostic> {
    let attacked = |key: &str| key.starts_with(ADVERSARIAL) || key.starts_with(ROBUST);
    let entry = figures.iter().find(|entry| attacked(&entry.key))?;
    let key = &entry.key;
    let (message, help) = match range {
        None => (
            format!("`{KEY}` is missing, and `{key}` is a figure under attack"),
            format!(
                "add `{KEY} = \"[0, 1]\"` or `{KEY} = \"[-1, 1]\"` to this result: the range of \
                 the pixels in which its source gives ε"
            ),
        ),
        Some(PixelRange::MinusOneOne) if figures.iter().any(|one| one.key.starts_with(ROBUST)) => (
            format!("no size can be converted in the name of a `{ROBUST}<attack>`"),
            format!("write its ε in pixels of [0, 1], with `{KEY} = \"[0, 1]\"`"),
        ),
        Some(_) => return None,
    };
    let label = "its ε has no meaning without the range of the pixels";
    Some(Diagnostic::new(message).at(source, entry.key_span.clone(), label).help(help))
}

/// The path of the figure in `entry` with its ε, which is given for pixels in
/// `range`, in pixels of [0, 1] and in the shortest form of the number; other
/// paths stay as they are. L∞ and L2 sizes are both lengths, so that both shrink
/// with the width of the range.
///
/// # Errors
/// When the last part of the path is no positive number.
pub(super) fn in_unit_pixels(
    entry: &Entry,
    range: Option<PixelRange>,
    source: &Arc<SourceText>,
) -> Result<String, Diagnostic> {
    let key = &entry.key;
    let parts = key.strip_prefix(ADVERSARIAL).and_then(|rest| rest.rsplit_once('/'));
    let (Some((attack, size)), Some(range)) = (parts, range) else { return Ok(key.clone()) };
    let given = size.parse::<f64>().ok().filter(|eps| eps.is_finite() && *eps > 0.0);
    let given = given.ok_or_else(|| {
        Diagnostic::new(format!("the size of an attack cannot be `{size}` in `{key}`")).at(
            source,
            entry.key_span.clone(),
            "a number above 0 is expected at its end",
        )
    })?;
    let (low, high) = range.bounds();
    Ok(format!("{ADVERSARIAL}{attack}/{}", given / (high - low)))
}
