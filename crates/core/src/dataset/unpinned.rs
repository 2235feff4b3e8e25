//! Sets whose files the user brings, and of which no digest is known.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use super::bad_files::{gzip, idx};
use super::fetch::{Quiet, fetch_from};
use super::mirror::Mirror;
use super::{FetchOutcome, FileState, Source, Split, catalogue, expected_digests, is_present};
use super::{load, verify};
use crate::digest::Digest;

/// Puts `bytes` into `dir` as `<set>/<name>`.
fn put(dir: &Path, set: &str, name: &str, bytes: &[u8]) {
    let path = dir.join(set).join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Two images of 28×28 whose value is their row, but for a column of 200.
fn images() -> Vec<u8> {
    let value = |i: usize| if i % 28 == 3 { 200 } else { (i / 28 % 28) as u8 };
    (0..2 * 784).map(value).collect()
}

fn named(set: &str) -> Source {
    Source::Catalogue(set.to_owned())
}

/// The test split of `set` in `dir`, whose digests are those that are planned.
fn test_of(dir: &Path, set: &str) -> Result<super::LabelledImages, String> {
    let loaded = load(dir, &named(set), Split::Test).map_err(|error| error.to_string())?;
    assert_eq!(expected_digests(&named(set), Split::Test, dir).unwrap(), loaded.digests);
    Ok(loaded.images)
}

#[test]
fn images_of_emnist_are_turned_over_and_its_labels_start_with_nought() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (set, name) = ("emnist-letters", "emnist-letters-test");
    let bytes = idx(&[2, 28, 28], &images());
    // As published, and decompressed.
    put(dir, set, &format!("{name}-images-idx3-ubyte.gz"), &gzip(&bytes));
    put(dir, set, &format!("{name}-labels-idx1-ubyte"), &idx(&[2], &[1, 26]));
    let read = test_of(dir, set).unwrap();
    assert_eq!((read.labels, read.classes, read.shape), (vec![0, 25], 26, [1, 28, 28]));
    // What was the fourth column is the fourth row; elsewhere a pixel is its column.
    for (i, value) in read.pixels.iter().enumerate() {
        let (row, column) = (i / 28 % 28, i % 28);
        assert_eq!(usize::from(*value), if row == 3 { 200 } else { column }, "{i}");
    }
    let checks = verify(catalogue().entry(set).unwrap(), dir);
    assert_eq!(checks[2].state, FileState::Unpinned(Digest::of(&bytes)));
    assert_eq!(checks[0].state, FileState::Missing);
    put(dir, set, &format!("{name}-labels-idx1-ubyte"), &idx(&[2], &[1, 0]));
    let error = test_of(dir, set).unwrap_err();
    assert!(error.contains("label 0 at image 1, where labels start with 1"), "{error}");
}

#[test]
fn a_set_that_only_the_user_can_bring_says_what_to_put_where() {
    let dir = tempfile::tempdir().unwrap();
    let error = test_of(dir.path(), "kmnist").unwrap_err();
    let place = dir.path().join("kmnist/t10k-images-idx3-ubyte").display().to_string();
    for part in [place.as_str(), "t10k-images-idx3-ubyte.gz", "JEM_MIRROR", "`kmnist/`", "recorded"]
    {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
    let set = catalogue().entry("kmnist").unwrap();
    assert!(!is_present(set, dir.path()));
    let error = fetch_from(set, dir.path(), None, &mut Quiet).unwrap_err().to_string();
    for part in ["the catalogue has no mirror of it", "by the Center", "JEM_MIRROR"] {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

#[test]
fn a_mirror_of_the_users_own_is_a_folder_and_its_files_are_looked_at() {
    let (dir, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let base = own.path().display().to_string();
    let mirror = || Some(Mirror::Own { base: base.clone().into() });
    let set = catalogue().entry("kmnist").unwrap();
    let bytes = idx(&[2, 28, 28], &images());
    for split in ["train", "t10k"] {
        put(own.path(), "kmnist", &format!("{split}-images-idx3-ubyte.gz"), &gzip(&bytes));
        put(own.path(), "kmnist", &format!("{split}-labels-idx1-ubyte"), &idx(&[2], &[0, 9]));
    }
    put(own.path(), "kmnist", "t10k-labels-idx1-ubyte", b"<html>sign in</html>");
    let error = fetch_from(set, dir.path(), mirror(), &mut Quiet).unwrap_err().to_string();
    assert!(error.contains("an IDX label file"), "{error}");
    put(own.path(), "kmnist", "t10k-labels-idx1-ubyte", &idx(&[2], &[0, 9]));
    let done = fetch_from(set, dir.path(), mirror(), &mut Quiet).unwrap();
    assert_eq!(done, FetchOutcome::FetchedFrom(format!("your mirror {base}")));
    assert!(is_present(set, dir.path()));
    assert_eq!(fetch_from(set, dir.path(), None, &mut Quiet).unwrap(), FetchOutcome::Already);
    assert_eq!(test_of(dir.path(), "kmnist").unwrap().labels, [0, 9]);
    // Another shape than the catalogue's is another set.
    put(dir.path(), "kmnist", "t10k-images-idx3-ubyte", &idx(&[2, 1, 2], &[0; 4]));
    let error = test_of(dir.path(), "kmnist").unwrap_err();
    assert!(error.contains("images of 1×1×2") && error.contains("1×28×28"), "{error}");
}

#[test]
fn the_two_empty_files_of_notmnist_are_passed_over_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let error = test_of(dir, "notmnist").unwrap_err();
    assert!(error.contains("unpacked from the archive `notMNIST_small.tar.gz`"), "{error}");
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[7; 784]).unwrap();
    let folder = "notmnist/notMNIST_small";
    for class in 'A'..='J' {
        put(dir, folder, &format!("{class}/one.png"), &picture);
    }
    let whole = test_of(dir, "notmnist").unwrap();
    assert_eq!(whole.labels, (0..10).collect::<Vec<u8>>());
    for name in [
        "A/RGVtb2NyYXRpY2FCb2xkT2xkc3R5bGUgQm9sZC50dGY=.png",
        "F/Q3Jvc3NvdmVyIEJvbGRPYmxpcXVlLnR0Zg==.png",
    ] {
        put(dir, folder, name, b"");
    }
    assert_eq!(test_of(dir, "notmnist").unwrap(), whole);
    put(dir, folder, "B/empty.png", b"");
    let error = test_of(dir, "notmnist").unwrap_err();
    assert!(error.contains("B/empty.png: this is not a PNG"), "{error}");
    let error = load(dir, &named("notmnist"), Split::Train).unwrap_err().to_string();
    assert!(error.contains("`notmnist` has no train split"), "{error}");
}
