//! The table of accuracy under every attack, beside whether masking was judged.

use std::collections::BTreeMap;

use jem_core::results::ATTACK_NAMES;
use jem_core::spec::{AttackNorm, show_value};

use super::content::Table;
use super::figures::attack_called;
use super::judged::judged;
use super::number::interval;
use super::view::View;
use crate::table::{CellResult, Statistics};

/// How the paths of accuracies under attack begin.
const START: &str = "adversarial/accuracy/";

/// A row for each cell, norm and size, a column for each attack that was run
/// in any. No rows where nothing was attacked.
pub fn attack_table(view: &View<'_>) -> Table {
    let run = |attack: &&str| {
        let of = |path: &String| parsed(path).is_some_and(|(_, name, _)| name == *attack);
        view.cells.iter().any(|cell| cell.metrics.keys().any(of))
    };
    let attacks: Vec<&str> = ATTACK_NAMES.iter().copied().filter(run).collect();
    let own = view.names.iter().cloned();
    let columns = ["norm", "ε", "no attack"].into_iter().chain(attacks.iter().copied());
    let columns = columns.map(|name| attack_called(name).to_owned());
    let mut table = Table {
        title: "Accuracy under attack".to_owned(),
        note: "Each attack's own accuracy at each size, for pixels from 0 to 1; all together also \
               count what a smaller size fooled. Means over seeds with their 95 % intervals. \
               Masking is judged where Square and APGD were run: else accuracy under attack may \
               be high because gradients mislead the attack, and is no evidence of robustness."
            .to_owned(),
        head: own.chain(columns).chain(["masking".to_owned()]).collect(),
        rows: Vec::new(),
    };
    for cell in view.cells {
        for norm in [AttackNorm::Linf, AttackNorm::L2] {
            table.rows.extend(rows(view, cell, norm, &attacks));
        }
    }
    table
}

/// A row for each size of `norm`, rising.
fn rows(
    view: &View<'_>,
    cell: &CellResult,
    norm: AttackNorm,
    attacks: &[&str],
) -> Vec<Vec<String>> {
    let mut sizes: BTreeMap<u64, (String, BTreeMap<&str, &Statistics>)> = BTreeMap::new();
    for (path, found) in &cell.metrics {
        if let Some((of, attack, eps)) = parsed(path)
            && of == norm.name()
            && let Ok(size) = eps.parse::<f64>()
        {
            // Positive numbers are in the order of their bits.
            let at =
                sizes.entry(size.to_bits()).or_insert_with(|| (eps.to_owned(), BTreeMap::new()));
            at.1.insert(attack, found);
        }
    }
    let shown =
        |found: Option<&&Statistics>| found.map_or("–".to_owned(), |found| interval(found));
    let clean = cell.metrics.get("adversarial/clean_accuracy");
    let masking = masking(view, cell, norm);
    let row = |(eps, found): (String, BTreeMap<&str, &Statistics>)| {
        let values = cell.values.iter().map(|value| match value.is_null() {
            true => "–".to_owned(),
            false => show_value(value),
        });
        let norm = match norm {
            AttackNorm::Linf => "L∞",
            AttackNorm::L2 => "L2",
        };
        let under = attacks.iter().map(|attack| shown(found.get(attack)));
        values
            .chain([norm.to_owned(), eps, shown(clean.as_ref())])
            .chain(under)
            .chain([masking.to_owned()])
            .collect()
    };
    sizes.into_values().map(row).collect()
}

/// What came of the search for masked gradients, as the table of signs has it.
fn masking(view: &View<'_>, cell: &CellResult, norm: AttackNorm) -> &'static str {
    let judged = judged(view, &[cell], norm);
    match (judged.flagged.is_empty(), judged.without.is_empty(), judged.open.is_empty()) {
        (false, ..) => "FLAGGED",
        (true, false, _) => "not judged",
        (true, true, false) => "clear in part",
        (true, true, true) => "clear",
    }
}

/// Norm, attack and size of an accuracy under attack.
fn parsed(path: &str) -> Option<(&str, &str, &str)> {
    let (norm, rest) = path.strip_prefix(START)?.split_once('/')?;
    let (attack, eps) = rest.split_once('/')?;
    Some((norm, attack, eps))
}

#[cfg(test)]
mod tests {
    use jem_core::results::MaskingSign::{BlackBoxBetter, NotZero};
    use jem_core::results::MaskingVerdict::{Clear, Flagged, NotJudged};

    use super::*;
    use crate::report::fixture;
    use crate::report::part_fixture::attacked;
    use crate::table::cells;

    #[test]
    fn each_size_has_its_row_with_every_attack_and_what_was_judged() {
        let mut results = fixture::results();
        results.trials.retain(|trial| trial.seed == 0);
        for trial in &mut results.trials {
            trial.metrics.insert("adversarial/clean_accuracy".to_owned(), 0.9);
            for (attack, eps, left) in [
                ("pgd", "0.3", 0.5),
                ("pgd", "0.05", 0.75),
                ("apgd_dlr", "0.05", 0.625),
                ("worst", "0.05", 0.5),
                ("worst", "0.3", 0.25),
            ] {
                trial.metrics.insert(format!("adversarial/accuracy/linf/{attack}/{eps}"), left);
            }
        }
        let judgement = |checks: &[_]| {
            let mut results = results.clone();
            for trial in &mut results.trials {
                trial.parts.attacks = Some(attacked(true, checks));
            }
            let cells = cells(&results);
            attack_table(&View::new(&results, &cells))
        };
        let table = judgement(&[(BlackBoxBetter, Clear), (NotZero, NotJudged)]);
        let head = ["norm", "ε", "no attack", "PGD", "APGD by DLR", "all together", "masking"];
        assert_eq!(table.head[1..], head);
        let rows: Vec<&[String]> = table.rows.iter().map(|row| &row[1..]).collect();
        assert_eq!(
            rows[0],
            ["L∞", "0.05", "0.9000", "0.7500", "0.6250", "0.5000", "clear in part"]
        );
        assert_eq!(rows[1], ["L∞", "0.3", "0.9000", "0.5000", "–", "0.2500", "clear in part"]);
        let of = |checks: &[_]| judgement(checks).rows[0].last().cloned();
        assert_eq!(of(&[(BlackBoxBetter, NotJudged)]).as_deref(), Some("not judged"));
        assert_eq!(of(&[(BlackBoxBetter, Flagged)]).as_deref(), Some("FLAGGED"));
        assert_eq!(of(&[(BlackBoxBetter, Clear)]).as_deref(), Some("clear"));
        let plain = fixture::results();
        let cells = cells(&plain);
        assert!(attack_table(&View::new(&plain, &cells)).rows.is_empty());
    }
}
