//! Energy against max softmax: which of the two tells better which predictions
//! are wrong, and which inputs are out of distribution.

use jem_core::metric::{Direction, describe};

use super::overlap;
use crate::report::content::Finding;
use crate::report::number::interval;
use crate::report::view::View;
use crate::table::Statistics;

/// How two scores compare over the cells that have both.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    cells: usize,
    better: Side,
    worse: Side,
    /// Cells where one of the two has no interval.
    without: usize,
}

/// The cells in which the energy is on one side of its rival.
#[derive(Debug, Default, PartialEq)]
struct Side {
    cells: usize,
    /// Of these, where the intervals do not overlap.
    apart: usize,
    /// Of these, where one has no interval.
    without: usize,
}

/// What is said of the detection of errors, and of each set.
pub(super) fn findings(view: &View<'_>) -> Vec<Finding> {
    let errors = [
        compared(view, "error/auroc")
            .map(|said| format!("To find misclassified inputs, by AUROC, the energy does {said}.")),
        compared(view, "error/aurc").map(|said| {
            format!("By the area under the risk-coverage curve (AURC) it does {said}.")
        }),
    ];
    let errors: Vec<String> = errors.into_iter().flatten().collect();
    let mut findings = vec![Finding {
        about: "Energy as a predictor of reliability".to_owned(),
        text: errors.join(" "),
    }];
    let sets: Vec<String> = view
        .ood_sets()
        .iter()
        .filter_map(|set| {
            let said = compared(view, &format!("ood/auroc/{set}"))?;
            Some(format!("To tell {set} from the test set, by AUROC, the energy does {said}."))
        })
        .collect();
    let about = "Energy as an out-of-distribution score".to_owned();
    findings.push(Finding { about, text: sets.join(" ") });
    findings
}

/// `better than max softmax in 3 of 7 cells (intervals overlap) and worse in 4`.
fn compared(view: &View<'_>, family: &str) -> Option<String> {
    let pairs = pairs(view, family);
    let tally = tally(family, &pairs)?;
    let apart = |side: &Side| {
        let none = match side.without {
            _ if tally.without == tally.cells => return String::new(),
            n if n > 0 && n == side.cells => return " (without intervals)".to_owned(),
            0 => String::new(),
            n => format!("; {n} without"),
        };
        match side.apart {
            0 => format!(" (intervals overlap{none})"),
            n if n == side.cells => " (intervals do not overlap)".to_owned(),
            n => format!(" (intervals do not overlap in {n}{none})"),
        }
    };
    if let [(energy, rival)] = pairs[..] {
        let (word, side) = match tally.better.cells {
            0 => ("no better", &tally.worse),
            _ => ("better", &tally.better),
        };
        return Some(format!(
            "{word} than max softmax: {} against {}{}",
            interval(energy),
            interval(rival),
            apart(side)
        ));
    }
    let all = tally.cells;
    Some(match (&tally.better, &tally.worse) {
        (Side { cells: 0, .. }, Side { cells: 0, .. }) => {
            format!("as well as max softmax in all {all} cells")
        }
        (side, _) if side.cells == all => {
            format!("better than max softmax in all {all} cells{}", apart(side))
        }
        (_, side) if side.cells == all => {
            format!("worse than max softmax in all {all} cells{}", apart(side))
        }
        (better, worse) => {
            let sides = [(better, "better than max softmax"), (worse, "worse")];
            let told: Vec<String> = sides
                .iter()
                .filter(|(side, _)| side.cells > 0)
                .map(|(side, word)| {
                    format!("{word} in {} of {all} cells{}", side.cells, apart(side))
                })
                .collect();
            told.join(" and ")
        }
    })
}

/// Energy and max softmax, of the cells that have both.
fn pairs<'a>(view: &View<'a>, family: &str) -> Vec<(&'a Statistics, &'a Statistics)> {
    let (energy, rival) = (format!("{family}/energy"), format!("{family}/max_softmax"));
    let pair = |cell: &'a crate::table::CellResult| {
        Some((cell.metrics.get(&energy)?, cell.metrics.get(&rival)?))
    };
    view.cells.iter().filter_map(pair).collect()
}

fn tally(family: &str, pairs: &[(&Statistics, &Statistics)]) -> Option<Tally> {
    let higher = describe(&format!("{family}/energy"))?.direction == Direction::HigherIsBetter;
    let mut tally = Tally { cells: pairs.len(), ..Tally::default() };
    for (energy, rival) in pairs {
        let apart = overlap(energy, rival);
        tally.without += usize::from(apart.is_none());
        let lead = if higher { energy.mean - rival.mean } else { rival.mean - energy.mean };
        let side = match lead {
            lead if lead > 0.0 => &mut tally.better,
            lead if lead < 0.0 => &mut tally.worse,
            _ => continue,
        };
        side.cells += 1;
        side.apart += usize::from(apart == Some(false));
        side.without += usize::from(apart.is_none());
    }
    (!pairs.is_empty()).then_some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_aurc_is_the_better_one() {
        let of = Statistics::around;
        let (low, high, unsure) = (of(0.1, Some(0.01)), of(0.2, Some(0.01)), of(0.2, None));
        let pairs = [(&low, &high), (&high, &low), (&low, &unsure), (&low, &low)];
        let tally = tally("error/aurc", &pairs);
        assert_eq!(
            tally,
            Some(Tally {
                cells: 4,
                better: Side { cells: 2, apart: 1, without: 1 },
                worse: Side { cells: 1, apart: 1, without: 0 },
                without: 1,
            })
        );
    }
}
