//! The validation split.

use jem_core::random::{At, Stream};

use super::{in_proportion, places};

/// Rows for training and for validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Rows to train on.
    pub training: Vec<i64>,
    /// Rows held out.
    pub validation: Vec<i64>,
}

/// Splits the rows with these `labels` by the stream `validation split` of
/// `seed`: the first `validation` of a permutation are held out. Of the rest
/// `limit` are trained on, in proportion to their classes, the first of each
/// class in that permutation; all, in its order, if unset.
pub fn split(labels: &[u8], validation: u64, limit: Option<u64>, seed: u64) -> Part {
    let order = Stream::new(seed, "validation split").permutation(At::step(0), labels.len());
    let (held_out, left) = order.split_at((validation as usize).min(labels.len()));
    let training = match limit.map(|limit| limit as usize).filter(|&limit| limit < left.len()) {
        Some(limit) => in_proportion(left, labels, limit),
        None => left.to_vec(),
    };
    Part { training, validation: held_out.to_vec() }
}

/// At most `limit` (all, if unset) of the rows that [`split`] holds out: a draw
/// in proportion to the classes from the stream `limit held-out` of seed 0, in
/// the order in which they are held out.
pub fn held_out(labels: &[u8], validation: u64, limit: Option<u64>, seed: u64) -> Vec<i64> {
    let rows = split(labels, validation, None, seed).validation;
    match limit.map(|limit| limit as usize).filter(|&limit| limit < rows.len()) {
        Some(limit) => {
            let of: Vec<u8> = rows.iter().map(|&row| labels[row as usize]).collect();
            places(&of, limit, "held-out").iter().map(|&place| rows[place as usize]).collect()
        }
        None => rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 rows in class order: 70 of class 0, 20 of class 1, 10 of class 2.
    fn labels() -> Vec<u8> {
        (0..100).map(|row| if row < 70 { 0 } else { 1 + u8::from(row >= 90) }).collect()
    }

    fn counts(rows: &[i64]) -> [usize; 3] {
        let labels = labels();
        [0, 1, 2].map(|class| rows.iter().filter(|&&row| labels[row as usize] == class).count())
    }

    #[test]
    fn the_parts_do_not_meet_and_a_limit_takes_nothing_from_validation() {
        let whole = split(&labels(), 20, None, 1);
        let limited = split(&labels(), 20, Some(10), 1);
        assert_eq!(whole.validation, limited.validation);
        assert!(limited.training.iter().all(|row| whole.training.contains(row)));
        assert_eq!(split(&labels(), 20, Some(4), 1).training, limited.training[..4]);
        let mut all: Vec<i64> = whole.training.into_iter().chain(whole.validation).collect();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_limited_training_has_the_classes_in_their_proportion() {
        for seed in 0..5 {
            assert_eq!(counts(&split(&labels(), 0, Some(10), seed).training), [7, 2, 1]);
        }
        assert_ne!(split(&labels(), 0, Some(10), 0), split(&labels(), 0, Some(10), 1));
    }

    #[test]
    fn held_out_rows_are_limited_in_proportion_and_without_a_limit_all() {
        let all = split(&labels(), 50, None, 3).validation;
        assert_eq!(held_out(&labels(), 50, None, 3), all);
        let few = held_out(&labels(), 50, Some(10), 3);
        assert!(few.iter().all(|row| all.contains(row)));
        let shares = counts(&all).map(|n| n as f64 / 5.0);
        for (found, share) in counts(&few).into_iter().zip(shares) {
            assert!((found as f64 - share).abs() < 1.0, "{found} {share}");
        }
    }
}
