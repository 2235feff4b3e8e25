//! Signs that gradients are masked: that an attack which follows them finds
//! less than is there. Pure functions of what attacks did to the same images.

use jem_core::results::{MaskingCheck, MaskingSign, MaskingVerdict};
use jem_core::spec::ApgdLoss;

use super::attack::Trace;

/// Below this chance a difference between two attacks counts.
const LEVEL: f64 = 0.01;
/// Twice the steps may fool this share of the images more. They fool all that
/// half of them fooled, so that no chance can be told for what is added.
const FURTHER: f64 = 0.01;
/// Twice the steps may add this share of what the first half gained.
const RISE: f64 = 0.1;

/// What attacks of one size did, one entry an image.
#[derive(Clone, Debug)]
pub struct AtSize {
    /// The size, where pixels go from 0 to 1.
    pub eps: f64,
    /// Images that random noise fools.
    pub noise: Vec<bool>,
    /// That one step fools.
    pub one_step: Vec<bool>,
    /// That PGD fools.
    pub pgd: Vec<bool>,
    /// That Auto-PGD fools, by each loss that was climbed.
    pub apgd: Vec<(ApgdLoss, Vec<bool>)>,
    /// That Square fools, where it was run.
    pub square: Option<Vec<bool>>,
    /// PGD's first walk, twice as long as what counts.
    pub trace: Trace,
}

impl AtSize {
    /// Counts what is wrong without an attack (not `right`) as fooled by each:
    /// an attack may leave an image as it is.
    pub fn leave_as_they_are(&mut self, right: &[bool]) {
        let lists = [&mut self.noise, &mut self.one_step, &mut self.pgd];
        let apgd = self.apgd.iter_mut().map(|(_, fooled)| fooled);
        for fooled in lists.into_iter().chain(apgd).chain(self.square.as_mut()) {
            fooled.iter_mut().zip(right).for_each(|(fooled, right)| *fooled |= !right);
        }
        for first in [&mut self.trace.fooled_at, &mut self.trace.fooled_in] {
            let wrong = first.iter_mut().zip(right).filter(|(_, right)| !**right);
            wrong.for_each(|(first, _)| *first = Some(0));
        }
    }

    /// That PGD or Auto-PGD fools: all that follow gradients over many steps.
    fn gradient(&self) -> Vec<bool> {
        let mut all = self.pgd.clone();
        for (_, fooled) in &self.apgd {
            all.iter_mut().zip(fooled).for_each(|(all, fooled)| *all |= fooled);
        }
        all
    }

    fn by(&self, loss: ApgdLoss) -> Option<&[bool]> {
        self.apgd.iter().find(|(of, _)| *of == loss).map(|(_, fooled)| fooled.as_slice())
    }
}

/// The chance of `only` or more heads in `only + other` throws of a fair coin.
pub fn sign_test(only: u64, other: u64) -> f64 {
    let n = only + other;
    // log C(n, k) − n log 2, from k = 0 on.
    let mut log = -(n as f64) * 2f64.ln();
    let mut sum = 0.0;
    for k in 0..=n {
        if k >= only {
            sum += log.exp();
        }
        log += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
    }
    sum.min(1.0)
}

/// Every sign, over all of `sizes` (rising), whose walks count up to `steps`.
/// `free` says whether an image can become any other at the largest: no
/// classifier of two classes or more can be right there, however sound.
pub fn masking(sizes: &[AtSize], steps: u64, free: bool) -> Vec<MaskingCheck> {
    let pairs = |sign, of: &dyn Fn(&AtSize) -> Option<Pair>| {
        of_pairs(sign, sizes.iter().filter_map(|at| Some((at.eps, of(at)?))).collect())
    };
    let against = |first: &[bool], at: &AtSize| Pair::of(first, &at.gradient());
    let mut checks = vec![
        pairs(MaskingSign::BlackBoxBetter, &|at| {
            at.square.as_ref().map(|square| against(square, at))
        }),
        pairs(MaskingSign::OneStepBetter, &|at| Some(against(&at.one_step, at))),
        pairs(MaskingSign::NoiseBetter, &|at| Some(against(&at.noise, at))),
        not_zero(sizes, free),
        goes_on(sizes, steps),
        rises(sizes, steps),
        falls(sizes, steps),
    ];
    if sizes.iter().any(|at| !at.apgd.is_empty()) {
        let better = pgd_weaker(sizes);
        checks.push(of_pairs(MaskingSign::PgdWeaker, better));
        checks.push(pairs(MaskingSign::DlrBetter, &|at| {
            Some(Pair::of(at.by(ApgdLoss::Dlr)?, at.by(ApgdLoss::CrossEntropy)?))
        }));
    }
    checks
}

/// Auto-PGD by each loss and Square, each alone against PGD: taken together
/// they would find more by having more tries.
fn pgd_weaker(sizes: &[AtSize]) -> Vec<(f64, Pair)> {
    let of = |at: &AtSize| {
        let apgd = at.apgd.iter().map(|(_, fooled)| fooled);
        let rivals = apgd.chain(at.square.as_ref());
        rivals.map(|fooled| (at.eps, Pair::of(fooled, &at.pgd))).collect::<Vec<_>>()
    };
    sizes.iter().flat_map(of).collect()
}

/// Two attacks on the same images.
struct Pair {
    accuracy: (f64, f64),
    only: (u64, u64),
    p: f64,
}

impl Pair {
    fn of(first: &[bool], second: &[bool]) -> Self {
        let n = first.len().max(1) as f64;
        let right = |fooled: &[bool]| fooled.iter().filter(|f| !**f).count() as f64 / n;
        let count = |wanted: (bool, bool)| {
            first.iter().zip(second).filter(|&(&a, &b)| (a, b) == wanted).count() as u64
        };
        let only = (count((true, false)), count((false, true)));
        Self { accuracy: (right(first), right(second)), only, p: sign_test(only.0, only.1) }
    }
}

fn nothing(sign: MaskingSign) -> MaskingCheck {
    MaskingCheck {
        sign,
        verdict: MaskingVerdict::NotJudged,
        eps: None,
        found: None,
        against: None,
        only: None,
        p: None,
        flagged: Vec::new(),
    }
}

fn verdict(flagged: &[f64]) -> MaskingVerdict {
    if flagged.is_empty() { MaskingVerdict::Clear } else { MaskingVerdict::Flagged }
}

/// By the size with the smallest chance, the first of equals.
fn of_pairs(sign: MaskingSign, pairs: Vec<(f64, Pair)>) -> MaskingCheck {
    let mut flagged: Vec<f64> =
        pairs.iter().filter(|(_, pair)| pair.p < LEVEL).map(|(eps, _)| *eps).collect();
    flagged.dedup();
    let clearest = pairs.iter().min_by(|a, b| a.1.p.total_cmp(&b.1.p));
    let Some((eps, pair)) = clearest else {
        return nothing(sign);
    };
    MaskingCheck {
        verdict: verdict(&flagged),
        eps: Some(*eps),
        found: Some(pair.accuracy.0),
        against: Some(pair.accuracy.1),
        only: Some(pair.only),
        p: Some(pair.p),
        flagged,
        ..nothing(sign)
    }
}

fn not_zero(sizes: &[AtSize], free: bool) -> MaskingCheck {
    let last = sizes.last();
    last.map_or_else(|| nothing(MaskingSign::NotZero), |at| left(at.eps, &at.gradient(), free))
}

/// What is left of images at a size that does or does not free them.
fn left(eps: f64, fooled: &[bool], free: bool) -> MaskingCheck {
    let right = fooled.iter().filter(|f| !**f).count();
    let flagged = if free && right > 0 { vec![eps] } else { Vec::new() };
    MaskingCheck {
        verdict: if free || right == 0 { verdict(&flagged) } else { MaskingVerdict::NotJudged },
        eps: Some(eps),
        found: Some(right as f64 / fooled.len().max(1) as f64),
        against: Some(0.0),
        flagged,
        ..nothing(MaskingSign::NotZero)
    }
}

/// A walk goes on fooling images past its last step.
fn goes_on(sizes: &[AtSize], steps: u64) -> MaskingCheck {
    let sign = MaskingSign::NotConverged;
    let further = |at: &AtSize| {
        let late = |first: &&u64| **first > steps && **first <= 2 * steps;
        at.trace.fooled_at.iter().flatten().filter(late).count() as u64
    };
    let share = |at: &AtSize| further(at) as f64 / at.trace.fooled_at.len().max(1) as f64;
    let flagged: Vec<f64> =
        sizes.iter().filter(|at| share(at) > FURTHER).map(|at| at.eps).collect();
    // Of equals the first, as everywhere.
    let Some(at) = sizes.iter().rev().max_by(|a, b| share(a).total_cmp(&share(b))) else {
        return nothing(sign);
    };
    MaskingCheck {
        verdict: verdict(&flagged),
        eps: Some(at.eps),
        found: Some(at.trace.accuracy(2 * steps)),
        against: Some(at.trace.accuracy(steps)),
        only: Some((further(at), 0)),
        flagged,
        ..nothing(sign)
    }
}

/// What attacks on a purified network did, an entry an image: which were fooled
/// in the final check.
#[derive(Debug)]
pub struct Behind {
    /// The size, where pixels go from 0 to 1.
    pub eps: f64,
    /// By the gradient attack.
    pub gradient: Vec<bool>,
    /// By Square, where it was run.
    pub square: Option<Vec<bool>>,
    /// By the gradient attack with twice the steps, with draws of its own.
    pub twice: Vec<bool>,
    /// By the gradient attack at a size that makes any image any other.
    pub free: (f64, Vec<bool>),
}

/// The signs that can be looked for behind a purifier, whose noise leaves no
/// walk to look along.
pub fn masking_behind(found: &Behind) -> Vec<MaskingCheck> {
    let pair =
        |sign, first: &[bool]| of_pairs(sign, vec![(found.eps, Pair::of(first, &found.gradient))]);
    let square = MaskingSign::BlackBoxBetter;
    vec![
        found.square.as_ref().map_or_else(|| nothing(square), |fooled| pair(square, fooled)),
        left(found.free.0, &found.free.1, true),
        pair(MaskingSign::NotConverged, &found.twice),
    ]
}

/// A walk goes on climbing past its last step while images are still right.
fn rises(sizes: &[AtSize], steps: u64) -> MaskingCheck {
    let rise = |at: &AtSize| {
        let [start, half, full] = [0, steps, 2 * steps].map(|step| loss(at, step));
        let gain = full - half;
        let share = gain / (half - start).abs();
        let open = at.trace.accuracy(steps) > 0.0;
        let there = open && gain > 0.0 && (share.is_nan() || share > RISE);
        (at.eps, if open { share } else { f64::NEG_INFINITY }, there, full, half)
    };
    of_losses(MaskingSign::LossRises, sizes.iter().map(rise).collect())
}

/// More steps should never lead down while images are still right. One that is
/// fooled is no longer led anywhere in particular.
fn falls(sizes: &[AtSize], steps: u64) -> MaskingCheck {
    let fall = |at: &AtSize| {
        let (last, first) = (loss(at, steps), loss(at, 1));
        let open = at.trace.accuracy(steps) > 0.0;
        let lost = if open { first - last } else { f64::NEG_INFINITY };
        (at.eps, lost, open && last < first, last, first)
    };
    of_losses(MaskingSign::LossFalls, sizes.iter().map(fall).collect())
}

fn loss(at: &AtSize, step: u64) -> f64 {
    at.trace.loss.get(step as usize).copied().unwrap_or(f64::NAN)
}

/// From (size, how clear, whether there, found, against).
fn of_losses(sign: MaskingSign, all: Vec<(f64, f64, bool, f64, f64)>) -> MaskingCheck {
    let flagged: Vec<f64> = all.iter().filter(|at| at.2).map(|at| at.0).collect();
    let among = all.iter().filter(|at| at.2 || flagged.is_empty());
    let Some(&(eps, _, _, found, against)) = among.max_by(|a, b| a.1.total_cmp(&b.1)) else {
        return nothing(sign);
    };
    let finite = |value: f64| value.is_finite().then_some(value);
    MaskingCheck {
        verdict: verdict(&flagged),
        eps: Some(eps),
        found: finite(found),
        against: finite(against),
        flagged,
        ..nothing(sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(eps: f64, pgd: &[bool], square: &[bool], loss: &[f64]) -> AtSize {
        let fooled_at = pgd.iter().map(|fooled| fooled.then_some(1)).collect();
        AtSize {
            eps,
            noise: vec![false; pgd.len()],
            one_step: pgd.to_vec(),
            pgd: pgd.to_vec(),
            apgd: Vec::new(),
            square: Some(square.to_vec()),
            trace: Trace { loss: loss.to_vec(), fooled_at, fooled_in: Vec::new() },
        }
    }

    fn of(checks: &[MaskingCheck], sign: MaskingSign) -> MaskingCheck {
        checks.iter().find(|check| check.sign == sign).cloned().expect("every sign is judged")
    }

    #[test]
    fn the_sign_test_is_that_of_the_hand() {
        // 7 of 7: 1/128. 3 of 4: 5/16.
        assert!((sign_test(7, 0) - 1.0 / 128.0).abs() < 1e-15);
        assert!((sign_test(3, 1) - 5.0 / 16.0).abs() < 1e-15);
        assert!((sign_test(0, 0) - 1.0).abs() < 1e-15);
        assert!((sign_test(0, 900) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_black_box_that_finds_more_is_flagged_with_its_numbers() {
        let (mut pgd, mut square) = (vec![false; 20], vec![false; 20]);
        pgd[0] = true;
        square[1..9].fill(true);
        let checks = masking(&[at(0.1, &pgd, &square, &[1.0, 2.0, 2.1, 2.1, 2.1])], 2, false);
        let black = of(&checks, MaskingSign::BlackBoxBetter);
        assert_eq!(black.verdict, MaskingVerdict::Clear, "8 against 1 has a chance of 0.02");
        assert_eq!((black.found, black.against, black.only), (Some(0.6), Some(0.95), Some((8, 1))));
        square[0] = true;
        let checks = masking(&[at(0.1, &pgd, &square, &[1.0, 2.0, 2.1, 2.1, 2.1])], 2, false);
        let black = of(&checks, MaskingSign::BlackBoxBetter);
        assert_eq!((black.verdict, black.flagged), (MaskingVerdict::Flagged, vec![0.1]));
        assert_eq!(of(&checks, MaskingSign::OneStepBetter).verdict, MaskingVerdict::Clear);
        assert_eq!(of(&checks, MaskingSign::NotZero).verdict, MaskingVerdict::NotJudged);
        assert_eq!(of(&checks, MaskingSign::LossRises).verdict, MaskingVerdict::Clear);
    }

    #[test]
    fn a_black_box_that_beats_pgd_alone_is_a_sign_that_pgd_was_weak() {
        let (mut pgd, mut square, mut ce) = (vec![false; 20], vec![false; 20], vec![false; 20]);
        pgd[0] = true;
        square[..10].fill(true);
        ce[..12].fill(true);
        let loss = [1.0, 2.0, 2.1, 2.1, 2.1];
        let both = |apgd| masking(&[AtSize { apgd, ..at(0.1, &pgd, &square, &loss) }], 2, false);
        let alone = both(Vec::new());
        assert_eq!(of(&alone, MaskingSign::BlackBoxBetter).verdict, MaskingVerdict::Flagged);
        assert!(alone.iter().all(|check| !check.sign.is_of_a_weak_attack()));
        let checks = both(vec![(ApgdLoss::CrossEntropy, ce.clone())]);
        let black = of(&checks, MaskingSign::BlackBoxBetter);
        assert_eq!((black.verdict, black.against), (MaskingVerdict::Clear, Some(0.4)));
        let weak = of(&checks, MaskingSign::PgdWeaker);
        assert_eq!((weak.verdict, weak.only), (MaskingVerdict::Flagged, Some((11, 0))));
        assert_eq!(weak.flagged, [0.1], "once, though two attacks beat it");
        let dlr = of(&checks, MaskingSign::DlrBetter);
        assert_eq!(dlr.verdict, MaskingVerdict::NotJudged, "nothing climbed DLR");
        let checks = both(vec![(ApgdLoss::CrossEntropy, pgd.clone()), (ApgdLoss::Dlr, ce)]);
        let dlr = of(&checks, MaskingSign::DlrBetter);
        assert_eq!((dlr.verdict, dlr.only), (MaskingVerdict::Flagged, Some((11, 0))));
    }

    #[test]
    fn images_left_at_a_size_that_frees_them_and_bent_losses_are_flagged() {
        let sizes = [
            at(0.1, &[true, false], &[true, false], &[1.0, 2.0, 3.0, 3.5, 4.0]),
            at(1.0, &[true, false], &[true, true], &[1.0, 5.0, 3.0, 3.0, 3.0]),
        ];
        let checks = masking(&sizes, 2, true);
        let zero = of(&checks, MaskingSign::NotZero);
        assert_eq!((zero.verdict, zero.found), (MaskingVerdict::Flagged, Some(0.5)));
        let rises = of(&checks, MaskingSign::LossRises);
        assert_eq!((rises.flagged, rises.found, rises.against), (vec![0.1], Some(4.0), Some(3.0)));
        let falls = of(&checks, MaskingSign::LossFalls);
        assert_eq!((falls.flagged, falls.found, falls.against), (vec![1.0], Some(3.0), Some(5.0)));
        // Where no image is right any more its loss may go where it will.
        let all = at(1.0, &[true, true], &[true, true], &[1.0, 5.0, 3.0, 3.0, 3.0]);
        let falls = of(&masking(&[all], 2, true), MaskingSign::LossFalls);
        assert_eq!(falls.verdict, MaskingVerdict::Clear);
    }

    #[test]
    fn a_walk_that_goes_on_fooling_is_flagged_by_its_share_of_the_images() {
        let walk = |late: usize| {
            let mut of = at(0.1, &[false; 200], &[false; 200], &[1.0; 5]);
            of.trace.fooled_at = (0..200).map(|i| (i < late + 50).then_some(4)).collect();
            of.trace.fooled_at[..50].fill(Some(2));
            of
        };
        let found = of(&masking(&[walk(2)], 2, false), MaskingSign::NotConverged);
        assert_eq!(
            (found.verdict, found.only, found.p),
            (MaskingVerdict::Clear, Some((2, 0)), None)
        );
        let found = of(&masking(&[walk(2), walk(3)], 2, false), MaskingSign::NotConverged);
        assert_eq!((found.verdict, found.only), (MaskingVerdict::Flagged, Some((3, 0))));
        assert_eq!((found.found, found.against), (Some(147.0 / 200.0), Some(0.75)));
    }

    #[test]
    fn behind_a_purifier_three_signs_are_looked_for() {
        let mut few = vec![false; 20];
        few[..2].fill(true);
        let mut many = vec![false; 20];
        many[..12].fill(true);
        let found = Behind {
            eps: 0.1,
            gradient: few.clone(),
            square: Some(many.clone()),
            twice: few,
            free: (0.5, many),
        };
        let checks = masking_behind(&found);
        let verdicts: Vec<MaskingVerdict> = checks.iter().map(|check| check.verdict).collect();
        use MaskingVerdict::{Clear, Flagged};
        assert_eq!(verdicts, [Flagged, Flagged, Clear]);
        assert_eq!((checks[0].only, checks[1].found), (Some((10, 0)), Some(0.4)));
        let blind = masking_behind(&Behind { square: None, ..found });
        assert_eq!(blind[0].verdict, MaskingVerdict::NotJudged);
    }
}
