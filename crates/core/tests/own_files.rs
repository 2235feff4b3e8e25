//! Files of the user's own against what made them: `fixtures/images/generate.py`
//! wrote SVHN files with SciPy and pictures with Pillow.
//!
//! Tolerances: PNG, MATLAB and luma exactly. JPEG: 3 levels, since decoders
//! differ in the rounding of the inverse cosine transform and of colours (the
//! standard allows 1 before colours); 6 where the chroma is halved, since
//! decoders also interpolate it differently. Resizing: half a level, the
//! rounding, and 1e-6 for sums in another order.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jem_core::dataset::untrusted::{image, image_as};
use jem_core::dataset::{
    Cifar100Files, Cifar100Labels, CifarFiles, IdxFiles, ImageFolders, Loaded, Source, Split,
    SvhnFiles, UserFiles, expected_digests, load, shape_of,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    pictures: BTreeMap<String, Planes>,
    resized: Vec<Resized>,
    luma: Vec<u8>,
}

#[derive(Deserialize)]
struct Planes {
    shape: [usize; 3],
    pixels: Vec<u8>,
}

#[derive(Deserialize)]
struct Resized {
    sides: [usize; 2],
    values: Vec<f64>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images")
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(fixtures().join(name)).unwrap()
}

fn expected() -> Expected {
    serde_json::from_slice(&fixture("expected.json")).unwrap()
}

fn load_test(files: &UserFiles) -> Result<Loaded, String> {
    let source = Source::Files(Box::new(files.clone()));
    let loaded = load(Path::new("unused"), &source, Split::Test).map_err(|e| e.to_string())?;
    assert_eq!(shape_of(&source).unwrap(), loaded.images.shape);
    let digests = expected_digests(&source, Split::Test, Path::new("unused")).unwrap();
    assert_eq!(digests, loaded.digests);
    Ok(loaded)
}

fn svhn(path: PathBuf) -> UserFiles {
    let svhn = Some(SvhnFiles { train: None, test: path });
    UserFiles { svhn, classes: Some(10), ..UserFiles::default() }
}

#[test]
fn svhn_files_of_scipy_are_read_plane_by_plane_and_ten_is_nought() {
    for name in ["svhn.mat", "svhn-plain.mat"] {
        let loaded = load_test(&svhn(fixtures().join(name))).unwrap();
        assert_eq!(loaded.images.shape, [3, 32, 32]);
        assert_eq!(loaded.images.labels, [1, 0, 3]);
        for (i, pixel) in loaded.images.pixels.iter().enumerate() {
            let (n, k, r, c) = (i / 3072, i / 1024 % 3, i / 32 % 32, i % 32);
            let expected = (3 * r + 5 * c + 60 * k + 17 * n) % 256;
            assert_eq!(usize::from(*pixel), expected, "{name}: image {n}, {k}, {r}, {c}");
        }
    }
}

#[test]
fn what_is_no_svhn_file_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fixture("svhn-plain.mat");
    let at = |bytes: &[u8]| {
        let path = folder.path().join("a.mat");
        fs::write(&path, bytes).unwrap();
        load_test(&svhn(path)).unwrap_err()
    };
    for (bytes, message) in [
        (b"MATLAB 7.3 MAT-file".to_vec(), "save it with `-v7`"),
        (b"PK\x03\x04".to_vec(), "does not begin as a MATLAB file"),
        (whole[..whole.len() - 100].to_vec(), "cut short"),
        (whole[..128].to_vec(), "it has no `X`"),
        (fixture("svhn-complex.mat"), "`y` is complex"),
        ([&whole[..], &whole[128..]].concat(), "twice"),
    ] {
        let error = at(&bytes);
        assert!(error.contains("a.mat: this is not an SVHN file"), "{error}");
        assert!(error.contains(message), "{message:?} is not in: {error}");
    }
}

#[test]
fn pictures_are_read_as_pillow_reads_them() {
    for (name, expected) in expected().pictures {
        let (shape, pixels) = image(&fixture(&name)).unwrap();
        assert_eq!(shape, expected.shape, "{name}");
        let most = match name.as_str() {
            "halved.jpg" => 6,
            name if name.ends_with(".jpg") => 3,
            _ => 0,
        };
        let worst = pixels.iter().zip(&expected.pixels).map(|(a, b)| a.abs_diff(*b)).max();
        println!("{name}: {}", worst.unwrap());
        assert!(worst.unwrap() <= most, "{name}: {worst:?}");
    }
    let error = image(&fixture("transparent.png")).unwrap_err();
    assert!(error.contains("transparent"), "{error}");
}

#[test]
fn resizing_and_luma_agree() {
    let expected = expected();
    let rgb = fixture("rgb.png");
    let (shape, grey) = image_as(&rgb, 1, [10, 12]).unwrap();
    assert_eq!((shape, grey), ([1, 10, 12], expected.luma));
    for case in &expected.resized {
        let (shape, pixels) = image_as(&rgb, 3, case.sides).unwrap();
        assert_eq!(shape, [3, case.sides[0], case.sides[1]]);
        for (found, expected) in pixels.iter().zip(&case.values) {
            let difference = (f64::from(*found) - expected).abs();
            assert!(difference <= 0.5 + 1e-6, "{:?}: {found}, by PyTorch {expected}", case.sides);
        }
    }
}

/// A folder of fixtures by path within it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, name) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, fixture(name)).unwrap();
    }
    folder
}

fn images(
    folder: &tempfile::TempDir,
    resize: Option<[usize; 2]>,
    channels: Option<u8>,
) -> UserFiles {
    let test = folder.path().to_owned();
    let images = Some(ImageFolders { train: None, test, resize, channels });
    UserFiles { images, classes: Some(2), ..UserFiles::default() }
}

#[test]
fn folders_are_classes_in_the_order_of_their_names() {
    let classes = folder(&[
        ("b/1.jpg", "rgb.jpg"),
        ("a/2.PNG", "rgb.png"),
        ("a/10.png", "opaque.png"),
        (".hidden/x", "rgb.png"),
    ]);
    let loaded = load_test(&images(&classes, None, None)).unwrap();
    assert_eq!(loaded.images.labels, [0, 0, 1]);
    assert_eq!(loaded.images.shape, [3, 10, 12]);
    assert_eq!(loaded.digests[0].0, "images/test_0");
    // A flat folder with the same pictures is another set.
    let flat = folder(&[("1.png", "opaque.png"), ("2.png", "rgb.png"), ("3.jpg", "rgb.jpg")]);
    let other = load_test(&images(&flat, None, None)).unwrap();
    assert_eq!(other.images.labels, [0, 0, 0]);
    assert_eq!(other.images.pixels, loaded.images.pixels);
    assert_ne!(other.digests, loaded.digests);
}

#[test]
fn a_folder_that_is_none_of_images_says_which_file_is_odd() {
    for (files, message) in [
        (&[("a.png", "rgb.png"), ("b.png", "grey.png")][..], "b.png: its shape is 1×10×12"),
        (&[("a.png", "rgb.png"), ("x/b.png", "rgb.png")], "a.png: a file beside folders"),
        (&[("x/y/b.png", "rgb.png")], "y: no `.png`"),
        (&[("a.png", "rgb.png"), ("t.txt", "generate.py")], "t.txt: no `.png`"),
        (&[("a.png", "generate.py")], "a.png: this is not a PNG or JPEG picture"),
        (&[("a/a.png", "rgb.png"), ("b/b.png", "rgb.png"), ("c/c.png", "rgb.png")], "label 2"),
        (&[(".keep", "rgb.png")], "there is no PNG or JPEG file"),
    ] {
        let folder = folder(files);
        let source = Source::Files(Box::new(images(&folder, None, None)));
        let error = load(Path::new("unused"), &source, Split::Test).unwrap_err().to_string();
        assert!(error.contains(message), "{message:?} is not in: {error}");
    }
    let folder = folder(&[("a.png", "rgb.png"), ("b.png", "grey.png")]);
    let loaded = load_test(&images(&folder, Some([5, 4]), Some(3))).unwrap();
    assert_eq!((loaded.images.shape, loaded.images.len()), ([3, 5, 4], 2));
}

#[test]
fn cifar_100_has_two_labels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.bin");
    let record = |coarse: u8, fine: u8, pixel: u8| [vec![coarse, fine], vec![pixel; 3072]].concat();
    fs::write(&path, [record(19, 99, 7), record(0, 42, 8)].concat()).unwrap();
    let files = |labels, classes: usize| {
        let cifar100 = Some(Cifar100Files { train: Vec::new(), test: vec![path.clone()], labels });
        UserFiles { cifar100, classes: Some(classes), ..UserFiles::default() }
    };
    let fine = load_test(&files(Cifar100Labels::Fine, 100)).unwrap();
    assert_eq!((fine.images.labels, fine.images.shape), (vec![99, 42], [3, 32, 32]));
    assert_eq!(fine.images.pixels[3071..3073], [7, 8]);
    let coarse = load_test(&files(Cifar100Labels::Coarse, 20)).unwrap();
    assert_eq!(coarse.images.labels, [19, 0]);
    assert_eq!(fine.digests, coarse.digests);
    let error = load_test(&files(Cifar100Labels::Fine, 20)).unwrap_err();
    assert!(error.contains("label 99 at image 0"), "{error}");
    fs::write(&path, vec![0; 3073]).unwrap();
    let error = load_test(&files(Cifar100Labels::Fine, 100)).unwrap_err();
    assert!(error.contains("3073 bytes where 3074"), "{error}");
}

/// IDX files of three images of 1×2 pixels.
fn idx(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let head = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2];
    fs::write(&path, [&head[..], &[1, 2, 3, 4, 5, 6]].concat()).unwrap();
    path
}

#[test]
fn without_classes_no_format_asks_for_labels() {
    let place = tempfile::tempdir().unwrap();
    // IDX without a file of labels, and with one that is none: it is not read.
    for test_labels in [None, Some(place.path().join("nowhere"))] {
        let test_images = idx(place.path(), "images");
        let idx = IdxFiles { train_images: None, train_labels: None, test_images, test_labels };
        let loaded = load_test(&UserFiles { idx: Some(idx), ..UserFiles::default() }).unwrap();
        assert_eq!((loaded.images.shape, loaded.images.classes), ([1, 1, 2], 1));
        assert_eq!((loaded.images.labels, loaded.digests.len()), (vec![0; 3], 1));
    }
    // CIFAR, where a label is any byte.
    let path = place.path().join("records");
    fs::write(&path, [vec![255], vec![7; 3072], vec![3], vec![8; 3072]].concat()).unwrap();
    let cifar = Some(CifarFiles { train: Vec::new(), test: vec![path] });
    let loaded = load_test(&UserFiles { cifar, ..UserFiles::default() }).unwrap();
    assert_eq!((loaded.images.labels, loaded.images.pixels[3072]), (vec![0, 0], 8));
    // CIFAR-100.
    let path = place.path().join("records-100");
    fs::write(&path, [vec![1, 255], vec![7; 3072]].concat()).unwrap();
    let labels = Cifar100Labels::Fine;
    let cifar100 = Some(Cifar100Files { train: Vec::new(), test: vec![path], labels });
    let loaded = load_test(&UserFiles { cifar100, ..UserFiles::default() }).unwrap();
    assert_eq!(loaded.images.labels, [0]);
    // SVHN, with `y` and without: it is the first element, behind 128 bytes.
    let whole = fixture("svhn-plain.mat");
    let len = u32::from_le_bytes([whole[132], whole[133], whole[134], whole[135]]) as usize;
    let cut = place.path().join("cut.mat");
    fs::write(&cut, [&whole[..128], &whole[136 + len..]].concat()).unwrap();
    let error = load_test(&svhn(cut.clone())).unwrap_err();
    assert!(error.contains("it has no `y`"), "{error}");
    for path in [cut, fixtures().join("svhn.mat")] {
        let own = UserFiles { classes: None, ..svhn(path) };
        assert_eq!(load_test(&own).unwrap().images.labels, [0, 0, 0]);
    }
    // Folders, of more classes than a label can say.
    let names: Vec<String> = (0..300).map(|i| format!("{i:03}/a.png")).collect();
    let many = folder(&names.iter().map(|name| (name.as_str(), "grey.png")).collect::<Vec<_>>());
    let error = load_test(&images(&many, None, None)).unwrap_err();
    assert!(error.contains("300 folders; a set has at most 256"), "{error}");
    let own = UserFiles { classes: None, ..images(&many, None, None) };
    assert_eq!(load_test(&own).unwrap().images.labels, [0; 300]);
}

#[test]
fn the_same_images_are_one_set_with_labels_and_without() {
    let source = |labels: Option<&str>, classes| {
        let idx = IdxFiles {
            train_images: None,
            train_labels: None,
            test_images: "a".into(),
            test_labels: labels.map(Into::into),
        };
        Source::Files(Box::new(UserFiles { idx: Some(idx), classes, ..UserFiles::default() }))
    };
    let own = source(Some("b"), Some(10));
    assert!(own.is_of_same_set(&source(None, None), Split::Test));
    // A field that is left out is not written.
    assert_eq!(
        serde_json::to_value(source(None, None)).unwrap(),
        serde_json::json!({ "idx": { "test_images": "a" } })
    );
}
