//! The validation split.

use jem_core::random::{At, Stream};

/// Rows for training and for validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Rows to train on.
    pub training: Vec<i64>,
    /// Rows held out.
    pub validation: Vec<i64>,
}

/// Splits `n` rows by the stream `validation split` of `seed`: the first
/// `validation` of a permutation are held out, the next `limit` (all, if
/// unset) are trained on.
pub fn split(n: usize, validation: u64, limit: Option<u64>, seed: u64) -> Part {
    let order = Stream::new(seed, "validation split").permutation(At::step(0), n);
    let held_out = (validation as usize).min(n);
    let left = n - held_out;
    let used = limit.map_or(left, |limit| left.min(limit as usize));
    Part {
        validation: order[..held_out].to_vec(),
        training: order[held_out..held_out + used].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_do_not_meet_and_a_limit_takes_nothing_from_validation() {
        let whole = split(100, 20, None, 1);
        let limited = split(100, 20, Some(5), 1);
        assert_eq!(whole.validation, limited.validation);
        assert_eq!(whole.training[..5], limited.training);
        let mut all: Vec<i64> = whole.training.into_iter().chain(whole.validation).collect();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }
}
