//! Pipes, devices and names that are not text in the place of data files: an
//! error, never a hang or a panic.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use jem_core::dataset::{
    CifarFiles, IdxFiles, ImageFolders, InceptionFile, Source, Split, SvhnFiles, UserFiles,
    count_of, expected_digests, load, shape_of,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};

const PICTURE: &[u8] = include_bytes!("fixtures/images/grey.png");

/// Every way to read `files`; what each says.
fn errors(files: UserFiles) -> Vec<String> {
    let source = Source::Files(Box::new(files));
    let nowhere = Path::new("nowhere");
    let ways: [Option<String>; 4] = [
        load(nowhere, &source, Split::Test).err().map(|error| error.to_string()),
        expected_digests(&source, Split::Test, nowhere).err().map(|error| error.to_string()),
        shape_of(&source).err().map(|error| error.to_string()),
        count_of(&source, Split::Test).err().map(|error| error.to_string()),
    ];
    ways.into_iter().flatten().collect()
}

fn every_format(path: &Path, folder: &Path) -> Vec<UserFiles> {
    let test = path.to_owned();
    let idx = IdxFiles {
        train_images: None,
        train_labels: None,
        test_images: test.clone(),
        test_labels: Some(test.clone()),
    };
    let images =
        ImageFolders { train: None, test: folder.to_owned(), resize: None, channels: None };
    let own = |files: UserFiles| UserFiles { classes: Some(10), ..files };
    vec![
        own(UserFiles { idx: Some(idx), ..UserFiles::default() }),
        own(UserFiles {
            cifar: Some(CifarFiles { train: Vec::new(), test: vec![test.clone()] }),
            ..UserFiles::default()
        }),
        own(UserFiles { svhn: Some(SvhnFiles { train: None, test }), ..UserFiles::default() }),
        own(UserFiles { images: Some(images), ..UserFiles::default() }),
    ]
}

#[test]
fn a_pipe_or_a_device_is_an_error_and_no_hang() {
    let root = tempfile::tempdir().unwrap();
    let (said, heard) = channel();
    for (kind, make) in [
        (
            "pipe",
            (|path: &Path| {
                mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
            }) as fn(&Path),
        ),
        ("device", |path: &Path| symlink("/dev/zero", path).unwrap()),
    ] {
        let folder = root.path().join(kind);
        fs::create_dir(&folder).unwrap();
        let path: PathBuf = folder.join("0.png");
        make(&path);
        for files in every_format(&path, &folder) {
            let said = said.clone();
            let shown = format!("{kind}: {files:?}");
            thread::spawn(move || said.send(errors(files)).unwrap());
            // What hangs never answers; what answers does so at once.
            let errors = heard.recv_timeout(Duration::from_secs(60)).expect(&shown);
            let refused = errors.iter().filter(|error| error.contains("not a regular file"));
            assert!(refused.count() >= 2, "{shown}: {errors:?}");
        }
        let inception = InceptionFile { path: Some(path.clone()), digest: None };
        let read = inception.read(Path::new("nowhere"), Path::new(""));
        assert!(!matches!(read, Ok(Some(_))), "{kind}");
    }
}

#[test]
fn a_name_that_is_not_text_is_an_error_and_a_path_that_is_not_is_read() {
    let root = tempfile::tempdir().unwrap();
    let strange = root.path().join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&strange).unwrap();
    fs::write(strange.join("0.png"), PICTURE).unwrap();
    let folder = |test: &Path| {
        let images =
            ImageFolders { train: None, test: test.to_owned(), resize: None, channels: None };
        Source::Files(Box::new(UserFiles { images: Some(images), ..UserFiles::default() }))
    };
    let nowhere = Path::new("nowhere");
    // The folder's own name is no part of the data.
    assert_eq!(load(nowhere, &folder(&strange), Split::Test).unwrap().images.len(), 1);
    let error = load(nowhere, &folder(root.path()), Split::Test).unwrap_err().to_string();
    assert!(error.contains("the name is no UTF-8 text; rename it"), "{error}");
}
