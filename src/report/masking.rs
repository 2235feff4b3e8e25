//! The table of signs that gradients are masked, with its numbers.

use jem_core::results::{AttackResults, MaskingCheck, MaskingSign, MaskingVerdict};
use jem_core::spec::{AttackNorm, show_value};

use super::content::Table;
use super::number::plain;
use super::view::View;
use crate::table::TrialResult;

/// A row for each cell, norm and sign: over its seeds, with the numbers of the
/// seed in which it is clearest. No rows where nothing was attacked.
pub fn masking(view: &View<'_>) -> Table {
    let columns = ["norm", "sign", "verdict", "seeds", "at ε", "found", "against", "images", "p"];
    let own = view.names.iter().cloned();
    let mut table = Table {
        title: "Signs of gradient masking".to_owned(),
        note: "An attack that follows gradients can find nothing where gradients mislead it; then \
               its accuracy is no robustness. Two attacks are compared on the same images: images \
               are those that only the first fooled and only the second, p the chance of such a \
               lead or a larger one between equals (exact sign test, flagged below 0.01). Numbers \
               are those of the clearest size of the clearest seed. Not judged: the sizes \
               or attacks asked for cannot show it."
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
            let seeds: Vec<&[MaskingCheck]> = of.map(|of| of.masking.as_slice()).collect();
            let signs = seeds.first().map_or(0, |checks| checks.len());
            for place in 0..signs {
                let checks = seeds.iter().filter_map(|checks| checks.get(place));
                let checks: Vec<&MaskingCheck> = checks.collect();
                let values = cell.values.iter().map(|value| match value.is_null() {
                    true => "–".to_owned(),
                    false => show_value(value),
                });
                table.rows.push(values.chain(row(norm, &checks)).collect());
            }
        }
    }
    table
}

/// One sign over the seeds of a cell.
fn row(norm: AttackNorm, checks: &[&MaskingCheck]) -> Vec<String> {
    let flagged = checks.iter().filter(|check| check.verdict == MaskingVerdict::Flagged).count();
    let clearest = checks.iter().min_by(|a, b| clearness(a).total_cmp(&clearness(b)));
    let Some(check) = clearest else {
        return Vec::new();
    };
    let none = || "–".to_owned();
    let value = |value: Option<f64>| value.map_or_else(none, plain);
    let judged = checks.iter().any(|check| check.verdict != MaskingVerdict::NotJudged);
    vec![
        match norm {
            AttackNorm::Linf => "L∞",
            AttackNorm::L2 => "L2",
        }
        .to_owned(),
        words(check.sign).to_owned(),
        match (flagged, judged) {
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

/// Least where a sign is clearest: flagged first, then by p.
fn clearness(check: &MaskingCheck) -> f64 {
    let flagged = check.verdict == MaskingVerdict::Flagged;
    check.p.unwrap_or(1.0) - if flagged { 2.0 } else { 0.0 }
}

/// What is found against what.
fn words(sign: MaskingSign) -> &'static str {
    match sign {
        MaskingSign::BlackBoxBetter => "Square beats PGD (accuracies)",
        MaskingSign::OneStepBetter => "one step beats PGD (accuracies)",
        MaskingSign::NoiseBetter => "random noise beats PGD (accuracies)",
        MaskingSign::NotZero => "PGD leaves some right at the largest size",
        MaskingSign::NotConverged => "twice the steps fool more (accuracies)",
        MaskingSign::LossRises => "twice the steps raise the loss further",
        MaskingSign::LossFalls => "the loss is lower after all steps than after one",
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
        let row = row(AttackNorm::Linf, &[&clear, &flagged]);
        assert_eq!(row[2..5], ["FLAGGED", "1 of 2", "0.3"]);
        assert_eq!(row[7..], ["9 : 0", "0.001953"]);
        let unjudged = MaskingCheck { verdict: MaskingVerdict::NotJudged, ..clear };
        assert_eq!(super::row(AttackNorm::L2, &[&unjudged])[2], "not judged");
    }
}
