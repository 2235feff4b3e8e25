//! Which values a metric can have.

/// The values that a metric can have, ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// From the first to the second.
    Between(i8, i8),
    /// This and everything above.
    From(i8),
    /// Every number.
    #[default]
    Any,
}

impl Range {
    /// Shares and probabilities.
    pub const UNIT: Self = Self::Between(0, 1);
    /// Differences of two shares.
    pub const SIGNED: Self = Self::Between(-1, 1);
    /// Counts, lengths, spreads.
    pub const NON_NEGATIVE: Self = Self::From(0);

    /// The lowest and the highest value, where there are such.
    pub fn ends(self) -> (Option<f64>, Option<f64>) {
        match self {
            Self::Between(low, high) => (Some(low.into()), Some(high.into())),
            Self::From(low) => (Some(low.into()), None),
            Self::Any => (None, None),
        }
    }

    /// The value of the range that is nearest to `value`; NaN stays NaN.
    pub fn nearest(self, value: f64) -> f64 {
        let (low, high) = self.ends();
        let value = low.map_or(value, |low| if value < low { low } else { value });
        high.map_or(value, |high| if value > high { high } else { value })
    }

    /// The range of the difference of two values of this one.
    pub fn of_differences(self) -> Self {
        match self {
            Self::Between(low, high) => {
                let width = high.saturating_sub(low);
                Self::Between(-width, width)
            }
            Self::From(_) | Self::Any => Self::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_beyond_an_end_is_moved_to_it() {
        assert_eq!([-0.5, 0.25, 1.5].map(|v| Range::UNIT.nearest(v)), [0.0, 0.25, 1.0]);
        assert_eq!([-0.5, 1e9].map(|v| Range::NON_NEGATIVE.nearest(v)), [0.0, 1e9]);
        assert_eq!(Range::Any.nearest(-1e300), -1e300);
        assert!(Range::UNIT.nearest(f64::NAN).is_nan());
    }

    #[test]
    fn two_shares_differ_by_one_at_most() {
        assert_eq!(Range::UNIT.of_differences(), Range::SIGNED);
        assert_eq!(Range::SIGNED.of_differences(), Range::Between(-2, 2));
        assert_eq!(Range::NON_NEGATIVE.of_differences(), Range::Any);
    }
}
