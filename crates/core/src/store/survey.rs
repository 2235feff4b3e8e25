//! Every file of a store, and what each is by its name alone.
//!
//! `fsck`, `gc` and `du` all begin with this list. It reads no file, so that a
//! store with any damage can still be listed.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::digest::Digest;
use crate::durable::{TEMPORARY_PREFIX, kind_of};
use crate::id::RunId;

/// The start of the name that `gc` gives an object before it removes it.
pub(super) const CONDEMNED_PREFIX: &str = ".gc-";

/// The folders of the layout. What else stands beside them is not the
/// store's, and is left alone.
const AREAS: [&str; 8] =
    ["objects", "runs", "leases", "tags", "accepted", "commits", "wanted", "quarantine"];

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
    /// What a command that goes on counts on, by its id.
    Wanted(RunId),
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

/// Something that has the name of a file or folder of the layout and is none.
#[derive(Clone, Debug)]
pub(super) struct Misplaced {
    /// The path from the store's folder, `/` between its parts.
    pub path: String,
    /// What belongs there; none where a folder does.
    pub place: Option<Place>,
    /// What it is, with its article.
    pub what: String,
    /// It is one of the folders right below the store's, and a link: what it
    /// led to may only be away for a while.
    pub away: bool,
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
    /// What is neither file nor folder where one belongs.
    pub misplaced: Vec<Misplaced>,
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
                    if let Err(error) = self.take_in(&entry.path(), parts)
                        && error.kind() != io::ErrorKind::NotFound
                    {
                        self.denied.push((shown(parts), error.to_string()));
                    }
                    parts.pop();
                }
                Err(error) => self.denied.push((shown(parts), error.to_string())),
            }
        }
    }

    fn take_in(&mut self, path: &Path, parts: &mut Vec<String>) -> io::Result<()> {
        let temporary = parts.last().is_some_and(|name| name.starts_with(TEMPORARY_PREFIX));
        let area = AREAS.contains(&parts[0].as_str());
        if !area && parts[0] != "format" && !temporary {
            return Ok(());
        }
        let own = fs::symlink_metadata(path)?;
        let mut file = |place, size| {
            let modified = own.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            self.files.push(File { path: shown(parts), place, size, modified });
        };
        if temporary {
            file(Place::Temporary, if own.is_dir() { size_of(path) } else { own.len() });
            return Ok(());
        }
        let place = classify(&borrowed(parts));
        let is_layout = !matches!(place, Place::Foreign | Place::Quarantined);
        let folder = is_folder(&borrowed(parts));
        if !folder && !is_layout {
            if own.is_dir() && parts.len() < DEEPEST {
                self.list(path, parts);
            } else {
                file(place, if own.is_dir() { size_of(path) } else { own.len() });
            }
            return Ok(());
        }
        let (kind, size) = match leads_to(path, &own)? {
            Some(found) => (kind_of(found.file_type()), found.len()),
            None => ("a link that leads nowhere", 0),
        };
        // An area may be a link to another disk; what lies in it may not.
        let through = own.is_symlink() && !(folder && parts.len() == 1);
        if folder && kind == "a folder" && !through {
            if let ["runs", run] = borrowed(parts)[..] {
                self.runs.extend(run_id(run));
            }
            self.list(path, parts);
        } else if !folder && kind == "a file" {
            file(place, size);
        } else {
            let link = own.is_symlink() && !kind.starts_with("a link");
            let what = if link { format!("a link to {kind}") } else { kind.to_owned() };
            let away = own.is_symlink() && folder && parts.len() == 1;
            let place = (!folder).then_some(place);
            self.misplaced.push(Misplaced { path: shown(parts), place, what, away });
        }
        Ok(())
    }
}

/// What the file at `path`, whose `own` metadata are these, leads to; none
/// where it is a link that leads nowhere.
fn leads_to(path: &Path, own: &Metadata) -> io::Result<Option<Metadata>> {
    if !own.is_symlink() {
        return Ok(Some(own.clone()));
    }
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// Whether the layout has a folder of this name.
fn is_folder(parts: &[&str]) -> bool {
    match parts {
        [area] => AREAS.contains(area),
        ["objects", two] => two.len() == 2,
        ["runs" | "leases", run] | ["runs", run, "attempts" | "checkpoints"] => {
            run_id(run).is_some()
        }
        ["runs", run, "attempts", number] => run_id(run).is_some() && number.parse::<u32>().is_ok(),
        _ => false,
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
        ["wanted", name] => stem(name).and_then(|id| run_id(&id)).map(Place::Wanted),
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

    #[cfg(unix)]
    #[test]
    fn what_has_a_name_of_the_layout_and_is_no_file_or_folder_is_told() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        let hex = Digest::of(b"x").to_hex();
        let object = format!("objects/{}/{}", &hex[..2], &hex[2..]);
        fs::create_dir_all(at(&object)).unwrap();
        symlink("none", at(&format!("runs/{hex}/manifest.json"))).unwrap();
        symlink("..", at(&format!("leases/{hex}"))).unwrap();
        symlink("away", at("tags")).unwrap();
        symlink("/dev/null", at("format")).unwrap();
        fs::write(at("wanted"), "").unwrap();
        // A link to a file is as good as the file; a link to an area is too.
        fs::write(at("elsewhere"), "12345").unwrap();
        symlink("../elsewhere", at(&format!("accepted/{hex}.json"))).unwrap();
        fs::create_dir(at("disk")).unwrap();
        symlink("disk", at("commits")).unwrap();
        let survey = Survey::of(folder.path());
        let mut found: Vec<_> =
            survey.misplaced.iter().map(|m| (m.path.clone(), m.what.as_str(), m.away)).collect();
        found.sort();
        let mut expected = vec![
            ("format".to_owned(), "a link to a device", false),
            (format!("leases/{hex}"), "a link to a folder", false),
            (object, "a folder", false),
            (format!("runs/{hex}/manifest.json"), "a link that leads nowhere", false),
            ("tags".to_owned(), "a link that leads nowhere", true),
            ("wanted".to_owned(), "a file", false),
        ];
        expected.sort();
        assert_eq!(found, expected);
        let files: Vec<_> = survey.files.iter().map(|f| (f.path.clone(), f.size)).collect();
        assert_eq!(files, [(format!("accepted/{hex}.json"), 5)]);
        assert!(survey.denied.is_empty());
    }
}
