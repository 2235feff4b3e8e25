//! What attacks leave, and whether gradients mislead them.

use jem_core::results::WORST;
use jem_core::spec::{AttackNorm, PurifierKind};

use super::course::course;
use super::{Point, points};
use crate::report::content::Finding;
use crate::report::judged::{Judged, judged, judged_behind};
use crate::report::number::{counted, listed};
use crate::report::view::{Line, View};
use crate::table::{CellResult, spread};

/// Sizes that are told of; of more, so many that are evenly apart.
const MOST_SIZES: usize = 4;

/// For each norm, accuracy under all attacks together along `line`, by size.
pub(super) fn along(view: &View<'_>, line: &Line<'_>) -> Vec<Finding> {
    let norms = [(AttackNorm::Linf, "L∞"), (AttackNorm::L2, "L2")].into_iter();
    norms.filter_map(|(norm, shown)| of_norm(view, line, norm, shown)).collect()
}

fn of_norm(view: &View<'_>, line: &Line<'_>, norm: AttackNorm, shown: &str) -> Option<Finding> {
    let start = format!("adversarial/accuracy/{}/{WORST}/", norm.name());
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
    if !left.is_empty() {
        text.push(judged(view, &line.cells, norm).words());
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

/// In how many cells masked gradients were looked for, and a sign of them seen.
pub(super) fn masking(view: &View<'_>) -> Finding {
    let about = "Masked gradients".to_owned();
    let all: Vec<(&CellResult, Judged)> =
        view.cells.iter().filter_map(|cell| Some((cell, of_cell(view, cell)?))).collect();
    let places = |of: &dyn Fn(&Judged) -> bool| -> Vec<String> {
        all.iter().filter(|(_, judged)| of(judged)).map(|(cell, _)| view.label(cell)).collect()
    };
    let blind = places(&|judged| !judged.without.is_empty());
    let flagged = places(&|judged| !judged.flagged.is_empty());
    let n = counted(all.len(), "cell");
    let named = |places: &[String]| match view.cells.len() {
        1 => String::new(),
        _ => format!(" ({})", few(places)),
    };
    let mut text = Vec::new();
    if !blind.is_empty() {
        let lacking = all.iter().flat_map(|(_, judged)| judged.without.iter().copied());
        let mut lacking: Vec<String> = lacking.map(str::to_owned).collect();
        lacking.sort_unstable();
        lacking.dedup();
        text.push(format!(
            "Masking was not judged in {} of {n}{}, where {} was not run: what is left there under \
             attack is no evidence of robustness.",
            blind.len(),
            named(&blind),
            lacking.join(" or ")
        ));
    }
    if !flagged.is_empty() {
        text.push(format!(
            "A sign that gradients are masked is flagged in {} of {n}{}: there what gradient \
             attacks leave may be too high. The table of signs has them.",
            flagged.len(),
            named(&flagged)
        ));
    } else if blind.len() < all.len() {
        let judged = match all.len() - blind.len() {
            some if blind.is_empty() => counted(some, "cell"),
            some => format!("the other {}", counted(some, "cell")),
        };
        text.push(format!(
            "No sign that gradients are masked is flagged in {judged}, which is no proof that none \
             are."
        ));
    }
    Finding { about, text: text.join(" ") }
}

/// What was judged of `cell` over norms and purifiers; none where nothing was
/// attacked.
fn of_cell(view: &View<'_>, cell: &CellResult) -> Option<Judged> {
    let has = |start: &str| cell.metrics.keys().any(|path| path.starts_with(start));
    let norms = [AttackNorm::Linf, AttackNorm::L2].into_iter();
    let norms = norms
        .filter(|norm| has(&format!("adversarial/masking_signs/{}", norm.name())))
        .map(|norm| judged(view, &[cell], norm));
    let kinds = [PurifierKind::Seed, PurifierKind::Stochastic].into_iter();
    let kinds = kinds
        .filter(|kind| has(&format!("purified/masking_signs/{}", kind.name())))
        .map(|kind| judged_behind(view, cell, kind));
    norms.chain(kinds).reduce(Judged::with)
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
    use jem_core::results::MaskingSign::BlackBoxBetter;
    use jem_core::results::MaskingVerdict::{Clear, Flagged, NotJudged};

    use super::*;
    use crate::report::fixture;
    use crate::report::part_fixture::attacked as under_attack;
    use crate::table::{Results, cells};

    #[test]
    fn without_a_judgement_every_sentence_on_attacks_says_so() {
        let mut results = attacked(&["0.1"]);
        for trial in &mut results.trials {
            trial.parts.attacks = Some(under_attack(false, &[(BlackBoxBetter, NotJudged)]));
        }
        let all = cells(&results);
        let view = View::new(&results, &all);
        let lacking = "Masking was not judged: APGD and Square were not run.";
        let found = along(&view, &view.lines[0]);
        assert!(found[0].text.contains(lacking), "{}", found[0].text);
        // Of a cell whose trials all diverged nothing is known.
        let n = all.iter().filter(|cell| cell.finished() > 0).count();
        let text = masking(&view).text;
        assert!(text.starts_with(&format!("Masking was not judged in {n} of {n} cells")), "{text}");
        assert!(text.contains("where APGD or Square was not run"), "{text}");
        assert!(!text.contains("No sign"), "{text}");
        // In one cell only: the others are still told of.
        for trial in &mut results.trials {
            if trial.values != all[0].values {
                trial.parts.attacks = Some(under_attack(true, &[(BlackBoxBetter, Clear)]));
            }
        }
        let all = cells(&results);
        let text = masking(&View::new(&results, &all)).text;
        assert!(text.starts_with("Masking was not judged in 1 of"), "{text}");
        assert!(text.contains(&format!("in the other {} cells", n - 1)), "{text}");
    }

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
            trial.parts.attacks = Some(under_attack(true, &[(BlackBoxBetter, Clear)]));
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
        assert!(text.contains("From ε = 0.3 on nothing is left."), "{text}");
        assert!(text.ends_with("Masking was judged, and none of its signs is flagged."), "{text}");
        assert!(masking(&view).text.starts_with("No sign"), "{}", masking(&view).text);
    }

    #[test]
    fn a_flagged_sign_is_told_with_its_cells() {
        let mut results = attacked(&["0.1"]);
        results.trials[0].parts.attacks = Some(under_attack(true, &[(BlackBoxBetter, Flagged)]));
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        let text = masking(&view).text;
        let place = view.label(cells.first().unwrap());
        assert!(text.starts_with("A sign that gradients are masked is flagged in 1 of"), "{text}");
        assert!(text.contains(&place), "{text}");
    }
}
