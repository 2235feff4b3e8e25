//! Sets of one's own that are too small for what is asked of them get the error
//! that sets of the catalogue get, before anything is trained.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use jem_core::dataset::{Source, Split, count_of};
use jem_core::plan::Plan;

const PICTURE: &[u8] = include_bytes!("fixtures/images/grey.png");
const SVHN: &[u8] = include_bytes!("fixtures/images/svhn.mat");

/// Sets of 12 images in each format, and of 3 in SVHN's, named from `root`.
fn sets(root: &Path) -> Vec<(&'static str, u64)> {
    let idx = |dims: &[u32], data: &[u8]| {
        let mut bytes = vec![0, 0, 8, dims.len() as u8];
        dims.iter().for_each(|dim| bytes.extend(dim.to_be_bytes()));
        bytes.extend(data);
        bytes
    };
    fs::write(root.join("images"), idx(&[12, 1, 2], &[0; 24])).unwrap();
    fs::write(root.join("labels"), idx(&[12], &[0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1])).unwrap();
    fs::write(root.join("six.bin"), vec![0; 6 * 3073]).unwrap();
    fs::write(root.join("hundred.bin"), vec![0; 12 * 3074]).unwrap();
    fs::write(root.join("svhn.mat"), SVHN).unwrap();
    for i in 0..12 {
        let class = root.join("folder").join(if i % 2 == 0 { "a" } else { "b" });
        fs::create_dir_all(&class).unwrap();
        fs::write(class.join(format!("{i}.png")), PICTURE).unwrap();
    }
    vec![
        (
            "{ idx = { train_images = \"images\", train_labels = \"labels\", test_images = \
             \"images\", test_labels = \"labels\" }, classes = 2 }",
            12,
        ),
        (
            "{ cifar = { train = [\"six.bin\", \"six.bin\"], test = [\"six.bin\"] }, classes = 10 }",
            12,
        ),
        (
            "{ cifar100 = { train = [\"hundred.bin\"], test = [\"hundred.bin\"] }, classes = 100 }",
            12,
        ),
        ("{ svhn = { train = \"svhn.mat\", test = \"svhn.mat\" }, classes = 10 }", 3),
        ("{ images = { train = \"folder\", test = \"folder\" }, classes = 2 }", 12),
    ]
}

/// What is wrong with a plan of `set`, which lies in `root`.
fn wrong(root: &Path, set: &str, data: &str, train: &str) -> Option<String> {
    let file = root.join("own.toml");
    let text = format!(
        "question = \"?\"\n[data]\ntrain = {set}\n{data}\n[train]\n{train}\n[model.mlp]\nhidden = [4]\n"
    );
    fs::write(&file, text).unwrap();
    Plan::read(&file).err().map(|error| error.to_string())
}

#[test]
fn images_are_counted_in_every_format_without_reading_them() {
    let root = tempfile::tempdir().unwrap();
    for (set, expected) in sets(root.path()) {
        let source: Source = toml_value(set);
        let found = count_of(&source.based_on(root.path()), Split::Train).unwrap();
        assert_eq!(found, Some(expected), "{set}");
    }
    let digits = Source::Catalogue("digits".to_owned());
    assert_eq!(count_of(&digits, Split::Test).unwrap(), Some(450));
    assert!(count_of(&toml_value::<Source>(sets(root.path())[0].0), Split::Train).is_err());
}

fn toml_value<T: serde::de::DeserializeOwned>(text: &str) -> T {
    let holder: std::collections::BTreeMap<String, T> =
        toml::from_str(&format!("value = {text}")).unwrap();
    holder.into_values().next().unwrap()
}

#[test]
fn a_set_too_small_for_hold_out_limit_or_batch_is_an_error_of_the_plan() {
    let root = tempfile::tempdir().unwrap();
    for (set, n) in sets(root.path()) {
        let of = |data: &str, train: &str| wrong(root.path(), set, data, train);
        let left = n - 2;
        let fits = of("validation = 2", &format!("steps = 1\nbatch_size = {left}"));
        assert_eq!(fits, None, "{set}");
        let batch = of("validation = 2", &format!("steps = 1\nbatch_size = {}", left + 1)).unwrap();
        let expected =
            format!("a batch of {} is larger than the {left} training examples", left + 1);
        assert!(batch.contains(&expected), "{batch}");
        let epochs = of("validation = 2", "epochs = 1\nbatch_size = 64").unwrap();
        assert!(epochs.contains("a batch of 64 is larger"), "{epochs}");
        let limit =
            of(&format!("validation = 2\nlimit = {}", left + 1), "steps = 1\nbatch_size = 1");
        let expected = format!("a limit of {} is above the {left} examples", left + 1);
        assert!(limit.as_ref().is_some_and(|limit| limit.contains(&expected)), "{limit:?}");
        let held = of(&format!("validation = {n}"), "steps = 1\nbatch_size = 1").unwrap();
        assert!(held.contains(&format!("{n} examples cannot be held out of the {n} of")), "{held}");
    }
}

#[test]
fn an_auxiliary_set_is_no_smaller_than_a_batch() {
    let root = tempfile::tempdir().unwrap();
    sets(root.path());
    let auxiliary = "auxiliary = { images = { train = \"folder\", test = \"folder\" } }\n";
    let set = "\"mnist\"";
    let fits = wrong(root.path(), set, auxiliary, "steps = 1\nbatch_size = 12");
    assert_eq!(fits, None);
    let error = wrong(root.path(), set, auxiliary, "steps = 1\nbatch_size = 13").unwrap();
    assert!(error.contains("a batch of 13 is larger than the 12 auxiliary images"), "{error}");
}

#[test]
fn files_that_are_not_there_leave_their_count_open() {
    let root = tempfile::tempdir().unwrap();
    let set = "{ images = { train = \"gone\", test = \"gone\" }, classes = 2 }";
    assert_eq!(wrong(root.path(), set, "validation = 2", "steps = 1\nbatch_size = 64"), None);
}
