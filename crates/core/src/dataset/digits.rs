//! The digits that come with the program: 1,797 images of 8×8, values 0 to 16.
//!
//! They are the test set of the UCI "Optical Recognition of Handwritten Digits"
//! (E. Alpaydin, C. Kaynak, 1998; CC BY 4.0), written by 13 people.
//! `digits.bin` holds them in their published order as records of one label
//! byte and 64 pixels; `scripts/make_digits.py` made it.
//!
//! # The split
//! Put the images in order of their label, keeping the published order within
//! a label. Every fourth of that order, starting with the first, is a test
//! image: 450 test and 1,347 train images, each class divided three to one
//! within one image. Inside a split the published order is kept.

use crate::digest::Digest;

use super::images::Split;

/// Channels, height and width of every image.
pub(super) const SHAPE: [usize; 3] = [1, 8, 8];
const PIXELS: usize = 64;
const RECORD: usize = 1 + PIXELS;
const BYTES: &[u8] = include_bytes!("digits.bin");

/// The digest of the embedded bytes.
pub(super) fn digest() -> Digest {
    Digest::of(BYTES)
}

/// Pixels `[n, 1, 8, 8]` and labels `[n]` of one split.
pub(super) fn read(split: Split) -> (Vec<u8>, Vec<u8>) {
    let records: Vec<&[u8]> = BYTES.chunks_exact(RECORD).collect();
    let is_test = test_mask(&records);
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    for (record, test) in records.iter().zip(is_test) {
        if test == (split == Split::Test) {
            labels.push(record[0]);
            pixels.extend_from_slice(&record[1..]);
        }
    }
    (pixels, labels)
}

fn test_mask(records: &[&[u8]]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|&i| records[i][0]);
    let mut is_test = vec![false; records.len()];
    for &i in order.iter().step_by(4) {
        is_test[i] = true;
    }
    is_test
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::*;

    #[test]
    fn the_embedded_bytes_are_those_of_the_catalogue() {
        let entry = catalogue().entry("digits").expect("the set is in the catalogue");
        assert_eq!(entry.files[0].sha256, Some(digest()));
        assert_eq!(entry.files[0].bytes, Some(BYTES.len() as u64));
        let splits = entry.splits.expect("the digits are counted");
        assert_eq!((splits.train, splits.test), (1347, 450));
    }

    #[test]
    fn the_splits_are_disjoint_stratified_and_of_the_documented_size() {
        let (train_pixels, train) = read(Split::Train);
        let (test_pixels, test) = read(Split::Test);
        assert_eq!((train.len(), test.len()), (1347, 450));
        assert_eq!(train_pixels.len(), 1347 * 64);
        assert_eq!(test_pixels.len(), 450 * 64);
        for class in 0..10 {
            let count = |labels: &[u8]| labels.iter().filter(|&&l| l == class).count();
            let all = count(&train) + count(&test);
            assert!(count(&test) == all / 4 || count(&test) == all / 4 + 1, "class {class}");
        }
    }

    #[test]
    fn the_first_published_image_is_the_known_zero() {
        // The first row of the published table, sums to 294 and has label 0.
        assert_eq!(BYTES[0], 0);
        let first: u32 = BYTES[1..65].iter().map(|&p| u32::from(p)).sum();
        assert_eq!(first, 294);
        assert!(BYTES.chunks_exact(RECORD).all(|r| r[1..].iter().all(|&p| p <= 16)));
    }
}
