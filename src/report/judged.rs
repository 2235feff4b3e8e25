//! Whether masked gradients were looked for by attacks that can show them, and
//! with what outcome: what may be said of robustness.

use jem_core::results::{AttackedNorm, MaskingCheck, MaskingSign, MaskingVerdict};
use jem_core::spec::{AttackNorm, PurifierKind};

use super::number::listed;
use super::view::View;
use crate::table::{CellResult, TrialResult};

/// What was looked for and seen in one or more cells, each thing once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// Attacks without which nothing is judged, and which some trial lacks.
    pub without: Vec<&'static str>,
    /// Signs that what was asked for could not show.
    pub open: Vec<MaskingSign>,
    /// Signs that are flagged, those of a weak attack left out.
    pub flagged: Vec<MaskingSign>,
    /// Signs that one attack was weaker than another.
    pub weak: Vec<MaskingSign>,
}

impl Judged {
    /// Why no gain in robustness may be claimed: masking was not judged, or a
    /// sign of it is flagged. None where one may.
    pub fn doubt(&self) -> Option<String> {
        if !self.without.is_empty() {
            let all: Vec<String> = self.without.iter().map(|one| (*one).to_owned()).collect();
            let were = if all.len() == 1 { "was" } else { "were" };
            return Some(format!("masking was not judged: {} {were} not run", listed(&all)));
        }
        let flagged = (!self.flagged.is_empty()).then(|| names(&self.flagged));
        flagged.map(|signs| format!("signs of masking are flagged: {signs}"))
    }

    /// What is to be said beside accuracy under attack.
    pub fn words(&self) -> String {
        let mut text = match self.doubt() {
            Some(doubt) => format!(
                "{}. What is left may be too high, and is no evidence of robustness.",
                super::number::capital(&doubt)
            ),
            None if self.open.is_empty() => {
                "Masking was judged, and none of its signs is flagged.".to_owned()
            }
            None => format!(
                "Masking was judged in part: no sign is flagged, but these could not be judged: \
                 {}.",
                names(&self.open)
            ),
        };
        if !self.weak.is_empty() {
            text += &format!(
                " PGD is no measure here ({}): go by all attacks together.",
                names(&self.weak)
            );
        }
        text
    }

    fn add(&mut self, checks: &[MaskingCheck]) {
        for check in checks {
            let sign = check.sign;
            match check.verdict {
                MaskingVerdict::Flagged if sign.is_of_a_weak_attack() => once(&mut self.weak, sign),
                MaskingVerdict::Flagged => once(&mut self.flagged, sign),
                MaskingVerdict::NotJudged if sign == MaskingSign::BlackBoxBetter => {
                    once(&mut self.without, SQUARE);
                }
                MaskingVerdict::NotJudged => once(&mut self.open, sign),
                MaskingVerdict::Clear => {}
            }
        }
    }
}

const SQUARE: &str = "Square";
const APGD: &str = "APGD";

fn once<T: PartialEq>(list: &mut Vec<T>, one: T) {
    if !list.contains(&one) {
        list.push(one);
    }
}

fn names(signs: &[MaskingSign]) -> String {
    let name = |sign: &MaskingSign| match sign {
        MaskingSign::BlackBoxBetter => "Square finds more than gradients",
        MaskingSign::OneStepBetter => "one step finds more than many",
        MaskingSign::NoiseBetter => "noise finds more than gradients",
        MaskingSign::NotZero => "images stay right at a size that can make them anything",
        MaskingSign::NotConverged => "twice the steps find more",
        MaskingSign::LossRises => "twice the steps raise the loss further",
        MaskingSign::LossFalls => "the loss falls along the walk",
        MaskingSign::PgdWeaker => "APGD or Square finds more than PGD",
        MaskingSign::DlrBetter => "APGD finds more by DLR than by the cross-entropy",
    };
    listed(&signs.iter().map(|sign| name(sign).to_owned()).collect::<Vec<_>>())
}

/// Of attacks in `norm` on the trials of `cells`; without trials that were
/// attacked so, and so without any evidence, both attacks are lacking.
pub fn judged(view: &View<'_>, cells: &[&CellResult], norm: AttackNorm) -> Judged {
    let mut judged = Judged::default();
    let trials = cells.iter().flat_map(|cell| view.trials_of(cell));
    let mut some = false;
    for (apgd, of) in trials.filter_map(|trial| attacked(trial, norm)) {
        some = true;
        if !apgd {
            once(&mut judged.without, APGD);
        }
        judged.add(&of.masking);
    }
    if !some {
        judged.without = vec![SQUARE, APGD];
    }
    judged
}

/// Whether Auto-PGD was run on `trial`, and what attacks in `norm` did.
fn attacked(trial: &TrialResult, norm: AttackNorm) -> Option<(bool, &AttackedNorm)> {
    let all = trial.parts.attacks.as_ref()?;
    Some((all.apgd.is_some(), all.norms.iter().find(|of| of.norm == norm)?))
}

/// Of attacks on the trials of `cell` behind `kind`, where there is no Auto-PGD:
/// its step sizes go by values of the loss, which a purifier's draws blur.
pub fn judged_behind(view: &View<'_>, cell: &CellResult, kind: PurifierKind) -> Judged {
    let mut judged = Judged::default();
    let mut some = false;
    let purified = view.trials_of(cell).filter_map(|trial| trial.parts.purification.as_ref());
    for of in purified.flat_map(|all| all.masking.iter().filter(|of| of.purifier == kind)) {
        some = true;
        judged.add(&of.checks);
    }
    if !some {
        judged.without = vec!["BPDA"];
    }
    judged
}

#[cfg(test)]
mod tests {
    use jem_core::results::{Purified, PurifierMasking};

    use super::*;
    use crate::report::fixture;
    use crate::report::part_fixture::{attacked, check};
    use crate::table::cells;

    /// The one judgement of the first cell, whose trials were attacked with
    /// these `checks` found.
    fn of(apgd: bool, checks: &[(MaskingSign, MaskingVerdict)]) -> Judged {
        let mut results = fixture::results();
        for trial in results.trials.iter_mut().filter(|trial| !trial.outcome.diverged()) {
            trial.parts.attacks = Some(attacked(apgd, checks));
        }
        let cells = cells(&results);
        let view = View::new(&results, &cells);
        let l2 = judged(&view, &[&cells[0]], AttackNorm::L2);
        assert_eq!(l2.without, [SQUARE, APGD], "nothing was attacked in L2");
        judged(&view, &[&cells[0]], AttackNorm::Linf)
    }

    use MaskingSign::{BlackBoxBetter, DlrBetter, NotZero, OneStepBetter, PgdWeaker};
    use MaskingVerdict::{Clear, Flagged, NotJudged};

    #[test]
    fn without_square_or_apgd_masking_is_not_judged_and_no_gain_is_claimed() {
        let neither = of(false, &[(BlackBoxBetter, NotJudged), (OneStepBetter, Clear)]);
        assert_eq!(
            neither.words(),
            "Masking was not judged: APGD and Square were not run. What is left may be too high, \
             and is no evidence of robustness."
        );
        let no_apgd = of(false, &[(BlackBoxBetter, Clear)]);
        assert!(no_apgd.words().starts_with("Masking was not judged: APGD was not run."));
        let no_square = of(true, &[(BlackBoxBetter, NotJudged)]);
        assert!(no_square.words().starts_with("Masking was not judged: Square was not run."));
    }

    #[test]
    fn what_was_judged_is_said_whole_in_part_or_flagged() {
        let whole = of(true, &[(BlackBoxBetter, Clear), (NotZero, Clear)]);
        assert_eq!((whole.doubt(), whole.open.len()), (None, 0));
        let part = of(true, &[(BlackBoxBetter, Clear), (NotZero, NotJudged)]);
        assert_eq!(part.doubt(), None);
        assert_eq!(
            part.words(),
            "Masking was judged in part: no sign is flagged, but these could not be judged: \
             images stay right at a size that can make them anything."
        );
        let flagged = of(true, &[(BlackBoxBetter, Flagged), (NotZero, Clear)]);
        let words = flagged.words();
        assert!(words.starts_with("Signs of masking are flagged: Square finds more"), "{words}");
        assert!(words.contains("no evidence of robustness"), "{words}");
        let weak = of(true, &[(BlackBoxBetter, Clear), (PgdWeaker, Flagged), (DlrBetter, Clear)]);
        assert_eq!(weak.doubt(), None, "a weak attack beside a strong one masks nothing");
        assert!(
            weak.words()
                .ends_with("(APGD or Square finds more than PGD): go by all attacks together.")
        );
    }

    #[test]
    fn behind_a_purifier_square_and_bpda_judge() {
        let mut results = fixture::results();
        let judged = |results: &crate::table::Results| {
            let cells = cells(results);
            judged_behind(&View::new(results, &cells), &cells[0], PurifierKind::Seed)
        };
        assert_eq!(judged(&results).without, ["BPDA"]);
        for trial in &mut results.trials {
            let checks = vec![check(BlackBoxBetter, NotJudged)];
            let masking = vec![PurifierMasking { purifier: PurifierKind::Seed, checks }];
            let (rows, curve) = (Vec::new(), Vec::new());
            trial.parts.purification =
                Some(Purified { n: 9, threshold: 0.0, rows, curve, masking });
        }
        assert_eq!(judged(&results).without, [SQUARE]);
    }
}
