//! The table of signs that gradients are masked, with its numbers.

use jem_core::results::{AttackResults, MaskingCheck, MaskingSign, MaskingVerdict};
use jem_core::spec::{AttackNorm, PurifierKind, show_value};

use super::content::Table;
use super::number::plain;
use super::purified::defence_name;
use super::view::View;
use crate::table::{CellResult, TrialResult};

/// A row for each cell, norm and sign: over its seeds, with the numbers of the
/// seed in which it is clearest. No rows where nothing was attacked.
pub fn masking(view: &View<'_>) -> Table {
    let columns =
        ["defence", "norm", "sign", "verdict", "seeds", "at ε", "found", "against", "images", "p"];
    let own = view.names.iter().cloned();
    let mut table = Table {
        title: "Signs of gradient masking".to_owned(),
        note: "An attack that follows gradients can find nothing where gradients mislead it; then \
               its accuracy is no robustness. Two attacks are compared on the same images: images \
               are those that only the first fooled and only the second, p the chance of such a \
               lead or a larger one between equals (exact sign test, flagged below 0.01). Where \
               the first attack is the second one gone on, no chance can be told, and more than \
               1 % of the images is flagged. Numbers are those of the clearest size of the \
               clearest seed. Not judged: the sizes or attacks asked for cannot show it. PGD WEAK: \
               another attack found more, so PGD alone is no measure, and all attacks together \
               are; DLR beats the cross-entropy where small or saturated logits flatten that one."
            .to_owned(),
        head: own.chain(columns.map(str::to_owned)).collect(),
        rows: Vec::new(),
    };
    for cell in view.cells {
        let trials: Vec<&TrialResult> = view.trials_of(cell).collect();
        let found = trials.iter().filter_map(|trial| trial.parts.attacks.as_ref());
        let found: Vec<&AttackResults> = found.collect();
        for norm in [AttackNorm::Linf, AttackNorm::L2] {
            let of = found.iter().filter_map(|all| all.norms.iter().find(|of| of.norm == norm));
            let seeds = of.map(|of| of.masking.as_slice()).collect();
            table.rows.extend(rows(cell, (None, norm), seeds));
        }
        for kind in [PurifierKind::Seed, PurifierKind::Stochastic] {
            let purified = trials.iter().filter_map(|trial| trial.parts.purification.as_ref());
            let of = purified.flat_map(|all| all.masking.iter().filter(|of| of.purifier == kind));
            let seeds = of.map(|of| of.checks.as_slice()).collect();
            table.rows.extend(rows(cell, (Some(kind), AttackNorm::Linf), seeds));
        }
    }
    table
}

/// A row for each sign of one defence, over the `seeds` of a cell.
fn rows(
    cell: &CellResult,
    (defence, norm): (Option<PurifierKind>, AttackNorm),
    seeds: Vec<&[MaskingCheck]>,
) -> Vec<Vec<String>> {
    let signs = seeds.first().map_or(0, |checks| checks.len());
    // Only where Auto-PGD was run is PGD measured by others.
    let apgd = |check: &MaskingCheck| check.sign == MaskingSign::PgdWeaker;
    let gradients = match defence {
        Some(_) => "BPDA",
        None if seeds.iter().any(|checks| checks.iter().any(apgd)) => "PGD and APGD",
        None => "PGD",
    };
    let of_sign = |place: usize| {
        let checks: Vec<&MaskingCheck> =
            seeds.iter().filter_map(|checks| checks.get(place)).collect();
        let values = cell.values.iter().map(|value| match value.is_null() {
            true => "–".to_owned(),
            false => show_value(value),
        });
        values.chain(row((defence, norm, gradients), &checks)).collect()
    };
    (0..signs).map(of_sign).collect()
}

/// One sign over the seeds of a cell.
fn row(
    (defence, norm, gradients): (Option<PurifierKind>, AttackNorm, &str),
    checks: &[&MaskingCheck],
) -> Vec<String> {
    let flagged = checks.iter().filter(|check| check.verdict == MaskingVerdict::Flagged).count();
    let clearest = checks.iter().min_by(|a, b| {
        let ([p, only], [other_p, other_only]) = (clearness(a), clearness(b));
        p.total_cmp(&other_p).then(only.total_cmp(&other_only))
    });
    let Some(check) = clearest else {
        return Vec::new();
    };
    let none = || "–".to_owned();
    let value = |value: Option<f64>| value.map_or_else(none, plain);
    let judged = checks.iter().any(|check| check.verdict != MaskingVerdict::NotJudged);
    vec![
        defence_name(defence.map_or("none", PurifierKind::name)).to_owned(),
        match norm {
            AttackNorm::Linf => "L∞",
            AttackNorm::L2 => "L2",
        }
        .to_owned(),
        words(check.sign, gradients),
        match (flagged, judged) {
            (1.., _) if check.sign.is_of_a_weak_attack() => "PGD WEAK",
            (0, false) => "not judged",
            (0, true) => "clear",
            _ => "FLAGGED",
        }
        .to_owned(),
        format!("{flagged} of {}", checks.len()),
        check.eps.map_or_else(none, |eps| eps.to_string()),
        value(check.found),
        value(check.against),
        check.only.map_or_else(none, |(first, second)| format!("{first} : {second}")),
        check.p.map_or_else(none, plain),
    ]
}

/// Least where a sign is clearest: flagged first, then by p, then, where a sign
/// is judged without one, by the images that one attack alone changes.
fn clearness(check: &MaskingCheck) -> [f64; 2] {
    let flagged = check.verdict == MaskingVerdict::Flagged;
    let p = check.p.unwrap_or(1.0) - if flagged { 2.0 } else { 0.0 };
    let (first, second) = check.only.unwrap_or_default();
    [p, second as f64 - first as f64]
}

/// What is found against what.
fn words(sign: MaskingSign, gradients: &str) -> String {
    let leaves = if gradients.contains(" and ") { "leave" } else { "leaves" };
    match sign {
        MaskingSign::BlackBoxBetter => format!("Square beats {gradients} (accuracies)"),
        MaskingSign::OneStepBetter => format!("one step beats {gradients} (accuracies)"),
        MaskingSign::NoiseBetter => format!("random noise beats {gradients} (accuracies)"),
        MaskingSign::NotZero => format!("{gradients} {leaves} some right at the largest size"),
        MaskingSign::NotConverged => "twice the steps fool more (accuracies)".to_owned(),
        MaskingSign::LossRises => "twice the steps raise the loss further".to_owned(),
        MaskingSign::LossFalls => "the loss is lower after all steps than after one".to_owned(),
        MaskingSign::PgdWeaker => "APGD or Square beats PGD (accuracies)".to_owned(),
        MaskingSign::DlrBetter => "APGD by DLR beats APGD by cross-entropy (accuracies)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_one_seed_flags_the_cell_with_the_numbers_of_that_seed() {
        let clear = MaskingCheck {
            sign: MaskingSign::BlackBoxBetter,
            verdict: MaskingVerdict::Clear,
            eps: Some(0.1),
            found: Some(0.5),
            against: Some(0.25),
            only: Some((1, 3)),
            p: Some(0.9375),
            flagged: Vec::new(),
        };
        let flagged = MaskingCheck {
            verdict: MaskingVerdict::Flagged,
            only: Some((9, 0)),
            p: Some(0.001953125),
            eps: Some(0.3),
            flagged: vec![0.3],
            ..clear.clone()
        };
        let found = row((None, AttackNorm::Linf, "PGD"), &[&clear, &flagged]);
        assert_eq!(found[3..6], ["FLAGGED", "1 of 2", "0.3"]);
        assert_eq!(found[8..], ["9 : 0", "0.001953"]);
        let without = |first| MaskingCheck { only: Some((first, 0)), p: None, ..flagged.clone() };
        let found = row((None, AttackNorm::Linf, "PGD"), &[&without(2), &without(5), &without(3)]);
        assert_eq!(found[8..], ["5 : 0", "–"]);
        let behind = row((Some(PurifierKind::Seed), AttackNorm::Linf, "BPDA"), &[&clear]);
        assert_eq!(behind[..3], ["seed's purifier", "L∞", "Square beats BPDA (accuracies)"]);
        let unjudged = MaskingCheck { verdict: MaskingVerdict::NotJudged, ..clear };
        assert_eq!(row((None, AttackNorm::L2, "PGD"), &[&unjudged])[3], "not judged");
        let weak = MaskingCheck { sign: MaskingSign::PgdWeaker, ..flagged };
        let found = row((None, AttackNorm::L2, "PGD and APGD"), &[&weak]);
        assert_eq!(found[2..4], ["APGD or Square beats PGD (accuracies)", "PGD WEAK"]);
    }
}
