//! Every file of a store, and what each is by its name alone.
//!
//! `fsck`, `gc` and `du` all begin with this list. It reads no file, so that a
//! store with any damage can still be listed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::digest::Digest;
use crate::durable::TEMPORARY_PREFIX;
use crate::id::RunId;

/// The start of the name that `gc` gives an object before it removes it.
pub(super) const CONDEMNED_PREFIX: &str = ".gc-";

/// The folders of the layout. What else stands beside them is not the
/// store's, and is left alone.
const AREAS: [&str; 8] =
    ["objects", "runs", "leases", "tags", "accepted", "commits", "sources", "quarantine"];

/// No file of the layout lies deeper.
const DEEPEST: usize = 8;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The version of the layout.
    Format,
    /// Bytes by digest.
    Object(Digest),
    /// An object that `gc` was about to remove.
    Condemned(Digest),
    /// The manifest of a run.
    Manifest(RunId),
    /// A log of an attempt: run, number, name.
    Log(RunId, u32, String),
    /// The record of a checkpoint.
    Checkpoint(RunId),
    /// The tensors of a checkpoint.
    State(RunId, Digest),
    /// A file of a lease: run, name.
    Lease(RunId, String),
    /// A tag, by its name.
    Tag(String),
    /// An acceptance of other runs, by the run that was wanted.
    Accepted(String),
    /// What was known at a commit, by the commit.
    Commit(String),
    /// What files of the user's own held, by the record's name.
    Source(String),
    /// What `fsck --repair` has put aside.
    Quarantined,
    /// A file being written, or left by a process that died.
    Temporary,
    /// In a folder of the layout, but nothing of it.
    Foreign,
}

/// A file of a store, or a temporary folder with all that is in it.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// The path from the store's folder, `/` between its parts.
    pub path: String,
    /// What it is.
    pub place: Place,
    /// Bytes.
    pub size: u64,
    /// When it was last written, as its file system has it.
    pub modified: SystemTime,
}

/// All that lies in a store.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The files, sorted by path.
    pub files: Vec<File>,
    /// Runs that have a folder.
    pub runs: BTreeSet<RunId>,
    /// What could not be listed, and why.
    pub denied: Vec<(String, String)>,
}

impl Survey {
    /// Lists the store at `root`. A folder that is not there is empty, also
    /// one that went while it was listed.
    pub fn of(root: &Path) -> Self {
        let mut survey = Self::default();
        survey.list(root, &mut Vec::new());
        survey.files.sort_by(|a, b| a.path.cmp(&b.path));
        survey
    }

    /// The files for which `wanted` has a value, with it.
    pub fn each<'a, T: 'a>(
        &'a self,
        wanted: impl Fn(&'a Place) -> Option<T> + 'a,
    ) -> impl Iterator<Item = (&'a File, T)> {
        self.files.iter().filter_map(move |file| Some((file, wanted(&file.place)?)))
    }

    fn list(&mut self, folder: &Path, parts: &mut Vec<String>) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.denied.push((shown(parts), error.to_string())),
        };
        for entry in entries {
            match entry {
                Ok(entry) => {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    parts.push(name);
                    self.take_in(&entry.path(), parts);
                    parts.pop();
                }
                Err(error) => self.denied.push((shown(parts), error.to_string())),
            }
        }
    }

    fn take_in(&mut self, path: &Path, parts: &mut Vec<String>) {
        let temporary = parts.last().is_some_and(|name| name.starts_with(TEMPORARY_PREFIX));
        let area = AREAS.contains(&parts[0].as_str()) || parts[0] == "format";
        if !area && !temporary {
            return;
        }
        // An area may be a link to another disk; what lies in it may not.
        let meta = if parts.len() == 1 { fs::metadata(path) } else { fs::symlink_metadata(path) };
        let meta = match meta {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.denied.push((shown(parts), error.to_string())),
        };
        if meta.is_dir() && !temporary && parts.len() < DEEPEST {
            if let ["runs", run] = borrowed(parts)[..]
                && let Some(run) = run_id(run)
            {
                self.runs.insert(run);
            }
            return self.list(path, parts);
        }
        let place = if temporary { Place::Temporary } else { classify(&borrowed(parts)) };
        let size = if meta.is_dir() { size_of(path) } else { meta.len() };
        let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        self.files.push(File { path: shown(parts), place, size, modified });
    }
}

fn borrowed(parts: &[String]) -> Vec<&str> {
    parts.iter().map(String::as_str).collect()
}

fn shown(parts: &[String]) -> String {
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// Bytes of all files below `folder`, as far as they can be listed.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size_of(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

fn classify(parts: &[&str]) -> Place {
    let known = match parts {
        ["format"] => Some(Place::Format),
        ["objects", two, rest] => match rest.strip_prefix(CONDEMNED_PREFIX) {
            Some(rest) => digest(&format!("{two}{rest}")).map(Place::Condemned),
            None if two.len() == 2 => digest(&format!("{two}{rest}")).map(Place::Object),
            None => None,
        },
        ["runs", run, "manifest.json"] => run_id(run).map(Place::Manifest),
        ["runs", run, "attempts", number, name] => run_id(run)
            .and_then(|run| Some(Place::Log(run, number.parse().ok()?, (*name).to_owned()))),
        ["runs", run, "checkpoints", name] => run_id(run).and_then(|run| checkpoint(run, name)),
        ["leases", run, name] => run_id(run).map(|run| Place::Lease(run, (*name).to_owned())),
        ["tags", name] => stem(name).map(Place::Tag),
        ["accepted", name] => stem(name).map(Place::Accepted),
        ["commits", name] => stem(name).map(Place::Commit),
        ["sources", name] => stem(name).map(Place::Source),
        ["quarantine", ..] => Some(Place::Quarantined),
        _ => None,
    };
    known.unwrap_or(Place::Foreign)
}

fn checkpoint(run: RunId, name: &str) -> Option<Place> {
    if let Some(hex) = name.strip_suffix(".state") {
        return digest(hex).map(|digest| Place::State(run, digest));
    }
    let (one, other) = name.strip_suffix(".json")?.split_once('-')?;
    let number = |text: &str| text.parse::<u64>().is_ok();
    (number(one) && number(other)).then_some(Place::Checkpoint(run))
}

fn stem(name: &str) -> Option<String> {
    name.strip_suffix(".json").filter(|stem| !stem.is_empty()).map(str::to_owned)
}

/// A digest as the store writes it, in lower case.
fn digest(hex: &str) -> Option<Digest> {
    Digest::parse(hex).ok().filter(|digest| digest.to_hex() == hex)
}

fn run_id(hex: &str) -> Option<RunId> {
    digest(hex).map(RunId::from_digest)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_layout_is_told_by_its_name() {
        let digest = Digest::of(b"x");
        let (hex, run) = (digest.to_hex(), RunId::from_digest(digest));
        let at = |path: &str| classify(&path.split('/').collect::<Vec<_>>());
        assert_eq!(at("format"), Place::Format);
        let object = format!("objects/{}/{}", &hex[..2], &hex[2..]);
        assert_eq!(at(&object), Place::Object(digest));
        assert_eq!(at(&object.to_uppercase().replace("OBJECTS", "objects")), Place::Foreign);
        let condemned = format!("objects/{}/.gc-{}", &hex[..2], &hex[2..]);
        assert_eq!(at(&condemned), Place::Condemned(digest));
        assert_eq!(at(&format!("runs/{hex}/manifest.json")), Place::Manifest(run));
        assert_eq!(
            at(&format!("runs/{hex}/attempts/2/worker.log")),
            Place::Log(run, 2, "worker.log".to_owned())
        );
        assert_eq!(at(&format!("runs/{hex}/checkpoints/0-40.json")), Place::Checkpoint(run));
        let state = format!("runs/{hex}/checkpoints/{hex}.state");
        assert_eq!(at(&state), Place::State(run, digest));
        assert_eq!(at(&format!("leases/{hex}/1.beat")), Place::Lease(run, "1.beat".to_owned()));
        assert_eq!(at("tags/paper.json"), Place::Tag("paper".to_owned()));
        assert_eq!(at("tags/paper.txt"), Place::Foreign);
    }

    #[test]
    fn what_stands_beside_the_store_is_not_listed_and_temporary_folders_are_one_thing() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["notes/a", "objects/ab/.tmp-1", ".tmp-swept/deep/b", "README.md"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"12345").unwrap();
        }
        let survey = Survey::of(folder.path());
        let found: Vec<_> = survey.files.iter().map(|f| (f.path.as_str(), f.size)).collect();
        assert_eq!(found, [(".tmp-swept", 5), ("objects/ab/.tmp-1", 5)]);
        assert!(survey.files.iter().all(|file| file.place == Place::Temporary));
        assert!(Survey::of(&folder.path().join("none")).files.is_empty());
    }
}
