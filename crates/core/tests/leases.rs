//! Who gets a lease, as one process sees it; other machines are played by
//! holders with another boot id.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use jem_core::digest::Digest;
use jem_core::id::RunId;
use jem_core::store::{Claim, Holder, Leases, Life, Store, StoreError};
use tempfile::TempDir;

const BEAT: Duration = Duration::from_millis(20);
const STALE: Duration = Duration::from_millis(400);
/// A holder that never comes to beat.
const NEVER: Duration = Duration::from_secs(3600);

fn run(name: &str) -> RunId {
    RunId::from_digest(Digest::of(name.as_bytes()))
}

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path()).unwrap();
    (folder, store)
}

/// A holder on another machine.
fn on(machine: &str) -> Holder {
    Holder { host: machine.to_owned(), boot: machine.to_owned(), ..Holder::me() }
}

fn leases(store: &Store, holder: Holder) -> Leases {
    Leases::with(store, holder, BEAT, STALE)
}

fn folder_of(store: &Store, run: RunId) -> PathBuf {
    store.root().join("leases").join(run.to_string())
}

/// Asks until the lease is held; the time it took.
fn wait_for(leases: &Leases, run: RunId) -> Duration {
    let begun = Instant::now();
    while leases.claim(run).unwrap() != Claim::Held {
        assert!(begun.elapsed() < Duration::from_secs(60), "never taken over");
        std::thread::sleep(BEAT);
    }
    begun.elapsed()
}

/// Leaves the lease of `run` as a machine leaves it that lost its power.
fn abandon(store: &Store, run: RunId, holder: &Holder) {
    let lost = Leases::with(store, holder.clone(), NEVER, STALE);
    assert_eq!(lost.claim(run).unwrap(), Claim::Held);
    drop(lost);
    fs::remove_file(folder_of(store, run).join("1.released")).unwrap();
}

#[test]
fn a_lease_is_held_by_one_until_it_is_released() {
    let (_folder, store) = store();
    let (one, other) = (Leases::new(&store), Leases::new(&store));
    assert_eq!(one.claim(run("a")).unwrap(), Claim::Held);
    assert_eq!(one.claim(run("a")).unwrap(), Claim::Held);
    assert_eq!(other.claim(run("a")).unwrap(), Claim::Busy(one.holder().clone()));
    assert_eq!(other.claim(run("b")).unwrap(), Claim::Held);
    other.release(run("a")).unwrap();
    assert_eq!(other.claim(run("a")).unwrap(), Claim::Busy(one.holder().clone()));
    let held = store.holders().unwrap();
    assert_eq!((held.len(), &held[&run("a")]), (2, one.holder()));
    one.release(run("a")).unwrap();
    one.release(run("a")).unwrap();
    assert_eq!(other.claim(run("a")).unwrap(), Claim::Held);
    assert_eq!(one.lost(), []);
    drop(other);
    assert_eq!(store.holders().unwrap().len(), 0);
    assert_eq!(one.claim(run("b")).unwrap(), Claim::Held);
}

#[test]
fn a_process_that_is_gone_holds_nothing_even_where_its_pid_is_used_again() {
    let (_folder, store) = store();
    let ours = Leases::new(&store);
    let me = Holder::me();
    let dead = Holder { pid: 4_194_305, ..me.clone() };
    let reused = Holder { started: me.started.wrapping_sub(1), nonce: "x".into(), ..me };
    for (name, holder) in [("dead", dead), ("reused", reused)] {
        abandon(&store, run(name), &holder);
        assert_eq!(holder.life(), Life::Gone);
        assert!(!store.holders().unwrap().contains_key(&run(name)));
        assert_eq!(ours.claim(run(name)).unwrap(), Claim::Held);
    }
}

#[test]
fn another_machine_is_given_the_whole_limit_whatever_the_times_of_files_say() {
    let hour = Duration::from_secs(3600);
    let times = [SystemTime::now() - hour, SystemTime::now() + hour];
    std::thread::scope(|scope| {
        for time in times {
            scope.spawn(move || {
                let (_folder, store) = store();
                abandon(&store, run("a"), &on("far"));
                for entry in fs::read_dir(folder_of(&store, run("a"))).unwrap() {
                    File::open(entry.unwrap().path()).unwrap().set_modified(time).unwrap();
                }
                let ours = leases(&store, Holder::me());
                assert!(wait_for(&ours, run("a")) >= STALE);
                assert_eq!(store.holders().unwrap()[&run("a")], *ours.holder());
            });
        }
    });
}

#[test]
fn a_counter_that_moves_keeps_a_lease_however_slowly_we_look() {
    let (_folder, store) = store();
    abandon(&store, run("a"), &on("far"));
    let ours = leases(&store, Holder::me());
    let beat = folder_of(&store, run("a")).join("1.beat");
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < 3 * STALE {
        count += 1;
        fs::write(&beat, format!("{count:020}\n")).unwrap();
        assert!(matches!(ours.claim(run("a")).unwrap(), Claim::Busy(_)));
        std::thread::sleep(STALE * (count % 3) / 2);
    }
    wait_for(&ours, run("a"));
}

#[test]
fn the_thread_beats_for_what_is_held_and_ends_with_it() {
    let (_folder, store) = store();
    let holder = leases(&store, on("far"));
    holder.claim(run("a")).unwrap();
    let live = || store.live_holders(Duration::from_secs(5)).unwrap();
    assert_eq!(live()[&run("a")], *holder.holder());
    // Where the counter cannot be written, the lease is held all the same.
    let beat = folder_of(&store, run("a")).join("1.beat");
    // The thread may write it once more in between.
    while fs::create_dir(&beat).is_err() {
        let _ = fs::remove_file(&beat);
    }
    std::thread::sleep(4 * BEAT);
    assert_eq!((holder.claim(run("a")).unwrap(), holder.lost()), (Claim::Held, vec![]));
    drop(holder);
    assert_eq!(live().len(), 0);
}

#[test]
fn of_many_takers_of_a_stale_lease_one_gets_it() {
    let (_folder, store) = store();
    abandon(&store, run("a"), &on("far"));
    // Long beside what a loaded machine may keep a thread waiting.
    let stale = 3 * STALE;
    let taker = |n: usize| Leases::with(&store, on(&format!("m{n}")), BEAT, stale);
    let takers: Vec<Leases> = (0..16).map(taker).collect();
    let held = || takers.iter().filter(|taker| taker.claim(run("a")).unwrap() == Claim::Held);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for taker in &takers {
            scope.spawn(move || {
                while begun.elapsed() < 2 * stale {
                    taker.claim(run("a")).unwrap();
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
    });
    assert_eq!(held().count(), 1);
    assert!(takers.iter().all(|taker| taker.lost().is_empty()));
    let names = fs::read_dir(folder_of(&store, run("a"))).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with(".tmp")), "{names:?}");
}

#[test]
fn a_holder_that_was_suspended_learns_that_it_lost_its_lease() {
    let (_folder, store) = store();
    let suspended = Leases::with(&store, on("far"), NEVER, STALE);
    suspended.claim(run("a")).unwrap();
    suspended.claim(run("b")).unwrap();
    let ours = leases(&store, Holder::me());
    wait_for(&ours, run("a"));
    assert_eq!(suspended.lost(), [run("a")]);
    let busy = Claim::Busy(ours.holder().clone());
    assert_eq!(suspended.claim(run("a")).unwrap(), busy);
    suspended.release(run("a")).unwrap();
    assert_eq!(suspended.lost(), []);
    drop(suspended);
    // What it gave back is not ours.
    assert_eq!(leases(&store, on("third")).claim(run("a")).unwrap(), busy);
    assert_eq!(ours.claim(run("b")).unwrap(), Claim::Held);
}

#[test]
fn garbage_is_not_believed_and_wedges_nothing() {
    let half = &serde_json::to_vec(&on("far")).unwrap()[..20];
    let put = |folder: &Path, name: &str, bytes: &[u8]| {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    };
    let put_all = |folder: &Path, names: &[&str]| {
        names.iter().for_each(|name| put(folder, name, b"x"));
    };
    type Garbage<'a> = &'a (dyn Fn(&Path) + Sync);
    let kinds: [(Garbage<'_>, bool); 8] = [
        (&|folder| put(folder, "1", half), true),
        (&|folder| put(folder, "1", b""), true),
        (&|folder| put(folder, "1", &[0; 300]), true),
        (&|folder| put(folder, "7", &vec![b'['; 1 << 20]), true),
        (&|folder| fs::create_dir_all(folder.join("3")).unwrap(), true),
        (&|folder| put(folder, ".tmp-abc", half), false),
        (&|folder| put(folder, "18446744073709551615", b"x"), false),
        (&|folder| put_all(folder, &["007", "+1", "-1", "1.released", "x"]), false),
    ];
    std::thread::scope(|scope| {
        for (n, (garbage, waits)) in kinds.into_iter().enumerate() {
            scope.spawn(move || {
                let (_folder, store) = store();
                garbage(&folder_of(&store, run("a")));
                let ours = leases(&store, Holder::me());
                let waited = wait_for(&ours, run("a"));
                assert_eq!(waited >= STALE, waits, "kind {n}: {waited:?}");
                assert_eq!(store.holders().unwrap()[&run("a")], *ours.holder());
                ours.release(run("a")).unwrap();
                assert_eq!(leases(&store, on("far")).claim(run("a")).unwrap(), Claim::Held);
            });
        }
    });
}

#[test]
fn a_forgotten_lease_leaves_nothing_and_its_numbers_may_begin_again() {
    let (_folder, store) = store();
    let ours = leases(&store, Holder::me());
    for _ in 0..3 {
        ours.claim(run("a")).unwrap();
        ours.release(run("a")).unwrap();
    }
    ours.claim(run("a")).unwrap();
    ours.forget(run("a")).unwrap();
    assert!(!folder_of(&store, run("a")).exists());
    ours.forget(run("a")).unwrap();
    assert_eq!(leases(&store, on("far")).claim(run("a")).unwrap(), Claim::Held);
}

#[test]
fn a_store_whose_files_vanish_is_an_error_or_a_loss_and_no_panic() {
    let (_folder, store) = store();
    let ours = leases(&store, Holder::me());
    ours.claim(run("a")).unwrap();
    fs::remove_dir_all(store.root()).unwrap();
    std::thread::sleep(3 * BEAT);
    assert_eq!(ours.lost(), [run("a")]);
    ours.release(run("a")).unwrap();
    fs::write(store.root(), b"a file in the way").unwrap();
    let error = ours.claim(run("a")).unwrap_err();
    assert!(matches!(&error, StoreError::Io { path, .. } if path.starts_with(store.root())));
    fs::remove_file(store.root()).unwrap();
}
