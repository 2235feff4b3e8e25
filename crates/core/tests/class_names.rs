//! Folders of pictures: labels come from the names of the training folder's
//! classes, never from their positions.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use jem_core::dataset::{
    ImageFolders, Loaded, Source, Split, UserFiles, class_names, expected_digests, load,
};

const PICTURE: &[u8] = include_bytes!("fixtures/images/grey.png");

/// The folder `name` in `root` with one picture of each of `classes`.
fn folder(root: &Path, name: &str, classes: &[&str]) -> PathBuf {
    let folder = root.join(name);
    for class in classes {
        let class = folder.join(class);
        fs::create_dir_all(&class).unwrap();
        fs::write(class.join("0.png"), PICTURE).unwrap();
    }
    folder
}

fn source(train: PathBuf, test: PathBuf, classes: usize) -> Source {
    let images = Some(ImageFolders { train: Some(train), test, resize: None, channels: None });
    Source::Files(Box::new(UserFiles { images, classes: Some(classes), ..UserFiles::default() }))
}

/// What the test folder with `test` is read as beside a training folder of
/// `train`; the plan, which reads no picture, says the same of it.
fn read(train: &[&str], test: &[&str]) -> Result<Loaded, String> {
    let root = tempfile::tempdir().unwrap();
    let (train_folder, test_folder) =
        (folder(root.path(), "train", train), folder(root.path(), "test", test));
    let source = source(train_folder, test_folder, train.len());
    let nowhere = Path::new("nowhere");
    let loaded = load(nowhere, &source, Split::Test).map_err(|error| error.to_string());
    let planned = expected_digests(&source, Split::Test, nowhere);
    let named = class_names(&source);
    match &loaded {
        Ok(loaded) => {
            assert_eq!(planned.unwrap(), loaded.digests);
            assert_eq!(named.unwrap(), loaded.about);
        }
        Err(error) => {
            assert_eq!(planned.unwrap_err().to_string(), *error);
            assert_eq!(named.unwrap_err().to_string(), *error);
        }
    }
    loaded
}

#[test]
fn a_class_that_the_test_folder_lacks_moves_no_other_label_and_is_named() {
    let loaded = read(&["ant", "bee", "cat"], &["ant", "cat"]).unwrap();
    assert_eq!(loaded.images.labels, [0, 2]);
    assert_eq!(loaded.about.classes, ["ant", "bee", "cat"]);
    assert_eq!(loaded.about.missing, ["bee"]);
    let whole = read(&["ant", "bee", "cat"], &["cat", "bee", "ant"]).unwrap();
    assert_eq!((whole.images.labels, whole.about.missing.len()), (vec![0, 1, 2], 0));
}

#[test]
fn numbers_are_names_whatever_their_order() {
    let loaded = read(&["1", "2", "10"], &["2", "10"]).unwrap();
    // By bytes: 1, 10, 2.
    assert_eq!(loaded.about.classes, ["1", "10", "2"]);
    assert_eq!(loaded.images.labels, [1, 2]);
    assert_eq!(loaded.about.missing, ["1"]);
}

#[test]
fn a_class_that_training_does_not_have_is_an_error_that_names_it() {
    let error = read(&["ant", "bee", "cat"], &["ant", "dog", "emu"]).unwrap_err();
    assert!(error.contains("`dog`, `emu` are no class of the training images"), "{error}");
    assert!(error.contains("whose classes are `ant`, `bee`, `cat`"), "{error}");
    let error = read(&["1", "2", "10"], &["01", "02", "10"]).unwrap_err();
    assert!(error.contains("`01`, `02` are no class"), "{error}");
    assert!(error.contains("is `01` the class `1`?"), "{error}");
    let error = read(&["Ant", "bee"], &["ant", "bee"]).unwrap_err();
    assert!(error.contains("`ant` is no class") && error.contains("the class `Ant`?"), "{error}");
    let names: Vec<String> = (0..30).map(|i| format!("c{i:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let error = read(&names, &["z"]).unwrap_err();
    assert!(error.contains("`c19` and 10 more"), "{error}");
}

#[test]
fn both_unicode_forms_of_a_name_are_one_class_and_one_set() {
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    let loaded = read(&["bar", composed], &[decomposed]).unwrap();
    assert_eq!(loaded.images.labels, [1]);
    assert_eq!(loaded.about.classes, ["bar", composed]);
    let other = read(&["bar", composed], &[composed]).unwrap();
    assert_eq!(loaded.digests, other.digests);
    let error = read(&["bar", composed], &[composed, decomposed]).unwrap_err();
    assert!(error.contains("NFC and NFD"), "{error}");
}

#[test]
fn pictures_without_folders_of_classes_have_no_labels_of_training_classes() {
    let root = tempfile::tempdir().unwrap();
    let train = folder(root.path(), "train", &["ant", "bee"]);
    let flat = root.path().join("flat");
    fs::create_dir_all(&flat).unwrap();
    fs::write(flat.join("0.png"), PICTURE).unwrap();
    let of = |train: &Path, test: &Path, classes, split| {
        let source = source(train.to_owned(), test.to_owned(), classes);
        load(Path::new("nowhere"), &source, split).map_err(|error| error.to_string())
    };
    let error = of(&train, &flat, 2, Split::Test).unwrap_err();
    assert!(error.contains("no folders of classes") && error.contains("`ant`, `bee`"), "{error}");
    let error = of(&flat, &train, 1, Split::Test).unwrap_err();
    assert!(error.contains("`ant`, `bee` are no class"), "{error}");
    let one_class = of(&flat, &flat, 1, Split::Test).unwrap();
    assert_eq!((one_class.images.labels, one_class.about.classes.len()), (vec![0], 0));
}

#[test]
fn the_training_folder_has_as_many_classes_as_are_said() {
    let root = tempfile::tempdir().unwrap();
    let train = folder(root.path(), "train", &["ant", "bee"]);
    for classes in [1, 3] {
        let source = source(train.clone(), train.clone(), classes);
        let error = load(Path::new("nowhere"), &source, Split::Train).unwrap_err().to_string();
        assert!(error.contains("2 folders of classes (`ant`, `bee`)"), "{error}");
        assert!(error.contains(&format!("`classes = {classes}`")), "{error}");
    }
}
