#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::dataset::{Source, Split, data_parts, digests_by};

fn source(file: &Path) -> Source {
    let table = serde_json::json!({ "cifar": { "test": [file] }, "classes": 10 });
    serde_json::from_value(table).unwrap()
}

fn digest(remembered: &Remembered, source: &Source) -> Result<Digest, DatasetError> {
    let digests = digests_by(remembered, source, Split::Test, Path::new("none"))?;
    Ok(digests[0].1)
}

/// A store, and a file that holds `bytes` and was last changed long ago.
fn settled(folder: &Path, bytes: &[u8]) -> (Store, PathBuf) {
    let store = Store::create(&folder.join("results")).unwrap();
    let file = folder.join("test.bin");
    fs::write(&file, bytes).unwrap();
    (store, file)
}

fn kind(source: &Source) -> &'static str {
    data_parts(source, Split::Test, Path::new("none")).unwrap()[0].kind()
}

#[test]
fn what_was_read_is_found_again_once_the_file_is_gone_and_said_to_be_assumed() {
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = settled(folder.path(), b"first");
    let source = source(&file);
    let read = Remembered::in_store(store.clone());
    assert_eq!(digest(&read, &source).unwrap(), Digest::of(b"first"));
    assert!(read.assumed().is_empty());
    read.record().unwrap();
    fs::remove_file(&file).unwrap();
    let gone = Remembered::in_store(store.clone());
    assert_eq!(digest(&gone, &source).unwrap(), Digest::of(b"first"));
    let assumed = gone.assumed();
    assert_eq!((assumed.len(), &assumed[0].0), (1, &file));
    assert!(assumed[0].1.assumed.as_ref().unwrap().contains("test.bin"), "{assumed:?}");
    // Nothing is remembered of another path.
    let other = folder.path().join("other.bin");
    assert!(digest(&gone, &super::tests::source(&other)).is_err());
}

#[test]
fn a_file_is_read_again_where_anything_of_it_looks_different() {
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = settled(folder.path(), b"first");
    let source = source(&file);
    let read = |bytes: &[u8]| {
        let remembered = Remembered::in_store(store.clone());
        assert_eq!(digest(&remembered, &source).unwrap(), Digest::of(bytes));
        remembered.record().unwrap();
    };
    read(b"first");
    // The same size, and the time of change set back to what it was.
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, b"other").unwrap();
    File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    read(b"other");
}

#[test]
fn a_file_that_looks_the_same_is_not_read_again_unless_it_has_just_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = settled(folder.path(), b"first");
    let source = source(&file);
    let remembered = Remembered::in_store(store.clone());
    digest(&remembered, &source).unwrap();
    remembered.record().unwrap();
    let record = store.seen(&file, kind(&source)).unwrap().unwrap();
    assert_eq!((record.stamp, record.bytes, record.files), (None, 5, 1), "just changed");
    // As if it had been read when it had long been so.
    let part = &data_parts(&source, Split::Test, Path::new("none")).unwrap()[0];
    let stamp = part.stamp().unwrap();
    assert!(stamp.changed <= SystemTime::now() + Duration::from_secs(2));
    let other = Digest::of(b"what the record says");
    let believed = Seen { stamp: Some(stamp.digest), digest: other, ..record };
    store.record_seen(&file, &believed).unwrap();
    assert_eq!(digest(&Remembered::in_store(store.clone()), &source).unwrap(), other);
    // A renamed or rewritten file is another.
    fs::rename(&file, folder.path().join("x")).unwrap();
    fs::write(&file, b"first").unwrap();
    assert_eq!(digest(&Remembered::in_store(store), &source).unwrap(), Digest::of(b"first"));
}

#[test]
fn an_altered_record_is_not_believed_and_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = settled(folder.path(), b"first");
    let source = source(&file);
    let remembered = Remembered::in_store(store.clone());
    digest(&remembered, &source).unwrap();
    remembered.record().unwrap();
    let record = store.seen_path(&name_of(&file, kind(&source)));
    let text = fs::read_to_string(&record).unwrap();
    let digest_then = Digest::of(b"first").to_hex();
    fs::write(&record, text.replace(&digest_then, &Digest::of(b"x").to_hex())).unwrap();
    assert!(store.seen(&file, kind(&source)).is_err());
    fs::remove_file(&file).unwrap();
    assert!(digest(&Remembered::in_store(store.clone()), &source).is_err());
    fs::write(&file, b"first").unwrap();
    let remembered = Remembered::in_store(store.clone());
    digest(&remembered, &source).unwrap();
    remembered.record().unwrap();
    assert!(store.seen(&file, kind(&source)).unwrap().is_some());
    assert_eq!(fs::read(&file).unwrap(), b"first");
}

#[test]
fn a_file_that_may_be_absent_is_remembered_as_having_been_there() {
    let folder = tempfile::tempdir().unwrap();
    let (store, file) = settled(folder.path(), b"network");
    let digest = Digest::of(b"network");
    let (never, now) = (Remembered::in_store(store.clone()), Remembered::in_store(store.clone()));
    assert!(!never.has(&folder.path().join("none.pt"), digest));
    assert!(now.has(&file, digest) && now.assumed().is_empty());
    now.record().unwrap();
    fs::remove_file(&file).unwrap();
    let gone = Remembered::in_store(store);
    assert!(gone.has(&file, digest) && gone.assumed().len() == 1);
    assert!(!gone.has(&file, Digest::of(b"another")), "another file was never there");
}
