//! Every way in which a file can be wrong, each with the error it gives.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::{CifarFiles, DatasetError, IdxFiles, Loaded, Source, Split, UserFiles};
use super::{expected_digests, load, shape_of};
use crate::digest::Digest;

/// An IDX file of `dims` and `data`.
pub(super) fn idx(dims: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    for dim in dims {
        bytes.extend(dim.to_be_bytes());
    }
    bytes.extend(data);
    bytes
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Three images of 2×2 and their labels.
fn good_images() -> Vec<u8> {
    idx(&[3, 2, 2], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
}

fn good_labels() -> Vec<u8> {
    idx(&[3], &[2, 0, 1])
}

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn idx(&self, images: &[u8], labels: &[u8]) -> UserFiles {
        UserFiles {
            idx: Some(IdxFiles {
                train_images: None,
                train_labels: None,
                test_images: self.put("images", images),
                test_labels: Some(self.put("labels", labels)),
            }),
            classes: Some(3),
            ..UserFiles::default()
        }
    }

    fn cifar(&self, bytes: &[u8]) -> UserFiles {
        UserFiles {
            cifar: Some(CifarFiles { train: Vec::new(), test: vec![self.put("batch", bytes)] }),
            classes: Some(10),
            ..UserFiles::default()
        }
    }
}

fn load_test(files: UserFiles) -> Result<Loaded, DatasetError> {
    load(Path::new("unused"), &Source::Files(Box::new(files)), Split::Test)
}

/// The error of images and labels that cannot be read, as a user sees it.
fn idx_error(images: &[u8], labels: &[u8]) -> String {
    let files = Files::new();
    load_test(files.idx(images, labels)).unwrap_err().to_string()
}

fn cifar_error(bytes: &[u8]) -> String {
    let files = Files::new();
    load_test(files.cifar(bytes)).unwrap_err().to_string()
}

#[track_caller]
fn assert_says(error: &str, expected: &[&str]) {
    for part in expected {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

#[test]
fn raw_and_gzip_files_give_the_same_images_and_the_same_digests() {
    let files = Files::new();
    let raw = load_test(files.idx(&good_images(), &good_labels())).unwrap();
    let packed = files.idx(&gzip(&good_images()), &gzip(&good_labels()));
    assert_eq!(load_test(packed.clone()).unwrap(), raw);
    assert_eq!(raw.images.shape, [1, 2, 2]);
    assert_eq!(raw.images.labels, [2, 0, 1]);
    assert_eq!(raw.images.pixels[4..8], [4, 5, 6, 7]);
    let source = Source::Files(Box::new(packed));
    assert_eq!(shape_of(&source).unwrap(), [1, 2, 2]);
    assert_eq!(expected_digests(&source, Split::Test, Path::new("unused")).unwrap(), raw.digests);
    let expected = ("idx/test_images".to_owned(), Digest::of(&good_images()));
    assert_eq!(raw.digests[0], expected);
}

#[test]
fn a_truncated_idx_file_names_its_expected_length() {
    for len in 16..good_images().len() {
        let error = idx_error(&good_images()[..len], &good_labels());
        let found = format!("{len} bytes where 28 are expected");
        assert_says(&error, &["images: ", &found, "3 images of 2×2", "cut short"]);
    }
    assert_says(&idx_error(&good_images()[..9], &good_labels()), &["9 bytes where 16"]);
    assert_says(&idx_error(b"", &good_labels()), &["a file of 0 bytes"]);
    let error = idx_error(&good_images(), &good_labels()[..10]);
    assert_says(&error, &["labels: ", "10 bytes where 11 are expected", "3 labels"]);
}

#[test]
fn an_idx_file_with_more_behind_it_is_refused() {
    let long = [good_images(), vec![0]].concat();
    assert_says(&idx_error(&long, &good_labels()), &["29 bytes where 28", "appended"]);
    assert_says(&idx_error(&gzip(&long), &good_labels()), &["29 bytes where 28", "appended"]);
}

#[test]
fn swapped_images_and_labels_are_recognised() {
    let error = idx_error(&good_labels(), &good_images());
    assert_says(&error, &["images: ", "label file (magic 0x00000801)", "did you swap"]);
    let error = idx_error(&gzip(&good_labels()), &gzip(&good_images()));
    assert_says(&error, &["did you swap images and labels?"]);
    let error = idx_error(&good_images(), &good_images());
    assert_says(&error, &["labels: ", "image file (magic 0x00000803)", "did you swap"]);
}

#[test]
fn a_file_of_another_kind_is_named() {
    let cases: [(&[u8], &str); 5] = [
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"PK\x03\x04rest of it", "a zip archive"),
        (b"\x89PNG\r\n", "a PNG picture"),
        (b"abcdefgh", "the magic 0x61626364"),
        (&[0, 0, 0x0d, 3, 0, 0, 0, 1], "element type 0x0d"),
    ];
    for (bytes, expected) in cases {
        assert_says(&idx_error(bytes, &good_labels()), &[expected, "0x00000803"]);
    }
    assert_says(&idx_error(&idx(&[1, 1, 1, 1], &[0]), &good_labels()), &["with 4 dimensions"]);
}

#[test]
fn absurd_dimensions_are_refused_before_anything_is_allocated() {
    for dims in [[u32::MAX; 3], [0, 2, 2], [3, 0, 2], [3, 2, 5000], [u32::MAX, 1, 1]] {
        let error = idx_error(&idx(&dims, &[0; 12]), &good_labels());
        assert_says(&error, &["the header says", "accepted are"]);
        let error = idx_error(&gzip(&idx(&dims, &[0; 12])), &good_labels());
        assert_says(&error, &["the header says", "accepted are"]);
    }
    let error = idx_error(&idx(&[90_000_000, 4096, 4096], &[0; 12]), &good_labels());
    assert_says(&error, &["1509949440000016 are expected", "cut short"]);
}

#[test]
fn a_small_gzip_file_that_promises_or_holds_too_much_is_refused() {
    let error = idx_error(&gzip(&idx(&[90_000_000, 28, 28], &[0; 12])), &good_labels());
    assert_says(&error, &["compressed bytes cannot hold"]);
    let bomb = gzip(&idx(&[3, 2, 2], &vec![0; 50_000_000]));
    assert_says(&idx_error(&bomb, &good_labels()), &["29 bytes where 28", "appended"]);
}

#[test]
fn a_gzip_file_cut_at_any_byte_is_an_error() {
    let packed = gzip(&good_images());
    for len in 0..packed.len() {
        let error = idx_error(&packed[..len], &good_labels());
        assert!(error.contains("images"), "{len}: {error}");
    }
    let mut damaged = packed;
    let last = damaged.len() - 6;
    damaged[last] ^= 1;
    assert_says(&idx_error(&damaged, &good_labels()), &["gzip data is damaged"]);
}

#[test]
fn counts_labels_and_pixels_must_fit_together() {
    let error = idx_error(&good_images(), &idx(&[2], &[0, 1]));
    assert_says(&error, &["has 3 images", "has 2 labels"]);
    let error = idx_error(&good_images(), &idx(&[3], &[0, 1, 3]));
    assert_says(&error, &["label 3 at image 2", "0 to 2 are accepted", "`classes`"]);
    let files = Files::new();
    let mut dim = files.idx(&good_images(), &good_labels());
    dim.pixel_max = Some(9);
    let error = load_test(dim).unwrap_err().to_string();
    assert_says(&error, &["pixel 10 at image 2", "0 to 9"]);
}

#[test]
fn a_missing_file_a_folder_and_a_missing_split_are_errors() {
    let files = Files::new();
    let good = files.idx(&good_images(), &good_labels());
    let source = Source::Files(Box::new(good.clone()));
    let error = load(Path::new("unused"), &source, Split::Train).unwrap_err().to_string();
    assert_says(&error, &["has no train split"]);
    for path in [files.folder.path().join("none"), files.folder.path().to_owned()] {
        let mut bad = good.clone();
        bad.idx.as_mut().unwrap().test_images = path.clone();
        assert!(shape_of(&Source::Files(Box::new(bad.clone()))).is_err());
        let error = load_test(bad).unwrap_err().to_string();
        assert_says(&error, &[&path.display().to_string()]);
    }
}

#[test]
fn cifar_records_are_read_in_order_and_bad_ones_refused() {
    let mut bytes = vec![1; 2 * 3073];
    bytes[3073] = 9;
    let files = Files::new();
    let loaded = load_test(files.cifar(&bytes)).unwrap();
    assert_eq!(loaded.images.shape, [3, 32, 32]);
    assert_eq!(loaded.images.labels, [1, 9]);
    assert_eq!(loaded.images.pixels, vec![1; 2 * 3072]);
    assert_says(&cifar_error(&bytes[..6145]), &["6145 bytes where 6146", "cut short"]);
    assert_says(&cifar_error(b""), &["0 bytes where 3073"]);
    bytes[3073] = 10;
    assert_says(&cifar_error(&bytes), &["label 10 at image 1", "0 to 9"]);
    assert_says(&cifar_error(&gzip(&bytes)), &["gzip-compressed data", "unpack archives"]);
    assert_says(&cifar_error(&good_images()), &["an IDX image file"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_reader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        start in 0usize..6,
    ) {
        let starts: [&[u8]; 6] = [
            b"", &[0, 0, 8, 3], &[0, 0, 8, 1], &[0x1f, 0x8b, 8, 0],
            &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1], &[0, 0, 8],
        ];
        let bytes = [starts[start], &bytes].concat();
        let files = Files::new();
        for bytes in [gzip(&bytes), bytes] {
            let idx = files.idx(&bytes, &bytes);
            let _ = shape_of(&Source::Files(Box::new(idx.clone())));
            prop_assert!(load_test(idx).is_err());
            prop_assert!(load_test(files.cifar(&bytes)).is_err());
        }
    }
}
