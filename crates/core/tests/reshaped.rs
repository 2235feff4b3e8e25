//! Sets of the catalogue of another shape than the training set's.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use jem_core::dataset::{Source, Split, expected_digests, load, shape_of};
use jem_core::plan::Plan;
use jem_core::spec::{OodSet, Spec};

fn plan(text: &str) -> Result<Plan, String> {
    let text = format!("question = \"What is tested?\"\n{text}");
    Plan::parse("test", "test.toml", &text).map_err(|error| error.to_string())
}

fn spec(text: &str) -> Spec {
    let plan = plan(text).unwrap();
    plan.spec_of(&plan.trials[0])
}

fn source(json: &str) -> Source {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_set_is_read_in_the_shape_asked_for_from_the_same_bytes() {
    let (nowhere, digits) = (Path::new("/nonexistent"), source("\"digits\""));
    let large = source(r#"{ "name": "digits", "resize": [16, 8], "channels": 3 }"#);
    let plain = load(nowhere, &digits, Split::Test).unwrap();
    let found = load(nowhere, &large, Split::Test).unwrap();
    assert_eq!((found.images.shape, shape_of(&large).unwrap()), ([3, 16, 8], [3, 16, 8]));
    assert_eq!((&found.images.labels, found.images.pixel_max), (&plain.images.labels, 16));
    assert_eq!(found.digests, plain.digests);
    assert_eq!(found.digests, expected_digests(&large, Split::Test, nowhere).unwrap());
    // Twice as many rows: the first is the first of the digits, the second a
    // quarter on the way to the next, and so on; all three channels alike.
    for (image, from) in
        found.images.pixels.chunks_exact(3 * 128).zip(plain.images.pixels.chunks_exact(64))
    {
        for (place, pixel) in image.iter().enumerate() {
            let (row, column) = (place / 8 % 16, place % 8);
            let other =
                if row % 2 == 0 { (row / 2).saturating_sub(1) } else { (row / 2 + 1).min(7) };
            let value = |row: usize| f64::from(from[8 * row + column]);
            let expected = 0.75 * value(row / 2) + 0.25 * value(other);
            assert!((f64::from(*pixel) - expected).abs() <= 0.5, "{row}, {column}: {pixel}");
        }
    }
}

#[test]
fn the_error_for_a_wrong_shape_has_the_entry_that_puts_it_right() {
    let cases = [
        ("mnist", "cifar-10", "{ name = \"cifar-10\", resize = [28, 28], channels = 1 }"),
        ("cifar-10", "mnist", "{ name = \"mnist\", resize = [32, 32], channels = 3 }"),
        ("mnist", "digits", "{ name = \"digits\", resize = [28, 28] }"),
    ];
    for (train, other, entry) in cases {
        for (path, list) in [("evaluate.ood", true), ("data.auxiliary", false)] {
            let file = |entry: &str| {
                let entry = if list { format!("[{entry}]") } else { entry.to_owned() };
                let model = if train == "mnist" { "" } else { "preset = \"jem-wrn\"\n" };
                format!("{model}data.train = \"{train}\"\n{path} = {entry}\n")
            };
            let error = plan(&file(&format!("\"{other}\""))).unwrap_err();
            assert!(error.contains(&format!("write {entry} in its place")), "{error}");
            let spec = spec(&file(entry));
            let put = match list {
                true => spec.evaluate.sources().next().unwrap().clone(),
                false => spec.training.data.auxiliary.unwrap(),
            };
            assert_eq!((put.label().as_str(), put.to_string()), (other, entry.to_owned()));
        }
    }
    let error = plan("evaluate.ood = [{ name = \"cifar-10\", resize = [28, 28] }]").unwrap_err();
    assert!(error.contains("are 3×28×28, those of mnist 1×28×28"), "{error}");
    assert!(error.contains("resize = [28, 28], channels = 1 }"), "{error}");
    let error = plan("evaluate.ood = [{ name = \"fashion-mnist\", resize = [9, 9] }]").unwrap_err();
    assert!(error.contains("write \"fashion-mnist\" in its place"), "{error}");
}

#[test]
fn a_network_is_trained_on_a_set_in_the_shape_asked_for() {
    let small = "data.train = { name = \"mnist\", resize = [12, 12] }\n";
    let other = "evaluate.ood = [{ name = \"fashion-mnist\", resize = [12, 12] }, \"rotated\"]\n";
    let found = spec(&format!("{small}{other}"));
    assert_eq!(shape_of(&found.training.data.train).unwrap(), [1, 12, 12]);
    let text = jem_core::spec::to_toml(&found);
    assert_eq!(spec(&text), found, "{text}");
    // Its ids are its own, and what is checked of a set is checked of it.
    let plain = spec("evaluate.ood = [\"rotated\"]");
    assert_ne!(found.cell_id(), plain.cell_id());
    let cases = [
        ("evaluate.ood = [\"fashion-mnist\"]", "those of mnist 1×12×12"),
        ("evaluate.ood = [\"fashion-mnist\"]", "{ name = \"fashion-mnist\", resize = [12, 12] }"),
        ("evaluate.ood = [\"mnist\"]", "is the training set itself"),
        ("data.augment.pad = 12", "12 pixels cannot be reflected at the edge of 12×12 images"),
        ("data.validation = 60000", "cannot be held out of the 60000 of mnist"),
    ];
    for (text, message) in cases {
        let ood = if text.starts_with("evaluate") { "" } else { other };
        let error = plan(&format!("{small}{ood}{text}")).unwrap_err();
        assert!(error.contains(message), "{message:?} is not in\n{error}");
    }
    let error = plan("data.train = { name = \"mnits\", resize = [12, 12] }").unwrap_err();
    assert!(error.contains("did you mean \"mnist\"?"), "{error}");
}

#[test]
fn files_of_ones_own_are_read_in_the_shape_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    // A record of CIFAR-10: the label, then red, green and blue planes.
    let mut record = vec![3];
    for level in [200, 100, 0] {
        record.extend([level; 32 * 32]);
    }
    std::fs::write(folder.path().join("test.bin"), &record).unwrap();
    let path = folder.path().join("test.bin");
    let plain = serde_json::json!({ "cifar": { "test": [path] }, "classes": 10 });
    let mut small = plain.clone();
    small["resize"] = serde_json::json!([2, 3]);
    small["channels"] = 1.into();
    let of = |json: &serde_json::Value| -> Source { serde_json::from_value(json.clone()).unwrap() };
    let nowhere = Path::new("/nonexistent");
    let found = load(nowhere, &of(&small), Split::Test).unwrap();
    assert_eq!((found.images.shape, shape_of(&of(&small)).unwrap()), ([1, 2, 3], [1, 2, 3]));
    // .299 · 200 + .587 · 100 = 118.5.
    assert!(found.images.pixels.iter().all(|pixel| [118, 119].contains(pixel)));
    let own = load(nowhere, &of(&plain), Split::Test).unwrap();
    assert_eq!((found.digests, found.images.labels), (own.digests, own.images.labels));
}

#[test]
fn files_of_ones_own_are_told_where_to_write_a_shape() {
    let folder = source(r#"{ "images": { "test": "x", "channels": 1 }, "classes": 1 }"#);
    let told = folder.remedy([3, 32, 32]);
    assert_eq!(
        told.as_deref(),
        Some("write resize = [32, 32], channels = 3 in its `images = { … }`")
    );
    assert_eq!(folder.remedy([2, 32, 32]), None, "there are no images of two channels");
    let cifar = source(r#"{ "cifar": { "test": ["x.bin"] }, "classes": 10 }"#);
    let told = cifar.remedy([1, 28, 28]);
    assert_eq!(told.as_deref(), Some("write resize = [28, 28], channels = 1 beside its `classes`"));
}

#[test]
fn what_cannot_be_meant_is_told_with_what_can() {
    let cases = [
        ("evaluate.ood = [{ name = \"cifar10\", channels = 1 }]", "did you mean \"cifar-10\"?"),
        ("evaluate.ood = [{ name = \"cifar-10\", resize = [28, 28], chanels = 1 }]", "`channels`"),
        (
            "evaluate.ood = [{ name = \"cifar-10\", resize = 28 }]",
            "`evaluate.ood.resize` is a list",
        ),
        ("evaluate.ood = [{ name = \"cifar-10\", resize = [0, 28] }]", "1 to 4096"),
        ("evaluate.ood = [{ name = \"cifar-10\" }]", "alone: for a set of the catalogue as it is"),
        ("evaluate.ood = [{ name = \"mnist\", resize = [28, 28] }]", "is the training set itself"),
        ("data.auxiliary = { name = \"mnist\", channels = 1 }", "is the training set itself"),
    ];
    for (text, message) in cases {
        let error = plan(text).unwrap_err();
        assert!(error.contains(message), "{message:?} is not in\n{error}");
    }
}

#[test]
fn one_set_cannot_be_judged_by_and_tuned_on_or_learnt_from() {
    let grey = "{ name = \"cifar-10\", resize = [28, 28], channels = 1 }";
    let error = plan(&format!("evaluate.ood = [{grey}]\ndata.auxiliary = {grey}")).unwrap_err();
    assert!(error.contains("learnt from and judged by"), "{error}");
    let error = plan(&format!("evaluate = {{ ood = [{grey}], validation_ood = [{grey}] }}"));
    assert!(error.unwrap_err().contains("two out-of-distribution sets are called `cifar-10`"));
    // The same files under two names.
    let files = |name: &str| {
        format!("{{ name = \"{name}\", images = {{ test = 'x', channels = 1 }}, classes = 1 }}")
    };
    let (one, other) = (files("one"), files("other"));
    let error = plan(&format!("evaluate = {{ ood = [{one}], validation_ood = [{other}] }}"));
    assert!(error.unwrap_err().contains("the sets `other` and `one` are of the same images"));
}

#[test]
fn near_and_far_name_it_and_it_is_written_as_it_was_read() {
    let entry = "{ name = \"cifar-10\", resize = [28, 28], channels = 1 }";
    let lists = format!("ood = [\"fashion-mnist\", {entry}]\nfar = [\"cifar-10\"]");
    let spec = spec(&format!("[evaluate]\n{lists}"));
    assert_eq!(spec.evaluate.ood.iter().map(OodSet::name).collect::<Vec<_>>()[1], "cifar-10");
    let json = serde_json::to_string(&spec.evaluate).unwrap();
    assert!(
        json.contains(r#"{"test":{"name":"cifar-10","resize":[28,28],"channels":1}}"#),
        "{json}"
    );
    let text = jem_core::spec::to_toml(&spec);
    let again = self::spec(&text);
    assert_eq!(again.evaluate, spec.evaluate, "{text}");
}
