//! What attacks leave, and whether gradients mislead them.

use jem_core::results::WORST;

use super::course::course;
use super::{Point, points};
use crate::report::content::Finding;
use crate::report::number::{counted, listed};
use crate::report::view::{Line, View};
use crate::table::{CellResult, spread};

/// Sizes that are told of; of more, so many that are evenly apart.
const MOST_SIZES: usize = 4;

/// For each norm, accuracy under all attacks together along `line`, by size.
pub(super) fn along(view: &View<'_>, line: &Line<'_>) -> Vec<Finding> {
    let norms = [("linf", "L∞"), ("l2", "L2")].into_iter();
    norms.filter_map(|(norm, shown)| of_norm(view, line, norm, shown)).collect()
}

fn of_norm(view: &View<'_>, line: &Line<'_>, norm: &str, shown: &str) -> Option<Finding> {
    let start = format!("adversarial/accuracy/{norm}/{WORST}/");
    let all: Vec<(f64, String)> = sizes(view, &start);
    let of = |size: &(f64, String)| points(line, &format!("{start}{}", size.1));
    let some_left = |points: &[Point<'_>]| points.iter().any(|point| point.statistics.mean > 0.0);
    let (left, none): (Vec<_>, Vec<_>) =
        all.iter().filter(|size| !of(size).is_empty()).partition(|size| some_left(&of(size)));
    let mut text: Vec<String> = spread(left.len(), MOST_SIZES)
        .into_iter()
        .filter_map(|place| {
            let size = left[place];
            let told = course(view, &format!("{start}{}", size.1), &of(size))?;
            Some(format!("At ε = {}: {told}", size.1))
        })
        .collect();
    if let Some(first) = none.first() {
        text.push(match none.len() {
            1 => format!("At ε = {} nothing is left.", first.1),
            _ => format!("From ε = {} on nothing is left.", first.1),
        });
    }
    let about = format!("Accuracy under all attacks together, {shown}");
    (!text.is_empty()).then(|| Finding { about, text: text.join(" ") })
}

/// The sizes at paths that begin with `start`, rising, as numbers and as the
/// paths have them.
fn sizes(view: &View<'_>, start: &str) -> Vec<(f64, String)> {
    let paths = view.cells.iter().flat_map(|cell| cell.metrics.keys());
    let size = |path: &String| {
        let shown = path.strip_prefix(start)?;
        Some((shown.parse().ok()?, shown.to_owned()))
    };
    let mut found: Vec<(f64, String)> = paths.filter_map(size).collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.dedup();
    found
}

/// In how many cells a sign of masked gradients is flagged.
pub(super) fn masking(view: &View<'_>) -> Finding {
    let about = "Masked gradients".to_owned();
    let of = |cell: &CellResult| {
        let signs = cell.metrics.iter().filter(|(path, _)| {
            path.starts_with("adversarial/masking_signs/")
                || path.starts_with("purified/masking_signs/")
        });
        signs.map(|(_, found)| found.mean).reduce(|sum, one| sum + one)
    };
    let judged: Vec<(&CellResult, f64)> =
        view.cells.iter().filter_map(|cell| Some((cell, of(cell)?))).collect();
    let flagged: Vec<String> =
        judged.iter().filter(|(_, signs)| *signs > 0.0).map(|(cell, _)| view.label(cell)).collect();
    let text = match (judged.len(), flagged.len()) {
        (0, _) => String::new(),
        (n, 0) => format!(
            "No sign that gradients are masked is flagged in {}, which is no proof that none are.",
            counted(n, "cell")
        ),
        (n, some) => {
            let places = match view.cells.len() {
                1 => String::new(),
                _ => format!(" ({})", few(&flagged)),
            };
            format!(
                "A sign that gradients are masked is flagged in {some} of {}{places}: there what \
                 gradient attacks leave may be too high. The table of signs has them.",
                counted(n, "cell")
            )
        }
    };
    Finding { about, text }
}

/// The first places, and how many more.
fn few(places: &[String]) -> String {
    let mut shown: Vec<String> = places.iter().take(MOST_SIZES).cloned().collect();
    if places.len() > MOST_SIZES {
        shown.push(counted(places.len() - MOST_SIZES, "more"));
    }
    listed(&shown)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::table::{Results, cells};

    /// Every trial under attack at `sizes`, a tenth less right at each.
    fn attacked(sizes: &[&str]) -> Results {
        let mut results = fixture::results();
        for trial in &mut results.trials {
            for (place, size) in sizes.iter().enumerate() {
                let left = 0.3 - 0.1 * place as f64;
                let path = format!("adversarial/accuracy/linf/worst/{size}");
                trial.metrics.insert(path, left.max(0.0));
            }
            trial.metrics.insert("adversarial/masking_signs/linf".to_owned(), 0.0);
        }
        results
    }

    #[test]
    fn sizes_are_told_until_nothing_is_left() {
        let results = attacked(&["0.05", "0.1", "0.2", "0.3", "0.4"]);
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        let found = along(&view, &view.lines[0]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].about, "Accuracy under all attacks together, L∞");
        let text = &found[0].text;
        assert!(text.starts_with("At ε = 0.05: 0.3"), "{text}");
        assert!(text.contains("At ε = 0.2: 0.1"), "{text}");
        assert!(text.ends_with("From ε = 0.3 on nothing is left."), "{text}");
        assert!(masking(&view).text.starts_with("No sign"), "{}", masking(&view).text);
    }

    #[test]
    fn a_flagged_sign_is_told_with_its_cells() {
        let mut results = attacked(&["0.1"]);
        let path = "adversarial/masking_signs/linf".to_owned();
        results.trials[0].metrics.insert(path, 1.0);
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        let text = masking(&view).text;
        let place = view.label(cells.first().unwrap());
        assert!(text.starts_with("A sign that gradients are masked is flagged in 1 of"), "{text}");
        assert!(text.contains(&place), "{text}");
    }
}
