//! Against scipy and statsmodels, by hand, and where there is nothing to test.

use serde_json::Value;

use super::*;

const EXPECTED: &str = include_str!("../../tests/fixtures/significance/expected.json");

/// Both sides compute in double precision by other series.
const TOLERANCE: f64 = 1e-9;

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= TOLERANCE * expected.abs().max(1e-6)
}

fn expected(which: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(EXPECTED).expect("the fixture is JSON");
    all[which].as_array().expect("a list").clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|n| n.as_f64().expect("a number")).collect()
}

fn by_seed(value: &Value) -> Vec<(u64, f64)> {
    numbers(value).into_iter().enumerate().map(|(seed, value)| (seed as u64, value)).collect()
}

fn family(case: &Value) -> Family {
    let sides = [&case["one"], &case["other"]].map(|side| side.as_array().expect("a list"));
    let pairs = sides[0].iter().zip(sides[1]);
    Family::of(pairs.map(|(one, other)| Paired::of(&by_seed(one), &by_seed(other))).collect())
}

fn of(values: &[f64]) -> Paired {
    let all = values.iter().enumerate().map(|(seed, value)| (seed as u64, *value));
    Paired::from_differences(all.collect())
}

#[test]
fn t_tests_are_those_of_scipy_and_their_correction_that_of_statsmodels() {
    for case in expected("t") {
        let found = family(&case);
        assert_eq!((found.method, found.size), (Method::PairedT, found.tests.len()));
        let (p, corrected) = (numbers(&case["p"]), numbers(&case["corrected"]));
        let (half, critical) = (numbers(&case["half_width"]), case["critical"].as_f64());
        for (place, test) in found.tests.iter().enumerate() {
            assert!(close(test.p.expect("tested"), p[place]), "{test:?} {}", p[place]);
            assert!(close(test.corrected.expect("tested"), corrected[place]), "{test:?}");
            assert!(close(test.paired.half_width().expect("spread"), half[place]), "{test:?}");
            let error = test.paired.standard_error().expect("spread");
            let detectable = critical.expect("a number") * error;
            assert!(close(test.detectable.expect("tested"), detectable), "{test:?}");
            assert_eq!(test.outcome.is_claimed(), corrected[place] <= LEVEL, "{test:?}");
        }
    }
}

#[test]
fn sign_flips_are_those_of_scipy_and_their_correction_goes_down_step_by_step() {
    for case in expected("flips") {
        let found = family(&case);
        assert_eq!(found.method, Method::SignFlip);
        let (p, corrected) = (numbers(&case["p"]), numbers(&case["corrected"]));
        for (place, test) in found.tests.iter().enumerate() {
            // Counts over 2ⁿ, so equal to the bit.
            assert_eq!(test.p, Some(p[place]), "{test:?}");
            assert_eq!(test.corrected, Some(corrected[place]), "{test:?}");
        }
        assert!(found.tests[0].outcome.is_claimed(), "the largest shift is seen");
    }
}

#[test]
fn signs_are_flipped_from_six_seeds_on_where_a_corrected_value_can_be_below_the_level() {
    for n in 3..=20 {
        let values: Vec<f64> = (0..n).map(|seed| 1.0 + 0.01 * seed as f64).collect();
        let found = Family::of(vec![of(&values), of(&values)]);
        let flipped = (FEWEST_FLIPPED..=MOST_FLIPPED).contains(&n);
        assert_eq!(found.method == Method::SignFlip, flipped, "{n}");
        assert!(found.tests[0].outcome == Outcome::Higher, "{n}: {:?}", found.tests[0]);
    }
    assert!(2.0 / 2f64.powi(FEWEST_FLIPPED as i32) < LEVEL);
    assert!(2.0 / 2f64.powi(FEWEST_FLIPPED as i32 - 1) > LEVEL);
    // One comparison with fewer seeds could not be claimed by flips.
    let few = of(&[1.0, 1.1, 0.9, 1.05, 1.0]);
    let many = of(&[1.0, 1.1, 0.9, 1.05, 1.0, 1.02]);
    assert_eq!(Family::of(vec![few, many]).method, Method::PairedT);
}

#[test]
fn what_has_no_spread_is_claimed_by_flips_alone() {
    let steps = of(&[0.01; 5]);
    let found = Family::of(vec![steps, of(&[0.0; 5])]);
    let outcomes: Vec<Outcome> = found.tests.iter().map(|test| test.outcome).collect();
    assert_eq!(outcomes, [Outcome::Constant, Outcome::Equal]);
    // They count, so that leaving them out is no way to a smaller family.
    assert_eq!((found.size, found.tests[0].corrected), (2, Some(1.0)));
    let six = Family::of(vec![of(&[0.01; 6]), of(&[0.0; 6])]);
    assert_eq!(six.tests[0].outcome, Outcome::Higher);
    assert_eq!((six.tests[0].corrected, six.tests[1].outcome), (Some(2.0 / 64.0), Outcome::Equal));
    // Equal but for the rounding of a subtraction.
    let rounded = of(&[0.95 - 0.9, 0.85 - 0.8, 0.35 - 0.3, 0.06 - 0.01]);
    assert!(rounded.is_constant() && rounded.standard_error() == Some(0.0));
}

#[test]
fn fewer_than_three_shared_seeds_are_no_test_and_in_no_family() {
    let found = Family::of(vec![of(&[0.5, 0.6]), of(&[]), of(&[0.0, 0.0])]);
    let outcomes: Vec<Outcome> = found.tests.iter().map(|test| test.outcome).collect();
    assert_eq!(outcomes, [Outcome::NoTest, Outcome::NoTest, Outcome::Equal]);
    assert_eq!((found.method, found.size), (Method::None, 0));
    let with = Family::of(vec![of(&[0.5, 0.6]), of(&[0.5, 0.6, 0.55])]);
    assert_eq!((with.size, with.tests[0].p), (1, None));
    assert_eq!(with.method_in_words(), "paired t tests over 3 seeds, Holm-corrected over 1 test");
}

#[test]
fn only_shared_seeds_count() {
    let one = [(0, 1.0), (1, 2.0), (3, 5.0), (4, f64::NAN)];
    let other = [(4, 1.0), (3, 1.0), (1, 1.0), (2, 9.0)];
    let found = Paired::of(&one, &other);
    assert_eq!(found.differences(), [(1, 1.0), (3, 4.0)]);
    assert_eq!((found.n(), found.mean()), (2, Some(2.5)));
    let mean = Paired::mean_of(&[found, Paired::default(), of(&[0.0, 3.0])]);
    assert_eq!(mean.differences(), [(1, 2.0)]);
}

#[test]
fn a_detectable_difference_is_one_that_would_have_been_claimed() {
    let noise = [0.010, -0.012, 0.004, -0.007, 0.002, 0.001, -0.003, 0.006];
    for n in [5, 8] {
        let at = |shift: f64| -> Vec<Paired> {
            let values: Vec<f64> = noise[..n].iter().map(|value| value + shift).collect();
            let still: Vec<f64> = noise[..n].iter().rev().copied().collect();
            vec![of(&values), of(&still)]
        };
        let error = at(0.0)[0].standard_error().expect("spread");
        let centre = at(0.0)[0].mean().expect("a mean");
        let test = |shift| Family::of(at(shift)).tests[0].clone();
        assert_eq!(test(0.0).outcome, Outcome::Unclear);
        // The critical |t| of t tests does not depend on the values; that of
        // flips does, so it is asked of a family with a large shift.
        let detectable = test(1.0).detectable.expect("tested");
        assert!(detectable > 2.0 * error, "{detectable}");
        assert_eq!(test(1.01 * detectable - centre).outcome, Outcome::Higher, "{n}");
        if n == 5 {
            assert_eq!(test(0.99 * detectable - centre).outcome, Outcome::Unclear);
        }
    }
}

#[test]
fn shares_against_a_constant_are_tested_as_logits_and_shown_as_they_are() {
    let one = [(2, 0.9), (0, 0.99), (1, 0.95)];
    let constant = [(0, 0.8), (1, 0.8), (2, 0.8)];
    let logits = Paired::of_logits(&one, &constant);
    assert_eq!(logits.differences(), Paired::of(&one, &constant).differences());
    let logit = |share: f64| (share / (1.0 - share)).ln();
    let by_hand = of(&[0.99, 0.95, 0.9].map(|share| logit(share) - logit(0.8)));
    let (found, expected) = (Family::of(vec![logits]), Family::of(vec![by_hand]));
    assert!(close(found.tests[0].p.expect("tested"), expected.tests[0].p.expect("tested")));
    // A share of 1 has no logit.
    let at_the_end = Paired::of_logits(&[(0, 1.0), (1, 0.9), (2, 0.95)], &constant);
    assert_eq!(at_the_end, Paired::of(&[(0, 1.0), (1, 0.9), (2, 0.95)], &constant));
}
