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

/// Runs git there and expects it to do as told.
fn git(folder: &Path, arguments: &[&str]) {
    let mut git = std::process::Command::new("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@b.c"]).args(arguments);
    let said = git.current_dir(folder).output().unwrap();
    assert!(said.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
}

/// Makes git read the file again: it looks other than in the index.
fn touch(path: &Path) {
    let file = fs::File::options().append(true).open(path).unwrap();
    let then = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    file.set_modified(then).unwrap();
}

#[test]
fn a_file_behind_a_filter_is_clean_where_git_says_so_and_dirty_where_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    checkout(folder.path());
    let at = |name: &str| folder.path().join(name);
    git(folder.path(), &["config", "filter.f.clean", "sed s/BIG/small/"]);
    git(folder.path(), &["config", "filter.f.smudge", "sed s/small/BIG/"]);
    fs::write(at(".gitattributes"), "*.dat filter=f\n").unwrap();
    fs::write(at("a.dat"), "BIG\n").unwrap();
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--message", "a filter"]);
    touch(&at("a.dat"));
    let (clean, _) = state(folder.path());
    assert!(!clean.dirty && clean.clean_commit().is_some(), "{clean:?}");
    let here = jem_core::provenance::History::around(folder.path()).unwrap();
    assert!(here.changes(clean.commit.as_deref(), None).unwrap().is_empty());
    fs::write(at("a.dat"), "BIG and more\n").unwrap();
    let (changed, kept) = state(folder.path());
    assert!(changed.dirty && changed.diff.is_some());
    assert!(String::from_utf8_lossy(&kept[0]).contains("-small\n+small and more\n"));
    let changes = here.changes(changed.commit.as_deref(), None).unwrap();
    assert_eq!((changes.len(), changes[0].path.as_str(), changes[0].added), (1, "a.dat", 1));
}

#[test]
fn what_the_settings_of_git_hide_or_turn_is_as_git_has_it() {
    let folder = tempfile::tempdir().unwrap();
    checkout(folder.path());
    let at = |name: &str| folder.path().join(name);
    // Line ends that git turns, modes that it does not look at.
    for (name, value) in [("core.autocrlf", "true"), ("core.fileMode", "false")] {
        git(folder.path(), &["config", name, value]);
    }
    fs::write(at("a.rs"), "fn a() {}\r\n").unwrap();
    #[cfg(unix)]
    fs::set_permissions(at("a.rs"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // Files that only this clone ignores.
    fs::create_dir_all(at(".git/info")).unwrap();
    fs::write(at(".git/info/exclude"), "mine\n").unwrap();
    fs::write(at("mine"), "not ours").unwrap();
    let (state, _) = state(folder.path());
    assert!(!state.dirty, "{state:?}");
    // A patch that can be applied, and is the same whatever a user set.
    fs::write(at("a.rs"), "fn b() {}\r\n").unwrap();
    let before = self::state(folder.path()).0.diff;
    for (name, value) in [
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.context", "9"),
        ("diff.algorithm", "patience"),
        ("color.ui", "always"),
        ("diff.autoRefreshIndex", "false"),
        ("status.showUntrackedFiles", "no"),
    ] {
        git(folder.path(), &["config", name, value]);
        assert_eq!(self::state(folder.path()).0.diff, before, "{name}");
    }
    fs::write(at("new.rs"), "").unwrap();
    assert_eq!(self::state(folder.path()).0.untracked.len(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_whose_name_is_no_text_is_named_and_the_commit_stays_known() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    checkout(folder.path());
    let name = OsStr::from_bytes(b"caf\xe9.txt");
    fs::write(folder.path().join(name), "strange").unwrap();
    let (state, kept) = state(folder.path());
    assert!(state.commit.is_some() && state.error.is_none() && state.dirty);
    assert_eq!(state.untracked[0].path, "\"caf\\351.txt\"");
    assert_eq!(state.untracked[0].to_path(), Path::new(name));
    assert!(kept.contains(&b"strange".to_vec()));
    // It can be committed, and is named when it changes.
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--message", "strange"]);
    assert!(!self::state(folder.path()).0.dirty);
    fs::write(folder.path().join(name), "stranger").unwrap();
    let here = jem_core::provenance::History::around(folder.path()).unwrap();
    let changes = here.changes(Some("HEAD"), None).unwrap();
    assert_eq!(changes[0].path, "\"caf\\351.txt\"");
    assert!(self::state(folder.path()).0.dirty);
}

#[test]
fn worktrees_sparse_and_shallow_checkouts_are_as_clean_as_git_calls_them() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("main");
    fs::create_dir(&main).unwrap();
    checkout(&main);
    for part in ["kept", "left"] {
        fs::create_dir(main.join(part)).unwrap();
        fs::write(main.join(part).join("f"), part).unwrap();
    }
    git(&main, &["add", "--all"]);
    git(&main, &["commit", "--quiet", "--message", "two folders"]);
    git(&main, &["worktree", "add", "--quiet", "--detach", "../other"]);
    let url = format!("file://{}", main.display());
    git(folder.path(), &["clone", "--quiet", "--depth", "1", &url, "shallow"]);
    git(&main, &["sparse-checkout", "set", "kept"]);
    assert!(!main.join("left").exists());
    for checkout in ["main", "other", "shallow"] {
        let (state, _) = state(&folder.path().join(checkout));
        assert!(state.clean_commit().is_some(), "{checkout}: {state:?}");
    }
    // A bare repository holds no files that could have been built.
    git(folder.path(), &["clone", "--quiet", "--bare", &url, "bare"]);
    assert_eq!(source_state(&folder.path().join("bare"), &[]).unwrap(), None);
}
