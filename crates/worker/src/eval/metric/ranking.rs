//! Two groups of inputs ranked by one score, tied inputs taken together.

/// How many inputs of each group share one score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tie {
    /// Inputs that ought to score low.
    pub negatives: u64,
    /// Inputs that ought to score high.
    pub positives: u64,
}

/// Negatives and positives in the order of one score. It is sorted once and
/// answers every rank metric in one pass; all before the last division is in
/// integers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ranking {
    /// One entry per distinct score, the lowest first.
    pub ties: Vec<Tie>,
    /// How many negatives there are in all.
    pub negatives: u64,
    /// How many positives there are in all.
    pub positives: u64,
}

impl Ranking {
    /// Ranks `(score, is_positive)` pairs, none of them NaN. Infinities take
    /// their place at the ends; -0 and +0 are tied.
    pub fn new(scored: impl Iterator<Item = (f64, bool)>) -> Self {
        let mut scored: Vec<(f64, bool)> = scored.collect();
        scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let ties: Vec<Tie> = scored
            .chunk_by(|a, b| a.0 == b.0)
            .map(|tied| {
                let positives = tied.iter().filter(|(_, positive)| *positive).count() as u64;
                Tie { negatives: tied.len() as u64 - positives, positives }
            })
            .collect();
        Self {
            negatives: ties.iter().map(|tie| tie.negatives).sum(),
            positives: ties.iter().map(|tie| tie.positives).sum(),
            ties,
        }
    }

    /// The same inputs by the negated score, each group in the other's place.
    pub fn swapped(&self) -> Self {
        let swap = |tie: &Tie| Tie { negatives: tie.positives, positives: tie.negatives };
        Self {
            ties: self.ties.iter().rev().map(swap).collect(),
            negatives: self.positives,
            positives: self.negatives,
        }
    }

    /// The chance that a positive scores above a negative, a tie counting as
    /// half (Mann and Whitney 1947). Needs both groups.
    pub fn auroc(&self) -> f64 {
        let (mut twice_won, mut below) = (0, 0);
        for tie in &self.ties {
            twice_won += tie.positives * (2 * below + tie.negatives);
            below += tie.negatives;
        }
        twice_won as f64 / (2 * self.negatives * self.positives) as f64
    }

    /// `Σ (recall_i - recall_{i-1}) precision_i` over the distinct scores from
    /// the highest down. Needs positives.
    pub fn average_precision(&self) -> f64 {
        let (mut found, mut flagged, mut sum) = (0, 0, 0.0);
        for tie in self.ties.iter().rev() {
            found += tie.positives;
            flagged += tie.positives + tie.negatives;
            sum += tie.positives as f64 * (found as f64 / flagged as f64);
        }
        sum / self.positives as f64
    }

    /// The share of negatives at or above the highest score at or above which
    /// lie at least 95 % of the positives. Needs both groups.
    pub fn fpr_at_95_recall(&self) -> f64 {
        let (mut found, mut flagged_negatives) = (0, 0);
        for tie in self.ties.iter().rev() {
            found += tie.positives;
            flagged_negatives += tie.negatives;
            // found / positives >= 0.95, in integers.
            if 20 * found >= 19 * self.positives {
                break;
            }
        }
        flagged_negatives as f64 / self.negatives as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_are_the_ends_and_both_zeros_are_one_score() {
        let ranking = Ranking::new(
            [
                (f64::INFINITY, true),
                (0.0, true),
                (f64::NEG_INFINITY, false),
                (-0.0, false),
                (f64::INFINITY, false),
            ]
            .into_iter(),
        );
        let tie = |negatives, positives| Tie { negatives, positives };
        assert_eq!(ranking.ties, [tie(1, 0), tie(1, 1), tie(1, 1)]);
        assert_eq!(ranking.swapped().ties, [tie(1, 1), tie(1, 1), tie(0, 1)]);
        assert_eq!(ranking.swapped().swapped(), ranking);
    }
}
