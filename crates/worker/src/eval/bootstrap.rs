//! Intervals of AUROC by the bootstrap.

use jem_core::interval::all_of;
use jem_core::random::{At, Stream};

use super::scores::percentile;

/// Scores of one set of inputs by each of several scores.
pub type Scored<'a> = &'a [Vec<f64>];

/// What resamples say of an AUROC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resampled {
    /// The ends of its 95 % interval.
    Ends(f64, f64),
    /// All resamples have the same AUROC, neither 0 nor 1: no interval.
    AllAgree,
}

/// The percentile interval, from 2.5 % to 97.5 %, of the AUROC of each score,
/// over `resamples` draws with replacement of the `id` and of the `ood` inputs
/// (Efron and Tibshirani 1993, chapter 13). `id` and `ood` hold the same
/// scores in the same order; none where one set is empty or a score is not a
/// number.
///
/// Where the sets are apart, every resample says 1 (or 0), which is no sign that
/// other inputs would too. The interval then ends at the bound of Clopper and
/// Pearson for as many pairs, each of inputs of its own, as the smaller set has:
/// all of them were in order. Where all agree on another value, as where all
/// scores are equal, there is no interval.
///
/// All scores of a set see the same draws. ID inputs are drawn from the stream
/// `bootstrap id` of `seed`, the others from `bootstrap <name>`, each at the
/// number of the resample, so that no interval depends on the other sets. Each
/// score is sorted once; a resample is counts of its inputs, and costs n_id +
/// n_ood steps for each score.
pub fn bootstrap_auroc(
    (id, ood): (Scored<'_>, Scored<'_>),
    (seed, name): (u64, &str),
    resamples: u64,
) -> Vec<Option<Resampled>> {
    let size = |scored: Scored<'_>| scored.first().map_or(0, Vec::len);
    let (n_id, n_ood) = (size(id), size(ood));
    let orders: Vec<Option<Order>> =
        id.iter().zip(ood).map(|(id, ood)| Order::new(id, ood)).collect();
    let mut found = vec![Vec::with_capacity(resamples as usize); orders.len()];
    let streams =
        (Stream::new(seed, "bootstrap id"), Stream::new(seed, &format!("bootstrap {name}")));
    let (mut of_id, mut of_ood) = (vec![0u32; n_id], vec![0u32; n_ood]);
    for resample in 0..resamples {
        count(&streams.0, resample, &mut of_id);
        count(&streams.1, resample, &mut of_ood);
        for (order, values) in orders.iter().zip(&mut found) {
            values.extend(order.as_ref().map(|order| order.auroc(&of_id, &of_ood)));
        }
    }
    let pairs = n_id.min(n_ood) as u64;
    let interval = |mut values: Vec<f64>| {
        let (low, high) = (percentile(&mut values, 2.5), percentile(&mut values, 97.5));
        (!values.is_empty()).then(|| with_width(low, high, pairs))
    };
    found.into_iter().map(interval).collect()
}

/// The ends `low` and `high` of an interval, which over so many `pairs` has a
/// width where all resamples say 0 or 1.
fn with_width(low: f64, high: f64, pairs: u64) -> Resampled {
    match (low, high) {
        (1.0, 1.0) => Resampled::Ends(all_of(pairs), 1.0),
        (0.0, 0.0) => Resampled::Ends(0.0, 1.0 - all_of(pairs)),
        (low, high) if low == high => Resampled::AllAgree,
        (low, high) => Resampled::Ends(low, high),
    }
}

/// How often each of `counts` is drawn in as many draws.
fn count(stream: &Stream, resample: u64, counts: &mut [u32]) {
    counts.fill(0);
    let n = counts.len();
    for drawn in stream.with_replacement(At::step(resample), n, n as u32) {
        counts[drawn as usize] += 1;
    }
}

/// The inputs of two sets in the order of one score.
struct Order {
    places: Vec<Place>,
}

/// An input, and whether the next one has a higher score.
struct Place {
    index: u32,
    is_ood: bool,
    ends_tie: bool,
}

impl Order {
    fn new(id: &[f64], ood: &[f64]) -> Option<Self> {
        if id.is_empty() || ood.is_empty() || id.iter().chain(ood).any(|score| score.is_nan()) {
            return None;
        }
        let of = |scores: &[f64], is_ood: bool| -> Vec<(f64, bool, u32)> {
            (0u32..).zip(scores).map(|(index, score)| (*score, is_ood, index)).collect()
        };
        let mut all = of(id, false);
        all.extend(of(ood, true));
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let next = all.iter().skip(1).map(|one| Some(one.0)).chain([None]);
        let places = all
            .iter()
            .zip(next)
            .map(|((score, is_ood, index), next)| Place {
                index: *index,
                is_ood: *is_ood,
                ends_tie: next != Some(*score),
            })
            .collect();
        Some(Self { places })
    }

    /// AUROC where each input counts as often as `id` and `ood` say, ties as
    /// half.
    fn auroc(&self, id: &[u32], ood: &[u32]) -> f64 {
        let (mut twice_won, mut below, mut tied_id, mut tied_ood) = (0u64, 0u64, 0u64, 0u64);
        for place in &self.places {
            match place.is_ood {
                true => tied_ood += u64::from(ood[place.index as usize]),
                false => tied_id += u64::from(id[place.index as usize]),
            }
            if place.ends_tie {
                twice_won += tied_ood * (2 * below + tied_id);
                below += tied_id;
                (tied_id, tied_ood) = (0, 0);
            }
        }
        twice_won as f64 / (2 * id.len() * ood.len()) as f64
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::eval::metric::detection;

    /// Normal scores, rounded so that some are tied.
    fn scores(n: usize, mean: f32, name: &str) -> Vec<f64> {
        let mut values = vec![0f32; n];
        Stream::new(3, name).fill_normal(At::step(0), &mut values);
        values.iter().map(|v| f64::from(((v + mean) * 20.0).round())).collect()
    }

    #[test]
    fn counted_inputs_are_as_good_as_repeated_ones() {
        let (id, ood) = (scores(40, 0.0, "id"), scores(30, 0.5, "ood"));
        let order = Order::new(&id, &ood).unwrap();
        let (mut of_id, mut of_ood) = (vec![0; 40], vec![0; 30]);
        for resample in 0..20 {
            count(&Stream::new(1, "a"), resample, &mut of_id);
            count(&Stream::new(1, "b"), resample, &mut of_ood);
            let repeat = |scores: &[f64], counts: &[u32]| -> Vec<f64> {
                let one = |(s, n): (&f64, &u32)| std::iter::repeat_n(*s, *n as usize);
                scores.iter().zip(counts).flat_map(one).collect()
            };
            let again = detection(&repeat(&id, &of_id), &repeat(&ood, &of_ood)).unwrap();
            assert_eq!(order.auroc(&of_id, &of_ood), again.auroc);
        }
    }

    #[test]
    fn the_interval_is_as_wide_as_hanley_and_mcneil_say() {
        let n = 2000;
        let (id, ood) = (vec![scores(n, 0.0, "id")], vec![scores(n, 1.0, "ood")]);
        let a = detection(&id[0], &ood[0]).unwrap().auroc;
        let found = bootstrap_auroc((&id, &ood), (0, "far"), 400)[0];
        let Some(Resampled::Ends(low, high)) = found else { panic!("{found:?}") };
        assert!(low < a && a < high);
        // Their standard error assumes exponential scores: near to these.
        let (q1, q2) = (a / (2.0 - a), 2.0 * a * a / (1.0 + a));
        let m = (n - 1) as f64;
        let variance = (a * (1.0 - a) + m * (q1 - a * a) + m * (q2 - a * a)) / (n * n) as f64;
        let expected = 2.0 * 1.96 * variance.sqrt();
        assert!(((high - low) / expected - 1.0).abs() < 0.15, "{low} {high} {expected}");
    }

    /// scipy 1.17.1: `binomtest(2, 2).proportion_ci(method="exact").low`.
    #[test]
    fn separated_sets_have_an_interval_of_some_width_and_odd_ones_have_none() {
        let (low, high) = (vec![vec![0.0, 1.0]], vec![vec![2.0, 3.0, 4.0]]);
        let ends =
            |id: &[Vec<f64>], ood: &[Vec<f64>]| match bootstrap_auroc((id, ood), (0, "a"), 10)[0] {
                Some(Resampled::Ends(low, high)) => (low, high),
                other => panic!("{other:?}"),
            };
        let bound = 0.15811388300839305;
        let (from, to) = ends(&low, &high);
        assert!((from - bound).abs() < 1e-12 && to == 1.0, "{from} {to}");
        let (from, to) = ends(&high, &low);
        assert!(from == 0.0 && (to - (1.0 - bound)).abs() < 1e-12, "{from} {to}");
        let equal = vec![vec![1.0, 1.0]];
        assert_eq!(bootstrap_auroc((&equal, &equal), (0, "a"), 10), [Some(Resampled::AllAgree)]);
        assert_eq!(bootstrap_auroc((&low, &[vec![f64::NAN]]), (0, "a"), 10), [None]);
        assert_eq!(bootstrap_auroc((&low, &[vec![]]), (0, "a"), 10), [None]);
        assert_eq!(bootstrap_auroc((&low, &high), (0, "a"), 0), [None]);
    }

    #[test]
    fn an_interval_is_its_own_whatever_else_is_asked() {
        let (id, ood) = (scores(50, 0.0, "id"), scores(50, 0.5, "ood"));
        let alone = bootstrap_auroc(
            (std::slice::from_ref(&id), std::slice::from_ref(&ood)),
            (5, "far"),
            50,
        );
        let beside = bootstrap_auroc((&[ood.clone(), id], &[ood.clone(), ood]), (5, "far"), 50);
        assert_eq!(alone[0], beside[1]);
    }
}
