//! Does purification survive attacks that know of it? In words, from the
//! numbers and their intervals.

use jem_core::results::WORST;
use jem_core::spec::PurifierKind;

use super::{Share, attack_name, defence_name, share};
use crate::report::content::Finding;
use crate::report::judged::judged_behind;
use crate::report::number::counted;
use crate::report::view::View;
use crate::table::CellResult;

/// Cells that are told of.
const MOST_CELLS: usize = 6;
/// Attacks that know of the purifier, or ask it.
const ADAPTIVE: [&str; 4] = ["bpda", "full_gradient", "square", "joint"];
/// Every attack: a defence is as strong as what the strongest leaves, whether
/// or not that one knows of it.
const ALL: [&str; 5] = ["transfer", "bpda", "full_gradient", "square", "joint"];
/// What is called to survive keeps this share of the accuracy on clean inputs.
const HALF: f64 = 0.5;
/// Attacks on the classifier alone.
const PLAIN: [&str; 3] = ["transfer", "square", "joint"];

/// A finding for each cell and purifier; none where nothing was purified.
pub fn findings(view: &View<'_>) -> Vec<Finding> {
    let measured = |cell: &&CellResult| cell.metrics.contains_key("purified/n");
    let cells: Vec<&CellResult> = view.cells.iter().filter(measured).collect();
    let mut found = Vec::new();
    for cell in cells.iter().take(MOST_CELLS) {
        for kind in [PurifierKind::Seed, PurifierKind::Stochastic] {
            let purifier = kind.name();
            let at = match view.cells.len() {
                1 => String::new(),
                _ => format!(", {}", view.label(cell)),
            };
            let about = match purifier {
                "seed" => format!("Purification, the seed's{at}"),
                _ => format!("Purification, stochastic{at}"),
            };
            let doubt = judged_behind(view, cell, kind).doubt();
            let text = verdict(cell, purifier, doubt.as_deref());
            found.push(Finding { about, text: text.unwrap_or_default() });
        }
    }
    if cells.len() > MOST_CELLS {
        let more = counted(cells.len() - MOST_CELLS, "more cell");
        let text = format!("The tables tell of {more}.");
        found.push(Finding { about: "Purification".to_owned(), text });
    }
    found
}

/// The attack of `attacks` that leaves the least.
fn strongest<'n>(
    cell: &CellResult,
    defence: &str,
    attacks: &[&'n str],
) -> Option<(&'n str, Share)> {
    let of = |attack: &&'n str| Some((*attack, share(cell, &path(defence, attack))?));
    attacks.iter().filter_map(of).min_by(|a, b| a.1.value.total_cmp(&b.1.value))
}

fn path(defence: &str, attack: &str) -> String {
    format!("accuracy/{defence}/{attack}")
}

/// `doubt` is why no gain in robustness may be claimed.
fn verdict(cell: &CellResult, purifier: &str, doubt: Option<&str>) -> Option<String> {
    let mut text = String::new();
    let of = |defence: &str, attack: &str| share(cell, &path(defence, attack));
    if let (Some(alone), Some(behind)) = (of("none", "none"), of(purifier, "none")) {
        text += &format!(
            "On clean inputs accuracy is {} behind it and {} without. ",
            behind.shown, alone.shown
        );
    }
    let transferred = of(purifier, "transfer");
    if let (Some(alone), Some(behind)) = (of("none", "transfer"), &transferred) {
        text += &format!(
            "Of inputs attacked without knowledge of it, it gets {} right, the classifier alone \
             {}. ",
            behind.shown, alone.shown
        );
    }
    let Some((attack, adaptive)) = strongest(cell, purifier, &ADAPTIVE) else {
        return (!text.is_empty()).then(|| {
            format!("{text}No attack that knows of it was tried: nothing follows on its strength.")
        });
    };
    text += &format!(
        "Under the strongest attack that knows of it ({}) {} are right",
        attack_name(attack),
        adaptive.shown
    );
    let all = of(purifier, WORST);
    if let Some(all) = &all {
        text += &format!(", under every attack {}", all.shown);
    }
    text += ". ";
    let worst = all.or_else(|| strongest(cell, purifier, &ALL).map(|(_, worst)| worst));
    let worst = worst.as_ref().unwrap_or(&adaptive);
    let clean = of(purifier, "none").map(|clean| clean.value);
    let alone = match of("none", WORST) {
        Some(all) => Some(("every attack on it", all)),
        None => strongest(cell, "none", &PLAIN).map(|(name, found)| (attack_name(name), found)),
    };
    text += &survival(alone, (worst, clean), transferred.as_ref(), doubt);
    if let Some(transferred) = transferred.as_ref().filter(|one| one.high < adaptive.low) {
        text += &format!(
            " The attack that does not know of it leaves less ({}): those that do are misled by \
             its gradients or too short, and what stands under them is no robustness.",
            transferred.shown
        );
    }
    if let (Some(white), Some(black)) =
        (strongest(cell, purifier, &["bpda", "full_gradient"]), of(purifier, "square"))
        && black.high < white.1.low
    {
        text += &format!(
            " The black-box attack leaves less than the gradient's ({}): that one is misled by \
             its gradients or too short, and what stands under it is too high.",
            attack_name(white.0)
        );
    }
    Some(text)
}

/// Whether what is left under the strongest attack, `worst`, is more than the
/// classifier alone has, and how much it is of the accuracy on clean inputs.
fn survival(
    alone: Option<(&str, Share)>,
    (worst, clean): (&Share, Option<f64>),
    transferred: Option<&Share>,
    doubt: Option<&str>,
) -> String {
    let Some((attack, alone)) = alone else {
        return "Without an attack on the classifier alone there is nothing to hold that against."
            .to_owned();
    };
    let beside = format!("{} has {} under {attack}", defence_name("none"), alone.shown);
    if worst.high < alone.low {
        return format!("It does not survive: it is worse than no defence ({beside}).");
    }
    if worst.low <= alone.high {
        return format!(
            "It is not seen to survive: that is not told apart from no defence ({beside}), the \
             intervals overlap."
        );
    }
    let kept = clean.filter(|clean| *clean > 0.0).map(|clean| worst.value / clean);
    let of_clean = kept.map_or_else(String::new, |kept| {
        format!(", and {:.0} % of what it gets right on clean inputs", 100.0 * kept)
    });
    if kept.is_some_and(|kept| kept < HALF) {
        return format!(
            "It does not survive, though it leaves more than no defence ({beside}): that is{} \
             alone{}.",
            of_clean.trim_start_matches(", and"),
            doubt.map_or_else(String::new, |doubt| format!(", and {doubt}"))
        );
    }
    if let Some(doubt) = doubt {
        return format!(
            "More are right behind it than without it ({beside}){of_clean}; but {doubt}, so it is \
             not said to survive."
        );
    }
    match transferred {
        Some(transferred) if worst.high < transferred.low => format!(
            "It survives in part: more than without it ({beside}){of_clean}, but less than \
             attacks that do not know of it suggest."
        ),
        _ => format!("It survives these attacks: more than without it ({beside}){of_clean}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: f64, half: f64) -> Share {
        Share { value, low: value - half, high: value + half, shown: format!("{value}") }
    }

    #[test]
    fn survival_is_what_intervals_tell_apart() {
        let alone = || Some(("transfer", of(0.1, 0.05)));
        let told = |adaptive, transferred: Share| {
            survival(alone(), (&of(adaptive, 0.05), Some(0.96)), Some(&transferred), None)
        };
        let high = || of(0.9, 0.05);
        assert!(told(0.12, high()).starts_with("It is not seen to survive: that is not told"));
        let little = told(0.24, high());
        assert!(little.starts_with("It does not survive, though"), "{little}");
        assert!(little.ends_with("that is 25 % of what it gets right on clean inputs alone."));
        assert!(told(0.6, high()).starts_with("It survives in part"));
        let well = told(0.88, high());
        assert!(well.starts_with("It survives these attacks"), "{well}");
        assert!(well.ends_with(", and 92 % of what it gets right on clean inputs."), "{well}");
        let doubt = Some("masking was not judged: Square was not run");
        for (adaptive, start) in [(0.6, "More are right behind"), (0.24, "It does not survive")] {
            let text = survival(alone(), (&of(adaptive, 0.05), Some(0.96)), Some(&high()), doubt);
            assert!(text.starts_with(start) && text.contains("Square was not run"), "{text}");
            assert!(!text.contains("It survives"), "{text}");
        }
        let worse = survival(Some(("square", of(0.5, 0.05))), (&of(0.1, 0.05), None), None, None);
        assert!(worse.starts_with("It does not survive: it is worse"), "{worse}");
        assert!(survival(None, (&of(0.1, 0.05), None), None, None).contains("nothing to hold"));
    }
}
