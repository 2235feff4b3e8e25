//! Experiments on files of one's own, through the real binaries: where the
//! files lie plays no part, and results outlast them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sandbox;

use std::fs;
use std::path::Path;
use std::process::Command;

use sandbox::{Sandbox, manifests};

/// IDX images of 4×4 and their labels, of two classes that are told at once;
/// `shift` makes other images.
fn write_set(folder: &Path, n: usize, shift: u8) {
    fs::create_dir_all(folder).unwrap();
    let count = (n as u32).to_be_bytes();
    let mut images = [&[0, 0, 8, 3][..], &count, &[0, 0, 0, 4, 0, 0, 0, 4]].concat();
    let mut labels = [&[0, 0, 8, 1][..], &count].concat();
    for example in 0..n {
        let label = (example % 2) as u8;
        images.extend([label * 200 + shift + (example % 7) as u8; 16]);
        labels.push(label);
    }
    fs::write(folder.join("images"), images).unwrap();
    fs::write(folder.join("labels"), labels).unwrap();
}

fn spec(train: &str, steps: u32) -> String {
    format!(
        r#"question = "Is it found again?"
preset = "seed-chapter"
seeds = 1
[data]
train = {{ idx = {{ train_images = "{train}/images", train_labels = "{train}/labels", test_images = "test/images", test_labels = "test/labels" }}, classes = 2 }}
validation = 8
range = "[-1, 1]"
[model.mlp]
hidden = [8]
[objective]
lambda = 0
[sampler]
steps = 2
step_size = 1
noise_std = 0.01
init = "uniform"
[replay_buffer]
size = 20
[train]
steps = {steps}
batch_size = 8
[evaluate]
ood = [{{ idx = {{ test_images = "other/images" }} }}]
ece_bins = [5]
samples = 4
"#
    )
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    write_set(&sandbox.path("train"), 40, 0);
    write_set(&sandbox.path("test"), 20, 1);
    write_set(&sandbox.path("other"), 20, 30);
    sandbox.write("own.toml", &spec("train", 12));
    sandbox
}

#[test]
fn results_are_shown_reported_and_tagged_when_their_images_are_gone() {
    let sandbox = sandbox();
    sandbox.ok(&["run", "own.toml", "--workers", "1"]);
    let table = sandbox.ok(&["table", "own.toml"]);
    // No result names a path, or what the machine's folders are called.
    for manifest in manifests(&sandbox.path("results")) {
        for name in ["spec.json", "evaluate.json"] {
            let Some(file) = manifest.results.get(name) else { continue };
            let hex = file.digest.to_hex();
            let object = sandbox.path("results/objects").join(&hex[..2]).join(&hex[2..]);
            let text = fs::read_to_string(object).unwrap();
            assert!(text.contains("sha256:") || name == "evaluate.json", "{text}");
            assert!(!text.contains("/images"), "{text}");
        }
    }
    for gone in ["train", "test", "other"] {
        fs::rename(sandbox.path(gone), sandbox.path("away")).unwrap();
        let shown = sandbox.jem(&["table", "own.toml"]);
        assert_eq!((shown.code, &shown.out), (0, &table), "{gone}: {shown:?}");
        let note = shown.err.contains("note: ") && shown.err.contains(&format!("{gone}/images"));
        assert!(note && shown.err.contains("sha256:"), "{shown:?}");
        for verb in [&["plan", "own.toml"][..], &["report", "own.toml"]] {
            let said = sandbox.jem(verb);
            assert!(said.code == 0 && said.err.contains("note: "), "{gone}: {said:?}");
        }
        assert!(sandbox.ok(&["plan", "own.toml"]).contains("1 cached"));
        sandbox.ok(&["store", "tag", &format!("no-{gone}"), "own.toml"]);
        fs::rename(sandbox.path("away"), sandbox.path(gone)).unwrap();
    }
    assert!(sandbox.ok(&["run", "own.toml"]).contains("nothing to run"));
    assert_eq!(sandbox.jem(&["store", "fsck"]).code, 0);
}

#[test]
fn the_same_images_elsewhere_are_the_same_trial_and_other_images_are_not() {
    let sandbox = sandbox();
    sandbox.ok(&["run", "own.toml", "--workers", "1"]);
    for folder in ["./train", "elsewhere/deep", &sandbox.path("train").display().to_string()] {
        if folder.starts_with("elsewhere") {
            write_set(&sandbox.path(folder), 40, 0);
        }
        sandbox.write("same.toml", &spec(folder, 12));
        let said = sandbox.ok(&["plan", "same.toml"]);
        assert!(said.contains("1 cached"), "{folder}: {said}");
    }
    // As many bytes, other ones, at the old path.
    write_set(&sandbox.path("train"), 40, 2);
    let said = sandbox.ok(&["plan", "own.toml"]);
    assert!(said.contains("1 new"), "{said}");
    // What was there before is still listed.
    assert!(sandbox.ok(&["ls", ""]).contains("1 of 1 trial"));
}

#[test]
fn nothing_is_run_on_images_that_are_gone() {
    let sandbox = sandbox();
    sandbox.ok(&["run", "own.toml", "--workers", "1"]);
    sandbox.write("longer.toml", &spec("train", 16));
    fs::remove_dir_all(sandbox.path("train")).unwrap();
    let said = sandbox.jem(&["run", "longer.toml", "--workers", "1"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("train/images") && said.err.contains("not there"), "{said:?}");
    assert_eq!(manifests(&sandbox.path("results")).len(), 2);
    // In a store that never saw them they are an error, as ever.
    let said = sandbox.jem(&["plan", "own.toml", "--results", "empty"]);
    assert!(said.code == 3 && said.err.contains("train/images"), "{said:?}");
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_is_named_and_nothing_is_begun() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let sandbox = sandbox();
    let strange = sandbox.path("").join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&strange).unwrap();
    fs::copy(sandbox.path("own.toml"), strange.join("own.toml")).unwrap();
    let run = |add: &dyn Fn(&mut Command) -> &mut Command| {
        let mut command = sandbox.command(&[]);
        add(&mut command);
        let said = sandbox::Said::of(command.output().unwrap());
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.err.contains("caf\u{fffd}") && said.err.contains("try: "), "{said:?}");
    };
    run(&|jem| jem.arg("run").arg(strange.join("own.toml")));
    run(&|jem| jem.args(["run", "own.toml", "--results"]).arg(strange.join("r")));
    run(&|jem| jem.args(["plan", "own.toml", "--data"]).arg(strange.join("d")));
    run(&|jem| jem.args(["run", "own.toml"]).current_dir(&strange));
    run(&|jem| jem.args(["plan", "own.toml"]).env("JEM_RESULTS", strange.join("r")));
    run(&|jem| jem.args(["ls", ""]).env("TMPDIR", &strange));
    run(&|jem| jem.args(["store", "tag", "x"]).arg(strange.join("own.toml")));
    run(&|jem| jem.args(["report", "own.toml", "--out"]).arg(strange.join("o")));
    // An image whose name is none is named by what reads it.
    let folder = sandbox.path("images/a");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"caf\xe9.png")), "").unwrap();
    let images = "{ images = { train = \"images\", test = \"images\" }, classes = 1 }\nvalidation";
    let text = spec("train", 12);
    let (start, rest) = text.split_once("train = {").unwrap();
    let text = format!("{start}train = {images}{}", rest.split_once("validation").unwrap().1);
    sandbox.write("images.toml", &text);
    let said = sandbox.jem(&["run", "images.toml"]);
    assert!(said.code == 3 && said.err.contains("caf\u{fffd}.png"), "{said:?}");
    // Help needs no path.
    assert_eq!(
        Some(0),
        sandbox.command(&["--help"]).current_dir(&strange).status().unwrap().code()
    );
}
