//! Which training examples are labelled.

use jem_core::random::{At, Stream};
use jem_core::spec::Labels;

/// Of the examples with these `labels`, the places of those that are labelled
/// by `rule`, rising: from each class the first so many of a permutation from
/// the stream `labelled` of `seed` at the class's number, so that a larger
/// budget holds a smaller one. A class with fewer has all labelled.
pub fn labelled(labels: &[i64], classes: usize, rule: Labels, seed: u64) -> Vec<i64> {
    let stream = Stream::new(seed, "labelled");
    let mut chosen = Vec::new();
    for class in 0..classes {
        let members: Vec<i64> = (0i64..)
            .zip(labels)
            .filter_map(|(place, label)| (*label == class as i64).then_some(place))
            .collect();
        let n = members.len();
        let wanted = match rule {
            Labels::PerClass(count) => count as usize,
            Labels::Fraction(part) => ((part * n as f64).round() as usize).max(1),
        };
        let order = stream.permutation(At::step(class as u64), n);
        chosen.extend(order.iter().take(wanted).map(|&i| members[i as usize]));
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<i64> {
        // 60 of class 0, 30 of class 1, 3 of class 2, none of class 3.
        (0..93).map(|i| if i % 31 == 0 { 2 } else { i64::from(i % 3 == 0) }).collect()
    }

    fn counts(chosen: &[i64]) -> Vec<usize> {
        let all = labels();
        let of = |class| chosen.iter().filter(|&&i| all[i as usize] == class).count();
        (0..4).map(of).collect()
    }

    #[test]
    fn every_class_has_its_share_and_at_least_one() {
        let all = labels();
        let class = |class| all.iter().filter(|&&label| label == class).count();
        let share = |part: f64, class: usize| (part * class as f64).round() as usize;
        let chosen = labelled(&all, 4, Labels::Fraction(0.1), 0);
        assert_eq!(counts(&chosen), [share(0.1, class(0)), share(0.1, class(1)), 1, 0]);
        assert_eq!(counts(&labelled(&all, 4, Labels::PerClass(5), 0)), [5, 5, 3, 0]);
    }

    #[test]
    fn a_larger_budget_holds_a_smaller_one_and_seeds_differ() {
        let all = labels();
        let small = labelled(&all, 4, Labels::PerClass(2), 1);
        let large = labelled(&all, 4, Labels::PerClass(6), 1);
        assert!(small.iter().all(|place| large.contains(place)));
        assert_ne!(small, labelled(&all, 4, Labels::PerClass(2), 2));
        assert!(large.is_sorted_by(|a, b| a < b));
    }
}
