//! What is read out of commits, against a repository made for it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use git2::{IndexAddOption, Repository, Signature};
use jem_core::provenance::{FileChange, History};

fn commit(folder: &Path, files: &[(&str, &str)], message: &str) {
    let repository = Repository::init(folder).unwrap();
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut index = repository.index().unwrap();
    index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = Signature::now("a", "a@b.c").unwrap();
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap();
}

/// Two commits: `experiments/a.toml` changes, `experiments/b.toml` comes.
fn history(folder: &Path) -> History {
    commit(folder, &[("experiments/a.toml", "one\ntwo\n"), ("x.rs", "x\n")], "first\n\nbody");
    commit(folder, &[("experiments/a.toml", "one\n"), ("experiments/b.toml", "b\n")], "second");
    History::around(&folder.join("experiments")).unwrap()
}

fn change(path: &str, added: usize, removed: usize) -> FileChange {
    FileChange { path: path.to_owned(), added, removed }
}

#[test]
fn files_are_read_as_they_are_in_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let [first, second] = ["HEAD~1", "HEAD"].map(|name| history.commit(name).unwrap());
    assert_eq!(history.subject(&first).unwrap(), "first");
    let read = |commit: &str, path: &str| history.read(commit, path).unwrap();
    assert_eq!(read(&first, "experiments/a.toml").unwrap(), b"one\ntwo\n");
    assert_eq!(read(&second, "experiments/a.toml").unwrap(), b"one\n");
    assert_eq!(read(&first, "experiments/b.toml"), None);
    // A folder is no file, and what is not there is none.
    assert_eq!(read(&first, "experiments"), None);
    assert_eq!(history.files(&second, "experiments").unwrap(), ["a.toml", "b.toml"]);
    assert!(history.files(&second, "x.rs").unwrap().is_empty());
    assert!(history.files(&second, "none").unwrap().is_empty());
}

#[test]
fn what_differs_is_counted_in_either_direction_and_against_the_work_tree() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let changes = |from, to| history.changes(from, to).unwrap();
    let (a, b) = ("experiments/a.toml", "experiments/b.toml");
    assert_eq!(changes(Some("HEAD~1"), Some("HEAD")), [change(a, 0, 1), change(b, 1, 0)]);
    assert_eq!(changes(Some("HEAD"), Some("HEAD~1")), [change(a, 1, 0), change(b, 0, 1)]);
    assert!(changes(Some("HEAD"), None).is_empty());
    fs::write(folder.path().join("x.rs"), "x\ny\nz\n").unwrap();
    assert_eq!(changes(Some("HEAD"), None), [change("x.rs", 2, 0)]);
    assert_eq!(changes(None, Some("HEAD")), [change("x.rs", 0, 2)]);
    assert!(changes(None, None).is_empty());
}

#[test]
fn paths_are_named_from_the_root_and_those_outside_have_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let here = folder.path().join("experiments");
    let name = |path: &str| history.name_of(Path::new(path), &here);
    assert_eq!(name("a.toml").as_deref(), Some("experiments/a.toml"));
    assert_eq!(name("../x.rs").as_deref(), Some("x.rs"));
    assert_eq!(name("gone.toml").as_deref(), Some("experiments/gone.toml"));
    assert_eq!(name("/etc/hostname"), None);
    assert_eq!(name("../../elsewhere"), None);
}

#[test]
fn what_names_no_commit_is_said() {
    let folder = tempfile::tempdir().unwrap();
    assert!(History::around(folder.path()).is_err());
    let history = history(folder.path());
    let error = history.commit("v9").unwrap_err().to_string();
    assert!(error.contains("`v9`"), "{error}");
    // A file is no commit.
    assert!(history.commit("HEAD:x.rs").is_err());
}
