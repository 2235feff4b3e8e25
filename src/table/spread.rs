//! A few of many places.

/// At most `most` of `all` places, as evenly apart as may be, the first and the
/// last among them.
pub fn spread(all: usize, most: usize) -> Vec<usize> {
    let shown = all.min(most);
    (0..shown).map(|place| place * (all - 1) / (shown - 1).max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_among_those_that_are_shown() {
        assert_eq!(spread(1, 12), [0]);
        assert_eq!(spread(3, 12), [0, 1, 2]);
        let many = spread(50, 12);
        assert_eq!((many.len(), many[0], many[11]), (12, 0, 49));
        assert!(spread(0, 12).is_empty());
        assert_eq!(spread(7, 4), [0, 2, 4, 6]);
        assert_eq!(spread(5, 1), [0]);
    }
}
