//! Folders of pictures through the real binaries: labels by the names of classes,
//! which notes, tables and reports list.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;

use sandbox::{Sandbox, tiny};

/// Writes `n` pictures of 8×8 of each of `classes`, whose brightness is that of
/// its first letter, into `folder`.
fn pictures(sandbox: &Sandbox, folder: &str, classes: &[&str], n: u8) {
    for class in classes {
        let level = match class.as_bytes()[0] {
            b'a' => 10,
            b'b' => 110,
            _ => 210,
        };
        let place = sandbox.path(folder).join(class);
        fs::create_dir_all(&place).unwrap();
        for i in 0..n {
            let file = fs::File::create(place.join(format!("{i:02}.png"))).unwrap();
            let mut encoder = png::Encoder::new(file, 8, 8);
            encoder.set_color(png::ColorType::Grayscale);
            let pixels: Vec<u8> = (0..64).map(|p| level + (i * 7 + p) % 30).collect();
            encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        }
    }
}

fn spec(test: &str) -> String {
    let images = format!(
        "train = {{ images = {{ train = \"train\", test = \"{test}\" }}, classes = 3, name = \"pets\" }}"
    );
    let text = tiny("").replace("train = \"digits\"", &images);
    let text = text.replace("validation = 100", "validation = 12").replace("limit = 256\n", "");
    text.replace("seeds = 2", "seeds = 1").replace("steps = 30", "steps = 200")
}

#[test]
fn labels_are_those_of_the_training_folder_and_classes_are_listed_everywhere() {
    let sandbox = Sandbox::new();
    pictures(&sandbox, "train", &["ant", "bee", "cat"], 24);
    pictures(&sandbox, "whole", &["ant", "bee", "cat"], 8);
    pictures(&sandbox, "fewer", &["ant", "cat"], 8);
    pictures(&sandbox, "other", &["ant", "bee", "cow"], 8);
    sandbox.write("whole.toml", &spec("whole"));
    sandbox.write("fewer.toml", &spec("fewer"));
    sandbox.write("other.toml", &spec("other"));
    let of_label = |file: &str| {
        sandbox.ok(&["run", file]);
        sandbox.ok(&["table", file, "--format", "markdown"])
    };
    let whole = of_label("whole.toml");
    assert!(!whole.contains("have none"), "{whole}");
    let fewer = of_label("fewer.toml");
    // Markdown writes a backquote with a backslash before it.
    let note = "The test images of the data set have none of the class \\`bee\\`";
    assert!(fewer.contains(note), "{fewer}");
    // Where labels were counted in the test folder, cats would be bees.
    let accuracy = |table: &str| table.contains("1.000");
    assert!(accuracy(&whole) && accuracy(&fewer), "{whole}\n{fewer}");
    let plan = sandbox.ok(&["plan", "fewer.toml"]);
    assert!(plan.contains("classes, by label from 0: `ant`, `bee`, `cat`"), "{plan}");
    assert!(plan.contains("the test images have none of the classes `bee`"), "{plan}");
    sandbox.ok(&["report", "fewer.toml"]);
    let page = fs::read_to_string(sandbox.path("reports/no-commit/fewer/report.md")).unwrap();
    assert!(page.contains("the data set, by label from 0: ant, bee, cat"), "{page}");
    assert!(page.contains("have none of the class"), "{page}");
    for command in ["plan", "run"] {
        let said = sandbox.jem(&[command, "other.toml"]);
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.err.contains("`cow` is no class of the training images"), "{said:?}");
    }
    sandbox.ok(&["verify", "fewer.toml"]);
}

#[test]
fn a_set_too_small_for_its_batch_is_refused_before_anything_runs() {
    let sandbox = Sandbox::new();
    pictures(&sandbox, "train", &["ant", "bee", "cat"], 8);
    pictures(&sandbox, "whole", &["ant", "bee", "cat"], 2);
    sandbox.write("small.toml", &spec("whole"));
    for command in ["plan", "run"] {
        let said = sandbox.jem(&[command, "small.toml"]);
        assert_eq!(said.code, 3, "{said:?}");
        let expected = "a batch of 32 is larger than the 12 training examples";
        assert!(said.err.contains(expected), "{said:?}");
    }
    assert!(!sandbox.path("results").join("runs").exists());
}

#[test]
fn equal_draws_are_told() {
    let sandbox = Sandbox::new();
    let draws =
        "[[sweep]]\nrandom = { n = 20, over = { \"sampler.steps\" = { linear = [1, 4] } } }\n";
    sandbox.write("draws.toml", &tiny(draws));
    let plan = sandbox.ok(&["plan", "draws.toml"]);
    assert!(plan.contains("16 of the 20 points of `random` are equal to earlier ones"), "{plan}");
    assert!(plan.contains("8 trials: 8 new"), "{plan}");
    assert!(sandbox.ok(&["spec", "check", "draws.toml"]).contains("note: 16 of the 20 points"));
}
