//! Trials that diverged.

use jem_core::results::Outcome;

use crate::report::content::Finding;
use crate::report::number::{counted, listed};
use crate::report::view::View;
use crate::table::CellResult;

/// Cells that are named as places of divergence.
const MOST_PLACES: usize = 4;

/// How many trials diverged, and where.
pub(super) fn finding(view: &View<'_>) -> Finding {
    let about = "Divergence".to_owned();
    let total: usize = view.cells.iter().map(|cell| cell.diverged).sum();
    let done = view.results.trials.len();
    if total == 0 {
        let text = match done {
            1 => "The only trial did not diverge.".to_owned(),
            _ => format!("None of {done} trials diverged."),
        };
        return Finding { about, text, claims: Vec::new() };
    }
    let place = |cell: &&CellResult| {
        let at = format!("{} of {} at {}", cell.diverged, cell.seeds.len(), view.label(cell));
        format!("{at} ({})", steps_of_divergence(view, cell))
    };
    let cells: Vec<&CellResult> = view.cells.iter().filter(|cell| cell.diverged > 0).collect();
    let mut places: Vec<String> = cells.iter().take(MOST_PLACES).map(place).collect();
    if cells.len() > MOST_PLACES {
        places.push(format!("others in {}", counted(cells.len() - MOST_PLACES, "more cell")));
    }
    let mut text = format!("{total} of {done} trials diverged: {}.", listed(&places));
    if cells.iter().any(|cell| cell.diverged < cell.seeds.len()) {
        text += " Means there are over the seeds that did not diverge.";
    }
    Finding { about, text, claims: Vec::new() }
}

/// `step 430`, `steps 100 to 430`: when trials of `cell` diverged.
fn steps_of_divergence(view: &View<'_>, cell: &CellResult) -> String {
    let steps = view.trials_of(cell).filter_map(|trial| match &trial.outcome {
        Outcome::Diverged(found) => Some(found.step),
        Outcome::Finished { .. } => None,
    });
    let steps: Vec<u64> = steps.collect();
    match (steps.iter().min(), steps.iter().max()) {
        (Some(first), Some(last)) if first < last => format!("steps {first} to {last}"),
        (first, _) => format!("step {}", first.copied().unwrap_or_default()),
    }
}
