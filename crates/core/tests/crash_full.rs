//! A file system that is full, and one that may not be written. The test
//! starts its own binary again in a mount namespace with a file system of
//! 512 KiB, which needs a kernel that lets it; elsewhere it says so.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jem_core::digest::Digest;
use jem_core::event::Event;
use jem_core::id::{RunId, TrialId};
use jem_core::store::{Artifact, Claim, Holder, Leases, Store, StoreError};

/// Where the small file system is, in the process that has one.
const SMALL: &str = "JEM_TEST_SMALL_DISK";

/// Mounts the file system at `$1` and becomes the rest.
const MOUNT: &str =
    "mount -t tmpfs -o size=512k,nr_inodes=600 tmpfs \"$1\" || exit 77; shift; exec \"$@\"";

fn in_a_small_disk(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let binary = std::env::current_exe().unwrap();
    for unshare in [&["-m"][..], &["-r", "-m"]] {
        let mut command = Command::new("unshare");
        command.args(unshare).args(["sh", "-c", MOUNT, "sh"]).arg(folder.path()).arg(&binary);
        let command = command.args(["--exact", test, "--nocapture"]).env(SMALL, folder.path());
        let Ok(output) = command.output() else { continue };
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        if told.contains("running 1 test") {
            let words = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{told}\n{words}");
            return;
        }
    }
    eprintln!("no mount namespaces here: {test} was not tried");
}

fn small() -> Option<PathBuf> {
    std::env::var_os(SMALL).map(PathBuf::from)
}

fn run(name: &str) -> RunId {
    RunId::from_digest(Digest::of(name.as_bytes()))
}

/// Puts objects of `size` bytes until there is no room; those that are there
/// and what was said then.
fn fill(store: &Store, size: usize) -> (Vec<Artifact>, StoreError) {
    let mut put = Vec::new();
    for n in 0u64.. {
        let mut bytes = vec![0; size];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        match store.put(&bytes) {
            Ok(artifact) => put.push(artifact),
            Err(error) => return (put, error),
        }
    }
    unreachable!("the file system has an end")
}

fn temporary_files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let count = entries.map(|entry| match entry.path() {
        path if path.is_dir() => temporary_files(&path),
        path => usize::from(path.file_name().unwrap().to_string_lossy().starts_with(".tmp-")),
    });
    count.sum()
}

#[test]
fn where_no_further_file_fits_it_is_not_said_that_bytes_are_missing() {
    let Some(root) = small() else {
        return in_a_small_disk("where_no_further_file_fits_it_is_not_said_that_bytes_are_missing");
    };
    let store = Store::create(&root.join("results")).unwrap();
    // Empty files take no bytes.
    let folder = root.join("others");
    fs::create_dir(&folder).unwrap();
    for n in 0.. {
        if fs::write(folder.join(n.to_string()), "").is_err() {
            break;
        }
    }
    let error = store.put(b"an object").unwrap_err();
    assert!(matches!(error, StoreError::Full { no_more_files: true, .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("inodes") && !said.contains("missing"), "{said}");
}

#[test]
fn a_full_disk_is_an_error_with_numbers_and_loses_nothing() {
    let Some(root) = small() else {
        return in_a_small_disk("a_full_disk_is_an_error_with_numbers_and_loses_nothing");
    };
    let store = Store::create(&root.join("results")).unwrap();
    let beat = Duration::from_millis(10);
    let leases = Leases::with(&store, Holder::me(), beat, Duration::from_secs(60));
    assert_eq!(leases.claim(run("a")).unwrap(), Claim::Held);
    let mut attempt = store.begin(run("a")).unwrap();
    let event = Event::Beat { done: 1 };
    attempt.log(&event).unwrap();

    let (kept, error) = fill(&store, 16 << 10);
    let StoreError::Full { path, needed, free, .. } = &error else { panic!("{error}") };
    assert!(path.starts_with(store.root()) && *needed == 16 << 10 && free < needed, "{error}");
    let said =
        format!("{needed} bytes are to be written, {free} are free, {} are missing", needed - free);
    assert!(error.to_string().contains(&said), "{error}");
    fill(&store, 64);
    assert_eq!(temporary_files(store.root()), 0);

    // All that writes says so, nothing panics, and what is held stays held.
    let full = |error: StoreError| assert!(matches!(error, StoreError::Full { .. }), "{error}");
    full(leases.claim(run("b")).unwrap_err());
    let long = Event::TrialStarted {
        trial: TrialId::from_digest(Digest::of(b"t")),
        attempt: "x".repeat(8 << 10),
        protocol: None,
    };
    full(attempt.log(&long).unwrap_err());
    std::thread::sleep(4 * beat);
    assert_eq!((leases.claim(run("a")).unwrap(), leases.lost()), (Claim::Held, vec![]));
    full(leases.release(run("a")).unwrap_err());
    assert_eq!(leases.claim(run("a")).unwrap(), Claim::Held);
    assert!(kept.iter().all(|artifact| store.get(artifact.digest).is_ok()));

    // Room is made, and the same goes on.
    for artifact in &kept[..4] {
        fs::remove_file(store.object_path(artifact.digest)).unwrap();
    }
    attempt.log(&event).unwrap();
    let log = store.get(attempt.keep_log(&store).unwrap().digest).unwrap();
    let lines = log.split(|byte| *byte == b'\n');
    let known = lines.filter(|line| serde_json::from_slice::<Event>(line).is_ok());
    assert_eq!(known.count(), 2);
    leases.release(run("a")).unwrap();
    assert_eq!(leases.claim(run("b")).unwrap(), Claim::Held);
}

#[test]
fn a_store_that_may_not_be_written_is_read_and_says_what_to_do() {
    let Some(root) = small() else {
        return in_a_small_disk("a_store_that_may_not_be_written_is_read_and_says_what_to_do");
    };
    let folder = root.join("results");
    let store = Store::create(&folder).unwrap();
    let artifact = store.put(b"there").unwrap();
    let leases = Leases::new(&store);
    leases.claim(run("a")).unwrap();
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&root).status().unwrap();
    assert!(remounted.success());
    assert_eq!(store.get(artifact.digest).unwrap(), b"there");
    assert_eq!(store.holders().unwrap().len(), 1);
    assert!(Store::create(&folder).is_ok() && store.manifests().unwrap().is_empty());
    let errors = [
        store.put(b"new").unwrap_err(),
        store.begin(run("a")).unwrap_err(),
        leases.claim(run("b")).unwrap_err(),
        leases.release(run("a")).unwrap_err(),
        Store::create(&root.join("other")).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(&error, StoreError::Denied { path, .. } if path.starts_with(&root)));
        assert!(error.to_string().contains("--results"), "{error}");
    }
}
