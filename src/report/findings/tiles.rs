//! The numbers that matter most.

use jem_core::metric::{Direction, describe};

use super::best::best_of;
use crate::report::content::Tile;
use crate::report::number::interval;
use crate::report::view::View;

/// The best accuracy, ECE, out-of-distribution and error detection, and how
/// many trials there are.
pub fn tiles(view: &View<'_>) -> Vec<Tile> {
    let mut tiles = Vec::new();
    tiles.extend(best_tile(view, "clf/accuracy", "accuracy", None));
    if let Some(ece) = view.ece() {
        tiles.extend(best_tile(view, &ece, "ECE", None));
    }
    for set in view.ood_sets().iter().take(2) {
        let (ours, rival) = rivals(&format!("ood/auroc/{set}"));
        tiles.extend(best_tile(view, &ours, &format!("AUROC against {set}, energy"), Some(&rival)));
    }
    let (ours, rival) = rivals("error/auroc");
    tiles.extend(best_tile(view, &ours, "AUROC of error detection, energy", Some(&rival)));
    tiles.push(trials(view));
    tiles
}

fn rivals(family: &str) -> (String, String) {
    (format!("{family}/energy"), format!("{family}/max_softmax"))
}

fn best_tile(view: &View<'_>, metric: &str, name: &str, rival: Option<&str>) -> Option<Tile> {
    let (best, settings) = best_of(view, metric)?;
    let word = match describe(metric)?.direction {
        Direction::HigherIsBetter => "highest",
        _ => "lowest",
    };
    let n = best.statistics.values.len();
    let mut detail = format!("n = {n}");
    if view.cells.len() > 1 {
        detail = format!("{}, {detail}", view.label(best.cell));
    }
    if settings > 1 {
        detail += &format!(", best of {settings} on the test set");
    }
    if let Some(rival) = rival.and_then(|rival| best.cell.metrics.get(rival)) {
        detail += &format!("; max softmax there {}", interval(rival));
    }
    let shown = interval(best.statistics);
    let (value, spread) = match shown.split_once(' ') {
        Some((value, spread)) => (value.to_owned(), spread.to_owned()),
        None => (shown, String::new()),
    };
    Some(Tile {
        label: if settings > 1 { format!("{word} {name}") } else { name.to_owned() },
        value,
        spread,
        detail,
    })
}

fn trials(view: &View<'_>) -> Tile {
    let done = view.results.trials.len();
    let diverged: usize = view.cells.iter().map(|cell| cell.diverged).sum();
    let detail = match view.results.missing.len() {
        0 => format!("of {done} trials, all done"),
        missing => format!("of {done} trials done; {missing} are not run yet"),
    };
    let (label, value) = ("trials diverged".to_owned(), diverged.to_string());
    Tile { label, value, spread: String::new(), detail }
}
