//! A part of a set, drawn in proportion to its classes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jem_core::dataset::LabelledImages;
use jem_core::random::{At, Stream};
use jem_core::results::ImagesUsed;

use super::picked;

/// Images of a set, and which they are.
#[derive(Clone, Debug)]
pub struct Drawn<'a> {
    /// The images, in the order that they have in the set.
    pub images: Cow<'a, LabelledImages>,
    /// Their places in the set, ascending; none where all of it is used.
    pub rows: Option<Vec<i64>>,
    /// How many images the set has.
    pub of: usize,
}

/// At most `limit` images of `set` (all, if unset): a draw without replacement,
/// in proportion to the classes, by the stream `limit <name>` of seed 0. So it
/// is the same for every trial and for everything that looks at the set, and a
/// smaller draw is part of every larger one. A set whose labels are all alike,
/// as that of one without labels, gives a plain draw.
pub fn drawn<'a>(set: &'a LabelledImages, limit: Option<u64>, name: &str) -> Drawn<'a> {
    let Some(n) = limit.map(|limit| limit as usize).filter(|&n| n < set.len()) else {
        return Drawn { images: Cow::Borrowed(set), rows: None, of: set.len() };
    };
    let rows = places(&set.labels, n, name);
    Drawn { images: Cow::Owned(picked(set, &rows)), rows: Some(rows), of: set.len() }
}

/// The places that [`drawn`] takes of a set with these `labels`, ascending.
pub fn places(labels: &[u8], n: usize, name: &str) -> Vec<i64> {
    let stream = Stream::new(0, &format!("limit {name}"));
    let mut rows = in_proportion(&stream.permutation(At::step(0), labels.len()), labels, n);
    rows.sort_unstable();
    rows
}

/// The first `n` rows of `order`, rearranged so that every class has its share
/// of them; `labels` has the class of each row. Rows of one class stay in their
/// order.
///
/// Each class gets one row first, the largest first. From then on the next row
/// is of that class, among those that have fewer than their share, which would
/// next lack a whole row: the quota method of Balinski and Young (1975). As with
/// largest remainders every class has its exact share rounded up or down,
/// wherever the share of each is at least 1; but there a class may lose a row
/// when `n` rises, and here the rows for a smaller `n` are the first of those for
/// a larger one.
pub fn in_proportion(order: &[i64], labels: &[u8], n: usize) -> Vec<i64> {
    let mut classes: Vec<Class> = classes(order, labels);
    let n = n.min(order.len());
    let total = order.len() as u64;
    let mut chosen = Vec::with_capacity(n);
    for m in 1..=n as u64 {
        let next = match classes.iter().position(|class| class.taken == 0) {
            Some(untouched) => Some(untouched),
            None => most_urgent(&classes, m, total),
        };
        let Some(class) = next.and_then(|place| classes.get_mut(place)) else { break };
        chosen.push(class.rows[class.taken]);
        class.taken += 1;
    }
    chosen
}

/// The rows of one class, and how many of them were taken.
struct Class {
    rows: Vec<i64>,
    taken: usize,
}

/// The classes of the rows of `order`, the largest first.
fn classes(order: &[i64], labels: &[u8]) -> Vec<Class> {
    let mut by_label: BTreeMap<u8, Vec<i64>> = BTreeMap::new();
    for &row in order {
        by_label.entry(labels[row as usize]).or_default().push(row);
    }
    let mut classes: Vec<Class> =
        by_label.into_values().map(|rows| Class { rows, taken: 0 }).collect();
    classes.sort_by_key(|class| std::cmp::Reverse(class.rows.len()));
    classes
}

/// Among the classes with fewer rows than their share of `m`, the one that is
/// the first to lack a whole row; the larger of equals. There always is one,
/// since `m - 1` rows are taken, and it has rows left. In whole numbers, so that
/// nothing is rounded.
fn most_urgent(classes: &[Class], m: u64, total: u64) -> Option<usize> {
    let behind = |class: &Class| (class.taken as u64) * total < m * (class.rows.len() as u64);
    let sooner = |a: &Class, b: &Class| {
        (a.rows.len() as u64) * (b.taken as u64 + 1) > (b.rows.len() as u64) * (a.taken as u64 + 1)
    };
    let known = (0..classes.len()).filter(|&place| behind(&classes[place]));
    known.reduce(|best, one| if sooner(&classes[one], &classes[best]) { one } else { best })
}

impl Drawn<'_> {
    /// What is written down of it: `set` is the name of the set, `purpose` what
    /// looks at the images; nothing where all of the set is used.
    pub fn used(&self, set: &str, purpose: &str) -> Option<ImagesUsed> {
        Some(ImagesUsed::of(set, purpose, self.of, self.rows.as_ref()?))
    }

    /// The same by itself.
    pub fn into_owned(self) -> Drawn<'static> {
        let Drawn { images, rows, of } = self;
        Drawn { images: Cow::Owned(images.into_owned()), rows, of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 600 images in class order: 300 of class 0, 200 of class 1, 90 of class 2
    /// and 10 of class 7. Each image is its own place.
    fn sorted() -> LabelledImages {
        let labels = [(0, 300), (1, 200), (2, 90), (7, 10)];
        let labels: Vec<u8> =
            labels.iter().flat_map(|&(label, n)| std::iter::repeat_n(label, n)).collect();
        let pixels = (0..labels.len()).map(|place| (place % 251) as u8).collect();
        LabelledImages { shape: [1, 1, 1], pixels, labels, pixel_max: 255, classes: 10 }
    }

    fn counts(set: &LabelledImages) -> [usize; 4] {
        [0, 1, 2, 7].map(|label| set.labels.iter().filter(|&&l| l == label).count())
    }

    #[test]
    fn a_limit_below_the_first_class_takes_every_class_in_its_proportion() {
        let set = sorted();
        let few = drawn(&set, Some(60), "test");
        assert_eq!(counts(&few.images), [30, 20, 9, 1]);
        // Shares of 20, 13.3, 6 and .67.
        assert_eq!(counts(&drawn(&set, Some(40), "test").images), [20, 13, 6, 1]);
        // Fewer images than classes: the largest classes; as many: one of each.
        assert_eq!(counts(&drawn(&set, Some(2), "test").images), [1, 1, 0, 0]);
        assert_eq!(counts(&drawn(&set, Some(4), "test").images), [1, 1, 1, 1]);
    }

    #[test]
    fn every_class_has_its_share_rounded_up_or_down_at_every_limit() {
        let set = sorted();
        for n in 60..=600 {
            let rows = places(&set.labels, n as usize, "test");
            for (label, of) in [(0, 300), (1, 200), (2, 90), (7, 10)] {
                let found = rows.iter().filter(|&&row| set.labels[row as usize] == label).count();
                let share = f64::from(n * of) / 600.0;
                assert!((found as f64 - share).abs() < 1.0, "{n} {label}: {found} {share}");
            }
        }
    }

    #[test]
    fn a_smaller_draw_is_part_of_every_larger_one_and_all_have_the_order_of_the_file() {
        let set = sorted();
        let mut before = Vec::new();
        for n in 1..600 {
            let rows = places(&set.labels, n, "test");
            assert_eq!(rows.len(), n);
            assert!(rows.is_sorted_by(|a, b| a < b));
            assert!(before.iter().all(|row| rows.contains(row)), "{n}");
            before = rows;
        }
        let few = drawn(&set, Some(40), "test");
        let at = |&row: &i64| (row % 251) as u8;
        let expected: Vec<u8> = few.rows.iter().flatten().map(at).collect();
        assert_eq!(few.images.pixels, expected);
    }

    #[test]
    fn a_set_without_labels_gives_a_plain_draw_and_each_name_its_own() {
        let set = LabelledImages { labels: vec![0; 600], ..sorted() };
        let rows = places(&set.labels, 100, "far");
        let mut plain = Stream::new(0, "limit far").permutation(At::step(0), 600);
        plain.truncate(100);
        plain.sort_unstable();
        assert_eq!(rows, plain);
        assert_ne!(rows, places(&set.labels, 100, "near"));
        // Not the first of the file: of the first half about half.
        let early = rows.iter().filter(|&&row| row < 300).count();
        assert!((30..=70).contains(&early), "{early}");
    }

    #[test]
    fn without_a_limit_or_with_one_of_its_size_a_set_is_as_it_is() {
        let set = sorted();
        for limit in [None, Some(600), Some(601)] {
            let all = drawn(&set, limit, "test");
            assert_eq!((&*all.images, &all.rows), (&set, &None));
            assert_eq!(all.used("test", "evaluation"), None);
        }
        let few = drawn(&set, Some(7), "test").used("test", "evaluation");
        assert_eq!(few.map(|few| (few.of, few.rows.len())), Some((600, 7)));
    }

    #[test]
    fn the_drawn_places_are_pinned() {
        // They are results: another order would be another evaluation.
        let labels: Vec<u8> = (0..50).map(|i| i % 3).collect();
        // Computed apart from this module, with tests/fixtures/streams.py.
        assert_eq!(places(&labels, 8, "test"), [2, 9, 10, 19, 21, 46, 47, 48]);
    }
}
