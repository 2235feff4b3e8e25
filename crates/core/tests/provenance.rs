//! What is told of a checkout, against repositories made for it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use git2::{Repository, Signature};
use jem_core::digest::Digest;
use jem_core::provenance::{SourceState, source_state};

/// A checkout with one commit of `a.rs`.
fn checkout(folder: &Path) -> Repository {
    let repository = Repository::init(folder).unwrap();
    fs::write(folder.join("a.rs"), "fn a() {}\n").unwrap();
    fs::write(folder.join(".gitignore"), "ignored\n").unwrap();
    let mut index = repository.index().unwrap();
    index.add_path(Path::new("a.rs")).unwrap();
    index.add_path(Path::new(".gitignore")).unwrap();
    index.write().unwrap();
    let tree = index.write_tree().unwrap();
    let me = Signature::now("me", "me@example.org").unwrap();
    let tree = repository.find_tree(tree).unwrap();
    repository.commit(Some("HEAD"), &me, &me, "one", &tree, &[]).unwrap();
    drop(tree);
    repository
}

fn state(folder: &Path) -> (SourceState, Vec<Vec<u8>>) {
    source_state(folder, &[]).unwrap().unwrap()
}

#[test]
fn a_clean_checkout_is_its_commit_and_no_checkout_is_none() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(source_state(folder.path(), &[]).unwrap(), None);
    let repository = checkout(folder.path());
    let commit = repository.head().unwrap().peel_to_commit().unwrap().id().to_string();
    fs::write(folder.path().join("ignored"), "not ours").unwrap();
    let (state, kept) = state(folder.path());
    assert_eq!((state.clean_commit(), state.dirty), (Some(commit.as_str()), false));
    assert!(state.short().len() == 7 && kept.is_empty());
}

#[test]
fn what_differs_is_kept_byte_by_byte_and_named_by_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    checkout(folder.path());
    fs::write(folder.path().join("a.rs"), "fn b() {}\n").unwrap();
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(folder.path().join("deep/new.rs"), "fn new() {}\n").unwrap();
    fs::create_dir(folder.path().join("results")).unwrap();
    fs::write(folder.path().join("results/a"), "a result").unwrap();
    let outputs = [folder.path().join("results")];
    let (state, kept) = source_state(folder.path(), &outputs).unwrap().unwrap();
    assert!(state.dirty && state.short().ends_with("-dirty") && state.clean_commit().is_none());
    let bytes = |digest: Digest| kept.iter().find(|bytes| Digest::of(bytes) == digest).unwrap();
    let patch = String::from_utf8(bytes(state.diff.unwrap()).clone()).unwrap();
    assert!(patch.contains("-fn a() {}\n+fn b() {}\n"), "{patch}");
    let untracked: Vec<&str> = state.untracked.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(untracked, ["deep/new.rs"]);
    assert_eq!(bytes(state.untracked[0].digest), b"fn new() {}\n");
}

#[test]
fn staged_changes_and_a_repository_without_a_commit_are_dirty() {
    let folder = tempfile::tempdir().unwrap();
    let repository = checkout(folder.path());
    fs::write(folder.path().join("a.rs"), "fn staged() {}\n").unwrap();
    let mut index = repository.index().unwrap();
    index.add_path(Path::new("a.rs")).unwrap();
    index.write().unwrap();
    assert!(state(folder.path()).0.dirty);
    let young = tempfile::tempdir().unwrap();
    Repository::init(young.path()).unwrap();
    fs::write(young.path().join("a.rs"), "fn a() {}\n").unwrap();
    let (state, _) = state(young.path());
    assert_eq!((state.commit.as_deref(), state.short().as_str()), (None, "no-commit-dirty"));
}

#[test]
fn a_checkout_that_cannot_be_read_is_an_error_and_not_no_checkout() {
    let folder = tempfile::tempdir().unwrap();
    checkout(folder.path());
    // The objects that HEAD names are gone.
    fs::remove_dir_all(folder.path().join(".git/objects")).unwrap();
    fs::create_dir(folder.path().join(".git/objects")).unwrap();
    let error = source_state(folder.path(), &[]).unwrap_err();
    let unknown = SourceState::unknown(&error);
    assert_eq!((unknown.short().as_str(), unknown.dirty), ("unknown-commit", true));
    assert!(unknown.clean_commit().is_none() && unknown.error.is_some());
    let record = serde_json::to_string(&unknown).unwrap();
    assert_eq!(serde_json::from_str::<SourceState>(&record).unwrap(), unknown);
}
