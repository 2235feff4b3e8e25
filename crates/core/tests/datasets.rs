//! Fetching and verifying sets against a small server that can fail in every
//! way a real one does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "datasets/server.rs"]
mod server;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use jem_core::dataset::{
    Catalogue, DatasetError, Entry, FetchOutcome, FetchProgress, FileContent, FileState, Quiet,
    Source, Split, catalogue, fetch, is_present, load, verify,
};
use jem_core::digest::Digest;
use server::{Answer, Server};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Two images of 2×2.
const IMAGES: &[u8] = &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8];
/// Their labels.
const LABELS: &[u8] = &[0, 0, 8, 1, 0, 0, 0, 2, 1, 0];

/// A set of the two files above with these mirrors, each a TOML table's body.
fn tiny_set(mirrors: &[String]) -> Entry {
    let mut text = String::from(
        "[[set]]\nname = 'tiny'\ntitle = 't'\nformat = 'idx'\nshape = [1, 2, 2]\nclasses = 2\n\
         pixel_max = 255\nsplits = { train = 0, test = 2 }\nlicence = 'l'\ncitation = 'c'\n",
    );
    for (name, role, bytes) in [("images", "images", IMAGES), ("labels", "labels", LABELS)] {
        text += &format!(
            "[[set.file]]\nname = '{name}'\nrole = '{role}'\nsplit = 'test'\nbytes = {}\n\
             sha256 = '{}'\n",
            bytes.len(),
            Digest::of(bytes)
        );
    }
    for mirror in mirrors {
        text += &format!("[[set.mirror]]\n{mirror}\n");
    }
    Catalogue::parse(&text).unwrap().entry("tiny").unwrap().clone()
}

fn gz_mirror(server: &Server) -> String {
    format!("kind = 'https'\nbase = '{}'\nsuffix = '.gz'", server.base)
}

/// The names in the set's folder, so that a test sees whatever is left there.
fn names_in(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir.join("tiny")) else {
        return Vec::new();
    };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[derive(Default)]
struct Notes(Vec<String>);

impl FetchProgress for Notes {
    fn begin(&mut self, what: &str, total: Option<u64>) {
        self.0.push(format!("begin {what} {total:?}"));
    }
    fn advance(&mut self, _: u64) {}
    fn note(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
    fn end(&mut self) {
        self.0.push("end".to_owned());
    }
}

#[test]
fn a_set_is_fetched_once_and_then_believed_by_its_digest() {
    let server = Server::start();
    server.serve("images.gz", Answer::Whole(gzip(IMAGES)));
    server.serve("labels.gz", Answer::Whole(LABELS.to_vec()));
    let (set, dir) = (tiny_set(&[gz_mirror(&server)]), tempfile::tempdir().unwrap());
    let dir = dir.path();
    assert!(!is_present(&set, dir));
    assert!(matches!(set.load(dir, Split::Test), Err(DatasetError::NotFetched { .. })));
    let mut notes = Notes::default();
    let outcome = fetch(&set, dir, &mut notes).unwrap();
    assert_eq!(outcome, FetchOutcome::FetchedFrom(server.base.clone()));
    assert_eq!(notes.0.len(), 4, "{:?}", notes.0);
    assert!(is_present(&set, dir));
    assert_eq!(fetch(&set, dir, &mut Quiet).unwrap(), FetchOutcome::Already);
    assert_eq!(server.requests(), ["images.gz", "labels.gz"]);
    assert_eq!(names_in(dir), ["images", "labels"]);
    let loaded = set.load(dir, Split::Test).unwrap();
    assert_eq!(loaded.images.pixels, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(loaded.digests, set.digests(dir, Split::Test).unwrap());
}

#[test]
fn a_download_cut_at_any_byte_leaves_nothing_and_the_next_one_works() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let (set, dir) = (tiny_set(&[gz_mirror(&server)]), dir.path());
    server.serve("labels.gz", Answer::Whole(gzip(LABELS)));
    let packed = gzip(IMAGES);
    for n in 0..packed.len() {
        for answer in [Answer::Cut(packed.clone(), n), Answer::CutUnannounced(packed.clone(), n)] {
            server.serve("images.gz", answer);
            let error = fetch(&set, dir, &mut Quiet).unwrap_err().to_string();
            assert!(error.contains("images"), "{n}: {error}");
            assert!(names_in(dir).is_empty(), "{n}");
        }
    }
    server.serve("images.gz", Answer::Whole(packed));
    fetch(&set, dir, &mut Quiet).unwrap();
    assert!(verify(&set, dir).iter().all(|check| check.state == FileState::Ok));
}

#[test]
fn files_that_came_before_an_interruption_are_not_fetched_again() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let (set, dir) = (tiny_set(&[gz_mirror(&server)]), dir.path());
    server.serve("images.gz", Answer::Whole(gzip(IMAGES)));
    fetch(&set, dir, &mut Quiet).unwrap_err();
    assert_eq!(names_in(dir), ["images"]);
    server.serve("labels.gz", Answer::Whole(gzip(LABELS)));
    fetch(&set, dir, &mut Quiet).unwrap();
    assert_eq!(server.requests(), ["images.gz", "labels.gz", "labels.gz"]);
}

#[test]
fn mirrors_are_tried_in_order_and_every_reason_is_told() {
    let (lost, page, wrong) = (Server::start(), Server::start(), Server::start());
    page.serve("images.gz", Answer::Whole(b"<html>sign in</html>".to_vec()));
    wrong.serve("images.gz", Answer::Whole(gzip(&IMAGES[..20])));
    let packages = [
        "kind = 'https'\nbase = 'http://127.0.0.1:1/'".to_owned(),
        "kind = 'https'\nbase = 'http://no-such-host.invalid/'".to_owned(),
    ];
    let mirrors = [gz_mirror(&lost), gz_mirror(&page), gz_mirror(&wrong)];
    let set = tiny_set(&[mirrors.as_slice(), &packages].concat());
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(&set, dir.path(), &mut Quiet).unwrap_err().to_string();
    for expected in [
        "404",
        "looks like a web page",
        "20 bytes with SHA-256",
        "127.0.0.1:1",
        "no-such-host.invalid",
        "under the names images, labels",
        "jem data verify tiny",
        &dir.path().join("tiny").display().to_string(),
    ] {
        assert!(error.contains(expected), "`{expected}` is not in: {error}");
    }
    let place = |server: &Server| error.find(&server.base).unwrap();
    assert!(place(&lost) < place(&page) && place(&page) < place(&wrong), "{error}");
    assert!(names_in(dir.path()).is_empty());
}

#[test]
fn two_mirrors_may_each_deliver_a_part() {
    let (one, two) = (Server::start(), Server::start());
    one.serve("images.gz", Answer::Whole(gzip(IMAGES)));
    two.serve("labels.gz", Answer::Whole(gzip(LABELS)));
    let set = tiny_set(&[gz_mirror(&one), gz_mirror(&two)]);
    let dir = tempfile::tempdir().unwrap();
    let outcome = fetch(&set, dir.path(), &mut Quiet).unwrap();
    assert_eq!(outcome, FetchOutcome::FetchedFrom(format!("{}, {}", one.base, two.base)));
    assert_eq!(two.requests(), ["labels.gz"]);
}

#[test]
fn a_server_that_sends_too_much_is_cut_off() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let set = tiny_set(&[gz_mirror(&server)]);
    let much = vec![7; 4 << 20];
    for answer in [Answer::Whole(much.clone()), Answer::CutUnannounced(much, 4 << 20)] {
        server.serve("images.gz", answer);
        let error = fetch(&set, dir.path(), &mut Quiet).unwrap_err().to_string();
        assert!(error.contains("65561"), "{error}");
        assert!(names_in(dir.path()).is_empty());
    }
}

/// A `.tar.gz` with the set's files between members that try to get out.
fn archive() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let members: [(&str, &[u8]); 5] = [
        ("../../evil", b"evil"),
        ("/evil", b"evil"),
        ("./in/images", IMAGES),
        ("in/other", b"more"),
        ("in/labels", LABELS),
    ];
    for (name, bytes) in members {
        let mut header = tar::Header::new_old();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, bytes).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

#[test]
fn an_archive_gives_its_named_members_and_writes_nothing_else() {
    let server = Server::start();
    server.serve("a.tar.gz", Answer::Whole(archive()));
    let url = format!("{}a.tar.gz", server.base);
    let set = tiny_set(&[format!("kind = 'https-archive'\nurl = '{url}'\nfolder = 'in'")]);
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("outer/data");
    fetch(&set, &dir, &mut Quiet).unwrap();
    assert_eq!(names_in(&dir), ["images", "labels"]);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(root.path().join("outer")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
}

#[test]
fn an_archive_cut_at_any_byte_leaves_only_whole_files() {
    let server = Server::start();
    let url = format!("{}a.tar.gz", server.base);
    let set = tiny_set(&[format!("kind = 'https-archive'\nurl = '{url}'\nfolder = 'in'")]);
    let whole = archive();
    for n in (0..whole.len()).step_by(7) {
        server.serve("a.tar.gz", Answer::CutUnannounced(whole.clone(), n));
        let dir = tempfile::tempdir().unwrap();
        let done = fetch(&set, dir.path(), &mut Quiet).is_ok();
        for check in verify(&set, dir.path()) {
            let whole_or_absent = [FileState::Ok, FileState::Missing].contains(&check.state);
            assert!(whole_or_absent && (!done || check.state == FileState::Ok), "{n}: {check:?}");
        }
    }
}

#[test]
fn two_fetches_at_once_ask_for_each_file_once() {
    let server = Server::start();
    server.serve("images.gz", Answer::Whole(gzip(IMAGES)));
    server.serve("labels.gz", Answer::Whole(gzip(LABELS)));
    let (set, dir) = (tiny_set(&[gz_mirror(&server)]), tempfile::tempdir().unwrap());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| fetch(&set, dir.path(), &mut Quiet).unwrap());
        }
    });
    assert_eq!(server.requests(), ["images.gz", "labels.gz"]);
}

#[test]
fn what_a_killed_fetch_left_is_removed_and_wrong_files_are_replaced() {
    let server = Server::start();
    server.serve("images.gz", Answer::Whole(gzip(IMAGES)));
    let (set, dir) = (tiny_set(&[gz_mirror(&server)]), tempfile::tempdir().unwrap());
    let folder = dir.path().join("tiny");
    fs::create_dir_all(folder.join(".fetch-left")).unwrap();
    fs::write(folder.join(".tmp-left"), b"half").unwrap();
    fs::write(folder.join("images"), &IMAGES[..20]).unwrap();
    fs::write(folder.join("labels"), LABELS).unwrap();
    let mut notes = Notes::default();
    fetch(&set, dir.path(), &mut notes).unwrap();
    assert!(notes.0[0].contains("not the catalogue's bytes"), "{:?}", notes.0);
    assert_eq!(names_in(dir.path()), ["images", "labels"]);
    assert_eq!(server.requests(), ["images.gz"]);
}

#[test]
fn wrong_and_swapped_catalogue_files_are_told_apart() {
    let (set, dir) = (tiny_set(&[]), tempfile::tempdir().unwrap());
    let folder = dir.path().join("tiny");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("images"), LABELS).unwrap();
    fs::write(folder.join("labels"), IMAGES).unwrap();
    let error = set.load(dir.path(), Split::Test).unwrap_err().to_string();
    assert!(error.contains("bytes of `labels`: files were swapped"), "{error}");
    fs::write(folder.join("images"), [IMAGES, b"more"].concat()).unwrap();
    let error = set.load(dir.path(), Split::Test).unwrap_err().to_string();
    assert!(error.contains("28 bytes with SHA-256"), "{error}");
    assert!(error.contains("looks like an IDX image file"), "{error}");
    assert!(error.contains("jem data fetch tiny"), "{error}");
    let mut flipped = IMAGES.to_vec();
    flipped[20] ^= 1;
    fs::write(folder.join("images"), &flipped).unwrap();
    let states: Vec<FileState> = verify(&set, dir.path()).into_iter().map(|c| c.state).collect();
    let expected = FileContent::of(IMAGES);
    let found = FileContent::of(&flipped);
    assert_eq!(states[0], FileState::Wrong { expected, found });
    fs::remove_file(folder.join("labels")).unwrap();
    assert_eq!(verify(&set, dir.path())[1].state, FileState::Missing);
    fs::create_dir(folder.join("labels")).unwrap();
    assert!(matches!(verify(&set, dir.path())[1].state, FileState::Unreadable(_)));
}

#[test]
fn the_digits_need_no_folder_and_no_network() {
    let (nowhere, source) = (Path::new("/nonexistent"), Source::Catalogue("digits".to_owned()));
    let set = catalogue().entry("digits").unwrap();
    assert!(is_present(set, nowhere));
    assert_eq!(fetch(set, nowhere, &mut Quiet).unwrap(), FetchOutcome::Already);
    assert_eq!(verify(set, nowhere)[0].state, FileState::Ok);
    let train = load(nowhere, &source, Split::Train).unwrap();
    let test = load(nowhere, &source, Split::Test).unwrap();
    assert_eq!((train.images.len(), test.images.len()), (1347, 450));
    assert_eq!(train.images.shape, [1, 8, 8]);
    assert_eq!((train.images.pixel_max, train.images.classes), (16, 10));
    assert_eq!(train.digests, test.digests);
}
