//! What is said of gradient masking beside accuracies under attack.

use jem_core::results::{MaskingSign, MaskingVerdict};

use crate::report::number::counted;
use crate::report::view::View;
use crate::table::CellResult;

/// Where the signs of a trial are.
const SIGNS: [&str; 2] = ["adversarial/masking_signs/", "purified/masking_signs/"];

/// Whether a black-box attack was set against the gradients of every attacked
/// trial: without one, what gradients leave is no sign of robustness.
fn is_judged(view: &View<'_>) -> bool {
    let trials = view.results.trials.iter();
    let mut attacked = trials.filter_map(|trial| trial.parts.attacks.as_ref()).peekable();
    let some = attacked.peek().is_some();
    some && attacked.all(|attacks| {
        attacks.norms.iter().all(|norm| {
            norm.masking.iter().any(|check| {
                check.sign == MaskingSign::BlackBoxBetter
                    && check.verdict != MaskingVerdict::NotJudged
            })
        })
    })
}

/// One or two sentences; none where nothing was attacked.
pub(super) fn sentence(view: &View<'_>) -> Option<String> {
    let of = |cell: &CellResult| {
        let is_sign = |path: &str| SIGNS.iter().any(|start| path.starts_with(start));
        let signs = cell.metrics.iter().filter(|(path, _)| is_sign(path));
        signs.map(|(_, flagged)| flagged.mean).reduce(|sum, one| sum + one)
    };
    let signs: Vec<f64> = view.cells.iter().filter_map(of).collect();
    let flagged = signs.iter().filter(|signs| **signs > 0.0).count();
    Some(match (signs.len(), flagged) {
        (0, _) => return None,
        (_, 0) if !is_judged(view) => "Gradient masking was not judged, for want of a black-box \
                                       attack: these accuracies are no evidence of robustness."
            .to_owned(),
        (_, 0) => {
            "No sign of gradient masking was flagged, which is no proof of its absence.".to_owned()
        }
        (n, some) => format!(
            "Signs of gradient masking in {some} of {}: accuracies there may be overestimated. \
             See “Signs of gradient masking”.",
            counted(n, "setting")
        ),
    })
}
