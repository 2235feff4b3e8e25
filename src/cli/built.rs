//! The binaries of a commit: those of this build where they are its own, else
//! built from it.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use jem_core::durable;
use jem_core::provenance::{History, fingerprints_at, git_in};

use super::child::Children;
use super::{CliError, Exit, open};
use crate::terminal;

/// No list of what a binary was built from is longer, in bytes.
const LONGEST_LIST: u64 = 16 << 20;

/// The front and the worker.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The front.
    pub jem: PathBuf,
    /// The worker.
    pub worker: PathBuf,
}

impl Binaries {
    /// Those in `folder`.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn in_folder(folder: &Path) -> Result<Self, CliError> {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let found = Self { jem: folder.join("jem"), worker: folder.join("jem-worker") };
        for path in [&found.jem, &found.worker] {
            if !path.is_file() {
                let message = format!("no binary at {}", path.display());
                return Err(CliError::new(Exit::BadInput, message)
                    .hint("a folder with jem and jem-worker, as target/debug"));
            }
        }
        Ok(found)
    }

    /// The binaries that run now, where they are those of the clean commit
    /// that is checked out around them: they lie in the checkout, no tracked
    /// file is newer, and the worker's fingerprints are those of the commit.
    pub fn of_this_build(history: &History, commit: &str) -> Option<Self> {
        let jem = std::env::current_exe().ok()?.canonicalize().ok()?;
        let root = history.root().canonicalize().ok()?;
        let (worker, code, _) = open::worker_with_code().ok()?;
        let time = |meta: Metadata| meta.modified().ok();
        let built = fs::metadata(&jem).ok().and_then(time)?;
        let derived = fingerprints_at(&root, commit, code.libtorch()?).ok()?;
        let ours = jem.starts_with(&root)
            && derived.fingerprints == code.fingerprints
            && newest_source(&root)? <= built;
        ours.then_some(Self { jem, worker })
    }

    /// Builds the checkout at `path` and copies what comes out into `into`.
    /// What was built of other commits before is built upon, in a folder of
    /// its own: the binaries of the checkout that jem runs in stay as they are.
    ///
    /// # Errors
    /// When it does not build; the log is named.
    pub fn build(
        children: &Children,
        (root, path): (&Path, &Path),
        name: &str,
        into: &Path,
    ) -> Result<Self, CliError> {
        let target = root.join("target/reproduce");
        let failed = |path: &Path, error: std::io::Error| {
            CliError::new(Exit::Machine, format!("{}: {error}", path.display()))
        };
        for folder in [&target, into] {
            fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        }
        // Cargo's own lock is gone before the copies are made; this one holds
        // until then. It guards a folder of this machine alone.
        let lock_path = target.join("jem.lock");
        let lock = File::create(&lock_path).map_err(|error| failed(&lock_path, error))?;
        lock.lock().map_err(|error| failed(&lock_path, error))?;
        let log = target.join(format!("build-{name}.log"));
        terminal::note(&format!("building {name}; log: {}", log.display()));
        let mut command = builder(root, path);
        command.current_dir(path).env("CARGO_TARGET_DIR", &target);
        let ended = children.run_logged(&mut command, &format!("building {name}"), &log)?;
        if !ended.success() {
            let message = format!("{name} does not build ({ended})\n{}", tail(&log));
            return Err(CliError::new(Exit::Failed, message)
                .hint(format!("{}, the whole log", log.display())));
        }
        let built = Self::in_folder(&target.join("debug"))?;
        let fingerprint = built.worker.with_extension("fingerprint.json");
        // The worker is copied after the file beside it, as a build leaves them.
        for from in [&fingerprint, &built.jem, &built.worker] {
            let to = into.join(from.file_name().unwrap_or_default());
            if from.is_file() {
                fs::copy(from, &to).map_err(|error| failed(&to, error))?;
            }
        }
        Self::in_folder(into)
    }
}

/// The command that builds the checkout at `path`.
fn builder(root: &Path, path: &Path) -> Command {
    let justw = path.join("justw");
    if justw.is_file() {
        // What justw has installed lies there by version; it need not again.
        link(&root.join(".just"), &path.join(".just"));
        let mut command = Command::new(justw);
        command.arg("build");
        return command;
    }
    // Without a recipe that fetches libtorch, ours serves.
    link(&root.join(".libtorch"), &path.join(".libtorch"));
    let mut command = Command::new("cargo");
    command.arg("build");
    command
}

/// Makes `theirs` a link to what `ours` is, where there is one and not the
/// other. Where that fails, the build says what it lacks.
fn link(ours: &Path, theirs: &Path) {
    if let (Ok(to), false) = (ours.canonicalize(), theirs.exists()) {
        #[cfg(unix)]
        let _ = std::os::unix::fs::symlink(to, theirs);
    }
}

/// When the newest tracked file of the checkout at `root` was written.
fn newest_source(root: &Path) -> Option<SystemTime> {
    let said = git_in(root).args(["ls-files", "-z"]).output().ok()?;
    let files = said.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let times = files.filter_map(|name| {
        let path = root.join(OsStr::from_bytes(name));
        fs::metadata(path).ok()?.modified().ok()
    });
    times.max()
}

/// The first file that the program at `binary` was built from and that has
/// changed since, where both lie in the checkout at `root`. It is told by the
/// `.d` file that cargo writes beside the program; none where there is none.
pub fn changed_since(binary: &Path, root: &Path) -> Option<PathBuf> {
    let (root, built, files) = built_from(binary, root)?;
    let found = files.into_iter().find(|file| time(file).is_some_and(|time| time > built))?;
    Some(found.strip_prefix(&root).map_or(found.clone(), Path::to_owned))
}

/// Whether it is known by the times of all files that the program at `binary`
/// was built from, and of the manifests, that nothing has changed since. That
/// takes no time; following the code does.
pub fn is_as_built(binary: &Path, root: &Path) -> bool {
    let Some((root, built, mut files)) = built_from(binary, root) else { return false };
    if files.is_empty() {
        return false;
    }
    files.extend(["Cargo.toml", "Cargo.lock"].map(|name| root.join(name)));
    let members = fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    files.extend(
        members.map(|member| member.path().join("Cargo.toml")).filter(|path| path.exists()),
    );
    files.iter().all(|file| time(file).is_some_and(|time| time <= built))
}

/// The checkout's real path, when the program at `binary` in it was built, and
/// the files of the checkout that it was built from.
fn built_from(binary: &Path, root: &Path) -> Option<(PathBuf, SystemTime, Vec<PathBuf>)> {
    let (binary, root) = (binary.canonicalize().ok()?, root.canonicalize().ok()?);
    if !binary.starts_with(&root) {
        return None;
    }
    let built = time(&binary)?;
    let listed = durable::read_text(&binary.with_extension("d"), LONGEST_LIST).ok()?;
    let mut files = inputs(&listed);
    files.retain(|file| file.starts_with(&root));
    Some((root, built, files))
}

fn time(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// The files on the right of the first rule of a `.d` file, in which a blank
/// within a name stands behind a backslash.
fn inputs(text: &str) -> Vec<PathBuf> {
    let line = text.lines().next().unwrap_or_default();
    let Some((_, files)) = line.split_once(": ") else { return Vec::new() };
    let (mut found, mut name) = (Vec::new(), String::new());
    let mut letters = files.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&' ') => name.extend(letters.next()),
            ' ' => found.push(std::mem::take(&mut name)),
            other => name.push(other),
        }
    }
    found.push(name);
    found.into_iter().filter(|name| !name.is_empty()).map(PathBuf::from).collect()
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = String::from_utf8_lossy(&durable::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].iter().map(|line| format!("  | {line}\n")).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_source_that_was_edited_after_the_build_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let at = |name: &str| root.join(name);
        for name in ["jem", "a.rs", "b c.rs", "notes.md"] {
            fs::write(at(name), "").unwrap();
        }
        let binary = at("jem");
        assert_eq!(changed_since(&binary, &root), None);
        let name = |name: &str| at(name).display().to_string().replace(' ', "\\ ");
        let listed = format!("{}: {} {}\n", name("jem"), name("a.rs"), name("b c.rs"));
        fs::write(at("jem.d"), listed).unwrap();
        let set = |name: &str, seconds: u64| {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            File::options().append(true).open(at(name)).unwrap().set_modified(time).unwrap();
        };
        set("a.rs", 1_000);
        set("b c.rs", 2_000);
        set("jem", 3_000);
        // What it was not built from plays no part.
        set("notes.md", 4_000);
        assert_eq!(changed_since(&binary, &root), None);
        assert!(!is_as_built(&binary, &root), "there is no manifest");
        for name in ["Cargo.toml", "Cargo.lock"] {
            fs::write(at(name), "").unwrap();
            set(name, 1_000);
        }
        assert!(is_as_built(&binary, &root));
        set("Cargo.lock", 4_000);
        assert!(!is_as_built(&binary, &root));
        set("Cargo.lock", 1_000);
        set("b c.rs", 4_000);
        assert!(!is_as_built(&binary, &root));
        assert_eq!(changed_since(&binary, &root), Some(PathBuf::from("b c.rs")));
        // A program of another checkout says nothing of this one.
        let other = tempfile::tempdir().unwrap();
        assert_eq!(changed_since(&binary, other.path()), None);
    }
}
